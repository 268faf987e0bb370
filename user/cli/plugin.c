/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Docker runs a plugin with all of its own command line, so that "docker -H ADDRESS slimtrace
 * build" is called as "docker-slimtrace -H ADDRESS slimtrace build" (docker/cli,
 * cli-plugins/manager).
 */
#include "cli/plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cleanup.h"

#define NAME "slimtrace"

#define GLOBAL(field) offsetof(struct global_opts, field)
/* Docker's global options (docker/cli, cli/flags/options.go) that are ours by another name. */
static const struct option_row shared[] = {
	{ "host", OPTION_STRING, GLOBAL(engine.host), "ADDRESS", NULL, NULL },
	{ "H", OPTION_STRING, GLOBAL(engine.host), "ADDRESS", NULL, NULL },
	{ "context", OPTION_STRING, GLOBAL(engine.context), "NAME", NULL, NULL },
	{ "c", OPTION_STRING, GLOBAL(engine.context), "NAME", NULL, NULL },
	{ "tls", OPTION_TRI, GLOBAL(engine.tls), NULL, NULL, NULL },
	{ "tlsverify", OPTION_TRI, GLOBAL(engine.tls_verify), NULL, NULL, NULL },
	{ "debug", OPTION_BOOL, GLOBAL(debug), NULL, NULL, NULL },
	{ "D", OPTION_BOOL, GLOBAL(debug), NULL, NULL, NULL },
};

/* Those that are not. */
struct docker_args {
	const char *config, *level;
	const char *ca, *cert, *key;
};

#define DOCKER(field) offsetof(struct docker_args, field)
static const struct option_row others[] = {
	{ "config", OPTION_STRING, DOCKER(config), "DIR", NULL, NULL },
	{ "log-level", OPTION_STRING, DOCKER(level), "LEVEL", NULL, NULL },
	{ "l", OPTION_STRING, DOCKER(level), "LEVEL", NULL, NULL },
	{ "tlscacert", OPTION_STRING, DOCKER(ca), "FILE", NULL, NULL },
	{ "tlscert", OPTION_STRING, DOCKER(cert), "FILE", NULL, NULL },
	{ "tlskey", OPTION_STRING, DOCKER(key), "FILE", NULL, NULL },
};

/* Here certificates are three files of one directory. */
static int take_certificate(const char *option, const char *path, const char *name, struct err *err)
{
	const char *slash = strrchr(path, '/'), *before = getenv("DOCKER_CERT_PATH");
	_cleanup_free_ char *dir =
		slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup("./");

	if (strcmp(slash ? slash + 1 : path, name) != 0 || (before && strcmp(before, dir) != 0)) {
		err_class_set(
			err, ERR_USAGE, EINVAL,
			"docker's --%s '%s': slimtrace takes ca.pem, cert.pem and key.pem of one "
			"directory",
			option, path);
		return err_hint(err, "docker slimtrace --tls-cert-path DIR ...");
	}
	setenv("DOCKER_CERT_PATH", dir, 1);
	return 0;
}

static int take_certificates(const struct docker_args *args, struct err *err)
{
	int r = 0;

	if (args->ca || args->cert || args->key)
		unsetenv("DOCKER_CERT_PATH");
	if (args->ca)
		r = take_certificate("tlscacert", args->ca, "ca.pem", err);
	if (!r && args->cert)
		r = take_certificate("tlscert", args->cert, "cert.pem", err);
	if (!r && args->key)
		r = take_certificate("tlskey", args->key, "key.pem", err);
	return r;
}

static int take_docker_options(int *argc, char ***argv, struct global_opts *global, struct err *err)
{
	struct docker_args args = { 0 };
	const struct option_set sets[] = { { shared, ARRAY_SIZE(shared), global },
					   { others, ARRAY_SIZE(others), &args } };
	int next, r = options_parse(*argc, *argv, sets, ARRAY_SIZE(sets), true, NULL, &next, err);

	if (r < 0)
		return err_wrap(err, "as a plugin of docker");
	if (args.config)
		setenv("DOCKER_CONFIG", args.config, 1);
	if (args.level && !strcmp(args.level, "debug"))
		global->debug = true;
	/* "docker help slimtrace" has its name last: there, what comes before is the command. */
	if (next >= *argc || strcmp((*argv)[next], NAME) != 0)
		next--;
	*argv += next;
	*argc -= next;
	return take_certificates(&args, err);
}

int plugin_enter(int *argc, char ***argv, struct global_opts *global, struct err *err)
{
	const char *slash = strrchr((*argv)[0], '/');

	if (strcmp(slash ? slash + 1 : (*argv)[0], "docker-" NAME) != 0 || *argc < 2)
		return 0;
	if (!strcmp((*argv)[1], "docker-cli-plugin-metadata")) {
		printf("{\"SchemaVersion\": \"0.1.0\", \"Vendor\": \"slimtrace\", \"Version\": "
		       "\"%s\", \"ShortDescription\": \"Make images small by what their "
		       "containers use\"}\n",
		       SLIMTRACE_VERSION);
		return 1;
	}
	/* Somebody may also run it by that name, without docker. */
	if (strcmp((*argv)[1], NAME) != 0 && !getenv("DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND"))
		return 0;
	return take_docker_options(argc, argv, global, err);
}
