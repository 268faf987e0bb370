/* SPDX-License-Identifier: BSD-2-Clause */
/* The closing words on the terminal. */
#include <inttypes.h>
#include <string.h>

#include "slimtrace/base/progress.h"
#include "slimtrace/base/text.h"
#include "slimtrace/report.h"

#define WARNINGS 2
#define TEXT_COLUMNS 66 /* beside a label of 13 */
#define BAR_COLUMNS 32	/* the line beside it fits 80 columns */

static void add_bar(struct strbuf *sb, const char *label, uint64_t part, uint64_t whole)
{
	uint64_t filled = whole ? (part * BAR_COLUMNS + whole / 2) / whole : 0;
	char bytes[16];

	if (part && !filled)
		filled = 1;
	strbuf_addf(sb, "  %-6s", label);
	for (uint64_t i = 0; i < BAR_COLUMNS; i++)
		strbuf_addstr(sb, i < filled ? "█" : "░");
	strbuf_addf(sb, " %8s", format_bytes(bytes, part));
}

static void add_safe_line(struct strbuf *sb, const char *label, const char *text)
{
	strbuf_addf(sb, "  %-10s ", label);
	text_add_safe(sb, text, strlen(text));
	strbuf_addch(sb, '\n');
}

/* The first @columns of @text; one a character, and a mark in place of the last when there is more.
 */
static void add_cut(struct strbuf *sb, const char *text, size_t len, size_t columns)
{
	size_t at = 0, last = 0;

	for (size_t i = 0; i < columns && at < len; i++) {
		size_t n = utf8_sequence(text + at, len - at);

		last = at;
		at += n ? n : 1;
	}
	text_add_safe(sb, text, at < len ? last : len);
	if (at < len)
		strbuf_addstr(sb, "…");
}

/* Told in full when it happened, and in the report: here two lines of it have to do. */
static void add_warning(struct strbuf *sb, const char *text)
{
	size_t len = strlen(text), at = 0, blank = 0;

	for (size_t i = 0; at < len && i < TEXT_COLUMNS; i++) {
		size_t n = utf8_sequence(text + at, len - at);

		if (text[at] == ' ')
			blank = at;
		at += n ? n : 1;
	}
	if (at >= len || !blank)
		blank = at;
	strbuf_addf(sb, "  %-10s ", "warning");
	text_add_safe(sb, text, blank);
	if (blank < len) {
		strbuf_addf(sb, "\n  %-10s ", "");
		blank += text[blank] == ' ';
		add_cut(sb, text + blank, len - blank, TEXT_COLUMNS);
	}
	strbuf_addch(sb, '\n');
}

static void add_sizes(const struct report *r, struct strbuf *sb)
{
	char files[32];

	add_bar(sb, "fat", r->fat_bytes, r->fat_bytes);
	strbuf_addf(sb, "  %s files\n", format_count(files, r->fat_files));
	add_bar(sb, "slim", r->slim_bytes, r->fat_bytes);
	strbuf_addf(sb, "  %s files", format_count(files, r->slim_files));
	if (r->slim_bytes)
		strbuf_addf(sb, ", %.1fx smaller", (double)r->fat_bytes / (double)r->slim_bytes);
	strbuf_addch(sb, '\n');
}

static void add_top(const struct report *r, struct strbuf *sb)
{
	for (size_t i = 0; i < REPORT_TOP && r->top[i].path; i++) {
		const char *path = r->top[i].path;
		char bytes[16];

		strbuf_addf(sb, "  %-10s %8s  ", i ? "" : "dropped",
			    format_bytes(bytes, r->top[i].bytes));
		add_cut(sb, path, strlen(path), TEXT_COLUMNS - 10);
		strbuf_addch(sb, '\n');
	}
	strbuf_addch(sb, '\n');
}

static void add_probes(const struct report *r, struct strbuf *sb)
{
	if (r->probes.n)
		strbuf_addf(sb, "  %-10s %zu of %zu HTTP calls answered%s\n", "probes",
			    r->probes.ok, r->probes.n,
			    r->probes.unverified ? ", certificate not verified" : "");
}

static void add_seccomp(const struct report *r, struct strbuf *sb)
{
	if (r->seccomp)
		strbuf_addf(sb, "  %-10s %zu system calls allowed, of some 350\n", "seccomp",
			    r->calls.n);
}

static void add_commands(const struct report *r, struct strbuf *sb)
{
	size_t n = r->execs.n + r->host_execs.n, failed = r->execs.failed + r->host_execs.failed;

	if (n && failed)
		strbuf_addf(sb, "  %-10s %zu run, %zu failed\n", "commands", n, failed);
	else if (n)
		strbuf_addf(sb, "  %-10s %zu run\n", "commands", n);
	if (r->health != HEALTH_NONE)
		strbuf_addf(sb, "  %-10s %s\n", "health",
			    r->health == HEALTH_OK ? "the health check succeeded"
						   : "the health check failed");
}

static void add_times(const struct report *r, struct strbuf *sb)
{
	const struct report_times *t = &r->times;

	strbuf_addf(
		sb,
		"  %-10s %.1f s (start %.1f, observe %.1f, decide %.1f, pack %.1f, load %.1f)\n",
		"time", t->total, t->prepare, t->observe, t->decide, t->pack, t->load);
}

void report_summary(const struct report *r, struct strbuf *ret)
{
	char paths[32];

	for (size_t i = 0; i < r->warnings.n && i < WARNINGS; i++)
		add_warning(ret, r->warnings.v[i]);
	if (r->warnings.n > WARNINGS)
		strbuf_addf(ret, "  %-10s and %zu more\n", "", r->warnings.n - WARNINGS);
	if (r->warnings.n)
		strbuf_addch(ret, '\n');
	add_sizes(r, ret);
	add_top(r, ret);
	if (r->slim_image)
		add_safe_line(ret, "image", r->slim_image);
	strbuf_addf(ret, "  %-10s %s paths, %" PRIu64 " syscalls, %" PRIu64 " program%s\n", "seen",
		    format_count(paths, r->accesses), r->syscalls, r->programs,
		    r->programs == 1 ? "" : "s");
	add_probes(r, ret);
	add_seccomp(r, ret);
	add_commands(r, ret);
	add_times(r, ret);
	if (r->artifacts)
		add_safe_line(ret, "artifacts", r->artifacts);
}
