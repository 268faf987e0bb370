/* SPDX-License-Identifier: BSD-2-Clause */
/* Why one entry stays or goes, in words. */
#include <math.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/progress.h"
#include "slimtrace/base/text.h"
#include "slimtrace/report.h"

#define MAX_PROGRAMS 5 /* that are named, of each access */
#define MAX_ACCESSES 8

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

/* Whether what is behind the name's last colon would be taken for "MODE#UID#GID". */
static bool has_mode(const char *colon)
{
	return colon && !strchr(colon, '/') && !colon[1 + strspn(colon + 1, "0123456789#")];
}

/*
 * The path as a pattern in a shell's single quotes that matches it: what means something in one is
 * said to mean itself, and what cannot be shown or typed is '?', a byte for any.
 */
static void add_pattern(const char *path, struct strbuf *ret)
{
	const char *colon = strrchr(path, ':');

	for (const char *p = path; *p;) {
		size_t n = text_shown(p, strlen(p));

		if (!n)
			strbuf_addch(ret, '?');
		else if (*p == '\'')
			strbuf_addstr(ret, "'\\''");
		else if (strchr("*?[\\", *p))
			strbuf_addf(ret, "\\%c", *p);
		else if (p == colon && has_mode(colon))
			strbuf_addstr(ret, "[:]");
		else
			strbuf_add(ret, p, n);
		p += n ? n : 1;
	}
}

/* A name of a file with others: its bytes are not lost, or won, with this one. */
static void add_holder(const cJSON *line, struct strbuf *ret)
{
	_cleanup_free_ char *holder = json_bytes(line, "content_of", NULL);

	if (!holder)
		return;
	strbuf_addstr(ret, "  same file  as ");
	add_safe(ret, holder);
	strbuf_addstr(ret, ", where its bytes count\n");
}

static void add_label(struct strbuf *ret, const char *label)
{
	strbuf_addf(ret, "  %-10s ", label);
}

static bool has_number(const cJSON *list, uint64_t n)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, list)
		if (cJSON_IsNumber(item) && item->valuedouble == (double)n)
			return true;
	return false;
}

/* By call, who. NULL: not known, or a list of an older version. */
static const cJSON *calls_of(const cJSON *access, const char *kind)
{
	const cJSON *calls = json_get(json_get(access, "syscalls"), kind);

	return cJSON_IsObject(calls) ? calls : NULL;
}

/* "read (openat, open)": a kind of use and the calls that it was, those of the program at @place.
 */
#define ANY UINT64_MAX
static bool add_kind(const cJSON *access, const char *kind, uint64_t place, struct strbuf *ret)
{
	const cJSON *calls = calls_of(access, kind), *list;
	const char *separator = " (";
	size_t before = ret->len;
	bool all = true;

	strbuf_addstr(ret, before ? ", " : "");
	add_safe(ret, kind);
	cJSON_ArrayForEach (list, calls) {
		if (place != ANY && !has_number(list, place)) {
			all = false;
			continue;
		}
		strbuf_addstr(ret, separator);
		add_safe(ret, list->string);
		separator = ", ";
	}
	if (*separator == ',')
		strbuf_addch(ret, ')');
	else if (place != ANY)
		strbuf_setlen(ret, before);
	return all;
}

/* Of one program what is known; of @place ANY all. False: others did more. */
static bool add_kinds(const cJSON *access, uint64_t place, struct strbuf *ret)
{
	const cJSON *kind;
	bool all = true;

	cJSON_ArrayForEach (kind, json_get(access, "uses"))
		all &= add_kind(access, cJSON_IsString(kind) ? kind->valuestring : "?", place, ret);
	return all;
}

/* With what each did, when not all did the same. */
static void add_programs(const cJSON *access, struct strbuf *ret)
{
	const cJSON *program;
	uint64_t n = 0;

	cJSON_ArrayForEach (program, json_get(access, "programs")) {
		_cleanup_strbuf_ struct strbuf how = STRBUF_INIT;

		if (++n > MAX_PROGRAMS)
			continue;
		add_label(ret, "by");
		add_safe(ret, json_str(program, "exe", "?"));
		strbuf_addf(ret, " (pid %llu)", (unsigned long long)json_u64(program, "pid", 0));
		if (!add_kinds(access, n - 1, &how) && how.len)
			strbuf_addf(ret, ": %s", how.buf);
		strbuf_addch(ret, '\n');
	}
	n += json_u64(access, "more_programs", 0);
	if (n > MAX_PROGRAMS)
		strbuf_addf(ret, "             and %llu more\n",
			    (unsigned long long)n - MAX_PROGRAMS);
}

/* How, by which calls, when. */
static void add_how(const cJSON *access, struct strbuf *ret)
{
	const cJSON *first = json_get(access, "first_seconds");
	_cleanup_strbuf_ struct strbuf how = STRBUF_INIT;

	add_label(ret, "how");
	add_kinds(access, ANY, &how);
	strbuf_add(ret, how.buf, how.len);
	if (json_get(access, "error"))
		strbuf_addf(ret, ", refused (%s)", json_str(access, "error", "?"));
	strbuf_addch(ret, '\n');
	if (!cJSON_IsNumber(first))
		return;
	add_label(ret, "when");
	strbuf_addf(ret, "first %.3f s after the start\n", first->valuedouble);
}

static void add_path(const cJSON *access, const char *label, const char *known, struct strbuf *ret)
{
	size_t len = 0;
	_cleanup_free_ char *path = json_bytes(access, "path", &len);

	if (!path || !strcmp(path, known))
		return;
	add_label(ret, label);
	add_safe(ret, path);
	strbuf_addch(ret, '\n');
}

static bool has_all(const cJSON *words, const cJSON *of)
{
	const cJSON *word, *one;

	cJSON_ArrayForEach (word, of) {
		bool found = false;

		cJSON_ArrayForEach (one, words)
			found |= cJSON_Compare(one, word, true);
		if (!found)
			return false;
	}
	return true;
}

/* Where the program at @place of @access is among those of @other; -1: it is not. */
static int place_in(const cJSON *other, const cJSON *access, const cJSON *place)
{
	const cJSON *programs = json_get(access, "programs"), *program, *one;
	int n = 0;

	program = cJSON_IsNumber(place) ? cJSON_GetArrayItem(programs, place->valueint) : NULL;
	cJSON_ArrayForEach (one, json_get(other, "programs")) {
		if (cJSON_Compare(one, program, true))
			return n;
		n++;
	}
	return -1;
}

/* Whether @other has all calls that @access has: of each kind, by each program. */
static bool has_calls(const cJSON *other, const cJSON *access)
{
	const cJSON *kind, *list, *place;

	cJSON_ArrayForEach (kind, json_get(access, "syscalls")) {
		const cJSON *calls = calls_of(access, kind->string);

		cJSON_ArrayForEach (list, calls)
			cJSON_ArrayForEach (place, list) {
				int at = place_in(other, access, place);

				if (at < 0 || !has_number(json_get(calls_of(other, kind->string),
								   list->string),
							  (uint64_t)at))
					return false;
			}
	}
	return true;
}

static long long milliseconds(const cJSON *access)
{
	const cJSON *first = json_get(access, "first_seconds");

	return cJSON_IsNumber(first) ? llround(first->valuedouble * 1000) : -1;
}

/*
 * The same use is told of as it was asked for, and as it was reached, or with its last link
 * followed and not: one that says no more than another, which came no later, is not told.
 */
static bool is_covered(const cJSON *access, const cJSON *accesses)
{
	const cJSON *other, *uses = json_get(access, "uses");
	bool before = true;

	cJSON_ArrayForEach (other, accesses) {
		if (other == access) {
			before = false;
			continue;
		}
		if ((before ||
		     cJSON_GetArraySize(json_get(other, "uses")) > cJSON_GetArraySize(uses)) &&
		    has_all(json_get(other, "uses"), uses) &&
		    has_all(json_get(other, "programs"), json_get(access, "programs")) &&
		    has_calls(other, access) && milliseconds(other) <= milliseconds(access) &&
		    !json_get(access, "error") && !json_get(other, "error") &&
		    !json_get(access, "more_programs") &&
		    !strcmp(json_str(other, "path", ""), json_str(access, "path", "")))
			return true;
	}
	return false;
}

static void add_access(const cJSON *access, const char *path, struct strvec *told,
		       struct strbuf *ret)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	add_how(access, &text);
	add_path(access, "named", path, &text);
	add_programs(access, &text);
	if (strvec_has(told, text.buf))
		return;
	strvec_push(told, text.buf);
	if (told->n <= MAX_ACCESSES)
		strbuf_add(ret, text.buf, text.len);
}

/* Who, how, when; of what was not used itself: what it stays because of. */
static void add_uses(const cJSON *line, const char *path, struct strbuf *ret)
{
	const cJSON *access, *cause = json_get(line, "because_of"),
			     *accesses = json_get(line, "accesses");
	_cleanup_strvec_ struct strvec told = STRVEC_INIT;
	uint64_t more = json_u64(line, "more_accesses", 0);

	cJSON_ArrayForEach (access, accesses)
		if (!is_covered(access, accesses))
			add_access(access, path, &told, ret);
	if (told.n > MAX_ACCESSES)
		more += told.n - MAX_ACCESSES;
	if (more)
		strbuf_addf(ret, "             and in %llu more ways\n", (unsigned long long)more);
	if (!cause)
		return;
	add_path(cause, "because of", "", ret);
	add_how(cause, ret);
	add_programs(cause, ret);
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
	bool used = json_get(line, "accesses");

	if (json_bool(line, "excluded", false)) {
		strbuf_addf(ret,
			    "  an --exclude-pattern matches it, %s\n"
			    "  to keep it: leave that out, or let it match less\n",
			    used ? "although it was used" : "and nothing that was watched used it");
		return;
	}
	strbuf_addstr(ret,
		      used ? "  what used it does not count (--exclude-exec-paths, --rule-off)\n"
			     "  to keep it: let it count, or --include-path '"
			   : "  nothing that was watched used it, and no rule needs it\n"
			     "  to keep it: make the run use it, or --include-path '");
	add_pattern(path, ret);
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
	add_holder(line, ret);
	if (!strcmp(json_str(line, "verdict", ""), "kept")) {
		add_reasons(line, ret);
	} else {
		add_remedy(line, path, ret);
	}
	add_uses(line, path, ret);
}
