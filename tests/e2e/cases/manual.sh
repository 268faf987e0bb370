# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# Manual pages and completions know what the program knows.
. "$(dirname "$0")/../lib.sh"
top=$(readlink -f "$e2e/../..")

ok 'make install' make -C "$top" --no-print-directory -s install DESTDIR="$PWD/root" PREFIX=/usr bin="$SLIMTRACE"
man=root/usr/share/man/man1
mapfile -t commands < <("$SLIMTRACE" --help | awk '/^Commands:/ {on = 1; next} /^$/ {on = 0} on {print $1}')
ok 'there are commands' test "${#commands[@]}" -ge 6

# shown PAGE: as text, in one line so that breaks do not matter
shown() { MANWIDTH=400 groff -man -Tutf8 -P-cbou "$1" 2>&1 | tr '‐−' '--' | tr -s ' \n' ' '; }
if command -v groff >/dev/null; then
	for command in '' "${commands[@]}"; do
		page=$man/slimtrace${command:+-$command}.1
		is "$page: no warning" "$(groff -man -ww -Tutf8 -z "$page" 2>&1)" ''
		text=$(shown "$page")
		missing=()
		while read -r option; do
			[[ $text == *" $option"* ]] || missing+=("$option")
		done < <("$SLIMTRACE" ${command:+"$command"} --help | grep -oE '^  --?[a-z][a-z-]*' | tr -d ' ')
		is "$page: every option" "${missing[*]}" ''
	done
	has 'the page of build tells what it is' "$(shown "$man/slimtrace-build.1")" 'slimtrace-build - run an image, watch it'
	has 'a sentence with a colon is no heading' "$(shown "$man/slimtrace-why.1")" 'whether the last run kept or dropped it: by which rules'
	is 'what is below the options is not of the last one' "$(grep -A1 'page on a terminal' "$man/slimtrace-diff.1" | tail -n 1)" .PP
	is 'a table is as it is' "$(grep -cE '^  .* VALUE: ' "$man/slimtrace-info.1")" 3
	has 'the main page names the others' "$(shown "$man/slimtrace.1")" 'slimtrace-build(1), slimtrace-profile(1)'
else
	skip 'manual pages' 'groff is not installed'
fi

# --- bash ---
context
image e2e/complete:one <<'END'
FROM scratch
LABEL a=b
END
completed() { # LINE: what bash offers at its end
	PATH=$(dirname "$SLIMTRACE"):$PATH bash --norc -c '
		. "$1"
		COMP_LINE=$2 COMP_POINT=${#2}
		read -ra COMP_WORDS <<<"${2//=/ = }"
		[[ $2 != *" " ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_slimtrace
		echo "${COMPREPLY[*]}"' bash root/usr/share/bash-completion/completions/slimtrace "$1"
}
is 'bash: commands' "$(completed 'slimtrace ')" "${commands[*]}"
is 'bash: one command' "$(completed 'slimtrace pro')" profile
is 'bash: options of a command' "$(completed 'slimtrace build --from-r')" --from-record
is 'bash: not of another' "$(completed 'slimtrace clean --from-r')" ''
is 'bash: global options' "$(completed 'slimtrace --output-f')" --output-format
is 'bash: images' "$(completed 'slimtrace build e2e/comp')" e2e/complete:one
echo >record-1.json
is 'bash: files' "$(completed 'slimtrace build --from-record record-')" record-1.json
is 'bash: a record, of an image' "$(completed 'slimtrace push record-')" record-1.json
is 'bash: an image, of records' "$(completed 'slimtrace push record-1.json e2e/comp')" e2e/complete:one
is 'bash: where a record goes' "$(completed 'slimtrace pull -o record-')" record-1.json
is 'bash: nothing for it to guess' "$(completed 'slimtrace version ')" ''

# --- what all three have to find, each asked in its own way: a line, and what completes its last word ---
touch app.tar
asked=(
	'slimtrace pro|profile'
	'slimtrace --output-format json pro|profile'
	'slimtrace --host=unix:///x pro|profile'
	'slimtrace build --from-r|--from-record'
	'slimtrace build --tls-v|--tls-verify'
	'slimtrace build --from-record rec|record-1.json'
	'slimtrace build --from-record=rec|record-1.json'
	'slimtrace merge rec|record-1.json'
	'slimtrace info app|app.tar'
	'slimtrace diff rec|record-1.json'
	'slimtrace build --output-format j|json'
	'slimtrace build --seccomp-format d|docker'
	'slimtrace build --layers k|keep'
	'slimtrace why e2e/comp|e2e/complete:one'
	'slimtrace build --target e2e/comp|e2e/complete:one'
)
for line in "${asked[@]}"; do is "bash: ${line%|*}" "$(completed "${line%|*}")" "${line#*|}"; done

if command -v fish >/dev/null; then
	for line in "${asked[@]}"; do
		word=${line%|*}
		[[ $word == *=* && $word != *=unix* ]] && word=${word##* } word=${word%%=*}= || word=''
		# shellcheck disable=SC2016 # fish's own
		is "fish: ${line%|*}" "$(PATH=$(dirname "$SLIMTRACE"):$PATH fish -N -c 'source root/usr/share/fish/vendor_completions.d/slimtrace.fish
			complete -C"$argv[1]"' "${line%|*}" | cut -f1)" "$word${line#*|}"
	done
else
	skip 'fish' 'not installed'
fi

# zsh completes on a terminal alone.
mux() { tmux -S "$SCRATCH/tmux" "$@"; }
trap 'mux kill-server 2>/dev/null' EXIT
shows() { mux capture-pane -p -t s | grep -qxF -- "$1"; }
typed() { # SHELL LINE WANTED: what is there after a TAB
	mux send-keys -t s C-u
	mux send-keys -t s -l "$2"
	mux send-keys -t s Tab
	ok "$1: $2" until_true 10 shows "> $3"
}
if command -v tmux >/dev/null; then
	mkdir records
	touch records/one.json 'two words.json'
	mux -f /dev/null new-session -d -x 100 -y 30 -s s "PATH=$(dirname "$SLIMTRACE"):$PATH PS1='> ' bash --norc --noprofile"
	mux send-keys -t s ". root/usr/share/bash-completion/completions/slimtrace; clear; echo be' 'gin" Enter
	ok 'bash: is there' until_true 20 shows 'be gin'
	typed bash 'slimtrace merge records' 'slimtrace merge records/'
	typed bash 'slimtrace merge records/o' 'slimtrace merge records/one.json'
	typed bash 'slimtrace merge two' 'slimtrace merge two\ words.json'
	typed bash 'slimtrace why e2e/comp' 'slimtrace why e2e/complete:one'
	mux kill-session -t s
	rm -r records 'two words.json'
else
	skip 'bash, typed' 'tmux is not installed'
fi
if command -v zsh >/dev/null && command -v tmux >/dev/null; then
	mux -f /dev/null new-session -d -x 100 -y 30 -s s "PATH=$(dirname "$SLIMTRACE"):$PATH PS1='> ' zsh -f"
	mux send-keys -t s "fpath=($PWD/root/usr/share/zsh/vendor-completions \$fpath); autoload -U compinit; compinit -u -D; clear; echo be' 'gin" Enter
	ok 'zsh: is there' until_true 20 shows 'be gin'
	for line in "${asked[@]}"; do
		word=${line%|*}
		typed zsh "$word" "${word%"${word##*[ =]}"}${line#*|}"
	done
else
	skip 'zsh' 'zsh or tmux is not installed'
fi
done_testing
