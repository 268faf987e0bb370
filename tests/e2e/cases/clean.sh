# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# Clean hands: killed at any moment, a run leaves nothing, or nothing that 'slimtrace clean' or the next
# run would not find; and nobody else's things are touched.
. "$(dirname "$0")/../lib.sh"

rounds=${CLEAN_ROUNDS:-50}
context
prog wait webserver
put data/hello 'hello'
put www/index.html 'page'
image e2e/srv <<'END'
FROM scratch
COPY root /
VOLUME /vol
CMD ["/webserver"]
END

programs() { bpftool -j prog list | jq length; }
before=$(programs)
no_more_programs() { (($(programs) <= before)); }
# What the engine was still at when its client was killed it ends a little later.
nothing_is_left() {
	slimtrace clean
	[[ -z $(leftovers) ]]
}

start() {
	env --default-signal=INT,QUIT "$SLIMTRACE" --state-path "$state" build "$@" >stdout 2>stderr </dev/null &
	pid=$!
}
ended() { wait "$pid" 2>/dev/null; }

# How long a whole run takes here says within which time the moments are drawn.
begin=$EPOCHREALTIME
slim 'a whole run' -v /vol2 e2e/srv
whole=$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN {printf "%d", (b - a) * 1000}')
RANDOM=${CLEAN_SEED:-$$}
echo "# $rounds moments within $whole ms, seed ${CLEAN_SEED:-$$}"

declare -A bad=([INT]='' [TERM]='' [KILL]='') count=([INT]=0 [TERM]=0 [KILL]=0)
for ((i = 0; i < rounds; i++)); do
	signals=(KILL TERM INT) signal=${signals[i % 3]}
	moment=$(((RANDOM * 32768 + RANDOM) % whole))
	start -v /vol2 e2e/srv
	sleep "$(printf '%d.%03d' $((moment / 1000)) $((moment % 1000)))"
	kill -"$signal" "$pid" 2>/dev/null
	ended
	count[$signal]=$((count[$signal] + 1))
	if [[ $signal == KILL ]]; then
		until_true 15 nothing_is_left || bad[$signal]+="$moment ms: $(leftovers) "
	else
		left=$(leftovers)
		[[ -z $left ]] || bad[$signal]+="$moment ms: $left "
	fi
done
for signal in INT TERM KILL; do is "SIG$signal at ${count[$signal]} moments: nothing is left" "${bad[$signal]}" ''; done
is 'no volume is left' "$(docker volume ls -q)" ''
ok 'no BPF program is left' until_true 10 no_more_programs

# --- whose things ---
container_running() { [[ $(docker ps -q) ]]; }
start --http-probe-off --continue-after 100 e2e/srv
ok 'a run goes on' until_true 30 container_running
running=$(docker ps -q)
other=$(docker create e2e/srv)
slimtrace clean
is 'clean: a run that goes on is left alone' "$(docker ps -q)" "$running"
ok 'clean: its files too' test -n "$(find "$TMPDIR" -mindepth 1)"
slim 'another run beside it' e2e/srv
is 'a run: leaves it alone' "$(docker ps -q)" "$running"
kill -KILL "$pid"
ended
is 'killed: it is left' "$(docker ps -q)" "$running"
slim 'the next run' e2e/srv
has 'the next run: says so' "$err" 'removed what a killed run left: 1 container, 1 directory'
is "the next run: removes it, and not others'" "$(docker ps -aq --no-trunc)" "$other"
slimtrace clean
has 'clean: nothing to do' "$out" 'removed 0 containers, 0 directories'
docker rm -v "$other" >/dev/null

# Names that anybody could make in a place that all can write to.
mkdir -p "$TMPDIR/victim" "$TMPDIR/slimtrace-run-x" "$state/.images/sha/.artifacts.00000000-1-1-1"
touch "$TMPDIR/victim/file"
ln -s "$TMPDIR/victim" "$TMPDIR/slimtrace-run-00000000-1-1-1-AAAAAA"
mkdir "$TMPDIR/slimtrace-run-00000000-1-1-1-BBBBBB"
chown 12345 "$TMPDIR/slimtrace-run-00000000-1-1-1-BBBBBB"
mkdir -p "$TMPDIR/slimtrace-run-00000000-1-1-1-CCCCCC/deep"
ln -s "$TMPDIR/victim" "$TMPDIR/slimtrace-run-00000000-1-1-1-CCCCCC/deep/link"
slimtrace clean
has 'clean: ours only' "$out" 'removed 0 containers, 2 directories'
ok 'clean: no link is followed' test -f "$TMPDIR/victim/file"
ok "clean: not a stranger's" test -d "$TMPDIR/slimtrace-run-00000000-1-1-1-BBBBBB"
ok 'clean: not what only looks alike' test -d "$TMPDIR/slimtrace-run-x"
not_ok 'clean: a part of an old set' test -e "$state/.images/sha/.artifacts.00000000-1-1-1"
rm -rf "${TMPDIR:?}"/* "$state"

slimtrace --output-format json clean
is 'clean: JSON' "$(jq -r '.state' <<<"$out")" 'done'
slimtrace clean something
is 'clean: no argument' "$rc" 2
slimtrace --host unix:///nowhere.sock clean
is 'clean: no engine' "$rc" 4
done_testing
