/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The blobs of a table in an SQLite database (sqlite.org/fileformat2.html): its B-tree is walked
 * with a list of pages to come, of which there are no more than the file has.
 */
#include <stdlib.h>
#include <string.h>

#include "info/rpmdb.h"
#include "slimtrace/base/alloc.h"

#define HEAD 100u /* of the file, before the first page's own */
enum { INTERIOR = 5, LEAF = 13 };
enum { SCHEMA_TYPE, SCHEMA_NAME, SCHEMA_TABLE, SCHEMA_ROOT, SCHEMA_COLUMNS };

struct db {
	const unsigned char *data;
	size_t page, usable, n_pages;
	uint64_t left; /* bytes of rows that there still can be */
};

/* A row's columns: what types they are and where. */
struct column {
	uint64_t type;
	const unsigned char *p;
	size_t len;
};

/* Columns of one row in @payload; 0 ends it, a negative value all. */
typedef int row_fn(const unsigned char *payload, size_t len, void *ctx);

static size_t be(const unsigned char *p, size_t n)
{
	size_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static bool varint(const unsigned char **p, const unsigned char *end, uint64_t *ret)
{
	*ret = 0;
	for (unsigned int i = 0; i < 9 && *p < end; i++) {
		unsigned char c = *(*p)++;

		*ret = i == 8 ? *ret << 8 | c : *ret << 7 | (c & 0x7f);
		if (i == 8 || !(c & 0x80))
			return true;
	}
	return false;
}

static bool open_db(const unsigned char *data, size_t len, struct db *ret)
{
	static const char magic[] = "SQLite format 3";
	size_t page;

	if (len < HEAD || memcmp(data, magic, sizeof(magic)) != 0)
		return false;
	page = be(data + 16, 2) == 1 ? 65536 : be(data + 16, 2);
	if (page < 512 || page & (page - 1) || data[20] > page / 2)
		return false;
	*ret = (struct db){ data, page, page - data[20], len / page, 0 };
	return ret->usable >= 480 && ret->n_pages;
}

/* Numbers begin at 1; NULL: there is no such page. */
static const unsigned char *page_at(const struct db *db, size_t n)
{
	return n && n <= db->n_pages ? db->data + (n - 1) * db->page : NULL;
}

/* How much of a payload is in the page itself. */
static size_t local_len(const struct db *db, uint64_t len)
{
	size_t max = db->usable - 35, min = (db->usable - 12) * 32 / 255 - 23, k;

	if (len <= max)
		return (size_t)len;
	k = min + (size_t)((len - min) % (db->usable - 4));
	return k <= max ? k : min;
}

/* A payload in one piece, malloc'ed; NULL: it goes on where nothing is. */
static unsigned char *gather(const struct db *db, const unsigned char *p, const unsigned char *end,
			     size_t len)
{
	size_t n = local_len(db, len), at = n, next;
	unsigned char *all;

	if (n > (size_t)(end - p) || (n < len && n + 4 > (size_t)(end - p)))
		return NULL;
	all = xmalloc(len + 1);
	memcpy(all, p, n);
	next = n < len ? be(p + n, 4) : 0;
	while (at < len) {
		const unsigned char *page = page_at(db, next);

		if (!page) {
			free(all);
			return NULL;
		}
		n = len - at < db->usable - 4 ? len - at : db->usable - 4;
		memcpy(all + at, page + 4, n);
		at += n;
		next = be(page, 4);
	}
	return all;
}

static bool leaf_cell(struct db *db, const unsigned char *p, const unsigned char *end, row_fn *fn,
		      void *ctx, int *ret)
{
	_cleanup_free_ unsigned char *payload = NULL;
	uint64_t len, row;

	if (!varint(&p, end, &len) || !varint(&p, end, &row) || len > db->left)
		return false;
	db->left -= len;
	payload = gather(db, p, end, (size_t)len);
	if (!payload)
		return false;
	*ret = fn(payload, (size_t)len, ctx);
	return true;
}

/* All cells of a page; those below it go to the end of the list. */
static bool read_page(struct db *db, size_t number, size_t *todo, size_t *n_todo, row_fn *fn,
		      void *ctx, int *ret)
{
	const unsigned char *page = page_at(db, number), *head, *cells;
	size_t n, header;

	if (!page)
		return false;
	head = page + (number == 1 ? HEAD : 0);
	header = head[0] == INTERIOR ? 12 : 8;
	n = be(head + 3, 2);
	cells = head + header;
	if ((head[0] != INTERIOR && head[0] != LEAF) || (size_t)(cells - page) + 2 * n > db->usable)
		return false;
	for (size_t i = 0; i < n && !*ret; i++) {
		size_t at = be(cells + 2 * i, 2);

		if (at + 4 > db->usable)
			return false;
		if (head[0] == LEAF) {
			if (!leaf_cell(db, page + at, page + db->usable, fn, ctx, ret))
				return false;
		} else if (*n_todo < db->n_pages) {
			todo[(*n_todo)++] = be(page + at, 4);
		} else {
			return false;
		}
	}
	if (head[0] == INTERIOR && *n_todo < db->n_pages)
		todo[(*n_todo)++] = be(head + 8, 4);
	return true;
}

static bool each_row(struct db *db, size_t root, row_fn *fn, void *ctx, int *ret)
{
	_cleanup_free_ size_t *todo = xcalloc(db->n_pages + 1, sizeof(*todo));
	size_t n = 1;

	db->left = db->n_pages * db->page;
	todo[0] = root;
	for (size_t i = 0; i < n && !*ret; i++)
		if (!read_page(db, todo[i], todo, &n, fn, ctx, ret))
			return false;
	return true;
}

static size_t type_len(uint64_t type)
{
	static const size_t fixed[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };

	return type < 12 ? fixed[type] : (size_t)((type - 12) / 2);
}

/* The first @n columns of a row; false: it has fewer, or is broken. */
static bool read_row(const unsigned char *payload, size_t len, struct column *ret, size_t n)
{
	const unsigned char *p = payload, *end = payload + len, *body;
	uint64_t header;

	if (!varint(&p, end, &header) || header > len)
		return false;
	body = payload + header;
	for (size_t i = 0; i < n; i++) {
		if (!varint(&p, payload + header, &ret[i].type))
			return false;
		ret[i].p = body;
		ret[i].len = type_len(ret[i].type);
		if (ret[i].len > (size_t)(end - body))
			return false;
		body += ret[i].len;
	}
	return true;
}

struct search {
	const char *table;
	size_t root;
};

static bool is_text(const struct column *c, const char *text)
{
	return c->type >= 13 && c->type % 2 && c->len == strlen(text) &&
	       !memcmp(c->p, text, c->len);
}

static int find_table(const unsigned char *payload, size_t len, void *ctx)
{
	struct column c[SCHEMA_COLUMNS];
	struct search *s = ctx;

	if (read_row(payload, len, c, SCHEMA_COLUMNS) && is_text(&c[SCHEMA_TYPE], "table") &&
	    is_text(&c[SCHEMA_NAME], s->table) && c[SCHEMA_ROOT].type <= 4)
		s->root = be(c[SCHEMA_ROOT].p, c[SCHEMA_ROOT].len);
	return 0;
}

struct caller {
	rpmdb_fn *fn;
	void *ctx;
};

/* The row's number stands for the first column; the second one is the blob. */
static int take_blob(const unsigned char *payload, size_t len, void *ctx)
{
	struct caller *caller = ctx;
	struct column c[2];

	if (!read_row(payload, len, c, 2) || c[1].type < 12 || c[1].type % 2)
		return 0;
	return caller->fn(c[1].p, c[1].len, caller->ctx);
}

bool sqlite_each_blob(const unsigned char *data, size_t len, const char *table, rpmdb_fn *fn,
		      void *ctx, int *ret)
{
	struct search search = { .table = table };
	struct caller caller = { fn, ctx };
	struct db db;

	*ret = 0;
	if (!open_db(data, len, &db) || !each_row(&db, 1, find_table, &search, ret) || !search.root)
		return false;
	return each_row(&db, search.root, take_blob, &caller, ret);
}
