# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# What is new, gone and changed between two records, profiles and images.
. "$(dirname "$0")/../lib.sh"

context
busybox_rootfs
put data/one 'the first'
put data/two 'second'
put data/three 'third'
image e2e/diff:1 <<'D'
FROM scratch
COPY root /
ENV TOKEN=hunter2
CMD ["/bin/cat", "/data/one", "/data/two"]
D
# Of the same size and another content, with another mode, gone, and new.
put data/one 'the 1st..'
chmod 0600 context/root/data/two
rm context/root/data/three
put $'data/odd\nname' 'new'
image e2e/diff:2 <<'D'
FROM scratch
COPY root /
ENV TOKEN=hunter3
CMD ["/bin/sh", "-c", "cat /data/one; mkdir /tmp/x"]
D
slim 'the first' --http-probe-off e2e/diff:1
slim 'the second' --http-probe-off e2e/diff:2
one=$(artifacts e2e/diff:1) two=$(artifacts e2e/diff:2)
compare() { # WANTED_STATUS NAME ARG...
	local status=$1 name=$2
	shift 2
	slimtrace diff "$@"
	is "$name: exit status" "$rc" "$status"
}

# --- records ---
compare 0 'records' "$one/record.json" "$two/record.json"
has 'a system call' "$out" '  + mkdir'
has 'a file no more' "$out" '  - /data/two  read'
compare 0 'the same record' --exit-code "$one/record.json" "$one/record.json"
is 'says so' "$out" 'no difference'
compare 8 'two records, --exit-code' --exit-code "$one/record.json" "$two/record.json"
compare 8 'a condition that holds' --fail-if 'new-syscalls>0' "$one/record.json" "$two/record.json"
matches 'is told' "$err" 'new-syscalls is [0-9]+: ([a-z0-9_]+, )*mkdir'
compare 0 'one that does not' --fail-if 'new-network>0' --fail-if 'any>100000' "$one/record.json" "$two/record.json"
compare 2 'a condition of nothing' --fail-if 'new-things>0' "$one/record.json" "$two/record.json"
has 'what there is' "$err" new-syscalls

# --- profiles ---
profile() { find "$1" -name "*-$2" | head -n 1; }
compare 8 'seccomp profiles' --fail-if 'new-syscalls>0' "$(profile "$one" seccomp.json)" "$(profile "$two" seccomp.json)"
matches 'the call' "$out" '\+ mkdir +SCMP_ACT_ALLOW'
compare 0 'AppArmor profiles' "$(profile "$one" apparmor-profile)" "$(profile "$two" apparmor-profile)"
matches 'rules' "$out" '^rules: .* new'

# --- images ---
compare 0 'images' e2e/diff:1 e2e/diff:2
has 'other content' "$out" '~ /data/one: file 0644 0:0 10 bytes, other content'
has 'another mode' "$out" '~ /data/two: file 0644 0:0 7 bytes -> file 0600 0:0 7 bytes'
has 'gone' "$out" '- /data/three  file'
has 'new, and harmless' "$out" '+ /data/odd\x0aname'
has 'the command' "$out" '~ Cmd: '
has 'a variable' "$out" '~ Env TOKEN: '
lacks 'but not its value' "$out" hunter
docker save -o saved.tar e2e/diff:1
compare 0 'an image and its file' --exit-code e2e/diff:1 docker-archive:saved.tar
slimtrace --host unix:///nowhere diff --exit-code ./saved.tar docker-archive:saved.tar
is 'files alone need no engine' "$rc" 0
truncate -s 1000M large.tar
([[ $SLIMTRACE == *asan* ]] || ulimit -v 1000000
	"$SLIMTRACE" --host unix:///nowhere diff ./large.tar ./saved.tar >stdout 2>stderr)
is 'a file is not read whole to see what it is' "$?" 5
slimtrace --output-format json diff e2e/diff:1 e2e/diff:2
is 'for programs' "$(jq -c '[.of, .identical, .counts.files.new, .counts.files.gone, .state]' <<<"$out")" '["image",false,1,1,"done"]'
is 'bytes as they are' "$(jq -r '.changes[] | select(.change == "new" and .kind == "files") | .name' <<<"$out")" $'/data/odd\nname'

# --- what cannot be compared ---
compare 2 'a record and an image' "$one/record.json" e2e/diff:1
has 'are told' "$err" "is a record"
compare 2 'one' "$one/record.json"
echo '{"some": "thing"}' >other.json
compare 2 'other JSON' other.json "$one/record.json"
head -c 100 "$one/record.json" >cut.json
compare 2 'a cut record' cut.json "$one/record.json"
compare 5 'nothing' no/such:image e2e/diff:1
done_testing
