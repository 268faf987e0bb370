# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# As a plugin of docker's command line.
. "$(dirname "$0")/../lib.sh"
top=$(readlink -f "$e2e/../..")

ok 'make install' make -C "$top" --no-print-directory -s install DESTDIR="$PWD/root" PREFIX=/usr bin="$SLIMTRACE"
export DOCKER_CONFIG=$PWD/config
mkdir -p config/cli-plugins
cp root/usr/bin/slimtrace "config/cli-plugins/$(basename root/usr/lib/docker/cli-plugins/*)"
ok 'the plugin is a link to the program' cmp root/usr/bin/slimtrace root/usr/lib/docker/cli-plugins/docker-slimtrace
is 'it tells what it is' "$(config/cli-plugins/docker-slimtrace docker-cli-plugin-metadata | jq -r '.SchemaVersion, .Vendor' | tr '\n' ' ')" '0.1.0 slimtrace '
matches 'docker lists it' "$(docker --help 2>&1)" 'slimtrace\*? +Make images small'
lacks 'docker finds no fault' "$(docker info 2>&1)" 'invalid'
matches 'its version' "$(docker slimtrace version)" '^slimtrace +[0-9]'
has 'its help' "$(docker slimtrace --help)" 'Usage: slimtrace'

# Docker hands over its whole command line, with its own options before the plugin's name.
from() { # NAME WANTED ARG...
	local name=$1 wanted=$2
	shift 2
	has "docker's $name" "$(env -u DOCKER_HOST docker "$@" 2>&1)" "$wanted"
}
at="at $DOCKER_HOST"
docker context create here --docker "host=$DOCKER_HOST" >/dev/null
from '-H' "$at" -H "$DOCKER_HOST" slimtrace version
from '--host' "$at" --host="$DOCKER_HOST" -l error slimtrace version
from '--context' "$at" --context here slimtrace version
from '-c and -D' 'debug: engine' -c here -D slimtrace version
from 'options, and ours above them' 'engine at /nowhere' -H "$DOCKER_HOST" slimtrace --host /nowhere version
from 'help' 'Usage: slimtrace' help slimtrace
mkdir certificates
: >certificates/key.pem
from 'certificates' 'cert.pem is not' --tlsverify --tlskey certificates/key.pem -H tcp://127.0.0.1:1 slimtrace version
from 'certificates by other names' 'slimtrace --tls-cert-path' --tlsverify --tlscacert certificates/own.pem -H tcp://127.0.0.1:1 slimtrace version
DOCKER_CONFIG=/nowhere from '--config' "$at" --config "$PWD/config" --context here slimtrace version
matches 'without docker' "$(config/cli-plugins/docker-slimtrace --quiet version)" '^slimtrace +[0-9]'

context
prog once
put data/file 'the file'
image e2e/plugin <<'END'
FROM scratch
COPY root /
CMD ["/once"]
END
rc=0
docker slimtrace --state-path "$state" build --http-probe-off e2e/plugin >stdout 2>stderr </dev/null || rc=$?
is 'build: exit status' "$rc" 0
is 'build: the image works' "$(run_image e2e/plugin.slim)" 'the file'
rc=0
docker slimtrace --state-path "$state" build e2e/none >stdout 2>stderr </dev/null || rc=$?
is 'its exit status is passed on' "$rc" 5
is 'nothing is left behind' "$(leftovers)" ''
done_testing
