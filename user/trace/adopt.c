/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/adopt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/wire.h"
#include "trace/proc_net.h"

#define MAX_TEXT (16u << 20) /* bytes of one file in /proc */
#define MAX_FILES (1u << 16) /* of one process */

struct look {
	int proc;	  /* /proc/PID */
	int root;	  /* the container's root directory */
	uint64_t root_id; /* of the mount there */
	struct adopted *a;
	struct strmap *files;	/* paths -> places among the files, and one, as pointers */
	struct strmap *sockets; /* inode numbers, as /proc writes them */
};

void adopted_free(struct adopted *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n_files; i++)
		free(a->files[i].path);
	free(a->files);
	free(a->sockets);
	free(a->exe);
	strvec_release(&a->argv);
	free(a);
}

/* --- which mount a path is on --- */

static int open_in(int root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

static bool mount_of(int fd, uint64_t *ret)
{
	struct statx st;

	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0 ||
	    !(st.stx_mask & STATX_MNT_ID))
		return false;
	*ret = st.stx_mnt_id;
	return true;
}

/* A path that is no more lies where its directory does. */
static bool on_root_mount(const struct look *l, const char *path)
{
	_cleanup_close_ int fd = open_in(l->root, path);
	_cleanup_free_ char *up = xstrdup(path);
	char *slash = strrchr(up, '/');
	uint64_t id;

	if (fd < 0 && errno == ENOENT && slash) {
		slash[slash == up] = '\0';
		fd = open_in(l->root, up);
	}
	return mount_of(fd, &id) && id == l->root_id;
}

/* --- files --- */

/* The kernel says so of a file that was removed; one may also be called that. */
static bool strip_deleted(const struct look *l, char *path)
{
	static const char mark[] = " (deleted)";
	size_t len = strlen(path), n = sizeof(mark) - 1;
	_cleanup_close_ int fd = -1;

	if (len <= n || strcmp(path + len - n, mark) != 0)
		return false;
	fd = open_in(l->root, path);
	if (fd < 0)
		path[len - n] = '\0';
	return fd < 0;
}

/* Some have a name like a path and never had one: memfds, shared memory. Their mount tells. */
static bool is_nowhere(const struct look *l, const char *link)
{
	struct statx st;

	return statx(l->proc, link, 0, STATX_MNT_ID, &st) == 0 && st.stx_mask & STATX_MNT_ID &&
	       st.stx_mnt_id != l->root_id;
}

/*
 * @link in the process's directory leads to @path. What is no path (a pipe, a socket) has none that
 * begins with a slash.
 */
static void add_file(struct look *l, const char *link, char *path, uint32_t kinds)
{
	struct adopted *a = l->a;
	struct adopted_file *f;
	size_t place;

	if (path[0] != '/' || !kinds)
		return;
	if (strip_deleted(l, path) && is_nowhere(l, link))
		return;
	place = (size_t)strmap_get(l->files, path);
	if (place) {
		a->files[place - 1].kinds |= kinds;
		return;
	}
	if (a->n_files >= MAX_FILES)
		return;
	ALLOC_GROW(a->files, a->n_files + 1, a->cap_files);
	f = &a->files[a->n_files++];
	*f = (struct adopted_file){ .path = xstrdup(path),
				    .kinds = kinds,
				    .on_image = on_root_mount(l, path) };
	strmap_put(l->files, path, (void *)a->n_files);
}

static bool read_link(int dirfd, const char *name, char ret[PATH_MAX])
{
	ssize_t n = readlinkat(dirfd, name, ret, PATH_MAX - 1);

	if (n < 0)
		return false;
	ret[n] = '\0';
	return true;
}

static void add_link(struct look *l, const char *name, uint32_t kinds)
{
	char path[PATH_MAX];

	if (read_link(l->proc, name, path))
		add_file(l, name, path, kinds);
}

/* "flags:	0100002", in octal, as open(2) has them. */
static uint32_t kinds_of_fd(const struct look *l, const char *fd)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct err ignored = ERR_INIT;
	char name[NAME_MAX + 16];
	unsigned long flags;
	const char *at;

	snprintf(name, sizeof(name), "fdinfo/%s", fd);
	if (io_read_file(l->proc, name, MAX_TEXT, &text, &ignored) < 0)
		return 0;
	at = strstr(text.buf, "flags:");
	flags = at ? strtoul(at + strlen("flags:"), NULL, 8) : 0;
	if (flags & O_PATH)
		return RECORD_STAT;
	if ((flags & O_ACCMODE) == O_RDWR)
		return RECORD_READ | RECORD_WRITE;
	return (flags & O_ACCMODE) == O_WRONLY ? RECORD_WRITE : RECORD_READ;
}

/* "socket:[12345]" */
static bool note_socket(struct look *l, char *target)
{
	static const char prefix[] = "socket:[";
	size_t len = strlen(target);

	if (strncmp(target, prefix, sizeof(prefix) - 1) != 0 || target[len - 1] != ']')
		return false;
	target[len - 1] = '\0';
	strmap_put(l->sockets, target + sizeof(prefix) - 1, l);
	return true;
}

static void add_open_files(struct look *l)
{
	int fd = openat(l->proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	char target[PATH_MAX], name[NAME_MAX + 8];
	struct dirent *e;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.' || !read_link(dirfd(dir), e->d_name, target) ||
		    note_socket(l, target) || target[0] != '/')
			continue;
		snprintf(name, sizeof(name), "fd/%s", e->d_name);
		add_file(l, name, target, kinds_of_fd(l, e->d_name));
	}
	closedir(dir);
}

/*
 * "7f12a000-7f12c000 r-xp 00001000 08:01 1234  /lib/libc.so.6". The name is taken from the link for
 * the mapping, where nothing in it is written differently.
 */
static void add_mapping(struct look *l, const char *line)
{
	unsigned long from, to;
	char name[64], perms[5], path[PATH_MAX];
	const char *slash = strchr(line, '/');

	if (!slash || sscanf(line, "%lx-%lx %4s", &from, &to, perms) != 3)
		return;
	snprintf(name, sizeof(name), "map_files/%lx-%lx", from, to);
	if (!read_link(l->proc, name, path))
		snprintf(path, sizeof(path), "%s", slash);
	add_file(l, name, path, perms[2] == 'x' ? RECORD_MAP : RECORD_READ);
}

static void add_mappings(struct look *l)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct err ignored = ERR_INIT;
	char *line, *rest;

	if (io_read_file(l->proc, "maps", MAX_TEXT, &text, &ignored) < 0)
		return;
	for (rest = text.buf; (line = strsep(&rest, "\n"));)
		add_mapping(l, line);
}

/* --- the process --- */

/* "PID (COMM) STATE PPID ...", where COMM may be anything; the 22nd is the start. */
static int read_stat(struct look *l, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	int r = io_read_file(l->proc, "stat", MAX_TEXT, &text, err);
	const char *open, *close;
	size_t len;

	if (r < 0)
		return r;
	open = strchr(text.buf, '(');
	close = strrchr(text.buf, ')');
	if (!open || !close || close < open)
		return err_set(err, EBADMSG, "/proc/%d/stat makes no sense", l->a->pid);
	len = (size_t)(close - open - 1);
	if (len > sizeof(l->a->comm) - 1)
		len = sizeof(l->a->comm) - 1;
	memcpy(l->a->comm, open + 1, len);
	if (sscanf(close + 1,
		   " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		   "%" SCNu64,
		   &l->a->parent, &l->a->start) != 2)
		return err_set(err, EBADMSG, "/proc/%d/stat makes no sense", l->a->pid);
	return 0;
}

static void read_argv(struct look *l)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct err ignored = ERR_INIT;
	size_t at = 0;

	if (io_read_file(l->proc, "cmdline", MAX_TEXT, &text, &ignored) < 0)
		l->a->argv_truncated = true;
	if (text.len >
	    WIRE_STRING_MAX) { /* as much as is read of a program that is seen beginning */
		strbuf_setlen(&text, WIRE_STRING_MAX);
		l->a->argv_truncated = true;
	}
	for (; at < text.len; at += strlen(text.buf + at) + 1)
		strvec_push(&l->a->argv, text.buf + at);
}

static void read_all(struct look *l)
{
	char path[PATH_MAX];

	read_argv(l);
	if (read_link(l->proc, "exe", path)) {
		add_file(l, "exe", path, RECORD_EXEC | RECORD_MAP);
		l->a->exe = xstrdup(path);
	}
	add_link(l, "cwd", RECORD_CHDIR);
	add_mappings(l);
	add_open_files(l);
	proc_net_sockets(l->proc, l->sockets, l->a);
}

static int open_process(int pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int gone(int pid, struct err *err)
{
	return err_set(err, ESRCH, "process %d has ended", pid);
}

int adopt_process(int pid, int first, struct adopted **ret, struct err *err)
{
	_cleanup_close_ int proc = open_process(pid), of = open_process(first);
	_cleanup_close_ int root = of < 0 ? -1 : openat(of, "root", O_PATH | O_CLOEXEC);
	_cleanup_(strmap_free) struct strmap *files = strmap_new(), *sockets = strmap_new();
	_cleanup_(adopted_free) struct adopted *a = xcalloc(1, sizeof(*a));
	struct look l = { .proc = proc, .root = root, .a = a, .files = files, .sockets = sockets };
	int r;

	a->pid = pid;
	if (proc < 0 || root < 0)
		return gone(pid, err);
	if (!mount_of(root, &l.root_id))
		return err_set(err, errno, "cannot tell the mount of the root of process %d",
			       first);
	r = read_stat(&l, err);
	if (r < 0)
		return r == -ESRCH || r == -ENOENT ? gone(pid, err) : r;
	read_all(&l);
	*ret = TAKE_PTR(a);
	return 0;
}
