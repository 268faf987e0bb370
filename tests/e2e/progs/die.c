/* SPDX-License-Identifier: BSD-2-Clause */
/* An app that gives up: says why on both streams, then ends with status 3. */
#include <stdio.h>

int main(void)
{
	puts("die: starting");
	fflush(stdout);
	fputs("die: no database\n", stderr);
	return 3;
}
