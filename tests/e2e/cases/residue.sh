# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# Killed outright at any moment, slimtrace leaves nothing in the kernel: no program, map or link, and it never
# pins one. What it leaves in the engine is removed by the next run.
. "$(dirname "$0")/../lib.sh"

context
prog wait
for name in hello goodbye; do put "data/$name" "the $name"; done
image e2e/residue <<'END'
FROM scratch
COPY root /
CMD ["/wait"]
END

# Ours by name: other tracers may come and go on this machine, but nobody else calls theirs so.
ours() {
	bpftool -j prog show | jq -r '.[] | select(.name // "" | test("^(on|find)_")) | "prog \(.id)"'
	bpftool -j map show | jq -r '.[] | select(.name // "" | test("^(events|seen|procs|targets|spare|ids|scopes|calls|counts|counts_of|caps|saved|scratch|slimtrac.*)$")) | "map \(.id)"'
	bpftool -j link show | jq -r '.[] | select(.type == "raw_tracepoint" or .type == "tracing") | "link \(.id)"'
}
# held FDINFO...: what these descriptors hold
held() { sed -sn 's/^\(prog\|map\|link\)_id:[[:space:]]*/\1 /p' "$@" 2>/dev/null; }
# What no living process holds and was not there before. A pinned one has no holder either.
orphans() {
	local found
	found=$(ours)
	[[ ! $found ]] || comm -23 <(sort -u <<<"$found") <({ held /proc/[0-9]*/fdinfo/*; cat before; } | sort -u)
}
none_left() { [[ ! $(orphans) ]]; }
touch before
orphans >before.now
mv before.now before
find /sys/fs/bpf -mindepth 1 2>/dev/null | sort >pins.before

start() {
	setsid "$SLIMTRACE" --state-path "$state" build --http-probe-off "$@" e2e/residue >stdout 2>stderr </dev/null &
	pid=$!
}

# While it watches all three kinds are there, so that not finding them later means something.
start --continue-after signal
ok 'it watches' until_true 30 grep -q "kill -USR1 $pid" stderr
held /proc/"$pid"/fdinfo/* | sort -u >watching
is 'programs, maps and links are held' "$(cut -d' ' -f1 watching | sort -u | tr '\n' ' ')" 'link map prog '
same 'all of them are found by name' "$(comm -23 watching <(ours | sort))" ''
kill -KILL "$pid"
wait "$pid" 2>/dev/null
ok 'killed while it watches: nothing is left in the kernel' until_true 20 none_left

# Any moment: loading, attaching, starting, watching, stopping. The seed is printed to run it again.
seed=${RESIDUE_SEED:-$RANDOM}
RANDOM=$seed
echo "# RESIDUE_SEED=$seed"
for round in {1..12}; do
	start --continue-after 1
	after=$((RANDOM % 2200))
	sleep "$((after / 1000)).$(printf %03d $((after % 1000)))"
	kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	ok "round $round, killed after $after ms: nothing is left in the kernel" until_true 20 none_left
done
is 'nothing was pinned' "$(find /sys/fs/bpf -mindepth 1 2>/dev/null | sort | comm -13 pins.before -)" ''

slim 'the next run' --http-probe-off --continue-after 1 e2e/residue
ok 'the next run leaves nothing in the kernel' until_true 20 none_left
is 'nothing is left behind' "$(leftovers)" ''
done_testing
