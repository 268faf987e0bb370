# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# Containers and cgroups that somebody else starts, watched without touching them. Other engines may run on
# this machine meanwhile: nothing here asks how many containers there were, only about its own.
. "$(dirname "$0")/../lib.sh"

context
busybox_rootfs
prog once webserver
put data/file 'the file'
put data/before 'opened before'
put data/after 'opened after'
put data/exec 'by exec'
put www/index.html 'hello'
put bin/story 'exec 5</data/before
cat /data/file >/dev/null
echo started >/tmp/started
while ! test -e /tmp/go; do sleep 0.1; done
cat /data/after >/dev/null'
image e2e/trace <<'END'
FROM scratch
COPY root /
CMD ["/bin/sh", "/bin/story"]
END
image e2e/trace-once <<'END'
FROM scratch
COPY root /
CMD ["/once"]
END

out_dir=records
record() { # NAME: the record of the container with that name
	local all=("$out_dir/$1"-????????????.json)
	[[ -f ${all[0]} ]] && echo "${all[0]}"
}
files() { jq -r '.accesses[] | select(.source == "file" and .on_image) | .path' "$1" | sort; }
has_file() { files "$(record "$1")" | grep -x "$2" >/dev/null; }
# begin ARGS...: trace in the background, until it watches
begin() {
	rm -rf "$out_dir" stderr # an older one says that it watches, too
	"$SLIMTRACE" --state-path "$state" trace --output "$out_dir" "$@" >stdout 2>stderr </dev/null &
	tracer=$!
	until_true 30 grep -q 'slimtrace: watching' stderr
}
# over: waits for the tracer by itself; its exit status is in $rc
over() {
	rc=0
	timeout 60 tail --pid=$tracer -f /dev/null || kill -KILL $tracer
	wait $tracer || rc=$?
}
started() { docker cp "$1:/tmp/started" - >/dev/null; }
# run_story NAME OPTIONS...: the container, once it has opened what it opens at first
run_story() {
	docker run -d --name "$@" e2e/trace >/dev/null
	until_true 30 started "$1"
}
go() { docker exec "$1" /bin/sh -c 'echo >/tmp/go'; }

# --- while a command runs ---
slimtrace trace --output "$out_dir" -- docker run --name once-a e2e/trace-once
is 'command: exit status' "$rc" 0
has 'command: its output is its own' "$out" 'the file'
rec=$(record once-a)
ok 'command: a record with the name of the container' test -f "$rec"
ok 'command: it is valid' valid record.schema.json "$rec"
is 'command: of the image' "$(jq -r .image.id "$rec")" "$(docker image inspect -f '{{.Id}}' e2e/trace-once)"
is 'command: with its layers' "$(jq -c .image.diff_ids "$rec")" "$(docker image inspect -f '{{json .RootFS.Layers}}' e2e/trace-once)"
is 'command: complete' "$(jq -c '[.loss[] | tonumber] | add' "$rec")" 0
is 'command: from the start' "$(jq -r '.attached // false' "$rec")" false
is 'command: its files' "$(files "$rec" | grep '^/data/file$')" /data/file

# What one tracer sees the other sees: the same container for build, and started by somebody.
slim 'the same by build' --http-probe-off --continue-after exit e2e/trace-once
same 'the same files as build sees' "$(files "$rec")" "$(files "$(artifacts e2e/trace-once)/record.json")"
calls() { jq -r '.syscalls[] | select(.phase == "app") | .name' "$1" | sort; }
same 'the same calls as build sees' "$(calls "$rec")" "$(calls "$(artifacts e2e/trace-once)/record.json")"

slimtrace trace --output "$out_dir" -- docker run --rm e2e/trace-once /once /missing
is 'command: its failure is ours' "$rc" 1
slimtrace trace --output "$out_dir" -- /no/such/command
is 'no such command: exit status' "$rc" 2
has 'no such command: told' "$err" "cannot run '/no/such/command': No such file or directory"
slimtrace trace
is 'nothing to watch: exit status' "$rc" 2
has 'nothing to watch: what to do' "$err" '--container'
slimtrace trace --for nonsense --image x
has 'a duration that is none' "$err" "--for: 'nonsense' is no duration"
slimtrace trace --cgroup /etc
is 'a directory that is no cgroup: exit status' "$rc" 2
has 'a directory that is no cgroup' "$err" "'/etc' is no directory of a cgroup hierarchy"

slimtrace --output-format json trace --output "$out_dir" --image e2e/trace-once -- docker run --name once-b e2e/trace-once
doc=$(sed -n '/^{/,$p' <<<"$out")
is 'json: only what is of the image' "$(jq -r '.records[].name' <<<"$doc")" once-b
is 'json: its file' "$(jq -r '.records[0].file' <<<"$doc")" "$(record once-b)"
is 'json: complete' "$(jq -r '.records[0].complete' <<<"$doc")" true
is 'json: the status' "$(jq -r '"\(.state) \(.exit_code) \(.command_status)"' <<<"$doc")" 'done 0 0'

# What began right before the end, and goes on.
slimtrace --output-format json trace --output "$out_dir" --image e2e/trace -- docker run -d --name detached e2e/trace
doc=$(sed -n '/^{/,$p' <<<"$out")
is 'detached: it has a record' "$(jq -c '[.records[] | [.name, .over]]' <<<"$doc")" '[["detached",false]]'
docker rm -f detached >/dev/null

# Twenty at once: each finds a target.
for n in {1..20}; do docker create --name "burst-$n" e2e/trace-once >/dev/null; done
rm -rf "$out_dir"
# shellcheck disable=SC2016 # the inner shell's
slimtrace trace --output "$out_dir" --image e2e/trace-once -- sh -c 'docker start $(seq -f burst-%g 20) && docker wait $(seq -f burst-%g 20)'
is 'twenty at once: all are recorded' "$(for n in {1..20}; do files "$(record "burst-$n")" | grep -c '^/data/file$'; done | sort | uniq -c | xargs)" '20 1'

# --- what runs already ---
run_story running
begin --container running
docker exec running /once /data/exec >/dev/null
go running
over
is 'running: exit status' "$rc" 0
rec=$(record running)
ok 'running: it ends with the container' test -f "$rec"
cp "$rec" running.json
ok 'running: the record is valid' valid record.schema.json "$rec"
is 'running: the record says that it came late' "$(jq -r .attached "$rec")" true
before() { jq -r --arg p "$1" '[.accesses[] | select(.source == "file" and .path == $p) | .before // false] | unique | join(" ")' "$rec"; }
is 'running: what was open before' "$(before /data/before)" true
is 'running: what was executed before, and is again' "$(before /bin/busybox)" false
is 'running: what was used and closed before is not known' "$(before /data/file)" ''
is 'running: what was opened after' "$(before /data/after)" false
is 'running: what was put into it after' "$(jq -r '.programs[] | select(.argv[1] == "/data/exec") | .entry' "$rec")" exec
is 'running: who ran before' "$(jq -r '.programs[] | select(.argv[1] == "/bin/story") | "\(.entry) \(.exe) \(.start_ns)"' "$rec")" 'entrypoint /bin/busybox 0'
is "running: its calls are the app's" "$(jq -r '[.syscalls[] | select(.phase == "app" and .name == "execve")] | length' "$rec")" 1
is 'running: complete' "$(jq -c '[.loss[] | tonumber] | add' "$rec")" 0

# Its process has moved to a cgroup below its own: that it is over is seen all the same.
run_story moved
pid=$(docker inspect -f '{{.State.Pid}}' moved)
own=()
for dir in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/pids; do
	case $(stat -fc %T "$dir" 2>/dev/null) in
	cgroup2fs) own+=("$dir$(sed -n 's/^0:://p' "/proc/$pid/cgroup")") ;;
	cgroupfs) own+=("$dir$(sed -nE 's/^[0-9]+:pids://p' "/proc/$pid/cgroup")") ;;
	esac
done
for dir in "${own[@]}"; do
	mkdir "$dir/inner"
	for task in $(<"$dir/cgroup.procs"); do echo "$task" >"$dir/inner/cgroup.procs"; done
done
begin --container moved
docker rm -f moved >/dev/null
over
is 'moved: it ends with the container' "$rc" 0
rec=$(record moved)
is 'moved: what was open before' "$(before /data/before)" true

# An image from what was seen late: it says so.
slimtrace build --from-record running.json --tag e2e/late e2e/trace
is 'from a late record: exit status' "$rc" 0
has 'from a late record: told' "$err" 'the record began when its container was running already'

# Before and after: a listening socket, and what somebody had put in.
docker run -d --name web e2e/trace /webserver 8080 >/dev/null
docker exec -d web /bin/sleep 1000
web_answers() { nsenter --net="/proc/$(docker inspect -f '{{.State.Pid}}' web)/ns/net" curl -sf --noproxy '*' http://127.0.0.1:8080/; }
until_true 20 web_answers
begin --image e2e/trace
web_answers >/dev/null
kill -TERM $tracer
over
is 'web: asked to end' "$rc" 0
lacks 'web: there is a record' "$(<stderr)" 'no container was watched'
rec=$(record web)
is 'web: where it listens' "$(jq -r '.sockets[] | select(.use == "listen") | "\(.address) \(.port)"' "$rec")" '0.0.0.0 8080'
is 'web: what was put in before' "$(jq -r '.programs[] | select(.argv[0] == "/bin/sleep") | .entry' "$rec")" exec
is 'web: what it served meanwhile' "$(before /www/index.html)" false
is 'web: it still runs' "$(docker inspect -f '{{.State.Running}}' web)" true
docker rm -f web >/dev/null

# --- by label, snapshots, restarts ---
run_story labelled --label slimtrace.test=yes
run_story other --label slimtrace.test=no
begin --label slimtrace.test=yes
run_story later --label slimtrace.test=yes
until_true 20 grep -q 'later: watched from its start' stderr
kill -USR1 $tracer
until_true 20 record later
ok 'SIGUSR1: a record of what runs' test -f "$(record labelled)"
ok 'SIGUSR1: with what was seen so far' has_file later /data/file
not_ok 'SIGUSR1: and no more' has_file later /data/after
go later
docker wait later >/dev/null
ok 'a snapshot is replaced by the whole' until_true 20 has_file later /data/after
docker restart -t 0 labelled >/dev/null
until_true 20 grep -q 'labelled: watched from its start' stderr
kill -HUP $tracer
over
is 'label: hung up' "$rc" 0
is 'label: not what has another' "$(record other)" ''
is 'restart: a record of each start' "$(for f in "$out_dir"/labelled-*.json; do jq -r '.attached // false' "$f"; done | sort | xargs)" 'false true'
docker rm -f labelled other later >/dev/null

begin --container nobody --image e2e/trace --for 2s
over
has '--container: one that is not there is waited for' "$(<stderr)" 'nobody: does not run yet, and is waited for'
is '--for: it ends by itself' "$rc" 0
has '--for: without a container that is told' "$(<stderr)" 'no container was watched'

# --- a cgroup, without an engine ---
group() { # NAME DIR: a process in a cgroup, and others that come later
	local dir=$2/slimtrace-service.$$ pid
	mkdir -p "$dir/below"
	sh -c "echo \$\$ >$dir/cgroup.procs; exec sleep 1000" &
	pid=$!
	until_true 10 grep -qx sleep "/proc/$pid/comm"
	out_dir=records-$1
	begin --host /no/such/socket --cgroup "$dir"
	sh -c "echo \$\$ >$dir/cgroup.procs; exec cat /etc/os-release" >/dev/null
	sh -c "echo \$\$ >$dir/below/cgroup.procs; exec cat /etc/debian_version" >/dev/null
	kill $pid
	wait $pid 2>/dev/null
	until_true 10 rmdir "$dir/below"
	until_true 10 rmdir "$dir"
	over
	is "$1: it ends with the cgroup" "$rc $(grep -v paths stderr | tail -n 1)" '0 slimtrace: watching'
	rec=$out_dir/slimtrace-service.$$.json
	is "$1: the service that ran" "$(jq -r '.programs[] | select(.comm == "sleep") | .argv[1]' "$rec")" 1000
	is "$1: what it had mapped" "$(before "$(readlink -f "$(command -v sleep)")")" true
	is "$1: what came later" "$(before "$(readlink -f /etc/os-release)")" false
	is "$1: below it too" "$(before /etc/debian_version)" false
	ok "$1: the record is valid" valid record.schema.json "$rec"
}
# Nothing is in it yet.
empty() { # NAME DIR
	local dir=$2/slimtrace-empty.$$
	mkdir "$dir"
	out_dir=records-$1
	begin --cgroup "$dir"
	sh -c "echo \$\$ >$dir/cgroup.procs; exec cat /etc/os-release" >/dev/null
	until_true 10 rmdir "$dir"
	over
	rec=$out_dir/slimtrace-empty.$$.json
	is "$1, empty at first: what came" "$(before "$(readlink -f /etc/os-release)")" false
	is "$1, empty at first: it came with the service" "$(jq -r '.programs[] | select(.comm == "cat") | .entry' "$rec")" entrypoint
}
for dir in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/pids; do
	case $(stat -fc %T "$dir" 2>/dev/null) in
	cgroup2fs) group v2 "$dir" && empty v2 "$dir" ;;
	cgroupfs) group v1 "$dir" && empty v1 "$dir" ;;
	esac
done
out_dir=records
if [[ $(stat -fc %T /sys/fs/cgroup/memory 2>/dev/null) == cgroupfs ]]; then
	slimtrace trace --cgroup /sys/fs/cgroup/memory
	has 'another hierarchy of v1 is refused' "$err" "'/sys/fs/cgroup/memory' is in a hierarchy of another controller"
else
	skip 'another hierarchy of v1 is refused' 'there is none'
fi

# --- for long: what is over takes no room ---
rss() { awk '/^VmRSS/ {print $2}' "/proc/$tracer/status"; }
grew_little() { # NAME BEFORE AFTER ALLOWED: in KB, and a quarter is allowed besides
	if [[ $SLIMTRACE == *asan* ]]; then skip "$1: memory" 'the sanitizers take their own'; return; fi
	ok "$1: $2 KB before, $3 KB after" test "$3" -lt $(($2 + $2 / 4 + $4))
}
begin --image e2e/trace-once
for n in {1..10}; do docker run --rm --name "short-$n" --network none e2e/trace-once >/dev/null; done
first=$(rss)
for n in {11..60}; do docker run --rm --name "short-$n" --network none e2e/trace-once >/dev/null; done
until_true 20 record short-60
is 'sixty containers: a record each' "$(find "$out_dir" -name 'short-*.json' | wc -l)" 60
last=$(rss)
grew_little 'sixty containers' "$first" "$last" 4096
docker run --rm --name programs --network none e2e/trace-once /bin/sh -c \
	'i=0; while test $i -lt 9000; do /bin/true; i=$((i + 1)); done' >/dev/null
until_true 20 record programs
is 'nine thousand programs: equal ones are one' "$(jq '[.programs[] | select(.argv[0] == "/bin/true")] | length' "$(record programs)")" 1
is 'nine thousand programs: all are counted' "$(jq -r '[.syscalls[] | select(.phase == "app" and .name == "execve") | .count | tonumber] | add >= 9000' "$(record programs)")" true
grown=$(rss)
grew_little 'nine thousand programs' "$last" "$grown" 8192
kill -TERM $tracer
over
is 'for long: asked to end' "$rc" 0

docker ps -aq | xargs -r docker rm -f >/dev/null
is 'nothing is left behind' "$(leftovers)" ''
done_testing
