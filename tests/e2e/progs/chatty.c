/* SPDX-License-Identifier: BSD-2-Clause */
/* Says much, on both streams, and then that it is done: chatty MEGABYTES. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	unsigned long lines = (argc > 1 ? strtoul(argv[1], NULL, 10) : 1) * 1024 * 10;
	char line[100];

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	for (unsigned long i = 0; i < lines; i++)
		if (fwrite(line, sizeof(line), 1, i % 2 ? stderr : stdout) != 1)
			return 1;
	puts("chatty: done");
	return 0;
}
