#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Dockerfile.fat: built again without RUN, COPY and ADD it gives the same configuration.
. "$(dirname "$(readlink -f "$0")")/../lib.sh"

# shellcheck source=../../lib/dockerfile.sh
. "$e2e/../lib/dockerfile.sh"

# same_config NAME CONFIG: what the Dockerfile in $out makes
same_config() {
	local name=$1 want=$2 got
	if ! skeleton <<<"$out" | DOCKER_BUILDKIT=0 docker build -q -t skeleton - >build.log 2>&1; then
		fail "$name: it builds" "$(<build.log)" "$out"
		return
	fi
	got=$(docker image inspect skeleton | jq '.[0].Config' | normal)
	is "$name: the same configuration" "$got" "$(normal <<<"$want")"
}

mkdir made
"$e2e/histories" made
for file in made/*.json; do
	name=$(basename "$file" .json)
	slimtrace info --dockerfile - "made/$name.tar"
	same_config "$name" "$(<"$file")"
done
ok 'there are at least 30 histories' test "$(find made -name '*.tar' | wc -l)" -ge 30

# --- a parent that is here ---
context
prog once
image t-parent <<'D'
FROM scratch
COPY root/ /
ENV A=1
CMD ["/once"]
D
image t-child <<'D'
FROM t-parent
ENV B="x y"
COPY --chown=1:2 root/once /two
ENTRYPOINT ["/two"]
D
slimtrace info --dockerfile - t-child
has 'the parent is named' "$out" $'\nFROM t-parent:latest\n'
has 'what the child adds is told' "$out" 'ENV B="x y"'
has 'an owner is told' "$out" 'COPY --chown=1:2 file:'
lacks "what is the parent's is not repeated" "$out" 'ENV A='
same_config child "$(docker image inspect t-child | jq '.[0].Config')"
done_testing
