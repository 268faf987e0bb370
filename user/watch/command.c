/* SPDX-License-Identifier: BSD-2-Clause */
/* The command during which is watched: a child with our terminal and our descriptors 0, 1 and 2. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "slimtrace/base/cancel.h"
#include "slimtrace/base/log.h"
#include "watch/watch.h"

/* Between fork and exec: nothing but async-signal-safe calls (signal-safety(7)). */
static void child(char *const *argv, int told)
{
	int error;

	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	error = errno;
	if (write(told, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

/* The other end is closed by a successful exec, and says errno otherwise. */
static int started(int fd, const char *name, struct err *err)
{
	int error;
	ssize_t n;

	do
		n = read(fd, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	return n == sizeof(error) ? err_class_set(err, ERR_USAGE, error, "cannot run '%s': %s",
						  name, strerrordesc_np(error))
				  : 0;
}

int watch_start_command(struct watch *watch, struct err *err)
{
	char *const *argv = watch->opts->command;
	int fds[2], r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(err, errno, "cannot create a pipe");
	watch->command = fork();
	if (watch->command == 0)
		child(argv, fds[1]);
	close(fds[1]);
	r = watch->command < 0 ? err_set(err, errno, "cannot start a process")
			       : started(fds[0], argv[0], err);
	close(fds[0]);
	if (r < 0) {
		if (watch->command > 0)
			waitpid(watch->command, NULL, 0);
		watch->command = -1;
		return r;
	}
	watch->command_fd = (int)syscall(SYS_pidfd_open, watch->command, 0);
	if (watch->command_fd < 0)
		return err_set(err, errno, "cannot wait for '%s'", argv[0]);
	return 0;
}

/* On a terminal, Ctrl-C has reached it already. Asked again, there is no more patience. */
void watch_ask_command(struct watch *watch)
{
	int count = cancel_count();

	if (watch->command <= 0 || count <= watch->asked)
		return;
	watch->asked = count;
	if (count > 1)
		kill(watch->command, SIGKILL);
	else if (cancel_signal() != SIGINT || !isatty(STDIN_FILENO))
		kill(watch->command, cancel_signal());
}

void watch_wait_command(struct watch *watch)
{
	while (watch->command > 0) {
		struct pollfd fds[] = { { .fd = watch->command_fd, .events = POLLIN },
					{ .fd = watch->asked ? -1 : cancel_fd(),
					  .events = POLLIN } };

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		watch_ask_command(watch);
		if (fds[0].revents)
			watch_reap_command(watch);
	}
}

void watch_reap_command(struct watch *watch)
{
	int status;

	if (waitpid(watch->command, &status, WNOHANG) != watch->command)
		return;
	watch->command = -1;
	close(watch->command_fd);
	watch->command_fd = -1;
	watch->result->command_status =
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	log_debug("'%s' ended with status %d", watch->opts->command[0],
		  watch->result->command_status);
}
