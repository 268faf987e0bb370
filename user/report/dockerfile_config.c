/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of a configuration that instructions set, as the image has it. */
#include <stdlib.h>
#include <string.h>

#include "report/dockerfile.h"
#include "slimtrace/base/alloc.h"

static void read_strings(const cJSON *array, struct strvec *ret)
{
	const cJSON *item;

	if (cJSON_IsString(array))
		strvec_push(ret, array->valuestring);
	cJSON_ArrayForEach (item, array)
		if (cJSON_IsString(item))
			strvec_push(ret, item->valuestring);
}

static void read_keys(const cJSON *object, struct strvec *ret)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, object)
		if (item->string && *item->string)
			strvec_push(ret, item->string);
}

static void read_env(struct df_config *c, const cJSON *array)
{
	_cleanup_strvec_ struct strvec env = STRVEC_INIT;

	read_strings(array, &env);
	for (size_t i = 0; i < env.n; i++) {
		const char *value = strchr(env.v[i], '=');
		_cleanup_free_ char *name =
			value ? xstrndup(env.v[i], (size_t)(value - env.v[i])) : NULL;

		if (name && *name)
			df_map_set(c->env, name, value + 1, strlen(value + 1));
	}
}

static void read_labels(struct df_config *c, const cJSON *labels)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, labels)
		if (item->string && *item->string && cJSON_IsString(item))
			df_map_set(c->labels, item->string, item->valuestring,
				   strlen(item->valuestring));
}

static char *read_health(const cJSON *health, struct strvec *ret_test)
{
	struct df_health h = {
		.interval = json_i64(health, "Interval", 0),
		.timeout = json_i64(health, "Timeout", 0),
		.start_period = json_i64(health, "StartPeriod", 0),
		.start_interval = json_i64(health, "StartInterval", 0),
		.retries = json_i64(health, "Retries", 0),
	};
	char *text;

	read_strings(json_get(health, "Test"), &h.test);
	text = df_health_text(&h);
	*ret_test = h.test;
	return text;
}

void df_config_read(struct df_config *c, const cJSON *config)
{
	*c = (struct df_config){ .env = strmap_new(), .labels = strmap_new() };
	read_env(c, json_get(config, "Env"));
	read_labels(c, json_get(config, "Labels"));
	read_keys(json_get(config, "ExposedPorts"), &c->ports);
	read_keys(json_get(config, "Volumes"), &c->volumes);
	read_strings(json_get(config, "Cmd"), &c->cmd);
	read_strings(json_get(config, "Entrypoint"), &c->entrypoint);
	read_strings(json_get(config, "OnBuild"), &c->onbuild);
	read_strings(json_get(config, "Shell"), &c->shell);
	if (!c->shell.n) {
		strvec_push(&c->shell, "/bin/sh");
		strvec_push(&c->shell, "-c");
	}
	c->health = read_health(json_get(config, "Healthcheck"), &c->health_test);
	c->user = xstrdup(json_str(config, "User", ""));
	c->workdir = xstrdup(json_str(config, "WorkingDir", ""));
	c->stop_signal = xstrdup(json_str(config, "StopSignal", ""));
}

void df_config_release(struct df_config *c)
{
	strmap_free_with(c->env, free);
	strmap_free_with(c->labels, free);
	strvec_release(&c->ports);
	strvec_release(&c->volumes);
	strvec_release(&c->cmd);
	strvec_release(&c->entrypoint);
	strvec_release(&c->shell);
	strvec_release(&c->onbuild);
	strvec_release(&c->health_test);
	free(c->health);
	free(c->user);
	free(c->workdir);
	free(c->stop_signal);
}
