# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Debian's docker-registry, in the engine's network namespace, each with a port and a folder of its own.
# Sourced by cases, after lib.sh.
# shellcheck disable=SC2034,SC2154 # rc, out and err are read by the cases, state is lib.sh's

registry_pids=()
registry_curl=() # options that curl needs to be let in
socket=${DOCKER_HOST#unix://}
engine_pid=$(cat "${socket%/*}/docker.pid" 2>/dev/null) || engine_pid=self # with E2E_HOST: this very one
inside() { nsenter --net="/proc/$engine_pid/ns/net" "$@"; }

# registry COMMAND...: as slimtrace() of lib.sh, where the registries are
registry() {
	rc=0
	inside timeout --kill-after=20 120 "$SLIMTRACE" --state-path "$state" "$@" \
		>"$SCRATCH/stdout" 2>"$SCRATCH/stderr" </dev/null || rc=$?
	out=$(<"$SCRATCH/stdout") err=$(<"$SCRATCH/stderr")
}

free_port() { inside python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
answers() { [[ $(inside curl -sk "${registry_curl[@]}" --noproxy '*' -o /dev/null -w '%{http_code}' "$1") != 000 ]]; }

# serve COMMAND...: in the background, ended with the case; $served_pid
serve() {
	setsid nsenter --net="/proc/$engine_pid/ns/net" "$@" </dev/null &
	served_pid=$!
	registry_pids+=("$served_pid")
}

# registry_start NAME PORT [LINE...]: lines of its configuration, below http: and beside it
registry_start() {
	local name=$1 port=$2 scheme=http line
	shift 2
	mkdir -p "$name"
	{
		printf '%s\n' 'version: 0.1' 'log: {level: warn}' "storage: {filesystem: {rootdirectory: $PWD/$name}}" \
			'http:' "  addr: 127.0.0.1:$port"
		for line in "$@"; do printf '%s\n' "$line"; done
	} >"$name.yml"
	! grep -q ' tls:' "$name.yml" || scheme=https
	serve docker-registry serve "$PWD/$name.yml" >>"$name.log" 2>&1
	if ! until_true 20 answers "$scheme://127.0.0.1:$port/v2/"; then
		echo "Bail out! no registry $name: $(tail -n 3 "$name.log")"
		exit 1
	fi
}

registries_stop() {
	local pid
	for pid in "${registry_pids[@]}"; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
}
trap registries_stop EXIT

# With the lines that Debian's docker writes for every image that it could not fetch left out.
docker_push() { docker push -q "$1" >>push.log 2>&1 || { echo "Bail out! docker push $1: $(tail -n 2 push.log)"; exit 1; }; }
