# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A Dockerfile built again without what makes content has to give the same configuration.

# Without the instructions that make content, the lines that they go on in, and here-documents.
skeleton() {
	awk 'heredoc { if ($0 == heredoc) heredoc = ""; next }
		more { more = /\\$/; next }
		/^# syntax=/ { next }
		/^(RUN|COPY|ADD) / {
			more = /\\$/
			if ($1 == "RUN" && match($0, /<<[A-Za-z0-9_]+/)) heredoc = substr($0, RSTART + 2, RLENGTH - 2)
			next
		}
		{ print }'
}

# normal: a configuration without what is empty, of whatever engine, in one order.
normal() {
	jq -cS '{User, ExposedPorts, Env: (.Env // [] | sort), Entrypoint, Cmd, Volumes, WorkingDir, Labels,
		StopSignal, Healthcheck, OnBuild, Shell: (if .Shell == ["/bin/sh", "-c"] then null else .Shell end)}
		| with_entries(select(.value | . != null and . != "" and . != [] and . != {}))'
}

# config_built FILE TAG: the configuration of what the skeleton of a Dockerfile makes; a build log on stderr if it does not
config_built() {
	local log
	log=$(skeleton <"$1" | DOCKER_BUILDKIT=0 docker build -q -t "$2" - 2>&1) || { echo "$log" >&2; return 1; }
	docker image inspect "$2" | jq '.[0].Config' | normal
}
