# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# How each program came into the container: the entrypoint, with an init before it or not, what was put into it
# while it runs, the engine's own health checks; the same with another OCI runtime; and nothing of the runtimes.
. "$(dirname "$0")/../lib.sh"

context
busybox_rootfs
prog wait once
for name in hello goodbye first one script health; do put "data/$name" "the $name"; done
put bin/health-script $'#!/bin/sh -e\ncat /data/health\nexec /once /data/script'
chmod 755 context/root/bin/health-script
image e2e/everyone <<'END'
FROM scratch
COPY root /
ENV PATH=/bin
CMD ["/wait", "/data/first"]
END
image e2e/shell-check <<'END'
FROM e2e/everyone
HEALTHCHECK --interval=1s CMD cat /data/health >/dev/null
END
image e2e/script-check <<'END'
FROM e2e/everyone
HEALTHCHECK --interval=1s CMD ["health-script"]
END

record=''
# watch NAME IMAGE "OPTIONS": watched, what `during` does meanwhile
watch() {
	local name=$1 image=$2 pid container before options
	read -ra options <<<"$3"
	before=$(docker ps -q --no-trunc)
	"$SLIMTRACE" --state-path "$state" build --http-probe-off --continue-after signal "${options[@]}" "$image" \
		>"$name.out" 2>"$name.err" </dev/null &
	pid=$!
	ok "$name: it watches" until_true 30 grep -q "kill -USR1 $pid" "$name.err"
	container=$(docker ps -q --no-trunc | grep -vxF "${before:-none}")
	during "$container"
	kill -USR1 "$pid"
	wait "$pid"
	is "$name: exit status" $? 0
	record=$(artifacts "$image")/record.json
}

# "argv" of the programs of an entry, one a line
entries() { jq -r --arg e "$1" '.programs[] | select(.entry == $e) | .argv | join(" ")' "$record" | sort -u; }
# the entries of those who used a path
users() { jq -r --arg p "$1" '[. as $r | .accesses[] | select(.path == $p) | .programs[] | $r.programs[.].entry] | unique | join(" ")' "$record"; }

# Nothing of the runtime: no program but these, and none of the files that it uses in a container.
own() { # NAME PROGRAM...
	local name=$1
	shift
	same "$name: no other program" "$(jq -r '.programs[].exe' "$record" | sort -u)" "$(printf '%s\n' "$@" | sort -u)"
	is "$name: none without a name" "$(jq '[.programs[] | select(.exe == "" or .argv_truncated)] | length' "$record")" 0
	is "$name: none of the runtime's files" "$(accesses "$record" | grep -cE 'runc|crun|exec\.fifo|/proc/self/(attr|fd$|setgroups|oom|loginuid)|/sys/|/etc/(passwd|group)$')" 0
}

checked() { [[ $(docker inspect -f '{{len .State.Health.Log}}' "$1") -gt 0 ]]; }

# shellcheck disable=SC2329 # watch calls it
during() {
	ok 'docker exec runs' docker exec "$1" cat /data/one
	[[ ! $checks ]] || ok 'the engine has checked its health' until_true 30 checked "$1"
}

everyone() { # NAME "OPTIONS" FIRST-PROGRAM...
	local name=$1 more=$2
	shift 2
	checks=1 watch "$name" e2e/shell-check "$more"
	is "$name: the entrypoint" "$(entries entrypoint)" "$(printf '%s\n' "$@" | sort)"
	is "$name: docker exec" "$(entries exec)" 'cat /data/one'
	same "$name: the health check" "$(entries health)" $'/bin/sh -c cat /data/health >/dev/null\ncat /data/health'
	is "$name: who used what" "$(users /data/hello), $(users /data/one), $(users /data/health)" 'entrypoint, exec, health'
	is "$name: the first is the entrypoint" "$(jq -r '.programs[0].entry' "$record")" entrypoint
}

everyone 'runc' '' '/wait /data/first'
own 'runc' /wait /bin/busybox
everyone 'init' '--init' '/sbin/docker-init -- /wait /data/first' '/wait /data/first'
own 'init' /sbin/docker-init /wait /bin/busybox

checks=1 watch 'script' e2e/script-check ''
same 'script: a health check too' "$(entries health)" $'/bin/sh -e /bin/health-script\n/once /data/script\ncat /data/health'
is 'script: its files' "$(users /data/script), $(users /bin/health-script)" 'health, health'

# crun 1.8 refuses hosts that have v1 and v2 mixed.
if ! docker info -f '{{json .Runtimes}}' | grep -q '"crun"'; then
	skip 'crun' 'not installed'
elif [[ $(stat -fc %T /sys/fs/cgroup) != cgroup2fs ]]; then
	skip 'crun' 'it wants cgroup v2 alone: tests/e2e/run --cgroup2'
else
	everyone 'crun' '--cro-runtime crun' '/wait /data/first'
	own 'crun' /wait /bin/busybox
	everyone 'crun, init' '--cro-runtime crun --init' '/sbin/docker-init -- /wait /data/first' '/wait /data/first'
	own 'crun, init' /sbin/docker-init /wait /bin/busybox
fi
is 'nothing is left behind' "$(leftovers)" ''
done_testing
