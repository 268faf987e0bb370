# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# A program that opens one file and is gone: nothing of it may be missed, and nothing else is kept.
. "$(dirname "$0")/../lib.sh"

context
prog once
put data/file 'the file'
put data/other 'another file'
put unused/file 'never looked at'
image e2e/once <<'END'
FROM scratch
COPY root /
CMD ["/once"]
END

for round in 1 2 3; do
	docker rmi e2e/once.slim >/dev/null 2>&1
	slim "round $round" --http-probe-off e2e/once
	record=$(artifacts e2e/once)/record.json
	is "round $round: one program" "$(jq -r '[.programs[].exe] | join(" ")' "$record")" /once
	has "round $round: its exec is recorded" \
		"$(jq -c '.accesses[] | select(.path == "/once") | .kinds' "$record")" exec
	has "round $round: its file is recorded" \
		"$(jq -c '.accesses[] | select(.path == "/data/file") | .kinds' "$record")" read
	is "round $round: nothing is lost" "$(jq -r '[.loss[]] | unique | join(" ")' "$record")" 0
	same "round $round: exactly the used files stay" "$(info paths e2e/once.slim:latest)" \
		$'/data/\n/data/file\n/once'
done
is 'the slim image works' "$(run_image e2e/once.slim)" 'the file'
is 'nothing is left behind' "$(leftovers)" ''
done_testing
