# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# slimtrace in a container of its own, with no more capabilities than it needs: its image slims itself, what it makes is
# what slimtrace on the host makes, each thing that is missing is told by its name or done without, and it does not
# trace itself.
. "$(dirname "$0")/../lib.sh"
top=$(readlink -f "$e2e/../..")

[[ -s $top/build/static-libs/versions ]] || timeout 300 "$top/tools/static-libs" "$top/build/static-libs" 2>libs.log ||
	skip_all "the static program cannot be made: $(tail -n 1 libs.log)"
make -C "$top" --no-print-directory -s -j2 STATIC=1 build/static/slimtrace >make.log 2>&1 || skip_all "make STATIC=1: $(tail -n 1 make.log)"
[[ -s /var/cache/slimtrace/sidecar.tar ]] || command -v debootstrap >/dev/null || skip_all 'debootstrap is not installed'

# --- the image, and how it slims itself ---
ok 'tools/sidecar/build' timeout 300 "$top/tools/sidecar/build" --tag e2e/sidecar --state-path "$state"
fat=$(docker image inspect -f '{{.Size}}' e2e/sidecar:fat) slim=$(docker image inspect -f '{{.Size}}' e2e/sidecar:latest)
ok "it is small: $slim of $fat bytes" test "$slim" -lt 30000000 -a "$slim" -gt 1000000 -a "$((fat / slim))" -ge 5
record=$(artifacts e2e/sidecar:fat)/record.json
same 'it was watched, and not the container that it watched' "$(jq -r '.programs[].exe' "$record" | sort -u)" /usr/bin/slimtrace
lacks 'nor what that one used' "$(accesses "$record")" /bin/ls

# --- an image whose files are not root's alone ---
context
busybox_rootfs
ln -s busybox context/root/bin/httpd
put etc/passwd 'web:x:33:33::/:/bin/sh'
put www/index.html 'the page'
put www/private 'for its owner'
chown -R 33:33 context/root/www
chmod 600 context/root/www/private
import e2e/app 'CMD ["/bin/httpd", "-f", "-p", "8080", "-h", "/www"]' 'EXPOSE 8080' 'USER 33'
slim 'on the host, as it is' --tag e2e/app:plain e2e/app
slim 'on the host' --tag e2e/app:host --http-probe-cmd /private e2e/app
layers() { docker image inspect -f '{{.RootFS.Layers}}' "$1" 2>/dev/null; }
layers_wanted=$(layers e2e/app:host)

socket=${DOCKER_HOST#unix://} root=$(docker info -f '{{.DockerRootDir}}')
in_place=(-v "$root/overlay2:$root/overlay2:ro" -v "$root/image:$root/image:ro")

# sidecar OPTIONS... -- ARGS...: leaves $rc, $out and $err
sidecar() {
	local options=()
	while [[ $1 != -- ]]; do options+=("$1") && shift; done
	shift
	rc=0
	timeout --kill-after=20 120 docker run --rm --network none -v "$socket:/var/run/docker.sock" --cap-drop ALL \
		"${options[@]}" e2e/sidecar "$@" >stdout 2>stderr </dev/null || rc=$?
	out=$(<stdout) err=$(<stderr)
}
# caps [WITHOUT]: as the page has them
page=$top/docs/sidecar.md
line=$(awk '/^```/ {on = !fence && $0 == "```"; fence = !fence; next} on' "$page")
mapfile -t all < <(grep -oE -- '--cap-add [A-Z_]+' <<<"$line" | cut -d' ' -f2)
is 'the page has a list' "${#all[@]}" 4
caps() {
	local cap
	for cap in "${all[@]}"; do [[ $cap == "${1:-}" ]] || printf -- '--cap-add\n%s\n' "$cap"; done
}
without() { # CAPABILITY OPTIONS... -- ARGS...
	local given
	mapfile -t given < <(caps "$1")
	shift
	sidecar "${given[@]}" "$@"
}
build=(build --tag e2e/app:side --http-probe-cmd /private)
made() { # NAME
	is "$1: exit status" "$rc" 0
	((rc == 0)) || printf '%s\n' "$err" | sed 's/^/# /'
	is "$1: the same image as on the host" "$(layers e2e/app:side)" "$layers_wanted"
	docker rmi -f e2e/app:side >/dev/null 2>&1
}
refused() { # NAME WORDS...
	local name=$1 word
	shift
	is "$name: exit status" "$rc" 6
	for word in "$@"; do has "$name: said" "$err" "$word"; done
	lacks "$name: nothing was started" "$err" 'starting'
	not_ok "$name: no image" docker image inspect e2e/app:side
}

# --- with all of them, and the layers ---
mkdir -m 0755 made
chown 1234:1234 made
without '' --pid=host "${in_place[@]}" -v "$PWD/made:/out" -- --state-path /out "${build[@]}" e2e/app
made 'with the capabilities'
lacks 'the layers are read in place' "$err" 'saving the image'
record=$(echo made/.images/*/artifacts/record.json)
is 'its record is outside' "$(jq -r '.programs[].exe' "$record" | sort -u)" /bin/busybox
probes() { jq -c '[.slimtrace.probes[] | [.method, .resource, .status]] | sort' "$1"; }
is 'the probes were made there' "$(probes made/.images/*/artifacts/creport.json)" "$(probes "$(artifacts e2e/app)/creport.json")"
has 'and answered' "$(probes made/.images/*/artifacts/creport.json)" '"/private",200'

# --- the page's own lines, with the names of this engine ---
as_here() {
	sed -e "s|/var/run/docker.sock:|$socket:|" -e "s|/var/lib/docker|$root|g" -e "s# slimtrace \(--state\|build\)# e2e/sidecar \1#" \
		-e "s|image: slimtrace|image: e2e/sidecar|" -e 's|IMAGE|e2e/app|; s|my/app|e2e/app|'
}
ok 'the command line of the page' bash -euc "$(as_here <<<"$line")"
is 'the command line: the image that it makes' "$(layers e2e/app.slim)" "$(layers e2e/app:plain)"
ok 'the command line: artifacts' test -s "$(echo out/.images/*/artifacts/record.json)"
docker rmi -f e2e/app.slim >/dev/null 2>&1
# The short one, which two pages have. Where there can be no privileged containers (there can in tests/vm/sidecar), with
# the capabilities in their place.
for short in "$page" "$top/docs/engines.md"; do
	line=$(grep -E '^    docker run .*--privileged' "$short" | as_here)
	docker run --rm --privileged --network none e2e/sidecar version >/dev/null 2>&1 || line=${line/--privileged/$(caps | tr '\n' ' ')}
	ok "the short command line of ${short##*/}" timeout 120 bash -euc "$line"
	is "${short##*/}: the image that it makes" "$(layers e2e/app.slim)" "$(layers e2e/app:plain)"
	docker rmi -f e2e/app.slim >/dev/null 2>&1
done
if command -v docker-compose >/dev/null; then
	mkdir compose
	awk '/^```/ {on = $0 == "```yaml"; next} on' "$page" | as_here >compose/docker-compose.yaml
	ok 'the Compose file of the page' timeout 120 docker-compose -f compose/docker-compose.yaml run --rm slimtrace
	is 'the Compose file: the image that it makes' "$(layers e2e/app.slim)" "$(layers e2e/app:plain)"
	docker rmi -f e2e/app.slim >/dev/null 2>&1
	docker-compose -f compose/docker-compose.yaml down >/dev/null 2>&1
else
	skip 'the Compose file of the page' 'docker-compose is not installed'
fi

# --- without the layers, it says so ---
without '' --pid=host -- "${build[@]}" e2e/app
made 'without the layers'
has 'the image is saved' "$err" 'saving the image to read it'

# --- without one of them ---
without SYS_ADMIN --pid=host -- "${build[@]}" e2e/app
refused 'without SYS_ADMIN' 'CAP_SYS_ADMIN' 'CAP_BPF' 'CAP_PERFMON' '--cap-add CAP_SYS_ADMIN ' 'network namespace'
without SYS_PTRACE --pid=host -- "${build[@]}" e2e/app
refused 'without SYS_PTRACE' 'CAP_SYS_PTRACE' '/proc'
lacks 'without SYS_PTRACE: only that' "$err" CAP_SYS_ADMIN
without DAC_OVERRIDE --pid=host -v "$PWD/made:/out" -- --state-path /out/there "${build[@]}" e2e/app
refused 'without DAC_OVERRIDE' CAP_DAC_OVERRIDE "'/out'"
# Without DAC_READ_SEARCH (which DAC_OVERRIDE comprises) layers are not to be read as they are.
sidecar --cap-add SYS_ADMIN --cap-add SYS_PTRACE --pid=host "${in_place[@]}" -- "${build[@]}" e2e/app
made 'without DAC_READ_SEARCH'
has 'without DAC_READ_SEARCH: said' "$err" 'missing: CAP_DAC_READ_SEARCH'
sidecar --cap-add SYS_ADMIN --cap-add SYS_PTRACE --cap-add DAC_READ_SEARCH --pid=host "${in_place[@]}" -- "${build[@]}" e2e/app
made 'with DAC_READ_SEARCH, without DAC_OVERRIDE'
lacks 'with DAC_READ_SEARCH: in place' "$err" 'saving the image'
# All are there, and something else says no.
echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["bpf"], "action": "SCMP_ACT_ERRNO"}]}' >no-bpf.json
without '' --pid=host --security-opt seccomp=no-bpf.json -- "${build[@]}" e2e/app
is 'a seccomp profile without bpf: exit status' "$rc" 6
has 'a seccomp profile without bpf: what to do' "$err" '--security-opt seccomp=unconfined'
lacks 'a seccomp profile without bpf: no capability is asked for' "$err" 'missing'
# Without probes, no namespace is entered.
sidecar --cap-add SYS_ADMIN --pid=host -- build --tag e2e/app:side --http-probe-off --exec 'cat /www/private /www/index.html' e2e/app
is 'without probes and SYS_PTRACE: exit status' "$rc" 0
docker rmi -f e2e/app:side >/dev/null 2>&1
sidecar --pid=host -- version
has 'version tells what is missing' "$out" 'missing: CAP_BPF'
sidecar --pid=host -- info e2e/app
is 'info needs none of them' "$rc" 0

# This engine may not know BPF and PERFMON; the kernel does.
with_caps() { # CAP... -- ARGS...
	local set=-all
	while [[ $1 != -- ]]; do set+=,+$1 && shift; done
	shift
	rc=0
	err=$(timeout 120 setpriv --bounding-set="$set" "$SLIMTRACE" --state-path "$state" "$@" 2>&1 >/dev/null </dev/null) || rc=$?
}
if setpriv --list-caps | grep -qx perfmon; then
	run=(build --tag e2e/app:side --http-probe-off --exec 'cat /www/private /www/index.html' e2e/app)
	with_caps bpf perfmon dac_override -- "${run[@]}"
	is 'BPF and PERFMON do without SYS_ADMIN: exit status' "$rc" 0
	docker rmi -f e2e/app:side >/dev/null 2>&1
	with_caps perfmon dac_override -- "${run[@]}"
	refused 'without BPF' 'missing: CAP_BPF (' '--cap-add CAP_BPF'
	lacks 'without BPF: only that' "$err" CAP_PERFMON
	with_caps bpf dac_override -- "${run[@]}"
	refused 'without PERFMON' 'missing: CAP_PERFMON (' '--cap-add CAP_PERFMON'
	with_caps bpf perfmon dac_override sys_ptrace -- "${build[@]}" e2e/app
	refused 'probes without SYS_ADMIN' 'missing: CAP_SYS_ADMIN ('
	with_caps bpf perfmon dac_override sys_ptrace sys_admin -- "${build[@]}" e2e/app
	made 'all by their own names'
else
	skip 'BPF and PERFMON by themselves' "this setpriv does not know them"
fi

# --- watching what runs, and what begins: but never itself ---
app() { docker run -d --network none --name "$1" --label e2e.watched=yes e2e/app >/dev/null; }
records() { jq -r '.records[].name' <<<"$out" | sort | xargs; }
app running
(until_true 60 grep -q 'slimtrace: watching' stderr && app coming) &
watch=(--output-format json trace --label e2e.watched=yes --for 10s --output /out/records)
without '' --pid=host --label e2e.watched=yes --name watcher -v "$PWD/made:/out" -- "${watch[@]}"
wait
is 'trace: exit status' "$rc" 0
is 'trace: what runs and what begins' "$(records)" 'coming running'
has 'trace: not itself' "$err" 'watcher: not watched: slimtrace runs in it'
held() { jq -r --arg p "$1" '[.accesses[] | select(.source == "file" and .path == $p) | .before // false] | join(" ")' made/records/running-*.json; }
is 'trace: what the running one holds' "$(held /bin/busybox)" true
without SYS_PTRACE --pid=host -v "$PWD/made:/out" -- "${watch[@]}"
is 'trace, without SYS_PTRACE: exit status' "$rc" 6
has 'trace, without SYS_PTRACE: said' "$err" 'missing: CAP_SYS_PTRACE ('
docker rm -f running coming >/dev/null

# --- the host's processes ---
without '' -- "${build[@]}" e2e/app
is 'without --pid=host: exit status' "$rc" 6
has 'without --pid=host: said' "$err" '--pid=host'

# --- commands on the "host" run in the sidecar ---
without '' --pid=host -- build --tag e2e/app:side --http-probe-off --host-exec 'test -x /usr/bin/slimtrace && test ! -e /www' \
	--exec 'cat /www/private /www/index.html' e2e/app
is '--host-exec runs in the sidecar' "$rc" 0
docker rmi -f e2e/app:side >/dev/null 2>&1

# --- it ends as on the host: what it made is gone ---
mapfile -t given < <(caps)
id=$(docker run -d --network none -v "$socket:/var/run/docker.sock" --cap-drop ALL --pid=host "${given[@]}" e2e/sidecar \
	build --tag e2e/app:side --http-probe-off --continue-after signal e2e/app)
running() { [[ $(docker ps -q --filter ancestor=e2e/app | wc -l) == 1 ]]; }
ok 'a run that waits' until_true 30 running
docker stop -t 30 "$id" >/dev/null
is 'docker stop: exit status' "$(docker inspect -f '{{.State.ExitCode}}' "$id")" 143
docker rm "$id" >/dev/null
is 'docker stop: nothing is left' "$(docker ps -aq)" ''
not_ok 'docker stop: no image' docker image inspect e2e/app:side
is 'nothing is left behind' "$(leftovers)" ''
done_testing
