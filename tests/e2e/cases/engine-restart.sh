# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# The engine is restarted under a run: whatever becomes of the run, the container is removed.
. "$(dirname "$0")/../lib.sh"
top=$(readlink -f "$(dirname "$0")/../../..")
# shellcheck source=../../../tools/lib/say.sh
. "$top/tools/lib/say.sh"
# shellcheck source=../../../tools/lib/engine.sh
. "$top/tools/lib/engine.sh"

trap engine_stop EXIT
engine_start || {
	echo 'Bail out! no engine'
	exit 1
}
context
prog wait
put data/hello 'hello'
image e2e/wait <<'END'
FROM scratch
COPY root /
CMD ["/wait"]
END

stop_dockerd() { # SIGNAL
	local pid=${engine_pids[-1]}
	kill -"$1" "$pid"
	wait "$pid" 2>/dev/null
	unset 'engine_pids[-1]'
	rm -f "$ENGINE_DIR/docker.pid"
}
dockerd_again() { # not by ok(): engine_pids would be a subshell's
	if engine_start_dockerd; then pass "$name: the engine is back"; else fail "$name: the engine is back"; fi
}
start() { # OPTIONS...
	"$SLIMTRACE" --state-path "$state" build --http-probe-off "$@" e2e/wait >stdout 2>stderr </dev/null &
	pid=$!
	ok "$name: the app is up" until_true 30 app_is_up
}
gone() { [[ ! -d /proc/$pid || $(ps -o stat= -p "$pid") == Z* ]]; }
app_is_up() { docker logs "$(docker ps -q)" 2>/dev/null | grep -q /data/hello; }

# Asked to end, the engine ends the container first. Killed, it finds it again, running or not.
for signal in TERM KILL; do
	name="restart by SIG$signal"
	start
	stop_dockerd "$signal"
	dockerd_again
	[[ $signal == TERM ]] && ok "$name: the run sees the container's end" until_true 60 gone
	kill -TERM "$pid" 2>/dev/null
	ok "$name: the run ends" until_true 60 gone
	wait "$pid"
	is "$name: nothing is left behind" "$(leftovers)" ''
done

name='interrupted while it is away'
start
stop_dockerd KILL
kill -TERM "$pid"
ok "$name: it waits for the engine" until_true 20 grep -q 'the engine is away' stderr
dockerd_again
wait "$pid"
is "$name: exit status" $? 143
is "$name: nothing is left behind" "$(leftovers)" ''
done_testing
