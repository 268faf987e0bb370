/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/cancel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "slimtrace/base/clock.h"

static int end_fd = -1, go_on_fd = -1;
static atomic_int count, first_signal;
static atomic_bool is_masked;

/* Only async-signal-safe calls (signal-safety(7)). */
static void on_signal(int sig)
{
	int saved = errno, expected = 0;
	uint64_t one = 1;
	ssize_t n;

	if (sig == SIGUSR1) {
		n = write(go_on_fd, &one, sizeof(one));
	} else {
		atomic_compare_exchange_strong(&first_signal, &expected, sig);
		atomic_fetch_add(&count, 1);
		n = write(end_fd, &one, sizeof(one));
	}
	(void)n; /* an eventfd that is full is readable, which is all we want */
	errno = saved;
}

int cancel_init(struct err *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1 };
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct sigaction old;

	end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	go_on_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (end_fd < 0 || go_on_fd < 0)
		return err_set(err, errno, "cannot create an eventfd");
	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		/* nohup's SIGHUP, and a background job's SIGINT in a plain shell, stay ignored. */
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &sa, NULL);
	}
	/* A reader of our output that goes away is an error of write(), not our death. */
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

int cancel_count(void)
{
	return atomic_load(&count);
}

int cancel_fd(void)
{
	return atomic_load(&is_masked) ? -1 : end_fd;
}

int cancel_signal(void)
{
	return atomic_load(&first_signal);
}

int cancel_check(struct err *err)
{
	int sig = cancel_signal();

	if (!sig || atomic_load(&is_masked))
		return 0;
	return err_class_set(err, ERR_INTERRUPTED, EINTR, "interrupted by SIG%s",
			     sigabbrev_np(sig));
}

void cancel_mask(bool masked)
{
	atomic_store(&is_masked, masked);
}

int resume_fd(void)
{
	return go_on_fd;
}

bool resume_take(void)
{
	eventfd_t n;

	return eventfd_read(go_on_fd, &n) == 0;
}

int cancel_wait(int fd, int timeout_ms, struct err *err)
{
	uint64_t start = clock_mono_ms();

	for (;;) {
		struct pollfd p[] = { { .fd = cancel_fd(), .events = POLLIN },
				      { .fd = fd, .events = POLLIN } };
		uint64_t spent = clock_mono_ms() - start;
		int left = timeout_ms, n;

		if (timeout_ms >= 0)
			left = spent < (uint64_t)timeout_ms ? timeout_ms - (int)spent : 0;
		n = poll(p, 2, left);
		if (n < 0 && errno != EINTR)
			return err_set(err, errno, "cannot wait");
		if (cancel_check(err) < 0)
			return -EINTR;
		if (n > 0 && p[1].revents)
			return 1;
		if (n == 0)
			return 0;
	}
}
