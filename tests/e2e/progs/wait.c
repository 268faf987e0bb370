/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stays until it is asked to go: wait [FILE...]. Each SIGUSR1 opens the next FILE; SIGTERM ends it,
 * after it opened /data/goodbye.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void touch(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	printf("wait: %s %s\n", path, fd < 0 ? "is missing" : "opened");
	fflush(stdout);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	sigset_t set;
	int next = 1, sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* As the first process of its pid namespace it gets only signals that it has a handler for.
	 */
	touch("/data/hello");
	while (sigwait(&set, &sig) == 0 && sig != SIGTERM)
		if (next < argc)
			touch(argv[next++]);
	touch("/data/goodbye");
	return 0;
}
