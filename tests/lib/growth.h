/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the time of something grows with how much there is of it: no test asserts an absolute time,
 * which is the machine's, but four times as much must not take sixteen times as long.
 */
#ifndef SLIMTRACE_TESTS_GROWTH_H
#define SLIMTRACE_TESTS_GROWTH_H

#include <stdint.h>
#include <time.h>

#include "tap.h"

#define GROWTH_TRIES 3
/* Of four times as much: between linear and quadratic, caches considered. */
#define GROWTH_MAX 9.0

/* Does it with @n things. */
typedef void growth_fn(uint32_t n, void *ctx);

static double growth_seconds_(growth_fn *fn, uint32_t n, void *ctx)
{
	struct timespec start, end;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	fn(n, ctx);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	return (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
}

/* @n: so many that it takes some milliseconds at least. */
static bool growth_is_linear(growth_fn *fn, uint32_t n, void *ctx)
{
	double ratio = 0;

	for (int i = 0; i < GROWTH_TRIES; i++) {
		double few = growth_seconds_(fn, n, ctx), many = growth_seconds_(fn, 4 * n, ctx);

		ratio = many / (few > 1e-6 ? few : 1e-6);
		printf("# %u: %.4f s, %u: %.4f s, %.1f times\n", n, few, 4 * n, many, ratio);
		if (ratio < GROWTH_MAX)
			return true;
	}
	return false;
}

#endif
