/* SPDX-License-Identifier: BSD-2-Clause */
/* The other two ABIs of an x86-64 kernel. */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "torture.h"

#ifdef __x86_64__

#define X32 0x40000000 /* asm/unistd.h: __X32_SYSCALL_BIT */

/* A call by int $0x80. Every pointer is to be low_memory(). */
static long i386(long nr, long a, long b, long c, long d, long e, long f)
{
	long r;

	/* The red zone below the stack pointer is the compiler's. */
	asm volatile("leaq -128(%%rsp), %%rsp\n\tpushq %%rbp\n\tmovq %7, %%rbp\n\t"
		     "int $0x80\n\tpopq %%rbp\n\tleaq 128(%%rsp), %%rsp"
		     : "=a"(r)
		     : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "r"(f)
		     : "memory", "r8", "r9", "r10", "r11");
	r = (int)r;
	if (r < 0 && r >= -4095) {
		errno = (int)-r;
		return -1;
	}
	return r;
}

static long low(const char *text)
{
	return (long)low_memory(text, strlen(text) + 1);
}

static void way_i386_open(void)
{
	saw(i386(5, low(T "i386/open"), O_RDONLY, 0, 0, 0, 0), "read", T "i386/open");
	saw(i386(295, AT_FDCWD, low(T "i386/openat"), O_RDONLY, 0, 0, 0), "read", T "i386/openat");
}

static void way_i386_stat(void)
{
	long buf = (long)low_memory((char[512]){ 0 }, 512);

	saw(i386(195, low(T "i386/stat64"), buf, 0, 0, 0, 0), "stat", T "i386/stat64");
	saw(i386(300, AT_FDCWD, low(T "i386/fstatat64"), buf, 0, 0, 0), "stat", T "i386/fstatat64");
	saw(i386(268, low(T "i386"), 84, buf, 0, 0, 0), "stat", T "i386");
	saw(i386(33, low(T "i386/access"), 0, 0, 0, 0, 0), "stat", T "i386/access");
}

static void way_i386_names(void)
{
	saw(i386(38, low(T "i386/rename"), low(T "i386/renamed"), 0, 0, 0, 0), "delete",
	    T "i386/rename");
	saw(0, "create", T "i386/renamed");
	saw(i386(10, low(T "i386/unlink"), 0, 0, 0, 0, 0), "delete", T "i386/unlink");
	saw(i386(193, low(T "i386/truncate64"), 0, 0, 0, 0, 0), "change", T "i386/truncate64");
}

static void way_i386_mmap(void)
{
	int fd = (int)step(open(T "i386/mmap", O_RDONLY), "open");
	int fd2 = (int)step(open(T "i386/mmap2", O_RDONLY), "open");
	unsigned int args[6] = { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, (unsigned int)fd, 0 };

	if (i386(90, (long)low_memory(args, sizeof(args)), 0, 0, 0, 0, 0) == -1)
		step(-1, "mmap");
	saw(0, "map", T "i386/mmap");
	if (i386(192, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd2, 0) == -1)
		step(-1, "mmap2");
	saw(0, "map", T "i386/mmap2");
}

static void way_i386_socketcall(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX, .sun_path = T "i386/socket" };
	int fd = (int)step(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
	unsigned int args[3] = { (unsigned int)fd, (unsigned int)(long)low_memory(&sa, sizeof(sa)),
				 sizeof(sa) };

	saw(i386(102, 2 /* SYS_BIND */, (long)low_memory(args, sizeof(args)), 0, 0, 0, 0), "create",
	    T "i386/socket");
}

static void way_i386_execve(void)
{
	unsigned int argv[3] = { (unsigned int)low("program"), (unsigned int)low("-"), 0 };

	if (in_child())
		step(i386(11, low(T "i386/execve"), (long)low_memory(argv, sizeof(argv)), 0, 0, 0,
			  0),
		     "execve");
	saw(0, "exec", T "i386/execve");
}

static void way_x32(void)
{
	long r = syscall(X32 | SYS_open, T "x32/open", O_RDONLY);

	if (r < 0 && errno == ENOSYS)
		skip("this kernel has no x32");
	saw(r, "read", T "x32/open");
	saw(syscall(X32 | SYS_unlink, T "x32/unlink"), "delete", T "x32/unlink");
}

const struct way abis[] = {
	{ "i386 open", way_i386_open, "i386/open i386/openat" },
	{ "i386 stat", way_i386_stat, "i386/stat64 i386/fstatat64 i386/access" },
	{ "i386 names", way_i386_names, "i386/rename i386/unlink i386/truncate64" },
	{ "i386 mmap", way_i386_mmap, "i386/mmap i386/mmap2" },
	{ "i386 socketcall", way_i386_socketcall, NULL },
	{ "i386 execve", way_i386_execve, "i386/execve*" },
	{ "x32", way_x32, "x32/open x32/unlink" },
	{ NULL, NULL, NULL },
};

#else

const struct way abis[] = { { NULL, NULL, NULL } };

#endif
