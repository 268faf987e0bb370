# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# Conditions of build and profile, and what a runner shows of them: tools/action, as the runner would run it.
. "$(dirname "$0")/../lib.sh"
top=$(readlink -f "$e2e/../..")

context
busybox_rootfs
put data/one 'the first'
put 'data/evil' 'x'
put usr/share/doc/never.used "$(head -c 1500000 /dev/zero | tr '\0' x)"
put never.used "$(head -c 2500000 /dev/zero | tr '\0' x)"
image e2e/action <<'D'
FROM scratch
COPY root /
CMD ["/bin/cat", "/data/one"]
D

# --- conditions ---
slimtrace build --http-probe-off --fail-if 'ratio<1' --fail-if 'size>50MB' --fail-if 'files>1000' e2e/action
is 'conditions that do not hold: exit status' "$rc" 0
one=$(artifacts e2e/action)
cp "$one/record.json" known.json
cp "$(find "$one" -name '*-seccomp.json')" known-seccomp.json
slimtrace --output-format json build --http-probe-off --fail-if 'size>1kB' --fail-if 'ratio<1' e2e/action
is 'one that holds: exit status' "$rc" 8
is 'one that holds: told' "$(jq -c '[.state, .exit_code, (.checks[] | .failed)]' <<<"$out")" '["failed",8,true,false]'
has 'one that holds: what it is' "$err" "--fail-if 'size>1kB': size is"
ok 'the image is there all the same' docker image inspect e2e/action.slim
slimtrace build --http-probe-off --baseline known.json --fail-if 'new-syscalls>0' --fail-if 'any>0' e2e/action
is 'nothing new: exit status' "$rc" 0
slimtrace profile --http-probe-off --cmd '/bin/mkdir /tmp/x' --baseline known-seccomp.json --fail-if 'new-syscalls>0' e2e/action
is 'a new call, against a profile: exit status' "$rc" 8
matches 'a new call: how many, and which' "$err" 'new-syscalls is [0-9]+: .*mkdir'
slimtrace build --http-probe-off --cmd '/bin/mkdir /tmp/x' --baseline known.json --fail-if 'new-files>0' e2e/action
is 'no new file of the image' "$rc" 0
wrong() { # WORDS ARG...
	local words=$1
	shift
	slimtrace "$@" e2e/action
	is "$*: exit status" "$rc" 2
	has "$*: why" "$err" "$words"
}
wrong '--baseline FILE' build --fail-if 'new-syscalls>0'
wrong 'makes no image' profile --fail-if 'size>1MB'
wrong 'no such metric' build --fail-if 'weight>1'
wrong '--remove-file-artifacts' build --baseline known.json --remove-file-artifacts
slimtrace build --http-probe-off --baseline /etc/hostname --fail-if 'any>0' e2e/action
is 'a baseline that is none: exit status' "$rc" 2

# --- the action ---
/usr/bin/python3 - "$top/tools/action/action.yml" <<'P' >steps.txt
import sys, yaml
action = yaml.safe_load(open(sys.argv[1]))
assert action["runs"]["using"] == "composite", action["runs"]
for step in action["runs"]["steps"]:
    assert step["shell"] == "bash" and "${{" not in step["run"], step
    for name, value in step.get("env", {}).items():
        key = value.replace("${{ inputs.", "").replace(" }}", "")
        assert key in action["inputs"], key
        print(name)
for output in action["outputs"].values():
    print(output["value"].replace("${{ steps.run.outputs.", "").replace(" }}", ""))
P
is 'action.yml: each input is one of the script'"'s" "$(grep ^SLIMTRACE steps.txt | while read -r name; do grep -q "$name" "$top/tools/action/run" && echo known || echo "$name"; done | sort -u)" known
printf '#!/bin/sh\nexec "%s" --state-path "%s" "$@"\n' "$SLIMTRACE" "$state" >slimtrace-here
chmod +x slimtrace-here
runner() { # NAME=VALUE...
	rc=0
	: >summary.md
	: >outputs
	env GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY="$PWD/summary.md" GITHUB_OUTPUT="$PWD/outputs" SLIMTRACE_PROGRAM="$PWD/slimtrace-here" \
		SLIMTRACE_OUTPUT=out "$@" "$top/tools/action/run" >stdout 2>stderr </dev/null || rc=$?
	out=$(<stdout) err=$(<stderr)
}
runner SLIMTRACE_IMAGE=e2e/action SLIMTRACE_TAG=e2e/small:1 SLIMTRACE_ARGS=$'--http-probe-off\n--include-path=/data/evil' \
	SLIMTRACE_BASELINE=known.json SLIMTRACE_FAIL_IF=$'ratio<1\nnew-syscalls>0'
is 'action: exit status' "$rc" 0
for file in result.json record.json creport.json files.jsonl report.html summary.md; do ok "action: $file in one folder" test -s "out/$file"; done
grep -v ^SLIMTRACE steps.txt | sort >wanted
is 'action: all outputs' "$(cut -d= -f1 outputs | sort)" "$(<wanted)"
has 'action: the slim image' "$(<outputs)" 'slim-image=e2e/small:1'
has 'action: the summary has the sizes' "$(<summary.md)" 'times smaller |'
has 'action: and the conditions' "$(<summary.md)" "| \`ratio<1\` |"
matches 'action: and where most went' "$(<summary.md)" "\| most went from \| \|.*\| \`/[a-z/]+\` \| [0-9.]+ MB \|"
has 'action: what went from no directory, too' "$(<summary.md)" "| \`/\`, files beside its directories | 2.5 MB |"
runner SLIMTRACE_IMAGE=e2e/action SLIMTRACE_ARGS=--http-probe-off SLIMTRACE_FAIL_IF='size>1kB'
is 'action, a condition holds: exit status' "$rc" 8
has 'action, a condition holds: annotated' "$out" '::error title=slimtrace::size>1kB: size is'
has 'action, a condition holds: in the summary' "$(<summary.md)" "**Failed**, exit status 8: \`size>1kB\`"
runner SLIMTRACE_IMAGE=e2e/action SLIMTRACE_ARGS=$'--http-probe-off\n--cmd=/bin/mkdir /tmp/x' SLIMTRACE_BASELINE=known-seccomp.json \
	SLIMTRACE_FAIL_IF='new-syscalls>0'
is 'action, a new call: exit status' "$rc" 8
matches 'action, a new call: which' "$out" '::error title=slimtrace::new-syscalls>0: new-syscalls is [0-9]+: .*mkdir'
matches 'action, a new call: in the summary' "$(<summary.md)" 'mkdir.* \| failed \|'
runner SLIMTRACE_IMAGE=e2e/action SLIMTRACE_ARGS=--no-such-option
is 'action, an unknown option: exit status' "$rc" 2
has 'action, an unknown option: the summary is about the image' "$(<summary.md)" "### slimtrace: \`e2e/action\`"
lacks 'action, an unknown option: and not about an earlier run' "$(<summary.md)" 'most went'
runner SLIMTRACE_IMAGE=$'no/image%0A::notice::x' SLIMTRACE_ARGS=--http-probe-off
is 'action, a name with a command in it: exit status' "$rc" 5
matches 'action, a name with a command in it: one error' "$out" '^::error title=slimtrace::'
lacks 'action, a name with a command in it: no other' "$out" $'\n::notice'
has 'action, a name with a command in it: as it is' "$out" '%250A'
done_testing
