/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Users. At every start the runtime itself looks up the image's user in /etc/passwd and
 * /etc/group, outside the container and so unseen: the uid of a name, the primary and further
 * groups, and HOME.
 */
#include <string.h>

#include "keep/rules.h"
#include "slimtrace/base/alloc.h"

#define PASSWD_MAX (4 << 20)

/* The n-th field of a line of passwd(5), from 0; ends at ':' or the line's end. */
static const char *field(const char *line, unsigned int n, size_t *ret_len)
{
	for (; n; n--) {
		line += strcspn(line, ":\n");
		if (*line != ':')
			break;
		line++;
	}
	*ret_len = strcspn(line, ":\n");
	return line;
}

static bool field_is(const char *line, unsigned int n, const char *value, size_t len)
{
	size_t got_len;
	const char *got = field(line, n, &got_len);

	return got_len == len && !strncmp(got, value, len);
}

/* The home directory of @user, a name or a number, "user:group" allowed. */
static void keep_home(struct keep *k, const char *passwd, const char *user)
{
	size_t user_len = strcspn(user, ":"), len;

	for (const char *line = passwd; *line; line += *line == '\n') {
		if (field_is(line, 0, user, user_len) || field_is(line, 2, user, user_len)) {
			const char *at = field(line, 5, &len);
			_cleanup_free_ char *home = xstrndup(at, len);

			if (*home == '/')
				keep_path(k, home, true, KEEP_USER_DB, NO_ACCESS);
			return;
		}
		line += strcspn(line, "\n");
	}
}

int keep_user_db(struct keep *k, struct err *err)
{
	struct image_entry *e = keep_path(k, "/etc/passwd", true, KEEP_USER_DB, NO_ACCESS);
	const char *user = image_config(k->img)->user;
	_cleanup_free_ char *passwd = NULL;
	size_t len;
	int r;

	keep_path(k, "/etc/group", true, KEEP_USER_DB, NO_ACCESS);
	if (!e || e->type != ENTRY_FILE || e->size > PASSWD_MAX)
		return 0;
	r = image_file_read(k->img, e, PASSWD_MAX, &passwd, &len, err);
	if (r < 0)
		return r;
	keep_home(k, passwd, user && *user ? user : "0");
	return 0;
}
