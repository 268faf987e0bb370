/* SPDX-License-Identifier: BSD-2-Clause */
/* The closing words on the terminal. */
#include <inttypes.h>
#include <string.h>

#include "slimtrace/base/progress.h"
#include "slimtrace/base/text.h"
#include "slimtrace/report.h"

#define WARNINGS 2
#define TEXT_COLUMNS 66 /* beside a label of 13 */
/* Less than one part of so many of the layers cannot be seen: not worth a line. */
#define TOLD_PART 50
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

/* The first @columns of @text, with a mark in place of the last when there is more. */
static void add_cut(struct strbuf *sb, const char *text, size_t len, size_t columns)
{
	bool all = text_fit(text, len, columns) == len;

	text_add_safe(sb, text, all ? len : text_fit(text, len, columns - 1));
	if (!all)
		strbuf_addstr(sb, "…");
}

/* Told in full when it happened, and in the report: here two lines of it have to do. */
static void add_warning(struct strbuf *sb, const char *text)
{
	size_t len = strlen(text), fits = text_fit(text, len, TEXT_COLUMNS), blank = fits;

	while (blank && blank < len && text[blank] != ' ')
		blank--;
	if (!blank)
		blank = fits;
	strbuf_addf(sb, "  %-10s ", "warning");
	text_add_safe(sb, text, blank);
	if (blank < len) {
		strbuf_addf(sb, "\n  %-10s ", "");
		blank += text[blank] == ' ';
		add_cut(sb, text + blank, len - blank, TEXT_COLUMNS);
	}
	strbuf_addch(sb, '\n');
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void add_sizes(const struct report *r, struct strbuf *sb)
{
	double ratio = r->slim_bytes ? (double)r->fat_bytes / (double)r->slim_bytes : 0;
	char files[32];

	add_bar(sb, "fat", r->fat_bytes, r->fat_bytes);
	strbuf_addf(sb, "  %s file%s\n", format_count(files, r->fat_files), plural(r->fat_files));
	add_bar(sb, "slim", r->slim_bytes, r->fat_bytes);
	strbuf_addf(sb, "  %s file%s", format_count(files, r->slim_files), plural(r->slim_files));
	if (ratio >= 1.05) /* "1.0x smaller" is none */
		strbuf_addf(sb, ", %.1fx smaller", ratio);
	strbuf_addch(sb, '\n');
}

/* The place with most of it stands for all; creport.json has the others. */
static void add_unasked(const struct report *r, struct strbuf *sb)
{
	uint64_t files = 0, sum = 0;
	char bytes[16], count[32];

	for (size_t i = 0; i < r->n_unasked; i++) {
		files += r->unasked[i].files;
		sum += r->unasked[i].bytes;
	}
	if (!files)
		return;
	strbuf_addf(sb, "  %-10s %8s  %s web file%s; --include-path keeps %s:\n", "not asked",
		    format_bytes(bytes, sum), format_count(count, files), plural(files),
		    files == 1 ? "it" : "them");
	strbuf_addf(sb, "  %-10s %8s  ", "", "");
	add_cut(sb, r->unasked[0].path, strlen(r->unasked[0].path), TEXT_COLUMNS - 10);
	strbuf_addch(sb, '\n');
}

/* Why the engine says that the image is larger. */
static void add_hidden(const struct report *r, struct strbuf *sb)
{
	uint64_t all = report_layer_bytes(r);
	char bytes[16], hidden[16];

	if (all > r->fat_bytes && all - r->fat_bytes >= all / TOLD_PART)
		strbuf_addf(sb, "  %-10s %8s  with %s that upper ones overwrite or delete\n",
			    "fat layers", format_bytes(bytes, all),
			    format_bytes(hidden, all - r->fat_bytes));
}

static void add_top(const struct report *r, struct strbuf *sb)
{
	for (size_t i = 0; i < REPORT_TOP && r->top[i].path; i++) {
		_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
		char bytes[16];

		strbuf_addf(&path, "%s%s", r->top[i].path,
			    r->top[i].beside ? " (files beside its directories)" : "");
		strbuf_addf(sb, "  %-10s %8s  ", i ? "" : "dropped",
			    format_bytes(bytes, r->top[i].bytes));
		add_cut(sb, path.buf, path.len, TEXT_COLUMNS - 10);
		strbuf_addch(sb, '\n');
	}
	add_unasked(r, sb);
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
	size_t n = r->execs.n + r->host_execs.n;
	size_t failed = r->execs.nonzero + r->host_execs.nonzero; /* each was warned of */

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
	char paths[32], programs[32];

	for (size_t i = 0; i < r->warnings.n && i < WARNINGS; i++)
		add_warning(ret, r->warnings.v[i]);
	if (r->warnings.n > WARNINGS)
		strbuf_addf(ret, "  %-10s and %zu more\n", "", r->warnings.n - WARNINGS);
	if (r->warnings.n)
		strbuf_addch(ret, '\n');
	add_sizes(r, ret);
	add_hidden(r, ret);
	add_top(r, ret);
	if (r->slim_image)
		add_safe_line(ret, "image", r->slim_image);
	strbuf_addf(ret, "  %-10s %s path%s, %" PRIu64 " syscalls, %s program%s\n", "seen",
		    format_count(paths, r->accesses), plural(r->accesses), r->syscalls,
		    format_count(programs, r->programs), plural(r->programs));
	add_probes(r, ret);
	add_seccomp(r, ret);
	add_commands(r, ret);
	add_times(r, ret);
	if (r->artifacts)
		add_safe_line(ret, "artifacts", r->artifacts);
}
