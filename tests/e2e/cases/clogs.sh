# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# --show-clogs: the container's output while it runs, both streams, with and without a terminal; and
# nobody who reads it slowly holds up the app.
. "$(dirname "$0")/../lib.sh"

context
prog chatty wait die
put data/hello 'hello'
image e2e/chatty <<'END'
FROM scratch
COPY root /
CMD ["/chatty", "1"]
END

start() {
	"$SLIMTRACE" --state-path "$state" build --http-probe-off --show-clogs "$@" e2e/chatty >stdout 2>"$to" </dev/null &
	pid=$!
}

to=stderr
for tty in '' -t; do
	name="while it runs${tty:+, on a terminal}"
	# shellcheck disable=SC2086 # or none
	start $tty --entrypoint /wait --cmd /data/hello --continue-after signal
	ok "$name: at once" until_true 30 grep -q 'wait: /data/hello opened' stderr
	ok "$name: it still runs" kill -0 "$pid"
	until_true 20 grep -q 'kill -USR1' stderr
	kill -USR1 "$pid"
	wait "$pid"
	is "$name: exit status" $? 0
	has "$name: to the end" "$(<stderr)" '/data/goodbye'
done
slim 'both streams' --http-probe-off --show-clogs --force --entrypoint /die e2e/chatty
has 'both streams: stdout' "$err" 'die: starting'
has 'both streams: stderr' "$err" 'die: no database'
slim 'much' --http-probe-off --show-clogs e2e/chatty
is 'much: every line' "$(grep -c '^x\{99\}$' <<<"$err")" 10240
has 'much: the last one' "$err" 'chatty: done'
lacks 'stdout has none of it' "$out" chatty:

# Nobody reads: 30 MB are more than any pipe on the way holds.
mkfifo slow
exec 9<>slow
to=slow
start --cmd 30 --entrypoint /chatty --continue-after exit
exited() { [[ $(docker ps -aq) && ! $(docker ps -q) ]] && docker ps -a --format '{{.Status}}' | grep -q 'Exited (0)'; }
ok 'nobody reads: the app comes to its end' until_true 60 exited
cat <&9 >was-read &
reader=$!
wait "$pid"
is 'then read: exit status' $? 0
kill "$reader" 2>/dev/null
wait "$reader" 2>/dev/null
exec 9>&-
matches 'what was not shown is told' "$(tr -d 'x' <was-read)" 'warning: [0-9]+ bytes of the container.s output are not shown'
is 'nothing is left behind' "$(leftovers)" ''
done_testing
