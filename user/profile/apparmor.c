/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The AppArmor profile. What AppArmor mediates is what decides here (security/apparmor/lsm.c of the
 * kernel): opens, executable mappings, making, deleting, renaming and linking names, changing
 * attributes; not looking at a file, and not a name that does not exist.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/socket.h>

#include "profile/needs.h"
#include "profile/paths.h"
#include "profile/rules.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/sysname.h"
#include "slimtrace/image.h"
#include "slimtrace/profile.h"

struct writer {
	const struct record *const *records;
	size_t n;
	const struct profile_calls *calls;
	const struct profile_apparmor_opts *opts;
	struct strvec *warnings;
	struct strbuf *ret;
};

static const struct profile_call *app_call(const struct writer *w, const char *name)
{
	for (size_t i = 0; i < w->calls->n; i++)
		if (!strcmp(w->calls->v[i].name, name) && (w->calls->v[i].sources & PROFILE_APP))
			return &w->calls->v[i];
	return NULL;
}

/* --- files --- */

static void put_file_rules(const struct writer *w)
{
	struct strvec lines = STRVEC_INIT;

	rules_of_files(w->records, w->n, w->opts->img, &lines);
	for (size_t i = 0; i < lines.n; i++)
		strbuf_addf(w->ret, "  %s\n", lines.v[i]);
	strvec_release(&lines);
}

/* --- network --- */

static const char *family_name(uint32_t family)
{
	static const char *const names[] = {
		[AF_UNIX] = "unix",
		[AF_INET] = "inet",
		[AF_AX25] = "ax25",
		[AF_IPX] = "ipx",
		[AF_APPLETALK] = "appletalk",
		[AF_X25] = "x25",
		[AF_INET6] = "inet6",
		[AF_KEY] = "key",
		[AF_NETLINK] = "netlink",
		[AF_PACKET] = "packet",
		[AF_CAN] = "can",
		[AF_TIPC] = "tipc",
		[AF_BLUETOOTH] = "bluetooth",
		[AF_ALG] = "alg",
		[AF_VSOCK] = "vsock",
	};

	return family < ARRAY_SIZE(names) ? names[family] : NULL;
}

/* Without the flags that come with it: SOCK_CLOEXEC, SOCK_NONBLOCK. */
static const char *type_name(uint32_t type)
{
	switch (type & 0xf) {
	case SOCK_STREAM:
		return "stream";
	case SOCK_DGRAM:
		return "dgram";
	case SOCK_RAW:
		return "raw";
	case SOCK_SEQPACKET:
		return "seqpacket";
	default:
		return NULL;
	}
}

static void add_socket_rule(struct strvec *rules, uint32_t family, uint32_t type)
{
	const char *f = family_name(family), *t = type_name(type);
	_cleanup_free_ char *rule = NULL;

	if (!f)
		return;
	if (family == AF_UNIX)
		rule = t ? xasprintf("unix type=%s,", t) : xstrdup("unix,");
	else
		rule = t ? xasprintf("network %s %s,", f, t) : xasprintf("network %s,", f);
	if (!strvec_has(rules, rule))
		strvec_push(rules, rule);
}

/* False: a record does not tell all. */
static bool add_sockets(const struct record *rec, struct strvec *rules)
{
	for (size_t i = 0; i < rec->n_arguments; i++) {
		const struct record_arguments *a = &rec->arguments[i];
		_cleanup_free_ char *name = sysname_of(a->abi, a->nr);

		if (!name || (strcmp(name, "socket") != 0 && strcmp(name, "socketpair") != 0))
			continue;
		if (!a->used)
			return false;
		add_socket_rule(rules, a->value[0], a->value[1]);
	}
	return true;
}

/* Did it ask for names of hosts? */
static bool resolves(const struct record *rec)
{
	static const char *const files[] = { "/etc/resolv.conf", "/etc/hosts" };

	for (size_t i = 0; i < rec->n_accesses; i++)
		for (size_t j = 0; j < ARRAY_SIZE(files); j++)
			if (!strcmp(rec->accesses[i].path, files[j]))
				return true;
	return false;
}

/*
 * A resolver that found its answer in a file here sends a question elsewhere, and chooses between
 * several addresses by sockets that it sends nothing with.
 */
static void add_resolver(const struct record *rec, struct strvec *rules)
{
	if (!resolves(rec))
		return;
	add_socket_rule(rules, AF_INET, SOCK_DGRAM);
	add_socket_rule(rules, AF_INET6, SOCK_DGRAM);
}

static void put_network(const struct writer *w)
{
	struct strvec rules = STRVEC_INIT;
	bool complete = true;

	for (size_t i = 0; i < w->n; i++) {
		complete = add_sockets(w->records[i], &rules) && complete;
		add_resolver(w->records[i], &rules);
	}
	/* Sockets that were inherited, or made by calls whose arguments nobody told. */
	if (!rules.n && (app_call(w, "socket") || app_call(w, "socketpair")))
		complete = false;
	if (!complete) {
		strvec_push(w->warnings, "the AppArmor profile allows all of the network: the "
					 "record does not tell which sockets were made");
		strvec_push(&rules, "network,");
	}
	strvec_sort(&rules);
	if (rules.n)
		strbuf_addstr(w->ret, "\n  # sockets that it made\n");
	for (size_t i = 0; i < rules.n; i++)
		strbuf_addf(w->ret, "  %s\n", rules.v[i]);
	strvec_release(&rules);
}

/* --- capabilities --- */

static uint64_t capabilities(const struct writer *w, bool *ret_known)
{
	uint64_t caps = 0;

	*ret_known = true;
	for (size_t i = 0; i < w->n; i++)
		caps |= needs_capabilities(w->records[i], ret_known);
	return caps;
}

static void put_capabilities(const struct writer *w)
{
	bool known;
	uint64_t caps = capabilities(w, &known);

	if (caps)
		strbuf_addf(w->ret, "\n  # capabilities that it %s\n",
			    known ? "used" : "may have used: inferred, this kernel does not tell");
	for (uint32_t cap = 0; cap < 64; cap++) {
		_cleanup_free_ char *name = NULL;

		if (!(caps & 1ull << cap) || !record_capability_name(cap))
			continue;
		name = xstrdup(record_capability_name(cap) + strlen("CAP_"));
		for (char *p = name; *p; p++)
			*p = *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
		strbuf_addf(w->ret, "  capability %s,\n", name);
	}
}

/* --- processes --- */

static void put_processes(const struct writer *w, bool looks_at_others)
{
	const char *name = w->opts->name;

	strbuf_addf(w->ret,
		    "\n  # signals among its processes, and from who ends it\n"
		    "  signal (send, receive) peer=%s,\n"
		    "  signal (receive) peer=unconfined,\n"
		    "  signal (receive) peer=runc,\n"
		    "  signal (receive) peer=crun,\n",
		    name);
	if (looks_at_others)
		strbuf_addf(w->ret, "  ptrace (read, readby) peer=%s,\n", name);
	if (app_call(w, "ptrace"))
		strbuf_addf(w->ret, "  ptrace (trace, tracedby) peer=%s,\n", name);
	if (app_call(w, "mount") || app_call(w, "move_mount"))
		strbuf_addstr(w->ret, "  mount,\n");
	if (app_call(w, "umount2") || app_call(w, "umount"))
		strbuf_addstr(w->ret, "  umount,\n");
	if (app_call(w, "pivot_root"))
		strbuf_addstr(w->ret, "  pivot_root,\n");
}

/* Files of /proc/PID that the kernel gives to who may read the process only (ptrace(2)). */
static bool is_guarded(const struct record_access *a)
{
	static const char *const names[] = { "environ", "maps",	   "smaps",  "exe",	 "cwd",
					     "root",	"fd",	   "fdinfo", "mem",	 "io",
					     "auxv",	"syscall", "stack",  "map_files" };
	const char *p = a->path;

	if (a->source != RECORD_FILE || strncmp(p, "/proc/", 6) != 0)
		return false;
	p += 6;
	p += strspn(p, "0123456789");
	for (size_t i = 0; *p == '/' && i < ARRAY_SIZE(names); i++) {
		size_t len = strlen(names[i]);

		if (!strncmp(p + 1, names[i], len) && (!p[len + 1] || p[len + 1] == '/'))
			return true;
	}
	return false;
}

static bool looks_at_processes(const struct writer *w)
{
	for (size_t i = 0; i < w->n; i++)
		for (size_t j = 0; j < w->records[i]->n_accesses; j++)
			if (is_guarded(&w->records[i]->accesses[j]))
				return true;
	return false;
}

/* What is in the image's name and would end a comment is made harmless. */
static void put_head(const struct writer *w)
{
	strbuf_addstr(w->ret, "# AppArmor profile made by slimtrace for ");
	for (const char *p = w->opts->image; *p; p++)
		strbuf_addch(w->ret, *p > ' ' && *p <= '~' ? *p : '?');
	strbuf_addf(w->ret,
		    "\n# apparmor_parser -r -W FILE\n"
		    "# docker run --security-opt apparmor=%s IMAGE\n"
		    "abi <abi/3.0>,\n\n"
		    "include <tunables/global>\n\n"
		    "profile %s flags=(attach_disconnected,mediate_deleted) {\n",
		    w->opts->name, w->opts->name);
}

/* The same program reads other parts of these on other machines. Huge pages are mapped as "/". */
static const char machine[] =
	"\n  # what tells about the machine, and shared memory of huge pages\n"
	"  / rw,\n"
	"  /proc/{cgroups,cpuinfo,filesystems,loadavg,meminfo,stat,uptime,version} r,\n"
	"  /proc/sys/{fs,kernel,net,vm}/** r,\n"
	"  /sys/devices/system/{cpu,node}/{,**} r,\n"
	"  /sys/fs/cgroup/{,**} r,\n"
	"  /sys/kernel/mm/{,**} r,\n";

void profile_apparmor(const struct record *const *records, size_t n,
		      const struct profile_calls *calls, const struct profile_apparmor_opts *opts,
		      struct strvec *warnings, struct strbuf *ret)
{
	const struct writer w = { records, n, calls, opts, warnings, ret };

	put_head(&w);
	put_file_rules(&w);
	strbuf_addstr(ret, "\n  # what docker run gives: a terminal, an init\n"
			   "  /dev/console rw,\n"
			   "  /dev/null rw,\n"
			   "  /dev/pts/[0-9]* rw,\n"
			   "  /{dev/init,sbin/docker-init} mrix,\n");
	strbuf_addstr(ret, machine);
	put_network(&w);
	put_capabilities(&w);
	put_processes(&w, looks_at_processes(&w));
	strbuf_addstr(ret, "}\n");
}
