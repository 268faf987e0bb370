# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Runs TAP programs and counts. Sourced:
#
#	tap_program NAME SECONDS COMMAND...	# one line, and all that failed or was skipped
#	count passed|failed|skipped [REASON]	# a test that is no TAP program
#	totals_line				# "N passed, N failed, N skipped"
#	exit "$(totals_status)"
#
# Scripts that call each other add up: with TOTALS set to a file, totals_line appends to it and
# totals_take reads what was appended.

declare -A totals=([passed]=0 [failed]=0 [skipped]=0)

count() { totals[$1]=$((totals[$1] + ${2:-1})); }

totals_line() {
	local line="${totals[passed]} passed, ${totals[failed]} failed, ${totals[skipped]} skipped"
	[[ -z ${TOTALS:-} ]] || echo "$line" >>"$TOTALS"
	echo "$line"
}

totals_status() { echo $((totals[failed] > 0)); }

totals_take() { # FILE
	local passed failed skipped word
	while read -r passed word failed word skipped word; do
		count passed "$passed"
		count failed "$failed"
		count skipped "$skipped"
	done <"$1"
	: "$word"
}

# one NAME COMMAND...: a command as one test, which passes when it exits with 0
one() {
	local name=$1 out start=$SECONDS
	shift
	if out=$("$@" 2>&1); then
		count passed
		echo "$name: ok ($((SECONDS - start)) s)"
	else
		count failed
		echo "$name: FAILED"
		tail -n 60 <<<"$out" | sed 's/^/    /'
	fi
}

skipped() { # NAME REASON
	count skipped
	echo "$1: skipped: $2"
}

# In the background, since bash runs no trap while it waits for a foreground program; but with a
# foreground program's signals. tap_program_end is for the trap.
tap_program_pid=''
tap_program() {
	local name=$1 limit=$2 log rc=0 start=$SECONDS
	shift 2
	log=$(mktemp)
	env --default-signal=INT,QUIT timeout --kill-after=10 "$limit" "$@" >"$log" 2>&1 </dev/null &
	tap_program_pid=$!
	wait "$tap_program_pid" || rc=$?
	tap_program_pid=''
	tap_tally "$name" "$rc" "$log" $((SECONDS - start))
	rm -f "$log"
}

tap_program_end() {
	[[ $tap_program_pid ]] || return 0
	kill "$tap_program_pid" 2>/dev/null || true
	wait "$tap_program_pid" 2>/dev/null || true
}

# A program that dies, or does not come to its plan, has failed once more than it says.
tap_tally() { # NAME STATUS LOG SECONDS
	local name=$1 rc=$2 log=$3 failed skipped ran planned
	failed=$(grep -c '^not ok ' "$log" || true)
	skipped=$(grep -cE '^ok [0-9]+ .*# SKIP' "$log" || true)
	ran=$(grep -cE '^(not )?ok [0-9]+' "$log" || true)
	planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$log" | tail -1)
	count passed $((ran - failed - skipped))
	count skipped $((skipped + $(grep -c '^1\.\.0 # SKIP' "$log" || true)))
	if [[ ${planned:-none} != "$ran" ]] || { ((rc)) && ((failed == 0)); }; then
		failed=$((failed + 1))
		echo "$name: ended with status $rc after test $ran of ${planned:-an unknown number}"
		tail -n 25 "$log" | sed 's/^/    /'
	fi
	count failed "$failed"
	if ((failed)); then
		echo "$name: $failed FAILED of $ran ($4 s)"
		sed -n '/^not ok /,/^ok /{/^ok /!p}' "$log" | sed 's/^/    /'
	else
		echo "$name: ok ($ran, $4 s)"
	fi
	sed -nE 's/^(ok [0-9]+ - |1\.\.0 )(.*)# SKIP (.*)/    skipped: \2\3/p' "$log"
}
