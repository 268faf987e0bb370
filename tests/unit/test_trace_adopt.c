/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc tells of a process that runs: this one, and lines of its tables. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../lib/tap.h"
#include "trace/adopt.h"
#include "trace/proc_net.h"

static const struct adopted_file *find(const struct adopted *a, const char *path)
{
	for (size_t i = 0; i < a->n_files; i++)
		if (!strcmp(a->files[i].path, path))
			return &a->files[i];
	return NULL;
}

/* The kinds of a file below @dir, or of @dir itself. */
static uint32_t kinds(const struct adopted *a, const char *dir, const char *name)
{
	const struct adopted_file *f;
	char path[512];

	snprintf(path, sizeof(path), "%s%s%s", dir, *name ? "/" : "", name);
	f = find(a, path);
	return f ? f->kinds : 0;
}

static struct adopted *adopt_self(void)
{
	struct adopted *a = NULL;
	struct err err = ERR_INIT;

	ok(adopt_process(getpid(), getpid(), &a, &err) == 0, "this process: %s", err.msg);
	return a;
}

static int make(const char *dir, const char *name, int flags)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return open(path, flags | O_CREAT | O_CLOEXEC, 0600);
}

static void check_process(const struct adopted *a)
{
	char exe[512] = "";

	is_int(a->parent, getppid(), "parent");
	ok(a->start > 0, "start");
	is_str(a->comm, "test_trace_adop", "name");
	ok(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0, "executable");
	is_str(a->exe, exe, "executable's path");
	is_int(kinds(a, exe, ""), RECORD_EXEC | RECORD_MAP | RECORD_READ, "executed and mapped");
	ok(a->argv.n == 1 && strstr(a->argv.v[0], "test_trace_adopt"), "arguments");
}

static void test_process(const char *dir)
{
	_cleanup_(adopted_free) struct adopted *a = NULL;
	int fds[] = { make(dir, "reads", O_RDONLY), make(dir, "writes", O_WRONLY),
		      make(dir, "new\nline", O_RDWR), make(dir, "gone", O_RDONLY) };
	int mapped = make(dir, "mapped (deleted)", O_RDWR), home = open(".", O_PATH | O_CLOEXEC);
	void *map;

	ok(ftruncate(mapped, 4096) == 0, "room to map");
	map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, mapped, 0);
	ok(map != MAP_FAILED, "mapped");
	close(mapped);
	ok(chdir(dir) == 0 && unlink("gone") == 0, "directory");
	a = adopt_self();
	if (!a)
		return;
	check_process(a);
	is_int(kinds(a, dir, ""), RECORD_CHDIR, "working directory");
	is_int(kinds(a, dir, "reads"), RECORD_READ, "open for reading");
	is_int(kinds(a, dir, "writes"), RECORD_WRITE, "open for writing");
	is_int(kinds(a, dir, "new\nline"), RECORD_READ | RECORD_WRITE, "a name with a newline");
	is_int(kinds(a, dir, "mapped (deleted)"), RECORD_READ, "a name that only looks deleted");
	is_int(kinds(a, dir, "gone"), RECORD_READ, "deleted: its path");
	munmap(map, 4096);
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		close(fds[i]);
	unlink("reads");
	unlink("writes");
	unlink("new\nline");
	unlink("mapped (deleted)");
	ok(fchdir(home) == 0, "back");
	close(home);
}

/* /proc is mounted: what is there is not what is at the root. */
static void test_mounts(void)
{
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	_cleanup_(adopted_free) struct adopted *a = adopt_self();
	const struct adopted_file *f;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)getpid());
	f = a ? find(a, path) : NULL;
	ok(f && !f->on_image, "a mounted file system is not the image");
	close(fd);
}

static void test_memfd(void)
{
	int fd = memfd_create("x", MFD_CLOEXEC);
	_cleanup_(adopted_free) struct adopted *a = adopt_self();

	ok(fd >= 0 && a && !find(a, "/memfd:x") && !find(a, "/memfd:x (deleted)"),
	   "what only looks like a path is none");
	close(fd);
}

static void test_gone(void)
{
	struct adopted *a = NULL;
	struct err err = ERR_INIT;

	is_int(adopt_process(0x7ffffff0, getpid(), &a, &err), -ESRCH, "no such process");
}

static int socket_on(int type, uint16_t *ret_port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return -1;
	*ret_port = ntohs(sa.sin_port);
	return fd;
}

static bool has_socket(const struct adopted *a, enum record_socket_use use, uint8_t protocol,
		       uint16_t port)
{
	static const uint8_t loopback[4] = { 127, 0, 0, 1 };

	for (size_t i = 0; i < a->n_sockets; i++) {
		const struct record_socket *s = &a->sockets[i];

		if (s->use == use && s->protocol == protocol && s->port == port &&
		    s->family == AF_INET && !memcmp(s->addr, loopback, 4))
			return true;
	}
	return false;
}

static void test_sockets(void)
{
	uint16_t tcp_port = 0, udp_port = 0;
	int tcp = socket_on(SOCK_STREAM, &tcp_port), udp = socket_on(SOCK_DGRAM, &udp_port);
	_cleanup_(adopted_free) struct adopted *a = NULL;

	ok(tcp >= 0 && udp >= 0 && listen(tcp, 1) == 0, "sockets");
	a = adopt_self();
	ok(a && has_socket(a, RECORD_LISTEN, IPPROTO_TCP, tcp_port), "listens");
	ok(a && has_socket(a, RECORD_BIND, IPPROTO_TCP, tcp_port), "and so is bound");
	ok(a && has_socket(a, RECORD_BIND, IPPROTO_UDP, udp_port), "bound");
	ok(a && !has_socket(a, RECORD_LISTEN, IPPROTO_UDP, udp_port), "UDP does not listen");
	close(tcp);
	close(udp);
}

static void test_lines(void)
{
	static const char v6[] =
		"   0: 00000000000000000000000001000000:1F90 "
		"00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000"
		"  1000        0 4242 1 0000000000000000 100 0 0 10 0";
	static const uint8_t one[16] = { [15] = 1 };
	struct proc_net_line l;

	ok(!proc_net_parse("  sl  local_address rem_address   st tx_queue rx_queue", &l),
	   "the heading");
	ok(!proc_net_parse("", &l), "an empty line");
	ok(!proc_net_parse("0: 0100007F:1F90", &l), "a cut line");
	ok(!proc_net_parse("0: 0100:1F90 0100007F:0000 0A 0:0 0:0 0 0 0 1", &l), "a short address");
	ok(!proc_net_parse("0: XX00007F:1F90 0100007F:0000 0A 0:0 0:0 0 0 0 1", &l), "no digits");
	ok(proc_net_parse(v6, &l), "IPv6");
	ok(l.local.family == AF_INET6 && !memcmp(l.local.addr, one, 16) && l.local.port == 8080,
	   "address and port");
	is_int(l.state, 10, "state");
	is_str(l.inode, "4242", "inode");
}

int main(void)
{
	char dir[] = "/tmp/slimtrace-adopt-XXXXXX", real[PATH_MAX];

	ok(mkdtemp(dir) && realpath(dir, real), "a directory");
	test_process(real);
	test_mounts();
	test_memfd();
	test_gone();
	test_sockets();
	test_lines();
	rmdir(dir);
	return tap_done();
}
