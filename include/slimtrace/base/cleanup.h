/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scope-exit destructors and moves.
 *
 *	_cleanup_free_ char *name = xstrdup("x");
 *	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
 *	...
 *	*ret_name = TAKE_PTR(name);	// ownership leaves this function
 *
 * A type's own destructor is made usable with DEFINE_CLEANUP(type, fn) in its header, then
 * written _cleanup_(fn). Destructors accept NULL.
 */
#ifndef SLIMTRACE_BASE_CLEANUP_H
#define SLIMTRACE_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn##_p)))

/* Makes @fn (taking a pointer of @type) usable in _cleanup_(fn). */
#define DEFINE_CLEANUP(type, fn)                                                                   \
	static inline void fn##_p(type *p)                                                         \
	{                                                                                          \
		if (*p)                                                                            \
			fn(*p);                                                                    \
	}                                                                                          \
	struct cleanup_semicolon

static inline void cleanup_free_p(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close_p(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose_p(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_free_ __attribute__((cleanup(cleanup_free_p)))
#define _cleanup_close_ __attribute__((cleanup(cleanup_close_p)))
#define _cleanup_fclose_ __attribute__((cleanup(cleanup_fclose_p)))

#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *take_ = &(p);                                                       \
		__typeof__(p) taken_ = *take_;                                                     \
		*take_ = NULL;                                                                     \
		taken_;                                                                            \
	})

#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int *take_ = &(fd);                                                                \
		int taken_ = *take_;                                                               \
		*take_ = -1;                                                                       \
		taken_;                                                                            \
	})

#endif
