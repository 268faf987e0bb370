/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * twice FILE: a daemon's double fork. The grandchild, whose parent is gone, waits for SIGUSR1,
 * opens FILE and is gone; the first process ends on SIGTERM.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void grandchild(const char *path)
{
	sigset_t set;
	int sig;

	setsid();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	printf("twice: %d\n", getpid());
	fflush(stdout);
	if (!sigwait(&set, &sig))
		close(open(path, O_RDONLY));
	_exit(0);
}

int main(int argc, char **argv)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (!fork()) {
		if (!fork())
			grandchild(argc > 1 ? argv[1] : "/data/twice");
		_exit(0);
	}
	wait(NULL);
	sigdelset(&set, SIGUSR1);
	return sigwait(&set, &sig);
}
