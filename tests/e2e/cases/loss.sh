# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# A trace that lost something is told, and no image is made of it unless the user says so.
. "$(dirname "$0")/../lib.sh"

context
prog many
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
is 'nothing is left behind' "$(leftovers)" ''
done_testing
