# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# --output-format json: of every command, of success and failure, one JSON document on stdout and nothing else there.
. "$(dirname "$0")/../lib.sh"

context
prog once
put data/file 'text'
image e2e/json <<'END'
FROM scratch
COPY root /
CMD ["/once"]
END

# document NAME FILTER WANTED ARGS...: what the filter tells of it
document() {
	local name=$1 filter=$2 wanted=$3
	shift 3
	slimtrace --output-format json "$@"
	is "$name: one document" "$(jq -s length <<<"$out" 2>&1)" 1
	is "$name: what it says" "$(jq -c "$filter" <<<"$out" 2>&1)" "$wanted"
}
# Of each command a document that is right; the rest of this list is made below.
declare -A told
document build '[.state, .exit_code, .slim_image]' '["done",0,"e2e/json.slim:latest"]' build --http-probe-off e2e/json
told[build]=1
record=$(artifacts e2e/json)/record.json
cp "$record" one.json
document profile '[.state, .slim_image, (.seccomp.calls | length > 10)]' '["done","",true]' profile --http-probe-off e2e/json
told[profile]=1
document why '[.[] | [.path, .verdict]]' '[["/data/file","kept"],["/once","kept"]]' why e2e/json /data/file /once
told[why]=1
document info '[.document, .version, (.layers | length), .checks[0].failed]' '["slimtrace.info",1,1,false]' info --fail-if 'layers>1' e2e/json
told[info]=1
document merge '[.state, .runs]' '["done",2]' merge -o all.json one.json "$(artifacts e2e/json)/record.json"
told[merge]=1
document diff '[.state, .of, .counts.syscalls.new]' '["done","record",0]' diff one.json one.json
told[diff]=1
document trace '[.state, .exit_code, .records]' '["done",0,[]]' trace --image e2e/none --for 1s
told[trace]=1
# Without a registry there is no success to tell of: the case registry does.
document 'push, no registry' '[.state, .exit_code]' '["failed",4]' push one.json 127.0.0.1:9/none:1
document 'pull, no registry' '[.state, .exit_code]' '["failed",4]' pull -o none.json 127.0.0.1:9/none:1
told[push]=1 told[pull]=1
document clean '[.containers, .images] | map(type)' '["number","number"]' clean
told[clean]=1
document version '[.version, .engine.api_version, .kernel] | map(type)' '["string","string","string"]' version
told[version]=1
document 'version --features' '.tracer.features | length > 3' true version --features

mapfile -t commands < <("$SLIMTRACE" --help | awk '/^Commands:/ {on = 1; next} /^$/ {on = 0} on {print $1}')
for command in "${commands[@]}"; do
	document "$command, wrong usage" '[.state, .exit_code, (.error.message | test("--no-such"))]' '["failed",2,true]' "$command" --no-such-option
	has "$command, wrong usage: the message is on stderr too" "$err" '--no-such-option'
done
for words in 'info --fail-if waste>1 --output-format json x' 'info --no-such --output-format=json x' '--no-such --output-format json info x'; do
	read -ra words <<<"$words"
	slimtrace "${words[@]}"
	is "${words[*]}: the form is told after what is wrong" "$(jq -c '[.state, .exit_code]' <<<"$out")" '["failed",2]'
done
slimtrace info --no-such x -- --output-format json
is 'but not behind --' "$rc$out" 2
for command in build profile info why; do
	document "$command, no such image" '[.state, .exit_code]' '["failed",5]' "$command" e2e/none ${command/#*/$([[ $command == why ]] && echo /x)}
done
document 'no engine' '[.state, .exit_code]' '["failed",4]' --host unix:///nowhere build e2e/json
is 'every command has one' "$(for command in "${!told[@]}"; do echo "$command"; done | sort | tr '\n' ' ')" \
	"$(printf '%s\n' "${commands[@]}" | sort | tr '\n' ' ')"
is 'nothing is left behind' "$(leftovers)" ''
done_testing
