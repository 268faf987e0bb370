# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# What is kept is kept as it was: links, owners, modes, times, attributes, odd names.
. "$(dirname "$0")/../lib.sh"

context
busybox_rootfs
prog once
mkdir -p context/root/keep/{empty,sub/deep,private,sticky,replaced} context/root/drop
(
	cd context/root/keep || exit
	echo one >file
	ln file hard-one
	ln file sub/hard-two
	ln -s file soft
	ln -s /keep/sub/../file soft-absolute
	ln -s nowhere dangling
	ln -s loop loop
	mkfifo fifo
	mknod null c 1 3
	echo owned >owned
	cp ../once suid
	cp ../once capable
	truncate -s 3M sparse
	printf middle | dd of=sparse bs=1 seek=1000000 conv=notrunc status=none
	echo x >'a name with spaces'
	echo x >$'new\nline'
	echo x >$'latin-\xe9'
	echo x >'日本語'
	echo x >"$(printf 'l%.0s' {1..250})"
	echo lower >overwritten
	echo lower >removed
	echo lower >replaced/file
	chown 1000:1001 owned
	chmod 0640 owned
	chown -h 1002:1003 soft
	chown 5:6 private
	chmod 0700 private
	chmod 4755 suid
	chmod 2755 sub
	chmod 1777 sticky
	setcap cap_net_raw+ep capable
	find . -exec touch -h -d '2001-02-03 04:05:06' {} +
)
import e2e/fidelity-base 'CMD ["/once", "/keep/file"]'
image e2e/fidelity <<'END'
FROM e2e/fidelity-base
RUN echo upper >/keep/overwritten; rm /keep/removed; rm -r /keep/replaced; echo now a file >/keep/replaced
END

below() { info list "$1" | grep -aP '^/keep\t|^/keep/' | grep -av '/hard-'; }

slim 'include all' --http-probe-off --include-path /keep e2e/fidelity
ok 'there is much to compare' test "$(below e2e/fidelity | wc -l)" -gt 20
same 'every entry is the same' "$(below e2e/fidelity.slim)" "$(below e2e/fidelity)"
is 'hard links are one file' "$(info links e2e/fidelity.slim)" '/keep/file /keep/hard-one /keep/sub/hard-two'
is 'and were in the original' "$(info links e2e/fidelity)" '/keep/file /keep/hard-one /keep/sub/hard-two'
lacks 'what was not used is gone' "$(info paths e2e/fidelity.slim)" /drop
lacks 'what a layer removed is gone' "$(info paths e2e/fidelity.slim)" /keep/removed
has 'the capability is there' "$(info list e2e/fidelity.slim | grep -a '/keep/capable')" security.capability
is 'the slim image works' "$(run_image e2e/fidelity.slim)" one

# One of several names used: the others go, this one stays a file of its own.
slim 'one name' --http-probe-off --cmd '/keep/sub/hard-two' --entrypoint /once e2e/fidelity
has 'the used name of a hard link stays' "$(info paths e2e/fidelity.slim)" /keep/sub/hard-two
is 'not in company' "$(info links e2e/fidelity.slim)" '/keep/file /keep/sub/hard-two'
slim 'through links' --http-probe-off --cmd '["/keep/soft-absolute"]' --entrypoint '["/once"]' e2e/fidelity
paths=$(info paths e2e/fidelity.slim)
for path in /keep/soft-absolute /keep/sub/ /keep/file; do has "the way is kept: $path" "$paths" "$path"; done
lacks 'beside the way' "$paths" /keep/owned
done_testing
