# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# A trace that lost something is told, and no image is made of it unless the user says so.
. "$(dirname "$0")/../lib.sh"

context
prog many opens wait
put data/file 'a file'
image e2e/many <<'END'
FROM scratch
COPY root /
CMD ["/many", "20000"]
END

SLIMTRACE_TEST_STALL=1 slimtrace build --http-probe-off --ring-size 64k e2e/many
is 'loss: exit status' "$rc" 3
has 'loss: said to be incomplete' "$err" 'the trace is incomplete'
has 'loss: what to do' "$err" '--ring-size'
not_ok 'loss: no image' docker image inspect e2e/many.slim
record=$(artifacts e2e/many)/record.json
ok 'loss: counted in the record' test "$(jq -r '.loss.ring_full | tonumber' "$record")" -gt 0
seen=$(jq '[.accesses[] | select(.path | startswith("/data/missing-"))] | length' "$record")
ok 'loss: the record has fewer than there were' test "$seen" -lt 20000

SLIMTRACE_TEST_STALL=1 slimtrace build --http-probe-off --ring-size 64k --allow-loss e2e/many
is '--allow-loss: exit status' "$rc" 0
has '--allow-loss: still a warning' "$err" 'the trace is incomplete'
has '--allow-loss: in the summary too' "$out" 'the trace is incomplete'
ok '--allow-loss: an image' docker image inspect e2e/many.slim

slim 'default ring' --http-probe-off e2e/many
is 'default ring: nothing is lost' "$(jq -r '[.loss[]] | unique | join(" ")' "$record")" 0
is 'default ring: every look-up is there' \
	"$(jq '[.accesses[] | select(.path | startswith("/data/missing-")) | .path] | unique | length' "$record")" 20000

# --- the smallest ring, with somebody reading: all or told ---
all_or_told() { # NAME
	local lost seen
	lost=$(jq '[.loss[] | tonumber] | add' "$record")
	seen=$(jq '[.accesses[] | select(.path | startswith("/data/missing-"))] | length' "$record")
	is "$1: exit status says whether all is there" "$rc" $((lost ? 3 : 0))
	ok "$1: seen and lost add up" test $((seen + lost)) -ge 20000 -a $((seen + lost)) -lt 20050
	is "$1: nothing is lost when it says so" "$((lost ? 20000 : seen))" 20000
}
slimtrace build --http-probe-off --ring-size 4096 e2e/many
all_or_told 'a ring of one page'

# --- full tables in the kernel ---
export SLIMTRACE_TEST_SMALL_MAPS=1
slim 'no memory of what was written' --http-probe-off e2e/many
all_or_told 'no memory of what was written'
slimtrace build --http-probe-off --entrypoint /opens --cmd '10 8' e2e/many
is 'no room for processes: exit status' "$rc" 3
ok 'no room for processes: counted' test "$(jq -r '.loss.map_full | tonumber' "$record")" -gt 0
has 'no room for processes: told' "$err" 'things not noted'
unset SLIMTRACE_TEST_SMALL_MAPS

# --- a reader that is stopped, and goes on ---
"$SLIMTRACE" --state-path "$state" build --http-probe-off --continue-after signal --entrypoint /wait e2e/many \
	>stdout 2>stderr </dev/null &
pid=$!
ok 'stopped reader: it watches' until_true 30 grep -q "kill -USR1 $pid" stderr
kill -STOP "$pid"
docker exec "$(docker ps -q)" /opens 400000 2
kill -CONT "$pid"
kill -USR1 "$pid"
wait "$pid"
is 'stopped reader: exit status' $? 3
lost=$(jq -r '.loss.ring_full | tonumber' "$record")
seen=$(grep -o '"path":"/data/[0-9]*-[0-9]*"' "$record" | sort -u | wc -l)
ok 'stopped reader: the ring has room for many' test "$seen" -gt 100000
ok 'stopped reader: seen and lost add up' test $((seen + lost)) -ge 800000 -a $((seen + lost)) -lt 800050

# --- the kernel has no memory for us ---
memory=/sys/fs/cgroup/memory/slimtrace-loss.$$
if mkdir "$memory" 2>/dev/null && echo 200M >"$memory/memory.limit_in_bytes" 2>/dev/null; then
	rc=0
	# shellcheck disable=SC2016 # the inner shell's
	sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$memory" "$SLIMTRACE" --state-path "$state" \
		build --http-probe-off --ring-size 512m e2e/many >stdout 2>stderr </dev/null || rc=$?
	is 'no memory: exit status' "$rc" 6
	has 'no memory: told' "$(<stderr)" 'Cannot allocate memory'
	rmdir "$memory"
else
	skip 'no memory' 'no memory controller of cgroup v1 here'
fi
is 'nothing is left behind' "$(leftovers)" ''
done_testing
