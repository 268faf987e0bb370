/* SPDX-License-Identifier: BSD-2-Clause */
/* HostConfig: a file of the user's, and over it what options say. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "session/spec.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/text.h"

#define MAX_FILE (16u << 20)

/* What would take the container away from under the tracer, or start it again. */
static void drop_lifetime(cJSON *host, const char *path)
{
	static const char *const keys[] = { "AutoRemove", "RestartPolicy" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!json_get(host, keys[i]))
			continue;
		cJSON_DeleteItemFromObjectCaseSensitive(host, keys[i]);
		log_debug("%s of '%s' is not used: the container is watched once, then removed",
			  keys[i], path);
	}
}

static int read_file(const char *path, cJSON *host, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_(json_free) cJSON *doc = NULL;
	int r = io_read_file(AT_FDCWD, path, MAX_FILE, &text, err);

	if (r >= 0)
		r = json_parse(text.buf, text.len, "the file", &doc, err);
	if (r >= 0 && !cJSON_IsObject(doc))
		r = err_class_set(err, ERR_USAGE, EINVAL, "it is not a JSON object");
	if (r < 0) {
		err->class = ERR_USAGE;
		return err_wrap(err, "--cro-host-config-file '%s'", path);
	}
	drop_lifetime(doc, path);
	while (doc && doc->child) {
		cJSON *item = cJSON_DetachItemViaPointer(doc, doc->child);
		_cleanup_free_ char *key = xstrdup(item->string);

		spec_set(host, key, item);
	}
	return 0;
}

static int add_sysctls(cJSON *host, const struct strvec *sysctls, struct err *err)
{
	for (size_t i = 0; i < sysctls->n; i++) {
		const char *text = sysctls->v[i];
		size_t len = strcspn(text, "=");
		_cleanup_free_ char *key = xstrndup(text, len);

		if (!len || !text[len])
			return spec_wrong(err, "--cro-sysctl", text, "it is not NAME=VALUE");
		spec_set(spec_object(host, "Sysctls"), key, cJSON_CreateString(text + len + 1));
	}
	return 0;
}

static int add_hosts(cJSON *host, const struct strvec *hosts, struct err *err)
{
	for (size_t i = 0; i < hosts->n; i++)
		if (strcspn(hosts->v[i], ":") == 0 || !strchr(hosts->v[i], ':'))
			return spec_wrong(err, "--etc-hosts-map", hosts->v[i], "it is not NAME:IP");
	spec_append(host, "ExtraHosts", hosts);
	return 0;
}

/* --- security options --- */

/* docker's client sends the profile itself, not the name of its file. */
static int add_seccomp(cJSON *host, const char *path, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, compact = STRBUF_INIT;
	_cleanup_(json_free) cJSON *doc = NULL;
	_cleanup_free_ char *opt = NULL;
	int r = io_read_file(AT_FDCWD, path, MAX_FILE, &text, err);

	if (!r)
		r = json_parse(text.buf, text.len, "the profile", &doc, err);
	if (r < 0) {
		err->class = ERR_USAGE;
		return err_wrap(err, "--security-opt 'seccomp=%s'", path);
	}
	json_print(doc, false, &compact);
	opt = xasprintf("seccomp=%s", compact.buf);
	json_append(spec_array(host, "SecurityOpt"), cJSON_CreateString(opt));
	return 0;
}

static int add_security(cJSON *host, const char *opt, struct err *err)
{
	static const char seccomp[] = "seccomp=";
	const char *profile = opt + strlen(seccomp);

	if (!strcmp(opt, "systempaths=unconfined")) {
		spec_set(host, "MaskedPaths", json_array());
		spec_set(host, "ReadonlyPaths", json_array());
		return 0;
	}
	if (!strncmp(opt, seccomp, strlen(seccomp)) && strcmp(profile, "unconfined") != 0 &&
	    strcmp(profile, "builtin") != 0)
		return add_seccomp(host, profile, err);
	if (!strpbrk(opt, "=:") && strcmp(opt, "no-new-privileges") != 0)
		return spec_wrong(err, "--security-opt", opt, "it is not NAME=VALUE");
	json_append(spec_array(host, "SecurityOpt"), cJSON_CreateString(opt));
	return 0;
}

int spec_security(cJSON *host, const struct strvec *opts, struct err *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < opts->n; i++)
		r = add_security(host, opts->v[i], err);
	return r;
}

/* --- GPUs --- */

static void append_split(cJSON *array, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, ",");
		_cleanup_free_ char *part = xstrndup(text, len);

		json_append(array, cJSON_CreateString(part));
		text += len + (text[len] == ',');
	}
}

static int gpu_count(cJSON *req, const char *value, struct err *err)
{
	unsigned long long n;

	if (!strcmp(value, "all")) {
		spec_set(req, "Count", cJSON_CreateNumber(-1));
		return 0;
	}
	if (text_parse_u64(value, 1, 1024, "--gpus", &n, err) < 0)
		return err_hint(err, "all, a number, or device=ID[,ID] in double quotes");
	spec_set(req, "Count", cJSON_CreateNumber((double)n));
	return 0;
}

static int gpu_field(cJSON *req, const char *field, struct err *err)
{
	const char *equals = strchr(field, '='), *value = equals ? equals + 1 : field;
	size_t len = strcspn(field, "=");

	if (!equals || !strncmp(field, "count=", len + 1))
		return gpu_count(req, value, err);
	if (!strncmp(field, "driver=", len + 1))
		spec_set(req, "Driver", cJSON_CreateString(value));
	else if (!strncmp(field, "device=", len + 1))
		append_split(spec_array(req, "DeviceIDs"), value);
	else if (!strncmp(field, "capabilities=", len + 1))
		append_split(spec_array(req, "capabilities"), value);
	else
		return spec_wrong(err, "--gpus", field, "it is not understood");
	return 0;
}

int spec_gpus(cJSON *host, const char *text, struct err *err)
{
	_cleanup_strvec_ struct strvec fields = STRVEC_INIT;
	_cleanup_(json_free) cJSON *req = json_object();
	cJSON *capabilities;
	int r = spec_split_csv(text, &fields, err);

	for (size_t i = 0; !r && i < fields.n; i++)
		r = gpu_field(req, fields.v[i], err);
	if (r < 0)
		return r;
	if (!json_get(req, "Count") && !json_get(req, "DeviceIDs"))
		json_add_int(req, "Count", 1);
	/* A list of lists: any of the inner ones, whose members are all needed. */
	capabilities = spec_array(req, "capabilities");
	json_append(capabilities, cJSON_CreateString("gpu"));
	capabilities = cJSON_DetachItemViaPointer(req, capabilities);
	json_append(json_add(req, "Capabilities", json_array()), capabilities);
	json_append(spec_array(host, "DeviceRequests"), TAKE_PTR(req));
	return 0;
}

static void add_flags(const struct build_opts *o, cJSON *host)
{
	const struct {
		bool on;
		const char *key;
	} flags[] = { { o->read_only, "ReadonlyRootfs" },
		      { o->privileged, "Privileged" },
		      { o->init, "Init" },
		      { o->publish_all, "PublishAllPorts" } };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].on)
			spec_set(host, flags[i].key, cJSON_CreateBool(true));
	if (o->runtime)
		spec_set(host, "Runtime", cJSON_CreateString(o->runtime));
	if (o->shm_bytes)
		spec_set(host, "ShmSize", cJSON_CreateNumber((double)o->shm_bytes));
}

int spec_host(const struct build_opts *o, cJSON *host, struct err *err)
{
	int r = o->host_config_file ? read_file(o->host_config_file, host, err) : 0;

	if (r < 0)
		return r;
	add_flags(o, host);
	spec_append(host, "CapAdd", &o->cap_add);
	spec_append(host, "CapDrop", &o->cap_drop);
	spec_append(host, "Dns", &o->dns);
	spec_append(host, "DnsSearch", &o->dns_search);
	r = add_hosts(host, &o->hosts, err);
	if (!r)
		r = add_sysctls(host, &o->sysctls, err);
	if (!r)
		r = spec_security(host, &o->security_opts, err);
	if (!r && o->gpus)
		r = spec_gpus(host, o->gpus, err);
	return r;
}
