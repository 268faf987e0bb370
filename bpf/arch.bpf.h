/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which syscall, by which ABI, with which arguments. */
#pragma once

#define ABI_NATIVE 0 /* enum record_abi */
#define ABI_COMPAT 1
#define ABI_X32 2

#ifndef __TARGET_ARCH_x86
#error "the registers of this architecture are not known here yet"
#endif

#define TS_COMPAT 0x0002	    /* asm/thread_info.h: a 32-bit syscall is in progress */
#define X32_SYSCALL_BIT 0x40000000u /* asm/unistd.h */

/* i386 calls share their numbers with native ones that do something else. */
static __always_inline __u32 my_abi(struct task_struct *me, __u32 nr)
{
	if (my_status(me) & TS_COMPAT)
		return ABI_COMPAT;
	return nr & X32_SYSCALL_BIT ? ABI_X32 : ABI_NATIVE;
}

static __always_inline __u32 regs_nr(const struct pt_regs *regs)
{
	return regs->orig_ax;
}

/* A 64-bit process may use int 0x80: the upper halves are then anything. */
static __always_inline void read_args(__u64 *args, const struct pt_regs *regs, __u32 abi)
{
	if (abi == ABI_COMPAT) {
		args[0] = (__u32)regs->bx;
		args[1] = (__u32)regs->cx;
		args[2] = (__u32)regs->dx;
		args[3] = (__u32)regs->si;
		args[4] = (__u32)regs->di;
		args[5] = (__u32)regs->bp;
		return;
	}
	args[0] = regs->di;
	args[1] = regs->si;
	args[2] = regs->dx;
	args[3] = regs->r10;
	args[4] = regs->r8;
	args[5] = regs->r9;
}
