# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Debian packages by what they are needed for, and how to get those that are missing. Sourced, after
# say.sh:
#
#	packages_install 'building' "${packages_build[@]}"
# shellcheck disable=SC2034 # the lists are for the scripts that source this

# "package" or "package=command": nothing is installed for a command that is there already.
packages_build=(gcc libc6-dev make=make clang=clang bpftool=bpftool pkgconf=pkg-config libbpf-dev
	libelf-dev libcurl4-openssl-dev libarchive-dev libssl-dev libseccomp-dev libcjson-dev libxml2-dev uthash-dev zlib1g-dev)
packages_release=(libnghttp2-dev libzstd-dev libbrotli-dev libbz2-dev liblzma-dev dpkg-dev=dpkg-source)
packages_engine=(docker.io=dockerd docker.io=docker iproute2=ip procps=pgrep ca-certificates)
packages_quickstart=(curl=curl debootstrap=debootstrap)
packages_outside=(slirp4netns=slirp4netns)
packages_test=(crun=crun python3-jsonschema curl=curl nghttp2-server=nghttpd jq=jq python3=python3 busybox-static=busybox
	libcap2-bin=setcap tmux=tmux apparmor=apparmor_parser strace docker-compose=docker-compose python3-yaml
	groff-base=groff zsh=zsh fish=fish dpkg-dev=dpkg-shlibdeps lintian=lintian
	nodejs=node npm=npm chromium=chromium)
packages_registry=(docker-registry=docker-registry openssl=openssl skopeo=skopeo)
packages_archives=(skopeo=skopeo umoci=umoci podman=podman conmon=conmon crun=crun)
packages_podman=(podman=podman conmon=conmon crun=crun)
packages_vm=(qemu-system-x86=qemu-system-x86_64 cpio=cpio xz-utils=xz jq=jq busybox-static=busybox)
packages_bench=(strace fatrace python3 nodejs=node redis-server redis-tools nginx-light=nginx wrk)
packages_lint=(clang-format=clang-format clang-tidy=clang-tidy cppcheck=cppcheck shellcheck=shellcheck
	codespell=codespell universal-ctags=ctags python3=python3)
packages_fuzz=(libclang-rt-14-dev)

package_installed() {
	[[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) == ii* ]]
}

packages_missing() { # PACKAGE[=COMMAND]...
	local entry
	for entry in "$@"; do
		if [[ $entry == *=* ]] && have "${entry#*=}"; then continue; fi
		package_installed "${entry%%=*}" || echo "${entry%%=*}"
	done | sort -u
}

# packages_install WHAT-FOR PACKAGE[=COMMAND]...
packages_install() {
	local what=$1 log
	local -a missing
	shift
	mapfile -t missing < <(packages_missing "$@")
	((${#missing[@]})) || return 0
	have apt-get || die "needed for $what and not found: ${missing[*]} (only Debian's apt-get is known here)"
	say "installing for $what: ${missing[*]}"
	log=$(mktemp)
	if ! { apt-get update -qq && without_services apt-get install -y -qq --no-install-recommends \
		"${missing[@]}"; } >"$log" 2>&1 </dev/null; then
		tail -n 25 "$log" >&2
		rm -f "$log"
		say "apt-get could not install: ${missing[*]}"
		return 1
	fi
	rm -f "$log"
}

# A package's service is not started: what runs on this machine is for its owner to say.
without_services() {
	local policy=/usr/sbin/policy-rc.d rc=0
	export DEBIAN_FRONTEND=noninteractive
	if [[ -e $policy ]]; then
		"$@"
		return
	fi
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	"$@" || rc=$?
	rm -f "$policy"
	return $rc
}
