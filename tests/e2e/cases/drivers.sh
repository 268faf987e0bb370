# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# What makes the app work besides HTTP probes: commands in the container, tests on the host, the image's
# health check; and when it is over.
. "$(dirname "$0")/../lib.sh"

context
busybox_rootfs
ln -s busybox context/root/bin/wget
prog webserver wait once
for name in hello goodbye one two three health shared; do put "data/$name" "the $name"; done
put www/index.html 'page'
image e2e/app <<'END'
FROM scratch
COPY root /
ENV PATH=/bin
USER 7:8
CMD ["/wait"]
END
image e2e/checked <<'END'
FROM scratch
COPY root /
ENV PATH=/bin
HEALTHCHECK --interval=1h CMD cat /data/health && wget -qO /dev/null http://127.0.0.1:8080/
CMD ["/webserver"]
END
image e2e/sick <<'END'
FROM scratch
COPY root /
ENV PATH=/bin
HEALTHCHECK --interval=1h --timeout=5s CMD ["cat", "/data/absent"]
CMD ["/wait"]
END
kept() { info paths "$1" | grep '^/data/' | grep -v '/$' | tr '\n' ' '; }
reasons() { jq -r --arg p "$1" '.image.files[] | select(.file_path == $p) | .reasons | join(" ")' "$(artifacts "$2")/creport.json"; }
entries() { jq -r --arg e "$2" '[.programs[] | select(.entry == $e) | .argv | if type == "array" then join(" ") else . end] | join("; ")' "$(artifacts "$1")/record.json"; }

# --- in the container ---
# shellcheck disable=SC2016 # the container's shell expands it
printf 'for f in two three; do cat /data/$f; done\nid -u\n' >script
slim 'exec' --http-probe-off --show-clogs --exec 'cat /data/one /data/shared; id -u' --exec-file script e2e/app
is 'exec: what they used stays' "$(kept e2e/app.slim)" \
	'/data/goodbye /data/hello /data/one /data/shared /data/three /data/two '
is 'exec: as the image says' "$(grep -c '^7$' <<<"$err")" 2
is 'exec: its programs are told apart' "$(entries e2e/app entrypoint)" /wait
has 'exec: by entry' "$(entries e2e/app exec)" 'cat /data/one /data/shared'
is 'exec: its files are told apart' "$(reasons /data/one e2e/app)" used-by-exec
is 'exec: from the own' "$(reasons /data/hello e2e/app)" used
# shellcheck disable=SC2016 # the container's shell expands it
slim 'exec-user' --http-probe-off --show-clogs --exec 'echo user $(id -u)' --exec-user 0:0 e2e/app
has 'exec-user: as said' "$err" 'user 0'
slim 'exclude-exec-paths' --http-probe-off --exclude-exec-paths --exec 'cat /data/one /data/hello' e2e/app
is 'exclude-exec-paths: the own files only' "$(kept e2e/app.slim)" '/data/goodbye /data/hello '
is 'exclude-exec-paths: no shell' "$(info paths e2e/app.slim | grep -c '^/bin/')" 0

slim 'one command fails' --http-probe-off --exec 'echo oh; exit 4' --exec true e2e/app
has 'one command fails: told' "$err" "'echo oh; exit 4' ended with exit status 4"
has 'one command fails: its output' "$err" '  oh'
has 'one command fails: in the summary' "$out" 'commands   2 run, 1 failed'
slimtrace build --http-probe-off --exec nonesuch e2e/app
is 'none can be run: exit status' "$rc" 7
has 'none can be run: said' "$err" 'no command that was to drive the app succeeded'
has 'none can be run: its output' "$err" 'nonesuch: not found'
slimtrace build --http-probe-off --exec-file /nonexistent e2e/app
isnt 'no such script: exit status' "$rc" 0
has 'no such script: named' "$err" /nonexistent

# --- on the host ---
cat >ask <<'END'
#!/bin/bash
set -e
[[ $SLIMTRACE_PORTS == 8080 && $SLIMTRACE_IMAGE == e2e/checked && $SLIMTRACE_CONTAINER_NAME ]]
[[ $(docker inspect -f '{{.State.Pid}}' "$SLIMTRACE_CONTAINER_ID") == "$SLIMTRACE_CONTAINER_PID" ]]
[[ $SLIMTRACE_CONTAINER_IP == $(docker inspect -f '{{.NetworkSettings.IPAddress}}' "$SLIMTRACE_CONTAINER_NAME") ]]
[[ -t 0 ]] && exit 1
nsenter --net="/proc/$SLIMTRACE_CONTAINER_PID/ns/net" curl -s --noproxy '*' http://127.0.0.1:8080/
END
cp ask ask.sh
chmod 755 ask
chmod 644 ask.sh
sed -i '1d; /-t 0/d; s/\[\[.*\]\]/true/' ask.sh
slim 'host-exec' --http-probe-off --show-clogs --host-exec-file ask --host-exec-file ./ask.sh --host-exec 'echo and more' e2e/checked
is 'host-exec: it was answered' "$(grep -c '^page' <<<"$err")" 2
has 'host-exec: a line' "$err" 'and more'
has 'host-exec: what that used stays' "$(info paths e2e/checked.slim)" /www/index.html
has 'host-exec: in the summary' "$out" 'commands   3 run'
slimtrace build --http-probe-off --host-exec 'echo broken; exit 9' e2e/app
is 'host-exec: none succeeds: exit status' "$rc" 7
has 'host-exec: none succeeds: why' "$err" '  broken'
slim 'host-exec: forced' --force --http-probe-off --host-exec 'exit 9' e2e/app
slim 'host-exec: a child that stays does not hold it' --http-probe-off --host-exec 'sleep 300 & echo $! >child' e2e/app
kill "$(<child)" 2>/dev/null

# --- the health check ---
slim 'health' --http-probe-off --continue-after healthy e2e/checked
is 'health: its files stay' "$(kept e2e/checked.slim)" '/data/health '
has 'health: its programs are told apart' "$(entries e2e/checked health)" 'cat /data/health'
has 'health: it counts' "$out" 'the health check succeeded'
slim 'health: not a command of the user' --http-probe-off --continue-after healthy --exclude-exec-paths --exec 'cat /data/one' e2e/checked
is 'health: so it stays' "$(kept e2e/checked.slim)" '/data/health '
slim 'health and probe' --continue-after 'healthy&probe' e2e/checked
has 'health and probe: both' "$out" '1 of 1 HTTP calls'
ok 'health: the slim image is healthy' test "$(docker run -d --rm --name e2e-h --health-interval 1s e2e/checked.slim)"
healthy() { [[ $(docker inspect -f '{{.State.Health.Status}}' e2e-h) == healthy ]]; }
ok 'health: says the engine' until_true 20 healthy
docker rm -f e2e-h >/dev/null
slim 'sick' --http-probe-off --start-timeout 2 --continue-after 1 e2e/sick
has 'sick: told' "$err" "the image's health check ended with exit status 1"
slimtrace build --http-probe-off --continue-after healthy e2e/app
is 'no health check to wait for' "$rc" 2

# --- when it is over ---
start=$SECONDS
slim 'settled' --http-probe-off --continue-after settled:2 e2e/app
ok 'settled: not at once' test $((SECONDS - start)) -ge 2
has 'settled: to the end' "$(kept e2e/app.slim)" /data/goodbye
slim 'together' --http-probe-off --continue-after '1&exec&settled:1' --exec 'cat /data/one' e2e/app
has 'together: all of it' "$(kept e2e/app.slim)" /data/one
slim 'the end comes first' --http-probe-off --continue-after '300&settled' --entrypoint /once --cmd /data/one e2e/app
for bad in 'enter&probe' sometimes '' 'exec&' 'settled:x' 0 '&1' host-exec exec; do
	slimtrace build --continue-after "$bad" e2e/app
	is "wrong: '$bad'" "$rc" 2
done
slimtrace build --continue-after enter e2e/app
for word in signal probe exec host-exec exit healthy settled timeout seconds; do has "enter: what else: $word" "$err" "$word"; done
slim '--keep-container' --http-probe-off --continue-after 1 --keep-container e2e/app
id=$(docker ps -aq)
is '--keep-container: it is there' "$(docker inspect -f '{{.State.Running}}' "$id")" false
has '--keep-container: said' "$err" "$id"
slim 'a run after that' --http-probe-off --continue-after 1 e2e/app
slimtrace clean
is '--keep-container: still there' "$(docker ps -aq)" "$id"
slimtrace clean --all
has 'clean --all' "$out" 'removed 1 container,'

# --- too little ---
slimtrace build --http-probe-off --continue-after 1 --entrypoint /bin/sleep --cmd 100 e2e/app
is 'next to nothing: exit status' "$rc" 7
has 'next to nothing: said' "$err" 'nothing shows that it worked'
slim 'next to nothing: --force' --force --http-probe-off --continue-after 1 --entrypoint /bin/sleep --cmd 100 e2e/app
printf 'FROM scratch\nCOPY root /\n' | image e2e/bare
slimtrace build e2e/bare
is 'no command: exit status' "$rc" 7
has 'no command: what to do' "$err" '--cmd'
is 'nothing is left behind' "$(leftovers)" ''
done_testing
