/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seccomp profile as JSON: Docker's (docs.docker.com/engine/security/seccomp/, the types of
 * github.com/moby/profiles) and the runtime's (OCI runtime-spec, config-linux.md, "seccomp").
 *
 * The default answer is ENOSYS, so that what a later kernel adds looks as if it were not there, and
 * C libraries fall back. What was there all along and was not used is refused with EPERM, as
 * engines do. The newer calls that are known by name are listed all the same: an engine that does
 * not know "defaultErrnoRet" would answer EPERM.
 */
#include <errno.h>
#include <seccomp.h>
#include <string.h>

#include "profile/tables.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/strmap.h"
#include "slimtrace/base/sysname.h"
#include "slimtrace/profile.h"

struct document {
	const struct profile_calls *calls;
	enum profile_format format;
	cJSON *rules;
};

static const char *arch_name(enum record_abi abi)
{
	switch (sysname_arch(abi)) {
	case SCMP_ARCH_X86:
		return "SCMP_ARCH_X86";
	case SCMP_ARCH_X86_64:
		return "SCMP_ARCH_X86_64";
	case SCMP_ARCH_X32:
		return "SCMP_ARCH_X32";
	case SCMP_ARCH_ARM:
		return "SCMP_ARCH_ARM";
	case SCMP_ARCH_AARCH64:
		return "SCMP_ARCH_AARCH64";
	default:
		return NULL;
	}
}

/* The machine's own, and those of other ABIs that were used. */
static void add_archs(cJSON *doc, const struct document *d)
{
	cJSON *list, *map;

	if (d->format == PROFILE_OCI) {
		list = json_add(doc, "architectures", json_array());
		json_append(list, cJSON_CreateString(arch_name(RECORD_NATIVE)));
	} else {
		map = json_append(json_add(doc, "archMap", json_array()), json_object());
		json_add_str(map, "architecture", arch_name(RECORD_NATIVE));
		list = json_add(map, "subArchitectures", json_array());
	}
	for (int abi = RECORD_COMPAT; abi < RECORD_ABIS; abi++)
		if (d->calls->abis & 1u << abi)
			json_append(list, cJSON_CreateString(arch_name((enum record_abi)abi)));
}

/* A rule without names yet; only Docker's form has room for a comment. */
static cJSON *rule(const struct document *d, const char *action, const char *comment)
{
	cJSON *obj = json_object();

	json_add(obj, "names", json_array());
	json_add_str(obj, "action", action);
	if (d->format == PROFILE_DOCKER && comment)
		json_add_str(obj, "comment", comment);
	return obj;
}

static void add_name(cJSON *obj, const char *name)
{
	json_append(json_get(obj, "names"), cJSON_CreateString(name));
}

static void finish_rule(struct document *d, cJSON *obj)
{
	if (cJSON_GetArraySize(json_get(obj, "names")))
		json_append(d->rules, obj);
	else
		json_free(obj);
}

/* The calls with a source in @any and none in @none, which are said before. */
static void allow(struct document *d, uint32_t any, uint32_t none, const char *comment)
{
	cJSON *obj = rule(d, "SCMP_ACT_ALLOW", comment);

	for (size_t i = 0; i < d->calls->n; i++) {
		const struct profile_call *c = &d->calls->v[i];

		if ((c->sources & any) && !(c->sources & none) && !c->conditional && !c->unnamed &&
		    !c->n_values)
			add_name(obj, c->name);
	}
	finish_rule(d, obj);
}

static const struct profile_call *find(const struct profile_calls *calls, const char *name)
{
	for (size_t i = 0; i < calls->n; i++)
		if (!strcmp(calls->v[i].name, name))
			return &calls->v[i];
	return NULL;
}

static void add_condition(cJSON *obj, const struct engine_condition *c)
{
	cJSON *arg = json_append(json_add(obj, "args", json_array()), json_object());

	add_name(obj, c->name);
	json_add_int(arg, "index", c->index);
	json_add_int(arg, "value", (int64_t)c->value);
	json_add_int(arg, "valueTwo", (int64_t)c->value_two);
	json_add_str(arg, "op", c->op);
}

/* One rule a condition: rules are alternatives, the conditions inside one are not. */
static void allow_conditional(struct document *d)
{
	for (size_t i = 0; i < n_engine_conditions; i++) {
		const struct engine_condition *c = &engine_conditions[i];
		const struct profile_call *call = find(d->calls, c->name);
		cJSON *obj;

		if (!call || !call->conditional)
			continue;
		obj = rule(d, "SCMP_ACT_ALLOW", "with arguments that the engine's default allows");
		add_condition(obj, c);
		finish_rule(d, obj);
	}
}

/* Of an int only the low half counts: what is above in its register is anything. */
static void allow_values(struct document *d)
{
	for (size_t i = 0; i < d->calls->n; i++) {
		const struct profile_call *call = &d->calls->v[i];

		for (size_t j = 0; j < call->n_values && !call->unnamed; j++) {
			const struct engine_condition c = { call->name, call->index,
							    "SCMP_CMP_MASKED_EQ", UINT32_MAX,
							    call->values[j] };
			cJSON *obj = rule(d, "SCMP_ACT_ALLOW", j ? NULL : "with the values seen");

			add_condition(obj, &c);
			finish_rule(d, obj);
		}
	}
}

/* All that is not allowed and has a name: what is older gets @old, what is newer the other. */
static void refuse(struct document *d, bool new, int error, const char *comment)
{
	_cleanup_(strmap_free) struct strmap *said = strmap_new();
	cJSON *obj = rule(d, "SCMP_ACT_ERRNO", comment);

	json_add_int(obj, "errnoRet", error);
	for (unsigned int i = 0; i < SYSNAME_MAX * RECORD_ABIS; i++) {
		enum record_abi abi = (enum record_abi)(i / SYSNAME_MAX);
		unsigned int nr = sysname_nr(abi, i % SYSNAME_MAX);
		_cleanup_free_ char *name = NULL;

		if (!(d->calls->abis & 1u << abi) || sysname_is_new(abi, nr) != new)
			continue;
		name = sysname_of(abi, nr);
		if (!name || find(d->calls, name) || strmap_put(said, name, said))
			continue;
		add_name(obj, name);
	}
	finish_rule(d, obj);
}

void profile_seccomp(const struct profile_calls *calls, enum profile_format format,
		     struct strbuf *ret)
{
	struct document d = { .calls = calls, .format = format };
	_cleanup_(json_free) cJSON *doc = json_object();

	json_add_str(doc, "defaultAction", "SCMP_ACT_ERRNO");
	json_add_int(doc, "defaultErrnoRet", ENOSYS);
	add_archs(doc, &d);
	d.rules = json_add(doc, "syscalls", json_array());
	allow(&d, PROFILE_APP, 0, "called by the application");
	allow(&d, PROFILE_RUNTIME_SEEN, PROFILE_APP,
	      "called by the OCI runtime between loading this and starting the application");
	allow(&d, PROFILE_RUNTIME, PROFILE_APP | PROFILE_RUNTIME_SEEN,
	      "likewise, by other versions of runc and crun");
	allow(&d, PROFILE_SIGNAL, PROFILE_APP | PROFILE_RUNTIME_SEEN | PROFILE_RUNTIME,
	      "to be signalled, and to end");
	allow(&d, PROFILE_VDSO,
	      PROFILE_APP | PROFILE_RUNTIME_SEEN | PROFILE_RUNTIME | PROFILE_SIGNAL,
	      "the time, where the kernel has to be asked for it");
	allow(&d, PROFILE_INIT,
	      PROFILE_APP | PROFILE_RUNTIME_SEEN | PROFILE_RUNTIME | PROFILE_SIGNAL | PROFILE_VDSO,
	      "by the init of docker run --init");
	allow_conditional(&d);
	allow_values(&d);
	refuse(&d, true, ENOSYS, "not called; newer, so that C libraries fall back");
	refuse(&d, false, EPERM, "not called");
	json_print(doc, true, ret);
}
