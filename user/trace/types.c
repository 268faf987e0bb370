/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/types.h"

#include <bpf/btf.h>
#include <string.h>

bool types_know_overlay(void)
{
	struct btf *btf = btf__load_vmlinux_btf(), *module;
	bool known;

	if (!btf)
		return false;
	known = btf__find_by_name_kind(btf, "ovl_inode", BTF_KIND_STRUCT) > 0;
	module = known ? NULL : btf__load_module_btf("overlay", btf);
	if (module)
		known = btf__find_by_name_kind(module, "ovl_inode", BTF_KIND_STRUCT) > 0;
	btf__free(module);
	btf__free(btf);
	return known;
}

/* The type that @id, through qualifiers, points to; NULL when it is no pointer. */
static const struct btf_type *pointee(const struct btf *btf, __u32 id)
{
	const struct btf_type *t;
	int r = btf__resolve_type(btf, id);

	t = r < 0 ? NULL : btf__type_by_id(btf, (__u32)r);
	if (!t || !btf_is_ptr(t))
		return NULL;
	r = btf__resolve_type(btf, t->type);
	return r < 0 ? NULL : btf__type_by_id(btf, (__u32)r);
}

/* One of its own, or of its unnamed unions and structs. */
static bool has_member(const struct btf *btf, const struct btf_type *t, const char *name, int depth)
{
	const struct btf_member *m = btf_members(t);

	for (int i = 0; i < btf_vlen(t); i++) {
		const char *own = btf__name_by_offset(btf, m[i].name_off);
		const struct btf_type *inner = *own ? NULL : btf__type_by_id(btf, m[i].type);

		if (!strcmp(own, name))
			return true;
		if (inner && depth && btf_is_composite(inner) &&
		    has_member(btf, inner, name, depth - 1))
			return true;
	}
	return false;
}

/* A tracepoint's function: its own data first, then what the kernel hands over. */
static bool gives_request(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);

	t = t ? pointee(btf, t->type) : NULL;
	if (!t || !btf_is_func_proto(t) || btf_vlen(t) < 2)
		return false;
	t = pointee(btf, btf_params(t)[1].type);
	return t && btf_is_struct(t) &&
	       !strcmp(btf__name_by_offset(btf, t->name_off), "io_kiocb") &&
	       has_member(btf, t, "cmd", 2);
}

bool types_give_request(const char *name)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool r = btf && gives_request(btf, name);

	btf__free(btf);
	return r;
}
