/* SPDX-License-Identifier: BSD-2-Clause */
/* Where RPM's databases are, and of which kind. Berkeley DB's, of old systems, are not read. */
#include "info/rpmdb.h"

#include <stdlib.h>
#include <string.h>

#include "info/info.h"
#include "slimtrace/base/alloc.h"

static int read_one(const struct image *img, const struct image_entry *e, rpmdb_fn *fn, void *ctx,
		    bool *ret_known, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	const unsigned char *data;
	int r = info_read(img, e, INFO_MAX_TEXT, &text, err), ended = 0;

	*ret_known = false;
	if (r <= 0)
		return r;
	data = (const unsigned char *)text;
	*ret_known = sqlite_each_blob(data, e->size, "Packages", fn, ctx, &ended) ||
		     (!ended && ndb_each_blob(data, e->size, fn, ctx, &ended));
	return ended;
}

/* Of SQLite what was written last may be in a file beside it. */
static bool has_log(const struct image_entry *e)
{
	_cleanup_free_ char *name = xasprintf("%s-wal", e->name);
	const struct image_entry *log = image_child(e->parent, name, strlen(name));

	return log && log->size;
}

int rpmdb_each(const struct image *img, rpmdb_fn *fn, void *ctx, struct strvec *unread,
	       struct err *err)
{
	static const char *const paths[] = {
		"/usr/lib/sysimage/rpm/rpmdb.sqlite", "/usr/lib/sysimage/rpm/Packages.db",
		"/usr/lib/sysimage/rpm/Packages",     "/var/lib/rpm/rpmdb.sqlite",
		"/var/lib/rpm/Packages.db",	      "/var/lib/rpm/Packages",
	};
	const struct image_entry *seen[ARRAY_SIZE(paths)] = { NULL };
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(paths); i++) {
		const struct image_entry *e = info_resolve(img, paths[i]);
		bool known = false, again = false;

		for (size_t j = 0; j < i; j++)
			again |= seen[j] == e;
		if (!e || again)
			continue;
		seen[i] = e;
		r = read_one(img, e, fn, ctx, &known, err);
		if (unread && (!known || has_log(e)))
			strvec_push(unread, paths[i]);
	}
	return r;
}
