# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016
# shellcheck source=../lib.sh
# Dynamic programs, shells, interpreters of scripts, child processes, docker exec.
. "$(dirname "$0")/../lib.sh"

context
with_libs /bin/dash /bin/cat /bin/ls /usr/bin/env /usr/bin/sort /usr/bin/head /bin/sleep
ln -sf dash context/root/bin/sh
put etc/passwd 'root:x:0:0:root:/root:/bin/sh'
for name in one two three four unused; do put "data/$name" "the $name"; done
put app/inner '#!/bin/sh
read -r line <"$1"; shift
read -r line <"$1"; echo "inner: $line"'
put app/outer '#!/app/inner /data/one
this line is data for its interpreter'
put app/by-env '#!/usr/bin/env sh
cat /data/two'
put entrypoint '#!/bin/sh
set -e
/app/outer
/app/by-env
cat /data/three | cat
(exec head -n 1 /data/three) &
wait
[ "$1" != stay ] || exec sleep 1000'
chmod 755 context/root/entrypoint context/root/app/*
image e2e/scripts <<'END'
FROM scratch
COPY root /
ENV PATH=/usr/bin:/bin
ENTRYPOINT ["/entrypoint"]
END

plain=$(run_image e2e/scripts)
has 'the fat image works' "$plain" 'the two'
slim 'to its end' --http-probe-off --continue-after exit e2e/scripts
is 'the slim image does the same' "$(run_image e2e/scripts.slim)" "$plain"
paths=$(info paths e2e/scripts.slim)
for path in /entrypoint /app/outer /app/inner /app/by-env /usr/bin/env /usr/bin/head /data/one; do
	has "kept: $path" "$paths" "$path"
done
for path in /data/unused /usr/bin/sort /data/four /bin/ls; do lacks "dropped: $path" "$paths" "$path"; done

record=$(artifacts e2e/scripts)/record.json
execs=$(jq -r '.programs[].exe' "$record")
ok 'children are programs of their own' test "$(grep -c . <<<"$execs")" -ge 5
is 'all of them come from the entrypoint' "$(jq -r '[.programs[].entry] | unique | join(" ")' "$record")" entrypoint

slim 'with --exec' --http-probe-off --cmd stay --exec 'ls /data >/dev/null; cat /data/four' e2e/scripts
paths=$(info paths e2e/scripts.slim)
has 'what docker exec used stays' "$paths" /data/four
has 'and its program' "$paths" /bin/ls
has 'the record tells how it entered' "$(jq -r '[.programs[].entry] | unique | join(" ")' "$record")" exec
is 'the slim image still works' "$(run_image e2e/scripts.slim)" "$plain"
done_testing
