/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/text.h"

#define MAX_EXACT 9007199254740992.0 /* 2^53: above it a double skips integers */

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

/* What is looked for before cJSON makes anything of a text. */
struct check {
	size_t values; /* at most so many: each costs many times its text */
	size_t nul;    /* where a string has an escaped NUL; SIZE_MAX: nowhere */
	bool in_string, escaped;
};

/* Strings and what separates values: whether all is as it should be is for cJSON to say. */
static void check_byte(struct check *c, const char *text, size_t len, size_t i)
{
	if (c->escaped) {
		c->escaped = false;
		if (text[i] == 'u' && len - i > 4 && !memcmp(text + i + 1, "0000", 4) &&
		    c->nul == SIZE_MAX)
			c->nul = i - 1;
	} else if (text[i] == '"') {
		c->in_string = !c->in_string;
	} else if (c->in_string) {
		c->escaped = text[i] == '\\';
	} else if (text[i] == ',' || text[i] == '[' || text[i] == '{') {
		c->values++;
	}
}

static int check_text(const char *text, size_t len, const char *what, size_t max_values,
		      struct err *err)
{
	struct check c = { .nul = SIZE_MAX };

	/* cJSON ends strings at a NUL, so one inside would hide what comes after it. */
	if (memchr(text, '\0', len))
		return err_class_set(err, ERR_FAILURE, EBADMSG, "%s has a NUL byte in it", what);
	for (size_t i = 0; i < len; i++)
		check_byte(&c, text, len, i);
	if (c.nul != SIZE_MAX)
		return err_class_set(err, ERR_FAILURE, EBADMSG,
				     "%s has a string with a NUL (\\u0000) in it at byte %zu", what,
				     c.nul);
	if (c.values >= max_values)
		return err_class_set(err, ERR_FAILURE, EFBIG, "%s has more than %zu values", what,
				     max_values);
	return 0;
}

int json_parse(const char *text, size_t len, const char *what, cJSON **ret, struct err *err)
{
	return json_parse_max(text, len, what, JSON_MAX_VALUES, ret, err);
}

int json_parse_max(const char *text, size_t len, const char *what, size_t max_values, cJSON **ret,
		   struct err *err)
{
	_cleanup_(json_free) cJSON *json = NULL;
	const char *end = NULL;
	int r = check_text(text, len, what, max_values, err);

	if (r < 0)
		return r;
	json = cJSON_ParseWithLengthOpts(text, len, &end, false);
	if (!json)
		return err_class_set(err, ERR_FAILURE, EBADMSG, "%s is not valid JSON at byte %zu",
				     what, end ? (size_t)(end - text) : 0);
	while (end < text + len && strchr(" \t\r\n", *end))
		end++;
	if (end < text + len)
		return err_class_set(err, ERR_FAILURE, EBADMSG,
				     "%s has something after the JSON document at byte %zu", what,
				     (size_t)(end - text));
	*ret = TAKE_PTR(json);
	return 0;
}

int json_read_file(const char *path, size_t max, cJSON **ret, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	int r;

	if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	r = io_read_file(AT_FDCWD, path, max, &text, err);
	if (!r)
		r = json_parse(text.buf, text.len, path, ret, err);
	if (r < 0)
		err->class = ERR_USAGE;
	return r < 0 ? r : 1;
}

cJSON *json_get(const cJSON *obj, const char *key)
{
	cJSON *item = cJSON_IsObject(obj) ? cJSON_GetObjectItemCaseSensitive(obj, key) : NULL;

	return cJSON_IsNull(item) ? NULL : item;
}

cJSON *json_path(const cJSON *obj, const char *path)
{
	cJSON *item = NULL;

	do {
		size_t len = strcspn(path, ".");
		_cleanup_free_ char *key = xstrndup(path, len);

		item = json_get(obj, key);
		obj = item;
		path += len;
	} while (item && *path++);
	return item;
}

const char *json_str(const cJSON *obj, const char *path, const char *fallback)
{
	const cJSON *item = json_path(obj, path);

	return cJSON_IsString(item) ? item->valuestring : fallback;
}

bool json_bool(const cJSON *obj, const char *path, bool fallback)
{
	const cJSON *item = json_path(obj, path);

	return cJSON_IsBool(item) ? cJSON_IsTrue(item) : fallback;
}

/* A number that is exactly an integer, or a string of digits. */
static bool to_i64(const cJSON *item, int64_t *ret)
{
	if (cJSON_IsNumber(item)) {
		double d = item->valuedouble;

		if (!(fabs(d) <= MAX_EXACT) || d != floor(d))
			return false;
		*ret = (int64_t)d;
		return true;
	}
	if (cJSON_IsString(item)) {
		char *end;

		errno = 0;
		*ret = strtoll(item->valuestring, &end, 10);
		return !errno && end != item->valuestring && !*end;
	}
	return false;
}

uint64_t json_u64(const cJSON *obj, const char *path, uint64_t fallback)
{
	const cJSON *item = json_path(obj, path);
	int64_t i;

	if (cJSON_IsString(item)) {
		const char *s = item->valuestring;
		unsigned long long n;
		struct err ignored;

		return text_parse_u64(s, 0, UINT64_MAX, "", &n, &ignored) < 0 ? fallback : n;
	}
	return to_i64(item, &i) && i >= 0 ? (uint64_t)i : fallback;
}

int64_t json_i64(const cJSON *obj, const char *path, int64_t fallback)
{
	int64_t i;

	return to_i64(json_path(obj, path), &i) ? i : fallback;
}

int json_strvec(const cJSON *obj, const char *path, struct strvec *ret, struct err *err)
{
	const cJSON *array = json_path(obj, path), *item;

	if (!array)
		return 0;
	if (!cJSON_IsArray(array))
		return err_class_set(err, ERR_FAILURE, EBADMSG, "'%s' is not an array", path);
	cJSON_ArrayForEach (item, array) {
		if (!cJSON_IsString(item))
			return err_class_set(err, ERR_FAILURE, EBADMSG,
					     "'%s' has an element that is not a string", path);
		strvec_push(ret, item->valuestring);
	}
	return 0;
}

cJSON *json_object(void)
{
	return must(cJSON_CreateObject());
}

cJSON *json_array(void)
{
	return must(cJSON_CreateArray());
}

cJSON *json_add(cJSON *obj, const char *key, cJSON *item)
{
	if (!cJSON_AddItemToObject(obj, key, must(item)))
		abort();
	return item;
}

cJSON *json_append(cJSON *array, cJSON *item)
{
	if (!cJSON_AddItemToArray(array, must(item)))
		abort();
	return item;
}

void json_add_str(cJSON *obj, const char *key, const char *value)
{
	json_add_bytes(obj, key, value, strlen(value));
}

void json_add_int(cJSON *obj, const char *key, int64_t value)
{
	json_add(obj, key, cJSON_CreateNumber((double)value));
}

void json_add_u64(cJSON *obj, const char *key, uint64_t value)
{
	_cleanup_free_ char *s = xasprintf("%llu", (unsigned long long)value);

	json_add(obj, key, cJSON_CreateString(s));
}

void json_add_bool(cJSON *obj, const char *key, bool value)
{
	json_add(obj, key, cJSON_CreateBool(value));
}

void json_add_strvec(cJSON *obj, const char *key, const struct strvec *value)
{
	cJSON *array = json_add(obj, key, json_array());

	for (size_t i = 0; i < value->n; i++) {
		_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
		const char *s = value->v[i];

		if (!utf8_valid(s, strlen(s))) {
			text_add_safe(&sb, s, strlen(s));
			s = sb.buf;
		}
		json_append(array, cJSON_CreateString(s));
	}
}

static void add_replaced(struct strbuf *sb, const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = s[i] ? utf8_sequence(s + i, len - i) : 0;

		if (n)
			strbuf_add(sb, s + i, n);
		else
			strbuf_addstr(sb, "\xef\xbf\xbd");
		i += n ? n : 1;
	}
}

void json_add_bytes(cJSON *obj, const char *key, const char *bytes, size_t len)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, hex = STRBUF_INIT;
	_cleanup_free_ char *hex_key = NULL;

	add_replaced(&text, bytes, len);
	json_add(obj, key, cJSON_CreateString(text.buf));
	if (utf8_valid(bytes, len) && !memchr(bytes, '\0', len))
		return;
	for (size_t i = 0; i < len; i++)
		strbuf_addf(&hex, "%02x", (unsigned char)bytes[i]);
	hex_key = xasprintf("%s_hex", key);
	json_add(obj, hex_key, cJSON_CreateString(hex.buf));
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static char *from_hex(const char *hex, size_t *ret_len)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	for (; *hex; hex += 2) {
		int hi = hex_digit(hex[0]), lo = hi < 0 ? -1 : hex_digit(hex[1]);

		if (lo < 0)
			return NULL;
		strbuf_addch(&sb, (char)(hi << 4 | lo));
	}
	return strbuf_detach(&sb, ret_len);
}

char *json_bytes(const cJSON *obj, const char *key, size_t *ret_len)
{
	_cleanup_free_ char *hex_key = xasprintf("%s_hex", key);
	const cJSON *hex = json_get(obj, hex_key), *item = json_get(obj, key);
	size_t len;
	char *s;

	if (cJSON_IsString(hex)) {
		s = from_hex(hex->valuestring, &len);
	} else {
		s = cJSON_IsString(item) ? xstrdup(item->valuestring) : NULL;
		len = s ? strlen(s) : 0;
	}
	if (s && ret_len)
		*ret_len = len;
	return s;
}

/* cJSON indents with tabs, which is what a reader gets. */
void json_print(const cJSON *json, bool pretty, struct strbuf *ret)
{
	char *text = must(pretty ? cJSON_Print(json) : cJSON_PrintUnformatted(json));

	strbuf_addstr(ret, text);
	strbuf_addch(ret, '\n');
	cJSON_free(text);
}
