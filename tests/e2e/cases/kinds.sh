# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# The record tells each kind of use from the others, in the order of first use, and fits its schema.
. "$(dirname "$0")/../lib.sh"
schema=$(readlink -f "$e2e/../../docs/record.schema.json")

context
cp "$PROGS/kinds" context/root/program
mkdir -p context/root/kinds/{list,chdir}
for name in map read write stat access twice linked delete from change connect list/entry; do put "kinds/$name" "$name"; done
cp "$PROGS/kinds" context/root/kinds/exec
ln -s /kinds/linked context/root/kinds/link
ln -s /kinds/nowhere context/root/kinds/readlink
image e2e/kinds <<'END'
FROM scratch
COPY root /
CMD ["/program"]
END
slim 'kinds' --http-probe-off e2e/kinds
record=$(artifacts e2e/kinds)/record.json

used() { # PATH WANTED: SOURCE KINDS ERROR of each, sorted
	same "$1" "$(jq -r --arg p "/kinds/$1" '.accesses[] | select(.path == $p) |
		"\(.source) \(.kinds | join(","))\(if .error > 0 then " \(.error_name)" else "" end)"' "$record" | sort -u)" "$2"
}
used exec $'file exec\nlookup exec'
used map $'file map,read\nlookup read'
used read $'file read\nlookup read'
used write $'file write\nlookup write'
used create $'file write,create\nlookup write,create'
used mkdir 'lookup create'
used stat 'lookup stat'
used access 'lookup stat'
used twice 'lookup stat'
used list $'file read,stat,list\nlookup read' # opendir() asks what it is
used link 'lookup stat'
used readlink 'lookup readlink'
used absent 'lookup read ENOENT'
used absent-too 'lookup stat ENOENT'
used read/below 'lookup stat ENOTDIR'
used delete 'lookup delete'
used from 'lookup delete'
used to 'lookup create'
used change 'lookup change'
used chdir $'file chdir\nlookup chdir'
used connect 'lookup connect ECONNREFUSED'

called() { # PATH SOURCE WANTED: by kind of use, the calls
	is "$1, $2: by which calls" "$(jq -rc --arg p "/kinds/$1" --arg s "$2" '.accesses[] | select(.path == $p and .source == $s).syscalls |
		to_entries | map("\(.key) \(.value | keys_unsorted | join(" "))") | join(", ")' "$record" | sort -u)" "$3"
}
called exec file 'exec execve'
called map file 'map mmap, read openat'
called read lookup 'read openat'
called create file 'write openat' # the look-up made it
called create lookup 'write openat, create openat'
called mkdir lookup 'create mkdir'
called stat lookup 'stat newfstatat'
called twice lookup 'stat access newfstatat'
called absent-too lookup 'stat newfstatat'
called list file 'read openat, stat newfstatat, list getdents64'
called from lookup 'delete rename'
called to lookup 'create rename'
called change lookup 'change chmod'
called chdir file 'chdir chdir'
called connect lookup 'connect connect'

is 'and who by which' "$(jq -r '. as $r | .accesses[] | select(.path == "/kinds/exec" and .source == "file") as $a | $a.syscalls.exec.execve[] | $r.programs[$a.programs[.]].argv[1]' "$record")" again

is 'the link was followed, and the one that was read was not' \
	"$(jq -r '[.accesses[] | select(.path == "/kinds/link" or .path == "/kinds/readlink") | .follow] | join(" ")' "$record")" 'true false'
is 'in the order of first use' "$(jq -r '[.accesses[] | select(.source == "lookup") | .path | select(startswith("/kinds/")) | ltrimstr("/kinds/")] | join(" ")' "$record")" \
	'exec map read write create mkdir stat access twice list link readlink absent absent-too read/below delete from to change chdir connect'
is 'with its time' "$(jq '[.accesses[].first_ns | tonumber] | . == sort and .[-1] > 0' "$record")" true
is 'by whom' "$(jq -r '. as $r | [.accesses[] | select(.path == "/kinds/exec").programs[] | $r.programs[.].exe] | unique | join(" ")' "$record")" /kinds/exec
is 'nothing is lost' "$(jq -r '[.loss[]] | unique | join(" ")' "$record")" 0

# --- what the kernel maps by itself: the ELF interpreter, by the path that the process sees ---
context
with_libs "$(readlink -f /usr/bin/true)"
image e2e/dynamic <<END
FROM scratch
COPY root /
CMD ["$(readlink -f /usr/bin/true)"]
END
slim 'dynamic' --http-probe-off --force e2e/dynamic
interpreter=$(readelf -l "$(readlink -f /usr/bin/true)" | sed -n 's/.*interpreter: \(.*\)]/\1/p')
is 'the interpreter is mapped, in the image' \
	"$(jq -r --arg n "${interpreter##*/}" '.accesses[] | select(.source == "file" and (.path | endswith($n))) | "\(.kinds | join(",")) \(.on_image)"' "$(artifacts e2e/dynamic)/record.json")" 'map true'

# --- the schema ---
ok 'the record fits its schema' valid record.schema.json "$record"
jq '.accesses[0].kinds += ["guessed"]' "$record" >bad.json
not_ok 'a kind that there is not does not' valid record.schema.json bad.json
jq '.accesses[0].syscalls.guess = {"openat": [0]}' "$record" >bad.json
not_ok 'nor a call of such a kind' valid record.schema.json bad.json
jq '.accesses[0].syscalls.read = {"openat": []}' "$record" >bad.json
not_ok 'nor one that nobody made' valid record.schema.json bad.json
jq 'del(.programs[0].entry)' "$record" >bad.json
not_ok 'nor a program without its entry' valid record.schema.json bad.json
is 'every member is in the schema' "$(jq -r --slurpfile s "$schema" '
	def unknown($v; $d; $at): if ($v | type) == "object" then ($v | keys[] | select(($d.properties // {})[.] == null) | "\($at).\(.)") else empty end;
	unknown(.; $s[0]; ""), unknown(.host; $s[0].properties.host; "host"),
	(.programs[] | unknown(.; $s[0]["$defs"].program; "program")), (.accesses[] | unknown(.; $s[0]["$defs"].access; "access")),
	(.syscalls[] | unknown(.; $s[0]["$defs"].syscall; "syscall"))' "$record" | sort -u)" ''
is 'nothing is left behind' "$(leftovers)" ''
done_testing
