# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# Options of `slimtrace build` as a user types them.
. "$(dirname "$0")/../lib.sh"

context
busybox_rootfs
prog once wait webserver
for name in file hello goodbye first second extra/one extra/two other; do put "data/$name" "the $name"; done
put www/index.html 'page'
image e2e/tool <<'END'
FROM scratch
COPY root /
ENV WHICH=file
ENTRYPOINT ["/once"]
CMD ["/data/file"]
END
image e2e/waiter <<'END'
FROM scratch
COPY root /
CMD ["/wait", "/data/first", "/data/second"]
END

kept() { info paths "$1" | grep '^/data/' | grep -v '/$' | tr '\n' ' '; }

# --- values ---
slim 'separate value' --http-probe-off --tag e2e/named:one e2e/tool
slim 'value after =' --http-probe-off --tag=e2e/named:two --continue-after=exit e2e/tool
is 'both forms do the same' "$(docker image inspect -f '{{.Id}}' e2e/named:one)" \
	"$(docker image inspect -f '{{.Id}}' e2e/named:two)"
slim 'two tags' --http-probe-off --tag e2e/named:a --tag e2e/named:b e2e/tool
ok 'first tag' docker image inspect e2e/named:a
ok 'second tag' docker image inspect e2e/named:b
slim '--target' --http-probe-off --target e2e/tool --tag e2e/named:target
slim 'options after the image' e2e/tool --http-probe-off --tag e2e/named:after
slim 'boolean with a value' --http-probe=false --tag e2e/named:bool e2e/tool
slim 'image by ID' --http-probe-off --tag e2e/named:id "$(docker image inspect -f '{{.Id}}' e2e/tool)"
slimtrace --state-path "$state.other" build --http-probe-off e2e/tool
is 'global options before the command' "$rc" 0

# --- how the image is run ---
slim '--cmd' --http-probe-off --cmd /data/other e2e/tool
has '--cmd: what it used' "$(kept e2e/tool.slim)" /data/other
slim '--entrypoint' --http-probe-off --entrypoint '/bin/sh -c' --cmd "'cat /data/\$WHICH'" --env WHICH=other e2e/tool
has '--entrypoint, --env: what it used' "$(kept e2e/tool.slim)" /data/other
echo 'from the host' >hostfile
slim '--mount' --http-probe-off --show-clogs --mount "$PWD/hostfile:/data/mounted:ro" --cmd /data/mounted e2e/tool
has '--mount: read' "$err" 'from the host'
lacks '--mount: not in the image' "$(info paths e2e/tool.slim)" /data/mounted
slim '--include-path' --http-probe-off --include-path /data/extra --include-path=/data/other e2e/tool
is '--include-path: file and directory' "$(kept e2e/tool.slim)" '/data/extra/one /data/extra/two /data/file /data/other '

# --- when it is over ---
slim '--exec' --http-probe-off --exec 'cat /data/extra/one' --exec='cat /data/extra/two >/dev/null' e2e/waiter
kept=$(kept e2e/waiter.slim)
for name in extra/one extra/two hello goodbye; do has "--exec: $name" "$kept" "/data/$name"; done
slim 'a failing --exec' --http-probe-off --exec 'exit 4' e2e/waiter
has 'a failing --exec is told' "$err" 'exit status 4'
slim '--continue-after SECONDS' --http-probe-off --continue-after 2 e2e/waiter
has '--continue-after SECONDS: to the stop' "$(kept e2e/waiter.slim)" /data/goodbye
slim '--continue-after probe' --continue-after probe --entrypoint /webserver --cmd 8080 e2e/tool
slim '--continue-after exec' --continue-after exec --http-probe-off --exec true e2e/waiter
slim '--continue-after exit' --continue-after exit --http-probe-off e2e/tool

# --continue-after signal: the container's work is done meanwhile
"$SLIMTRACE" --state-path "$state" build --http-probe-off --continue-after signal e2e/waiter \
	>signal.out 2>signal.err </dev/null &
pid=$!
ok 'signal: it says what it waits for' until_true 30 grep -q "kill -USR1 $pid" signal.err
container=$(docker ps -q)
for word in hello first second; do
	ok "signal: the app opens $word" until_true 30 sh -c "docker logs $container | grep -q /data/$word"
	[[ $word == second ]] || docker kill -s USR1 "$container" >/dev/null
done
kill -USR1 "$pid"
wait "$pid"
is 'signal: exit status' $? 0
is 'signal: all of it' "$(kept e2e/waiter.slim)" '/data/first /data/goodbye /data/hello /data/second '

# --- artifacts ---
dir=$(artifacts e2e/tool)
is 'artifacts: these' "$(find "$dir" -mindepth 1 -printf '%f\n' | sort | tr '\n' ' ')" 'Dockerfile.fat creport.json e2e-tool-apparmor-profile e2e-tool-compose.yaml e2e-tool-kubernetes.yaml e2e-tool-run.sh e2e-tool-seccomp.json files.jsonl record.json report.html '
is 'artifacts: for root only' "$(stat -c %a "$dir" "$dir"/{creport,record}.json | sort -u | tr '\n' ' ')" '600 700 '
ok 'artifacts: record is JSON' jq -e '.version == 1' "$dir/record.json"
ok 'artifacts: report is JSON' jq -e '.image.files | length > 0' "$dir/creport.json"
has 'artifacts: said where' "$out" "$dir"
slim 'another run' --http-probe-off e2e/tool
lacks 'a run does not mix with the one before' "$(accesses "$dir/record.json")" /data/other
rm -rf "$state"
slim '--remove-file-artifacts' --http-probe-off --remove-file-artifacts e2e/tool
is '--remove-file-artifacts: none' "$(find "$state" -type f 2>/dev/null)" ''

# --- output ---
slimtrace --quiet build --http-probe-off e2e/tool
is '--quiet: nothing on stderr' "$err" ''
has 'the summary goes to stdout' "$out" 'e2e/tool.slim'
slimtrace version
is 'version: exit status' "$rc" 0
for word in slimtrace engine kernel tracer; do has "version: $word" "$out" "$word"; done
slimtrace version --features
is 'version --features: exit status' "$rc" 0
is 'version --features: four fields a line' "$(grep -vcP '^[a-z_]+\t(yes|no)\t[^\t]+\t[^\t]*$' <<<"$out")" 0
is 'version --features: the tracer works' "$(grep -P '^tracepoints\t' <<<"$out" | cut -f2)" yes
has 'version --features: nothing else' "$(head -n 1 <<<"$out")" tracepoints
# --- one JSON document of each command, however it ends ---
document() { # NAME ARG...
	local name=$1
	shift
	slimtrace --output-format json "$@"
	is "$name: one document that says so" "$(jq -s 'length == 1 and .[0].state == "failed" and .[0].exit_code > 0 and
		(.[0].error.message | length) > 0' <<<"$out")" true
}
for command in build profile info why merge diff clean version; do
	document "$command, an option that is none" "$command" --nonsense
done
for command in build profile info; do document "$command, no image" "$command" no/such:image; done
document 'why, no image' why no/such:image /
document 'merge, no file' merge no-such.json
document 'clean, no engine' --host unix:///nowhere clean
document 'no command'
document 'no such command' nonsense
slimtrace --output-format json version
is 'version: JSON' "$(jq -r '.tracer.features[0].present, .engine.host' <<<"$out")" $'true\n'"$DOCKER_HOST"
slimtrace --output-format json build --nonsense
is 'wrong usage: JSON' "$(jq -r '"\(.state) \(.exit_code)"' <<<"$out")" 'failed 2'
slimtrace build --help
is 'help: exit status' "$rc" 0
for word in --http-probe-cmd --include-path --tls-verify; do has "help: $word" "$out" "$word"; done
is 'nothing is left behind' "$(leftovers)" ''
done_testing
