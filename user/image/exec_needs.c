/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel and the dynamic linker open by themselves when a file is executed: the "#!"
 * line as fs/binfmt_script.c reads it, PT_INTERP and the dynamic section as the ELF gABI has them.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/tree.h"
#include "slimtrace/base/alloc.h"

#define SCRIPT_HEAD 256 /* the kernel's BINPRM_BUF_SIZE */
#define MAX_STRING 4096
#define MAX_DYNAMIC (64u << 10) /* bytes of dynamic section that are looked at */
#define MAX_ELF (1ull << 30)

void exec_needs_release(struct exec_needs *needs)
{
	free(needs->interpreter);
	free(needs->argument);
	strvec_release(&needs->needed);
	strvec_release(&needs->runpath);
	*needs = (struct exec_needs){ 0 };
}

static void read_script(const char *head, size_t len, struct exec_needs *ret)
{
	size_t end = strcspn(head, "\n"), start, stop;

	if (end > len)
		end = len;
	while (end > 2 && (head[end - 1] == ' ' || head[end - 1] == '\t'))
		end--;
	start = 2 + strspn(head + 2, " \t");
	if (start >= end)
		return;
	stop = start + strcspn(head + start, " \t\n");
	if (stop > end)
		stop = end;
	ret->interpreter = xmemdup(head + start, stop - start);
	start = stop + strspn(head + stop, " \t");
	if (start < end)
		ret->argument = xmemdup(head + start, end - start);
}

/* A string at an offset of the file; NULL when there is none that ends. */
static char *string_at(int fd, uint64_t offset)
{
	char buf[MAX_STRING];
	ssize_t n = pread(fd, buf, sizeof(buf), (off_t)offset);

	if (n <= 0 || !memchr(buf, '\0', (size_t)n) || !*buf)
		return NULL;
	return xstrdup(buf);
}

/* Where a virtual address is in the file, by the segments. */
static bool file_offset(Elf *elf, size_t n_phdrs, uint64_t vaddr, uint64_t *ret)
{
	for (size_t i = 0; i < n_phdrs; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD)
			continue;
		if (vaddr >= ph.p_vaddr && vaddr - ph.p_vaddr < ph.p_filesz) {
			*ret = ph.p_offset + (vaddr - ph.p_vaddr);
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

/* DT_RUNPATH, when there is one, makes DT_RPATH void. */
static void add_strings(int fd, Elf_Data *data, uint64_t strings, struct exec_needs *ret)
{
	_cleanup_free_ char *rpath = NULL, *runpath = NULL;
	GElf_Dyn dyn;

	for (int i = 0; gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++) {
		char *s;

		if (dyn.d_tag != DT_NEEDED && dyn.d_tag != DT_RPATH && dyn.d_tag != DT_RUNPATH)
			continue;
		s = string_at(fd, strings + dyn.d_un.d_val);
		if (!s)
			continue;
		if (dyn.d_tag == DT_NEEDED) {
			strvec_push_take(&ret->needed, s);
		} else if (dyn.d_tag == DT_RPATH) {
			free(rpath);
			rpath = s;
		} else {
			free(runpath);
			runpath = s;
		}
	}
	if (runpath || rpath)
		add_split(runpath ? runpath : rpath, &ret->runpath);
}

static void read_dynamic(int fd, Elf *elf, size_t n_phdrs, const GElf_Phdr *ph,
			 struct exec_needs *ret)
{
	size_t len = ph->p_filesz < MAX_DYNAMIC ? (size_t)ph->p_filesz : MAX_DYNAMIC;
	Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)ph->p_offset, len, ELF_T_DYN);
	uint64_t strings = 0;
	bool found = false;
	GElf_Dyn dyn;

	for (int i = 0; data && gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++)
		if (dyn.d_tag == DT_STRTAB)
			found = file_offset(elf, n_phdrs, dyn.d_un.d_ptr, &strings);
	if (found)
		add_strings(fd, data, strings, ret);
}

static void read_elf(int fd, struct exec_needs *ret)
{
	Elf *elf;
	size_t n = 0;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF && elf_getphdrnum(elf, &n) == 0) {
		ret->is_elf = true;
		for (size_t i = 0; i < n; i++) {
			GElf_Phdr ph;

			if (!gelf_getphdr(elf, (int)i, &ph))
				break;
			if (ph.p_type == PT_INTERP && !ret->interpreter)
				ret->interpreter = string_at(fd, ph.p_offset);
			if (ph.p_type == PT_DYNAMIC)
				read_dynamic(fd, elf, n, &ph, ret);
		}
	}
	elf_end(elf);
}

int image_exec_needs(const struct image *img, const struct image_entry *e, struct exec_needs *ret,
		     struct err *err)
{
	char head[SCRIPT_HEAD + 1];
	_cleanup_close_ int fd = -1;
	ssize_t n;

	*ret = (struct exec_needs){ 0 };
	if (e->type != ENTRY_FILE)
		return 0;
	n = image_file_head(img, e, head, SCRIPT_HEAD, err);
	if (n < 0)
		return (int)n;
	head[n] = '\0';
	if (n >= 2 && !memcmp(head, "#!", 2))
		read_script(head, (size_t)n, ret);
	if (n < SELFMAG || memcmp(head, ELFMAG, SELFMAG) != 0 || e->size > MAX_ELF)
		return 0;
	fd = image_file_fd(img, e, err);
	if (fd < 0)
		return fd;
	read_elf(fd, ret);
	return 0;
}
