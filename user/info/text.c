/* SPDX-License-Identifier: BSD-2-Clause */
/* For people, in as many columns as they have. What strangers named is made safe for a terminal. */
#include <stdlib.h>
#include <string.h>

#include "info/info.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/progress.h"
#include "slimtrace/base/text.h"

#define SHORT_ID 19 /* strlen("sha256:") + 12 */

#define MIN_WIDTH 40
#define NARROW 60 /* sizes stand in two lines */
#define COMMAND_LINES 2

struct text {
	const struct info *info;
	const struct info_view *view;
	struct strbuf *out;
	size_t width;
};

/* Columns that a character takes, by its first byte, and 0 for one that goes on: two are enough. */
static size_t width_of(char c)
{
	unsigned char byte = (unsigned char)c;

	return (byte & 0xc0) == 0x80 ? 0 : byte < 0xe0 ? 1 : 2;
}

static size_t columns(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += width_of(s[i]);
	return n;
}

/* Bytes of @s that take at most @max columns. */
static size_t fit(const char *s, size_t len, size_t max)
{
	size_t n = 0, i;

	for (i = 0; i < len; i++) {
		n += width_of(s[i]);
		if (n > max)
			break;
	}
	return i;
}

/* Where the end of @s begins that takes at most @max columns. */
static size_t fit_end(const char *s, size_t len, size_t max)
{
	size_t n = 0, i = len;

	for (size_t at = len; at-- > 0;) {
		n += width_of(s[at]);
		if (n > max)
			break;
		if (width_of(s[at]))
			i = at;
	}
	return i;
}

/* What is too long for the line loses its middle: of a path both ends tell something. */
static void add_fitted(struct strbuf *sb, const char *s, size_t max)
{
	size_t len = strlen(s), n = columns(s, len), head = (max - 3) / 3;

	if (n <= max) {
		strbuf_add(sb, s, len);
		return;
	}
	strbuf_add(sb, s, fit(s, len, head));
	strbuf_addstr(sb, "...");
	strbuf_addstr(sb, s + fit_end(s, len, max - 3 - head));
}

static void heading(struct text *t, const char *name)
{
	strbuf_addf(t->out, "\n%s\n", name);
}

static void add_entry(struct text *t, const char *before, const struct image_entry *e,
		      const char *after)
{
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT, safe = STRBUF_INIT, tail = STRBUF_INIT;
	size_t used;

	image_entry_path(e, &path);
	text_add_safe(&safe, path.buf, path.len);
	text_add_safe(&tail, after, strlen(after));
	used = columns(before, strlen(before)) + columns(tail.buf, tail.len);
	strbuf_addstr(t->out, before);
	add_fitted(t->out, safe.buf, used + 24 < t->width ? t->width - used : 24);
	strbuf_addf(t->out, "%s\n", tail.buf);
}

static void add_more(struct text *t, size_t n)
{
	char buf[32];

	if (n)
		strbuf_addf(t->out, "  ... and %s more\n", format_count(buf, n));
}

/* Words in lines, @indent columns in. */
static void add_word(struct text *t, size_t indent, size_t *column, const char *word)
{
	_cleanup_strbuf_ struct strbuf safe = STRBUF_INIT;
	size_t len;

	text_add_safe(&safe, word, strlen(word));
	len = columns(safe.buf, safe.len);
	if (*column > indent && *column + 2 + len > t->width) {
		strbuf_addf(t->out, "\n%*s", (int)indent, "");
		*column = indent;
	} else if (*column > indent) {
		strbuf_addstr(t->out, "  ");
		*column += 2;
	}
	len = len < t->width - indent ? len : t->width - indent;
	add_fitted(t->out, safe.buf, t->width - indent);
	*column += len;
}

/* --- parts --- */

static void add_head(struct text *t)
{
	const struct info *info = t->info;
	const struct image_config *c = image_config(info->img);
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT, os = STRBUF_INIT;
	char size[16], seen[16];

	text_add_safe(&name, info->name, strlen(info->name));
	text_add_safe(&os, info->os ? info->os : "no distribution",
		      strlen(info->os ? info->os : "no distribution"));
	strbuf_addstr(t->out, "image       ");
	add_fitted(t->out, name.buf, t->width - 12);
	/* All of it, or what engines show as one: not one that looks whole and is not. */
	strbuf_addf(t->out, "\nid          %.*s\n",
		    t->width >= DIGEST_LEN + 12 ? DIGEST_LEN : SHORT_ID, image_id(info->img));
	strbuf_addstr(t->out, "made of     ");
	add_fitted(t->out, os.buf, t->width - 12);
	strbuf_addf(t->out, "\nplatform    %.20s/%.20s\n", c->os, c->arch);
	strbuf_addf(t->out, "size        %s in %zu layer%s,%s%s of it seen\n",
		    format_bytes(size, info->size), info->n_layers, info->n_layers == 1 ? "" : "s",
		    t->width < NARROW ? "\n            " : " ",
		    format_bytes(seen, image_total_size(info->img)));
}

static void add_total(struct text *t, const char *name, const struct info_total *total)
{
	char size[16], files[32];

	if (total->files)
		strbuf_addf(t->out, "  %-12s %10s  %s file%s\n", name,
			    format_bytes(size, total->bytes), format_count(files, total->files),
			    total->files == 1 ? "" : "s");
}

static void add_waste(struct text *t)
{
	const struct info *info = t->info;
	char size[16];

	strbuf_addf(t->out, "efficiency  %.1f%%, %s wasted\n", info_efficiency(info),
		    format_bytes(size, info_wasted(info)));
	add_total(t, "overwritten", &info->overwritten);
	add_total(t, "deleted", &info->deleted);
	add_total(t, "duplicated", &info->duplicated);
}

static void add_command(struct text *t, const char *command)
{
	_cleanup_strbuf_ struct strbuf safe = STRBUF_INIT;
	const char *p;

	text_add_safe(&safe, command, strlen(command));
	p = safe.buf;
	for (int i = 0; *p && i < COMMAND_LINES; i++) {
		size_t len = fit(p, strlen(p), t->width - 5);
		bool cut = p[len] && i + 1 == COMMAND_LINES;

		if (cut)
			len = fit(p, strlen(p), t->width - 8);
		strbuf_addf(t->out, "     %.*s%s\n", (int)len, p, cut ? "..." : "");
		p += len;
	}
}

static void add_changes(struct text *t, const struct info_layer *l)
{
	static const char marks[] = {
		[INFO_ADDED] = '+', [INFO_CHANGED] = '~', [INFO_DELETED] = '-'
	};
	size_t n = 0, left = 0;

	for (size_t i = 0; i < l->n_changes; i++) {
		const struct info_change *c = &l->changes[i];
		char line[40], size[16];

		if (!(t->view->kinds >> c->kind & 1))
			continue;
		if (n++ >= t->view->changes_max) {
			left++;
			continue;
		}
		snprintf(line, sizeof(line), "  %c %10s  ", marks[c->kind],
			 format_bytes(size, c->e->type == ENTRY_FILE ? c->e->size : 0));
		add_entry(t, line, c->e, c->same ? "  (same content)" : "");
	}
	if (t->view->changes_max)
		add_more(t, left);
}

static void add_layer(struct text *t, size_t i)
{
	static const char *const names[] = { "added", "changed", "deleted" };
	const struct info_layer *l = &t->info->layers[i];
	char size[16], count[32];
	bool any = false;

	strbuf_addf(t->out, "%3zu  %-10s", i, format_bytes(size, l->size));
	for (size_t k = 0; k < 3; k++) {
		if (!l->n[k])
			continue;
		strbuf_addf(t->out, "%s %s %s", any ? "," : "", format_count(count, l->n[k]),
			    names[k]);
		any = true;
	}
	strbuf_addf(t->out, "%s\n", any ? "" : " no files");
	add_command(t, l->created_by ? l->created_by : "(the history does not tell)");
	if (l->same_bytes)
		strbuf_addf(t->out, "     %s were copied for an owner, a mode or a time alone\n",
			    format_bytes(size, l->same_bytes));
	add_changes(t, l);
}

static void add_layers(struct text *t)
{
	heading(t, "Layers, bottom first (+ added, ~ changed, - deleted)");
	for (size_t i = 0; i < t->info->n_layers; i++)
		if (t->view->layer < 0 || (size_t)t->view->layer == i)
			add_layer(t, i);
}

static void add_duplicates(struct text *t)
{
	const struct info *info = t->info;

	if (!info->n_duplicates || !t->view->duplicates)
		return;
	heading(t, "Duplicates, most wasteful first");
	for (size_t i = 0; i < info->n_duplicates && i < t->view->list_max; i++) {
		const struct info_duplicate *d = &info->duplicates[i];
		char size[16];

		strbuf_addf(t->out, "  %zu times %s\n", d->n, format_bytes(size, d->size));
		for (size_t j = 0; j < d->n && j < t->view->list_max; j++)
			add_entry(t, "    ", d->entries[j], "");
		add_more(t, d->n > t->view->list_max ? d->n - t->view->list_max : 0);
	}
	add_more(t, info->n_duplicates > t->view->list_max ? info->n_duplicates - t->view->list_max
							   : 0);
}

static void add_packages(struct text *t)
{
	const struct info *info = t->info;

	if (info->n_packages || info->unread.n)
		heading(t, "Packages");
	for (size_t i = 0, j; i < info->n_packages; i = j) {
		size_t column = 8, shown;
		char count[32];

		for (j = i; j < info->n_packages &&
			    !strcmp(info->packages[i].manager, info->packages[j].manager);)
			j++;
		strbuf_addf(t->out, "  %-5s %s\n", info->packages[i].manager,
			    format_count(count, j - i));
		shown = t->view->packages ? j - i : 0;
		if (shown)
			strbuf_addf(t->out, "%*s", 8, "");
		for (size_t k = i; k < i + shown; k++) {
			_cleanup_free_ char *word = xasprintf("%s %s", info->packages[k].name,
							      info->packages[k].version);

			add_word(t, 8, &column, word);
		}
		if (shown)
			strbuf_addch(t->out, '\n');
	}
	for (size_t i = 0; i < info->unread.n; i++)
		strbuf_addf(t->out, "  rpm   not read: %s\n", info->unread.v[i]);
}

static void add_finding(struct text *t, const struct info_finding *f, bool mode)
{
	_cleanup_free_ char *note = f->note ? xasprintf("  (%s)", f->note) : NULL;
	_cleanup_free_ char *hidden = f->hidden
					      ? xasprintf("%s  (layer %u, gone in %u)",
							  note ? note : "", f->e->layer, f->e->gone)
					      : NULL;
	char before[40] = "  ";

	if (mode)
		snprintf(before, sizeof(before), "  %04o %u:%u  ", f->e->mode & 07777, f->e->uid,
			 f->e->gid);
	add_entry(t, before, f->e, hidden ? hidden : note ? note : "");
}

static void add_findings(struct text *t, enum info_find kind, const char *title, bool mode)
{
	const struct info_findings *f = &t->info->finds[kind];
	_cleanup_free_ char *head = NULL;

	if (!f->n)
		return;
	head = f->n > 1 ? xasprintf("%s (%zu)", title, f->n) : xstrdup(title);
	heading(t, head);
	for (size_t i = 0; i < f->n && i < t->view->list_max; i++)
		add_finding(t, &f->v[i], mode);
	add_more(t, f->n > t->view->list_max ? f->n - t->view->list_max : 0);
}

static void add_secrets(struct text *t)
{
	const struct info *info = t->info;

	if (!info->secrets.n)
		return;
	heading(t, "Variables that look like secrets (everybody who has the image can read them)");
	for (size_t i = 0; i < info->secrets.n && i < t->view->list_max; i++) {
		_cleanup_strbuf_ struct strbuf safe = STRBUF_INIT;

		text_add_safe(&safe, info->secrets.v[i], strlen(info->secrets.v[i]));
		strbuf_addstr(t->out, "  ");
		add_fitted(t->out, safe.buf, t->width - 2);
		strbuf_addch(t->out, '\n');
	}
	add_more(t, info->secrets.n > t->view->list_max ? info->secrets.n - t->view->list_max : 0);
}

void info_text(const struct info *info, const struct info_view *view, struct strbuf *ret)
{
	struct text t = { info, view, ret, view->width < MIN_WIDTH ? MIN_WIDTH : view->width };

	add_head(&t);
	add_waste(&t);
	add_secrets(&t);
	add_findings(&t, INFO_PRIVATE_KEY, "Private keys", false);
	add_findings(&t, INFO_CREDENTIALS, "Credentials", false);
	if (!view->no_special) {
		add_findings(&t, INFO_SETUID, "Setuid", true);
		add_findings(&t, INFO_SETGID, "Setgid", true);
		add_findings(&t, INFO_CAPABILITY, "File capabilities", false);
		add_findings(&t, INFO_WORLD_WRITABLE, "World-writable", true);
	}
	add_layers(&t);
	add_duplicates(&t);
	add_packages(&t);
	add_findings(&t, INFO_INTERPRETER, "Interpreters", false);
	add_findings(&t, INFO_SHELL, "Shells", false);
	add_findings(&t, INFO_CERTIFICATE, "Certificates", false);
}
