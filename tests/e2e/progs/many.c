/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks up COUNT different names, all missing: many COUNT. More than a small ring buffer holds. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	struct stat st;
	char path[64];

	for (unsigned long i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/data/missing-%lu", i);
		if (!stat(path, &st))
			return 1;
	}
	printf("many: looked for %lu files\n", n);
	return 0;
}
