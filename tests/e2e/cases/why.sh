# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# What was kept, what was dropped, and why: exact sums, and an answer for each path.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=../../lib/sums.sh
. "$e2e/../lib/sums.sh"

context
busybox_rootfs
prog once
for name in file other gone; do put "data/$name" "the $name"; done
put 'data/odd
name' 'odd'
put var/lib/dpkg/status $'Package: tool\nStatus: install ok installed\nVersion: 1:2-3\n'
put var/lib/dpkg/info/tool.list $'/.\n/link/file\n/data\n'
mkdir -p context/root/var/lib/rpm
echo 'part 1 2 3 /data/other /data/none' | "$e2e/rpmdb" sqlite context/root/var/lib/rpm/rpmdb.sqlite
ln context/root/data/other context/root/data/another
ln -s data context/root/link
ln -s /link/file context/root/chain
ln -s loop context/root/loop
image e2e/why <<'END'
FROM scratch
COPY root /
RUN rm /data/gone && echo later >/data/late
ENTRYPOINT ["/once"]
CMD ["/data/file"]
END

slimtrace why e2e/why /data/file
is 'before a run: exit status' "$rc" 2
has 'before a run: what to do' "$err" 'slimtrace build e2e/why'
slim 'a run' --http-probe-off --exclude-pattern /etc/group e2e/why
dir=$(artifacts e2e/why)

# --- sums ---
is 'all files are in the list' "$(jq -s 'map(select(.type == "file")) | length' "$dir/files.jsonl")" \
	"$(docker export "$(docker create e2e/why)" | tar -tv | grep -E '^[-h]' | grep -vcE ' (\.dockerenv|etc/(hosts|hostname|resolv.conf)|dev/console)( |$)')"
docker ps -aq | xargs -r docker rm >/dev/null
is "a file of RPM's" "$(jq -r 'select(.path == "/data/other") | "\(.package_manager) \(.package)"' "$dir/files.jsonl")" 'rpm part'
is 'of two names of a file one counts' \
	"$(jq -r 'select(.path == "/data/another", .path == "/data/other") | "\(.path) \(.content_of // "counts")"' "$dir/files.jsonl")" \
	$'/data/another counts\n/data/other /data/another'
accounting=$(jq .slimtrace.accounting "$dir/creport.json")
is 'kept and dropped are all, in each layer, directory, package, for each reason, and as the engine saves them' \
	"$(sums_wrong "$dir" e2e/why e2e/why.slim)" ''
jq '.slimtrace.accounting.layers[0].kept.bytes += 1' "$dir/creport.json" >bad.json
mkdir bad && mv bad.json bad/creport.json && cp "$dir/files.jsonl" bad/
has 'a byte too many is seen' "$(sums_wrong bad e2e/why e2e/why.slim)" 'layers sha256:'
has 'and that another image has others' "$(sums_wrong "$dir" e2e/why e2e/why)" 'kept: ['
is 'a package and its file' "$(jq -c '.packages | map([.manager, .name, .version, .fat.files, .kept.files])' <<<"$accounting")" \
	'[["dpkg","tool","1:2-3",2,2],["rpm","part","3:1-2",1,0]]'
is 'the reasons of what went' "$(jq -c '.reasons | map(select(.dropped.files > 0) | .reason) | sort' <<<"$accounting")" '["excluded","not-used"]'
is 'the list has the package' "$(jq -r 'select(.path == "/data/file") | "\(.package) \(.package_manager)"' "$dir/files.jsonl")" 'tool dpkg'
has 'the summary tells where most went' "$out" 'dropped    '
has 'the summary: where' "$out" /bin

is 'docker-slim'"'"'s digest of a file' "$(jq -r '.image.files[] | select(.file_path == "/data/file").sha1_hash' "$dir/creport.json")" \
	"$(echo 'the file' | sha1sum | cut -d ' ' -f 1)"
is 'and how it was used' "$(jq -c '.image.files[] | select(.file_path == "/data/file").flags' "$dir/creport.json")" '{"R":true}'

# --- the schema ---
ok 'the report fits its schema' valid creport.schema.json "$dir/creport.json"
jq '.slimtrace.health = "fine"' "$dir/creport.json" >bad.json
not_ok 'another value does not' valid creport.schema.json bad.json
jq '.image.files[0].owner = 1' "$dir/creport.json" >bad.json
not_ok 'nor a member that is not told of' valid creport.schema.json bad.json

# --- why ---
slimtrace why e2e/why /data/file
is 'kept: exit status' "$rc" 0
matches 'kept: told' "$out" '^/data/file: kept, file of 9 B, from layer 0 \(sha256:[0-9a-f]{12}\)'
has 'kept: the rule' "$out" $'\n  used '
has 'kept: of which package' "$out" $'\n  package    tool (dpkg)'
has 'kept: by whom' "$out" 'by         /once (pid '
has 'kept: how, by which call' "$out" $'how        read (openat)\n'
matches 'kept: when' "$out" '  when       first [0-9]+\.[0-9]{3} s after the start'
slimtrace why e2e/why /data/late
has 'dropped: told' "$out" '/data/late: dropped, file of 6 B, from layer 1'
has 'dropped: what would keep it' "$out" "--include-path '/data/late'"
slimtrace why e2e/why /etc/group
has 'excluded: told' "$out" '--exclude-pattern matches it'
slimtrace why e2e/why /link/../link/file /chain
is 'links on the way: exit status' "$rc" 0
has 'links on the way are followed' "$out" '/data/file: kept'
has 'a link itself is not' "$out" '/chain: dropped, link, from layer 0'
slimtrace why e2e/why $'/data/odd\nname'
has 'an odd name' "$out" 'dropped, file'
is 'an odd name: one line' "$(grep -c ': dropped' <<<"$out")" 1
slimtrace --output-format json why e2e/why /data/file /data/late
is 'for programs' "$(jq -c 'map([.path, .verdict, (.diff_id | length)])' <<<"$out")" '[["/data/file","kept",71],["/data/late","dropped",71]]'
for path in /data/gone /loop/x data/file; do
	slimtrace why e2e/why "$path"
	is "$path: exit status" "$rc" 2
	has "$path: named" "$err" "has no '$path'"
done
slim 'what was used, excluded' --http-probe-off --exclude-pattern /data/file e2e/why
slimtrace why e2e/why /data/file
has 'excluded: that it was used is told' "$out" 'matches it, although it was used'
has 'excluded: by whom' "$out" $'\n  by         /once (pid '
slim 'a command that does not count' --http-probe-off --entrypoint '["/bin/sleep", "60"]' --cmd '[]' --exec 'cat /data/other' --exclude-exec-paths e2e/why
slimtrace why e2e/why /data/other
has 'not counted: told' "$out" $'dropped, file of 10 B, from layer 0'
has 'not counted: why' "$out" 'what used it does not count (--exclude-exec-paths'
has 'not counted: by whom' "$out" $'\n  by         /bin/busybox (pid '
slimtrace why e2e/none /x
is 'no such image: exit status' "$rc" 5
slimtrace why e2e/why
is 'no path: exit status' "$rc" 2

# --- a walk as the kernel's, and what is not there beside what is ---
context
prog once
mkdir -p context/root/data/deep context/root/data/sub
put data/file 'the file'
put data/deep/far 'far'
for name in '[id].js' "it's" 'a:0644' 'back\slash' $'new\nline' $'latin\xe9'; do put "data/sub/$name" odd; done
ln -s data/deep context/root/down
ln -s /data/file context/root/file
import e2e/why-walk 'ENTRYPOINT ["/once"]'
slim 'a tree with links' --http-probe-off e2e/why-walk
slimtrace why e2e/why-walk /down/../file /down/../sub/../deep/far /file /file/
is 'a link leads up from where it led' "$(grep -o '^/[^ ]*: [a-z]*' <<<"$out" | tr '\n' ' ')" \
	'/data/file: kept /data/deep/far: dropped /file: dropped /data/file: kept '
slimtrace why e2e/why-walk /none /once /neither/ /data
is 'some are not there: exit status' "$rc" 2
has 'some are not there: which' "$err" "has no '/none', '/neither/'"
is 'some are not there: the others are told' "$(grep -c ', from layer ' <<<"$out")" 2

# What is told of a dropped file keeps it.
mapfile -d '' -t paths < <(find context/root/data/sub -type f -printf '/data/sub/%f\0')
slimtrace why e2e/why-walk "${paths[@]}"
includes=()
eval "includes=($(sed -n 's/.* or --include-path /--include-path /p' <<<"$out" | tr '\n' ' '))"
is 'as many remedies' "${#includes[@]}" 12
slim 'with all that was told' --http-probe-off "${includes[@]}" e2e/why-walk
is 'it keeps them' "$(jq -r 'select(.path | startswith("/data/sub/")).verdict' "$(artifacts e2e/why-walk)/files.jsonl" | sort | uniq -c | tr -s ' ')" ' 6 kept'

# --- a list that is none ---
dir=$(artifacts e2e/why-walk)
cp "$dir/files.jsonl" whole
: >"$dir/files.jsonl"
slimtrace why e2e/why-walk /once
is 'an empty list: exit status' "$rc" 1
has 'an empty list: which' "$err" "files.jsonl' is no list of an image's files"
head -n 1 whole | tr -d '\n' >"$dir/files.jsonl"
slimtrace why e2e/why-walk /
is 'a list cut at the end of a line: exit status' "$rc" 1
has 'a list cut at the end of a line: which' "$err" "files.jsonl' is no list of an image's files, or not all of it"
head -c 50 whole >"$dir/files.jsonl"
slimtrace why e2e/why-walk /
is 'a cut list: exit status' "$rc" 1
matches 'a cut list: where' "$err" "files.jsonl': line [0-9]+: .*not valid JSON"
has 'a cut list: what to do' "$err" "'slimtrace build e2e/why-walk' makes it anew"

# --- names that are no UTF-8, everywhere; a process that executes another program ---
context
busybox_rootfs
cp "$PROGS/once" context/root/$'pr\xf6g'
ln -s $'/pr\xf6g' context/root/link
put $'data/\xe9' 'odd'
put $'data/\xe8' 'odd'
put etc/os-release $'NAME="L\xe4nux"\nVERSION_ID=1'
# shellcheck disable=SC2016 # the inner shell's
import e2e/why-latin 'ENTRYPOINT ["/bin/sh", "-c", "cat /data/*; for f in /data/*; do /link $f; done; exec /link $f"]'
slim 'names that are no UTF-8' --http-probe-off e2e/why-latin
dir=$(artifacts e2e/why-latin)
ok 'the report fits its schema, too' valid creport.schema.json "$dir/creport.json"
is 'no name is twice in an object' "$(/usr/bin/python3 -c '
import collections, json, sys
def pairs(pairs):
    twice.extend(k for k, n in collections.Counter(k for k, _ in pairs).items() if n > 1)
    return dict(pairs)
twice = []
json.load(open(sys.argv[1]), object_pairs_hook=pairs)
print(*twice)' "$dir/creport.json")" ''
has 'both files are there' "$(jq -r '.monitors.fan.process_files[] | keys[]' "$dir/creport.json" | sort -u)" $'/data/\\xe8\n/data/\\xe9'
is 'nothing is left behind' "$(leftovers)" ''
done_testing
