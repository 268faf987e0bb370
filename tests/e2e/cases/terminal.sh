# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# On a terminal: a live line, marks for what is done, a summary that fits; and ENTER.
. "$(dirname "$0")/../lib.sh"
command -v tmux >/dev/null || skip_all 'tmux is not installed'

context
prog webserver wait
put www/index.html 'page'
put data/hello 'hello'
image e2e/tty <<'END'
FROM scratch
COPY root /
CMD ["/webserver"]
END

servers=0
mux() { tmux -S "$SCRATCH/tmux-$servers" "$@"; }
trap 'mux kill-server 2>/dev/null' EXIT

# on_terminal ARGS...: slimtrace build in an 80x24 terminal; its exit status goes to ./status
on_terminal() {
	rm -f status
	mux kill-server 2>/dev/null
	servers=$((servers + 1))
	mux -f /dev/null new-session -d -x 80 -y 24 -s s \
		"LANG=C.UTF-8 '$SLIMTRACE' --state-path '$state' build $*; echo \$? >'$SCRATCH/status'; exec cat"
	mux pipe-pane -t s "cat >'$SCRATCH/raw'"
}
screen() { mux capture-pane -p -t s; }
shows() { screen | grep -q "$1"; }
is_over() { [[ -s status ]]; }

on_terminal e2e/tty
ok 'it ends' until_true 60 is_over
is 'exit status' "$(<status)" 0
shown=$(screen)
for phase in starting probing deciding packing loading; do has "done: $phase" "$shown" "✓ $phase"; done
has 'the summary: sizes as bars' "$shown" '█'
has 'the summary: the image' "$shown" 'e2e/tty.slim'
has 'the summary: the artifacts' "$shown" "artifacts"
has 'a live line was drawn' "$(<raw)" '⠋'
is 'and is gone' "$(grep -c '[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]' <<<"$shown")" 0
ok 'all of it fits 80x24' test "$(grep -c . <<<"$shown")" -le 24

on_terminal --http-probe-off --continue-after enter e2e/tty
ok 'enter: it asks' until_true 60 shows 'press ENTER'
until_true 2 is_over
not_ok 'enter: it waits' is_over
mux send-keys -t s Enter
ok 'enter: it goes on' until_true 60 is_over
is 'enter: exit status' "$(<status)" 0

on_terminal --http-probe-off --entrypoint /wait e2e/tty
ok 'default on a terminal: it asks' until_true 60 shows 'press ENTER'
mux send-keys -t s C-c
ok 'Ctrl-C: it ends' until_true 60 is_over
is 'Ctrl-C: exit status' "$(<status)" 130
is 'Ctrl-C: nothing is left behind' "$(leftovers)" ''
done_testing
