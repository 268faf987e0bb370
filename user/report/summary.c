/* SPDX-License-Identifier: BSD-2-Clause */
/* The closing words on the terminal. */
#include <inttypes.h>
#include <string.h>

#include "slimtrace/base/progress.h"
#include "slimtrace/base/text.h"
#include "slimtrace/report.h"

#define BAR_COLUMNS 32 /* the line beside it fits 80 columns */

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

static void add_sizes(const struct report *r, struct strbuf *sb)
{
	char files[32];

	add_bar(sb, "fat", r->fat_bytes, r->fat_bytes);
	strbuf_addf(sb, "  %s files\n", format_count(files, r->fat_files));
	add_bar(sb, "slim", r->slim_bytes, r->fat_bytes);
	strbuf_addf(sb, "  %s files", format_count(files, r->slim_files));
	if (r->slim_bytes)
		strbuf_addf(sb, ", %.1fx smaller", (double)r->fat_bytes / (double)r->slim_bytes);
	strbuf_addstr(sb, "\n\n");
}

/* As many as fit the line. */
static void add_top(const struct report *r, struct strbuf *sb)
{
	size_t room = 80 - strlen("  dropped    ");

	for (size_t i = 0; i < REPORT_TOP && r->top[i].path; i++) {
		_cleanup_strbuf_ struct strbuf one = STRBUF_INIT;
		char bytes[16];

		strbuf_addf(&one, "%s %s", format_bytes(bytes, r->top[i].bytes), i ? "" : "in ");
		text_add_safe(&one, r->top[i].path, strlen(r->top[i].path));
		if (one.len + 2 > room)
			break;
		room -= one.len + 2;
		strbuf_addf(sb, "%s%s", i ? ", " : "  dropped    ", one.buf);
	}
	if (room < 80 - strlen("  dropped    "))
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

	if (n)
		strbuf_addf(sb, "  %-10s %zu of %zu worked\n", "commands", n - failed, n);
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

	for (size_t i = 0; i < r->warnings.n && i < 5; i++)
		add_safe_line(ret, "warning", r->warnings.v[i]);
	if (r->warnings.n > 5)
		strbuf_addf(ret, "  %-10s and %zu more\n", "", r->warnings.n - 5);
	if (r->warnings.n)
		strbuf_addch(ret, '\n');
	add_sizes(r, ret);
	if (r->slim_image)
		add_safe_line(ret, "image", r->slim_image);
	strbuf_addf(ret, "  %-10s %s paths, %" PRIu64 " syscalls, %" PRIu64 " program%s\n", "seen",
		    format_count(paths, r->accesses), r->syscalls, r->programs,
		    r->programs == 1 ? "" : "s");
	add_top(r, ret);
	add_probes(r, ret);
	add_seccomp(r, ret);
	add_commands(r, ret);
	add_times(r, ret);
	if (r->artifacts)
		add_safe_line(ret, "artifacts", r->artifacts);
}
