/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a file of probe commands, and as one command of the short form. */
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

/* What every command that was accepted is like: it makes one request, and a valid one. */
static void check(const struct probe_cmd *cmd)
{
	must(cmd->method[0] && !strpbrk(cmd->method, " \t\r\n:/"));
	must(cmd->resource[0] == '/');
	for (size_t i = 0; i < cmd->headers.n; i++)
		must(strchr(cmd->headers.v[i], ':') && !strpbrk(cmd->headers.v[i], "\r\n"));
	must(cmd->username || !cmd->password);
	must(cmd->body || !cmd->body_len);
	must(!cmd->body || !cmd->n_fields);
	for (size_t i = 0; i < cmd->n_fields; i++)
		must(cmd->fields[i].name[0] && !strpbrk(cmd->fields[i].name, "\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct probe_cmds cmds = { 0 };
	struct err err = ERR_INIT;

	log_set_level(LOG_ERROR);
	if (probe_cmds_parse_json((const char *)data, size, "/nowhere/commands.json", &cmds, &err) <
	    0)
		must(!cmds.n && err.class == ERR_USAGE && err.msg[0]);
	err = ERR_INIT;
	if (probe_cmd_parse(text, &cmds, &err) < 0)
		must(err.class == ERR_USAGE && err.msg[0]);
	for (size_t i = 0; i < cmds.n; i++)
		check(&cmds.v[i]);
	probe_cmds_release(&cmds);
	free(text);
	return 0;
}
