/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Uses one file, directory or link in each way there is, and prints what it did, one use a line:
 *
 *	KIND<TAB>PATH<TAB>ERRNO<TAB>FEATURE<TAB>WAY
 *
 * that is: the record must have PATH with that kind of use and that error, on kernels where the
 * tracer has FEATURE ("-": all). "never" as the kind: PATH must not be in the record at all. In
 * paths, what is not printable is \xNN. Other lines:
 *
 *	skip<TAB>WAY<TAB>WHY		the kernel has not got it, or does not allow it
 *	broken<TAB>WAY<TAB>WHY		the way went wrong
 *
 *	torture make DIR	makes what the image must have, below DIR
 *	torture ways		lists the ways
 *	torture			uses all of them
 *	torture WAY...		only these
 */
#include <dirent.h>
#include <err.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "torture.h"

static const struct way *const subjects[] = { opens,  openat2s, looks,	   asks,      changes,
					      names,  execs,	processes, spellings, sockets,
					      urings, abis,	mounts,	   namespaces };
static const char *current;

static void print_path(const char *path)
{
	for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
		if (*p > ' ' && *p < 127 && *p != '\\')
			putchar(*p);
		else
			printf("\\x%02x", *p);
	}
}

static void used(const char *kind, const char *path, int error, const char *feature)
{
	printf("%s\t", kind);
	print_path(path);
	printf("\t%d\t%s\t%s\n", error, feature, current);
	fflush(stdout);
}

static _Noreturn void end_way(const char *how, const char *what)
{
	printf("%s\t%s\t%s\n", how, current, what);
	fflush(stdout);
	_exit(1);
}

void skip(const char *why)
{
	end_way("skip", why);
}

void broken(const char *what)
{
	end_way("broken", what);
}

/* A kernel that lacks something says so by one of these. */
static _Noreturn void refused(const char *what)
{
	int error = errno;
	char text[256];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(error));
	if (error == ENOSYS || error == EPERM || error == EOPNOTSUPP)
		skip(text);
	broken(text);
}

long step(long r, const char *what)
{
	if (r < 0)
		refused(what);
	return r;
}

long saw(long r, const char *kind, const char *path)
{
	saw_if("-", r, kind, path);
	return r;
}

void saw_if(const char *feature, long r, const char *kind, const char *path)
{
	if (r < 0)
		refused(path);
	used(kind, path, 0, feature);
}

void saw_error(long r, const char *kind, const char *path, int error)
{
	if (r >= 0)
		broken("it succeeded");
	if (errno != error)
		refused(path);
	used(kind, path, error, "-");
}

void never(const char *path)
{
	used("never", path, 0, "-");
}

int dir_of(const char *path)
{
	return (int)step(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path);
}

bool in_child(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		return true;
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		broken("fork");
	if (status != 0)
		_exit(1); /* it has said why */
	return false;
}

void child_done(void)
{
	_exit(0);
}

void *low_memory(const void *bytes, size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
		       -1, 0);

	if (p == MAP_FAILED)
		broken("mmap with MAP_32BIT");
	return memcpy(p, bytes, len);
}

/* --- making the image --- */

static void write_file(int root, const char *path, const char *text, size_t len, mode_t mode)
{
	int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || fchmod(fd, mode) < 0)
		err(1, "cannot make %s", path);
	close(fd);
}

static void make_parents(int root, const char *path)
{
	char part[4096];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (mkdirat(root, part, 0755) < 0 && errno != EEXIST)
			err(1, "cannot make %s", part);
	}
}

static void copy_self(int root, const char *path)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) < 0)
		err(1, "/proc/self/exe");
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		err(1, "/proc/self/exe");
	write_file(root, path, p, (size_t)st.st_size, 0755);
	munmap(p, (size_t)st.st_size);
	close(fd);
}

static void make_script(int root, const char *path, char *bang)
{
	char text[256];

	for (char *c = bang; *c; c++)
		if (*c == '~') /* words end at spaces */
			*c = ' ';
	write_file(root, path, text, (size_t)snprintf(text, sizeof(text), "#!%s\n", bang), 0755);
}

static void make_one(int root, char *word)
{
	char *end = word + strlen(word) - 1, *mark = strpbrk(word, "=!"), what = mark ? *mark : 0;

	if (mark)
		*mark++ = '\0';
	make_parents(root, word);
	if (what == '=') {
		if (symlinkat(mark, root, word) < 0 && errno != EEXIST)
			err(1, "cannot make %s", word);
	} else if (what == '!') {
		make_script(root, word, mark);
	} else if (*end == '*') {
		*end = '\0';
		copy_self(root, word);
	} else if (*end != '/') {
		write_file(root, word, "a file\n", 7, 0644);
	}
}

static int make(const char *dir)
{
	int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), root;

	if (top < 0 || (mkdirat(top, "ways", 0755) < 0 && errno != EEXIST))
		err(1, "%s", dir);
	root = openat(top, "ways", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++)
		for (const struct way *w = subjects[i]; w->name; w++) {
			char *words = strdup(w->files ? w->files : ""), *rest = words, *word;

			while ((word = strsep(&rest, " ")))
				if (*word)
					make_one(root, word);
			free(words);
		}
	close(root);
	close(top);
	return 0;
}

/* --- running --- */

static void run_way(const struct way *w)
{
	pid_t pid;
	int status;

	current = w->name;
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		umask(0);
		w->run();
		fflush(stdout);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) < 0)
		err(1, "waitpid");
	if (WIFSIGNALED(status))
		printf("broken\t%s\tended by signal %d\n", current, WTERMSIG(status));
	fflush(stdout);
}

static bool wanted(const char *name, char **only)
{
	if (!*only)
		return true;
	for (; *only; only++)
		if (!strcmp(*only, name))
			return true;
	return false;
}

static int run_all(char **only, bool list)
{
	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++)
		for (const struct way *w = subjects[i]; w->name; w++) {
			if (list)
				puts(w->name);
			else if (wanted(w->name, only))
				run_way(w);
		}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "make"))
		return make(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "ways"))
		return run_all(argv + 1, true);
	if (argc == 2 && !strcmp(argv[1], "-map"))
		return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, 0, 0) == MAP_FAILED;
	/* Executed by one of the ways, or as the interpreter of a script: that is all. */
	if (argc > 1 && (argv[1][0] == '/' || argv[1][0] == '-'))
		return 0;
	return run_all(argv + 1, false);
}
