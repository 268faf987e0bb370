/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * opens COUNT PROCESSES [BYTES]: each process opens COUNT names of its own, as fast as it can; none
 * exists. A name has at least so many BYTES. None of them ends before all have begun.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(unsigned long process, unsigned long count, int bytes)
{
	char path[512];

	for (unsigned long i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/data/%lu-%0*lu", process, bytes, i);
		if (open(path, O_RDONLY) >= 0)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000,
		      processes = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	int bytes = argc > 3 ? (int)strtoul(argv[3], NULL, 10) % 250 : 1;
	int status, failed = 0, begun[2];
	char byte;

	if (pipe2(begun, O_CLOEXEC) < 0)
		return 1;
	for (unsigned long p = 0; p < processes; p++) {
		if (!fork()) {
			close(begun[1]);
			_exit(run(p, count, bytes) || read(begun[0], &byte, 1) != 0);
		}
	}
	close(begun[1]);
	while (wait(&status) > 0)
		failed |= status;
	return failed ? 1 : 0;
}
