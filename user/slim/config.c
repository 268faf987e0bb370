/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The new configuration is the old one's bytes with two values exchanged: members that we do not
 * know, or that a JSON library would write differently, are the application's and stay.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "slim/scan.h"
#include "slimtrace/base/json.h"
#include "slimtrace/slim.h"

struct patch {
	const char *text;
	struct scan_member rootfs, history; /* value_len 0: not there */
};

/*
 * Engines are written in Go, whose decoder takes "RootFS" for "rootfs" too: without regard to
 * case, and with U+017F, which folds to an s. Two that are one to it would let a configuration
 * say one thing to us and another to the engine.
 */
static bool folds_to(const char *key, const char *name)
{
	_cleanup_strbuf_ struct strbuf folded = STRBUF_INIT;

	for (; *key; key++) {
		bool long_s = key[0] == '\xc5' && key[1] == '\xbf';

		strbuf_addch(&folded, (char)(long_s ? 's' : *key));
		key += long_s;
	}
	return !strcasecmp(folded.buf, name);
}

/* Notes @member as @slot when it is @name. */
static int note(const char *key, const char *name, const struct scan_member *member,
		struct scan_member *slot, struct err *err)
{
	if (!folds_to(key, name))
		return 0;
	if (slot->value_len || strcmp(key, name) != 0) {
		err_class_set(err, ERR_IMAGE, EBADMSG, "'%s' is there twice or misspelt as '%s'",
			      name, key);
		return -EBADMSG;
	}
	*slot = *member;
	return 0;
}

static int see_member(const struct scan_member *member, void *ctx, struct err *err)
{
	struct patch *p = ctx;
	_cleanup_(json_free) cJSON *key = NULL;
	int r = json_parse(p->text + member->key, member->key_len, "a key", &key, err);

	if (r < 0)
		return r;
	r = note(key->valuestring, "rootfs", member, &p->rootfs, err);
	return r < 0 ? r : note(key->valuestring, "history", member, &p->history, err);
}

static void make_rootfs(const struct digest *diff_ids, size_t n, struct strbuf *ret)
{
	_cleanup_(json_free) cJSON *rootfs = json_object();
	cJSON *array;

	json_add_str(rootfs, "type", "layers");
	array = json_add(rootfs, "diff_ids", json_array());
	for (size_t i = 0; i < n; i++)
		json_append(array, cJSON_CreateString(diff_ids[i].str));
	json_print(rootfs, false, ret);
	strbuf_setlen(ret, ret->len - 1); /* the newline */
}

/* One entry: all that made the original's layers is in one now. */
static void make_history(const cJSON *config, const char *created_by, struct strbuf *ret)
{
	_cleanup_(json_free) cJSON *history = json_array();
	cJSON *entry = json_append(history, json_object());
	const char *created = json_str(config, "created", NULL);

	if (created)
		json_add_str(entry, "created", created);
	json_add_str(entry, "created_by", created_by);
	json_add_str(entry, "comment", "slimtrace");
	json_print(history, false, ret);
	strbuf_setlen(ret, ret->len - 1);
}

struct splice {
	const struct scan_member *at;
	const struct strbuf *text;
};

static void splice(const char *config, size_t len, const struct splice *splices, size_t n,
		   struct strbuf *ret)
{
	size_t pos = 0;

	for (size_t i = 0; i < n; i++) {
		strbuf_add(ret, config + pos, splices[i].at->value - pos);
		strbuf_add(ret, splices[i].text->buf, splices[i].text->len);
		pos = splices[i].at->value + splices[i].at->value_len;
	}
	strbuf_add(ret, config + pos, len - pos);
}

int slim_config_patch(const char *config, size_t len, const struct digest *diff_ids, size_t n,
		      const char *created_by, struct strbuf *ret, struct err *err)
{
	struct patch p = { .text = config };
	_cleanup_(json_free) cJSON *json = NULL;
	_cleanup_strbuf_ struct strbuf rootfs = STRBUF_INIT, history = STRBUF_INIT;
	int r = json_parse(config, len, "the document", &json, err);

	if (!r)
		r = scan_object(config, len, see_member, &p, err);
	if (!r && !p.rootfs.value_len)
		r = err_class_set(err, ERR_IMAGE, EBADMSG, "there is no 'rootfs'");
	if (r < 0) {
		err->class = ERR_IMAGE;
		return err_wrap(err, "the image's configuration");
	}
	make_rootfs(diff_ids, n, &rootfs);
	make_history(json, created_by, &history);
	if (!p.history.value_len)
		splice(config, len, (struct splice[]){ { &p.rootfs, &rootfs } }, 1, ret);
	else if (p.rootfs.value < p.history.value)
		splice(config, len,
		       (struct splice[]){ { &p.rootfs, &rootfs }, { &p.history, &history } }, 2,
		       ret);
	else
		splice(config, len,
		       (struct splice[]){ { &p.history, &history }, { &p.rootfs, &rootfs } }, 2,
		       ret);
	return 0;
}
