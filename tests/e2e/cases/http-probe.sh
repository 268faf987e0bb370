# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# The HTTP probe: what was asked for stays, what was not goes.
. "$(dirname "$0")/../lib.sh"

context
prog webserver wait once
for page in index a b unused from-file; do put "www/$page.html" "page $page"; done
image e2e/web <<'END'
FROM scratch
COPY root /
CMD ["/webserver"]
END
image e2e/web-exposed <<'END'
FROM scratch
COPY root /
EXPOSE 8080
CMD ["/webserver"]
END

pages() { info paths "$1" | grep '/www/.' | tr '\n' ' '; }

slim 'default' e2e/web
is 'default: GET / only' "$(pages e2e/web.slim)" '/www/index.html '
matches 'default: the summary counts the call' "$out" 'probes +1 of 1'
is 'default: the slim image answers' "$(served e2e/web.slim /)" 'page index'

slim 'given' --http-probe-cmd /a.html --http-probe-cmd GET:/b.html --http-probe-cmd=/fail e2e/web-exposed
is 'given: these pages, GET /, and no other' "$(pages e2e/web-exposed.slim)" '/www/a.html /www/b.html /www/index.html '
matches 'given: an error is an answer too' "$out" 'probes +4 of 4'
is 'given: the slim image answers' "$(served e2e/web-exposed.slim /b.html)" 'page b'
is 'given: what was not asked for is gone' "$(served e2e/web-exposed.slim /unused.html)" 'no such page'

cat >probes.json <<'END'
{ "commands": [ { "method": "GET", "resource": "/from-file.html", "headers": ["X-Test: 1"] } ] }
END
slim 'from a file' --http-probe-cmd-file probes.json e2e/web
is 'from a file: that page' "$(pages e2e/web.slim)" '/www/from-file.html /www/index.html '

slimtrace build --cmd '/webserver 8081' e2e/web
is 'another port than usual: found' "$rc" 0
slimtrace build --cmd '/webserver 8081' --start-timeout 5 e2e/web-exposed
is 'exposed port closed, another one open: found' "$rc" 0
has 'exposed port closed: the port is named' "$err" 8080
has 'exposed port closed: and what says which ports are to be called' "$err" '(see --http-probe-ports)'
slimtrace build --http-probe-ports 8082 --start-timeout 5 e2e/web
is 'a port that was asked for and is closed: no answer is told' "$rc" 7
has 'a port that was asked for and is closed: it is named' "$err" 8082
lacks 'a port that was asked for and is closed: nothing else is proposed' "$err" '(see --http-probe-'
slimtrace build --http-probe-ports 8082 --http-probe-exit-on-failure=false --start-timeout 5 e2e/web
is 'no answer, and asked to go on: an image' "$rc" 0
slimtrace build --http-probe-fail-on-status-4xx --http-probe-cmd /none --cmd '/webserver 8080 /none' e2e/web
is 'nothing but 404, and asked to fail on it' "$rc" 7
has 'a bad status is told' "$err" 'status 404'

# What an app can do to a call: each is reported, none is fatal.
slim 'bad answers' --http-probe-cmd http:/close --http-probe-cmd /none e2e/web
has 'no answer is warned about' "$err" 'GET /close on port 8080: the connection was closed without an answer'
is 'and is in the report' "$(jq -r '.slimtrace.probes[] | select(.failed) | .resource + " " + .error' \
	"$(artifacts e2e/web)/creport.json")" '/close the connection was closed without an answer'
slimtrace --debug build --http-probe-cmd /a.html --http-probe-start-wait 1 e2e/web
matches 'a call is told with status, bytes and time' "$err" 'GET http://:8080/a.html -> 200, 7 bytes in 0\.[0-9]+ s'

# Ready is also what the health check says: here the socket belongs to another container.
docker run -d --name e2e-listener --network none e2e/web >/dev/null
image e2e/guest <<'END'
FROM scratch
COPY root /
HEALTHCHECK --interval=1s CMD ["/once", "/www/index.html"]
CMD ["/wait"]
END
slim 'healthy' --network container:e2e-listener --http-probe-ports 8080 e2e/guest
matches 'healthy: called' "$out" 'probes +1 of 1'
docker rm -f e2e-listener >/dev/null

# A helper listens at once, the app itself when it has thought for a while: nothing new is seen meanwhile.
context
prog webserver
busybox_rootfs
put www/index.html 'page index'
put www/exec.html 'page of the command'
image e2e/late <<'END'
FROM scratch
COPY root /
EXPOSE 4369 8080
CMD ["/bin/sh", "-c", "/webserver 9999 & sleep 4; /webserver 4369 & sleep 2; : >/tmp/up; exec /webserver 8080"]
END
slim 'late' --exec '[ -e /tmp/up ] && cat /www/exec.html' e2e/late
matches 'late: both ports were waited for' "$out" 'probes +3 of 3'
has 'late: the command too' "$(pages e2e/late.slim)" '/www/exec.html'
lacks 'late: nothing to warn of' "$err" 'does not listen'

# Its own port never comes; it is never quiet for long, and its health check knows nothing of the port.
image e2e/busy <<'END'
FROM scratch
COPY root /
EXPOSE 8080
HEALTHCHECK --interval=1s CMD ["/bin/true"]
CMD ["/bin/sh", "-c", "i=0; while sleep 2; do i=$((i + 1)); : >/tmp/f$i; done & exec /webserver 9999"]
END
slim 'busy' --start-timeout 110 e2e/busy
has 'busy: in the end the port is given up' "$err" 'port 8080: the app does not listen on this port'
matches 'busy: long before the time for starting up' "$out" 'time +[1-5]?[0-9]\.[0-9] s'

is 'nothing is left behind' "$(leftovers)" ''
done_testing
