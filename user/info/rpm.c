/* SPDX-License-Identifier: BSD-2-Clause */
/* RPM's headers: an index of tags, and their data (rpm.org, "RPM V4 Package format"). */
#include <stdlib.h>
#include <string.h>

#include "info/rpmdb.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strvec.h"

enum type { INT32 = 4, STRING = 6, STRING_ARRAY = 8, I18N_STRING = 9 };
#define ENTRY 16u
#define MAX_PATHS (1u << 20)
#define MAX_EXPANSION 64u /* of paths, in which directories are said again */

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool rpm_header_read(const unsigned char *header, size_t len, struct rpm_header *ret)
{
	uint64_t n, data;

	if (len < 8)
		return false;
	n = be32(header);
	data = be32(header + 4);
	if (8 + n * ENTRY + data > len)
		return false;
	*ret = (struct rpm_header){
		.index = header + 8, .data = header + 8 + n * ENTRY, .n = n, .len = data
	};
	return true;
}

/* Where a tag's data is: how much of it there may be, 0: none of that type. */
static size_t find(const struct rpm_header *h, enum rpm_tag tag, uint32_t *ret_type,
		   uint32_t *ret_count, const unsigned char **ret)
{
	for (size_t i = 0; i < h->n; i++) {
		const unsigned char *entry = h->index + i * ENTRY;
		uint32_t offset = be32(entry + 8);

		if (be32(entry) != (uint32_t)tag)
			continue;
		if (offset >= h->len)
			return 0;
		*ret_type = be32(entry + 4);
		*ret_count = be32(entry + 12);
		*ret = h->data + offset;
		return h->len - offset;
	}
	return 0;
}

/* The strings of a tag, borrowed, but no more than @max. */
static size_t each_string(const struct rpm_header *h, enum rpm_tag tag, size_t max,
			  const char **ret)
{
	uint32_t type = 0, count = 0;
	const unsigned char *p = NULL;
	size_t left = find(h, tag, &type, &count, &p), n = 0;

	if (type != STRING && type != STRING_ARRAY && type != I18N_STRING)
		return 0;
	while (left && n < count && n < max) {
		const unsigned char *end = memchr(p, '\0', left);

		if (!end)
			break;
		ret[n++] = (const char *)p;
		left -= (size_t)(end - p) + 1;
		p = end + 1;
	}
	return n;
}

static const char *first_string(const struct rpm_header *h, enum rpm_tag tag)
{
	const char *s;

	return each_string(h, tag, 1, &s) ? s : NULL;
}

const char *rpm_name(const struct rpm_header *h)
{
	return first_string(h, RPM_NAME);
}

/* The numbers of a tag, in the header's byte order. */
static size_t numbers(const struct rpm_header *h, enum rpm_tag tag, const unsigned char **ret)
{
	uint32_t type = 0, count = 0;
	size_t left = find(h, tag, &type, &count, ret) / sizeof(uint32_t);

	if (type != INT32)
		return 0;
	return count < left ? count : left;
}

void rpm_version(const struct rpm_header *h, struct strbuf *ret)
{
	const char *version = first_string(h, RPM_VERSION), *release = first_string(h, RPM_RELEASE);
	const unsigned char *epoch;

	if (numbers(h, RPM_EPOCH, &epoch))
		strbuf_addf(ret, "%u:", be32(epoch));
	strbuf_addstr(ret, version ? version : "");
	if (release)
		strbuf_addf(ret, "-%s", release);
}

void rpm_each_path(const struct rpm_header *h, void (*fn)(const char *path, void *ctx), void *ctx)
{
	const unsigned char *of = NULL;
	size_t n = numbers(h, RPM_DIR_INDEXES, &of), n_names, n_dirs, left = h->len * MAX_EXPANSION;
	_cleanup_free_ const char **names = NULL, **dirs = NULL;

	if (!n || n > MAX_PATHS)
		return;
	names = xcalloc(n, sizeof(*names));
	dirs = xcalloc(n, sizeof(*dirs)); /* each one is of some name */
	n_names = each_string(h, RPM_BASE_NAMES, n, names);
	n_dirs = each_string(h, RPM_DIR_NAMES, n, dirs);
	for (size_t i = 0; i < n_names; i++) {
		uint32_t dir = be32(of + i * sizeof(uint32_t));
		size_t len = strlen(names[i]) + 1;
		_cleanup_free_ char *path = NULL;

		len += dir < n_dirs ? strnlen(dirs[dir], left) : left;
		if (len > left)
			return;
		left -= len;
		path = xasprintf("%s%s", dirs[dir], names[i]);
		fn(path, ctx);
	}
}
