# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# Failures: the exit status says which kind, the message what and what to do; nothing is left.
. "$(dirname "$0")/../lib.sh"

context
busybox_rootfs
prog once die
put data/file 'the file'
image e2e/dies <<'END'
FROM scratch
COPY root /
CMD ["/die"]
END
image e2e/fine <<'END'
FROM scratch
COPY root /
CMD ["/once"]
END

# fails NAME STATUS MESSAGE ARGS...
fails() {
	local name=$1 status=$2 message=$3
	shift 3
	slimtrace "$@"
	is "$name: exit status" "$rc" "$status"
	has "$name: message" "$err" "$message"
	is "$name: nothing on stdout" "$out" ''
}

# --- usage ---
fails 'no command' 2 'no command'
fails 'unknown command' 2 "unknown command 'bild'" bild e2e/fine
fails 'no image' 2 'no image given' build
fails 'two images with one tag' 2 "'x'" build --tag x one two
fails 'unknown option' 2 "unknown option '--http-prob-cmd'" build --http-prob-cmd / e2e/fine
has 'unknown option: the right one is named' "$err" "'--http-probe-cmd'"
fails 'no value' 2 '--tag' build e2e/fine --tag
fails 'bad seconds' 2 'never' build --continue-after never e2e/fine
fails 'bad probe' 2 'no-slash' build --http-probe-cmd no-slash e2e/fine
fails 'no probe file' 2 '/nonexistent.json' build --http-probe-cmd-file /nonexistent.json e2e/fine
fails 'bad tag' 2 'UPPER' build --tag UPPER/x e2e/fine
fails 'bad words' 2 "--cmd" build --cmd "'open quote" e2e/fine
fails 'include path not absolute' 2 'data' build --http-probe-off --include-path data e2e/fine
fails 'include path not there' 2 '/nowhere' build --http-probe-off --include-path /nowhere e2e/fine
fails 'enter without a terminal' 2 'terminal' build --continue-after enter e2e/fine

# --- engine, image, rights ---
fails 'no such image' 5 'e2e/absent' build e2e/absent
fails 'nobody answers (socket)' 4 '/nowhere.sock' --host unix:///nowhere.sock build e2e/fine
fails 'nobody answers (TCP)' 4 '127.0.0.1:1' --host tcp://127.0.0.1:1 build e2e/fine
fails 'no socket' 4 'it is no socket' --host "$SCRATCH" build e2e/fine
fails 'no such host' 4 'Could not resolve host' --host tcp://engine.invalid:2375 build e2e/fine
has 'no such host: what to do' "$err" 'is the name of the host right'
fails 'not an address' 2 'nonsense' --host nonsense://x build e2e/fine
DOCKER_HOST=unix:///nowhere.sock slimtrace build e2e/fine
is 'DOCKER_HOST counts: exit status' "$rc" 4
cp "$SLIMTRACE" /tmp/slimtrace.$$ && chmod 755 /tmp/slimtrace.$$
err=$(setpriv --reuid nobody --regid nogroup --clear-groups /tmp/slimtrace.$$ build e2e/fine 2>&1 >/dev/null)
is 'not root: exit status' $? 6
rm -f /tmp/slimtrace.$$
has 'not root: message' "$err" root
has 'not root: what to do' "$err" sudo

# --- the app ---
fails 'the app dies' 7 'exit status 3' build --http-probe-off e2e/dies
has 'the app dies: its last words' "$err" 'die: no database'
has 'the app dies: from both streams' "$err" 'die: starting'
not_ok 'the app dies: no image' docker image inspect e2e/dies.slim
fails 'a stack trace' 7 'exit status 3' build --http-probe-off --tty --entrypoint '["sh", "-c", "printf \"E: boom\\\\n\\\\tat \\\\033[1mmain\\\\n\"; exit 3"]' --cmd '[]' e2e/fine
has 'a stack trace: as a terminal shows it, but for what it acts on' "$err" $'\n  E: boom\n  \tat \\x1b[1mmain\n'
fails 'the app dies before its probe' 7 'exit status 3' build e2e/dies
slimtrace build --http-probe-off --force e2e/dies
is '--force: exit status' "$rc" 0
ok '--force: an image' docker image inspect e2e/dies.slim
fails 'no such program' 7 '/absent' build --http-probe-off --entrypoint /absent e2e/fine
fails 'bad mount' 7 'start' build --http-probe-off --mount /dev/null/x:/y e2e/fine
fails 'no such network' 7 'nonet' build --http-probe-off --network nonet e2e/fine
not_ok 'no image was made' docker image inspect e2e/fine.slim
is 'nothing is left behind' "$(leftovers)" ''

# --- no room ---
small() { # SIZE: a file system of that size at ./small
	! mountpoint -q small || umount small
	mkdir -p small
	mount -t tmpfs -o size="$1" none small
}
trap '! mountpoint -q small || umount small' EXIT
head -c 3000000 /dev/urandom >context/root/data/random
image e2e/large <<'END'
FROM scratch
COPY root /
CMD ["/bin/cat", "/data/random"]
END
small 1m
TMPDIR=$PWD/small slimtrace build --http-probe-off e2e/large
is 'no room for temporary files: exit status' "$rc" 1
has 'no room for temporary files: where' "$err" "temporary files are made in '$PWD/small': TMPDIR=DIR puts them elsewhere"
not_ok 'no room for temporary files: no image' docker image inspect e2e/large.slim
docker save e2e/large | gzip -1 >large.tar.gz
TMPDIR=$PWD/small slimtrace info "$PWD/large.tar.gz"
has 'no room for an archive: where' "$err" "temporary files are made in '$PWD/small'"
small 64k
streams() { "$SLIMTRACE" --state-path "$state" "$@"; }
if streams build --state-path small/state --http-probe-off e2e/large 2>full; then rc=0; else rc=$?; fi
is 'no room for the reports: exit status' "$rc" 1
has 'no room for the reports: where' "$(<full)" "the reports in 'small/state/.images/"
has 'no room for the reports: the image is told' "$(<full)" "the image 'e2e/large.slim:latest' was made; --state-path"
ok 'no room for the reports: and is there' docker image inspect e2e/large.slim
is 'no room for the reports: none are left' "$(find small/state/.images/* -mindepth 1)" ''
mount -o remount,ro small
if streams build --state-path small --http-probe-off --tag e2e/unmade e2e/large 2>full; then rc=0; else rc=$?; fi
is 'no place for the reports: exit status' "$rc" 1
has 'no place for the reports: told before anything is run' "$(<full)" 'Read-only file system'
lacks 'no place for the reports: and not after' "$(<full)" 'starting'
umount small
is 'no room: nothing is left behind' "$(leftovers)" ''

# --- the standard streams ---
# A script that keeps what was printed must not take a part of it for all.
for format in text json; do
	if streams --output-format "$format" info e2e/fine >/dev/full 2>full; then rc=0; else rc=$?; fi
	is "a full disk, $format: exit status" "$rc" 1
	has "a full disk, $format: message" "$(<full)" 'not all output could be written: No space left on device'
done
streams build --nope >/dev/full 2>full
is 'a full disk after an error: the error counts' "$?" 2
streams --output-format json info e2e/fine 2>reader | true
is 'a reader that leaves: nothing is wrong' "${PIPESTATUS[0]}" 0
is 'a reader that leaves: nothing is told' "$(<reader)" ''
ok 'a socket whose reader leaves: nothing is wrong' python3 -c '
import socket, subprocess, sys
ours, theirs = socket.socketpair()
theirs.close()
sys.exit(subprocess.run([sys.argv[1], "build", "--help"], stdout=ours).returncode)' "$SLIMTRACE"
# Closed ones must not become the numbers of files that slimtrace opens and then prints into.
closed() { streams "$@" <&- >&- 2>&-; }
ok 'no standard streams: info' closed info e2e/fine
ok 'no standard streams: build' closed build --http-probe-off -o docker-archive:closed.tar e2e/fine
ok 'no standard streams: the archive can be read' streams info docker-archive:closed.tar
done_testing
