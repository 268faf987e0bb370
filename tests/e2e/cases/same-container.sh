# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# The traced container is the one that `docker run` would have started: a process in it sees the same.
. "$(dirname "$0")/../lib.sh"

context
prog selfview
mkdir -p context/root/work/dir
image e2e/self <<'END'
FROM scratch
COPY root /
ENV FROM_IMAGE="a value"
VOLUME /vol
STOPSIGNAL SIGINT
EXPOSE 8080
ENTRYPOINT ["/selfview"]
CMD ["--from", "image"]
END

# IDs, inode numbers and overlay directories differ between any two containers. So does the order of
# variables given with -e: docker's client keeps them in a Go map (ParseProxyConfig in its run.go).
normalise() {
	local host
	sed -n 's/^self: //p' | tr -d '\r' >lines
	host=$(sed -n 's/^hostname //p' lines)
	sed -E -e "s/\\b${host:-none}\\b/HOST/g" -e 's/\b[0-9a-f]{64}\b/ID/g' \
		-e 's/^(.*mountinfo: )[0-9]+ [0-9]+ [0-9]+:[0-9]+/\1/' \
		-e 's/(lowerdir|upperdir|workdir)=[^, ]*/\1/g' -e 's/pipe:\[[0-9]+\]/pipe/' -e 's/master:[0-9]+/master:N/' lines >same
	grep -v '^env: ' same
	grep '^env: ' same | sort
}

compare() { # NAME "DOCKER RUN OPTIONS" "SLIMTRACE OPTIONS" [COMMAND...]
	local name=$1 plain traced
	local -a run build
	read -ra run <<<"$2"
	read -ra build <<<"$3"
	shift 3
	plain=$(docker run --rm "${run[@]}" e2e/self "$@" </dev/null | normalise)
	slim "$name" --show-clogs --http-probe-off --continue-after exit "${build[@]}" e2e/self
	traced=$(normalise <<<"$err")
	ok "$name: it shows much" test "$(wc -l <<<"$plain")" -gt 100
	same "$name: the same container" "$traced" "$plain"
}

compare 'as it is' '' ''
more='--mount /etc/debian_version:/mnt/version:ro --entrypoint /selfview --cmd /other'
compare 'with options' \
	'-e A=1 -e B= -u 7:8 -w /work/dir -h somehost -v /etc/debian_version:/mnt/version:ro --entrypoint /selfview' \
	"--env A=1 --env B= --user 7:8 --workdir /work/dir --hostname somehost $more" /other
compare 'without a network' '--network none' '--network none'

mkdir hostdir
slim 'relative mount' --show-clogs --http-probe-off --mount ./hostdir:/mnt/here e2e/self
has 'a relative directory is mounted' "$err" ' /mnt/here '
is 'nothing is left behind' "$(leftovers)" ''
done_testing
