/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: options, help, messages, exit codes. Commands and option names are
 * docker-slim's.
 */
#ifndef SLIMTRACE_CLI_H
#define SLIMTRACE_CLI_H

/* Documented in README.md and in `slimtrace --help`: never renumbered. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_INCOMPLETE = 3, /* the trace lost something and no image was made */
	EXIT_ENGINE = 4,     /* the container engine or a registry cannot be reached or refuses */
	EXIT_IMAGE = 5,	     /* no such image, or one that cannot be read */
	EXIT_KERNEL = 6,     /* privileges or kernel features are missing */
	EXIT_APP = 7,	     /* the application failed or did too little to be trusted */
	EXIT_CHECK = 8,	     /* a condition of --fail-if holds */
	EXIT_SIGNAL = 128,   /* plus the signal that ended the run */
};

int cli_main(int argc, char **argv);

#endif
