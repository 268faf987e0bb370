/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as an API description: every command that comes of it is a valid one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/log.h"
#include "slimtrace/drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct probe_cmd *cmd)
{
	must(cmd->source == PROBE_SPEC && cmd->resource[0] == '/');
	must(cmd->method[0] && !strpbrk(cmd->method, " \t\r\n:/"));
	must(!cmd->body || !cmd->n_fields);
	for (size_t i = 0; i < cmd->headers.n; i++)
		must(strchr(cmd->headers.v[i], ':') && !strpbrk(cmd->headers.v[i], "\r\n"));
	for (size_t i = 0; i < cmd->n_fields; i++)
		must(cmd->fields[i].name && !strpbrk(cmd->fields[i].name, "\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct probe_cmds cmds = { 0 };
	struct err err = ERR_INIT;

	log_set_level(LOG_ERROR);
	if (probe_apispec_parse((const char *)data, size, "api.json", NULL, &cmds, &err) < 0)
		must(!cmds.n && err.class == ERR_USAGE && err.msg[0]);
	for (size_t i = 0; i < cmds.n; i++)
		check(&cmds.v[i]);
	probe_cmds_release(&cmds);
	return 0;
}
