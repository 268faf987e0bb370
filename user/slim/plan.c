/* SPDX-License-Identifier: BSD-2-Clause */
#include "slim/plan.h"

#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"

/* --- slots --- */

size_t plan_slot(const struct slim_set *set, size_t which, uint32_t layer)
{
	if (set->layers == SLIM_SQUASH)
		return 0;
	return set->layers == SLIM_KEEP ? layer : layer >= set->v[which].base;
}

static size_t count_slots(const struct slim_set *set, size_t which)
{
	size_t layers = image_layer_count(set->v[which].img);

	return layers ? plan_slot(set, which, (uint32_t)layers - 1) + 1 : 1;
}

/* The original layer after the last one of @slot. */
static size_t slot_end(const struct slim_set *set, size_t which, size_t slot)
{
	size_t layers = image_layer_count(set->v[which].img);

	if (slot + 1 == count_slots(set, which))
		return layers;
	return set->layers == SLIM_KEEP ? slot + 1 : set->v[which].base;
}

static bool same_layers(const struct image *a, const struct image *b, size_t start, size_t end)
{
	for (size_t i = start; i < end; i++)
		if (strcmp(image_layer(a, i)->diff_id.str, image_layer(b, i)->diff_id.str) != 0)
			return false;
	return true;
}

size_t plan_common(const struct slim_set *set, size_t a, size_t b)
{
	size_t na = count_slots(set, a), nb = count_slots(set, b), start = 0, slot;

	if (a == b)
		return na;
	if (set->layers == SLIM_SQUASH)
		return 0;
	for (slot = 0; slot < na && slot < nb; slot++) {
		size_t end = slot_end(set, a, slot);

		if (end != slot_end(set, b, slot) ||
		    !same_layers(set->v[a].img, set->v[b].img, start, end))
			break;
		start = end;
	}
	return slot;
}

struct image_entry *plan_deepest(const struct image *img, const char *path, size_t *ret_len)
{
	struct image_entry *e = image_root(img);
	const char *p = path;

	*ret_len = 0;
	for (;;) {
		size_t len;
		struct image_entry *child;

		p += strspn(p, "/");
		len = strcspn(p, "/");
		child = len && e->type == ENTRY_DIR ? image_child(e, p, len) : NULL;
		if (!child)
			return e;
		e = child;
		p += len;
		*ret_len = (size_t)(p - path);
	}
}

/* --- one slot --- */

struct maker {
	const struct slim_set *set;
	size_t slot;
	struct plan_layer *layer;
	uint32_t **marks; /* [source][entry id]: slot + 1 that it was put into last */
};

static void push(struct maker *m, size_t source, enum plan_kind kind, const struct image_entry *e,
		 char *path)
{
	struct plan_layer *l = m->layer;

	ALLOC_GROW(l->items, l->n + 1, l->cap);
	l->items[l->n++] = (struct plan_item){
		.path = path, .kind = kind, .source = (uint32_t)source, .entry = e
	};
}

static char *path_of(const struct image_entry *e)
{
	struct strbuf path = STRBUF_INIT;
	char *ret;

	image_entry_path(e, &path);
	ret = xstrdup(path.buf[1] ? path.buf + 1 : ".");
	strbuf_release(&path);
	return ret;
}

/*
 * Engines make the directories that a layer's tar leaves out as their own, and these would hide
 * the ones below: so each layer has all that lead to what is in it.
 */
static void add_with_parents(struct maker *m, size_t source, const struct image_entry *e)
{
	for (; e->parent != e && m->marks[source][e->id] != m->slot + 1; e = e->parent) {
		bool known = plan_slot(m->set, source, e->layer) <= m->slot;

		m->marks[source][e->id] = (uint32_t)m->slot + 1;
		push(m, source, known ? PLAN_ENTRY : PLAN_PLAIN, e, path_of(e));
	}
}

/* Every engine makes a root directory of root's with mode 0755. */
static bool root_is_plain(const struct image_entry *root)
{
	return root->mode == 0755 && !root->uid && !root->gid && !root->n_xattrs;
}

static void add_entries(struct maker *m, size_t source)
{
	const struct slim_source *s = &m->set->v[source];
	const struct image_entry *root = image_root(s->img);
	size_t own = plan_slot(m->set, source, root->layer);

	for (size_t i = 1; i < image_entry_count(s->img); i++) {
		const struct image_entry *e = image_entry(s->img, (uint32_t)i);

		/* Sockets are left out, since tar has no type for them. */
		if (e->type != ENTRY_SOCKET && plan_slot(m->set, source, e->layer) == m->slot &&
		    keep_has(s->keep, e))
			add_with_parents(m, source, e);
	}
	/* The topmost layer's root is what a container sees. */
	if (!root_is_plain(root) && (own == m->slot || (own < m->slot && m->layer->n)))
		push(m, source, PLAN_ENTRY, root, xstrdup("."));
}

/* --- what another image has and this one has not --- */

/* Paths that @which lacks -> 1 + the first slot where that can be said. */
static struct strmap *find_absent(const struct slim_set *set, size_t which)
{
	const struct image *img = set->v[which].img;
	struct strmap *absent = strmap_new();

	for (size_t b = 0; b < set->n; b++) {
		const struct slim_source *other = &set->v[b];
		size_t common = b == which ? 0 : plan_common(set, which, b);

		for (size_t i = 1; common && i < image_entry_count(other->img); i++) {
			const struct image_entry *e = image_entry(other->img, (uint32_t)i);
			_cleanup_free_ char *path = NULL;
			const struct image_entry *at;
			size_t len;

			if (!keep_has(other->keep, e) || plan_slot(set, b, e->layer) >= common)
				continue;
			path = path_of(e);
			at = plan_deepest(img, path, &len);
			if (!path[len] || at->type != ENTRY_DIR)
				continue;
			len += strspn(path + len, "/");
			len += strcspn(path + len, "/");
			if ((size_t)strmap_get_len(absent, path, len) < common + 1)
				strmap_put_len(absent, path, len, (void *)(common + 1));
		}
	}
	return absent;
}

struct absent_ctx {
	struct maker *maker;
	size_t source;
};

static int add_whiteout(const char *path, size_t len, void *value, void *ctx)
{
	const struct absent_ctx *a = ctx;
	_cleanup_free_ char *name = xstrndup(path, len);
	const char *slash = strrchr(name, '/');
	size_t dir = slash ? (size_t)(slash - name) + 1 : 0, deepest;

	if ((size_t)value != a->maker->slot + 1)
		return 0;
	add_with_parents(a->maker, a->source,
			 plan_deepest(a->maker->set->v[a->source].img, name, &deepest));
	push(a->maker, a->source, PLAN_WHITEOUT, NULL,
	     xasprintf("%.*s.wh.%s", (int)dir, name, name + dir));
	return 0;
}

/* --- the plan --- */

static unsigned int rank(char c)
{
	return c == '/' ? 1 : c ? (unsigned int)(unsigned char)c + 1 : 0;
}

/* Bytewise, but a directory's content before its next sibling; PLAN_ENTRY first at a path. */
static int compare_items(const void *left, const void *right)
{
	const struct plan_item *a = left, *b = right;
	const char *p = a->path, *q = b->path;

	if (!strcmp(p, ".") != !strcmp(q, "."))
		return strcmp(p, ".") ? 1 : -1;
	while (*p && *p == *q) {
		p++;
		q++;
	}
	if (rank(*p) != rank(*q))
		return rank(*p) < rank(*q) ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return (a->source > b->source) - (a->source < b->source);
}

static void make_slot(struct maker *m, struct strmap *const *absent, size_t which)
{
	for (size_t i = 0; i < m->set->n; i++) {
		struct absent_ctx ctx = { .maker = m, .source = i };

		if (plan_common(m->set, which, i) <= m->slot)
			continue;
		strmap_each(absent[i], add_whiteout, &ctx);
		add_entries(m, i);
	}
	if (m->layer->n)
		qsort(m->layer->items, m->layer->n, sizeof(*m->layer->items), compare_items);
}

static void make_slots(struct maker *m, struct strmap *const *absent, size_t which,
		       struct plan *ret)
{
	size_t slots = count_slots(m->set, which);

	ret->layers = xcalloc(slots, sizeof(*ret->layers));
	for (m->slot = 0; m->slot < slots; m->slot++) {
		size_t end = slot_end(m->set, which, m->slot);

		m->layer = &ret->layers[ret->n];
		m->layer->original = end ? (uint32_t)end - 1 : 0;
		make_slot(m, absent, which);
		/* No engine can save an image without a layer. */
		if (m->layer->n || (!ret->n && m->slot + 1 == slots))
			ret->n++;
	}
}

void plan_make(const struct slim_set *set, size_t which, struct plan *ret)
{
	struct strmap **absent = xcalloc(set->n, sizeof(*absent));
	struct maker m = { .set = set, .marks = xcalloc(set->n, sizeof(*m.marks)) };

	*ret = (struct plan){ 0 };
	for (size_t i = 0; i < set->n; i++) {
		absent[i] = find_absent(set, i);
		m.marks[i] = xcalloc(image_entry_count(set->v[i].img), sizeof(**m.marks));
	}
	make_slots(&m, absent, which, ret);
	for (size_t i = 0; i < set->n; i++) {
		strmap_free(absent[i]);
		free(m.marks[i]);
	}
	free(absent);
	free(m.marks);
}

void plan_release(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		for (size_t j = 0; j < plan->layers[i].n; j++)
			free(plan->layers[i].items[j].path);
		free(plan->layers[i].items);
	}
	free(plan->layers);
	*plan = (struct plan){ 0 };
}
