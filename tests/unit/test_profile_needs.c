/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/capability.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "../lib/growth.h"
#include "../lib/tap.h"
#include "profile/needs.h"
#include "slimtrace/base/sysname.h"
#include "test_image.h"

static const struct item items[] = {
	{ "bin/", AE_IFDIR, NULL, 0755, 0, NULL },
	{ "bin/app", AE_IFREG, "app", 0755, 0, NULL },
	{ "bin/su", AE_IFREG, "su", 04755, 0, NULL },
	{ "bin/ping", AE_IFREG, "ping", 0755, 0, "security.capability" },
	{ "tmp/", AE_IFDIR, NULL, 01777, 0, NULL },
	{ "run/", AE_IFDIR, NULL, 0755, 7, NULL },
	{ "var/", AE_IFDIR, NULL, 0755, 0, NULL },
	{ "var/db/", AE_IFDIR, NULL, 0700, 0, NULL },
	{ "var/db/file", AE_IFREG, "data", 0, 0, NULL },
	{ "var/tmp", AE_IFLNK, "../tmp", 0, 0, NULL },
};

struct use {
	enum record_source source;
	const char *path;
	uint32_t kinds;
	bool on_image;
	int error;
};

static struct record *make_record(const struct use *uses, size_t n)
{
	struct record_builder *b = record_builder_new();
	struct record *rec;

	for (size_t i = 0; i < n; i++) {
		struct record_access_key key = { .source = uses[i].source,
						 .path = uses[i].path,
						 .path_len = strlen(uses[i].path),
						 .error = uses[i].error,
						 .on_image = uses[i].on_image };

		record_add_access(b, &key, uses[i].kinds, 0, 1);
	}
	rec = record_builder_finish(b);
	record_builder_free(b);
	return rec;
}

static void test_writes(const struct image *img)
{
	static const struct use uses[] = {
		{ RECORD_LOOKUP, "/var/tmp/x/y", RECORD_CREATE, true, 0 },
		{ RECORD_FILE, "/run/app/pid", RECORD_WRITE, true, 0 },
		{ RECORD_LOOKUP, "/run/app", RECORD_CREATE, true, 0 },
		{ RECORD_FILE, "/var/db/file", RECORD_WRITE, true, 0 },
		{ RECORD_FILE, "/data/file", RECORD_WRITE, false, 0 },
		{ RECORD_LOOKUP, "/bin/none", RECORD_DELETE, true, 2 },
		{ RECORD_FILE, "/bin/app", RECORD_EXEC, true, 0 },
	};
	static const struct use at_root[] = { { RECORD_LOOKUP, "/new", RECORD_CREATE, true, 0 } };
	struct record *rec = make_record(uses, ARRAY_SIZE(uses)), *root = make_record(at_root, 1);
	_cleanup_profile_needs_ struct profile_needs needs, none;

	profile_needs((const struct record *const *)&rec, 1, img, &needs);
	ok(needs.read_only && needs.no_new_privileges, "read-only, no new privileges");
	is_int(needs.tmpfs.n, 2, "in memory: what is empty in the image");
	is_str(needs.tmpfs.v[0], "/run:mode=755,uid=7,gid=0", "with its owner and mode");
	is_str(needs.tmpfs.v[1], "/tmp", "through a link, and with no more than needed");
	is_int(needs.volumes.n, 1, "a volume");
	is_str(needs.volumes.v[0], "/var/db", "where the image has content");
	profile_needs((const struct record *const *)&root, 1, img, &none);
	ok(!none.read_only && !none.tmpfs.n, "who writes to / cannot be read-only");
	record_free(rec);
	record_free(root);
}

/* Native code that an app unpacks: a tmpfs of docker's does not let it run by itself. */
static void test_unpacked(const struct image *img)
{
	static const struct use uses[] = {
		{ RECORD_FILE, "/tmp/x.so", RECORD_CREATE | RECORD_MAP, true, 0 },
		{ RECORD_FILE, "/run/tool", RECORD_CREATE | RECORD_EXEC, true, 0 },
		{ RECORD_FILE, "/var/db/tool", RECORD_CREATE | RECORD_EXEC, true, 0 },
	};
	struct record *rec = make_record(uses, ARRAY_SIZE(uses));
	_cleanup_profile_needs_ struct profile_needs needs;

	profile_needs((const struct record *const *)&rec, 1, img, &needs);
	is_int(needs.tmpfs.n, 2, "what runs from a directory in memory");
	is_str(needs.tmpfs.v[0], "/run:mode=755,uid=7,gid=0,exec", "executed");
	is_str(needs.tmpfs.v[1], "/tmp:exec", "mapped");
	is_str(needs.volumes.v[0], "/var/db", "a volume allows it anyway");
	record_free(rec);
}

static void find_writes(uint32_t n, void *ctx)
{
	struct record_builder *b = record_builder_new();
	_cleanup_profile_needs_ struct profile_needs needs;
	struct record *rec;

	for (uint32_t i = 0; i < 2 * n; i++) {
		_cleanup_free_ char *path =
			xasprintf(i % 2 ? "/srv/%u/made" : "/usr/lib/lib%u.so", i);
		const struct record_access_key key = { .path = path,
						       .path_len = strlen(path),
						       .on_image = true };

		record_add_access(b, &key, i % 2 ? RECORD_CREATE : RECORD_MAP, 0, i);
	}
	rec = record_builder_finish(b);
	record_builder_free(b);
	profile_needs((const struct record *const *)&rec, 1, ctx, &needs);
	is_int(needs.tmpfs.n, n, "many directories");
	record_free(rec);
}

/* Directories and libraries are the application's to choose: no list is searched for each. */
static void test_many(void)
{
	ok(growth_is_linear(find_writes, 5000, NULL), "many: not in quadratic time");
}

static void test_privileges(const struct image *img)
{
	static const struct use su[] = { { RECORD_FILE, "/bin/su", RECORD_EXEC, true, 0 } },
				ping[] = { { RECORD_FILE, "/bin/ping", RECORD_EXEC, true, 0 } };
	struct record *a = make_record(su, 1), *b = make_record(ping, 1);
	_cleanup_profile_needs_ struct profile_needs first, second;

	profile_needs((const struct record *const *)&a, 1, img, &first);
	ok(!first.no_new_privileges, "a set-user-ID program needs new privileges");
	profile_needs((const struct record *const *)&b, 1, img, &second);
	ok(!second.no_new_privileges, "so does one with capabilities");
	record_free(a);
	record_free(b);
}

/* Without what is effective at once the kernel does not execute the file at all. */
static void test_demanded(const struct image *img)
{
	static const struct use ping[] = { { RECORD_FILE, "/bin/ping", RECORD_EXEC, true, 0 } };
	/* struct vfs_cap_data: cap_net_bind_service and cap_bpf, permitted and effective */
	uint8_t data[] = { 1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 128, 0, 0, 0, 0, 0, 0, 0 };
	struct entry_xattr *x = image_lookup(img, "/bin/ping")->xattrs, was = *x;
	struct record *rec = make_record(ping, 1);
	_cleanup_profile_needs_ struct profile_needs effective, permitted;

	x->value = data;
	x->len = sizeof(data);
	profile_needs((const struct record *const *)&rec, 1, img, &effective);
	ok(effective.capabilities == (1ull << CAP_NET_BIND_SERVICE | 1ull << CAP_BPF),
	   "a file's effective capabilities are needed to execute it");
	data[0] = 0;
	profile_needs((const struct record *const *)&rec, 1, img, &permitted);
	is_int(permitted.capabilities, 0, "those that are only permitted are not");
	*x = was;
	record_free(rec);
}

static void test_capabilities(void)
{
	struct record_builder *b = record_builder_new();
	_cleanup_profile_needs_ struct profile_needs needs;
	struct record *rec;

	record_add_capability(b, CAP_SYS_ADMIN, true, sysname_number(RECORD_NATIVE, "mmap"));
	record_add_capability(b, CAP_FSETID, true, sysname_number(RECORD_NATIVE, "write"));
	record_add_capability(b, CAP_CHOWN, true, sysname_number(RECORD_NATIVE, "chown"));
	record_add_capability(b, CAP_NET_RAW, true, -1);
	record_add_capability(b, CAP_KILL, false, sysname_number(RECORD_NATIVE, "kill"));
	rec = record_builder_finish(b);
	record_builder_free(b);
	profile_needs((const struct record *const *)&rec, 1, NULL, &needs);
	ok(needs.capabilities == (1ull << CAP_CHOWN | 1ull << CAP_NET_RAW),
	   "what was granted and mattered");
	ok(needs.capabilities_known, "and is known");
	record_free(rec);
}

/* A kernel that does not tell: what the calls, and nothing else, show to be needed stays. */
static void test_inferred(void)
{
	static const char *const calls[] = { "setuid", "chroot", "fchmodat", "socket" };
	struct record_builder *b = record_builder_new();
	struct record_socket s = {
		.use = RECORD_LISTEN, .family = AF_INET, .protocol = IPPROTO_TCP, .port = 80
	};
	_cleanup_profile_needs_ struct profile_needs needs, high;
	struct record *rec;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		record_add_syscall(b, RECORD_APP, RECORD_NATIVE,
				   (uint32_t)sysname_number(RECORD_NATIVE, calls[i]), 1, 0);
	record_add_syscall(b, RECORD_RUNTIME, RECORD_NATIVE,
			   (uint32_t)sysname_number(RECORD_NATIVE, "setgid"), 1, 0);
	record_add_arguments(b, RECORD_NATIVE, (uint32_t)sysname_number(RECORD_NATIVE, "socket"), 3,
			     (const uint32_t[]){ AF_INET, SOCK_STREAM, 0 });
	record_add_socket(b, &s);
	rec = record_builder_finish(b);
	record_builder_free(b);
	rec->capabilities_unseen = true;
	rec->confinement.bounding = 0xa80425fb; /* docker run's */
	profile_needs((const struct record *const *)&rec, 1, NULL, &needs);
	ok(!needs.capabilities_known, "it is not known");
	is_int(needs.capabilities,
	       1 << CAP_DAC_OVERRIDE | 1 << CAP_FOWNER | 1 << CAP_FSETID | 1 << CAP_SETUID |
		       1 << CAP_NET_BIND_SERVICE | 1 << CAP_SYS_CHROOT,
	       "but inferred from calls, and what no call tells");
	rec->sockets[0].port = 8080;
	rec->confinement.bounding = 1 << CAP_NET_BIND_SERVICE | 1 << CAP_SETUID;
	profile_needs((const struct record *const *)&rec, 1, NULL, &high);
	is_int(high.capabilities, 1 << CAP_SETUID, "of what it had, a high port needs none");
	record_free(rec);
}

static void has(const struct strbuf *text, const char *what)
{
	ok(strstr(text->buf, what) != NULL, "has: %.*s", (int)strcspn(what, "\n"), what);
}

static void test_forms(void)
{
	struct profile_needs needs = { .capabilities = 1ull << CAP_NET_BIND_SERVICE,
				       .capabilities_known = true,
				       .read_only = true };
	struct record_socket sockets[] = {
		{ .use = RECORD_LISTEN, .family = AF_INET, .protocol = IPPROTO_TCP, .port = 80 },
		{ .use = RECORD_LISTEN, .family = AF_INET6, .protocol = IPPROTO_TCP, .port = 80 },
		{ .use = RECORD_CONNECTED,
		  .family = AF_INET,
		  .protocol = IPPROTO_UDP,
		  .port = 53,
		  .addr = { 10, 0, 0, 1 } },
	};
	const struct profile_names names = { .image = "a/b$c\"`:1",
					     .name = "a-b",
					     .seccomp = "a-b-seccomp.json",
					     .apparmor = "a-b-apparmor-profile",
					     .user = "1000" };
	_cleanup_strbuf_ struct strbuf run = STRBUF_INIT, compose = STRBUF_INIT,
				       kubernetes = STRBUF_INIT;
	const char *first;

	strvec_push(&needs.tmpfs, "/it's");
	needs.sockets = sockets;
	needs.n_sockets = ARRAY_SIZE(sockets);
	profile_run_script(&needs, &names, &run);
	has(&run, "--cap-add NET_BIND_SERVICE \\\n");
	has(&run, "--tmpfs '/it'\\''s' \\\n");
	has(&run, "\"${IMAGE:-a/bc:1}\"\n");
	ok(!strstr(run.buf, "no-new-privileges"), "new privileges are needed");
	profile_compose(&needs, &names, &compose);
	has(&compose, "    image: \"a/b$$c\\\"`:1\"\n");
	has(&compose, "      - \"/it's\"\n");
	profile_kubernetes(&needs, &names, &kubernetes);
	has(&kubernetes, "        runAsUser: 1000\n");
	has(&kubernetes, "  ingress:\n    - ports:\n        - protocol: TCP\n          port: 80\n");
	has(&kubernetes, "        # to 10.0.0.1\n        - protocol: UDP\n          port: 53\n");
	first = strstr(kubernetes.buf, "port: 80");
	ok(first && !strstr(first + 1, "port: 80"), "a port is said once");
	strvec_release(&needs.tmpfs);
}

int main(void)
{
	struct strbuf layer = STRBUF_INIT;
	struct image *img = NULL;
	struct err err = ERR_INIT;

	layer_tar(items, ARRAY_SIZE(items), &layer);
	if (ok(image_open_archive(docker_archive(&layer, NULL, 1), NULL, "/tmp", &img, &err) == 0,
	       "an image")) {
		test_writes(img);
		test_unpacked(img);
		test_demanded(img);
		test_privileges(img);
	}
	test_many();
	test_capabilities();
	test_inferred();
	test_forms();
	image_free(img);
	strbuf_release(&layer);
	return tap_done();
}
