# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# Every way to use a file: the torture program, static and dynamic, in an engine's container with its
# usual privileges and in a container of our own with all of them. Each record is compared with what
# the program says, and with what strace sees in a second run.
. "$(dirname "$0")/../lib.sh"

top=$(readlink -f "$e2e/../..")
torture=$top/build/torture
observe=$top/build/plain/tools/observe
judge=$top/tests/torture/judge

# What the kernel's own part of the program needs to be seen.
mapfile -t features < <("$SLIMTRACE" version | sed -nE 's/^[a-z ]* yes +([a-z_]+).*/\1/p')

context
with_libs "$torture/dynamic" "$(command -v strace)"
cp "$torture/static" "$torture/dynamic" context/root/
install -D "$(command -v strace)" context/root/bin/strace
mkdir -p context/root/{dev,proc,sys,tmp}
"$torture/static" make context/root
cp "$torture/libtorture.so" context/root/ways/

# The calls that take paths, as strace knows them, and those that have one inside.
trace='%file,bind,connect,sendto,sendmsg,sendmmsg,quotactl,fsconfig,fanotify_mark,open_by_handle_at'
strace=(/bin/strace -f -y -xx -s 9000 -e "trace=$trace" -o /tmp/log)

# judged NAME OUTPUT RECORD STRACE: the judge's results are this case's
judged() {
	local line name=$1
	"$judge" "$@" "${features[@]}" >judged 2>&1
	while read -r line; do
		case $line in
		'ok '*) pass "$name: ${line#ok * - }" ;;
		'not ok '*) fail "$name: ${line#not ok * - }" ;;
		'#'*) echo "$line" ;;
		1..*) ;;
		*) fail "$name: the judge" "$line" ;;
		esac
	done <judged
}

in_engine() { # PROGRAM
	local name="engine, $1" container
	import "e2e/torture-$1" "CMD [\"/$1\"]"
	slim "$name" --http-probe-off "e2e/torture-$1"
	cp "$(artifacts "e2e/torture-$1")/record.json" "$1.json"
	docker run --rm "e2e/torture-$1" >"$1.out"
	container=$(docker create --cap-add SYS_PTRACE "e2e/torture-$1" "${strace[@]}" "/$1")
	docker start -a "$container" >/dev/null
	docker cp "$container:/tmp/log" "$1.log" >/dev/null
	docker rm "$container" >/dev/null
	judged "$name" "$1.out" "$1.json" "$1.log"
}

# box_run MODE RECORD COMMAND...: in a new overlay of the image, with all privileges
box_run() {
	local mode=$1 record=$2 root=$SCRATCH/box/root status=0
	shift 2
	mkdir -p box
	mount -t tmpfs box box
	mkdir box/{upper,work,root}
	mount -t overlay -o "lowerdir=$SCRATCH/context/root,upperdir=$SCRATCH/box/upper,workdir=$SCRATCH/box/work" \
		overlay "$root"
	"$observe" -i "$id" -m "$mode" -r "$root" \
		-c "$cgroups/@" -o "$record" -- "$@" || status=$?
	[[ ! -f $root/tmp/log ]] || cp "$root/tmp/log" .
	umount "$root" box
	return "$status"
}

in_box() { # PROGRAM
	local name="all privileges, $1"
	box_run slimtrace box.json "/$1" >box.out
	is "$name: exit status" $? 0
	ok "$name: strace" box_run none none.json "${strace[@]}" "/$1"
	judged "$name" box.out box.json log
}

id=$(head -c 32 /dev/urandom | sha256sum | cut -c 1-64)
cgroups=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
for program in static dynamic; do
	in_engine "$program"
	if [[ $cgroups ]]; then in_box "$program"; else skip "all privileges, $program" 'no cgroup2 file system'; fi
done
done_testing
