/* SPDX-License-Identifier: BSD-2-Clause */
/* How long to watch, in words. */
#include "../lib/tap.h"
#include "slimtrace/watch.h"

static void takes(const char *text, uint64_t wanted)
{
	struct err err = ERR_INIT;
	uint64_t seconds = 0;

	ok(watch_parse_duration(text, "--for", &seconds, &err) == 0, "'%s': %s", text, err.msg);
	is_int(seconds, wanted, "'%s'", text);
}

static void refuses(const char *text)
{
	struct err err = ERR_INIT;
	uint64_t seconds = 7;

	ok(watch_parse_duration(text, "--for", &seconds, &err) < 0 && err.class == ERR_USAGE,
	   "'%s' is none", text);
	ok(strstr(err.msg, "--for: '") == err.msg && strstr(err.msg, "1h30m"),
	   "it says what is: %s", err.msg);
	is_int(seconds, 7, "nothing is changed");
}

int main(void)
{
	takes("90", 90);
	takes("90s", 90);
	takes("10m", 600);
	takes("1h30m", 5400);
	takes("2d", 172800);
	takes("1d1h1m1s", 90061);
	refuses("");
	refuses("0");
	refuses("0m");
	refuses("m");
	refuses("-5");
	refuses("5 m");
	refuses("5x");
	refuses("1.5h");
	refuses("99999999999999999999");
	refuses("18446744073709551615d");
	return tap_done();
}
