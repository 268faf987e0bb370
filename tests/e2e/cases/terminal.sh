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
put usr/share/unused "$(head -c 50000 /dev/zero | tr '\0' x)"
image e2e/tty <<'END'
FROM scratch
COPY root /
CMD ["/webserver"]
END

servers=0
mux() { tmux -S "$SCRATCH/tmux-$servers" "$@"; }
trap 'mux kill-server 2>/dev/null' EXIT

columns=80 environment=''
# on_terminal ARGS...: slimtrace build in a terminal; its exit status goes to ./status
on_terminal() {
	rm -f status
	mux kill-server 2>/dev/null
	servers=$((servers + 1))
	mux -f /dev/null new-session -d -x "$columns" -y 24 -s s \
		"$environment LANG=C.UTF-8 '$SLIMTRACE' --state-path '$state' build $*; echo \$? >'$SCRATCH/status'; exec cat"
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
matches 'the summary: where most went' "$shown" '  dropped  +[0-9.]+ [kM]B  / \(files beside its directories\)'
has 'the summary: and after that' "$shown" '   50.0 kB  /usr/share'
has 'the summary: the image' "$shown" 'e2e/tty.slim'
has 'the summary: the artifacts' "$shown" "artifacts"
has 'a live line was drawn' "$(<raw)" '⠋'
is 'and is gone' "$(grep -c '[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]' <<<"$shown")" 0
ok 'all of it fits 80x24' test "$(grep -c . <<<"$shown")" -le 24

on_terminal --force --exec "'no such shell'" e2e/tty
ok 'with a warning: it ends' until_true 60 is_over
is 'with a warning: exit status' "$(<status)" 0
shown=$(screen)
ok 'with a warning: it is the first of the summary' test "$(grep -n '^  warning ' <<<"$shown" | head -n 1 | cut -d: -f1)" -lt "$(grep -n '^  fat ' <<<"$shown" | cut -d: -f1)"
has 'with a warning: the end of the summary is there too' "$shown" '  artifacts '

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

# --- a narrow terminal: the live line is never longer than it, so that it can be taken away again ---
columns=40
on_terminal --http-probe-off --continue-after 2 --exec "'true # a command that is longer than the terminal is wide'" \
	--entrypoint /wait e2e/tty
seen=0
until is_over; do
	rows=$(screen | grep -c '[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]')
	((rows > seen)) && seen=$rows
	sleep 0.02
done
is 'narrow: never more than one live line' "$seen" 1
is 'narrow: exit status' "$(<status)" 7 # /bin/sh is not in this image
is 'narrow: none stays' "$(screen | grep -c '[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]')" 0
on_terminal e2e/tty
ok 'narrow: it ends' until_true 60 is_over
is 'narrow: exit status of another' "$(<status)" 0
columns=80

# --- a command of several lines is one on the screen, and so is one in wide letters ---
columns=60
on_terminal --http-probe-off --host-exec "'sleep 1
true'" --exec "'# 日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語
true'" e2e/tty
ok 'of several lines: it ends' until_true 60 is_over
is 'of several lines: none stays' "$(mux capture-pane -p -S - -t s | grep -cE "[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]|^true'")" 0
has 'of several lines: they were told of' "$(<raw)" "--host-exec 'sleep 1\\x0atrue'"
has 'of several lines: in the container too' "$(<raw)" "--exec '# 日本語"
has "what the engine said of it" "$(<raw)" 'OCI runtime exec failed'
lacks 'without what only a terminal wants' "$(<raw)" '\x0d'
columns=80

# --- what is drawn is no colour; where nothing can be drawn, plain lines ---
environment='NO_COLOR=1'
on_terminal e2e/tty
ok 'NO_COLOR: it ends' until_true 60 is_over
is 'NO_COLOR: exit status' "$(<status)" 0
lacks 'NO_COLOR: none' "$(tr -d '[:space:]' <raw)" $'\e[31m'
is 'NO_COLOR: no colour at all' "$(grep -cE $'\e\\[(3[0-7]|9[0-7]|38|1)[;m]' raw)" 0
environment='TERM=dumb'
on_terminal e2e/tty
ok 'a dumb terminal: it ends' until_true 60 is_over
lacks 'a dumb terminal: no control sequences' "$(<raw)" $'\e[K'
environment=''

# --- what takes long tells how long it has been ---
context
busybox_rootfs
image e2e/shell <<'END'
FROM scratch
COPY root /
CMD ["/bin/sleep", "1000"]
END
on_terminal --http-probe-off --exec "'sleep 3'" e2e/shell
ok 'a long command: it ends' until_true 60 is_over
is 'a long command: exit status' "$(<status)" 0
matches 'a long command: the live line goes on' "$(<raw)" "executing +--exec 'sleep 3' \([123] s\)"

# --- a terminal for us, files for the output ---
on_terminal --output-format json e2e/tty ">'$SCRATCH/document'"
ok 'json: it ends' until_true 60 is_over
is 'json: exit status' "$(<status)" 0
is 'json: one document' "$(jq -s 'length' document)" 1
is 'json: what was made' "$(jq -r '"\(.state) \(.exit_code) \(.slim_image) \(.probes | length)"' document)" \
	'done 0 e2e/tty.slim:latest 1'
has 'json: messages are on stderr' "$(screen)" '✓ loading'
on_terminal --output-format json --http-probe-off --entrypoint /absent e2e/tty ">'$SCRATCH/document'"
ok 'json, a failure: it ends' until_true 60 is_over
is 'json, a failure: told' "$(jq -r '"\(.state) \(.exit_code)"' document)" 'failed 7'
has 'json, a failure: why' "$(jq -r .error.message document)" /absent
on_terminal --quiet e2e/tty
ok 'quiet: it ends' until_true 60 is_over
lacks 'quiet: no live line' "$(<raw)" '⠋'
has 'quiet: the summary' "$(screen)" 'e2e/tty.slim'
on_terminal --debug e2e/tty "2>'$SCRATCH/debug'"
ok 'debug: it ends' until_true 60 is_over
has 'debug: says more' "$(<debug)" 'slimtrace: debug: engine: POST '
lacks 'debug: elsewhere than the terminal' "$(screen)" 'debug:'

# --- Ctrl-C while it works: the terminal is usable again, and nothing stays ---
on_terminal --http-probe-off --host-exec "'sleep 100'" --entrypoint /wait e2e/tty
ok 'Ctrl-C in a test of the user: it runs' until_true 30 shows 'sleep 100'
mux send-keys -t s C-c
ok 'Ctrl-C in a test of the user: it ends' until_true 60 is_over
is 'Ctrl-C in a test of the user: exit status' "$(<status)" 130
is 'Ctrl-C in a test of the user: nothing is left behind' "$(leftovers)" ''
not_ok 'Ctrl-C in a test of the user: it is gone too' pgrep -x -f 'sleep 100'
mux send-keys -t s 'typed' Enter
ok 'the terminal works' until_true 5 shows typed
done_testing
