/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a configuration with its history, and each line of them as an entry of one: whatever
 * it says, it can write no instruction of its own. With a name that nothing else has, a line that
 * begins with it is one.
 */
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/json.h"
#include "slimtrace/report.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(const char *config, size_t len)
{
	_cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
	struct err err = ERR_INIT;

	if (report_dockerfile(config, len, NULL, &out, &err) < 0) {
		if (!err.msg[0])
			abort();
		return;
	}
	for (const char *p = out.buf; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!strncmp(p, "FROM ", 5) && strncmp(p, "FROM scratch\n", 13) != 0 &&
		    !strstr(out.buf, "<<")) /* the text of a here-document is free */
			abort();
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	_cleanup_(json_free) cJSON *json = json_object();
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	cJSON *history = json_add(json, "history", json_array()), *config;
	const char *p = (const char *)data, *end = p + size;

	check(p, size);
	config = json_add(json, "config", json_object());
	for (int n = 0; p < end && n < 64; n++) {
		const char *stop = memchr(p, '\1', (size_t)(end - p));
		size_t len = (size_t)((stop ? stop : end) - p);
		_cleanup_free_ char *line = strndup(p, len);

		json_add_str(json_append(history, json_object()), "created_by", line);
		if (n == 0)
			json_add_str(config, "User", line);
		p += len + 1;
	}
	json_print(json, false, &text);
	check(text.buf, text.len);
	return 0;
}
