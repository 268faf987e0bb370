# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# Ctrl-C at any moment: the exit status says so, and no container, program or file stays.
. "$(dirname "$0")/../lib.sh"

context
prog wait webserver
put data/hello 'hello'
put data/goodbye 'goodbye'
put www/index.html 'page'
image e2e/wait <<'END'
FROM scratch
COPY root /
CMD ["/wait"]
END

programs() { bpftool -j prog list | jq length; }
no_more_programs() { (($(programs) <= before)); }
before=$(programs)

# A background job of a script ignores SIGINT, which is not what a terminal gives a program.
start() {
	env --default-signal=INT,QUIT "$SLIMTRACE" --state-path "$state" build "$@" \
		>stdout 2>stderr </dev/null &
	pid=$!
}

clean() { # NAME
	is "$1: nothing is left behind" "$(leftovers)" ''
	ok "$1: no BPF program" until_true 10 no_more_programs
}

ended() { # NAME STATUS
	wait "$pid"
	is "$1: exit status" $? "$2"
	clean "$1"
}

container_listed() { [[ $(docker ps -aq) ]]; }
container_running() { [[ $(docker ps -q) ]]; }
app_is_up() { docker logs "$(docker ps -q)" 2>/dev/null | grep -q /data/hello; }

start --http-probe-off e2e/wait
ok 'created: a container' until_true 30 container_listed
kill -INT "$pid"
ended 'created' 130

start --http-probe-off e2e/wait
ok 'running: the app is up' until_true 30 app_is_up
kill -INT "$pid"
ended 'running' 130
has 'running: said so' "$(<stderr)" interrupted
not_ok 'running: no image' docker image inspect e2e/wait.slim

start --http-probe-off e2e/wait
until_true 30 app_is_up
kill -TERM "$pid"
ended 'SIGTERM' 143

start e2e/wait # a probe that waits for a port that never opens
until_true 30 app_is_up
kill -INT "$pid"
ended 'waiting for a port' 130

start --http-probe-off --exec '/wait' --entrypoint /webserver --cmd 8080 e2e/wait
until_true 30 container_running
kill -INT "$pid"
ended 'commands in the container' 130

start --http-probe-off e2e/wait
until_true 30 app_is_up
kill -INT "$pid"
kill -INT "$pid"
wait "$pid"
is 'twice: exit status' $? 130
clean 'twice'

# Moments that no event tells: a sweep over a whole run, which may also be over by then.
for tenths in 0 1 2 3 4 5 6 7 8 9 10 12 14 16; do
	start --entrypoint /webserver --cmd 8080 e2e/wait
	sleep "$((tenths / 10)).$((tenths % 10))"
	kill -INT "$pid" 2>/dev/null
	wait "$pid"
	status=$?
	matches "sweep $tenths: exit status" "$status" '^(0|130)$'
	clean "sweep $tenths"
done

# Killed outright it cannot clean up, but its programs go with it and the next run is not disturbed.
start --http-probe-off e2e/wait
until_true 30 app_is_up
kill -KILL "$pid"
wait "$pid" 2>/dev/null
ok 'killed: no BPF program' until_true 10 no_more_programs
docker ps -aq | xargs -r docker rm -f >/dev/null
rm -rf "${TMPDIR:?}"/*
slim 'after that' --http-probe-off --continue-after 1 e2e/wait
clean 'after that'
done_testing
