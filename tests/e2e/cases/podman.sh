# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# Podman through its Docker-compatible socket, with crun: the same runs, the same images as with Docker.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=../../../tools/lib/say.sh
. "$e2e/../../tools/lib/say.sh"
# shellcheck source=../../../tools/lib/packages.sh
. "$e2e/../../tools/lib/packages.sh"
# shellcheck source=../../../tools/lib/engine.sh
. "$e2e/../../tools/lib/engine.sh"
# shellcheck source=../../lib/podman.sh
. "$e2e/../lib/podman.sh"

(packages_install 'the Podman test' "${packages_podman[@]}") >install.log 2>&1 ||
	skip_all "Podman cannot be installed: $(tail -n 1 install.log)"

trap podman_stop EXIT
podman_start "$SCRATCH/podman" || {
	echo "Bail out! no Podman"
	exit 1
}
docker() { command docker -H "unix://$PODMAN_SOCKET" "$@"; }

context
busybox_rootfs
ln -s busybox context/root/bin/wget
prog webserver once
for name in health one two; do put "data/$name" "the $name"; done
put www/index.html 'page'
put data/file 'the file'
DOCKER_BUILDKIT=0 command docker build -q -t e2e/checked -f - context >build.log 2>&1 <<'END'
FROM scratch
COPY root /
ENV PATH=/bin
EXPOSE 8080
HEALTHCHECK --interval=1h CMD cat /data/health && wget -qO /dev/null http://127.0.0.1:8080/
CMD ["/webserver"]
END
DOCKER_BUILDKIT=0 command docker build -q -t e2e/once -f - context >>build.log 2>&1 <<'END'
FROM scratch
COPY root /
CMD ["/once"]
END
E2E_DOCKER=$DOCKER_HOST
command docker save e2e/checked e2e/once | "${podman[@]}" load >load.log 2>&1
has 'images are there' "$(docker images)" localhost/e2e/checked
run() { podman_run --rm "$@" 2>&1; }

export DOCKER_HOST=unix://$PODMAN_SOCKET
slimtrace version
has 'version: the engine' "$out" "engine     $(podman version -f '{{.Version}}' | head -n 1)"
has 'version: its API' "$out" 'API 1.41, using 1.41'

# --- build ---
slim 'a server' --network none e2e/checked
has 'a server: probed' "$out" '1 of 1 HTTP calls answered'
has 'a server: its health check too' "$out" 'the health check succeeded'
record=$(find "$state" -name record.json)
is 'a server: what runs it, told apart' "$(jq -r '[.programs[] | .entry] | unique | join(" ")' "$record")" 'entrypoint health'
is 'a server: nothing of the runtime' "$(jq -r '[.programs[].exe | select(test("crun|conmon"))] | length' "$record")" 0
has 'a server: the slim image is there' "$(docker images)" localhost/e2e/checked.slim
docker save localhost/e2e/checked.slim | command docker -H "$E2E_DOCKER" load >load.log 2>&1
podman_id=$(docker image inspect -f '{{.Id}}' localhost/e2e/checked.slim)
DOCKER_HOST=$E2E_DOCKER slim 'the same with Docker' --network none e2e/checked
is 'the same with Docker: one image' "$podman_id" "$(command docker -H "$E2E_DOCKER" image inspect -f '{{.Id}}' e2e/checked.slim)"

slim 'a command' --network none --http-probe-off --exec 'cat /data/two' --entrypoint /webserver e2e/once
has 'a command: its file stays' "$(info paths localhost/e2e/once.slim)" /data/two
slimtrace info localhost/e2e/once.slim
is 'info: exit status' "$rc" 0
has 'info: what it is' "$out" e2e/once.slim
slim 'to its end' --http-probe-off --network none e2e/once
is 'to its end: the slim image works' "$(run localhost/e2e/once.slim)" 'the file'
slim 'named in full' --http-probe-off --network none --tag localhost/e2e/other:1 localhost/e2e/once:latest
has 'named in full' "$(docker images)" localhost/e2e/other

# --- profile ---
slimtrace profile --http-probe-off --network none e2e/once
is 'profile: exit status' "$rc" 0
profile=$(find "$state" -name '*seccomp*.json' -newer load.log | grep once | head -n 1)
ok 'profile: a seccomp profile' test -s "$profile"
is 'profile: the image runs under it' "$(run --security-opt "seccomp=$profile" localhost/e2e/once)" 'the file'

# --- errors ---
slimtrace build e2e/absent
is 'no such image: exit status' "$rc" 5
slimtrace build --http-probe-off --network none --entrypoint /absent e2e/once
is 'no such program: exit status' "$rc" 7
is 'nothing is left behind' "$(leftovers)" ''

# --- the lines of the page, where no engine listens but that which the first of them starts ---
"${podman[@]}" tag e2e/once my/app
podman_stop
mkdir bin
printf '#!/bin/sh\nexec "%s" --state-path "%s" "$@"\n' "$SLIMTRACE" "$state" >bin/slimtrace
printf '#!/bin/sh\nexec "$@"\n' >bin/sudo
chmod +x bin/*
sed "s|\[engine\]|&\ntmp_dir = \"$SCRATCH/podman/tmp\"|" "$CONTAINERS_CONF" >containers.conf
printf '[storage]\ndriver = "overlay"\ngraphroot = "%s"\nrunroot = "%s"\n' "$SCRATCH/podman/root" "$SCRATCH/podman/run" >storage.conf
awk 'sub(/^    sudo /, "sudo ")' "$e2e/../../docs/engines.md" >page.sh
is 'the page has these lines' "$(cut -d' ' -f2 page.sh | tr '\n' ' ')" 'mkdir podman slimtrace '
# shellcheck disable=SC2016 # the inner shells'
ok 'the lines of the page' env -u DOCKER_HOST PATH="$PWD/bin:$PATH" CONTAINERS_CONF="$PWD/containers.conf" \
	CONTAINERS_STORAGE_CONF="$PWD/storage.conf" unshare --net --mount --propagation private bash -euc '
	exec >page.out 2>&1
	ip link set lo up
	umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mount -t tmpfs tmpfs /run
	eval "$(head -n 2 page.sh)"
	trap "kill $!" EXIT
	timeout 30 sh -c "until test -S /run/podman/podman.sock; do sleep 0.1; done"
	eval "$(tail -n 1 page.sh)"'
has 'the lines of the page: the image' "$(<page.out)" 'my/app.slim'
done_testing
