/* SPDX-License-Identifier: BSD-2-Clause */
/* slimtrace diff: finds out what each of two names means, and compares. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"

#define HEAD 4096 /* of a file, to tell what it is */
#define PROFILE_MAX (16u << 20)
#define RECORD_MAX_FILE (1u << 30)

/* One side. */
struct side {
	struct image *img;
	struct facts *facts;
};

static void side_release(struct side *side)
{
	facts_free(side->facts);
	image_free(side->img);
}

/* What the text of a profile begins with, comments aside; a record and seccomp's is JSON. */
static bool is_apparmor(const char *text)
{
	while (*text && (*text == '#' || strchr(" \t\r\n", *text))) {
		bool include = !strncmp(text, "#include", 8);

		if (include)
			return true;
		text += *text == '#' ? strcspn(text, "\n") : 1;
	}
	return !strncmp(text, "profile ", 8) || !strncmp(text, "abi ", 4) ||
	       !strncmp(text, "include ", 8) || *text == '@';
}

static int read_record(const char *path, const struct strbuf *text, struct side *ret,
		       struct err *err)
{
	_cleanup_(record_free) struct record *rec = NULL;

	if (record_from_json(text->buf, text->len, &rec, err) < 0) {
		err->class = ERR_USAGE;
		return err_wrap(err, "'%s'", path);
	}
	ret->facts = facts_new(DIFF_RECORD);
	facts_of_record(ret->facts, rec);
	return 1;
}

static int read_seccomp(const char *path, const struct strbuf *text, struct side *ret,
			struct err *err)
{
	_cleanup_(json_free) cJSON *json = NULL;

	if (json_parse(text->buf, text->len, path, &json, err) < 0) {
		err->class = ERR_USAGE;
		return -err->code;
	}
	ret->facts = facts_new(DIFF_SECCOMP);
	return facts_of_seccomp(ret->facts, json, err) < 0 ? err_wrap(err, "'%s'", path) : 1;
}

/* The beginning of a regular file; empty for anything else. */
static void read_head(const char *path, char *buf, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t n = fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode)
			    ? io_read_full(fd, buf, size - 1)
			    : 0;

	buf[n > 0 ? n : 0] = '\0';
}

/* 1: it is one; 0: it is no document, but may be an image, which is not read for that. */
static int read_document(const char *path, struct side *ret, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char head[HEAD];
	bool json;
	int r;

	read_head(path, head, sizeof(head));
	json = head[strspn(head, " \t\r\n")] == '{';
	if (!json && !is_apparmor(head))
		return 0;
	r = io_read_file(AT_FDCWD, path, json ? RECORD_MAX_FILE : PROFILE_MAX, &text, err);
	if (r < 0)
		return r;
	if (json)
		return memmem(text.buf, text.len, "\"accesses\"", strlen("\"accesses\""))
			       ? read_record(path, &text, ret, err)
			       : read_seccomp(path, &text, ret, err);
	ret->facts = facts_new(DIFF_APPARMOR);
	facts_of_apparmor(ret->facts, text.buf, text.len);
	return 1;
}

static int read_image(const struct diff_opts *opts, const char *name, struct side *ret,
		      struct err *err)
{
	int r = run_open_any(&opts->engine, name, &ret->img, err);

	if (r < 0)
		return r;
	ret->facts = facts_new(DIFF_IMAGE);
	facts_of_image(ret->facts, ret->img);
	return 0;
}

static int read_side(const struct diff_opts *opts, const char *name, struct side *ret,
		     struct err *err)
{
	int r = read_document(name, ret, err);

	return r < 0 ? r : r ? 0 : read_image(opts, name, ret, err);
}

static int compare(const struct diff_opts *opts, const struct side *a, const struct side *b,
		   struct diff_result *ret, struct err *err)
{
	enum diff_document one = facts_document(a->facts), two = facts_document(b->facts);
	struct diff diff = { 0 };
	int r;

	if (one != two) {
		err_class_set(err, ERR_USAGE, EINVAL, "'%s' is a %s, '%s' a %s", opts->before,
			      diff_document_name(one), opts->after, diff_document_name(two));
		return err_hint(err, "two records, two profiles of one kind, or two images");
	}
	r = diff_make(a->facts, b->facts, &diff, err);
	if (!r) {
		diff_text(&diff, opts->all ? 0 : opts->lines_max, &ret->text);
		ret->json = json_object();
		json_add_str(ret->json, "document", "slimtrace.diff");
		json_add_int(ret->json, "version", 1);
		json_add_str(ret->json, "of", diff_document_name(one));
		diff_json(&diff, ret->json);
		ret->differences = diff.n;
		for (size_t i = 0; i < opts->gates->n; i++) {
			_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

			if (diff_gate_holds(&diff, &opts->gates->v[i], &text))
				strvec_push_take(&ret->failed,
						 xasprintf("--fail-if '%s': %s",
							   opts->gates->v[i].text, text.buf));
		}
	}
	diff_release(&diff);
	return r;
}

int run_compare_baseline(const char *baseline, const struct report *report, struct diff *ret,
			 struct err *err)
{
	_cleanup_free_ char *path = NULL;
	struct side a = { 0 }, b = { 0 };
	const char *name;
	int r = read_document(baseline, &a, err);

	if (!r) {
		err_class_set(err, ERR_USAGE, EINVAL, "--baseline '%s': it is no record or profile",
			      baseline);
		err_hint(err, "record.json or a seccomp or AppArmor profile of an earlier run");
		r = -EINVAL;
	}
	if (r < 0)
		return r;
	name = facts_document(a.facts) == DIFF_SECCOMP	  ? report->seccomp
	       : facts_document(a.facts) == DIFF_APPARMOR ? report->apparmor
							  : "record.json";
	path = xasprintf("%s/%s", report->artifacts, name ? name : "");
	r = read_document(path, &b, err);
	if (!r)
		r = err_set(err, ENOENT, "there is no '%s' to compare with", path);
	else if (r > 0)
		r = diff_make(a.facts, b.facts, ret, err);
	side_release(&a);
	side_release(&b);
	return r;
}

int session_diff(const struct diff_opts *opts, struct diff_result *ret, struct err *err)
{
	struct side a = { 0 }, b = { 0 };
	int r;

	ret->text = STRBUF_INIT;
	r = read_side(opts, opts->before, &a, err);
	if (!r)
		r = read_side(opts, opts->after, &b, err);
	if (!r)
		r = compare(opts, &a, &b, ret, err);
	side_release(&a);
	side_release(&b);
	return r;
}

void session_diff_release(struct diff_result *result)
{
	strbuf_release(&result->text);
	strvec_release(&result->failed);
	json_free(result->json);
	*result = (struct diff_result){ 0 };
}
