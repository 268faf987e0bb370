/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as what a WebSocket server answers: a response header, then frames. */
#include <stdint.h>
#include <stdlib.h>

#include "drive/wsframe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ws_response response = { 0 };
	struct ws_frame f = { 0 };
	size_t at = 0;

	if (ws_parse_response((const char *)data, size, "dGhlIHNhbXBsZSBub25jZQ==", &response) > 0)
		must(response.len <= size && response.status >= 0 && response.status < 1000);
	while (at <= size && ws_parse_frame(data + at, size - at, &f) > 0) {
		must(f.header >= 2 && f.len <= WS_MAX_FRAME && f.header + f.len <= size - at);
		at += f.header + (size_t)f.len;
	}
	return 0;
}
