/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as an image archive: opened, walked, and every file read as far as it goes. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "slimtrace/image.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void read_all(const struct image *img)
{
	for (uint32_t id = 0; id < image_entry_count(img); id++) {
		struct exec_needs needs;
		struct err err = ERR_INIT;
		char head[64];

		if (image_entry(img, id)->type != ENTRY_FILE)
			continue;
		image_file_head(img, image_entry(img, id), head, sizeof(head), &err);
		if (image_exec_needs(img, image_entry(img, id), &needs, &err) == 0)
			exec_needs_release(&needs);
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct image *img = NULL;
	struct err err = ERR_INIT;

	if (write(fd, data, size) != (ssize_t)size)
		abort();
	if (image_open_archive(fd, "amd64", "/tmp", &img, &err) == 0)
		read_all(img);
	image_free(img);
	return 0;
}
