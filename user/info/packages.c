/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packages of distributions: dpkg's status (deb822(5)) and status.d of images made without dpkg,
 * apk's database (apk-tools, doc/apk-v2.5.scd), and RPM's.
 */
#include <stdlib.h>
#include <string.h>

#include "info/info.h"
#include "info/rpmdb.h"
#include "slimtrace/base/alloc.h"

/* A paragraph's fields that are of interest. */
struct paragraph {
	const char *name, *version, *status;
	size_t name_len, version_len, status_len;
};

static void take(const char *line, size_t len, const char *field, const char **ret, size_t *ret_len)
{
	size_t n = strlen(field);

	if (*ret || len < n || memcmp(line, field, n) != 0)
		return;
	while (n < len && line[n] == ' ')
		n++;
	*ret = line + n;
	*ret_len = len - n;
}

/* What was removed and left its configuration is "deinstall ok config-files". */
static bool is_installed(const struct paragraph *p)
{
	return !p->status || memmem(p->status, p->status_len, " installed", strlen(" installed"));
}

static void end_paragraph(struct info *info, const char *manager, struct paragraph *p)
{
	if (p->name && p->name_len && is_installed(p))
		info_package_add(info, manager, p->name, p->name_len, p->version ? p->version : "",
				 p->version_len);
	*p = (struct paragraph){ 0 };
}

static void read_paragraphs(struct info *info, const char *manager, const char *text,
			    const char *name, const char *version)
{
	struct paragraph p = { 0 };

	while (*text) {
		size_t len = strcspn(text, "\n");

		if (!len)
			end_paragraph(info, manager, &p);
		take(text, len, name, &p.name, &p.name_len);
		take(text, len, version, &p.version, &p.version_len);
		take(text, len, "Status:", &p.status, &p.status_len);
		text += len + (text[len] == '\n');
	}
	end_paragraph(info, manager, &p);
}

static int read_database(const struct image *img, const struct image_entry *e, const char *manager,
			 const char *name, const char *version, struct info *info, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	int r = info_read(img, e, INFO_MAX_TEXT, &text, err);

	if (r > 0)
		read_paragraphs(info, manager, text, name, version);
	return r < 0 ? r : 0;
}

static int read_status_d(const struct image *img, struct info *info, struct err *err)
{
	const struct image_entry *dir = info_resolve(img, "/var/lib/dpkg/status.d");
	int r = 0;

	for (size_t i = 0; !r && dir && i < dir->n_children; i++) {
		const struct image_entry *e = dir->children[i];

		if (!strstr(e->name, ".md5sums"))
			r = read_database(img, e, "dpkg", "Package:", "Version:", info, err);
	}
	return r;
}

/* Keys are in the database too, as packages of this name. */
static int take_rpm(const unsigned char *bytes, size_t len, void *ctx)
{
	_cleanup_strbuf_ struct strbuf version = STRBUF_INIT;
	struct rpm_header h;
	const char *name = rpm_header_read(bytes, len, &h) ? rpm_name(&h) : NULL;

	if (!name || !strcmp(name, "gpg-pubkey"))
		return 0;
	rpm_version(&h, &version);
	info_package_add(ctx, "rpm", name, strlen(name), version.buf, version.len);
	return 0;
}

int info_packages(const struct image *img, struct info *info, struct err *err)
{
	int r = read_database(img, info_resolve(img, "/var/lib/dpkg/status"), "dpkg",
			      "Package:", "Version:", info, err);

	if (!r)
		r = read_status_d(img, info, err);
	if (!r)
		r = read_database(img, info_resolve(img, "/lib/apk/db/installed"), "apk",
				  "P:", "V:", info, err);
	if (!r && info_resolve(img, "/lib/apk/db/installed") !=
			  info_resolve(img, "/usr/lib/apk/db/installed"))
		r = read_database(img, info_resolve(img, "/usr/lib/apk/db/installed"), "apk",
				  "P:", "V:", info, err);
	return r < 0 ? r : rpmdb_each(img, take_rpm, info, &info->unread, err);
}
