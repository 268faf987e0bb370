/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs, their interpreters, and what is mapped. */
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#ifdef TORTURE_DYNAMIC
#include <dlfcn.h>
#endif

#include "torture.h"

static char *const plain[] = { (char[]){ "program" }, (char[]){ "-" }, NULL };

/* In a child: the program runs and ends with 0. */
static void runs(const char *path)
{
	if (in_child()) {
		execv(path, plain);
		step(-1, path);
	}
}

static long execat(int dir, const char *path, int flags)
{
	return syscall(SYS_execveat, dir, path, plain, environ, flags);
}

static void way_execve(void)
{
	runs(T "exec/plain");
	saw(0, "exec", T "exec/plain");
}

static void way_execve_link(void)
{
	runs(T "exec/link");
	saw(0, "exec", T "exec/link");
	saw(0, "exec", T "exec/linked");
}

static void way_execve_relative(void)
{
	step(chdir(T "exec/dir"), "chdir");
	runs("./relative");
	saw(0, "exec", T "exec/dir/./relative");
	saw(0, "exec", T "exec/dir/relative");
}

static void way_execve_absent(void)
{
	saw_error(execv(T "exec/absent", plain), "exec", T "exec/absent", ENOENT);
	saw_error(execv(T "exec/denied", plain), "exec", T "exec/denied", EACCES);
}

static void way_execvp(void)
{
	setenv("PATH", T "exec/none:" T "exec/path", 1);
	if (in_child()) {
		execvp("searched", plain);
		step(-1, "execvp");
	}
	errno = ENOENT;
	saw_error(-1, "exec", T "exec/none/searched", ENOENT);
	saw(0, "exec", T "exec/path/searched");
}

/* The directory is closed before anybody could ask for it. */
static void way_execveat(void)
{
	if (in_child())
		step(execat(dir_of(T "execat"), "file", 0), "execveat");
	saw(0, "exec", T "execat/file");
}

static void way_execveat_link(void)
{
	if (in_child())
		step(execat(dir_of(T "execat"), "link", 0), "execveat");
	saw(0, "exec", T "execat/link");
	saw(0, "exec", T "execat/linked");
}

static void way_execveat_absent(void)
{
	saw_error(execat(dir_of(T "execat"), "absent", 0), "exec", T "execat/absent", ENOENT);
}

static void way_execveat_cwd(void)
{
	if (in_child()) {
		step(chdir(T "execat"), "chdir");
		step(execat(AT_FDCWD, "cwd", AT_SYMLINK_NOFOLLOW), "execveat");
	}
	saw(0, "exec", T "execat/cwd");
}

static void way_fexecve(void)
{
	if (in_child())
		step(execat((int)step(open(T "execat/fd", O_PATH | O_CLOEXEC), "open"), "",
			    AT_EMPTY_PATH),
		     "execveat");
	saw(0, "exec", T "execat/fd");
}

static void way_script(void)
{
	runs(T "script/plain");
	saw(0, "exec", T "script/plain");
	saw(0, "exec", T "script/interpreter");
}

static void way_script_link(void)
{
	runs(T "script/by-link");
	saw(0, "exec", T "script/by-link");
	saw(0, "exec", T "script/interpreter-link");
	saw(0, "exec", T "script/interpreter-linked");
}

/* Each has the next one for its interpreter, up to a program. */
static void way_script_chain(void)
{
	runs(T "chain/a");
	saw(0, "exec", T "chain/a");
	saw(0, "exec", T "chain/b");
	saw(0, "exec", T "chain/c");
	saw(0, "exec", T "chain/d");
	saw(0, "exec", T "chain/interpreter");
	never(T "chain/argument");
}

static void way_script_absent(void)
{
	saw_error(execv(T "script/lost", plain), "exec", T "script/lost", ENOENT);
}

static void way_script_execveat(void)
{
	int dir = (int)step(open(T "script", O_RDONLY | O_DIRECTORY), "open");

	if (in_child())
		step(execat(dir, "by-dir", 0), "execveat");
	saw(0, "exec", T "script/by-dir");
	saw(0, "exec", T "script/interpreter2");
}

/* The name is "/dev/fd/N", and all else that is known of the script is the descriptor. */
static void way_script_fexecve(void)
{
	int fd = (int)step(open(T "script/by-fd", O_PATH), "open");

	if (in_child())
		step(execat(fd, "", AT_EMPTY_PATH), "execveat");
	saw(0, "exec", T "script/by-fd");
	saw(0, "exec", T "script/interpreter3");
}

/* A program without a path. Only its text is a file of the image. */
static void way_memfd(void)
{
	int from = (int)step(open(T "exec/copied", O_RDONLY), "open");
	int fd = memfd_create("program", MFD_CLOEXEC);

	if (fd < 0)
		skip(strerror(errno));
	while (step(sendfile(fd, from, NULL, 1 << 20), "sendfile") > 0)
		;
	if (in_child())
		step(execat(fd, "", AT_EMPTY_PATH), "execveat");
	saw(0, "read", T "exec/copied");
}

/* The path of the file that is mapped at @address. */
static const char *mapped_at(unsigned long address)
{
	static char line[8192];
	FILE *f = fopen("/proc/self/maps", "re");

	while (f && fgets(line, sizeof(line), f)) {
		char *rest, *path = strchr(line, '/');
		unsigned long start = strtoul(line, &rest, 16), end = strtoul(rest + 1, NULL, 16);

		if (address < start || address >= end || !path)
			continue;
		path[strcspn(path, "\n")] = '\0';
		fclose(f);
		return path;
	}
	broken("/proc/self/maps");
}

static void way_interpreter(void)
{
	unsigned long base = getauxval(AT_BASE);

	if (!base)
		skip("a static program has none");
	saw_if("interpreters", 0, "map", mapped_at(base));
}

#ifdef TORTURE_DYNAMIC
static void way_library(void)
{
	saw(0, "map", mapped_at((unsigned long)&open));
}

static void way_dlopen(void)
{
	if (!dlopen(T "libtorture.so", RTLD_NOW))
		broken(dlerror());
	saw(0, "map", T "libtorture.so");
	if (dlopen(T "libabsent.so", RTLD_NOW))
		broken("it is there");
	errno = ENOENT;
	saw_error(-1, "read", T "libabsent.so", ENOENT);
}
#else
static void way_library(void)
{
	skip("a static program has none");
}

static void way_dlopen(void)
{
	skip("a static program cannot");
}
#endif

static void map(int fd, int protection)
{
	if (mmap(NULL, 4096, protection, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		step(-1, "mmap");
}

static void way_mmap(void)
{
	map((int)step(open(T "mmap", O_RDONLY), "open"), PROT_READ | PROT_EXEC);
	saw(0, "map", T "mmap");
}

/* Opened by one program, mapped by another one. */
static void way_mmap_inherited(void)
{
	int fd = (int)step(open(T "inherited", O_RDONLY), "open");

	if (in_child()) {
		char *const args[] = { (char[]){ "map" }, (char[]){ "-map" }, NULL };

		dup2(fd, 0);
		execv(T "inherits", args);
		step(-1, "execv");
	}
	saw(0, "map", T "inherited");
}

/* Made executable only after it was mapped. */
static void way_mprotect(void)
{
	int fd = (int)step(open(T "mprotect", O_RDONLY), "open");
	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	if (p == MAP_FAILED)
		broken("mmap");
	step(mprotect(p, 4096, PROT_READ | PROT_EXEC), "mprotect");
	saw(0, "read", T "mprotect");
}

const struct way execs[] = {
	{ "execve", way_execve, "exec/plain*" },
	{ "execve of a link", way_execve_link, "exec/link=linked exec/linked*" },
	{ "execve, relative", way_execve_relative, "exec/dir/relative*" },
	{ "execve that fails", way_execve_absent, "exec/denied" },
	{ "execvp", way_execvp, "exec/none/ exec/path/searched*" },
	{ "execveat", way_execveat, "execat/file*" },
	{ "execveat of a link", way_execveat_link, "execat/link=linked execat/linked*" },
	{ "execveat that fails", way_execveat_absent, "execat/" },
	{ "execveat AT_FDCWD", way_execveat_cwd, "execat/cwd*" },
	{ "fexecve", way_fexecve, "execat/fd*" },
	{ "#!", way_script, "script/plain!/ways/script/interpreter script/interpreter*" },
	{ "#! and links", way_script_link,
	  "script/by-link!/ways/script/interpreter-link "
	  "script/interpreter-link=interpreter-linked script/interpreter-linked*" },
	{ "#! of #!", way_script_chain,
	  "chain/a!/ways/chain/b~-x chain/b!/ways/chain/c chain/c!/ways/chain/d~argument "
	  "chain/d!/ways/chain/interpreter~-/ways/chain/argument chain/interpreter*" },
	{ "#! that is absent", way_script_absent, "script/lost!/ways/script/none" },
	{ "#! by execveat", way_script_execveat,
	  "script/by-dir!/ways/script/interpreter2 script/interpreter2*" },
	{ "#! by fexecve", way_script_fexecve,
	  "script/by-fd!/ways/script/interpreter3 script/interpreter3*" },
	{ "fexecve of a memfd", way_memfd, "exec/copied*" },
	{ "PT_INTERP", way_interpreter, NULL },
	{ "shared library", way_library, NULL },
	{ "dlopen", way_dlopen, NULL },
	{ "mmap", way_mmap, "mmap" },
	{ "mmap of an inherited descriptor", way_mmap_inherited, "inherited inherits*" },
	{ "mprotect", way_mprotect, "mprotect" },
	{ NULL, NULL, NULL },
};
