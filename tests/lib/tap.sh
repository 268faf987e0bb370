# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Test Anything Protocol for shell tests. Sourced:
#
#	is 'exit status' "$rc" 0
#	has 'message' "$(<err)" 'no such image'
#	ok 'file is there' test -e "$f"
#	done_testing

tap_run=0 tap_failed=0

pass() {
	tap_run=$((tap_run + 1))
	echo "ok $tap_run - $1"
}

# fail NAME [LINE...]: the lines say what was seen
fail() {
	tap_run=$((tap_run + 1)) tap_failed=$((tap_failed + 1))
	echo "not ok $tap_run - $1"
	shift
	(($# == 0)) || printf '%s\n' "$@" | head -n 40 | sed 's/^/#   /'
	return 0
}

skip() { # NAME REASON
	tap_run=$((tap_run + 1))
	echo "ok $tap_run - $1 # SKIP $2"
}

# ok NAME COMMAND...
ok() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then pass "$name"; else fail "$name" "failed: $*" "$out"; fi
}

# not_ok NAME COMMAND...
not_ok() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then fail "$name" "succeeded: $*" "$out"; else pass "$name"; fi
}

is() { # NAME GOT WANTED
	if [[ $2 == "$3" ]]; then pass "$1"; else fail "$1" "got    '$2'" "wanted '$3'"; fi
}

isnt() { # NAME GOT UNWANTED
	if [[ $2 != "$3" ]]; then pass "$1"; else fail "$1" "got    '$2'"; fi
}

has() { # NAME TEXT SUBSTRING
	if [[ $2 == *"$3"* ]]; then pass "$1"; else fail "$1" "no '$3' in:" "$2"; fi
}

lacks() { # NAME TEXT SUBSTRING
	if [[ $2 != *"$3"* ]]; then pass "$1"; else fail "$1" "'$3' is in:" "$2"; fi
}

matches() { # NAME TEXT EXTENDED-REGULAR-EXPRESSION
	if [[ $2 =~ $3 ]]; then pass "$1"; else fail "$1" "no match for '$3' in:" "$2"; fi
}

# same NAME GOT WANTED: like is, for many lines
same() {
	local diff
	if diff=$(diff <(printf '%s\n' "$3") <(printf '%s\n' "$2")); then
		pass "$1"
	else
		fail "$1" "< wanted  > got" "$diff"
	fi
}

skip_all() { # REASON
	echo "1..0 # SKIP $1"
	exit 0
}

done_testing() {
	echo "1..$tap_run"
	exit $((tap_failed > 0))
}
