/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building a record: accesses that are equal but for kinds, programs and time become one. What
 * makes an item what it is, serialised, is its key in a hash map: adding costs the same however
 * much there is already.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "record/lists.h"
#include "record/uses.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strmap.h"
#include "slimtrace/record.h"

struct record_builder {
	struct record *rec;
	struct strmap *index;  /* what is there already: id -> its place + 1, as a pointer */
	struct strbuf id;      /* of the item being added; kept for its memory */
	uint64_t bytes, bound; /* about what accesses and programs take, and may; 0: no bound */
	bool fold;	       /* equal programs are one */
	size_t cap_accesses, cap_programs, cap_syscalls, cap_arguments, cap_capabilities,
		cap_sockets;
};

struct record_builder *record_builder_new(void)
{
	struct record_builder *b = xcalloc(1, sizeof(*b));

	b->rec = record_new();
	b->index = strmap_new();
	b->id = STRBUF_INIT;
	return b;
}

void record_builder_free(struct record_builder *b)
{
	if (!b)
		return;
	record_free(b->rec);
	strmap_free(b->index);
	strbuf_release(&b->id);
	free(b);
}

void record_builder_bound(struct record_builder *b, uint64_t bytes)
{
	b->bound = bytes;
}

void record_builder_fold(struct record_builder *b)
{
	b->fold = true;
}

/* Takes room for @bytes, unless that would be too much. */
static bool take_room(struct record_builder *b, uint64_t bytes)
{
	if (b->bound && (bytes > b->bound || b->bytes > b->bound - bytes))
		return false;
	b->bytes += bytes;
	return true;
}

struct record *record_builder_record(struct record_builder *b)
{
	return b->rec;
}

/* Begins an id: @tag keeps the kinds of items apart. */
static void id_start(struct record_builder *b, char tag)
{
	strbuf_reset(&b->id);
	strbuf_addch(&b->id, tag);
}

static void id_add(struct record_builder *b, uint32_t value)
{
	strbuf_add(&b->id, &value, sizeof(value));
}

/* The place of the item with this id; SIZE_MAX: there is none. */
static size_t id_find(const struct record_builder *b)
{
	return (size_t)strmap_get_len(b->index, b->id.buf, b->id.len) - 1;
}

static void id_put(struct record_builder *b, size_t place)
{
	strmap_put_len(b->index, b->id.buf, b->id.len, (void *)(place + 1));
}

/* The place of the item with this id; when there is none, @next is noted and SIZE_MAX returned. */
static size_t id_place(struct record_builder *b, size_t next)
{
	size_t place = id_find(b);

	if (place == SIZE_MAX)
		id_put(b, next);
	return place;
}

/*
 * What a new access takes: itself, its path, its entry in the index, which has the path once more,
 * its first program and call, and what malloc() adds to six blocks.
 */
#define ACCESS_BYTES(path_len) (sizeof(struct record_access) + 2 * (path_len) + 272)

static struct record_access *new_access(struct record_builder *b,
					const struct record_access_key *key, uint64_t first_ns)
{
	struct record *rec = b->rec;
	bool lookup = key->source == RECORD_LOOKUP;
	struct record_access *a;

	ALLOC_GROW(rec->accesses, rec->n_accesses + 1, b->cap_accesses);
	a = &rec->accesses[rec->n_accesses++];
	*a = (struct record_access){ .source = key->source,
				     .path = xmemdup(key->path, key->path_len),
				     .path_len = key->path_len,
				     .error = lookup ? key->error : 0,
				     .follow = lookup && key->follow,
				     .on_image = key->on_image,
				     .before = key->before,
				     .first_ns = first_ns };
	return a;
}

/* Only a look-up has a result and follows: for a file they are no part of what it is. */
static void access_id(struct record_builder *b, const struct record_access_key *key)
{
	bool lookup = key->source == RECORD_LOOKUP;

	id_start(b, 'a');
	id_add(b, (uint32_t)lookup | (uint32_t)(lookup && key->follow) << 1 |
			  (uint32_t)key->on_image << 2);
	id_add(b, lookup ? (uint32_t)key->error : 0);
	strbuf_add(&b->id, key->path, key->path_len);
}

/* NULL: it is not there. */
static struct record_access *known_access(struct record_builder *b,
					  const struct record_access_key *key)
{
	size_t place;

	access_id(b, key);
	place = id_find(b);
	return place == SIZE_MAX ? NULL : &b->rec->accesses[place];
}

/* NULL: it is a new one, and there is no room. */
static struct record_access *find_access(struct record_builder *b,
					 const struct record_access_key *key, uint64_t first_ns)
{
	size_t place;

	access_id(b, key);
	place = id_find(b);
	if (place != SIZE_MAX)
		return &b->rec->accesses[place];
	if (b->rec->n_accesses >= RECORD_MAX_ACCESSES || !take_room(b, ACCESS_BYTES(key->path_len)))
		return NULL;
	id_put(b, b->rec->n_accesses);
	return new_access(b, key, first_ns);
}

static int compare_programs(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

static void fold_uses(void *into, const void *from)
{
	((struct record_use *)into)->kinds |= ((const struct record_use *)from)->kinds;
}

static const struct list_kind programs_kind = { .size = sizeof(uint32_t),
						.compare = compare_programs };
static const struct list_kind uses_kind = { .size = sizeof(struct record_use),
					    .compare = use_compare,
					    .fold = fold_uses };

static struct list programs_of(const struct record_access *a)
{
	return (struct list){ &programs_kind, a->programs, a->n_programs, a->sorted_programs };
}

static void set_programs(struct record_access *a, const struct list *l)
{
	a->programs = l->items;
	a->n_programs = l->n;
	a->sorted_programs = l->sorted;
}

static struct list uses_of(const struct record_access *a)
{
	return (struct list){ &uses_kind, a->uses, a->n_uses, a->sorted_uses };
}

static void set_uses(struct record_access *a, const struct list *l)
{
	a->uses = l->items;
	a->n_uses = l->n;
	a->sorted_uses = l->sorted;
}

static void settle(struct record_access *a)
{
	struct list programs = programs_of(a), uses = uses_of(a);

	list_settle(&programs);
	set_programs(a, &programs);
	list_settle(&uses);
	set_uses(a, &uses);
}

/* Its first one came with the access; the list of the others grows by doubling. */
static bool add_user(struct record_builder *b, struct record_access *a, uint32_t program)
{
	struct list l = programs_of(a);

	if (list_find(&l, &program))
		return true;
	if (l.n && !take_room(b, 2 * sizeof(*a->programs)))
		return false;
	list_add(&l, &program);
	set_programs(a, &l);
	return true;
}

bool record_add_access(struct record_builder *b, const struct record_access_key *key,
		       uint32_t kinds, uint32_t program, uint64_t first_ns)
{
	struct record_access *a = find_access(b, key, first_ns);

	if (!a || !add_user(b, a, program))
		return false;
	a->kinds |= kinds;
	a->before &= key->before;
	if (first_ns < a->first_ns)
		a->first_ns = first_ns;
	return true;
}

bool record_add_use(struct record_builder *b, const struct record_access_key *key,
		    const struct record_use *use)
{
	struct record_access *a = known_access(b, key);
	struct record_use added = *use, *there;
	struct list l;

	added.kinds &= a ? (uint16_t)a->kinds : 0;
	if (!added.kinds)
		return true;
	l = uses_of(a);
	there = list_find(&l, use);
	if (there) {
		there->kinds |= added.kinds;
		return true;
	}
	if (l.n && !take_room(b, 2 * sizeof(*a->uses)))
		return false;
	list_add(&l, &added);
	set_uses(a, &l);
	return true;
}

static void add_runs(uint32_t *sum, uint32_t n)
{
	if (__builtin_add_overflow(*sum, n, sum))
		*sum = UINT32_MAX;
}

void record_add_access_runs(struct record_builder *b, const struct record_access_key *key,
			    uint32_t runs)
{
	struct record_access *a = known_access(b, key);

	if (a)
		add_runs(&a->runs, runs);
}

/* What a program takes: itself, its strings, and what malloc() adds to each of them. */
static uint64_t program_bytes(const struct record_program *p)
{
	uint64_t bytes = sizeof(*p) + 64 + (p->exe ? strlen(p->exe) : 0);

	for (size_t i = 0; i < p->argv.n; i++)
		bytes += strlen(p->argv.v[i]) + 40;
	return bytes;
}

static void id_word(struct record_builder *b, const char *word)
{
	strbuf_add(&b->id, word ? word : "", word ? strlen(word) + 1 : 1);
}

/* What makes a program what it is. One without a known parent has itself for one. */
static void program_id(struct record_builder *b, const struct record_program *p)
{
	id_start(b, 'p');
	id_add(b, p->parent < b->rec->n_programs ? p->parent : UINT32_MAX);
	id_add(b, p->entry);
	id_add(b, p->argv_truncated);
	id_word(b, p->comm);
	id_word(b, p->exe);
	for (size_t i = 0; i < p->argv.n; i++)
		id_word(b, p->argv.v[i]);
}

uint32_t record_add_program(struct record_builder *b, const struct record_program *program)
{
	struct record *rec = b->rec;
	struct record_program *p;

	if (b->fold) {
		size_t place;

		program_id(b, program);
		place = id_find(b);
		if (place != SIZE_MAX)
			return (uint32_t)place;
	}
	if (rec->n_programs >= RECORD_MAX_PROGRAMS || !take_room(b, program_bytes(program)))
		return RECORD_NO_PROGRAM;
	ALLOC_GROW(rec->programs, rec->n_programs + 1, b->cap_programs);
	if (b->fold)
		id_put(b, rec->n_programs);
	p = &rec->programs[rec->n_programs];
	*p = *program;
	if (p->parent > rec->n_programs) /* none that could be known: so chains have an end */
		p->parent = (uint32_t)rec->n_programs;
	p->comm = xstrdup(program->comm ? program->comm : "");
	p->exe = xstrdup(program->exe ? program->exe : "");
	p->argv = STRVEC_INIT;
	strvec_extend(&p->argv, &program->argv);
	return (uint32_t)rec->n_programs++;
}

static void add_saturated(uint64_t *sum, uint64_t n)
{
	if (__builtin_add_overflow(*sum, n, sum))
		*sum = UINT64_MAX;
}

static struct record_syscall *find_syscall(struct record_builder *b, enum record_phase phase,
					   enum record_abi abi, uint32_t nr)
{
	struct record *rec = b->rec;
	size_t place;

	id_start(b, 's');
	id_add(b, phase);
	id_add(b, abi);
	id_add(b, nr);
	place = id_place(b, rec->n_syscalls);
	if (place != SIZE_MAX)
		return &rec->syscalls[place];
	ALLOC_GROW(rec->syscalls, rec->n_syscalls + 1, b->cap_syscalls);
	rec->syscalls[rec->n_syscalls++] =
		(struct record_syscall){ .abi = abi, .phase = phase, .nr = nr };
	return &rec->syscalls[rec->n_syscalls - 1];
}

void record_add_syscall(struct record_builder *b, enum record_phase phase, enum record_abi abi,
			uint32_t nr, uint64_t count, uint64_t refused)
{
	struct record_syscall *s = find_syscall(b, phase, abi, nr);

	add_saturated(&s->count, count);
	add_saturated(&s->refused, refused);
}

void record_set_syscall(struct record_builder *b, enum record_phase phase, enum record_abi abi,
			uint32_t nr, uint64_t count, uint64_t refused)
{
	struct record_syscall *s = find_syscall(b, phase, abi, nr);

	s->count = count;
	s->refused = refused;
}

void record_add_syscall_runs(struct record_builder *b, enum record_phase phase, enum record_abi abi,
			     uint32_t nr, uint32_t runs)
{
	add_runs(&find_syscall(b, phase, abi, nr)->runs, runs);
}

void record_add_caller(struct record_builder *b, enum record_abi abi, uint32_t nr, uint32_t program)
{
	struct record_syscall *s = find_syscall(b, RECORD_APP, abi, nr);
	struct list l = { &programs_kind, s->programs, s->n_programs, s->sorted_programs };

	if (list_find(&l, &program))
		return;
	list_add(&l, &program);
	s->programs = l.items;
	s->n_programs = l.n;
	s->sorted_programs = l.sorted;
}

static size_t tuples_of(const struct record *rec, enum record_abi abi, uint32_t nr)
{
	size_t n = 0;

	for (size_t i = 0; i < rec->n_arguments; i++)
		n += rec->arguments[i].used && rec->arguments[i].abi == abi &&
		     rec->arguments[i].nr == nr;
	return n;
}

void record_add_arguments(struct record_builder *b, enum record_abi abi, uint32_t nr, uint32_t used,
			  const uint32_t value[RECORD_MAX_VALUES])
{
	struct record *rec = b->rec;
	struct record_arguments a = { .abi = abi, .nr = nr, .used = used };

	if (used && tuples_of(rec, abi, nr) >= RECORD_MAX_TUPLES)
		a.used = 0;
	id_start(b, 'v');
	id_add(b, abi);
	id_add(b, nr);
	id_add(b, a.used);
	for (int i = 0; i < RECORD_MAX_VALUES; i++) {
		a.value[i] = a.used & 1u << i ? value[i] : 0;
		id_add(b, a.value[i]);
	}
	if (id_place(b, rec->n_arguments) != SIZE_MAX)
		return;
	ALLOC_GROW(rec->arguments, rec->n_arguments + 1, b->cap_arguments);
	rec->arguments[rec->n_arguments++] = a;
}

void record_add_capability(struct record_builder *b, uint32_t cap, bool granted, int nr)
{
	struct record *rec = b->rec;

	id_start(b, 'c');
	id_add(b, cap);
	id_add(b, granted);
	id_add(b, (uint64_t)nr + 1);
	if (id_place(b, rec->n_capabilities) != SIZE_MAX)
		return;
	ALLOC_GROW(rec->capabilities, rec->n_capabilities + 1, b->cap_capabilities);
	rec->capabilities[rec->n_capabilities++] =
		(struct record_capability){ .cap = cap, .granted = granted, .nr = nr };
}

bool record_add_socket(struct record_builder *b, const struct record_socket *socket)
{
	struct record *rec = b->rec;
	struct record_socket s = *socket;

	if (s.family == AF_INET) /* what lies behind the four bytes means nothing */
		memset(s.addr + 4, 0, sizeof(s.addr) - 4);
	id_start(b, 'n');
	id_add(b, s.use);
	id_add(b, s.family);
	id_add(b, s.protocol);
	id_add(b, s.port);
	strbuf_add(&b->id, s.addr, sizeof(s.addr));
	if (id_find(b) != SIZE_MAX)
		return true;
	if (rec->n_sockets >= RECORD_MAX_SOCKETS)
		return false;
	id_put(b, rec->n_sockets);
	ALLOC_GROW(rec->sockets, rec->n_sockets + 1, b->cap_sockets);
	rec->sockets[rec->n_sockets++] = s;
	return true;
}

static int by_bytes(const void *a, size_t a_len, const void *b, size_t b_len)
{
	int r = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return r ? r : (a_len > b_len) - (a_len < b_len);
}

static int compare_accesses(const void *left, const void *right)
{
	const struct record_access *a = left, *b = right;
	int r = (a->first_ns > b->first_ns) - (a->first_ns < b->first_ns);

	if (!r)
		r = by_bytes(a->path, a->path_len, b->path, b->path_len);
	if (!r)
		r = (int)a->source - (int)b->source;
	if (!r)
		r = (a->error > b->error) - (a->error < b->error);
	if (!r)
		r = (int)a->follow - (int)b->follow;
	return r ? r : (int)a->on_image - (int)b->on_image;
}

static int compare_syscalls(const void *left, const void *right)
{
	const struct record_syscall *a = left, *b = right;

	if (a->phase != b->phase)
		return a->phase < b->phase ? -1 : 1;
	if (a->abi != b->abi)
		return a->abi < b->abi ? -1 : 1;
	return (a->nr > b->nr) - (a->nr < b->nr);
}

static int compare_arguments(const void *left, const void *right)
{
	const struct record_arguments *a = left, *b = right;

	if (a->abi != b->abi)
		return a->abi < b->abi ? -1 : 1;
	if (a->nr != b->nr)
		return a->nr < b->nr ? -1 : 1;
	if (a->used != b->used)
		return a->used < b->used ? -1 : 1;
	for (int i = 0; i < RECORD_MAX_VALUES; i++)
		if (a->value[i] != b->value[i])
			return a->value[i] < b->value[i] ? -1 : 1;
	return 0;
}

static int compare_capabilities(const void *left, const void *right)
{
	const struct record_capability *a = left, *b = right;

	if (a->cap != b->cap)
		return a->cap < b->cap ? -1 : 1;
	return a->granted != b->granted ? (int)a->granted - (int)b->granted : a->nr - b->nr;
}

static int compare_sockets(const void *left, const void *right)
{
	const struct record_socket *a = left, *b = right;

	if (a->use != b->use)
		return a->use < b->use ? -1 : 1;
	if (a->family != b->family)
		return (int)a->family - (int)b->family;
	if (a->protocol != b->protocol)
		return (int)a->protocol - (int)b->protocol;
	if (a->port != b->port)
		return (int)a->port - (int)b->port;
	return memcmp(a->addr, b->addr, sizeof(a->addr));
}

static void sort(void *array, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	if (n > 1)
		qsort(array, n, size, compare);
}

static void settle_syscall(struct record_syscall *s)
{
	struct list l = { &programs_kind, s->programs, s->n_programs, s->sorted_programs };

	list_settle(&l);
	s->n_programs = l.n;
	s->sorted_programs = l.sorted;
}

static void sort_record(struct record *rec)
{
	for (size_t i = 0; i < rec->n_accesses; i++)
		settle(&rec->accesses[i]);
	for (size_t i = 0; i < rec->n_syscalls; i++)
		settle_syscall(&rec->syscalls[i]);
	sort(rec->accesses, rec->n_accesses, sizeof(*rec->accesses), compare_accesses);
	sort(rec->syscalls, rec->n_syscalls, sizeof(*rec->syscalls), compare_syscalls);
	sort(rec->arguments, rec->n_arguments, sizeof(*rec->arguments), compare_arguments);
	sort(rec->capabilities, rec->n_capabilities, sizeof(*rec->capabilities),
	     compare_capabilities);
	sort(rec->sockets, rec->n_sockets, sizeof(*rec->sockets), compare_sockets);
}

struct record *record_builder_finish(struct record_builder *b)
{
	struct record *rec = b->rec;

	sort_record(rec);
	strmap_free(b->index);
	*b = (struct record_builder){ .rec = record_new(), .index = strmap_new(), .id = b->id };
	return rec;
}

struct record *record_builder_snapshot(const struct record_builder *b)
{
	struct record *rec = record_copy(b->rec);

	sort_record(rec);
	return rec;
}
