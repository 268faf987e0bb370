# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# The slim image's configuration is the original's, but for its layers and their history.
. "$(dirname "$0")/../lib.sh"

context
prog once
put data/file 'the file'
put data/health 'healthy'
image e2e/config <<'END'
FROM scratch
COPY root /
LABEL one="1" "org.example.two"="<two> & \"quotes\", ünïcode"
ENV PATH=/ A="a b" EMPTY="" ODD="x=y\$z"
USER 12:34
WORKDIR /data
VOLUME ["/data/vol", "/var/lib/x"]
EXPOSE 8080 9090/udp
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=7s --timeout=3s --retries=2 CMD ["/once", "/data/health"]
SHELL ["/bin/other", "-c"]
ONBUILD COPY more /more
ENTRYPOINT ["/once"]
CMD ["file"]
END

slim 'all there is' --http-probe-off --env EXTRA=1 --user 0 --cmd /data/file e2e/config
same 'the configuration is the same' "$(info config e2e/config.slim)" "$(info config e2e/config)"
is 'nothing of the run is in it' "$(docker image inspect e2e/config.slim | grep -c EXTRA)" 0
is 'one layer' "$(info history e2e/config.slim | jq '.rootfs.diff_ids | length')" 1
is 'one entry of history that is a layer' \
	"$(info history e2e/config.slim | jq '[.history[] | select(.empty_layer != true)] | length')" 1
is 'it starts as configured' "$(run_image e2e/config.slim)" 'the file'
has "the health check's file stays, being an argument of it" "$(info paths e2e/config.slim)" /data/health

# The same run gives the same image.
id=$(docker image inspect -f '{{.Id}}' e2e/config.slim)
slim 'again' --http-probe-off e2e/config
is 'equal input, equal image' "$(docker image inspect -f '{{.Id}}' e2e/config.slim)" "$id"
done_testing
