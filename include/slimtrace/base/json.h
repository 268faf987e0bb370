/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON for untrusted documents: bounded parsing, typed getters that name what was wrong, byte
 * strings that survive being invalid UTF-8. cJSON does the work and its type is used as it is.
 *
 * Integers above 2^53 do not survive a JSON number in cJSON: write them with json_add_u64(),
 * which makes a decimal string of them, read them with json_u64().
 */
#ifndef SLIMTRACE_BASE_JSON_H
#define SLIMTRACE_BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "slimtrace/base/err.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strvec.h"

static inline void json_free(cJSON *json)
{
	cJSON_Delete(json);
}
DEFINE_CLEANUP(cJSON *, json_free);

/*
 * Parses @len bytes. @what names the document in errors ("the image's configuration"). Fails
 * on trailing bytes other than white space, on a NUL byte, on a string with \u0000 in it (which
 * cJSON would cut there), above the nesting limit of cJSON, and above JSON_MAX_VALUES values.
 */
int json_parse(const char *text, size_t len, const char *what, cJSON **ret, struct err *err);
/* As above with another limit. A value costs some 80 bytes beside its text. */
#define JSON_MAX_VALUES (8u << 20)
int json_parse_max(const char *text, size_t len, const char *what, size_t max_values, cJSON **ret,
		   struct err *err);

/* The document in a file of at most @max bytes. 1: read; 0: there is no such file. ERR_USAGE. */
int json_read_file(const char *path, size_t max, cJSON **ret, struct err *err);

/* The member @key (case-sensitive) of an object, NULL when absent, null, or not an object. */
cJSON *json_get(const cJSON *obj, const char *key);
/* As above along "a.b.c"; keys with dots cannot be reached this way. */
cJSON *json_path(const cJSON *obj, const char *path);
/* The string at @path, borrowed; @fallback when absent or of another type. */
const char *json_str(const cJSON *obj, const char *path, const char *fallback);
bool json_bool(const cJSON *obj, const char *path, bool fallback);
/* A number or a decimal string; @fallback when absent, negative or not an integer. */
uint64_t json_u64(const cJSON *obj, const char *path, uint64_t fallback);
int64_t json_i64(const cJSON *obj, const char *path, int64_t fallback);
/* Adds the strings of the array at @path to @ret; other elements are an error. */
int json_strvec(const cJSON *obj, const char *path, struct strvec *ret, struct err *err);

/* Adders abort on out of memory, as base/alloc.h does. The added item is returned where useful. */
cJSON *json_object(void);
cJSON *json_array(void);
cJSON *json_add(cJSON *obj, const char *key, cJSON *item);
cJSON *json_append(cJSON *array, cJSON *item);
void json_add_str(cJSON *obj, const char *key, const char *value);
void json_add_int(cJSON *obj, const char *key, int64_t value); /* |value| <= 2^53 */
void json_add_u64(cJSON *obj, const char *key, uint64_t value);
void json_add_bool(cJSON *obj, const char *key, bool value);
void json_add_strvec(cJSON *obj, const char *key, const struct strvec *value);
/*
 * A byte string: member @key holds it when it is valid UTF-8. When it is not, @key holds it
 * with U+FFFD in the bad places and @key "_hex" the exact bytes in hexadecimal.
 */
void json_add_bytes(cJSON *obj, const char *key, const char *bytes, size_t len);
/* Reads what json_add_bytes() wrote: malloc'ed and terminated, NULL when absent or malformed. */
char *json_bytes(const cJSON *obj, const char *key, size_t *ret_len);

/* Serialised, indented when @pretty, with a newline at the end. */
void json_print(const cJSON *json, bool pretty, struct strbuf *ret);

#endif
