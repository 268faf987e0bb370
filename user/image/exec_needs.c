/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel and the dynamic linker open by themselves when a file is executed: the "#!" line
 * as fs/binfmt_script.c reads it, PT_INTERP and the dynamic section as the ELF gABI has them. Only
 * the few ranges that tell are read, of files of any size.
 */
#include <elf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "image/limits.h"
#include "image/tree.h"
#include "slimtrace/base/alloc.h"

#define SCRIPT_HEAD 256		/* the kernel's BINPRM_BUF_SIZE */
#define MAX_STRING 4096		/* PATH_MAX */
#define MAX_TABLE (64u << 10)	/* bytes of program headers, or of the dynamic section */
#define MAX_SPARSE (256u << 20) /* bytes of data of a sparse file in an archive */

void exec_needs_release(struct exec_needs *needs)
{
	free(needs->interpreter);
	free(needs->argument);
	strvec_release(&needs->needed);
	strvec_release(&needs->runpath);
	*needs = (struct exec_needs){ 0 };
}

/* --- scripts --- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

static const char *word_end(const char *p, const char *end)
{
	while (p < end && !is_blank(*p) && *p)
		p++;
	return p;
}

static char *string_between(const char *p, const char *end)
{
	size_t len = strnlen(p, (size_t)(end - p));

	return len ? xmemdup(p, len) : NULL;
}

/* @head has SCRIPT_HEAD bytes, with zeros after the end of the file. */
static void read_script(const char *head, struct exec_needs *ret)
{
	const char *limit = head + SCRIPT_HEAD, *name = skip_blanks(head + 2, limit), *name_end;
	const char *end = memchr(head, '\n', SCRIPT_HEAD);

	/* Without a line's end the name has to end in what the kernel reads, or it is cut. */
	if (!end && word_end(name, limit) == limit)
		return;
	if (!end)
		end = limit;
	while (end > head + 2 && is_blank(end[-1]))
		end--;
	if (name >= end)
		return;
	name_end = word_end(name, end);
	ret->interpreter = string_between(name, name_end);
	if (ret->interpreter && name_end < end && *name_end)
		ret->argument = string_between(skip_blanks(name_end, end), end);
}

/* --- ELF --- */

struct elf {
	struct image_file *file;
	bool is_64, is_big;
	unsigned char *segments; /* the program header table */
	size_t n_segments, segment_size;
	struct err *err;
	int r; /* the first error of reading: the image's, not the file's */
};

struct segment {
	uint64_t type, offset, vaddr, size;
};

/* A field of @size bytes, in the file's byte order. */
static uint64_t get(const struct elf *elf, const unsigned char *p, size_t size)
{
	uint64_t v = 0;

	for (size_t i = 0; i < size; i++)
		v |= (uint64_t)p[i] << 8 * (elf->is_big ? size - 1 - i : i);
	return v;
}

#define FIELD(elf, p, kind, field)                                                                 \
	((elf)->is_64 ? get(elf, (p) + offsetof(Elf64_##kind, field),                              \
			    sizeof(((Elf64_##kind *)0)->field))                                    \
		      : get(elf, (p) + offsetof(Elf32_##kind, field),                              \
			    sizeof(((Elf32_##kind *)0)->field)))
#define ENTRY_SIZE(elf, kind) ((elf)->is_64 ? sizeof(Elf64_##kind) : sizeof(Elf32_##kind))

/* As many bytes as there are, 0 when none can be read. */
static size_t read_range(struct elf *elf, void *buf, size_t len, uint64_t offset)
{
	ssize_t n = elf->r < 0 ? 0 : image_file_pread(elf->file, buf, len, offset, elf->err);

	if (n < 0)
		elf->r = (int)n;
	return n < 0 ? 0 : (size_t)n;
}

/* The string at an offset of the file, of at most @max bytes with its end; else NULL. */
static char *string_at(struct elf *elf, uint64_t offset, uint64_t max)
{
	char buf[MAX_STRING];
	size_t n = read_range(elf, buf, max < sizeof(buf) ? (size_t)max : sizeof(buf), offset);

	return n && *buf && memchr(buf, '\0', n) ? xstrdup(buf) : NULL;
}

static bool read_header(struct elf *elf)
{
	unsigned char head[sizeof(Elf64_Ehdr)];
	size_t n = read_range(elf, head, sizeof(head), 0), len;

	if (n < sizeof(Elf32_Ehdr) || memcmp(head, ELFMAG, SELFMAG) != 0 ||
	    (head[EI_CLASS] != ELFCLASS32 && head[EI_CLASS] != ELFCLASS64) ||
	    (head[EI_DATA] != ELFDATA2LSB && head[EI_DATA] != ELFDATA2MSB))
		return false;
	elf->is_64 = head[EI_CLASS] == ELFCLASS64;
	elf->is_big = head[EI_DATA] == ELFDATA2MSB;
	if (n < ENTRY_SIZE(elf, Ehdr) ||
	    FIELD(elf, head, Ehdr, e_phentsize) != ENTRY_SIZE(elf, Phdr))
		return n >= ENTRY_SIZE(elf, Ehdr);
	elf->segment_size = ENTRY_SIZE(elf, Phdr);
	len = (size_t)FIELD(elf, head, Ehdr, e_phnum) * elf->segment_size;
	if (len > MAX_TABLE) /* the kernel, too, refuses to execute it */
		return true;
	elf->segments = xmalloc(len);
	len = read_range(elf, elf->segments, len, FIELD(elf, head, Ehdr, e_phoff));
	elf->n_segments = len / elf->segment_size;
	return true;
}

static struct segment segment_at(const struct elf *elf, size_t i)
{
	const unsigned char *p = elf->segments + i * elf->segment_size;

	return (struct segment){
		.type = FIELD(elf, p, Phdr, p_type),
		.offset = FIELD(elf, p, Phdr, p_offset),
		.vaddr = FIELD(elf, p, Phdr, p_vaddr),
		.size = FIELD(elf, p, Phdr, p_filesz),
	};
}

/* Where in the file a virtual address is, by the segments. */
static bool file_offset(const struct elf *elf, uint64_t vaddr, uint64_t *ret)
{
	for (size_t i = 0; i < elf->n_segments; i++) {
		const struct segment s = segment_at(elf, i);

		if (s.type == PT_LOAD && vaddr >= s.vaddr && vaddr - s.vaddr < s.size) {
			*ret = s.offset + (vaddr - s.vaddr);
			return true;
		}
	}
	return false;
}

static void add_split(const char *paths, struct strvec *ret)
{
	while (*paths) {
		size_t len = strcspn(paths, ":");

		if (len)
			strvec_push_len(ret, paths, len);
		paths += len + (paths[len] == ':');
	}
}

struct dynamic {
	const unsigned char *table;
	size_t n, size; /* entries, and bytes of one */
};

/* The value of the @nth entry of @tag. */
static bool dynamic_get(const struct elf *elf, const struct dynamic *d, uint64_t tag, size_t nth,
			uint64_t *ret)
{
	for (size_t i = 0; i < d->n; i++) {
		const unsigned char *p = d->table + i * d->size;
		uint64_t got = FIELD(elf, p, Dyn, d_tag);

		if (got == DT_NULL)
			return false;
		if (got == tag && !nth--) {
			*ret = FIELD(elf, p, Dyn, d_un);
			return true;
		}
	}
	return false;
}

/* DT_RUNPATH, when there is one, makes DT_RPATH void. */
static void add_runpath(struct elf *elf, const struct dynamic *d, uint64_t strings,
			struct exec_needs *ret)
{
	_cleanup_free_ char *path = NULL;
	uint64_t at;

	if (dynamic_get(elf, d, DT_RUNPATH, 0, &at) || dynamic_get(elf, d, DT_RPATH, 0, &at))
		path = string_at(elf, strings + at, MAX_STRING);
	if (path)
		add_split(path, &ret->runpath);
}

static void add_needed(struct elf *elf, const struct dynamic *d, uint64_t strings,
		       struct exec_needs *ret)
{
	for (size_t i = 0; i < d->n; i++) {
		const unsigned char *p = d->table + i * d->size;
		uint64_t tag = FIELD(elf, p, Dyn, d_tag);
		char *s;

		if (tag == DT_NULL)
			return;
		if (tag != DT_NEEDED)
			continue;
		s = string_at(elf, strings + FIELD(elf, p, Dyn, d_un), MAX_STRING);
		if (s)
			strvec_push_take(&ret->needed, s);
	}
}

static void read_dynamic(struct elf *elf, const struct segment *s, struct exec_needs *ret)
{
	size_t len = s->size < MAX_TABLE ? (size_t)s->size : MAX_TABLE;
	_cleanup_free_ unsigned char *table = xmalloc(len);
	struct dynamic d = { .table = table, .size = ENTRY_SIZE(elf, Dyn) };
	uint64_t vaddr, strings;

	d.n = read_range(elf, table, len, s->offset) / d.size;
	if (!dynamic_get(elf, &d, DT_STRTAB, 0, &vaddr) || !file_offset(elf, vaddr, &strings))
		return;
	add_needed(elf, &d, strings, ret);
	add_runpath(elf, &d, strings, ret);
}

static int read_elf(struct image_file *file, struct exec_needs *ret, struct err *err)
{
	struct elf elf = { .file = file, .err = err };
	bool seen = false;

	ret->is_elf = read_header(&elf);
	for (size_t i = 0; i < elf.n_segments; i++) {
		struct segment s = segment_at(&elf, i);

		if (s.type == PT_INTERP && !ret->interpreter)
			ret->interpreter = string_at(&elf, s.offset, s.size);
		if (s.type == PT_DYNAMIC && !seen) {
			read_dynamic(&elf, &s, ret);
			seen = true;
		}
	}
	free(elf.segments);
	return elf.r;
}

int image_exec_needs(const struct image *img, const struct image_entry *e, struct exec_needs *ret,
		     struct err *err)
{
	_cleanup_(image_file_close) struct image_file *file = NULL;
	struct exec_needs needs = { 0 };
	char head[SCRIPT_HEAD] = { 0 };
	ssize_t n;
	int r;

	*ret = needs;
	if (e->type != ENTRY_FILE)
		return 0;
	r = image_file_open(img, e, &file, err);
	if (r < 0)
		return r;
	if (file->stream && e->disk > MAX_SPARSE)
		return 0;
	n = image_file_pread(file, head, sizeof(head), 0, err);
	if (n < 0)
		return (int)n;
	if (!memcmp(head, "#!", 2))
		read_script(head, &needs);
	else if (!memcmp(head, ELFMAG, SELFMAG))
		r = read_elf(file, &needs, err);
	if (r < 0) {
		exec_needs_release(&needs);
		return r;
	}
	*ret = needs;
	return 0;
}
