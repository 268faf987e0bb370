/* SPDX-License-Identifier: BSD-2-Clause */
/* Which system calls a seccomp profile allows, and why. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "profile/tables.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strmap.h"
#include "slimtrace/base/sysname.h"
#include "slimtrace/profile.h"

#define ALL_CAPABILITIES                                                                           \
	UINT64_MAX /* of a run that does not tell: nothing is known to be blocked */

struct decision {
	struct profile_calls *calls;
	struct strmap *places; /* name -> index + 1 */
	size_t cap;
	bool confined;	   /* all runs had a filter: what it let pass may stay */
	uint64_t bounding; /* what any of the runs could have had */
};

static void add(struct decision *d, const char *name, uint32_t source, uint32_t abis,
		uint64_t count)
{
	struct profile_calls *calls = d->calls;
	size_t place = (size_t)(uintptr_t)strmap_get(d->places, name);
	struct profile_call *call;

	if (!place) {
		ALLOC_GROW(calls->v, calls->n + 1, d->cap);
		calls->v[calls->n++] = (struct profile_call){ .name = xstrdup(name) };
		place = calls->n;
		strmap_put(d->places, name, (void *)(uintptr_t)place);
	}
	call = &calls->v[place - 1];
	call->sources |= source;
	call->abis |= abis;
	if (__builtin_add_overflow(call->count, count, &call->count))
		call->count = UINT64_MAX;
}

static void warn(struct decision *d, char *text)
{
	strvec_push_take(&d->calls->warnings, text);
}

/* Called, and not to be allowed. */
static void withhold(struct decision *d, const char *name)
{
	if (!strvec_has(&d->calls->withheld, name))
		strvec_push(&d->calls->withheld, name);
}

/* A number without a name: it is kept as a number, for whoever can use that. */
static char *name_of(struct decision *d, const struct record_syscall *s, bool *ret_unnamed)
{
	char *name = sysname_of(s->abi, s->nr);

	*ret_unnamed = !name;
	if (name)
		return name;
	warn(d, xasprintf("system call %" PRIu32 " has no name here: the seccomp profile cannot "
			  "allow it; a newer libseccomp may know it",
			  s->nr));
	return xasprintf("syscall_%" PRIu32, s->nr);
}

static void add_callers(struct profile_call *call, const struct record *rec,
			const struct record_syscall *s)
{
	for (size_t i = 0; i < s->n_programs; i++) {
		const char *exe = rec->programs[s->programs[i]].exe;

		if (*exe && !strvec_has(&call->callers, exe))
			strvec_push(&call->callers, exe);
	}
	strvec_sort(&call->callers);
}

/* The app's calls: those that some filter let pass, or that the default one would. */
static void add_observed(struct decision *d, const struct record *rec,
			 const struct record_syscall *s)
{
	struct profile_call *call;
	bool unnamed, all_refused = s->count && s->refused >= s->count;
	_cleanup_free_ char *name = NULL;

	if (s->phase == RECORD_RUNTIME)
		return;
	name = name_of(d, s, &unnamed);
	if (all_refused || (!d->confined && engine_blocks(name, d->bounding))) {
		if (s->phase == RECORD_APP)
			withhold(d, name);
		return;
	}
	if (s->phase == RECORD_CONFINED) {
		add(d, name, PROFILE_RUNTIME_SEEN, 1u << s->abi, 0);
		return;
	}
	d->calls->abis |= 1u << s->abi;
	add(d, name, PROFILE_APP, 1u << s->abi, s->count - s->refused);
	call = &d->calls->v[(size_t)(uintptr_t)strmap_get(d->places, name) - 1];
	call->unnamed = unnamed;
	add_callers(call, rec, s);
}

static void add_names(struct decision *d, const char *const *names, uint32_t source)
{
	for (; *names; names++)
		if (sysname_number(RECORD_NATIVE, *names) >= 0 ||
		    (d->calls->abis & (1u << RECORD_COMPAT) &&
		     sysname_number(RECORD_COMPAT, *names) >= 0))
			add(d, *names, source, 0, 0);
}

static int compare(const void *left, const void *right)
{
	const struct profile_call *a = left, *b = right;

	return strcmp(a->name, b->name);
}

/* What every run was held by, and what any of them could have had. */
static void read_confinement(struct decision *d, const struct record *const *records, size_t n)
{
	d->confined = true;
	for (size_t i = 0; i < n; i++) {
		const struct record_confinement *c = &records[i]->confinement;

		if (c->known && !c->seccomp)
			d->confined = false;
		d->bounding |= c->known ? c->bounding : ALL_CAPABILITIES;
	}
}

static void warn_withheld(struct decision *d)
{
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT;
	const struct strvec *withheld = &d->calls->withheld;

	for (size_t i = 0; i < withheld->n; i++)
		strbuf_addf(&names, "%s%s", i ? ", " : "", withheld->v[i]);
	if (withheld->n && !d->confined)
		warn(d, xasprintf("the container ran without a seccomp filter and called what "
				  "Docker's default profile blocks; the profile blocks it too: %s",
				  names.buf));
}

/* A call that another run, or another ABI, was let make is allowed all the same. */
static void drop_allowed(struct decision *d)
{
	struct strvec left = STRVEC_INIT, *withheld = &d->calls->withheld;

	for (size_t i = 0; i < withheld->n; i++)
		if (!strmap_get(d->places, withheld->v[i]))
			strvec_push(&left, withheld->v[i]);
	strvec_sort(&left);
	strvec_release(withheld);
	*withheld = left;
}

void profile_calls(const struct record *const *records, size_t n, bool arg_filters,
		   struct profile_calls *ret)
{
	struct decision d = { .calls = ret, .places = strmap_new() };

	*ret = (struct profile_calls){ .abis = 1u << RECORD_NATIVE };
	read_confinement(&d, records, n);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < records[i]->n_syscalls; j++)
			add_observed(&d, records[i], &records[i]->syscalls[j]);
	for (size_t i = 0; i < n_runtime_calls; i++)
		add_names(&d, runtime_calls[i].names, PROFILE_RUNTIME);
	add_names(&d, signal_calls, PROFILE_SIGNAL);
	add_names(&d, vdso_calls, PROFILE_VDSO);
	add_names(&d, init_calls, PROFILE_INIT);
	for (size_t i = 0; i < ret->n; i++)
		ret->v[i].conditional = engine_limits(ret->v[i].name, d.bounding);
	if (arg_filters)
		filter_calls(ret, records, n);
	qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	drop_allowed(&d);
	warn_withheld(&d);
	strmap_free(d.places);
}

void profile_calls_release(struct profile_calls *calls)
{
	for (size_t i = 0; i < calls->n; i++) {
		free(calls->v[i].name);
		free(calls->v[i].values);
		strvec_release(&calls->v[i].callers);
	}
	free(calls->v);
	strvec_release(&calls->withheld);
	strvec_release(&calls->warnings);
	*calls = (struct profile_calls){ 0 };
}
