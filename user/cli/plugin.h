/* SPDX-License-Identifier: BSD-2-Clause */
/* As a plugin of docker's command line, which is what the program is under the name
 * docker-slimtrace. */
#ifndef CLI_PLUGIN_H
#define CLI_PLUGIN_H

#include "cli/command.h"

/*
 * Asked what it is it answers: returns 1, and that was all. Else what docker's command line says
 * before the plugin's name goes into @global, *argc and *argv are left with what follows it, and it
 * returns 0; also when the program was not called as a plugin. -errno: a usage error.
 */
int plugin_enter(int *argc, char ***argv, struct global_opts *global, struct err *err);

#endif
