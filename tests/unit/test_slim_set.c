/* SPDX-License-Identifier: BSD-2-Clause */
/* Layers that are kept, and shared by images of a set; the edits of a configuration. */
#include <fcntl.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "slim/parts.h"
#include "slimtrace/slim.h"
#include "test_slim_image.h"

#define BASE "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde0"
#define TOP_A "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdea"
#define TOP_B "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeb"

struct sample {
	struct image *img[2];
	struct keep keep[2];
};

static struct image *two_layers(const char *top)
{
	struct image *img = image_make();

	img->n_layers = 2;
	memcpy(img->layers[0].diff_id.str, BASE, sizeof(BASE));
	memcpy(img->layers[1].diff_id.str, top, DIGEST_LEN + 1);
	return img;
}

/* The first keeps base/a, has its own base/c and no base/d; the second keeps base/b, c and d. */
static void sample_init(struct sample *s)
{
	static const char *const names[] = { "a", "b", "c", "d" };

	for (unsigned int i = 0; i < 2; i++) {
		struct image *img = s->img[i] = two_layers(i ? TOP_B : TOP_A);
		struct image_entry *dir = add(img, NULL, "base", ENTRY_DIR, 0755);

		for (unsigned int j = 0; j < (i ? 4 : 3); j++) {
			struct image_entry *e = add_file(img, dir, names[j], "base");

			img->dropped[e->id] = i ? j == 0 : j > 0;
			if (!i && j == 2)
				e->layer = 1;
		}
		add_file(img, NULL, "top", i ? "b" : "a")->layer = 1;
		s->keep[i].img = img;
	}
}

static void sample_release(struct sample *s)
{
	image_unmake(s->img[0]);
	image_unmake(s->img[1]);
}

static void pack_both(struct sample *s, enum slim_layers layers, bool swapped,
		      struct slim_result ret[2])
{
	struct slim_source sources[2] = { { .img = s->img[swapped], .keep = &s->keep[swapped] },
					  { .img = s->img[!swapped], .keep = &s->keep[!swapped] } };
	struct slim_set set = { .layers = layers, .v = sources, .n = 2 };
	struct strvec tags = STRVEC_INIT;
	struct slim_opts opts = { .tags = &tags, .tmpdir = "/tmp" };
	struct err err = ERR_INIT;

	sources[0].base = sources[1].base = 1;
	slim_share(&set);
	for (unsigned int i = 0; i < 2; i++) {
		int fd = -1;

		if (ok(!slim_pack(&set, i, &opts, &fd, &ret[swapped ? !i : i], &err), "packs: %s",
		       err.msg))
			close(fd);
	}
}

static void is_shared(enum slim_layers layers, size_t n, const char *name)
{
	struct slim_result first[2] = { 0 }, second[2] = { 0 };
	struct sample s;

	sample_init(&s);
	pack_both(&s, layers, false, first);
	sample_release(&s);
	sample_init(&s);
	pack_both(&s, layers, true, second);
	sample_release(&s);
	is_int(first[0].n_layers, n, "%s: layers", name);
	is_int(first[1].n_layers, n, "%s: layers", name);
	ok(n == 1 || !strcmp(first[0].layers[0].diff_id.str, first[1].layers[0].diff_id.str),
	   "%s: the base is shared", name);
	ok(strcmp(first[0].layers[n - 1].diff_id.str, first[1].layers[n - 1].diff_id.str) != 0,
	   "%s: the top is not", name);
	for (unsigned int i = 0; i < 2; i++) {
		is_str(first[i].image_id.str, second[i].image_id.str, "%s: in any order", name);
		slim_result_release(&first[i]);
		slim_result_release(&second[i]);
	}
}

static void test_union(void)
{
	struct slim_result ret[2] = { 0 };
	struct sample s;

	sample_init(&s);
	pack_both(&s, SLIM_KEEP, false, ret);
	ok(!s.img[0]->dropped[3], "what the other keeps of a shared layer stays");
	ok(!s.img[0]->dropped[4], "and what is in its place");
	ok(!s.img[1]->dropped[2], "on both sides");
	slim_result_release(&ret[0]);
	slim_result_release(&ret[1]);
	sample_release(&s);
}

/* Of a file in a shared layer stays what any image needs; who only shares it has no say. */
static void test_parts(void)
{
	struct sample s;
	struct slim_source sources[2];
	struct slim_set set = { .layers = SLIM_KEEP, .v = sources, .n = 2 };
	struct plan_item items[2];
	struct parts parts = { 0 };

	sample_init(&s);
	for (uint32_t i = 0; i < 2; i++) {
		struct image *img = s.img[i];

		sources[i] = (struct slim_source){ .img = img, .keep = &s.keep[i] };
		img->cut_entry = &img->entries[2];
		img->dropped[2] = false;
		items[i] = (struct plan_item){ .source = i, .entry = img->cut_entry };
	}
	s.img[0]->cut[s.img[0]->n_cut++] = (struct keep_range){ 2, 4 };
	s.img[1]->cut[s.img[1]->n_cut++] = (struct keep_range){ 0, 1 };
	s.img[1]->cut[s.img[1]->n_cut++] = (struct keep_range){ 3, 9 };
	ok(parts_find(&set, items, 2, &parts) && parts.n == 2 && parts.bytes == 8 &&
		   parts.v[1].start == 2 && parts.v[1].end == 9,
	   "parts of two images are united");
	parts_release(&parts);
	s.img[1]->shared[2] = true;
	ok(parts_find(&set, items, 2, &parts) && parts.n == 1 && parts.bytes == 2,
	   "but not those of who only shares it");
	parts_release(&parts);
	s.img[1]->shared[2] = false;
	s.img[1]->cut_entry = NULL;
	ok(!parts_find(&set, items, 2, &parts), "one that needs all gets all");
	sample_release(&s);
}

static void is_edited(const char *config, const struct slim_edits *edits, const char *want,
		      size_t n_absent, const char *name)
{
	_cleanup_strbuf_ struct strbuf got = STRBUF_INIT;
	_cleanup_strvec_ struct strvec absent = STRVEC_INIT;
	struct err err = ERR_INIT;

	if (slim_config_edit(config, strlen(config), edits, &got, &absent, &err) < 0)
		printf("# %s\n", err.msg);
	is_str(got.buf, want, "%s", name);
	is_int(absent.n, n_absent, "%s: what was not there", name);
}

static void test_edits(void)
{
	struct slim_edits e = { 0 };

	is_edited("{ \"config\" : {\"Cmd\" : [ \"x\"] }, \"a\":1.0}", &e,
		  "{ \"config\" : {\"Cmd\" : [ \"x\"] }, \"a\":1.0}", 0, "nothing");
	e.cmd = "a 'b c'";
	is_edited("{ \"config\" : {\"Cmd\" : [ \"x\"] }, \"a\":1.0}", &e,
		  "{ \"config\" : {\"Cmd\" : [\"a\",\"b c\"] }, \"a\":1.0}", 0, "one value");
	is_edited("{\"config\":null}", &e, "{\"config\":{\"Cmd\":[\"a\",\"b c\"]}}", 0,
		  "no object");
	is_edited("{}", &e, "{\"config\":{\"Cmd\":[\"a\",\"b c\"]}}", 0, "none at all");
	e.cmd = "[]";
	e.user = "u";
	strvec_push(&e.env, "A=2");
	strvec_push(&e.remove_env, "B");
	strvec_push(&e.remove_env, "C");
	strvec_push(&e.expose, "80");
	is_edited("{\"config\":{\"Env\":[\"B=1\",\"A=1\",\"Z=\"],\"Cmd\":[\"q\"],\"X\":0.10}}", &e,
		  "{\"config\":{\"Env\":[\"A=2\",\"Z=\"],\"Cmd\":null,\"X\":0.10,\"User\":\"u\","
		  "\"ExposedPorts\":{\"80/tcp\":{}}}}",
		  1, "several");
	slim_edits_release(&e);
}

static void test_perms(void)
{
	static const char *const wrong[] = {
		"a:0644",   "/a",     "/a:",	    "/a:8",
		"/a:10000", "/a:1#x", "/a:1#1#1#1", "/a:1#99999999999"
	};
	struct slim_perms perms = { 0 };
	struct err err = ERR_INIT;

	is_int(slim_perms_add(&perms, "/a:b//c/:4755#1#2", &err), 0, "all of it");
	is_str(perms.v[0].pattern, "/a:b/c", "the path");
	is_int(perms.v[0].mode, 04755, "the mode");
	is_int(perms.v[0].uid, 1, "the user");
	is_int(perms.v[0].gid, 2, "the group");
	is_int(slim_perms_add(&perms, "/x:7", &err), 0, "the least");
	is_int(perms.v[1].uid, -1, "no user");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		ok(slim_perms_add(&perms, wrong[i], &err) < 0 && strstr(err.msg, wrong[i]),
		   "refused and named: %s", wrong[i]);
		err = ERR_INIT;
	}
	slim_perms_release(&perms);
}

int main(void)
{
	is_shared(SLIM_SQUASH, 1, "squash");
	is_shared(SLIM_KEEP, 2, "keep");
	is_shared(SLIM_BASE, 2, "base");
	test_union();
	test_parts();
	test_edits();
	test_perms();
	return tap_done();
}
