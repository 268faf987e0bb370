/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "registry/client.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/log.h"

int registry_open(const char *image, const struct registry_opts *opts, struct registry **ret,
		  struct err *err)
{
	_cleanup_(registry_free) struct registry *r = xcalloc(1, sizeof(*r));
	int result = where_find(image, opts, r, err);

	if (!result)
		result = image_find(r, opts->arch, err);
	if (result < 0)
		return result;
	log_debug("registry: %s is %s with configuration %s", r->image, r->manifest.str,
		  r->config.str);
	*ret = TAKE_PTR(r);
	return 0;
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	free(r->image);
	free(r->host);
	free(r->base);
	free(r->name);
	free(r->reference);
	free(r->manifest_type);
	free(r->authorization);
	credentials_release(&r->credentials);
	strvec_release(&r->diff_ids);
	web_free(r->web);
	free(r);
}

const char *registry_image(const struct registry *r)
{
	return r->image;
}

const char *registry_digest(const struct registry *r)
{
	return r->manifest.str;
}
