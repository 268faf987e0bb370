# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# What the container runtime does in the container before the app's first exec is not the app's.
. "$(dirname "$0")/../lib.sh"

context
mkdir -p context/root/opt/{a,b}
cp "$PROGS/once" context/root/opt/b/once
put opt/a/once 'the runtime looks here first, since PATH says so; it is no program'
put data/file 'the file'
image e2e/runtime <<'END'
FROM scratch
COPY root /
ENV PATH=/opt/a:/opt/b
WORKDIR /data
CMD ["once", "file"]
END

slim 'by PATH' --http-probe-off e2e/runtime
record=$(artifacts e2e/runtime)/record.json
is 'the first program is the app' "$(jq -r '.programs[0].exe' "$record")" /opt/b/once
is 'no program of the runtime' "$(jq '.programs | length' "$record")" 1
lacks "the runtime's look-ups are not the app's" "$(accesses "$record")" /opt/a
same "the runtime's own files are not the app's" "$(accesses "$record" | sort -u)" \
	$'/data/file\n/opt/b/once\n/proc/self/exe'
same 'exactly the used files stay' "$(info paths e2e/runtime.slim:latest)" \
	$'/data/\n/data/file\n/opt/\n/opt/b/\n/opt/b/once'

app=$(jq -r '.syscalls[] | select(.phase == "app") | .name' "$record")
runtime=$(jq -r '.syscalls[] | select(.phase != "app") | .name' "$record")
for call in exit_group openat read write; do has "the app calls $call" "$app" "$call"; done
for call in mount pivot_root setns unshare futex epoll_pwait capset clone3 clone setgroups; do
	is "the app does not call $call" "$(grep -cx "$call" <<<"$app")" 0
done
for call in execve futex capset; do has "the runtime calls $call" "$runtime" "$call"; done
is 'the slim image works' "$(run_image e2e/runtime.slim)" 'the file'
done_testing
