# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# What the documents tell users to type works: pages with ```sh blocks are run from top to bottom, and every option
# in a slimtrace command line of any page exists.
. "$(dirname "$0")/../lib.sh"
top=$(readlink -f "$e2e/../..")

# --- every option exists ---
mapfile -t commands < <("$SLIMTRACE" --help | awk '/^Commands:/ {on = 1; next} /^$/ {on = 0} on {print $1}')
declare -A known
global=$("$SLIMTRACE" --help | grep -oE '^  --?[a-z][a-z-]*' | tr -d ' ' | tr '\n' ' ')
for command in "${commands[@]}"; do
	known[$command]=" $global$("$SLIMTRACE" "$command" --help | grep -oE '^  --?[a-z][a-z-]*' | tr -d ' ' | tr '\n' ' ')"
done
lines=0
while IFS= read -r line; do
	file=${line%%:*} rest=${line#*slimtrace }
	command=''
	for word in $rest; do [[ -v known[$word] ]] && command=$word && break; done
	[[ $command ]] || continue
	lines=$((lines + 1))
	for option in $(sed -E "s/'[^']*'//g; s/[|#].*//" <<<"$rest" | grep -oE '(^| )--[a-z][a-z-]*' | tr -d ' '); do
		[[ ${known[$command]} == *" $option "* ]] || fail "$file: $command has $option" "$line"
	done
done < <(cd "$top" && grep -nE '^( {4}|\t)?(sudo )?slimtrace [a-z-]' README.md docs/*.md)
ok 'there are command lines to look at' test "$lines" -gt 20
pass "options of $lines command lines were looked for"

# --- pages that are run ---
mkdir bin
printf '#!/bin/sh\nexec "%s" --state-path "%s" "$@"\n' "$SLIMTRACE" "$state" >bin/slimtrace
chmod +x bin/slimtrace
PATH=$PWD/bin:$PATH
sudo() { "$@"; }
export -f sudo

# One shell for the page: what a block sets, the next one has. Each block ends with its number.
run_page() { # NAME
	awk '/^```sh$/ {on = 1; next} /^```$/ {if (on) print "echo \"block " ++n " done\" >&3"; on = 0} on' "$top/docs/$1.md" >"$1.sh"
	(cd "$1.work" && bash -eu "../$1.sh" 3>"../$1.done" >"../$1.out" 2>&1 </dev/null)
	rc=$?
	if ((rc == 0)); then pass "$1: all $(wc -l <"$1.done") blocks"; else
		fail "$1: block $(($(wc -l <"$1.done") + 1))" "exit status $rc" "$(tail -n 12 "$1.out")"
	fi
}
mkdir work
ln -s work getting-started.work
ln -s work ci.work
run_page getting-started
has 'getting-started: why' "$(<getting-started.out)" '/www/seldom.html: dropped'
has 'getting-started: kept once it was used' "$(<getting-started.out)" '/www/seldom.html: kept'
run_page ci
is 'no container is left' "$(docker ps -aq)" ''
done_testing
