/* SPDX-License-Identifier: BSD-2-Clause */
#include "session/owner.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"

#define BOOT_DIGITS 8

struct owner {
	char boot[BOOT_DIGITS + 1];
	unsigned long long pidns, start;
	int pid;
};

static void read_boot(char ret[BOOT_DIGITS + 1])
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct err ignored = ERR_INIT;

	if (io_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 256, &text, &ignored) < 0 ||
	    text.len < BOOT_DIGITS)
		memset(ret, '0', BOOT_DIGITS);
	else
		memcpy(ret, text.buf, BOOT_DIGITS);
	ret[BOOT_DIGITS] = '\0';
}

/* Field 22 of /proc/PID/stat, counted from behind the name, which may hold anything. 0: no process,
 * or one that has ended and is only waiting for its parent. */
static unsigned long long start_time(int pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/stat", pid);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct err ignored = ERR_INIT;
	unsigned long long start = 0;
	const char *p;
	char state;

	if (io_read_file(AT_FDCWD, path, 4096, &text, &ignored) < 0)
		return 0;
	p = strrchr(text.buf, ')');
	if (!p || sscanf(p + 1, " %c", &state) != 1 || state == 'Z' || state == 'X')
		return 0;
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p && sscanf(p, " %llu", &start) == 1 ? start : 0;
}

static struct owner self(void)
{
	struct owner o = { .pid = getpid() };
	struct stat st;

	read_boot(o.boot);
	if (!stat("/proc/self/ns/pid", &st))
		o.pidns = st.st_ino;
	o.start = start_time(o.pid);
	return o;
}

const char *owner_name(void)
{
	static char name[96];

	if (!*name) {
		struct owner o = self();

		snprintf(name, sizeof(name), "%s-%llu-%d-%llu", o.boot, o.pidns, o.pid, o.start);
	}
	return name;
}

void owner_label(cJSON *labels, bool keep)
{
	json_add_str(labels, OWNER_LABEL, owner_name());
	if (keep)
		json_add_str(labels, OWNER_LABEL_KEEP, "1");
}

static bool parse(const char *name, size_t len, struct owner *ret)
{
	_cleanup_free_ char *text = xstrndup(name, len);
	struct owner o;
	int end = 0;

	if (strlen(text) != len ||
	    sscanf(text, "%8[0-9a-f]-%20llu-%9d-%20llu%n", o.boot, &o.pidns, &o.pid, &o.start,
		   &end) != 4 ||
	    (size_t)end != len || strlen(o.boot) != BOOT_DIGITS || o.pid <= 0)
		return false;
	*ret = o;
	return true;
}

bool owner_is_dead(const char *name, size_t len)
{
	struct owner o, me = self();

	if (!parse(name, len, &o))
		return false;
	if (strcmp(o.boot, me.boot) != 0)
		return true;
	return o.pidns == me.pidns && start_time(o.pid) != o.start;
}
