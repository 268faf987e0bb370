/* SPDX-License-Identifier: BSD-2-Clause */
#include "drive/schema.h"

#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"

#define MAX_HOPS 16
#define MAX_DEPTH 8
#define MAX_VALUES 1000
#define MAX_EXAMPLE 10000 /* values in an example that is copied */
#define MAX_STRING 256

/* A JSON pointer's token (RFC 6901) in a URL fragment: "~1", "~0", "%7B". */
static char *unescape(const char *token, size_t len)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < len; i++) {
		char hex[3] = { 0 };

		if (token[i] == '%' && i + 2 < len) {
			memcpy(hex, token + i + 1, 2);
			strbuf_addch(&sb, (char)strtoul(hex, NULL, 16));
			i += 2;
		} else if (token[i] == '~' && i + 1 < len) {
			strbuf_addch(&sb, token[++i] == '1' ? '/' : '~');
		} else {
			strbuf_addch(&sb, token[i]);
		}
	}
	return strbuf_detach(&sb, NULL);
}

static const cJSON *follow(const cJSON *doc, const char *ref)
{
	const cJSON *at = doc;

	if (ref[0] != '#' || ref[1] != '/')
		return NULL;
	for (const char *p = ref + 2; at; p++) {
		size_t len = strcspn(p, "/");
		_cleanup_free_ char *key = unescape(p, len);

		if (cJSON_IsArray(at))
			at = cJSON_GetArrayItem(at, (int)(strtoul(key, NULL, 10) & 0xffff));
		else
			at = json_get(at, key);
		p += len;
		if (!*p)
			break;
	}
	return at;
}

const cJSON *schema_deref(const cJSON *doc, const cJSON *item)
{
	for (int i = 0; i < MAX_HOPS && item; i++) {
		const cJSON *ref = json_get(item, "$ref");

		if (!cJSON_IsString(ref))
			return item;
		item = follow(doc, ref->valuestring);
	}
	return NULL;
}

const cJSON *schema_example(const cJSON *schema)
{
	static const char *const keys[] = { "example", "examples", "default", "const", "enum" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const cJSON *item = json_get(schema, keys[i]);

		if (!item)
			continue;
		if (strcmp(keys[i], "examples") != 0 && strcmp(keys[i], "enum") != 0)
			return item;
		if (cJSON_IsArray(item) && item->child)
			return item->child;
	}
	return NULL;
}

const char *schema_type(const cJSON *schema)
{
	const cJSON *type = json_get(schema, "type"), *one;

	if (cJSON_IsString(type))
		return type->valuestring;
	cJSON_ArrayForEach (one, type)
		if (cJSON_IsString(one) && strcmp(one->valuestring, "null") != 0)
			return one->valuestring;
	if (json_get(schema, "properties") || json_get(schema, "additionalProperties"))
		return "object";
	return json_get(schema, "items") ? "array" : "string";
}

/* How many values @item is made of, long strings counting for more; counted up to a bound. */
static size_t count_values(const cJSON *item)
{
	const cJSON *stack[64];
	size_t depth = 0, n = 0;

	for (const cJSON *at = item; at && n < MAX_EXAMPLE; n++) {
		if (cJSON_IsString(at))
			n += strlen(at->valuestring) / 16;
		if (at->child) {
			if (depth == ARRAY_SIZE(stack))
				return MAX_EXAMPLE;
			stack[depth++] = at;
			at = at->child;
			continue;
		}
		while (depth && at != item && !at->next)
			at = stack[--depth];
		at = at == item ? NULL : at->next;
	}
	return n;
}

cJSON *schema_copy(const cJSON *example)
{
	return count_values(example) < MAX_EXAMPLE ? cJSON_Duplicate(example, true)
						   : cJSON_CreateNull();
}

static const char *string_of_format(const char *format)
{
	static const struct {
		const char *format, *value;
	} formats[] = {
		{ "date", "2024-01-15" },
		{ "date-time", "2024-01-15T12:00:00Z" },
		{ "time", "12:00:00Z" },
		{ "uuid", "123e4567-e89b-12d3-a456-426614174000" },
		{ "email", "user@example.com" },
		{ "uri", "http://example.com/" },
		{ "url", "http://example.com/" },
		{ "hostname", "example.com" },
		{ "ipv4", "192.0.2.1" },
		{ "ipv6", "2001:db8::1" },
		{ "byte", "c2xpbXRyYWNl" },
		{ "password", "Passw0rd!" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(format, formats[i].format))
			return formats[i].value;
	return "string";
}

static cJSON *make_string(const cJSON *schema)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	uint64_t min = json_u64(schema, "minLength", 0);
	uint64_t max = json_u64(schema, "maxLength", MAX_STRING);
	const char *format = json_str(schema, "format", "");

	strbuf_addstr(&sb, string_of_format(format));
	while (sb.len < min && sb.len < MAX_STRING)
		strbuf_addch(&sb, 'x');
	if (sb.len > max && !*format)
		strbuf_setlen(&sb, (size_t)max);
	return cJSON_CreateString(sb.buf);
}

static cJSON *make_number(const cJSON *schema, bool whole)
{
	const cJSON *min = json_get(schema, "minimum"), *max = json_get(schema, "maximum");
	const cJSON *above = json_get(schema, "exclusiveMinimum");
	double value = 1;

	if (cJSON_IsNumber(above))
		value = above->valuedouble + 1;
	else if (cJSON_IsNumber(min) && min->valuedouble > value)
		value = min->valuedouble + cJSON_IsTrue(above);
	else if (cJSON_IsNumber(max) && max->valuedouble < value)
		value = cJSON_IsNumber(min) ? min->valuedouble : max->valuedouble;
	if (whole && value > -9e15 && value < 9e15)
		value = (double)(int64_t)value;
	return cJSON_CreateNumber(value);
}

static cJSON *make_scalar(const cJSON *schema, const char *type)
{
	if (!strcmp(type, "integer") || !strcmp(type, "number"))
		return make_number(schema, type[0] == 'i');
	if (!strcmp(type, "boolean"))
		return cJSON_CreateBool(true);
	if (!strcmp(type, "null"))
		return cJSON_CreateNull();
	return make_string(schema);
}

/* A value to make, and where it goes. */
struct todo {
	const cJSON *schema;
	cJSON *into;	 /* object or array */
	const char *key; /* of an object */
	unsigned int depth;
	bool merge; /* its members go into @into */
};

struct maker {
	const cJSON *doc;
	struct todo *queue;
	size_t head, n, cap;
};

static void push(struct maker *m, struct todo todo)
{
	if (m->n >= MAX_VALUES || todo.depth > MAX_DEPTH)
		return;
	ALLOC_GROW(m->queue, m->n + 1, m->cap);
	m->queue[m->n++] = todo;
}

static void put(const struct todo *todo, cJSON *value)
{
	if (todo->merge)
		cJSON_Delete(value); /* what is no object has no members to give */
	else if (cJSON_IsObject(todo->into))
		json_add(todo->into, todo->key, value);
	else
		json_append(todo->into, value);
}

static void make_members(struct maker *m, const struct todo *todo, const cJSON *schema)
{
	const cJSON *properties = json_get(schema, "properties"), *property;
	cJSON *into = todo->into;

	if (!todo->merge) {
		into = json_object();
		put(todo, into);
	}
	cJSON_ArrayForEach (property, json_get(schema, "allOf"))
		push(m, (struct todo){ property, into, NULL, todo->depth + 1, true });
	if (!cJSON_IsObject(properties))
		return;
	cJSON_ArrayForEach (property, properties)
		if (!json_bool(property, "readOnly", false) && !json_get(into, property->string))
			push(m, (struct todo){ property, into, property->string, todo->depth + 1,
					       false });
}

static void make_one(struct maker *m, const struct todo *todo)
{
	const cJSON *schema = schema_deref(m->doc, todo->schema), *choice, *example;
	const char *type;

	if (!schema)
		return;
	example = schema_example(schema);
	choice = json_get(schema, "oneOf");
	if (!choice)
		choice = json_get(schema, "anyOf");
	type = schema_type(schema);
	if (example && !todo->merge && count_values(example) < MAX_EXAMPLE) {
		put(todo, cJSON_Duplicate(example, true));
	} else if (json_get(schema, "allOf") || !strcmp(type, "object")) {
		make_members(m, todo, schema);
	} else if (cJSON_IsArray(choice) && choice->child) {
		push(m, (struct todo){ choice->child, todo->into, todo->key, todo->depth + 1,
				       todo->merge });
	} else if (!strcmp(type, "array")) {
		cJSON *array = json_array();

		put(todo, array);
		if (!todo->merge && json_get(schema, "items"))
			push(m, (struct todo){ json_get(schema, "items"), array, NULL,
					       todo->depth + 1, false });
	} else {
		put(todo, make_scalar(schema, type));
	}
}

cJSON *schema_value(const cJSON *doc, const cJSON *schema)
{
	_cleanup_(json_free) cJSON *holder = json_array();
	struct maker m = { .doc = doc };
	struct todo todo;

	push(&m, (struct todo){ schema, holder, NULL, 0, false });
	while (m.head < m.n) {
		todo = m.queue[m.head++];
		make_one(&m, &todo);
	}
	free(m.queue);
	return holder->child ? cJSON_DetachItemFromArray(holder, 0) : cJSON_CreateNull();
}
