/* SPDX-License-Identifier: BSD-2-Clause */
/* files.jsonl: what stays and why, and what does not: a line for each entry of the image. */
#include "report/files.h"

#include <string.h>

#include "report/uses.h"
#include "slimtrace/base/alloc.h"

const char *report_type_name(enum entry_type type)
{
	switch (type) {
	case ENTRY_FILE:
		return "file";
	case ENTRY_DIR:
		return "directory";
	case ENTRY_SYMLINK:
		return "link";
	case ENTRY_CHAR:
		return "character-device";
	case ENTRY_BLOCK:
		return "block-device";
	case ENTRY_FIFO:
		return "fifo";
	case ENTRY_SOCKET:
		break;
	}
	return "socket";
}

void report_add_reasons(cJSON *obj, uint32_t reasons)
{
	cJSON *array = json_add(obj, "reasons", json_array());

	for (unsigned int i = 0; i < KEEP_REASONS; i++)
		if (reasons & 1u << i)
			json_append(array, cJSON_CreateString(keep_reason_name(i)));
}

/* Of what was not used itself: the access that first asked for what it belongs to. */
static void add_cause(cJSON *line, const struct keep *keep, const struct record *rec,
		      const struct image_entry *e)
{
	size_t access = keep_access(keep, e);

	if (keep_has(keep, e) && !json_get(line, "accesses") && access < rec->n_accesses)
		json_add(line, "because_of", report_access(rec, &rec->accesses[access]));
}

static void add_sizes(cJSON *line, const struct keep *keep, const struct image_entry *e)
{
	uint64_t size = keep_has(keep, e) ? keep_size(keep, e) : e->size;

	if (e->type != ENTRY_FILE)
		return;
	json_add_int(line, "size", (int64_t)size);
	if (size != e->size)
		json_add_int(line, "original_size", (int64_t)e->size);
}

/* One name of a file counts in sums; the others tell which one it is. */
static void add_holder(cJSON *line, const struct report *report, const struct image_entry *e)
{
	const struct image_entry *holder =
		report->holders && e->type == ENTRY_FILE
			? strmap_get_len(report->holders, &e->inode, sizeof(e->inode))
			: NULL;
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;

	if (!holder || holder == e)
		return;
	image_entry_path(holder, &path);
	json_add_bytes(line, "content_of", path.buf, path.len);
}

static void add_owner(cJSON *line, const struct info_package *package)
{
	if (!package)
		return;
	json_add_bytes(line, "package", package->name, strlen(package->name));
	json_add_str(line, "package_manager", package->manager);
}

void report_entry(const struct report *report, const struct image_entry *e, const struct keep *keep,
		  const struct record *rec, struct strbuf *ret)
{
	_cleanup_(json_free) cJSON *line = json_object();
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
	uint32_t reasons = keep_reasons(keep, e);

	image_entry_path(e, &path);
	json_add_bytes(line, "path", path.buf, path.len);
	json_add_str(line, "type", report_type_name(e->type));
	if (e->target)
		json_add_bytes(line, "target", e->target, strlen(e->target));
	json_add_str(line, "verdict", keep_has(keep, e) ? "kept" : "dropped");
	add_sizes(line, keep, e);
	add_holder(line, report, e);
	json_add_int(line, "layer", e->layer);
	add_owner(line, info_owner(&report->owners, e));
	if (keep_has(keep, e))
		report_add_reasons(line, reasons);
	else if (keep_is_excluded(keep, e))
		json_add_bool(line, "excluded", true);
	report_add_uses(line, &report->uses, e, rec);
	add_cause(line, keep, rec, e);
	json_print(line, false, ret);
}

void report_add_rules(cJSON *obj, const struct keep *keep)
{
	cJSON *rules = json_add(obj, "rules", json_object());
	struct keep_cost costs[KEEP_REASONS];

	keep_costs(keep, costs);
	for (unsigned int i = 0; i < KEEP_REASONS; i++) {
		const struct keep_cost *c = &costs[i];
		cJSON *rule = json_add(rules, keep_reason_name(i), json_object());

		json_add_str(rule, "text", keep_reason_text(i));
		if (keep_rules_off(keep) & 1u << i)
			json_add_bool(rule, "off", true);
		json_add_int(rule, "entries", (int64_t)c->entries);
		json_add_int(rule, "bytes", (int64_t)c->bytes);
		json_add_int(rule, "sole_entries", (int64_t)c->sole_entries);
		json_add_int(rule, "sole_bytes", (int64_t)c->sole_bytes);
	}
}
