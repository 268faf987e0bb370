# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# The HTTP probe reaches the app on any network and any address, with nothing published.
. "$(dirname "$0")/../lib.sh"

context
prog webserver wait
put www/index.html 'page index'
image e2e/web <<'END'
FROM scratch
COPY root /
CMD ["/webserver"]
END
network=e2e-network-$$
docker network create "$network" >/dev/null
docker network create --ipv6 --subnet fd00:5117:ace::/64 "$network-v6" >/dev/null
docker run -d --name "$network-peer" --network "$network" --entrypoint /wait e2e/web >/dev/null

# reached NAME OPTIONS...: the page that only an answered probe makes the app open is there
reached() {
	local name=$1
	shift
	docker rmi -f e2e/web.slim >/dev/null 2>&1
	slim "$name" "$@" e2e/web
	is "$name: the app was reached" "$(info paths e2e/web.slim | grep '/www/.')" /www/index.html
}

port=18080
for net in bridge host none "$network" "$network-v6" "container:$network-peer"; do
	port=$((port + 1)) # the host's are not ours alone
	reached "$net, all addresses" --network "$net" --cmd "/webserver $port"
	reached "$net, 127.0.0.1" --network "$net" --cmd "/webserver $port /www 127.0.0.1"
	[[ $net == none ]] || reached "$net, its own address" --network "$net" --cmd "/webserver $port /www own"
	# Elsewhere Docker turns IPv6 off.
	[[ $net == host || $net == *-v6 ]] || continue
	reached "$net, IPv6 loopback" --network "$net" --cmd "/webserver $port /www ::1"
	reached "$net, all IPv6 addresses" --network "$net" --cmd "/webserver $port /www ::"
	[[ $net == host ]] || reached "$net, its own IPv6 address" --network "$net" --cmd "/webserver $port /www own6"
done

docker rm -f "$network-peer" >/dev/null
docker network rm "$network" "$network-v6" >/dev/null
is 'nothing is left behind' "$(leftovers)" ''
done_testing
