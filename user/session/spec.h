/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The container to create, as the engine's API wants it (POST /containers/create), from what the
 * user wrote in docker run's words. Everything that docker's client does on its side is done here:
 * splitting, reading files, defaults. Nothing is asked of an engine. What is wrong is ERR_USAGE,
 * naming the option and the value.
 */
#ifndef SESSION_SPEC_H
#define SESSION_SPEC_H

#include "slimtrace/base/json.h"
#include "slimtrace/session.h"

/* Without labels. The caller frees *ret. */
int spec_make(const struct build_opts *o, const char *image_id, cJSON **ret, struct err *err);

/* A command line as the user wrote it: a JSON array, or words as a shell would split them. */
int spec_words(const char *option, const char *text, struct strvec *ret, struct err *err);

/* --- parts, each in a file of its own; @host is HostConfig --- */

/* Files first, then single ones; a later value of a name replaces an earlier one. */
int spec_env(cJSON *body, const struct strvec *files, const struct strvec *vars, struct err *err);
/* docker run's -v and its --mount. */
int spec_mounts(cJSON *body, cJSON *host, const struct strvec *mounts, struct err *err);
/* -p [IP:][[HOST]:]CONTAINER[/PROTO] and --expose PORT[/PROTO], ranges included. */
int spec_ports(cJSON *body, cJSON *host, const struct strvec *publish, const struct strvec *expose,
	       struct err *err);
/* HostConfig of --cro-host-config-file, then the options that have a place in it. */
int spec_host(const struct build_opts *o, cJSON *host, struct err *err);
/* docker run's --gpus: all, a number, or "device=0,driver=nvidia". */
int spec_gpus(cJSON *host, const char *text, struct err *err);
int spec_security(cJSON *host, const struct strvec *opts, struct err *err);

/* --- what they share --- */

/* Replaces or adds. */
void spec_set(cJSON *obj, const char *key, cJSON *item);
/* The array or object at @key, made when it is not there. */
cJSON *spec_array(cJSON *obj, const char *key);
cJSON *spec_object(cJSON *obj, const char *key);
void spec_append(cJSON *obj, const char *key, const struct strvec *items);
/* Fields between commas; one in double quotes may hold commas, "" in it is a quote (RFC 4180). */
int spec_split_csv(const char *text, struct strvec *ret, struct err *err);
/* Usage error: "OPTION 'VALUE': WHY" */
int spec_wrong(struct err *err, const char *option, const char *value, const char *why);

#endif
