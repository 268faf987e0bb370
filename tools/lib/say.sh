# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What every script here says and asks. Sourced.

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
	say "$*"
	exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

need_root() {
	[[ $EUID == 0 ]] || die "needs root: sudo $0"
}

# usage_of FILE: the comment block at its top, without the SPDX line.
usage_of() { sed -n '3,/^[^#]/{s/^# \{0,1\}//p}' "$1"; }

# mb BYTES: "12.3"
mb() { awk -v b="$1" 'BEGIN {printf "%.1f", b / 1e6}'; }
