/* SPDX-License-Identifier: BSD-2-Clause */
/* The HEALTHCHECK of an image or a container. */
#include <string.h>

#include "slimtrace/engine.h"

/* ["NONE"], ["CMD", WORD...] or ["CMD-SHELL", LINE]. */
bool engine_health_words(const cJSON *inspect, struct strvec *ret)
{
	_cleanup_strvec_ struct strvec test = STRVEC_INIT;
	struct err ignored = ERR_INIT;
	bool shell;

	if (json_strvec(inspect, "Config.Healthcheck.Test", &test, &ignored) < 0 || test.n < 2)
		return false;
	shell = !strcmp(test.v[0], "CMD-SHELL");
	if (!shell && strcmp(test.v[0], "CMD") != 0)
		return false;
	if (shell && (json_strvec(inspect, "Config.Shell", ret, &ignored) < 0 || !ret->n)) {
		strvec_release(ret);
		strvec_push(ret, "/bin/sh");
		strvec_push(ret, "-c");
	}
	for (size_t i = 1; i < test.n; i++)
		strvec_push(ret, test.v[i]);
	return true;
}
