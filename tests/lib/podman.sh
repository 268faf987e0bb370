# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A Podman of our own for the time of one script, with crun. Sourced, after say.sh and engine.sh:
#
#	trap podman_stop EXIT
#	podman_start DIR	# DIR has its storage, configuration and log; exports CONTAINERS_CONF
#	"${podman[@]}" load	# its command line, for what needs no container
#	podman_run ARGS...	# podman run, where containers can be
#
# Its service answers at $PODMAN_SOCKET. It is in a network namespace of its own, where it finds no Docker to
# meet, and sees nothing but cgroup2, which crun insists on. Limits are below those that we have.
# shellcheck disable=SC2034 # PODMAN_SOCKET is for the scripts that source this

PODMAN_SOCKET=''
podman=()
podman_dir=''
podman_service=''

podman_start() {
	podman_dir=$1 PODMAN_SOCKET=$1/sock
	podman=(podman --root "$1/root" --runroot "$1/run" --tmpdir "$1/tmp")
	mkdir -p "$podman_dir/cni"
	cat >"$podman_dir/containers.conf" <<-END
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
		log_driver = "k8s-file"
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		runtime = "crun"
		[engine.runtimes]
		crun = ["$(engine_crun "$podman_dir/crun")"]
		[network]
		network_config_dir = "$podman_dir/cni"
	END
	export CONTAINERS_CONF=$podman_dir/containers.conf
	# shellcheck disable=SC2016 # the inner shell's
	setsid unshare --net --mount --propagation private sh -c 'ip link set lo up
		umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"' sh \
		"${podman[@]}" system service --time 0 "unix://$PODMAN_SOCKET" >"$podman_dir/log" 2>&1 </dev/null &
	podman_service=$!
	engine_wait $! 30 curl -fs -o /dev/null --unix-socket "$PODMAN_SOCKET" http://podman/_ping && return
	say "Podman does not start: $(tail -n 3 "$podman_dir/log")"
	return 1
}

podman_run() { timeout 60 nsenter --net --mount --target "$podman_service" "${podman[@]}" run --pull never --network none "$@"; }

podman_stop() {
	[[ $podman_service ]] || return 0
	"${podman[@]}" rm -afv >/dev/null 2>&1 || true
	engine_end "$podman_service"
	podman_service=''
	umount "$podman_dir/root/overlay" 2>/dev/null || true
}
