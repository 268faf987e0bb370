# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# docker run's options: the container is as docker run would make it; nothing of them gets into the image.
. "$(dirname "$0")/../lib.sh"

context
busybox_rootfs
prog webserver
for tool in tee df pwd hostname grep wget wc; do ln -s busybox "context/root/bin/$tool"; done
put www/index.html 'page'
put data/file 'the file'
put vol/inside 'of the image'
image e2e/box <<'END'
FROM scratch
COPY root /
ENV PATH=/bin KEPT=1
VOLUME /vol
CMD ["cat", "/data/file"]
END
config() { docker image inspect -f '{{json .Config}}' "$1"; }

# shows NAME SCRIPT OPTIONS...: what SCRIPT prints in the container, in $err
shows() {
	local name=$1 script=$2
	shift 2
	slim "$name" --http-probe-off --show-clogs --entrypoint /bin/sh --cmd "-c '$script'" "$@" e2e/box
	same "$name: nothing of it is in the image" "$(config e2e/box.slim)" "$(config e2e/box)"
}

printf '# for a test\nFILED=from a file\nKEPT\n' >vars
SECOND=ours shows 'variables' 'env' --env-file vars -e ONE=1 -e SECOND --env KEPT=2
for line in 'FILED=from a file' 'ONE=1' 'SECOND=ours' 'KEPT=2'; do has "variables: $line" "$err" "$line"; done
is 'variables: each once' "$(grep -c '^KEPT=' <<<"$err")" 1

echo 'of the host' >hostfile
shows 'mounts' 'cat /m/v /m/bind; df /m/tmp; echo x >/anon/new' -v "$PWD/hostfile:/m/v:ro" -v /anon \
	--mount "type=bind,source=$PWD/hostfile,target=/m/bind,readonly" --mount type=tmpfs,target=/m/tmp,tmpfs-size=1m
is 'mounts: both' "$(grep -c '^of the host' <<<"$err")" 2
matches 'mounts: tmpfs of that size' "$err" 'tmpfs +1024 '
is 'mounts: never baked in' "$(info paths e2e/box.slim | grep -E '^/(m|anon)')" ''
is 'mounts: the anonymous volume is gone' "$(docker volume ls -q)" ''

shows 'identity' 'id -u; pwd; hostname' --user 12 --workdir /data --hostname boxed
is 'identity: user' "$(grep -cx 12 <<<"$err")" 1
has 'identity: working directory' "$err" $'\n/data\n'
shows 'network' 'cat /etc/hosts /etc/resolv.conf' --etc-hosts-map db:10.1.2.3 --container-dns 10.9.8.7 --container-dns-search corp.test
matches 'network: hosts' "$err" '10\.1\.2\.3.*db'
has 'network: DNS' "$err" 'nameserver 10.9.8.7'
has 'network: search' "$err" 'search corp.test'

shows 'rights' 'cat /proc/self/status /proc/1/comm /proc/sys/net/core/somaxconn; df /dev/shm; echo x >/data/new; true' \
	--read-only --cap-drop ALL --cap-add CHOWN --security-opt no-new-privileges --init --cro-sysctl net.core.somaxconn=77 \
	--cro-shm-size 3m
matches 'rights: capabilities' "$err" 'CapBnd:[[:space:]]0+1'
matches 'rights: no new privileges' "$err" 'NoNewPrivs:[[:space:]]1'
has 'rights: read-only' "$err" 'ead-only file system'
matches 'rights: init' "$err" $'\n(docker-init|tini)\n'
has 'rights: sysctl' "$err" $'\n77\n'
matches 'rights: shm' "$err" 'shm +3072 '
docker_status() { docker run --rm --entrypoint /bin/sh "$@" -c 'grep -E "^(Cap|Seccomp|NoNew)" /proc/self/status'; }
profile=$PWD/seccomp.json
echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["chmod"], "action": "SCMP_ACT_ERRNO"}]}' >"$profile"
shows 'seccomp' 'grep -E "^(Cap|Seccomp|NoNew)" /proc/self/status' --security-opt "seccomp=$profile" --cap-drop NET_RAW
while read -r line; do has "seccomp: ${line%%:*}" "$err" "$line"; done \
	< <(docker_status --security-opt "seccomp=$profile" --cap-drop NET_RAW e2e/box)

echo '{"Memory": 67108864, "Tmpfs": {"/tmpfs": "size=2m"}, "AutoRemove": true, "RestartPolicy": {"Name": "always"}}' >host.json
shows 'HostConfig' 'df /tmpfs' --cro-host-config-file host.json
matches 'HostConfig: what the file says' "$err" 'tmpfs +2048 '
slimtrace build --http-probe-off --cro-runtime nonesuch e2e/box
has '--cro-runtime: reaches the engine' "$err" nonesuch
slimtrace build --http-probe-off --gpus all e2e/box
isnt '--gpus: reaches the engine, which has none' "$rc" 0
matches '--gpus: said so' "$err" '[Gg][Pp][Uu]'

shows 'stdin' 'cat; echo end of input' --stdin hostfile
has 'stdin: its content' "$err" 'of the host'
has 'stdin: its end' "$err" 'end of input'
head -c 3000000 /dev/zero | tr '\0' x >big
shows 'long stdin' 'tee /dev/null | cat | wc -c' --stdin big
has 'long stdin: all of it' "$err" 3000000
shows 'no stdin' 'cat; echo end of input'
has 'no stdin: none' "$err" 'end of input'
shows 'a terminal' 'test -t 1 && echo is a terminal' -t
has 'a terminal: there' "$err" 'is a terminal'
shows 'none' 'test -t 1 || echo no terminal'
has 'none: there' "$err" 'no terminal'

slim 'an empty entrypoint' --http-probe-off --show-clogs --entrypoint '' --cmd '["cat", "/data/file"]' e2e/box
has 'an empty entrypoint: the command runs' "$err" 'the file'
slimtrace build --http-probe-off --entrypoint '' e2e/box
is 'an entrypoint taken away leaves no command' "$rc" 7

# --- ports and networks ---
docker network create e2e-net >/dev/null
db=$(docker run -d --network e2e-net --name e2e-db --entrypoint /webserver e2e/box)
# shellcheck disable=SC2016 # the shell of --host-exec expands it
slim 'a network and a link' --network e2e-net --link e2e-db:store --entrypoint /bin/sh \
	--cmd "-c 'wget -qO- http://store:8080/ && exec /webserver 9000'" --expose 9000 \
	--publish-port 127.0.0.1:18473:9000 --label mine=yes --show-clogs \
	--host-exec 'docker inspect -f "label {{.Config.Labels.mine}} ports {{json .NetworkSettings.Ports}}" $SLIMTRACE_CONTAINER_ID' e2e/box
has 'a link: reached' "$err" page
has 'a label' "$err" 'label yes'
has 'a published port' "$err" '18473'
has 'the exposed port is probed' "$out" '1 of 1 HTTP calls'
docker rm -fv "$db" >/dev/null
docker network rm e2e-net >/dev/null
slim 'published ports' -P --expose 8080 --entrypoint /webserver --cmd 8080 --show-clogs --host-exec 'env' e2e/box
matches 'published ports: the address of one' "$err" 'SLIMTRACE_PORT_8080_TCP=127.0.0.1:[0-9]+'

for bad in '--publish-port x' '--expose x' '--mount type=x,y' '--env-file /nonexistent' '--cro-sysctl x' '--label =x' \
	'--label io.slimtrace.owner=me' '--etc-hosts-map x' '--gpus none' '--cro-host-config-file vars' '--security-opt x'; do
	# shellcheck disable=SC2086 # two words
	slimtrace build --http-probe-off $bad e2e/box
	is "wrong: $bad: exit status" "$rc" 2
	has "wrong: $bad: named" "$err" "${bad%% *}"
done
is 'nothing is left behind' "$(leftovers)" ''
done_testing
