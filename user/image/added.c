/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that no layer of the image has: what a container made or changed. They come as tars, and
 * stand in the tree as if one more layer had them.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/archive.h"
#include "slimtrace/base/alloc.h"

bool image_is_added(const struct image *img, const struct image_entry *e)
{
	return img->n_added && e->layer + 1 == img->n_layers;
}

int added_open(const struct image *img, const struct image_entry *e, struct image_file *file,
	       struct err *err)
{
	return layer_content_open(&img->added[source_layer(e->source)], e, file, err);
}

void added_release(struct image *img)
{
	for (size_t i = 0; i < img->n_added; i++)
		close(img->added[i].fd);
	free(img->added);
}

/* One layer for all of them; its digest tells it from those of other containers. */
static int add_layer(struct image *img, struct err *err)
{
	struct digest digest;
	int r = layer_digest(&img->added[0], &digest, err);

	if (r < 0)
		return r;
	img->layers = xreallocarray(img->layers, img->n_layers + 1, sizeof(*img->layers));
	img->layers[img->n_layers++] =
		(struct image_layer){ .diff_id = digest,
				      .created_by = xstrdup("files of the container") };
	return 0;
}

/* Takes the descriptors, also on failure. */
static int take_files(struct image *img, const struct image_files *files, size_t n, struct err *err)
{
	int r = 0;

	img->added = xcalloc(n, sizeof(*img->added));
	img->n_added = n;
	for (size_t i = 0; i < n; i++) {
		struct stat st;

		img->added[i].fd = files[i].fd;
		if (r < 0)
			continue;
		if (fstat(files[i].fd, &st) < 0)
			r = err_set(err, errno, "cannot read the container's files");
		else
			img->added[i].len = (uint64_t)st.st_size;
	}
	return r;
}

int image_add_files(struct image *img, const struct image_files *files, size_t n,
		    const struct strmap *only, struct err *err)
{
	int r = take_files(img, files, n, err);

	if (!r)
		r = add_layer(img, err);
	if (r < 0)
		return r;
	tree_resume(img);
	for (size_t i = 0; !r && i < n; i++)
		r = layer_apply_files(img, (uint32_t)img->n_layers - 1, (uint32_t)i, files[i].dir,
				      only, err);
	if (r < 0)
		err_wrap(err, "the container's files");
	return r < 0 ? r : tree_finish(img, err);
}
