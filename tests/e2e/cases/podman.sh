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

(packages_install 'the Podman test' "${packages_podman[@]}") >install.log 2>&1 ||
	skip_all "Podman cannot be installed: $(tail -n 1 install.log)"

# Storage, mount point of cgroups and network are its own; limits are below those that we have.
dir=$SCRATCH/podman
mkdir -p "$dir/cni"
cat >"$dir/containers.conf" <<END
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
[engine.runtimes]
crun = ["$(engine_crun "$dir/crun")"]
[network]
network_config_dir = "$dir/cni"
END
export CONTAINERS_CONF=$dir/containers.conf
podman=(podman --root "$dir/root" --runroot "$dir/run" --tmpdir "$dir/tmp")
# shellcheck disable=SC2016 # the inner shell's
setsid unshare --net --mount --propagation private sh -c 'ip link set lo up
	umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"' sh \
	"${podman[@]}" system service --time 0 "unix://$dir/sock" >"$dir/log" 2>&1 </dev/null &
service=$!
cleanup() {
	"${podman[@]}" rm -af >/dev/null 2>&1
	kill "$service" 2>/dev/null
	wait "$service" 2>/dev/null
	umount "$dir/root/overlay" 2>/dev/null
}
trap cleanup EXIT
if ! until_true 30 curl -fs --unix-socket "$dir/sock" http://podman/_ping; then
	echo "Bail out! Podman does not start: $(tail -n 3 "$dir/log")"
	exit 1
fi
docker() { command docker -H "unix://$dir/sock" "$@"; }

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
run() { timeout 60 nsenter --net --mount --target "$service" "${podman[@]}" run --rm --pull never --network none "$@" 2>&1; }

export DOCKER_HOST=unix://$dir/sock
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
done_testing
