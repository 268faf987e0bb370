/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/merged.h"

#include <errno.h>
#include <stdio.h>

#include "slimtrace/base/io.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"

struct shares {
	size_t all, one; /* accesses that every run, that a single one had */
};

static struct shares count(const struct record *rec)
{
	struct shares n = { 0 };

	for (size_t i = 0; i < rec->n_accesses; i++) {
		n.all += rec->accesses[i].runs == rec->runs;
		n.one += rec->accesses[i].runs == 1;
	}
	return n;
}

void merged_tell(const struct record *rec, cJSON *doc)
{
	struct shares n = count(rec);
	char accesses[32];

	if (doc) {
		json_add_int(doc, "runs", rec->runs);
		json_add_int(doc, "accesses", (int64_t)rec->n_accesses);
		json_add_int(doc, "in_all", (int64_t)n.all);
		json_add_int(doc, "in_one", (int64_t)n.one);
	} else {
		log_info("%u run%s, %s path%s: %zu in all runs, %zu in one", rec->runs,
			 rec->runs == 1 ? "" : "s", format_count(accesses, rec->n_accesses),
			 rec->n_accesses == 1 ? "" : "s", n.all, n.one);
	}
	if (record_loss_any(&rec->loss))
		log_warn("at least one of them is incomplete: so is the result");
}

int merged_write(const struct record *rec, const char *path, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	record_to_json(rec, &text);
	if (path)
		return io_write_path(path, 0644, text.buf, text.len, err);
	if (fwrite(text.buf, 1, text.len, stdout) != text.len || fflush(stdout))
		return err_set(err, errno, "cannot write the record");
	return 0;
}
