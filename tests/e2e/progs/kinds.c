/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each kind of use of a file, one after the other, on a name of its own below /kinds. Without an
 * argument it also executes itself as /kinds/exec.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void with_fd(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		perror(path);
	close(fd);
}

static void map(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		perror(path);
	close(fd);
}

static void list(const char *path)
{
	DIR *dir = opendir(path);

	while (dir && readdir(dir))
		;
	if (dir)
		closedir(dir);
}

static void contact(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(sa.sun_path, path);
	if (!connect(s, (struct sockaddr *)&sa, sizeof(sa)))
		printf("%s answered\n", path);
	close(s);
}

static void execute(const char *path)
{
	pid_t pid = fork();

	if (!pid) {
		execl(path, path, "again", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	struct stat st;
	char target[64];

	if (argc > 1)
		return 0;
	execute("/kinds/exec");
	map("/kinds/map");
	with_fd("/kinds/read", O_RDONLY);
	with_fd("/kinds/write", O_WRONLY);
	with_fd("/kinds/create", O_WRONLY | O_CREAT | O_EXCL);
	mkdir("/kinds/mkdir", 0755);
	stat("/kinds/stat", &st);
	access("/kinds/access", R_OK);
	stat("/kinds/twice", &st);
	access("/kinds/twice", R_OK);
	list("/kinds/list");
	stat("/kinds/link", &st); /* to /kinds/linked */
	if (readlink("/kinds/readlink", target, sizeof(target)) < 0)
		perror("readlink");
	with_fd("/kinds/absent", O_RDONLY);
	stat("/kinds/absent-too", &st);
	access("/kinds/read/below", F_OK); /* ENOTDIR */
	unlink("/kinds/delete");
	rename("/kinds/from", "/kinds/to");
	chmod("/kinds/change", 0600);
	if (chdir("/kinds/chdir") < 0)
		perror("chdir");
	contact("/kinds/connect");
	return argv[0] == NULL;
}
