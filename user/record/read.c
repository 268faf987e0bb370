/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON -> record. What is read goes through the builder, so that the record is merged and sorted
 * as one from the tracer is, whatever order the document has. Members that are not known are
 * passed over; what is known must be right.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "record/names.h"
#include "record/uses.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/jsonparts.h"
#include "slimtrace/base/sha256.h"
#include "slimtrace/record.h"

/* Far above what a run comes to; they bound what a document can make us allocate. */
#define MAX_PROGRAMS RECORD_MAX_PROGRAMS
#define MAX_ACCESSES RECORD_MAX_ACCESSES
#define MAX_SYSCALLS (1 << 16)
#define MAX_CAPABILITIES 131072
#define MAX_SOCKETS RECORD_MAX_SOCKETS
#define MAX_STRINGS (1 << 16) /* diff IDs, unseen, arguments of one program */
#define MAX_PATH (1 << 16)
#define MAX_FILE (1u << 30)
#define MAX_ERRNO 4095 /* the kernel's limit: linux/err.h */
#define MAX_CALL 1023  /* WIRE_CALLS */
#define MAX_CAP 63     /* capability sets have 64 bits */

__attribute__((format(printf, 2, 3))) static int bad(struct err *err, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_class_set(err, ERR_USAGE, EBADMSG, "%s", text);
	return -EBADMSG;
}

static int get_u64(const cJSON *obj, const char *key, uint64_t max, uint64_t *ret, struct err *err)
{
	uint64_t n = json_u64(obj, key, UINT64_MAX);

	/* UINT64_MAX itself can be meant: then another fallback gives it, too. */
	if (n > max || (n == UINT64_MAX && json_u64(obj, key, 0) != n))
		return bad(err, "'%s' is not a number from 0 to %llu", key,
			   (unsigned long long)max);
	*ret = n;
	return 0;
}

static int get_u32(const cJSON *obj, const char *key, uint32_t max, uint32_t *ret, struct err *err)
{
	uint64_t n = 0;
	int r = get_u64(obj, key, max, &n, err);

	if (!r)
		*ret = (uint32_t)n;
	return r;
}

static int get_bool(const cJSON *obj, const char *key, bool *ret, struct err *err)
{
	const cJSON *item = json_get(obj, key);

	if (!cJSON_IsBool(item))
		return bad(err, "'%s' is not true or false", key);
	*ret = cJSON_IsTrue(item);
	return 0;
}

static int get_name(const cJSON *obj, const char *key, const struct names *names, unsigned int *ret,
		    struct err *err)
{
	const char *word = json_str(obj, key, NULL);
	int i = word ? names_find(names, word) : -1;

	if (i < 0)
		return bad(err, "'%s' is '%s', which is none of its words", key, word ? word : "");
	*ret = (unsigned int)i;
	return 0;
}

/* A byte string that C can hold; malloc'ed. */
static int get_bytes(const cJSON *obj, const char *key, char **ret, size_t *ret_len,
		     struct err *err)
{
	size_t len;
	_cleanup_free_ char *s = json_bytes(obj, key, &len);

	if (!s || memchr(s, '\0', len))
		return bad(err, "'%s' is not a string, or one with a NUL in it", key);
	*ret = TAKE_PTR(s);
	if (ret_len)
		*ret_len = len;
	return 0;
}

/* Absent is fine: NULL. */
static int get_optional(const cJSON *obj, const char *key, char **ret, struct err *err)
{
	return json_get(obj, key) ? get_bytes(obj, key, ret, NULL, err) : 0;
}

/* An array with at most @max elements; absent is an error. */
static int get_array(const cJSON *obj, const char *key, int max, const cJSON **ret, struct err *err)
{
	const cJSON *array = json_get(obj, key);

	if (!cJSON_IsArray(array))
		return bad(err, "'%s' is not an array", key);
	if (cJSON_GetArraySize(array) > max)
		return bad(err, "'%s' has more than %d elements", key, max);
	*ret = array;
	return 0;
}

static int get_strings(const cJSON *obj, const char *key, struct strvec *ret, struct err *err)
{
	const cJSON *array = NULL;
	int r = get_array(obj, key, MAX_STRINGS, &array, err);

	return r < 0 ? r : json_strvec(obj, key, ret, err);
}

static int get_argv(const cJSON *obj, struct strvec *ret, struct err *err)
{
	const cJSON *array = NULL, *item;
	int r = get_array(obj, "argv", MAX_STRINGS, &array, err);

	if (r < 0)
		return r;
	cJSON_ArrayForEach (item, array) {
		char *arg = NULL;

		if (cJSON_IsString(item)) {
			strvec_push(ret, item->valuestring);
			continue;
		}
		r = get_bytes(item, "bytes", &arg, NULL, err);
		if (r < 0)
			return r;
		strvec_push_take(ret, arg);
	}
	return 0;
}

static int get_program(const cJSON *obj, uint32_t index, struct record_program *p, struct err *err)
{
	unsigned int entry = 0;
	uint32_t pid = 0;
	int r;

	/* Not above its own index: so the chain of parents has an end. */
	if ((r = get_u32(obj, "parent", index, &p->parent, err)) < 0 ||
	    (r = get_u32(obj, "pid", INT_MAX, &pid, err)) < 0 ||
	    (r = get_name(obj, "entry", &record_entries, &entry, err)) < 0 ||
	    (r = get_bytes(obj, "comm", &p->comm, NULL, err)) < 0 ||
	    (r = get_bytes(obj, "exe", &p->exe, NULL, err)) < 0 ||
	    (r = get_argv(obj, &p->argv, err)) < 0 ||
	    (r = get_bool(obj, "argv_truncated", &p->argv_truncated, err)) < 0 ||
	    (r = get_u64(obj, "start_ns", UINT64_MAX, &p->start_ns, err)) < 0)
		return r;
	p->pid = (int)pid;
	p->entry = entry;
	return 0;
}

static int read_program(const cJSON *obj, struct record_builder *b, struct err *err)
{
	struct record_program p = { 0 };
	int r = get_program(obj, (uint32_t)record_builder_record(b)->n_programs, &p, err);

	if (!r)
		record_add_program(b, &p);
	free(p.comm);
	free(p.exe);
	strvec_release(&p.argv);
	return r;
}

/* How many runs had @obj, at most all; 0 in a record of one run. */
static int get_runs(const cJSON *obj, const struct record *rec, uint32_t *ret, struct err *err)
{
	return json_get(obj, "runs") ? get_u32(obj, "runs", rec->runs, ret, err) : 0;
}

static int get_kinds(const cJSON *obj, uint32_t *ret, struct err *err)
{
	const cJSON *array = NULL, *item;
	uint32_t kinds = 0;
	int r = get_array(obj, "kinds", RECORD_KINDS, &array, err);

	if (r < 0)
		return r;
	cJSON_ArrayForEach (item, array) {
		uint32_t kind = cJSON_IsString(item) ? record_kind_find(item->valuestring) : 0;

		if (!kind)
			return bad(err, "'kinds' has '%s', which is no kind of use",
				   cJSON_IsString(item) ? item->valuestring : "");
		kinds |= kind;
	}
	*ret = kinds;
	return 0;
}

static int get_key(const cJSON *obj, struct record_access_key *key, char **path, struct err *err)
{
	unsigned int source = 0;
	uint32_t error = 0;
	int r;

	if ((r = get_name(obj, "source", &record_sources, &source, err)) < 0 ||
	    (r = get_bytes(obj, "path", path, &key->path_len, err)) < 0 ||
	    (r = get_bool(obj, "on_image", &key->on_image, err)) < 0)
		return r;
	if (!*path || **path != '/' || key->path_len > MAX_PATH)
		return bad(err, "'path' is not an absolute path of at most %d bytes", MAX_PATH);
	if (source == RECORD_LOOKUP && ((r = get_u32(obj, "error", MAX_ERRNO, &error, err)) < 0 ||
					(r = get_bool(obj, "follow", &key->follow, err)) < 0))
		return r;
	key->before = json_bool(obj, "before", false);
	key->path = *path;
	key->source = source;
	key->error = (int)error;
	return 0;
}

/* Ascending indices; *@ret is the caller's. */
static int get_programs(const cJSON *obj, const struct record *rec, uint32_t **ret, size_t *ret_n,
			struct err *err)
{
	_cleanup_free_ uint32_t *programs = NULL;
	const cJSON *array = NULL, *item;
	size_t n = 0;
	int r = get_array(obj, "programs", MAX_PROGRAMS, &array, err);

	if (r < 0)
		return r;
	programs = xcalloc((size_t)cJSON_GetArraySize(array) + 1, sizeof(*programs));
	cJSON_ArrayForEach (item, array) {
		double d = cJSON_IsNumber(item) ? item->valuedouble : -1;

		if (!(d >= 0 && d < (double)rec->n_programs) || d != (double)(uint32_t)d ||
		    (n && (uint32_t)d <= programs[n - 1]))
			return bad(err, "'programs' is not a list of ascending indices below %zu",
				   rec->n_programs);
		programs[n++] = (uint32_t)d;
	}
	if (!n)
		return bad(err, "'programs' is empty");
	*ret = TAKE_PTR(programs);
	*ret_n = n;
	return 0;
}

static int read_uses(const cJSON *obj, struct record_builder *b,
		     const struct record_access_key *key, uint32_t kinds, const uint32_t *programs,
		     size_t n_programs, struct err *err)
{
	const cJSON *json = json_get(obj, "syscalls");
	_cleanup_free_ struct record_use *uses = NULL;
	size_t n = 0;
	int r = json ? uses_read(json, kinds, programs, n_programs, &uses, &n, err) : 0;

	for (size_t i = 0; i < n; i++)
		record_add_use(b, key, &uses[i]);
	return r;
}

static int read_access(const cJSON *obj, struct record_builder *b, struct err *err)
{
	const struct record *rec = record_builder_record(b);
	struct record_access_key key = { 0 };
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ uint32_t *programs = NULL;
	uint64_t first_ns = 0;
	uint32_t kinds = 0, runs = 0;
	size_t n = 0;
	int r;

	if ((r = get_key(obj, &key, &path, err)) < 0 || (r = get_kinds(obj, &kinds, err)) < 0 ||
	    (r = get_u64(obj, "first_ns", UINT64_MAX, &first_ns, err)) < 0 ||
	    (r = get_programs(obj, rec, &programs, &n, err)) < 0 ||
	    (r = get_runs(obj, rec, &runs, err)) < 0)
		return r;
	/* They ascend, so the builder appends. */
	for (size_t i = 0; i < n; i++)
		record_add_access(b, &key, kinds, programs[i], first_ns);
	if (runs)
		record_add_access_runs(b, &key, runs);
	return read_uses(obj, b, &key, kinds, programs, n, err);
}

static int read_callers(const cJSON *obj, struct record_builder *b, enum record_abi abi,
			uint32_t nr, struct err *err)
{
	const struct record *rec = record_builder_record(b);
	const cJSON *item;

	cJSON_ArrayForEach (item, json_get(obj, "first_by")) {
		double d = cJSON_IsNumber(item) ? item->valuedouble : -1;

		if (!(d >= 0 && d < (double)rec->n_programs) || d != (double)(uint32_t)d)
			return bad(err, "'first_by' is not a list of indices below %zu",
				   rec->n_programs);
		record_add_caller(b, abi, nr, (uint32_t)d);
	}
	return 0;
}

static int read_syscall(const cJSON *obj, struct record_builder *b, struct err *err)
{
	unsigned int phase = 0, abi = 0;
	uint64_t count = 0, refused = 0;
	uint32_t nr = 0, runs = 0;
	int r;

	if ((r = get_name(obj, "phase", &record_phases, &phase, err)) < 0 ||
	    (r = get_name(obj, "abi", &record_abis, &abi, err)) < 0 ||
	    (r = get_u32(obj, "nr", UINT32_MAX, &nr, err)) < 0 ||
	    (r = get_u64(obj, "count", UINT64_MAX, &count, err)) < 0)
		return r;
	if (json_get(obj, "refused") && (r = get_u64(obj, "refused", count, &refused, err)) < 0)
		return r;
	r = get_runs(obj, record_builder_record(b), &runs, err);
	if (r < 0)
		return r;
	record_add_syscall(b, phase, abi, nr, count, refused);
	record_add_syscall_runs(b, phase, abi, nr, runs);
	return phase == RECORD_APP ? read_callers(obj, b, abi, nr, err) : 0;
}

static int read_arguments(const cJSON *obj, struct record_builder *b, struct err *err)
{
	uint32_t nr = 0, used = 0, value[RECORD_MAX_VALUES] = { 0 };
	const cJSON *args = json_get(obj, "args");
	unsigned int abi = 0;
	int r;

	if ((r = get_name(obj, "abi", &record_abis, &abi, err)) < 0 ||
	    (r = get_u32(obj, "nr", UINT32_MAX, &nr, err)) < 0)
		return r;
	for (int i = 0; i < RECORD_MAX_VALUES; i++) {
		const char key[] = { (char)('0' + i), '\0' };

		if (!json_get(args, key))
			continue;
		if ((r = get_u32(args, key, UINT32_MAX, &value[i], err)) < 0)
			return r;
		used |= 1u << i;
	}
	record_add_arguments(b, abi, nr, used, value);
	return 0;
}

static int read_capability(const cJSON *obj, struct record_builder *b, struct err *err)
{
	bool granted = false;
	uint32_t cap = 0, nr = 0;
	int r;

	if ((r = get_u32(obj, "cap", MAX_CAP, &cap, err)) < 0 ||
	    (r = get_bool(obj, "granted", &granted, err)) < 0)
		return r;
	if (json_get(obj, "nr") && (r = get_u32(obj, "nr", MAX_CALL, &nr, err)) < 0)
		return r;
	record_add_capability(b, cap, granted, json_get(obj, "nr") ? (int)nr : -1);
	return 0;
}

static int get_address(const cJSON *obj, struct record_socket *s, struct err *err)
{
	const char *address = json_str(obj, "address", "");

	if (s->family != AF_INET && s->family != AF_INET6)
		return bad(err, "'family' is %u, neither AF_INET (%d) nor AF_INET6 (%d)", s->family,
			   AF_INET, AF_INET6);
	if (inet_pton(s->family, address, s->addr) != 1)
		return bad(err, "'address' is '%s', which is no address of family %u", address,
			   s->family);
	return 0;
}

static int read_socket(const cJSON *obj, struct record_builder *b, struct err *err)
{
	struct record_socket s = { 0 };
	uint32_t family = 0, protocol = 0, port = 0;
	unsigned int use = 0;
	int r;

	if ((r = get_name(obj, "use", &record_uses, &use, err)) < 0 ||
	    (r = get_u32(obj, "family", UINT16_MAX, &family, err)) < 0 ||
	    (r = get_u32(obj, "protocol", UINT8_MAX, &protocol, err)) < 0 ||
	    (r = get_u32(obj, "port", UINT16_MAX, &port, err)) < 0)
		return r;
	s.use = use;
	s.family = (uint16_t)family;
	s.protocol = (uint8_t)protocol;
	s.port = (uint16_t)port;
	r = get_address(obj, &s, err);
	if (!r)
		record_add_socket(b, &s);
	return r;
}

static int read_image(const cJSON *doc, struct record *rec, struct err *err)
{
	const cJSON *image = json_get(doc, "image");
	int r;

	if ((r = get_optional(image, "id", &rec->image_id, err)) < 0 ||
	    (r = get_strings(image, "diff_ids", &rec->diff_ids, err)) < 0)
		return r;
	if (rec->image_id && !digest_valid(rec->image_id))
		return bad(err, "'id' is '%s', which is not a digest", rec->image_id);
	for (size_t i = 0; i < rec->diff_ids.n; i++)
		if (!digest_valid(rec->diff_ids.v[i]))
			return bad(err, "'diff_ids' has '%s', which is not a digest",
				   rec->diff_ids.v[i]);
	return 0;
}

/* A capability set: 16 hexadecimal digits, as in /proc/PID/status. */
static int get_bits(const cJSON *obj, const char *key, uint64_t *ret, struct err *err)
{
	const char *text = json_str(obj, key, "");

	if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
		return bad(err, "'%s' is '%s', which is not 16 hexadecimal digits", key, text);
	*ret = strtoull(text, NULL, 16);
	return 0;
}

static int read_confinement(const cJSON *doc, struct record_confinement *c, struct err *err)
{
	const cJSON *obj = json_get(doc, "confinement");

	if (!obj)
		return 0;
	if (get_bool(obj, "seccomp", &c->seccomp, err) < 0 ||
	    get_bool(obj, "no_new_privileges", &c->no_new_privileges, err) < 0 ||
	    get_bits(obj, "bounding", &c->bounding, err) < 0 ||
	    get_bits(obj, "effective", &c->effective, err) < 0)
		return err_wrap(err, "confinement");
	c->known = true;
	return 0;
}

static int read_loss(const cJSON *doc, struct record_loss *loss, struct err *err)
{
	const cJSON *obj = json_get(doc, "loss");

	for (size_t i = 0; i < RECORD_LOSSES; i++) {
		uint64_t n = 0;

		if (get_u64(obj, record_losses[i].name, UINT64_MAX, &n, err) < 0)
			return err_wrap(err, "loss");
		memcpy((char *)loss + record_losses[i].offset, &n, sizeof(n));
	}
	return 0;
}

static int read_run(const cJSON *doc, struct record *rec, struct err *err)
{
	const cJSON *host = json_get(doc, "host");
	int r;

	if (read_image(doc, rec, err) < 0)
		return err_wrap(err, "image");
	if (get_optional(host, "kernel", &rec->kernel, err) < 0 ||
	    get_optional(host, "arch", &rec->arch, err) < 0)
		return err_wrap(err, "host");
	if (json_get(doc, "runs") && (r = get_u32(doc, "runs", UINT32_MAX, &rec->runs, err)) < 0)
		return r;
	if ((r = get_optional(doc, "started", &rec->started, err)) < 0 ||
	    (r = get_u64(doc, "duration_ns", UINT64_MAX, &rec->duration_ns, err)) < 0 ||
	    (r = get_strings(doc, "unseen", &rec->unseen, err)) < 0)
		return r;
	rec->attached = json_bool(doc, "attached", false);
	rec->capabilities_unseen = json_bool(doc, "capabilities_unseen", false);
	r = read_confinement(doc, &rec->confinement, err);
	return r < 0 ? r : read_loss(doc, &rec->loss, err);
}

/* --- the document --- */

typedef int read_fn(const cJSON *obj, struct record_builder *b, struct err *err);

/* Programs first: the others name them. */
enum { PROGRAMS, ACCESSES, SYSCALLS, ARGUMENTS, CAPABILITIES, SOCKETS, LISTS };
static const char *const list_keys[LISTS] = { "programs",  "accesses",	   "syscalls",
					      "arguments", "capabilities", "sockets" };
static const struct list {
	size_t max;
	read_fn *fn;
} lists[LISTS] = {
	[PROGRAMS] = { MAX_PROGRAMS, read_program },
	[ACCESSES] = { MAX_ACCESSES, read_access },
	[SYSCALLS] = { MAX_SYSCALLS, read_syscall },
	[ARGUMENTS] = { MAX_SYSCALLS, read_arguments },
	[CAPABILITIES] = { MAX_CAPABILITIES, read_capability },
	[SOCKETS] = { MAX_SOCKETS, read_socket },
};

struct reading {
	struct record_builder *builder;
	const struct list *list;
};

static int read_element(const cJSON *element, size_t place, void *ctx, struct err *err)
{
	const struct reading *reading = ctx;

	if (place >= reading->list->max)
		return bad(err, "there are more than %zu of them", reading->list->max);
	return reading->list->fn(element, reading->builder, err);
}

static int read_lists(const struct json_part *parts, struct record_builder *b, struct err *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < LISTS; i++) {
		struct reading reading = { .builder = b, .list = &lists[i] };

		if (parts[i].text)
			r = json_each_element(&parts[i], list_keys[i], read_element, &reading, err);
		else if (i != ARGUMENTS) /* older records have none */
			r = bad(err, "'%s' is not an array", list_keys[i]);
	}
	return r;
}

static int read_document(const cJSON *rest, const struct json_part *parts, struct record_builder *b,
			 struct err *err)
{
	uint64_t version = 0;
	int r = get_u64(rest, "version", UINT64_MAX, &version, err);

	if (r < 0)
		return r;
	if (version != RECORD_VERSION)
		return bad(err, "'version' is %llu, and only %d is understood",
			   (unsigned long long)version, RECORD_VERSION);
	r = read_run(rest, record_builder_record(b), err);
	return r < 0 ? r : read_lists(parts, b, err);
}

int record_from_json(const char *text, size_t len, struct record **ret, struct err *err)
{
	_cleanup_(record_builder_free) struct record_builder *b = record_builder_new();
	_cleanup_(json_free) cJSON *rest = NULL;
	struct json_part parts[LISTS];
	int r = json_take_apart(text, len, "the record", list_keys, LISTS, parts, &rest, err);

	if (r < 0) {
		err->class = ERR_USAGE;
		return r;
	}
	if (read_document(rest, parts, b, err) < 0) {
		err->class = ERR_USAGE; /* also what the JSON helpers say */
		return err_wrap(err, "the record");
	}
	*ret = record_builder_finish(b);
	return 0;
}

int record_read_file(const char *path, struct record **ret, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	int r = io_read_file(AT_FDCWD, path, MAX_FILE, &text, err);

	if (r < 0) {
		err->class = ERR_USAGE;
		return r;
	}
	r = record_from_json(text.buf, text.len, ret, err);
	return r < 0 ? err_wrap(err, "'%s'", path) : 0;
}
