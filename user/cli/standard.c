/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/standard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "slimtrace/base/log.h"
#include "slimtrace/cli.h"

void standard_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", O_RDWR); /* the lowest free number: @fd */
}

void standard_print_json(const cJSON *doc)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	json_print(doc, true, &text);
	fwrite(text.buf, 1, text.len, stdout);
}

static bool reader_left(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	/* A pipe's is an error, a socket's its end. */
	return poll(&out, 1, 0) > 0 && out.revents & (POLLERR | POLLHUP);
}

int standard_close(int exit_code)
{
	bool failed_before = ferror(stdout);
	int code = fflush(stdout) ? errno : 0;

	if ((!code && !failed_before) || exit_code != EXIT_OK || code == EPIPE || reader_left())
		return exit_code;
	/* Of an earlier failure the cause is not known any more, unless it lasts. */
	log_error("not all output could be written%s%s", code ? ": " : "",
		  code ? strerror(code) : "");
	return EXIT_FAILED;
}
