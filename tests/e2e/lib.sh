# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What end-to-end cases share. tests/e2e/run gives each case this environment:
#
#	SLIMTRACE	the program
#	DOCKER_HOST	a private engine
#	PROGS		static test programs (tests/e2e/progs)
#	TOOLS		those that are linked with our own code (tests/tools)
#	SCRATCH		a directory for this case, its working directory too
#	TMPDIR		below SCRATCH, so that a temporary file that stays is seen
#
# Engine, images and SCRATCH are removed by the runner; the images of a case are named by image_name.
# shellcheck disable=SC2034 # rc, out and err are read by the cases

e2e=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=../lib/tap.sh
. "$e2e/../lib/tap.sh"
set -uo pipefail

state=$SCRATCH/state
rc=0 out='' err=''

# slimtrace ARGS...: leaves $rc, $out (stdout) and $err (stderr); never waits for ever
slimtrace() {
	rc=0
	timeout --kill-after=20 120 "$SLIMTRACE" --state-path "$state" "$@" \
		>"$SCRATCH/stdout" 2>"$SCRATCH/stderr" </dev/null || rc=$?
	out=$(<"$SCRATCH/stdout") err=$(<"$SCRATCH/stderr")
}

# slim NAME ARGS...: builds with the expectation that it succeeds
slim() {
	local name=$1
	shift
	slimtrace build "$@"
	if ((rc == 0)); then pass "$name: slimtrace build"; else
		fail "$name: slimtrace build" "exit status $rc: slimtrace build $*" "$err"
	fi
}

# context: an empty build context in ./context; what goes into the image is below context/root
context() {
	rm -rf context
	mkdir -p context/root
}

prog() { # NAME...: test programs, into its top directory
	local name
	for name in "$@"; do cp "$PROGS/$name" context/root/; done
}

put() { # PATH TEXT: a file
	mkdir -p "context/root/$(dirname "$1")"
	printf '%s\n' "$2" >"context/root/$1"
}

# image NAME <<Dockerfile
image() {
	cat >context/Dockerfile
	DOCKER_BUILDKIT=0 docker build -q -t "$1" context >build.log 2>&1 && return
	echo "Bail out! image $1 cannot be built: $(tail -n 5 build.log)"
	exit 1
}

# import NAME [CHANGE...]: context/root as it is, by tar: hard links, owners and attributes too
import() {
	local name=$1 change opts=()
	shift
	for change in "$@"; do opts+=(-c "$change"); done
	tar -C context/root --numeric-owner --xattrs --xattrs-include='*' -c . |
		docker import "${opts[@]}" - "$name" >/dev/null
}

# A root file system with a shell and tools: busybox, static, and its names as links.
busybox_rootfs() {
	local tool
	mkdir -p context/root/{bin,etc,tmp}
	chmod 1777 context/root/tmp
	cp "$(command -v busybox)" context/root/bin/busybox
	for tool in sh cat ls env rm ln mkdir sleep echo id test true; do
		ln -s busybox "context/root/bin/$tool"
	done
	put etc/passwd 'root:x:0:0:root:/:/bin/sh'
	put etc/group 'root:x:0:'
}

# with_libs PROGRAM...: programs of this machine with the shared libraries that they need
with_libs() {
	local file
	{
		printf '%s\n' "$@"
		ldd "$@" | grep -oE '/[^ :]+ \(|^/[^ :]+' | tr -d ' ('
	} | sort -u | while read -r file; do
		install -D -m 0755 "$file" "context/root$file"
	done
}

info() { "$e2e/image-info" "$@"; }

artifacts() { echo "$state/.images/$(docker image inspect -f '{{.Id}}' "$1" | cut -d: -f2)/artifacts"; }

# accesses FILE: the paths in a record
accesses() { jq -r '.accesses[].path' "$1"; }

# valid SCHEMA FILE: in docs/, a JSON document
valid() {
	/usr/bin/python3 -W error -c '
import json, sys, jsonschema
with open(sys.argv[1]) as schema, open(sys.argv[2]) as doc:
    schema, doc = json.load(schema), json.load(doc)
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.Draft202012Validator(schema).validate(doc)' "$e2e/../../docs/$1" "$2"
}

run_image() { timeout 60 docker run --rm --network none "$@" 2>&1; }

# served IMAGE PATH [DOCKER RUN OPTIONS...]: start it, ask for http://...:8080PATH, remove it
served() {
	local image=$1 path=$2 id pid answer
	shift 2
	id=$(docker run -d --network none "$@" "$image") || return 1
	pid=$(docker inspect -f '{{.State.Pid}}' "$id")
	answer=$(nsenter --net="/proc/$pid/ns/net" curl -s --noproxy '*' --retry 20 --retry-connrefused \
		--retry-delay 1 --max-time 20 "http://127.0.0.1:8080$path")
	docker rm -f "$id" >/dev/null
	echo "$answer"
}

# until_true SECONDS COMMAND...
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < end)) || return 1
		sleep 0.05
	done
}

# What a run could leave behind: containers and temporary files.
leftovers() {
	docker ps -aq --no-trunc
	find "$TMPDIR" -mindepth 1
	find "$state" -name '.artifacts.*' -o -name '.*.tmp*' 2>/dev/null
}
