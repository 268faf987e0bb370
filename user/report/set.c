/* SPDX-License-Identifier: BSD-2-Clause */
/* Several images on one disk: an engine stores a layer once for each stack of layers below it. */
#include <inttypes.h>
#include <string.h>

#include "slimtrace/base/progress.h"
#include "slimtrace/report.h"

struct stack {
	const struct report_layer *layers;
	size_t n;
};

static struct stack stack_of(const struct report *r, bool fat)
{
	return fat ? (struct stack){ r->fat_layers, r->n_fat_layers }
		   : (struct stack){ r->layers, r->n_layers };
}

/* How many layers from the bottom are the same. */
static size_t common(const struct stack *a, const struct stack *b)
{
	size_t n = 0;

	while (n < a->n && n < b->n && !strcmp(a->layers[n].diff_id.str, b->layers[n].diff_id.str))
		n++;
	return n;
}

static uint64_t on_disk(const struct report *reports, size_t n, bool fat, uint64_t *ret_alone)
{
	uint64_t bytes = 0;

	*ret_alone = 0;
	for (size_t i = 0; i < n; i++) {
		const struct stack own = stack_of(&reports[i], fat);
		size_t known = 0;

		for (size_t j = 0; j < i; j++) {
			const struct stack other = stack_of(&reports[j], fat);
			size_t same = common(&own, &other);

			known = same > known ? same : known;
		}
		for (size_t k = 0; k < own.n; k++) {
			*ret_alone += own.layers[k].bytes;
			bytes += k < known ? 0 : own.layers[k].bytes;
		}
	}
	return bytes;
}

static void add_line(const struct report *reports, size_t n, bool fat, struct strbuf *ret)
{
	uint64_t alone, bytes = on_disk(reports, n, fat, &alone);
	char together[16], apart[16];

	strbuf_addf(ret, "  %-10s %s on disk, %s without what they share\n", fat ? "fat" : "slim",
		    format_bytes(together, bytes), format_bytes(apart, alone));
}

void report_set_summary(const struct report *reports, size_t n, struct strbuf *ret)
{
	strbuf_addf(ret, "\n%zu images together\n", n);
	add_line(reports, n, true, ret);
	add_line(reports, n, false, ret);
}
