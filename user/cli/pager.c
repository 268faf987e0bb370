/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "slimtrace/base/io.h"

static bool terminal_size(struct winsize *ret)
{
	return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, ret) == 0;
}

unsigned int pager_width(void)
{
	struct winsize ws;

	if (!terminal_size(&ws) || !ws.ws_col)
		return 80;
	return ws.ws_col < 40 ? 40 : ws.ws_col > 120 ? 120 : ws.ws_col;
}

static const char *pager_command(void)
{
	const char *command = getenv("SLIMTRACE_PAGER"), *term = getenv("TERM");

	/* There a pager asks for RETURN before the first line, if it works at all. */
	if (!command && (!term || !*term || !strcmp(term, "dumb")))
		return NULL;
	if (!command)
		command = getenv("PAGER");
	if (!command)
		command = "less";
	return *command && strcmp(command, "cat") != 0 ? command : NULL;
}

static bool is_long(const char *text, size_t len)
{
	struct winsize ws;
	size_t lines = 0;

	if (!terminal_size(&ws) || !ws.ws_row)
		return false;
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines >= ws.ws_row;
}

/* In the child: the user's own words, run by a shell, as every program does it. */
static void run_pager(const char *command, int fd)
{
	dup2(fd, STDIN_FILENO);
	setenv("LESS", "FRX", 0);
	setenv("LESSCHARSET", "utf-8", 0); /* what we write, whatever the locale is */
	setenv("LV", "-c", 0);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* Returns false when no pager could be started. */
static bool page(const char *command, const char *text, size_t len)
{
	int fds[2], status;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return false;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		run_pager(command, fds[0]);
	close(fds[0]);
	if (pid > 0) {
		void (*old)(int) = signal(SIGPIPE, SIG_IGN);

		io_write_full(fds[1], text, len); /* who quits early has seen enough */
		signal(SIGPIPE, old);
	}
	close(fds[1]);
	if (pid < 0)
		return false;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return !WIFEXITED(status) || WEXITSTATUS(status) != 127;
}

void pager_write(const char *text, size_t len, bool off)
{
	const char *command = pager_command();

	if (!off && command && is_long(text, len) && page(command, text, len))
		return;
	fwrite(text, 1, len, stdout);
}
