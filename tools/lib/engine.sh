# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A Docker engine of our own for the time of one script. Sourced, after say.sh:
#
#	trap engine_stop EXIT
#	engine_start [--outside]	# exports DOCKER_HOST
#
# Nothing is shared with an engine that may already run on this machine: data, sockets, pid files,
# cgroups and containerd are under one directory and one name, and the network namespace is its own,
# so neither bridges nor packet filters can meet. (Two engines in one network namespace fight over
# docker0.) The namespace lives as long as containerd, which was started in it.
# --outside: containers can reach what this machine can reach, through slirp4netns, which needs no
# routing or filter rule in the host's own namespace.
#
# ENGINE_DIR is that directory; engine.log and containerd.log in it tell what went wrong.

ENGINE_DIR=''
engine_pids=() # slirp4netns, containerd, dockerd, in the order of their start

# engine_answers: whether the engine that the environment names (or the default one) is there.
engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

engine_start() {
	local outside=''
	[[ ${1:-} == --outside ]] && outside=1
	engine_check_tools "$outside" || return 1
	engine_reap
	ENGINE_DIR=$(mktemp -d /var/tmp/slimtrace-engine.XXXXXX)
	echo $$ >"$ENGINE_DIR/owner"
	engine_start_containerd && engine_start_slirp "$outside" && engine_start_dockerd && return
	say "the private engine did not start; the ends of its logs:"
	tail -n 15 "$ENGINE_DIR"/*.log >&2 || true
	engine_stop
	return 1
}

engine_check_tools() {
	local tool missing=''
	for tool in dockerd containerd docker ip unshare nsenter ${1:+slirp4netns}; do
		have "$tool" || missing+=" $tool"
	done
	[[ -z $missing ]] && return
	say "missing for an engine of our own:$missing (Debian: docker.io iproute2 util-linux slirp4netns)"
	return 1
}

engine_start_containerd() {
	local dir=$ENGINE_DIR
	cat >"$dir/containerd.toml" <<-END
		version = 2
		root = "$dir/containerd"
		state = "$dir/containerd-run"
		disabled_plugins = ["io.containerd.grpc.v1.cri"]
		[grpc]
		  address = "$dir/containerd.sock"
		[plugins."io.containerd.internal.v1.opt"]
		  path = "$dir/opt"
	END
	# shellcheck disable=SC2016 # the inner shell's $1
	setsid unshare --net sh -c 'ip link set lo up && exec containerd --config "$1"' sh "$dir/containerd.toml" \
		>"$dir/containerd.log" 2>&1 </dev/null &
	engine_pids+=($!)
	engine_wait $! 30 test -S "$dir/containerd.sock"
}

engine_start_slirp() {
	[[ $1 ]] || return 0
	setsid slirp4netns --api-socket "$ENGINE_DIR/slirp.sock" --configure --mtu=1400 --disable-host-loopback "${engine_pids[0]}" tap0 \
		>"$ENGINE_DIR/slirp.log" 2>&1 </dev/null &
	engine_pids+=($!)
	engine_wait $! 10 engine_has_route
}

engine_has_route() { [[ $(nsenter --net="/proc/${engine_pids[0]}/ns/net" ip route show default) ]]; }

# engine_crun FILE: prints the path of a crun that works here. With cgroup v2 it insists on raising its limit of
# locked memory (for a filter of devices) and on every controller that a limit would want. Where either cannot
# be, that is FILE, made here, whose containers have no limits.
engine_crun() {
	local path
	path=$(command -v crun)
	if ! prlimit --memlock=unlimited true 2>/dev/null || ! grep -qsw io /sys/fs/cgroup/cgroup.controllers; then
		cat >"$1" <<-END
			#!/bin/bash
			for ((i = 1; i < \$#; i++)); do
			        [[ \${!i} == --bundle ]] || continue
			        i=\$((i + 1)) config=\${!i}/config.json
			        jq 'del(.linux.resources)' "\$config" >"\$config.new" && mv "\$config.new" "\$config"
			        break
			done
			exec $path "\$@"
		END
		chmod 755 "$1"
		path=$1
	fi
	echo "$path"
}

engine_start_dockerd() {
	local dir=$ENGINE_DIR
	echo '{}' >"$dir/daemon.json"
	! have crun || printf '{"runtimes": {"crun": {"path": "%s"}}}\n' "$(engine_crun "$dir/crun")" >"$dir/daemon.json"
	export DOCKER_HOST=unix://$dir/docker.sock
	unset DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH
	setsid nsenter --net="/proc/${engine_pids[0]}/ns/net" dockerd --config-file "$dir/daemon.json" -H "$DOCKER_HOST" --pidfile "$dir/docker.pid" \
		--data-root "$dir/data" --exec-root "$dir/run" --containerd "$dir/containerd.sock" \
		--exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/${dir##*/}" \
		>"$dir/engine.log" 2>&1 </dev/null &
	engine_pids+=($!)
	engine_wait $! 60 engine_answers
}

# engine_wait PID SECONDS COMMAND...: until COMMAND succeeds; fails when PID ends or time is over.
engine_wait() {
	local pid=$1 end=$((SECONDS + $2))
	shift 2
	until "$@"; do
		kill -0 "$pid" 2>/dev/null && ((SECONDS < end)) || return 1
		sleep 0.1
	done
}

# May be called twice, and when the start failed half way.
engine_stop() {
	local i dir=$ENGINE_DIR
	[[ $dir ]] || return 0
	ENGINE_DIR=''
	if [[ -S $dir/docker.sock ]]; then
		engine_remove_containers "unix://$dir/docker.sock"
	fi
	for ((i = ${#engine_pids[@]} - 1; i >= 0; i--)); do
		engine_end "${engine_pids[i]}"
	done
	engine_pids=()
	engine_clean "$dir"
	[[ ${DOCKER_HOST:-} != "unix://$dir/docker.sock" ]] || unset DOCKER_HOST
}

engine_remove_containers() {
	local -a ids
	mapfile -t ids < <(timeout 20 docker -H "$1" ps -aq 2>/dev/null)
	((${#ids[@]} == 0)) || timeout 60 docker -H "$1" rm -fv "${ids[@]}" >/dev/null 2>&1 || true
}

# engine_end PID: ask, wait, insist.
engine_end() {
	local pid=$1 end=$((SECONDS + 20))
	kill -TERM "$pid" 2>/dev/null || true
	while engine_alive "$pid"; do
		((SECONDS < end)) || kill -KILL "$pid" 2>/dev/null || true
		sleep 0.1
	done
	wait "$pid" 2>/dev/null || true
}

# A zombie that nobody reaps yet is not alive.
engine_alive() { [[ $(ps -o stat= -p "$1" 2>/dev/null) == [^Z]* ]]; }

# engine_clean DIR: what the processes may have left: shims, mounts, cgroups, files.
engine_clean() {
	local dir=$1 pid target
	for pid in $(pgrep -f -- "-address $dir/containerd.sock" || true); do engine_end "$pid"; done
	awk -v d="$dir/" 'index($5, d) == 1 {print $5}' /proc/self/mountinfo | sort -r | while read -r target; do
		umount "$target" 2>/dev/null || umount -l "$target" 2>/dev/null || true
	done
	find /sys/fs/cgroup -maxdepth 2 -type d -name "${dir##*/}" 2>/dev/null | while read -r target; do
		find "$target" -depth -type d -exec rmdir {} + 2>/dev/null || true
	done
	rm -rf --one-file-system "$dir"
	rmdir /run/containerd/s /run/containerd 2>/dev/null || true
}

# Engines whose script was killed before it could clean up.
engine_reap() {
	local dir pid
	for dir in /var/tmp/slimtrace-engine.*/; do
		dir=${dir%/}
		[[ -f $dir/owner ]] || continue
		engine_alive "$(<"$dir/owner")" && continue
		say "removing what an interrupted run left: $dir"
		[[ -S $dir/docker.sock ]] && engine_remove_containers "unix://$dir/docker.sock"
		for pid in $(pgrep -f -- "$dir/(daemon.json|containerd.toml|slirp.sock)" || true); do engine_end "$pid"; done
		engine_clean "$dir"
	done
}
