/* SPDX-License-Identifier: BSD-2-Clause */
/* Making and checking commands: shared by the readers of the command line and of the file. */
#ifndef DRIVE_COMMAND_H
#define DRIVE_COMMAND_H

#include "slimtrace/drive.h"

/* GET / on every port, by http or https. */
void probe_cmd_init(struct probe_cmd *cmd);
void probe_cmd_release(struct probe_cmd *cmd);
void probe_field_release(struct probe_field *field);
/* Moves @cmd to the end of @cmds. */
void probe_cmds_push(struct probe_cmds *cmds, struct probe_cmd *cmd);

/* Setters check the value and set ERR_USAGE with what is wrong with it; they replace older values.
 */
int probe_cmd_set_protocol(struct probe_cmd *cmd, const char *value, struct err *err);
int probe_cmd_set_method(struct probe_cmd *cmd, const char *value, struct err *err);
int probe_cmd_set_resource(struct probe_cmd *cmd, const char *value, struct err *err);
int probe_cmd_add_header(struct probe_cmd *cmd, const char *value, struct err *err);
/* Moves @field to the end of the command's form. */
void probe_cmd_add_field(struct probe_cmd *cmd, struct probe_field *field);
bool probe_cmd_is_websocket(const struct probe_cmd *cmd);
/* Whether what was set goes together. */
int probe_cmd_check(const struct probe_cmd *cmd, struct err *err);

#endif
