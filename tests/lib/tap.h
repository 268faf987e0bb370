/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Test Anything Protocol for unit tests. A test program includes this once:
 *
 *	static void test_empty(void) { ok(1 + 1 == 2, "addition"); is_str(f(), "x", "f"); }
 *	int main(void) { test_empty(); return tap_done(); }
 *
 * Each check prints one line; the plan comes last; the exit status is 1 when a check failed.
 */
#ifndef SLIMTRACE_TESTS_TAP_H
#define SLIMTRACE_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_run_, tap_failed_;

__attribute__((format(printf, 4, 5), unused)) static bool tap_ok_(bool pass, const char *file,
								  int line, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", pass ? "" : "not ", ++tap_run_);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	if (!pass) {
		tap_failed_++;
		printf("# failed at %s:%d\n", file, line);
	}
	fflush(stdout);
	return pass;
}

#define ok(cond, ...) tap_ok_(!!(cond), __FILE__, __LINE__, __VA_ARGS__)

#define is_int(got, want, ...)                                                                     \
	({                                                                                         \
		long long got_ = (long long)(got), want_ = (long long)(want);                      \
		bool pass_ = ok(got_ == want_, __VA_ARGS__);                                       \
		if (!pass_)                                                                        \
			printf("# got %lld, wanted %lld\n", got_, want_);                          \
		pass_;                                                                             \
	})

#define is_str(got, want, ...)                                                                     \
	({                                                                                         \
		const char *got_ = (got), *want_ = (want);                                         \
		bool pass_ =                                                                       \
			ok(got_ && want_ ? !strcmp(got_, want_) : got_ == want_, __VA_ARGS__);     \
		if (!pass_)                                                                        \
			printf("# got '%s', wanted '%s'\n", got_ ? got_ : "(null)",                \
			       want_ ? want_ : "(null)");                                          \
		pass_;                                                                             \
	})

__attribute__((unused)) static void tap_skip(const char *name, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_run_, name, why);
}

__attribute__((unused)) static int tap_done(void)
{
	printf("1..%d\n", tap_run_);
	return tap_failed_ ? 1 : 0;
}

#endif
