# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# Where the engine is: TLS with certificates of all kinds against a real engine, docker contexts, the usual
# sockets, API versions.
. "$(dirname "$0")/../lib.sh"

have() { command -v "$1" >/dev/null; }
have openssl || skip_all 'no openssl'

# --- certificates ---
# ca NAME
ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
		-keyout "$1-ca.key" -out "$1-ca.pem" 2>/dev/null
}

# signed CA PREFIX USAGE START END: a certificate for 127.0.0.1 (times as openssl ca has them)
signed() {
	local ca=$1 prefix=$2 usage=$3 start=$4 end=$5
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$prefix" \
		-keyout "$prefix-key.pem" -out "$prefix.csr" 2>/dev/null
	printf 'subjectAltName=IP:127.0.0.1,DNS:engine.test\nextendedKeyUsage=%s\n' "$usage" >ext
	: >index.txt
	cat >ca.conf <<-END
		[ca]
		default_ca = it
		[it]
		database = index.txt
		rand_serial = yes
		new_certs_dir = .
		default_md = sha256
		policy = any
		[any]
		commonName = supplied
	END
	openssl ca -batch -config ca.conf -cert "$ca-ca.pem" -keyfile "$ca-ca.key" -extfile ext -notext \
		-startdate "$start" -enddate "$end" -in "$prefix.csr" -out "$prefix-cert.pem" >openssl.log 2>&1
}

# files DIR CA CERT: as docker's client wants them; CERT may be empty
files() {
	mkdir -p "$1"
	cp "$2-ca.pem" "$1/ca.pem"
	[[ -z $3 ]] || { cp "$3-cert.pem" "$1/cert.pem" && cp "$3-key.pem" "$1/key.pem"; }
}

past=20200101000000Z ago=20200102000000Z future=20991231000000Z
ca good
ca other
signed good server serverAuth $past $future
signed good expired-server serverAuth $past $ago
signed good client clientAuth $past $future
signed good expired clientAuth $past $ago
signed other stranger clientAuth $past $future
if ! [[ -s server-cert.pem && -s stranger-cert.pem ]]; then
	echo "Bail out! no certificates: $(tail -n 3 openssl.log)"
	exit 1
fi
files good good client
files nocert good ''
files wrongca other client
files expired good expired
files stranger good stranger
files locked good client
openssl ec -aes128 -passout pass:secret -in client-key.pem -out locked/key.pem 2>/dev/null

# --- an engine that speaks TLS, in a network of its own ---
dir=$SCRATCH/d
engine=''
# shellcheck disable=SC2016 # the inner shell's
tls_engine() { # CERTIFICATE
	mkdir -p "$dir"
	echo '{}' >"$dir/daemon.json"
	setsid unshare --net sh -c 'ip link set lo up; exec dockerd "$@"' sh --config-file "$dir/daemon.json" \
		-H "unix://$dir/sock" -H tcp://127.0.0.1:2376 -H tcp://127.0.0.2:2376 --tlsverify \
		--tlscacert good-ca.pem --tlscert "$1-cert.pem" --tlskey "$1-key.pem" --bridge none --iptables=false \
		--ip6tables=false --pidfile "$dir/pid" --data-root "$dir/data" --exec-root "$dir/run" \
		--exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/${SCRATCH##*/}-tls" >engine.log 2>&1 </dev/null &
	engine=$!
	until_true 60 docker -H "unix://$dir/sock" version
}
tls_engine_end() {
	[[ -z $engine ]] || kill "$engine" 2>/dev/null
	wait "$engine" 2>/dev/null
	engine=''
}
trap tls_engine_end EXIT
# inside ARGS...: slimtrace in the engine's network
inside() {
	rc=0
	timeout --kill-after=20 120 nsenter --net="/proc/$engine/ns/net" env -u DOCKER_HOST "${env[@]}" \
		"$SLIMTRACE" --state-path "$state" "$@" >"$SCRATCH/stdout" 2>"$SCRATCH/stderr" </dev/null || rc=$?
	out=$(<"$SCRATCH/stdout") err=$(<"$SCRATCH/stderr")
}
env=()
at=tcp://127.0.0.1:2376
# reached NAME ARGS...; refused NAME MESSAGE ARGS...
reached() {
	local name=$1
	shift
	inside "$@" version
	has "$name: reached" "$out" "at $at"
	lacks "$name: no complaint" "$out" 'not reached'
}
refused() {
	local name=$1 message=$2
	shift 2
	inside "$@" --debug build --http-probe-off e2e/over-tls
	isnt "$name: exit status" "$rc" 0
	has "$name: said" "$err" "$message"
	lacks "$name: no key is logged" "$err" "$(sed -n 2p client-key.pem)"
	is "$name: in one line" "$(grep -c '^slimtrace: error' <<<"$err")" 1
}

if ! tls_engine server; then
	echo "Bail out! no engine with TLS: $(tail -n 5 engine.log)"
	exit 1
fi
reached 'all certificates' --host $at --tls-cert-path good
reached '--tls --tls-verify' --host $at --tls --tls-verify=true --tls-cert-path good
env=(DOCKER_HOST="$at" DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=good)
reached 'by environment'
refused '--tls=false is above it' 'TLS' --tls=false
env=(DOCKER_HOST="$at" DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=wrongca)
reached '--tls-cert-path is above it' --tls-cert-path good
env=(DOCKER_HOST="$at" DOCKER_TLS_VERIFY='' DOCKER_CERT_PATH='')
refused 'empty variables say nothing' 'TLS'
reached 'empty variables say nothing: options do' --tls-cert-path good
env=(DOCKER_HOST=unix:///nowhere.sock)
reached 'also the host' --host $at --tls-cert-path good
env=(DOCKER_HOST="$at" DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=wrongca)
reached 'verification off' --tls-verify=false
refused 'wrong CA' 'certificate'
env=()
has 'wrong CA: what to do' "$err" '--tls-verify=false'
refused 'wrong host name' '127.0.0.2' --host tcp://127.0.0.2:2376 --tls-cert-path good
at=tcp://127.0.0.2:2376
reached 'wrong host name: verification off' --host $at --tls-verify=false --tls-cert-path good
at=tcp://127.0.0.1:2376
refused 'no client certificate' 'client certificate' --host $at --tls-cert-path nocert
refused 'client certificate of another CA' 'stranger/cert.pem' --host $at --tls-cert-path stranger
refused 'expired client certificate' 'expired/cert.pem' --host $at --tls-cert-path expired
refused 'encrypted key, and nobody is asked' 'locked' --host $at --tls-cert-path locked
refused 'TLS is off' 'TLS' --host $at
refused 'no such directory' '/nowhere' --host $at --tls-cert-path /nowhere

# --- a whole run through it ---
context
prog once
put data/file 'the file'
image e2e/over-tls <<'END'
FROM scratch
COPY root /
CMD ["/once"]
END
docker save e2e/over-tls | docker -H "unix://$dir/sock" load >/dev/null
inside --host $at --tls-cert-path good build --http-probe-off --network none e2e/over-tls
is 'a run over TLS: exit status' "$rc" 0
has 'a run over TLS: a slim image' "$(docker -H "unix://$dir/sock" images)" e2e/over-tls.slim

# --- contexts ---
client() { env -u DOCKER_HOST DOCKER_CONFIG="$SCRATCH/config" docker "$@"; }
client context create remote --docker "host=$at,ca=good/ca.pem,cert=good/cert.pem,key=good/key.pem" >/dev/null
client context create careless --docker "host=$at,ca=other-ca.pem,cert=good/cert.pem,key=good/key.pem,skip-tls-verify=true" >/dev/null
client context create bare --docker "host=$at" >/dev/null
client context create local --docker "host=unix://$dir/sock" >/dev/null
env=(DOCKER_CONFIG="$SCRATCH/config")
reached 'context' --context remote
reached 'context without verification' --context careless
refused 'context without certificates' TLS --context bare
refused '--tls-verify is above a context' certificate --context careless --tls-verify
refused '--tls-cert-path is above a context' certificate --context remote --tls-cert-path wrongca
reached 'context with certificates given' --context bare --tls-cert-path good
refused 'no such context' "no docker context 'absent'" --context absent
refused 'context and host' '--host and --context' --context remote --host $at
client context use remote >/dev/null 2>&1
reached 'the current context'
at=unix://$dir/sock
env+=(DOCKER_CONTEXT=local)
reached 'DOCKER_CONTEXT is above it'
env+=(DOCKER_HOST="$at" DOCKER_CONTEXT=remote)
reached 'DOCKER_HOST is above that'
env=(DOCKER_CONFIG="$SCRATCH/config" DOCKER_HOST="$at")
reached 'no context by name' --context default
echo '{"currentContext": "rem' >config/config.json
env=(DOCKER_CONFIG="$SCRATCH/config")
refused 'configuration cut off' config.json

# --- API versions ---
env=(DOCKER_HOST="$at" DOCKER_API_VERSION=1.99)
refused 'DOCKER_API_VERSION too new' 'too new'
has 'DOCKER_API_VERSION too new: what to do' "$err" DOCKER_API_VERSION
env=(DOCKER_HOST="$at" DOCKER_API_VERSION=1.25)
inside version
has 'DOCKER_API_VERSION is taken' "$out" 'using 1.25'

# An engine at fake.sock that offers one version, and refuses what is below another.
cat >fake.py <<'END'
import http.server, os, re, socketserver
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        version = re.match(r"/v1\.(\d+)/", self.path)
        old = version and int(version[1]) < int(os.environ["FAKE_LEAST"])
        body = b'{"message": "client version 1.47 is too old. Minimum supported API version is 1.52"}' if old else \
            b'OK' if self.path == "/_ping" else b'{"Version": "99.0", "ApiVersion": "1.60"}'
        self.send_response(400 if old else 200)
        self.send_header("Api-Version", os.environ["FAKE_OFFERS"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def address_string(self): return "client"
    def log_message(self, *args): pass
class Server(socketserver.UnixStreamServer):
    def get_request(self): return self.socket.accept()[0], ("client", 0)
Server("fake.sock", Handler).serve_forever()
END
fake() { # OFFERS LEAST ARG...: slimtrace with it
	local fake
	rm -f fake.sock
	FAKE_OFFERS=$1 FAKE_LEAST=$2 /usr/bin/python3 fake.py &
	fake=$!
	shift 2
	until_true 10 test -S fake.sock
	slimtrace --host "$PWD/fake.sock" "$@"
	kill "$fake"
	wait "$fake" 2>/dev/null
}
fake 1.23 0 info e2e/over-tls
is 'an engine that is too old: exit status' "$rc" 4
has 'an engine that is too old: said' "$err" 'speaks API 1.23 only, too old for this program (1.24)'
is 'an engine that is too old: in one line' "$(grep -vc '^slimtrace: hint' <<<"$err")" 1
fake 1.60 52 version
has 'an engine that is too new: said' "$err" 'is too new for what this program was written for: it wants API 1.52 or newer, known is 1.47'
is 'an engine that is too new: in one line' "$(wc -l <<<"$err")" 1
has 'an engine that is too new: spoken to in its own' "$out" 'API 1.60, using 1.52'
fake 1.60 0 version
has 'an engine that is newer, and takes what is known' "$out" 'API 1.60, using 1.47'

# --- the usual sockets, in a /run of our own ---
# usual NAME PATH: it is found there, with a socket at the first place that nobody listens on
usual() {
	rc=0
	# shellcheck disable=SC2016 # the inner shell's
	out=$(env -u DOCKER_HOST SUDO_UID=4242 XDG_RUNTIME_DIR=/run/user/7 HOME=/nowhere unshare --mount --propagation private sh -c '
		mount -t tmpfs none /run && mkdir -p "$(dirname "$2")" /var/run
		python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"/run/docker.sock\")"
		rm -f "$2" && ln -s "$1" "$2" && exec "$3" version' sh "$dir/sock" "$2" "$SLIMTRACE" 2>&1) || rc=$?
	has "$1: found" "$out" "at unix://$2"
}
usual 'rootless Docker' /run/user/7/docker.sock
usual 'rootless Docker of who called sudo' /run/user/4242/docker.sock
usual 'Podman' /run/podman/podman.sock
usual 'rootless Podman' /run/user/7/podman/podman.sock
usual 'rootless Podman of who called sudo' /run/user/4242/podman/podman.sock
usual 'Docker' /var/run/docker.sock
# shellcheck disable=SC2016 # the inner shell's
err=$(env -u DOCKER_HOST HOME=/nowhere unshare --mount --propagation private sh -c 'mount -t tmpfs none /run && exec "$1" info x' sh "$SLIMTRACE" 2>&1)
has 'nobody listens' "$err" 'neither Docker nor Podman listens in its usual places'

# --- the engine's certificate is out of date ---
tls_engine_end
env=()
at=tcp://127.0.0.1:2376
if tls_engine expired-server; then
	refused "the engine's certificate is expired" 'expired' --host $at --tls-cert-path good
	reached "the engine's certificate is expired: verification off" --host $at --tls-cert-path good --tls-verify=false
else
	fail 'the engine starts with an expired certificate' "$(tail -n 5 engine.log)"
fi
tls_engine_end
done_testing
