# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# Without a terminal nothing waits for ENTER, whatever stdin is.
. "$(dirname "$0")/../lib.sh"

context
prog webserver once
put www/index.html 'page'
put data/file 'the file'
image e2e/server <<'END'
FROM scratch
COPY root /
CMD ["/webserver"]
END

run() { # NAME: stdin is the caller's
	timeout 60 "$SLIMTRACE" --state-path "$state" build e2e/server >stdout 2>stderr
	is "$1: exit status" $? 0
	lacks "$1: no word of ENTER" "$(<stderr)" ENTER
}

run '/dev/null' </dev/null
run 'closed' <&-
mkfifo silent
exec 9<>silent
run 'a pipe that stays silent' <silent
lacks 'no control sequences' "$(<stderr)$(<stdout)" $'\e'
lacks 'no carriage returns' "$(<stderr)$(<stdout)" $'\r'
for phase in starting probing deciding packing loading; do
	matches "a line for $phase" "$(<stderr)" "slimtrace: $phase"
done

slimtrace build --http-probe-off e2e/server --continue-after 1
is 'a server without probes ends by time' "$rc" 0
slimtrace build --http-probe-off --entrypoint /once e2e/server
is 'a tool ends by itself' "$rc" 0
done_testing
