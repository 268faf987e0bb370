# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# From a saved record come the same image and profiles, always, without a run; of several records what any of
# them tells; and of another build of the image what it still has.
. "$(dirname "$0")/../lib.sh"

context
busybox_rootfs
prog once
for name in one two never; do put "data/$name" "the $name"; done
image e2e/recorded <<'END'
FROM scratch
COPY root /
ENTRYPOINT ["/once"]
CMD ["/data/one"]
END
dir=$(artifacts e2e/recorded)
kept() { info paths e2e/recorded.slim | grep '^/data/.' | tr '\n' ' '; }
id_of() { docker image inspect -f '{{.Id}}' "$1"; }
profiles() { (cd "$dir" && sha256sum ./*seccomp.json ./*apparmor-profile); }

slim 'a run' --http-probe-off e2e/recorded
id=$(id_of e2e/recorded.slim)
cp "$dir"/{record,creport}.json .
mv record.json one.json
profiles >sums

# --- the same record, the same image ---
docker events --filter type=container >started &
listener=$!
for source in e2e/recorded "$(id_of e2e/recorded)"; do
	docker rmi -f e2e/recorded.slim >/dev/null
	slim "again, from $source" --from-record one.json --tag e2e/recorded.slim "$source"
	is "again, from $source: the same image ID" "$(id_of e2e/recorded.slim)" "$id"
done
slim 'again' --from-record one.json e2e/recorded
kill "$listener"
wait "$listener" 2>/dev/null
is 'nothing was run for it' "$(<started)" ''
is 'it works' "$(run_image e2e/recorded.slim)" 'the one'
is 'the profiles are the same' "$(profiles)" "$(<sums)"
same 'the record stays as it was' "$(<"$dir/record.json")" "$(<one.json)"
is 'the report tells of the image' "$(jq -c .slimtrace.totals "$dir/creport.json")" "$(jq -c .slimtrace.totals creport.json)"
not_ok 'and of no difference' test -e "$dir/differences.jsonl"
docker rmi -f e2e/recorded.slim >/dev/null
slimtrace profile --from-record one.json e2e/recorded
is 'profile, too' "$rc" 0
is 'profile: the same profiles' "$(profiles)" "$(<sums)"
not_ok 'profile: no image' docker image inspect e2e/recorded.slim

# Without root the layers are not read in place but saved: the result is the same.
mkdir -m 0777 anybody
install -m 0755 "$SLIMTRACE" one.json anybody
socket=${DOCKER_HOST#unix://}
for path in "$SCRATCH" "$SCRATCH/.." "${socket%/*}"; do
	[[ $(stat -Lc %A "$path") == *x ]] || chmod o+x "$path"
done
rc=0
setpriv --reuid 65534 --regid "$(stat -c %g "$socket")" --clear-groups \
	env TMPDIR="$PWD/anybody" anybody/slimtrace --state-path "$PWD/anybody/state" \
	build --from-record anybody/one.json e2e/recorded >stdout 2>stderr </dev/null || rc=$?
is 'without root' "$rc $(grep error: stderr)" '0 '
mkdir -m 0700 others
anybody() { # ARG...: as one who may talk to the engine, but not write where root does
	rc=0
	setpriv --reuid 65534 --regid "$(stat -c %g "$socket")" --clear-groups \
		env TMPDIR="$PWD/anybody" anybody/slimtrace --state-path "$PWD/others/state" "$@" >stdout 2>stderr </dev/null || rc=$?
}
before=$(docker images -q | sort)
anybody build --from-record anybody/one.json --tag e2e/recorded:none e2e/recorded
is "without root, artifacts where it may not: exit status" "$rc" 6
has 'what to do' "$(<stderr)" '--state-path'
lacks 'before anything is made' "$(<stderr)" packing
is 'so there is no image' "$(docker images -q | sort)" "$before"
mkdir -p others/state/.images
anybody why e2e/recorded /once
is "without root, of root's run: exit status" "$rc" 1
has "what to do for that" "$(<stderr)" 'sudo slimtrace why e2e/recorded'
is 'without root: the same image ID' "$(id_of e2e/recorded.slim)" "$id"
rm -rf anybody

# --- several ---
slim 'another run' --http-probe-off --cmd /data/two e2e/recorded
cp "$dir/record.json" two.json
is 'another run: its file, and the configured one' "$(kept)" '/data/one /data/two '
slim 'the other alone' --rule-off entrypoint --from-record two.json e2e/recorded
is 'the other alone: its file' "$(kept)" '/data/two '
slim 'both' --rule-off entrypoint --from-record one.json --from-record two.json e2e/recorded
is 'both: files of both' "$(kept)" '/data/one /data/two '
slimtrace merge -o both.json one.json two.json
is 'merge' "$rc" 0
matches 'merge: told' "$err" '2 runs, [0-9]+ paths: [0-9]+ in all runs, [0-9]+ in one'
slimtrace merge -o single.json one.json
has 'merge: of one' "$err" '1 run, '
is 'merge: how many runs had it' "$(jq -c '[.runs] + ([.accesses[] | select(.source == "file") |
	select(.path == ("/once", "/data/one", "/data/two")) | .runs] | sort)' both.json)" '[2,1,1,2]'
ok 'merge: calls too' jq -e 'all(.syscalls[]; .runs >= 1 and .runs <= 2)' both.json
ok 'merge: fits the schema' valid record.schema.json both.json
both=$(id_of e2e/recorded.slim)
slim 'merged' --rule-off entrypoint --from-record both.json e2e/recorded
is 'merged: the same as of both' "$(id_of e2e/recorded.slim)" "$both"
slimtrace --output-format json merge -o again.json one.json both.json
is 'merge: for programs' "$(jq -c '[.state, .runs]' <<<"$out")" '["done",3]'
slimtrace merge two.json
is 'merge: to standard output' "$(jq -c .runs <<<"$out")" 1

# --- another build of the image ---
image e2e/recorded:next <<'END'
FROM e2e/recorded
RUN rm /data/one && echo newer >/data/two
END
slim 'the next build' --rule-off entrypoint --from-record both.json --tag e2e/recorded.slim e2e/recorded:next
old=$(id_of e2e/recorded)
has 'the next build: said' "$err" "the record is of image ${old:0:19}; 1 of the 2 layers here are the same"
is 'the next build: what it still has' "$(kept)" '/data/two '
is 'the next build: as it has it now' "$(run_image --entrypoint /once e2e/recorded.slim /data/two)" newer
is 'the next build: what is not there' "$(jq -c '[.path, .kinds]' "$(artifacts e2e/recorded:next)/differences.jsonl")" \
	'["/data/one",["read"]]'
has 'the next build: and told' "$err" '1 path that it used is not in this image: /data/one'

# --- what cannot be ---
for option in '--exec true' '--http-probe-cmd /x' '--include-new /tmp' '--continue-after exit'; do
	# shellcheck disable=SC2086 # two words
	slimtrace build --from-record one.json $option e2e/recorded
	is "$option: exit status" "$rc" 2
	has "$option: told" "$err" "--from-record runs nothing, so ${option%% *} cannot be done"
done
slimtrace build --from-record missing.json e2e/recorded
is 'no such record: exit status' "$rc" 2
has 'no such record: named' "$err" missing.json
echo '{"version": 1}' >bad.json
slimtrace build --from-record bad.json e2e/recorded
is 'no record: exit status' "$rc" 2
has 'no record: named' "$err" "'bad.json'"
jq '.host.arch = "aarch64"' two.json >arm.json
slimtrace merge one.json arm.json
is 'another architecture: exit status' "$rc" 2
slimtrace merge -o /nowhere/x one.json
is 'nowhere to write: exit status' "$rc" 1
has 'nowhere to write: named' "$err" /nowhere/x
slimtrace merge
is 'merge of nothing: exit status' "$rc" 2
is 'nothing is left behind' "$(leftovers)" ''
done_testing
