/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a record: refused, or read into one that is written and read again the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(record_free) struct record *rec = NULL, *again = NULL;
	_cleanup_strbuf_ struct strbuf first = STRBUF_INIT, second = STRBUF_INIT;
	struct err err = ERR_INIT;

	if (record_from_json((const char *)data, size, &rec, &err) < 0) {
		must(!rec && err.msg[0]);
		return 0;
	}
	record_to_json(rec, &first);
	must(!record_from_json(first.buf, first.len, &again, &err));
	record_to_json(again, &second);
	must(!strcmp(first.buf, second.buf));
	return 0;
}
