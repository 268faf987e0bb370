/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts of an image: every entry of the merged tree, and its configuration. */
#include <stdlib.h>
#include <string.h>

#include "diff/diff.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/info.h"

static char *value_of(const struct image_entry *e)
{
	switch (e->type) {
	case ENTRY_FILE:
		return xasprintf("file %04o %u:%u %llu bytes", e->mode, e->uid, e->gid,
				 (unsigned long long)e->size);
	case ENTRY_DIR:
		return xasprintf("directory %04o %u:%u", e->mode, e->uid, e->gid);
	case ENTRY_SYMLINK:
		return xasprintf("link to %s", e->target);
	case ENTRY_CHAR:
	case ENTRY_BLOCK:
		return xasprintf("device %04o %u:%u %u,%u", e->mode, e->uid, e->gid, e->rdev_major,
				 e->rdev_minor);
	case ENTRY_FIFO:
	case ENTRY_SOCKET:
		break;
	}
	return xasprintf("special %04o %u:%u", e->mode, e->uid, e->gid);
}

static void add_setting(struct facts *facts, const char *name, char *value)
{
	facts_add(facts, FACT_CONFIGURATION, name, strlen(name), value);
}

/* The names of variables alone: values may be secrets. */
static void add_config(struct facts *facts, const struct image_config *config)
{
	_cleanup_(json_free) cJSON *json = NULL;
	struct err ignored = ERR_INIT;
	const cJSON *it;

	if (json_parse(config->bytes, config->len, "configuration", &json, &ignored) < 0)
		return;
	add_setting(facts, "architecture", xstrdup(config->arch ? config->arch : ""));
	cJSON_ArrayForEach (it, json_get(json, "config")) {
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

		if (cJSON_IsNull(it) || !strcmp(it->string, "Image") || !strcmp(it->string, "Env"))
			continue;
		diff_add_json(it, &text);
		add_setting(facts, it->string, xstrdup(text.buf));
	}
	for (size_t i = 0; i < config->env.n; i++) {
		const char *var = config->env.v[i];
		_cleanup_free_ char *name = xasprintf("Env %.*s", (int)strcspn(var, "="), var);
		struct digest digest = sha256_of(var, strlen(var));

		add_setting(
			facts, name,
			xasprintf("a value with the hash %.8s", digest.str + strlen("sha256:")));
	}
}

void facts_of_image(struct facts *facts, const struct image *img)
{
	facts->img = img;
	for (uint32_t id = 0; id < image_entry_count(img); id++) {
		const struct image_entry *e = image_entry(img, id);
		_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;

		image_entry_path(e, &path);
		facts_add(facts, FACT_FILES, path.buf, path.len, value_of(e));
	}
	add_config(facts, image_config(img));
}

int diff_same_content(const struct facts *before, const struct facts *after, const char *path,
		      struct err *err)
{
	const struct image_entry *a = image_lookup(before->img, path);
	const struct image_entry *b = image_lookup(after->img, path);
	struct digest one, two;
	int r;

	/* The same path of the same layer is the same file. */
	if (!a || !b || a->type != ENTRY_FILE || !a->size ||
	    !strcmp(image_layer(before->img, a->layer)->diff_id.str,
		    image_layer(after->img, b->layer)->diff_id.str))
		return 1;
	r = info_content_digest(before->img, a, &one, err);
	if (!r)
		r = info_content_digest(after->img, b, &two, err);
	return r < 0 ? r : !strcmp(one.str, two.str);
}
