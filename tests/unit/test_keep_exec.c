/* SPDX-License-Identifier: BSD-2-Clause */
/* Interpreters, libraries of what did not run, the commands of the configuration. */
#include <elf.h>

#include "test_keep.h"

/* What a made-up ELF file asks for; lists end with NULL. */
struct elf {
	const char *interpreter, *runpath, *needed[6];
	bool foreign; /* for another machine */
};

struct elf_image {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr[3];
	Elf64_Dyn dyn[10];
	char strings[512];
};

static Elf64_Xword add_string(struct elf_image *img, size_t *used_len, const char *s)
{
	size_t at = *used_len, len = strlen(s) + 1;

	if (at + len > sizeof(img->strings))
		die("strings");
	memcpy(img->strings + at, s, len);
	*used_len += len;
	return at;
}

static void add_dyn(struct elf_image *img, size_t *n, Elf64_Sxword tag, Elf64_Xword val)
{
	img->dyn[(*n)++] = (Elf64_Dyn){ .d_tag = tag, .d_un.d_val = val };
}

static void fill_dynamic(struct elf_image *img, const struct elf *elf, size_t *len)
{
	size_t n = 0;

	for (size_t i = 0; elf->needed[i]; i++)
		add_dyn(img, &n, DT_NEEDED, add_string(img, len, elf->needed[i]));
	if (elf->runpath)
		add_dyn(img, &n, DT_RUNPATH, add_string(img, len, elf->runpath));
	add_dyn(img, &n, DT_STRTAB, offsetof(struct elf_image, strings));
	add_dyn(img, &n, DT_STRSZ, sizeof(img->strings));
}

static Elf64_Phdr segment(Elf64_Word type, size_t offset, size_t size)
{
	return (Elf64_Phdr){ .p_type = type,
			     .p_flags = PF_R,
			     .p_offset = offset,
			     .p_vaddr = offset,
			     .p_paddr = offset,
			     .p_filesz = size,
			     .p_memsz = size,
			     .p_align = 8 };
}

/* A file with program headers only, as strip -R or small linkers leave them. */
static void put_elf(struct fixture *f, const char *path, struct elf elf)
{
	struct elf_image img = { 0 };
	size_t len = 1;

	memcpy(img.ehdr.e_ident, ELFMAG, SELFMAG);
	img.ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	img.ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	img.ehdr.e_ident[EI_VERSION] = EV_CURRENT;
	img.ehdr.e_type = ET_DYN;
	img.ehdr.e_machine = elf.foreign ? EM_AARCH64 : EM_X86_64;
	img.ehdr.e_version = EV_CURRENT;
	img.ehdr.e_ehsize = sizeof(img.ehdr);
	img.ehdr.e_phoff = offsetof(struct elf_image, phdr);
	img.ehdr.e_phentsize = sizeof(img.phdr[0]);
	img.ehdr.e_phnum = elf.interpreter ? 3 : 2;
	img.phdr[0] = segment(PT_LOAD, 0, sizeof(img));
	img.phdr[1] = segment(PT_DYNAMIC, offsetof(struct elf_image, dyn), sizeof(img.dyn));
	if (elf.interpreter) {
		size_t at = offsetof(struct elf_image, strings) + len;

		add_string(&img, &len, elf.interpreter);
		img.phdr[2] = segment(PT_INTERP, at, strlen(elf.interpreter) + 1);
	}
	fill_dynamic(&img, &elf, &len);
	put_bytes(f, path, 0755, &img, sizeof(img));
}

#define LOADER "/lib64/ld.so.2"

/* A loader behind two links, a shell that uses it, and its library. */
static void put_base(struct fixture *f)
{
	put_link(f, "/lib64", "usr/lib64");
	put_link(f, "/lib", "usr/lib");
	put_elf(f, "/usr/lib/arch/ld-1.so", (struct elf){ 0 });
	put_link(f, "/usr/lib64/ld.so.2", "../lib/arch/ld-1.so");
	put_elf(f, "/usr/lib/libc.so.6", (struct elf){ .needed = { "ld.so.2" } });
	put_elf(f, "/usr/bin/sh", (struct elf){ .interpreter = LOADER, .needed = { "libc.so.6" } });
	put_link(f, "/bin", "usr/bin");
}

static void stays_loader(struct fixture *f)
{
	stays(f, "/lib64", KEEP_LINK);
	stays(f, "/usr/lib64/ld.so.2", KEEP_LINK);
	stays(f, "/usr/lib/arch/ld-1.so", KEEP_INTERPRETER);
}

static void test_interpreters(void)
{
	struct fixture f;

	fixture_init(&f);
	put_base(&f);
	put_program(&f, "/app/run", "#!/app/outer -x\n");
	put_program(&f, "/app/outer", "#! /bin/sh\n");
	put_program(&f, "/app/unused", "#!/app/other\n");
	put_program(&f, "/app/other", "#!/bin/sh\n");
	used_file(&f, "/app/run", RECORD_EXEC);
	is_int(decide(&f, "{}"), 0, "decided");
	stays(&f, "/app/run", KEEP_USED);
	stays(&f, "/app/outer", KEEP_INTERPRETER);
	stays(&f, "/bin", KEEP_LINK);
	stays(&f, "/usr/bin/sh", KEEP_INTERPRETER);
	stays_loader(&f);
	goes(&f, "/usr/lib/libc.so.6");
	goes(&f, "/app/unused");
	goes(&f, "/app/other");
	is_int(keep_access(f.keep, image_lookup(f.img, "/usr/bin/sh")), 0,
	       "by the script's access");
	fixture_release(&f);
}

/* A circle of scripts ends; a file that is only read has no interpreter. */
static void test_interpreter_limits(void)
{
	struct fixture f;

	fixture_init(&f);
	put_base(&f);
	put_program(&f, "/a", "#!/b\n");
	put_program(&f, "/b", "#!/a\n");
	put_program(&f, "/read", "#!/bin/sh\n");
	put_program(&f, "/missing", "#!/no/such/thing\n");
	put_bytes(&f, "/denied", 0644, "#!/bin/sh\n", 10);
	asked(&f, "/denied", RECORD_EXEC, EACCES);
	used_file(&f, "/a", RECORD_EXEC);
	used_file(&f, "/read", RECORD_READ);
	asked(&f, "/missing", RECORD_EXEC, ENOENT);
	is_int(decide(&f, "{}"), 0, "decided");
	stays(&f, "/b", KEEP_INTERPRETER);
	stays(&f, "/read", KEEP_USED);
	stays(&f, "/denied", KEEP_USED);
	goes(&f, "/usr/bin/sh");
	fixture_release(&f);
}

static void test_programs_list(void)
{
	struct fixture f;
	struct record_program p = { .exe = (char[]){ "/usr/bin/sh" } };

	fixture_init(&f);
	put_base(&f);
	record_add_program(f.builder, &p);
	is_int(decide(&f, "{}"), 0, "decided");
	stays(&f, "/usr/bin/sh", KEEP_USED);
	stays_loader(&f);
	fixture_release(&f);
}

static void test_unseen_entrypoint(void)
{
	struct fixture f;

	fixture_init(&f);
	put_base(&f);
	put_elf(&f, "/opt/bin/server",
		(struct elf){
			.interpreter = LOADER,
			.runpath = "$ORIGIN/../lib:/nowhere",
			.needed = { "liba.so.1", "libconf.so", "libarch.so", "libmissing.so" } });
	put_elf(&f, "/opt/lib/liba-1.2.so",
		(struct elf){ .needed = { "libc.so.6", "libcaps.so" } });
	put_link(&f, "/opt/lib/liba.so.1", "liba-1.2.so");
	put_file(&f, "/etc/ld.so.conf",
		 "# none\ninclude ld.so.conf.d/*.conf\nhwcap 0 /wrong/hwcap\n");
	put_file(&f, "/etc/ld.so.conf.d/x.conf", "/wrong/first # , /wrong/comment\n/conf/lib,\n");
	put_file(&f, "/etc/ld.so.cache", "x");
	put_elf(&f, "/wrong/first/libconf.so", (struct elf){ .foreign = true });
	put_elf(&f, "/wrong/hwcap/libconf.so", (struct elf){ 0 });
	put_elf(&f, "/wrong/comment/libconf.so", (struct elf){ 0 });
	put_elf(&f, "/conf/lib/libconf.so", (struct elf){ 0 });
	put_elf(&f, "/usr/lib/libconf.so", (struct elf){ 0 });
	put_elf(&f, "/usr/lib/x86_64-linux-gnu/libarch.so", (struct elf){ 0 });
	put_elf(&f, "/usr/lib/libcaps.so", (struct elf){ 0 });
	put_elf(&f, "/usr/lib/glibc-hwcaps/x86-64-v3/libcaps.so", (struct elf){ 0 });
	put_elf(&f, "/usr/lib/glibc-hwcaps/x86-64-v4/libother.so", (struct elf){ 0 });
	put_file(&f, "/opt/conf", "x");
	is_int(decide(&f, "{\"Env\":[\"PATH=/none:/opt/bin\"],\"Entrypoint\":[\"server\","
			  "\"--conf\",\"/opt/conf\"]}"),
	       0, "decided");
	stays(&f, "/opt/bin/server", KEEP_ENTRYPOINT);
	stays(&f, "/opt/conf", KEEP_ENTRYPOINT);
	stays_loader(&f);
	stays(&f, "/opt/lib/liba.so.1", KEEP_LINK);
	stays(&f, "/opt/lib/liba-1.2.so", KEEP_NEEDED);
	stays(&f, "/usr/lib/libc.so.6", KEEP_NEEDED);
	stays(&f, "/conf/lib/libconf.so", KEEP_NEEDED);
	goes(&f, "/wrong");
	goes(&f, "/usr/lib/libconf.so");
	stays(&f, "/usr/lib/x86_64-linux-gnu/libarch.so", KEEP_NEEDED);
	stays(&f, "/usr/lib/libcaps.so", KEEP_NEEDED);
	stays(&f, "/usr/lib/glibc-hwcaps/x86-64-v3/libcaps.so", KEEP_NEEDED);
	goes(&f, "/usr/lib/glibc-hwcaps/x86-64-v4/libother.so");
	stays(&f, "/etc/ld.so.cache", KEEP_NEEDED);
	fixture_release(&f);
}

/* It ran: what it loads is in the record, nothing is guessed. */
static void test_seen_entrypoint(void)
{
	struct fixture f;

	fixture_init(&f);
	put_base(&f);
	put_elf(&f, "/usr/lib/libc2.so", (struct elf){ 0 });
	put_elf(&f, "/usr/bin/app",
		(struct elf){ .interpreter = LOADER, .needed = { "libc2.so" } });
	used_file(&f, "/usr/bin/app", RECORD_EXEC);
	is_int(decide(&f, "{\"Cmd\":[\"app\"]}"), 0, "decided");
	stays(&f, "/usr/bin/app", KEEP_ENTRYPOINT);
	stays(&f, "/usr/bin/app", KEEP_USED);
	goes(&f, "/usr/lib/libc2.so");
	fixture_release(&f);
}

static void test_library_path(void)
{
	struct fixture f;

	fixture_init(&f);
	put_base(&f);
	put_elf(&f, "/app/main",
		(struct elf){ .interpreter = LOADER,
			      .runpath = "/app/${LIB}",
			      .needed = { "libenv.so", "libtop.so" } });
	put_elf(&f, "/env/libenv.so", (struct elf){ 0 });
	put_elf(&f, "/app/lib64/libtop.so", (struct elf){ .needed = { "libdeep.so" } });
	put_elf(&f, "/app/lib64/libdeep.so", (struct elf){ 0 });
	is_int(decide(&f, "{\"Env\":[\"LD_LIBRARY_PATH=/x:/env\"],\"WorkingDir\":\"/app\","
			  "\"Cmd\":[\"./main\"]}"),
	       0, "decided");
	stays(&f, "/app/main", KEEP_ENTRYPOINT);
	stays(&f, "/env/libenv.so", KEEP_NEEDED);
	stays(&f, "/app/lib64/libtop.so", KEEP_NEEDED);
	stays(&f, "/app/lib64/libdeep.so", KEEP_NEEDED);
	fixture_release(&f);
}

static void test_musl(void)
{
	struct fixture f;

	fixture_init(&f);
	put_elf(&f, "/lib/ld-musl-x86_64.so.1", (struct elf){ 0 });
	put_link(&f, "/lib/libc.musl-x86_64.so.1", "ld-musl-x86_64.so.1");
	put_file(&f, "/etc/ld-musl-x86_64.path", "/opt/one\n/opt/two:/opt/three\n");
	put_elf(&f, "/opt/three/libx.so", (struct elf){ .needed = { "libc.musl-x86_64.so.1" } });
	put_elf(&f, "/bin/tool",
		(struct elf){ .interpreter = "/lib/ld-musl-x86_64.so.1", .needed = { "libx.so" } });
	include(&f, "/bin/tool");
	is_int(decide(&f, "{}"), 0, "decided");
	stays(&f, "/bin/tool", KEEP_INCLUDE);
	stays(&f, "/opt/three/libx.so", KEEP_NEEDED);
	stays(&f, "/lib/ld-musl-x86_64.so.1", KEEP_INTERPRETER);
	stays(&f, "/lib/libc.musl-x86_64.so.1", KEEP_LINK);
	stays(&f, "/etc/ld-musl-x86_64.path", KEEP_NEEDED);
	fixture_release(&f);
}

static void test_included_library(void)
{
	struct fixture f;

	fixture_init(&f);
	put_base(&f);
	put_elf(&f, "/opt/plugins/p.so", (struct elf){ .needed = { "libdep.so" } });
	put_elf(&f, "/usr/lib/libdep.so", (struct elf){ 0 });
	include(&f, "/opt/plugins");
	is_int(decide(&f, "{}"), 0, "decided");
	stays(&f, "/usr/lib/libdep.so", KEEP_NEEDED);
	fixture_release(&f);
}

static void test_commands(void)
{
	struct fixture f;

	fixture_init(&f);
	put_base(&f);
	put_program(&f, "/usr/bin/init", "x");
	put_program(&f, "/usr/bin/env", "x");
	put_program(&f, "/usr/bin/lang", "x");
	put_program(&f, "/usr/bin/wrapped", "x");
	put_program(&f, "/usr/bin/word", "x");
	put_program(&f, "/usr/bin/boot", "#!/usr/bin/env -Sother -x\n");
	put_program(&f, "/usr/bin/other", "x");
	put_dir(&f, "/app/data");
	put_program(&f, "/app/start", "#!/usr/bin/env -S A=b lang --flag\n");
	put_file(&f, "/app/main.py", "x");
	put_file(&f, "/app/other.py", "x");
	is_int(decide(&f, "{\"WorkingDir\":\"/app\",\"Entrypoint\":[\"init\",\"--\",\"boot\",\"/"
			  "app/start\"],"
			  "\"Cmd\":[\"wrapped\",\"main.py\",\"word\",\"data\"]}"),
	       0, "decided");
	stays(&f, "/usr/bin/init", KEEP_ENTRYPOINT);
	stays(&f, "/usr/bin/boot", KEEP_ENTRYPOINT);
	stays(&f, "/usr/bin/other", KEEP_INTERPRETER);
	stays(&f, "/app/start", KEEP_ENTRYPOINT);
	stays(&f, "/usr/bin/env", KEEP_INTERPRETER);
	stays(&f, "/usr/bin/lang", KEEP_INTERPRETER);
	stays(&f, "/usr/bin/wrapped", KEEP_ENTRYPOINT);
	stays(&f, "/app/main.py", KEEP_ENTRYPOINT);
	goes(&f, "/app/other.py");
	goes(&f, "/app/data");
	goes(&f, "/usr/bin/word");
	goes(&f, "/usr/bin/sh");
	fixture_release(&f);
}

static void test_shell_command(void)
{
	struct fixture f;

	fixture_init(&f);
	put_base(&f);
	put_program(&f, "/usr/bin/server", "x");
	put_program(&f, "/usr/bin/migrate", "x");
	put_program(&f, "/usr/bin/argument", "x");
	put_program(&f, "/usr/bin/second", "x");
	put_file(&f, "/usr/bin/plain", "not executable");
	is_int(decide(&f, "{\"Cmd\":[\"/bin/sh\",\"-c\","
			  "\"A=1 migrate argument; second; plain && exec server --x\"]}"),
	       0, "decided");
	stays(&f, "/usr/bin/sh", KEEP_ENTRYPOINT);
	stays(&f, "/usr/lib/libc.so.6", KEEP_NEEDED);
	stays(&f, "/usr/bin/migrate", KEEP_ENTRYPOINT);
	stays(&f, "/usr/bin/second", KEEP_ENTRYPOINT);
	stays(&f, "/usr/bin/server", KEEP_ENTRYPOINT);
	goes(&f, "/usr/bin/argument");
	goes(&f, "/usr/bin/plain");
	fixture_release(&f);
}

static void test_healthcheck(void)
{
	struct fixture f;

	fixture_init(&f);
	put_base(&f);
	put_elf(&f, "/usr/bin/curl",
		(struct elf){ .interpreter = LOADER, .needed = { "libcurl.so" } });
	put_elf(&f, "/usr/lib/libcurl.so", (struct elf){ 0 });
	put_program(&f, "/usr/bin/exit", "x");
	is_int(decide(&f, "{\"Healthcheck\":{\"Test\":[\"CMD-SHELL\","
			  "\"curl -f http://localhost/ || exit 1\"]}}"),
	       0, "decided");
	stays(&f, "/usr/bin/sh", KEEP_ENTRYPOINT);
	stays(&f, "/usr/bin/curl", KEEP_ENTRYPOINT);
	stays(&f, "/usr/lib/libcurl.so", KEEP_NEEDED);
	fixture_release(&f);

	fixture_init(&f);
	put_base(&f);
	put_program(&f, "/check", "x");
	is_int(decide(&f, "{\"Healthcheck\":{\"Test\":[\"CMD\",\"/check\",\"now\"]}}"), 0,
	       "decided");
	stays(&f, "/check", KEEP_ENTRYPOINT);
	goes(&f, "/usr/bin/sh");
	fixture_release(&f);

	fixture_init(&f);
	put_base(&f);
	is_int(decide(&f, "{\"Healthcheck\":{\"Test\":[\"NONE\"]}}"), 0, "decided");
	goes(&f, "/usr/bin/sh");
	fixture_release(&f);

	fixture_init(&f);
	put_base(&f);
	put_program(&f, "/usr/bin/bash", "x");
	is_int(decide(&f, "{\"Shell\":[\"/bin/bash\",\"-c\"],"
			  "\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"'unclosed\"]}}"),
	       0, "an unreadable command is no error");
	stays(&f, "/usr/bin/bash", KEEP_ENTRYPOINT);
	goes(&f, "/usr/bin/sh");
	fixture_release(&f);
}

int main(void)
{
	test_interpreters();
	test_interpreter_limits();
	test_programs_list();
	test_unseen_entrypoint();
	test_seen_entrypoint();
	test_library_path();
	test_musl();
	test_included_library();
	test_commands();
	test_shell_command();
	test_healthcheck();
	return tap_done();
}
