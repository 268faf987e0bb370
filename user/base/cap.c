/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/cap.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "slimtrace/base/strbuf.h"

uint64_t cap_effective(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return UINT64_MAX;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

bool cap_in(uint64_t set, int cap)
{
	return set >> cap & 1;
}

/* Of two that do, the one that another need has to have anyway is named once, for both. */
static bool comes_with_another(const struct cap_need *needs, size_t n, const struct cap_need *need)
{
	for (size_t i = 0; i < n && need->instead != need->cap; i++)
		if (needs[i].cap == need->instead)
			return true;
	return false;
}

int cap_check_in(uint64_t set, const struct cap_need *needs, size_t n, struct err *err)
{
	_cleanup_strbuf_ struct strbuf missing = STRBUF_INIT, options = STRBUF_INIT;

	for (size_t i = 0; i < n; i++) {
		const struct cap_need *it = &needs[i];

		if (cap_in(set, it->cap) || cap_in(set, it->instead))
			continue;
		strbuf_addf(&missing, "%s%s (%s)", missing.len ? ", " : "", it->name, it->to);
		if (!comes_with_another(needs, n, it))
			strbuf_addf(&options, " --cap-add %s", it->name);
	}
	if (!missing.len)
		return 0;
	err_class_set(err, ERR_KERNEL, EPERM, "missing: %s", missing.buf);
	return err_hint(err, "in a container:%s (docs/sidecar.md)", options.buf);
}

int cap_check(const struct cap_need *needs, size_t n, struct err *err)
{
	return cap_check_in(cap_effective(), needs, n, err);
}
