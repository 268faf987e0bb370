/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts of profiles: the calls that a seccomp profile allows, the rules of an AppArmor profile. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diff/diff.h"
#include "slimtrace/base/alloc.h"

/* The action, and whether arguments decide too. */
static char *value_of(const cJSON *rule)
{
	const cJSON *args = json_get(rule, "args");
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	if (cJSON_IsArray(args) && args->child)
		diff_add_json(args, &text);
	if (json_get(rule, "errnoRet"))
		strbuf_addf(&text, "%serrno %lld", text.len ? " " : "",
			    (long long)json_i64(rule, "errnoRet", 0));
	return xasprintf("%s%s%s", json_str(rule, "action", ""), text.len ? " " : "",
			 text.len ? text.buf : "");
}

/* What lets a call pass; anything else is a refusal, a rule of its own (ENOSYS in place of EPERM).
 */
static bool allows(const cJSON *rule)
{
	static const char *const actions[] = { "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE",
					       "SCMP_ACT_NOTIFY" };
	const char *action = json_str(rule, "action", "");

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (!strcmp(actions[i], action))
			return true;
	return false;
}

static void add_rule(struct facts *facts, const cJSON *rule)
{
	enum fact_kind kind = allows(rule) ? FACT_SYSCALLS : FACT_RULES;
	_cleanup_free_ char *value = value_of(rule);
	const cJSON *name;

	cJSON_ArrayForEach (name, json_get(rule, "names")) {
		const char *has, *call = cJSON_IsString(name) ? name->valuestring : "";

		if (!*call)
			continue;
		has = strmap_get(facts->of[kind], call);
		facts_add(facts, kind, call, strlen(call),
			  has ? xasprintf("%s; %s", has, value) : xstrdup(value));
	}
}

int facts_of_seccomp(struct facts *facts, const cJSON *profile, struct err *err)
{
	const char *action = json_str(profile, "defaultAction", NULL);
	const cJSON *rule;

	if (!action)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "it is neither a record nor a seccomp profile");
	facts_add(facts, FACT_CONFIGURATION, "defaultAction", strlen("defaultAction"),
		  xstrdup(action));
	cJSON_ArrayForEach (rule, json_get(profile, "syscalls"))
		add_rule(facts, rule);
	return 0;
}

/* A rule a line, as we write it; comments say nothing. */
void facts_of_apparmor(struct facts *facts, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end, *start = text;

		while (start < stop && (*start == ' ' || *start == '\t'))
			start++;
		while (stop > start && strchr(" \t\r,", stop[-1]) && stop[-1])
			stop--;
		if (stop > start && *start != '#' && *start != '}')
			facts_add(facts, FACT_RULES, start, (size_t)(stop - start), xstrdup(""));
		text = newline ? newline + 1 : end;
	}
}
