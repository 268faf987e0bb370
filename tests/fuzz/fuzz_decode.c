/* SPDX-License-Identifier: BSD-2-Clause */
/* Events of the ring buffer: any bytes, decoded and collected. */
#include <stddef.h>
#include <stdint.h>

#include "trace/collect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The first two bytes of each event in @data are its length. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct collector c;

	collector_init(&c);
	while (len >= 2) {
		size_t n = (size_t)(data[0] | data[1] << 8);
		struct event ev;

		data += 2;
		len -= 2;
		n = n < len ? n : len;
		if (decode_event(data, n, &ev) == 0)
			collector_add(&c, &ev);
		data += n;
		len -= n;
	}
	record_free(record_builder_finish(c.builder));
	collector_release(&c);
	return 0;
}
