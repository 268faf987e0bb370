/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Watches containers. Tracepoints only: they exist on every kernel from 5.8 on and are not
 * refused under lockdown. See docs/tracing.md.
 */
#include <vmlinux.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "slimtrace/wire.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Each needs what stands before it. */
/* clang-format off */
#include "state.bpf.h"
#include "me.bpf.h"
#include "arch.bpf.h"
#include "scope.bpf.h"
#include "emit.bpf.h"
#include "cgroup.bpf.h"
#include "path.bpf.h"
#include "names.bpf.h"
#include "proc.bpf.h"
#include "attach.bpf.h"
#include "interp.bpf.h"
#include "magic.bpf.h"
#include "file.bpf.h"
#include "net.bpf.h"
#include "sys.bpf.h"
#include "uring.bpf.h"
#include "cap.bpf.h"
/* clang-format on */
