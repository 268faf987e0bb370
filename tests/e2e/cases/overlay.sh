# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# Layer directories with overlayfs's own marks, as the kernel's mount of them shows them; what only a
# mount can resolve is refused, and the session saves the image then.
. "$(dirname "$0")/../lib.sh"

dump=$e2e/../../build/plain/image-dump
mark() { python3 -c 'import os, sys; os.setxattr(sys.argv[1], sys.argv[2], sys.argv[3].encode())' "$@"; }
id=sha256:$(printf '0%.0s' {1..64})
printf '{"config":{},"rootfs":{"diff_ids":["%s","%s"]}}' "$id" "$id" >config

# On a file system of its own: overlayfs does not go on top of itself.
mkdir fs && mount -t tmpfs none fs || exit 1
trap 'umount merged fs 2>/dev/null || umount -l merged fs 2>/dev/null' EXIT
mkdir -p fs/0/{both,gone,opaque,renamed,empty} fs/1/{both,opaque,new} merged
echo 0 | tee fs/0/both/{kept,over,white,xwhite} fs/0/gone/x fs/0/opaque/hidden fs/0/renamed/x >fs/0/file
echo 1 | tee fs/1/both/{over,added} fs/1/opaque/own >fs/1/new/file
mknod fs/1/both/white c 0 0
mknod fs/1/gone c 0 0
mknod fs/1/both/device c 1 3
mark fs/1/opaque trusted.overlay.opaque y
: >fs/1/both/xwhite
mark fs/1/both trusted.overlay.opaque x
mark fs/1/both/xwhite trusted.overlay.whiteout y
mark fs/1/new trusted.overlay.impure y
mark fs/1/new trusted.overlay.overlay.opaque y
mark fs/1/new/file trusted.overlay.origin whatever
mark fs/1/new/file trusted.mine own

paths() { "$dump" dirs config fs/0 fs/1 2>/dev/null | cut -f 1 | sort; }
ok 'the kernel mounts them' mount -t overlay none -o lowerdir=fs/1:fs/0,redirect_dir=nofollow merged
shown=$(cd merged && find . | sed 's/^\.$/\//; s/^\.//' | LC_ALL=C sort)
is 'what the kernel shows' "$(LC_ALL=C paths)" "$shown"
lacks 'a file with a whiteout attribute' "$shown" xwhite
has 'a device that is none' "$shown" /both/device
attributes=$("$dump" dirs config fs/0 fs/1 2>/dev/null | cut -f 1,10 | grep -v $'\t$')
is 'only attributes of the image' "$attributes" \
	$'/new\ttrusted.overlay.overlay.opaque=y;\n/new/file\ttrusted.mine=own;'

for name in redirect metacopy; do
	mark fs/1/new/file "trusted.overlay.$name" x
	not_ok "$name is refused" "$dump" dirs config fs/0 fs/1
	has "$name by its name" "$("$dump" dirs config fs/0 fs/1 2>&1 >/dev/null)" "trusted.overlay.$name"
	python3 -c 'import os, sys; os.removexattr(*sys.argv[1:])' fs/1/new/file "trusted.overlay.$name"
done
ok 'without them it is read' "$dump" dirs config fs/0 fs/1
chown 1000 fs/1
not_ok "another user's directories are refused" "$dump" dirs config fs/0 fs/1
done_testing
