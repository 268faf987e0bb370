# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# Every process of the container, wherever it goes, and no process that is not of it; many opens; two traces at once.
. "$(dirname "$0")/../lib.sh"

context
prog wait twice opens
for name in hello goodbye first second other twice; do put "data/$name" "the $name"; done
image e2e/people <<'END'
FROM scratch
COPY root /
ENTRYPOINT ["/wait"]
CMD ["/data/first"]
END
image e2e/daemon <<'END'
FROM scratch
COPY root /
ENTRYPOINT ["/twice"]
CMD ["/data/twice"]
END
image e2e/opens <<'END'
FROM scratch
COPY root /
ENTRYPOINT ["/opens"]
END

# start NAME IMAGE: a build that ends with kill -USR1; leaves $pid and $container
start() {
	local name=$1 image=$2 before
	before=$(docker ps -q)
	"$SLIMTRACE" --state-path "$state" build --http-probe-off --force --continue-after signal "$image" \
		>"$name.out" 2>"$name.err" </dev/null &
	pid=$!
	ok "$name: it watches" until_true 30 grep -q "kill -USR1 $pid" "$name.err"
	container=$(docker ps -q --no-trunc --filter "ancestor=$image" | grep -vxF "${before:-none}")
}

logged() { docker logs "$1" 2>&1 | grep -q "$2"; }

finish() { # NAME PID
	kill -USR1 "$2"
	wait "$2"
	is "$1: exit status" $? 0
}

# --- another container of the same image, and the host, at the same time ---
start people e2e/people
other=$(docker run -d --network none e2e/people /data/other)
ok 'another container runs' until_true 30 logged "$other" /data/hello
docker kill -s USR1 "$other" >/dev/null
ok 'another container opens its file' until_true 30 logged "$other" /data/other
docker kill -s USR1 "$container" >/dev/null
ok 'ours opens its file' until_true 30 logged "$container" /data/first
people=$pid

# --- a second trace at the same time ---
docker rm -f "$other" >/dev/null
start daemon e2e/daemon
grandchild=$(docker top "$container" -eo pid,ppid,comm | awk 'NR > 2 {print $1}')
ok 'a double fork leaves a process' test -n "$grandchild"

# --- a supervisor moves a process into a child cgroup, in the hierarchies that are there ---
moved=0
while IFS=: read -r _ controllers path; do
	for root in "/sys/fs/cgroup/${controllers#name=}" /sys/fs/cgroup/unified /sys/fs/cgroup; do
		[[ -d $root$path && $path == *"$container"* ]] || continue
		if mkdir "$root$path/child" && echo "$grandchild" >"$root$path/child/cgroup.procs"; then
			moved=$((moved + 1))
		fi
		break
	done
done < <(grep -E ':(pids)?:/' "/proc/$grandchild/cgroup")
ok 'it is moved into a child cgroup' test "$moved" -gt 0
kill -USR1 "$grandchild"
# Its parent is the container's first process, which does not wait for it.
ok 'it opens its file there and ends' until_true 30 grep -qs '^State:[[:space:]]*Z' "/proc/$grandchild/status"
finish 'the second trace' "$pid"
finish 'the first trace' "$people"

first=$(accesses "$(artifacts e2e/people)/record.json" | sort -u)
second=$(accesses "$(artifacts e2e/daemon)/record.json" | sort -u)
has 'the first has its own' "$first" /data/first
lacks "the first has nothing of the other container" "$first" /data/other
lacks 'nor of the second trace' "$first" /data/twice
has 'the second has what its moved grandchild opened' "$second" /data/twice
lacks 'and nothing of the first' "$second" /data/hello

# --- many opens ---
each=500000
[[ $SLIMTRACE != */asan/* ]] || each=50000 # sanitizers take ten times the memory
slim 'a million opens' --http-probe-off --cmd "$each 2" e2e/opens
record=$(artifacts e2e/opens)/record.json
is 'nothing is lost' "$(head -n 60 "$record" | grep -A 8 '"loss"' | grep -c '"0"')" 6
is 'every one is there' "$(grep -o '"path":"/data/[0-9]*-[0-9]*"' "$record" | sort -u | wc -l)" $((2 * each))

SLIMTRACE_TEST_STALL=1 slimtrace build --http-probe-off --ring-size 1m --cmd '50000 2' e2e/opens
is 'with nobody reading: exit status' "$rc" 3
lost=$(jq -r '.loss.ring_full | tonumber' "$record")
seen=$(jq '[.accesses[] | select(.source == "lookup" and (.path | startswith("/data/")))] | length' "$record")
# What else it did (to start, to fork, to end) is a few events.
ok 'seen and lost add up' test $((seen + lost)) -ge 100000 -a $((seen + lost)) -lt 100200
is 'nothing is left behind' "$(leftovers)" ''
done_testing
