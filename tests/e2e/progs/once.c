/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints one file and is gone at once: once [FILE] */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char buf[4096];
	ssize_t n;
	int fd = open(argc > 1 ? argv[1] : "/data/file", O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		perror("once");
		return 1;
	}
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(STDOUT_FILENO, buf, (size_t)n) != n)
			return 1;
	close(fd);
	return n < 0;
}
