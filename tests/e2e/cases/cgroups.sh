# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# The container's cgroup, however engines name and place it, in each hierarchy that is looked at: v2, and
# v1's pids. With real cgroups of those names, which a container without an engine is put into.
. "$(dirname "$0")/../lib.sh"

id=5107ace05107ace05107ace05107ace05107ace05107ace05107ace05107ace0
near=${id%?}1
top=slimtrace-names.$$
context
prog once
mkdir -p context/root/{proc,dev}
put data/file 'the file'
made=()
remove() { for dir in "${made[@]}"; do find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null; done; }
trap remove EXIT

# seen CGROUP...: what is seen of a program in these cgroups
seen() {
	local dir options=()
	for dir in "$@"; do options+=(-c "$dir"); done
	rm -f record.json
	"$TOOLS/observe" -i "$id" "${options[@]}" -r context/root -o record.json -- /once >out 2>&1 || { cat out; return; }
	jq -r '[.programs[].exe] + [.accesses[] | select(.path == "/data/file" and .source == "file").path] | join(" ")' record.json
}

names() { # NAME DIR
	local pattern dir=$2/$top
	mkdir -p "$dir/pod.slice"
	made+=("$dir")
	for pattern in @ docker-@.scope libpod-@ libpod-@.scope cri-containerd-@.scope crio-@.scope pod.slice/docker-@.scope; do
		is "$1: $pattern is the container" "$(seen "$dir/$pattern")" '/once /data/file'
	done
	for pattern in libpod-conmon-@ libpod-conmon-@.scope "$near" "docker-$near.scope" x@ @x @.scope.d "docker-${id%?}.scope"; do
		is "$1: $pattern is not" "$(seen "$dir/$pattern")" ''
	done
	is "$1: a cgroup below it is" "$(seen "$dir/docker-@.scope" "$dir/docker-@.scope/init.scope")" '/once /data/file'
	is "$1: and one below that" "$(seen "$dir/@" "$dir/@/system.slice" "$dir/@/system.slice/app.service")" '/once /data/file'
}

v2='' v1=''
[[ $(stat -fc %T /sys/fs/cgroup) == cgroup2fs ]] && v2=/sys/fs/cgroup
[[ $(stat -fc %T /sys/fs/cgroup/unified 2>/dev/null) == cgroup2fs ]] && v2=/sys/fs/cgroup/unified
[[ $(stat -fc %T /sys/fs/cgroup/pids 2>/dev/null) == cgroupfs ]] && v1=/sys/fs/cgroup/pids
if [[ $v2 ]]; then names v2 "$v2"; else skip v2 'not mounted here'; fi
if [[ $v1 ]]; then names v1 "$v1"; else skip v1 'not mounted here'; fi
if [[ $v1 && $v2 ]]; then
	is 'hybrid: v1, and the same in v2' "$(seen "$v1/$top/@" "$v2/$top/@")" '/once /data/file'
	is 'hybrid: only v1 has a name of its own' "$(seen "$v1/$top/@" "$v2/$top/some.service")" '/once /data/file'
else
	skip hybrid 'one hierarchy only'
fi

# --- what the engine can be told ---
image e2e/cgroups <<'END'
FROM scratch
COPY root /
CMD ["/once"]
END
names_of() { jq -r '[.programs[].exe] | join(" ")' "$(artifacts e2e/cgroups)/record.json"; }
for mode in host private; do
	printf '{"CgroupParent": "/%s/a/b", "CgroupnsMode": "%s"}\n' "$top" "$mode" >host.json
	slim "CgroupParent, cgroupns=$mode" --http-probe-off --cro-host-config-file host.json e2e/cgroups
	is "CgroupParent, cgroupns=$mode: seen" "$(names_of)" /once
done
for dir in /sys/fs/cgroup/*/"$top" /sys/fs/cgroup/"$top"; do [[ ! -d $dir ]] || made+=("$dir"); done
is 'nothing is left behind' "$(leftovers)" ''
done_testing
