/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Members that we do not know, or that a JSON library would write differently, are the
 * application's and stay.
 */
#include "slim/patch.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "slimtrace/base/json.h"

struct search {
	const char *text;
	struct patch *patches;
	size_t n;
};

/*
 * Engines are written in Go, whose decoder takes "RootFS" for "rootfs" too: without regard to
 * case, and with U+017F, which folds to an s, and U+212A, which folds to a k. Two that are one to
 * it would let a configuration say one thing to us and another to the engine.
 */
static bool folds_to(const char *key, const char *name)
{
	_cleanup_strbuf_ struct strbuf folded = STRBUF_INIT;

	for (; *key; key++) {
		bool long_s = key[0] == '\xc5' && key[1] == '\xbf';
		bool kelvin = key[0] == '\xe2' && key[1] == '\x84' && key[2] == '\xaa';

		strbuf_addch(&folded, (char)(long_s ? 's' : kelvin ? 'k' : *key));
		key += long_s + 2 * kelvin;
	}
	return !strcasecmp(folded.buf, name);
}

static int see_member(const struct scan_member *member, void *ctx, struct err *err)
{
	const struct search *s = ctx;
	_cleanup_(json_free) cJSON *key = NULL;
	int r = json_parse(s->text + member->key, member->key_len, "a key", &key, err);

	for (size_t i = 0; !r && i < s->n; i++) {
		struct patch *p = &s->patches[i];

		if (!folds_to(key->valuestring, p->key))
			continue;
		if (p->at.value_len || strcmp(key->valuestring, p->key) != 0) {
			err_class_set(err, ERR_IMAGE, EBADMSG,
				      "'%s' is there twice or misspelt as '%s'", p->key,
				      key->valuestring);
			return -EBADMSG;
		}
		p->at = *member;
	}
	return r;
}

int patch_find(const char *text, size_t len, struct patch *patches, size_t n, struct err *err)
{
	struct search search = { .text = text, .patches = patches, .n = n };

	return scan_object(text, len, see_member, &search, err);
}

/* The patch whose value comes next in the text after @pos, or NULL. */
static const struct patch *next_patch(const struct patch *patches, size_t n, size_t pos)
{
	const struct patch *next = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct patch *p = &patches[i];

		if (!p->leave && p->at.value_len && p->at.value >= pos &&
		    (!next || p->at.value < next->at.value))
			next = p;
	}
	return next;
}

/* Before the brace at @end. */
static void add_members(const char *text, size_t end, const struct patch *patches, size_t n,
			struct strbuf *ret)
{
	size_t last = end;
	bool comma;

	while (last && strchr(" \t\r\n", text[last - 1]))
		last--;
	comma = last && text[last - 1] != '{';
	for (size_t i = 0; i < n; i++) {
		const struct patch *p = &patches[i];

		if (p->leave || p->if_there || p->at.value_len)
			continue;
		strbuf_addf(ret, "%s\"%s\":", comma ? "," : "", p->key);
		strbuf_add(ret, p->value.buf, p->value.len);
		comma = true;
	}
}

void patch_apply(const char *text, size_t len, const struct patch *patches, size_t n,
		 struct strbuf *ret)
{
	const char *brace = memrchr(text, '}', len);
	size_t end = brace ? (size_t)(brace - text) : len, pos = 0;
	const struct patch *p;

	while ((p = next_patch(patches, n, pos))) {
		strbuf_add(ret, text + pos, p->at.value - pos);
		strbuf_add(ret, p->value.buf, p->value.len);
		pos = p->at.value + p->at.value_len;
	}
	strbuf_add(ret, text + pos, end - pos);
	add_members(text, end, patches, n, ret);
	strbuf_add(ret, text + end, len - end);
}
