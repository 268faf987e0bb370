/* SPDX-License-Identifier: BSD-2-Clause */
/* Why one entry stays or goes, in words. */
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/progress.h"
#include "slimtrace/base/text.h"
#include "slimtrace/report.h"

#define MAX_PROGRAMS 5 /* that are named */

static void add_safe(struct strbuf *sb, const char *text)
{
	text_add_safe(sb, text, strlen(text));
}

static const char *reason_text(const char *name)
{
	for (unsigned int i = 0; i < KEEP_REASONS; i++)
		if (!strcmp(keep_reason_name(i), name))
			return keep_reason_text(i);
	return "";
}

static void add_head(const cJSON *line, const char *path, const char *diff_id, struct strbuf *ret)
{
	uint64_t size = json_u64(line, "size", 0), original = json_u64(line, "original_size", size);
	char buf[16];

	add_safe(ret, path);
	strbuf_addf(ret, ": %s, %s", json_str(line, "verdict", "?"), json_str(line, "type", "?"));
	if (!strcmp(json_str(line, "type", ""), "file"))
		strbuf_addf(ret, " of %s", format_bytes(buf, original));
	if (size != original)
		strbuf_addf(ret, " (%s of it)", format_bytes(buf, size));
	strbuf_addf(ret, ", from layer %llu", (unsigned long long)json_u64(line, "layer", 0));
	if (diff_id)
		strbuf_addf(ret, " (%.19s)", diff_id);
	strbuf_addch(ret, '\n');
}

static void add_words(const cJSON *array, struct strbuf *ret)
{
	const cJSON *word;
	const char *separator = "";

	cJSON_ArrayForEach (word, array) {
		strbuf_addstr(ret, separator);
		add_safe(ret, cJSON_IsString(word) ? word->valuestring : "?");
		separator = ", ";
	}
}

static void add_package(const cJSON *line, struct strbuf *ret)
{
	size_t len = 0;
	_cleanup_free_ char *name = json_bytes(line, "package", &len);

	if (!name)
		return;
	strbuf_addstr(ret, "  package    ");
	add_safe(ret, name);
	strbuf_addstr(ret, " (");
	add_safe(ret, json_str(line, "package_manager", "?"));
	strbuf_addstr(ret, ")\n");
}

/* Who, how, when. */
static void add_use(const cJSON *line, struct strbuf *ret)
{
	const cJSON *program, *first = json_get(line, "first_seconds");
	int n = 0;

	if (!json_get(line, "uses"))
		return;
	strbuf_addstr(ret, "  how        ");
	add_words(json_get(line, "uses"), ret);
	if (cJSON_IsNumber(first))
		strbuf_addf(ret, ", first %.3f s after the start", first->valuedouble);
	strbuf_addch(ret, '\n');
	cJSON_ArrayForEach (program, json_get(line, "programs")) {
		if (++n > MAX_PROGRAMS)
			continue;
		strbuf_addstr(ret, "  by         ");
		add_safe(ret, json_str(program, "exe", "?"));
		strbuf_addf(ret, " (pid %llu)\n", (unsigned long long)json_u64(program, "pid", 0));
	}
	if (n > MAX_PROGRAMS)
		strbuf_addf(ret, "             and %d more\n", n - MAX_PROGRAMS);
}

static void add_reasons(const cJSON *line, struct strbuf *ret)
{
	const cJSON *reason;

	cJSON_ArrayForEach (reason, json_get(line, "reasons")) {
		const char *name = cJSON_IsString(reason) ? reason->valuestring : "?";

		strbuf_addstr(ret, "  ");
		add_safe(ret, name);
		for (size_t n = strlen(name); n < 10; n++)
			strbuf_addch(ret, ' ');
		strbuf_addf(ret, " %s\n", reason_text(name));
	}
}

static void add_remedy(const cJSON *line, const char *path, struct strbuf *ret)
{
	if (json_bool(line, "excluded", false)) {
		strbuf_addstr(
			ret,
			"  an --exclude-pattern matches it; without that: see what needs it\n");
		return;
	}
	strbuf_addstr(ret, "  nothing that was watched used it, and no rule needs it\n"
			   "  to keep it: make the run use it, or --include-path '");
	add_safe(ret, path);
	strbuf_addstr(ret, "'\n");
}

void report_why(const cJSON *line, const char *diff_id, struct strbuf *ret)
{
	size_t len = 0;
	_cleanup_free_ char *path = json_bytes(line, "path", &len);

	if (!path)
		path = xstrdup("?");
	add_head(line, path, diff_id, ret);
	add_package(line, ret);
	if (!strcmp(json_str(line, "verdict", ""), "kept")) {
		add_reasons(line, ret);
		add_use(line, ret);
	} else {
		add_remedy(line, path, ret);
	}
}
