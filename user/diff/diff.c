/* SPDX-License-Identifier: BSD-2-Clause */
#include "diff/diff.h"

#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"

const char *diff_document_name(enum diff_document document)
{
	static const char *const names[] = { [DIFF_RECORD] = "record",
					     [DIFF_SECCOMP] = "seccomp profile",
					     [DIFF_APPARMOR] = "AppArmor profile",
					     [DIFF_IMAGE] = "image" };

	return names[document];
}

const char *fact_kind_name(enum fact_kind kind)
{
	static const char *const names[FACT_KINDS] = { [FACT_FILES] = "files",
						       [FACT_PROGRAMS] = "programs",
						       [FACT_SYSCALLS] = "syscalls",
						       [FACT_CAPABILITIES] = "capabilities",
						       [FACT_NETWORK] = "network",
						       [FACT_RULES] = "rules",
						       [FACT_CONFIGURATION] = "configuration" };

	return names[kind];
}

struct facts *facts_new(enum diff_document document)
{
	struct facts *facts = xcalloc(1, sizeof(*facts));

	facts->document = document;
	for (size_t i = 0; i < FACT_KINDS; i++)
		facts->of[i] = strmap_new();
	return facts;
}

void facts_free(struct facts *facts)
{
	for (size_t i = 0; facts && i < FACT_KINDS; i++)
		strmap_free_with(facts->of[i], free);
	free(facts);
}

enum diff_document facts_document(const struct facts *facts)
{
	return facts->document;
}

void facts_add(struct facts *facts, enum fact_kind kind, const char *name, size_t len, char *value)
{
	free(strmap_put_len(facts->of[kind], name, len, value));
}

void diff_add_json(const cJSON *json, struct strbuf *ret)
{
	json_print(json, false, ret);
	strbuf_setlen(ret, ret->len - 1);
}

struct pass {
	const struct facts *from, *to;
	enum fact_kind kind;
	bool back; /* from the newer to the older: only what is new is of interest */
	struct diff *diff;
	struct err *err;
};

/* @line but for its name. */
static void add_line(struct diff *diff, const char *name, size_t len, const struct diff_line *line)
{
	struct diff_line *to;

	ALLOC_GROW(diff->v, diff->n + 1, diff->cap);
	to = &diff->v[diff->n++];
	*to = *line;
	to->name = xmalloc(len + 1);
	memcpy(to->name, name, len);
	to->name[len] = '\0';
	to->name_len = len;
	diff->counts[line->kind][line->change]++;
}

/* 1: as it was. */
static int is_same(const struct pass *p, const char *name, const char *before, const char *after)
{
	if (strcmp(before, after) != 0)
		return 0;
	if (p->from->document != DIFF_IMAGE || p->kind != FACT_FILES)
		return 1;
	return diff_same_content(p->from, p->to, name, p->err);
}

static int look_at(const char *name, size_t len, void *value, void *ctx)
{
	const struct pass *p = ctx;
	const char *other = strmap_get_len(p->to->of[p->kind], name, len);
	struct diff_line line = { .kind = p->kind };
	int same;

	if (p->back) {
		line.after = value;
		if (!other)
			add_line(p->diff, name, len, &line);
		return 0;
	}
	same = other ? is_same(p, name, value, other) : 0;
	if (same)
		return same < 0 ? same : 0;
	line.before = value;
	line.after = other;
	line.change = other ? DIFF_CHANGED : DIFF_GONE;
	add_line(p->diff, name, len, &line);
	return cancel_check(p->err);
}

static int by_kind_and_name(const void *a, const void *b)
{
	const struct diff_line *x = a, *y = b;

	return x->kind != y->kind ? (int)x->kind - (int)y->kind : strcmp(x->name, y->name);
}

int diff_make(const struct facts *before, const struct facts *after, struct diff *ret,
	      struct err *err)
{
	int r = 0;

	for (int kind = 0; !r && kind < FACT_KINDS; kind++) {
		struct pass there = { before, after, (enum fact_kind)kind, false, ret, err };
		struct pass back = { after, before, (enum fact_kind)kind, true, ret, err };

		r = strmap_each(before->of[kind], look_at, &there);
		if (!r)
			r = strmap_each(after->of[kind], look_at, &back);
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_kind_and_name);
	return r;
}

void diff_release(struct diff *diff)
{
	for (size_t i = 0; i < diff->n; i++)
		free(diff->v[i].name);
	free(diff->v);
	*diff = (struct diff){ 0 };
}
