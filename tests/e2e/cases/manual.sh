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
		read -ra COMP_WORDS <<<"$2"
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
# --- the others: what they ask is the same, so that they are read without an error is what is left ---
if command -v zsh >/dev/null; then ok 'zsh reads it' zsh -n root/usr/share/zsh/vendor-completions/_slimtrace; else skip 'zsh' 'not installed'; fi
if command -v fish >/dev/null; then
	is 'fish: commands' "$(PATH=$(dirname "$SLIMTRACE"):$PATH fish -N -c 'source root/usr/share/fish/vendor_completions.d/slimtrace.fish; complete -C"slimtrace pro"' | cut -f1)" profile
	is 'fish: options' "$(PATH=$(dirname "$SLIMTRACE"):$PATH fish -N -c 'source root/usr/share/fish/vendor_completions.d/slimtrace.fish; complete -C"slimtrace build --from-r"' | cut -f1)" --from-record
else
	skip 'fish' 'not installed'
fi
done_testing
