/* SPDX-License-Identifier: BSD-2-Clause */
/* What a container needs to be run with, from records: capabilities, writable places, network. */
#include "profile/needs.h"

#include <endian.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/sysname.h"
#include "slimtrace/image.h"

/*
 * Capabilities that a call asks for without needing them: without, it does a little less, or
 * nothing else. NULL: any call. From the kernel's own sources, at the places named.
 */
static const struct {
	uint32_t cap;
	const char *call;
} harmless[] = {
	/* mm/util.c, __vm_enough_memory(): a reserve of memory for the superuser */
	{ CAP_SYS_ADMIN, "brk" },
	{ CAP_SYS_ADMIN, "clone" },
	{ CAP_SYS_ADMIN, "clone3" },
	{ CAP_SYS_ADMIN, "execve" },
	{ CAP_SYS_ADMIN, "execveat" },
	{ CAP_SYS_ADMIN, "fork" },
	{ CAP_SYS_ADMIN, "vfork" },
	{ CAP_SYS_ADMIN, "mmap" },
	{ CAP_SYS_ADMIN, "mprotect" },
	{ CAP_SYS_ADMIN, "mremap" },
	{ CAP_SYS_ADMIN, "shmget" },
	/* kernel/fork.c, RLIMIT_NPROC; mm/mmap.c and mm/mlock.c, RLIMIT_MEMLOCK */
	{ CAP_SYS_RESOURCE, "clone" },
	{ CAP_SYS_RESOURCE, "clone3" },
	/* fs/attr.c, setattr_should_drop_sgid(): whether a write drops the set-group-ID bit */
	{ CAP_FSETID, "write" },
	{ CAP_FSETID, "pwrite64" },
	{ CAP_FSETID, "writev" },
	{ CAP_FSETID, "truncate" },
	{ CAP_FSETID, "ftruncate" },
	{ CAP_FSETID, "open" },
	{ CAP_FSETID, "openat" },
};

bool profile_capability_needed(const struct record_capability *c)
{
	_cleanup_free_ char *name = NULL;

	if (!c->granted)
		return false;
	if (c->nr < 0)
		return true;
	name = sysname_of(RECORD_NATIVE, (unsigned int)c->nr);
	for (size_t i = 0; name && i < ARRAY_SIZE(harmless); i++)
		if (harmless[i].cap == c->cap && !strcmp(harmless[i].call, name))
			return false;
	return true;
}

/* An executed file that raises privileges has no effect under no-new-privileges. */
static bool raises_privileges(const struct image_entry *e)
{
	if (!e || e->type != ENTRY_FILE)
		return false;
	for (size_t i = 0; i < e->n_xattrs; i++)
		if (!strcmp(e->xattrs[i].name, "security.capability"))
			return true;
	return e->mode & 06000;
}

static uint32_t le32(const struct entry_xattr *x, size_t at)
{
	uint32_t n = 0;

	if (at + sizeof(n) <= x->len)
		memcpy(&n, (const char *)x->value + at, sizeof(n));
	return le32toh(n);
}

/*
 * What @e must be given to run at all. A file whose capabilities are effective at once cannot be
 * executed where one of them is out of reach, also by who never uses it: EPERM, says
 * security/commoncap.c, bprm_caps_from_vfs_caps().
 */
static uint64_t demanded(const struct image_entry *e)
{
	for (size_t i = 0; e && e->type == ENTRY_FILE && i < e->n_xattrs; i++) {
		const struct entry_xattr *x = &e->xattrs[i];
		uint32_t magic = le32(x, 0);

		if (strcmp(x->name, "security.capability") != 0 ||
		    !(magic & VFS_CAP_FLAGS_EFFECTIVE))
			continue;
		return le32(x, 4) | ((magic & VFS_CAP_REVISION_MASK) == VFS_CAP_REVISION_1
					     ? 0
					     : (uint64_t)le32(x, 12) << 32);
	}
	return 0;
}

static uint64_t demanded_capabilities(const struct record *rec, const struct image *img)
{
	uint64_t caps = 0;

	for (size_t i = 0; img && i < rec->n_accesses; i++) {
		const struct record_access *a = &rec->accesses[i];

		if (a->source == RECORD_FILE && a->on_image && a->kinds & RECORD_EXEC)
			caps |= demanded(image_lookup(img, a->path));
	}
	return caps;
}

static bool may_drop_privileges_only(const struct record *rec, const struct image *img)
{
	for (size_t i = 0; i < rec->n_accesses; i++) {
		const struct record_access *a = &rec->accesses[i];

		if (a->source == RECORD_FILE && a->on_image && (a->kinds & RECORD_EXEC) && img &&
		    raises_privileges(image_lookup(img, a->path)))
			return false;
	}
	return true;
}

static bool is_loopback(const struct record_socket *s)
{
	static const uint8_t one[16] = { [15] = 1 };

	return s->family == AF_INET ? s->addr[0] == 127 : !memcmp(s->addr, one, sizeof(one));
}

static void add_sockets(const struct record *rec, struct profile_needs *ret)
{
	for (size_t i = 0; i < rec->n_sockets; i++) {
		const struct record_socket *s = &rec->sockets[i];
		bool tcp = s->protocol == IPPROTO_TCP;

		if ((!tcp && s->protocol != IPPROTO_UDP) || !s->port || is_loopback(s) ||
		    (s->use == RECORD_BIND && tcp))
			continue;
		ret->sockets =
			xreallocarray(ret->sockets, ret->n_sockets + 1, sizeof(*ret->sockets));
		ret->sockets[ret->n_sockets++] = *s;
	}
}

void profile_needs(const struct record *const *records, size_t n, const struct image *img,
		   struct profile_needs *ret)
{
	*ret = (struct profile_needs){ .capabilities_known = true, .no_new_privileges = true };
	for (size_t i = 0; i < n; i++) {
		ret->capabilities |= needs_capabilities(records[i], &ret->capabilities_known);
		ret->capabilities |= demanded_capabilities(records[i], img);
		add_sockets(records[i], ret);
		if (!may_drop_privileges_only(records[i], img))
			ret->no_new_privileges = false;
	}
	ret->read_only = needs_writes(records, n, img, &ret->tmpfs, &ret->volumes);
	if (!ret->read_only) {
		strvec_release(&ret->tmpfs);
		strvec_release(&ret->volumes);
	}
}

void profile_needs_release(struct profile_needs *needs)
{
	strvec_release(&needs->tmpfs);
	strvec_release(&needs->volumes);
	free(needs->sockets);
	*needs = (struct profile_needs){ 0 };
}
