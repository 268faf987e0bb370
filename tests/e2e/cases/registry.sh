# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# Records travel beside their image in a registry: pushed by many at once, none is lost, pulled as one. With no
# credentials, with a password, with tokens, with TLS.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=../../../tools/lib/say.sh
. "$e2e/../../tools/lib/say.sh"
# shellcheck source=../../../tools/lib/packages.sh
. "$e2e/../../tools/lib/packages.sh"
(packages_install 'the registry test' "${packages_registry[@]}") >install.log 2>&1 ||
	skip_all "docker-registry cannot be installed: $(tail -n 1 install.log)"
# shellcheck source=../registry/lib.sh
. "$e2e/registry/lib.sh"
export DOCKER_CONFIG=$PWD/docker-config
mkdir -p "$DOCKER_CONFIG" bin

context
busybox_rootfs
prog once
for name in one two never; do put "data/$name" "the $name"; done
port=$(free_port)
app=127.0.0.1:$port/fleet/app:1
image "$app" <<'END'
FROM scratch
COPY root /
ENTRYPOINT ["/once"]
CMD ["/data/one"]
END
registry_start plain "$port"
docker_push "$app"
dir=$(artifacts "$app")
slim 'a run' --http-probe-off --tag e2e/fleet.slim "$app"
cp "$dir/record.json" one.json
slim 'another run' --http-probe-off --cmd /data/two --tag e2e/fleet.slim "$app"
cp "$dir/record.json" two.json
raw() { inside curl -fsS --noproxy '*' -H 'Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json' "http://127.0.0.1:$port/v2/fleet/app/$1"; }
manifest=$(inside curl -fsSI --noproxy '*' -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' "http://127.0.0.1:$port/v2/fleet/app/manifests/1" |
	tr -d '\r' | awk 'tolower($1) == "docker-content-digest:" {print $2}')

# Without connecting to it.
answers_nobody() { inside ss -Hltn "sport = :$1" | grep -q .; }

# --- one ---
registry pull "$app"
is 'no record yet: exit status' "$rc" 1
has 'no record yet: told' "$err" "there is no record of $app in its registry"
registry pull --list "$app"
is 'no record yet: an empty list' "$rc $(wc -l <<<"$out")" '0 1'
registry push --annotation node=one one.json "$app"
is 'push' "$rc" 0
matches 'push: the digest' "$out" '^sha256:[0-9a-f]{64}$'
digest=$out
is 'push: an artifact that belongs to the image' "$(raw "manifests/$digest" | jq -c '[.artifactType, .subject.digest, (.layers | length), .annotations.node]')" \
	"[\"application/vnd.slimtrace.record.v1+json\",\"$manifest\",1,\"one\"]"
tag=$(raw tags/list | jq -r '.tags[] | select(startswith("sha256-") and contains(".record-"))')
is 'push: skopeo reads it' "$(inside skopeo inspect --tls-verify=false --raw "docker://127.0.0.1:$port/fleet/app:$tag" | sha256sum | cut -d' ' -f1)" "${digest#sha256:}"
is 'push: other tools find it' "$(raw "manifests/sha256-${manifest#sha256:}" | jq -r '.manifests[] | [.digest, .artifactType] | @tsv')" \
	"$digest"$'\t''application/vnd.slimtrace.record.v1+json'
registry --output-format json push --annotation node=one one.json "$app"
is 'again: the same' "$(jq -c '[.state, .digest, .records[0].digest, .records[0].existed]' <<<"$out")" "[\"done\",\"$manifest\",\"$digest\",true]"
jq . one.json >pretty.json
registry push --annotation node=one pretty.json "$app"
is 'and in another form' "$rc $out" "0 $digest"
registry pull --list "$app"
matches 'list' "$out" "${digest:7:12}  1 .* node=one"
is 'list: one' "$(wc -l <<<"$out")" 2
registry pull -o back.json "$app"
is 'pull' "$rc" 0
slimtrace merge -o merged.json one.json
same 'pull: what merge makes of it' "$(<back.json)" "$(<merged.json)"
registry pull "$app"
same 'pull: to standard output' "$out" "$(<merged.json)"

# --- twelve machines at once, of which three push what another has pushed ---
for i in {1..12}; do jq ".started = \"2026-01-01T00:00:${i}0Z\" | .host.kernel = \"node-$i\"" "$([[ $i -gt 6 ]] && echo two.json || echo one.json)" | sed "s/00:00:\(.\)0Z/00:00:0\1Z/; s/00:00:\(..\)0Z/00:00:\1Z/" >"node-$i.json"; done
pids=()
for i in {1..12} 3 4 5; do
	inside timeout 100 "$SLIMTRACE" --state-path "$state" push "node-$i.json" "$app" >/dev/null 2>"node-$i.err.${#pids[@]}" &
	pids+=($!)
done
failures=0
for pid in "${pids[@]}"; do wait "$pid" || failures=$((failures + 1)); done
is 'fifteen pushes at once' "$failures $(grep -h error: node-*.err.*)" '0 '
registry --output-format json pull -o all.json "$app"
is 'all of them are pulled, and the first one' "$(jq -c '[.runs, (.records | length)]' <<<"$out")" '[13,13]'
ok 'the list for other tools is one' jq -e '.manifests | length >= 1 and length <= 13' <(raw "manifests/sha256-${manifest#sha256:}")
is 'in how many runs each was' "$(jq -c '[.accesses[] | select(.source == "file" and .on_image) | select(.path == ("/once", "/data/one", "/data/two")) | [.path, .runs]] | sort' all.json)" \
	'[["/data/one",7],["/data/two",6],["/once",13]]'
ok 'it fits the schema' valid record.schema.json all.json
registry pull --output-dir each "$app"
is 'one by one' "$rc $(find each -name 'record-*.json' | wc -l)" '0 13'
slimtrace merge -o merged.json each/*.json
# Kernels, and programs that began at the same time, are listed as they come.
same_runs() { jq -S '[.runs, .syscalls, ([.accesses[] | del(.programs, .first_ns)] | sort)] | walk(if type == "object" then del(.first_by) else . end)' "$1"; }
same 'one by one: the same when merged' "$(same_runs merged.json)" "$(same_runs all.json)"
slim 'of them all' --rule-off entrypoint --from-record all.json --tag e2e/fleet.slim "$app"
is 'of them all: files of both runs' "$(info paths e2e/fleet.slim | grep '^/data/.' | tr '\n' ' ')" '/data/one /data/two '
is 'of them all: it works' "$(run_image e2e/fleet.slim)" 'the one'

# --- what does not belong ---
context
prog once
put data/one 'another'
other=127.0.0.1:$port/fleet/other:1
image "$other" <<'END'
FROM scratch
COPY root /
ENTRYPOINT ["/once", "/data/one"]
END
docker_push "$other"
registry push one.json "$other"
is "another image's record: exit status" "$rc" 2
has "another image's record: told" "$err" "record 'one.json': it is of image"
has "another image's record: the way out" "$err" --force
registry pull --list "$other"
is "another image's record: not pushed" "$(wc -l <<<"$out")" 1
registry push two.json one.json "$other"
is 'none of several is sent' "$rc $(registry pull --list "$other"; wc -l <<<"$out")" '2 1'
registry push --force one.json "$other"
is '--force' "$rc" 0
registry pull -o forced.json "$other"
is '--force: pulled' "$rc" 0
has '--force: told' "$err" 'it is of image'
registry push one.json "127.0.0.1:$port/fleet/none:1"
is 'no such image: exit status' "$rc" 5
has 'no such image: told' "$err" 'is not in its registry'
registry push one.json "127.0.0.1:1/fleet/app"
is 'no registry: exit status' "$rc" 4
registry push "$app"
is 'no record: exit status' "$rc" 2
echo '{"version": 1}' >bad.json
registry push bad.json "$app"
is 'a bad record: exit status' "$rc" 2
registry pull --list -o x "$app"
is '--list and -o: exit status' "$rc" 2
has 'what is wrong is told to programs, too' "$(registry --output-format json pull "127.0.0.1:$port/fleet/none:1"; echo "$out")" '"state":'
inside curl -fsS --noproxy '*' -o /dev/null "http://127.0.0.1:$port/v2/" && ok 'it still stands' true

# --- an image for several platforms ---
other_manifest=$(inside curl -fsSI --noproxy '*' -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
	"http://127.0.0.1:$port/v2/fleet/other/manifests/1" | tr -d '\r' | awk 'tolower($1) == "docker-content-digest:" {print $2}')
inside skopeo copy -q --src-tls-verify=false --dest-tls-verify=false "docker://$other" "docker://127.0.0.1:$port/fleet/app:arm" >skopeo.log 2>&1
size() { raw_docker "manifests/$1" | wc -c; }
raw_docker() { inside curl -fsS --noproxy '*' -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' "http://127.0.0.1:$port/v2/fleet/app/$1"; }
jq -n --arg one "$manifest" --argjson one_size "$(size "$manifest")" --arg two "$other_manifest" --argjson two_size "$(size "$other_manifest")" '
	def entry($digest; $size; $arch): {mediaType: "application/vnd.docker.distribution.manifest.v2+json", $digest, $size, platform: {os: "linux", architecture: $arch}};
	{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [entry($two; $two_size; "arm64"), entry($one; $one_size; "amd64")]}' >index.json
inside curl -fsS --noproxy '*' -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary @index.json \
	"http://127.0.0.1:$port/v2/fleet/app/manifests/many" >put.log 2>&1
registry --output-format json push two.json "127.0.0.1:$port/fleet/app:many"
is "several platforms: this machine's" "$rc $(jq -r .digest <<<"$out")" "0 $manifest"
registry push --platform linux/arm64 two.json "127.0.0.1:$port/fleet/app:many"
is "several platforms: another's" "$rc" 2
registry push --platform linux/s390x two.json "127.0.0.1:$port/fleet/app:many"
is 'several platforms: none: exit status' "$rc" 5
has 'several platforms: none: which there are' "$err" 'linux/arm64, linux/amd64'

# --- a registry that goes, and comes back ---
kill "$served_pid"
wait "$served_pid" 2>/dev/null
inside timeout 100 "$SLIMTRACE" --state-path "$state" push two.json "$app" >back.out 2>back.err &
pid=$!
until_true 20 grep -q 'another try' back.err
registry_start plain "$port"
wait "$pid"
is 'a registry that was away for a moment' "$? $(wc -l <back.out)" '0 1'
silent=$(free_port)
serve python3 -c 'import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
c, _ = s.accept()
print("asked", flush=True)
s.accept()' "$silent" >silent.log
until_true 20 answers_nobody "$silent"
nsenter --net="/proc/$engine_pid/ns/net" "$SLIMTRACE" pull "127.0.0.1:$silent/app" >back.out 2>back.err &
pid=$!
until_true 20 grep -q asked silent.log
kill -TERM "$pid"
wait "$pid"
is 'one that never answers, and a signal' "$?" 143

# --- with a password ---
port=$(free_port)
app=127.0.0.1:$port/closed/app:1
/usr/bin/python3 -W ignore -c 'import crypt, sys; print("anna:" + crypt.crypt(sys.argv[1], crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))' 'se:cr=et' >htpasswd
registry_start closed "$port" 'auth:' '  htpasswd:' '    realm: e2e' "    path: $PWD/htpasswd"
docker tag 127.0.0.1:*/fleet/app:1 "$app" 2>/dev/null || docker tag "$(jq -r .image.id one.json)" "$app"
docker login -u anna --password-stdin "127.0.0.1:$port" <<<'se:cr=et' >login.log 2>&1
docker_push "$app"
registry --debug push one.json "$app"
is 'a password: push' "$rc" 0
lacks 'a password: not in the log' "$err" 'se:cr=et'
lacks 'a password: nor encoded' "$err" "$(printf 'anna:se:cr=et' | base64)"
registry pull -o back.json "$app"
is 'a password: pull' "$rc $(jq .runs back.json)" '0 1'
mv "$DOCKER_CONFIG/config.json" right.json
registry pull -o back.json "$app"
is 'no password: exit status' "$rc" 4
has 'no password: what to do' "$err" "docker login 127.0.0.1:$port"
jq --arg auth "$(printf 'anna:wrong' | base64)" '.auths[].auth = $auth' right.json >"$DOCKER_CONFIG/config.json"
registry pull -o back.json "$app"
is 'a wrong password: exit status' "$rc" 4
has 'a wrong password: told' "$err" 'the credentials are not taken'
cat >bin/docker-credential-e2e <<'END'
#!/bin/sh
read -r server
echo "$1 $server" >>helper.log
[ "$server" = "$(cat helper.for)" ] || { echo 'credentials not found in native keychain'; exit 1; }
echo '{"ServerURL": "x", "Username": "anna", "Secret": "se:cr=et"}'
END
chmod +x bin/docker-credential-e2e
echo "127.0.0.1:$port" >helper.for
for config in '{"credsStore": "e2e"}' "{\"credHelpers\": {\"127.0.0.1:$port\": \"e2e\"}, \"credsStore\": \"none\"}"; do
	rm -f helper.log
	echo "$config" >"$DOCKER_CONFIG/config.json"
	PATH=$PWD/bin:$PATH registry pull -o back.json "$app"
	is "$config" "$rc $(<helper.log)" "0 get 127.0.0.1:$port"
done
# Under sudo: what the user who called it has, by the user's own helper with the user's rights.
mkdir -p home/.docker
echo '{"credsStore": "caller"}' >home/.docker/config.json
cat >bin/docker-credential-caller <<'END'
#!/bin/sh
read -r server
[ "$(id -u):$(id -g):$HOME" = "4242:4343:$(cat helper.home)" ] || { echo "as $(id -u):$(id -g) of $HOME"; exit 1; }
echo '{"ServerURL": "x", "Username": "anna", "Secret": "se:cr=et"}'
END
chmod +x bin/docker-credential-caller
echo "$PWD/home" >helper.home
{ grep -v ':4242:' /etc/passwd; echo "e2e-caller:x:4242:4343::$PWD/home:/bin/sh"; } >passwd
for path in "$SCRATCH" "$SCRATCH/.."; do [[ $(stat -Lc %A "$path") == *x ]] || chmod o+x "$path"; done
rc=0
# shellcheck disable=SC2016 # the inner shell's
env -u DOCKER_CONFIG SUDO_UID=4242 HOME=/nowhere PATH="$PWD/bin:$PATH" unshare --mount --propagation private \
	sh -c 'mount --bind passwd /etc/passwd && exec "$@"' sh nsenter --net="/proc/$engine_pid/ns/net" \
	"$SLIMTRACE" pull -o back.json "$app" >stdout 2>stderr </dev/null || rc=$?
is 'under sudo: who called it' "$rc $(grep error: stderr)" '0 '
registry pull -o back.json "$app"
is 'a helper that is not installed: exit status' "$rc" 2
has 'a helper that is not installed: named' "$err" docker-credential-e2e

# --- with TLS ---
port=$(free_port)
app=127.0.0.1:$port/tls/app:1
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=e2e-ca -keyout ca.key -out ca.crt
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=registry -keyout tls.key -out tls.csr
	openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile <(echo subjectAltName=IP:127.0.0.1) -out tls.crt
} >openssl.log 2>&1
echo '{}' >"$DOCKER_CONFIG/config.json"
registry_start tls "$port" '  tls:' "    certificate: $PWD/tls.crt" "    key: $PWD/tls.key"
docker tag "$(jq -r .image.id one.json)" "$app"
docker_push "$app"
registry push --registry-ca ca.crt one.json "$app"
is 'TLS: push' "$rc" 0
registry pull --registry-ca ca.crt -o back.json "$app"
is 'TLS: pull' "$rc $(jq .runs back.json)" '0 1'
registry pull --plain-http=false -o back.json "$app"
is 'TLS: of an unknown authority: exit status' "$rc" 4
has 'TLS: of an unknown authority: what to do' "$err" --registry-ca
registry pull -o back.json "$app"
is 'TLS: without it: exit status' "$rc" 4
has 'TLS: without it: what to do' "$err" --plain-http=false
registry pull --registry-ca missing.crt -o back.json "$app"
is 'TLS: no such file: exit status' "$rc" 2
# shellcheck disable=SC2016 # the inner shell's
registry_with_certs() { # FILE...
	rc=0
	unshare --mount --propagation private sh -c 'mkdir -p /etc/docker && mount -t tmpfs tmpfs /etc/docker && mkdir -p "/etc/docker/certs.d/$1" &&
		cp $2 "/etc/docker/certs.d/$1/" && shift 2 && exec "$@"' sh "127.0.0.1:$port" "$*" \
		nsenter --net="/proc/$engine_pid/ns/net" "$SLIMTRACE" pull -o back.json "$app" >stdout 2>stderr || rc=$?
}
registry_with_certs ca.crt
is "TLS: docker's own place for authorities" "$rc $(grep error: stderr)" '0 '

# --- with TLS, and a registry that asks who we are ---
port=$(free_port)
app=127.0.0.1:$port/known/app:1
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=e2e-client -keyout client.key -out client.csr
	openssl x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out client.cert
} >>openssl.log 2>&1
registry_curl=(--cert client.cert --key client.key)
registry_start known "$port" '  tls:' "    certificate: $PWD/tls.crt" "    key: $PWD/tls.key" "    clientcas: [$PWD/ca.crt]"
registry_with_certs ca.crt
is 'TLS, unknown to the registry: exit status' "$rc" 4
registry_with_certs ca.crt client.cert
is 'TLS, half a certificate: exit status' "$rc" 2
has 'TLS, half a certificate: what is missing' "$(<stderr)" 'no client.key'
registry_with_certs ca.crt client.cert client.key
is 'TLS, known to the registry: exit status' "$rc" 5
has 'TLS, known to the registry: its answer' "$(<stderr)" "$app is not in its registry"
registry_curl=()

# --- with tokens ---
port=$(free_port)
tokens=$(free_port)
app=127.0.0.1:$port/token/app:1
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=e2e-tokens -keyout token.key -out token.crt >openssl.log 2>&1
serve "$e2e/registry/token-server" "$tokens" token.key token.crt anna se:cr=et "$PWD/tokens.log" >token-server.log 2>&1
until_true 20 answers "http://127.0.0.1:$tokens/"
registry_start token "$port" 'auth:' '  token:' "    realm: http://127.0.0.1:$tokens/token" '    service: e2e-registry' \
	'    issuer: e2e' "    rootcertbundle: $PWD/token.crt"
docker tag "$(jq -r .image.id one.json)" "$app"
docker login -u anna --password-stdin "127.0.0.1:$port" <<<'se:cr=et' >login.log 2>&1
docker_push "$app"
: >tokens.log
registry --debug push one.json "$app"
is 'a token: push' "$rc" 0
has 'a token: for what is done' "$(<tokens.log)" 'GET anna repository:token/app:pull,push'
lacks 'a token: not in the log' "$err" eyJ
echo '{}' >"$DOCKER_CONFIG/config.json"
registry pull -o back.json "$app"
is 'a token without a name: pull' "$rc $(jq .runs back.json)" '0 1'
registry push two.json "$app"
is 'a token without a name: no push: exit status' "$rc" 4
has 'a token without a name: no push: what to do' "$err" 'docker login'
echo "{\"auths\": {\"127.0.0.1:$port\": {\"identitytoken\": \"identity-se:cr=et\"}}}" >"$DOCKER_CONFIG/config.json"
registry push two.json "$app"
is 'an identity token: push' "$rc $(tail -n 1 tokens.log)" '0 POST anna repository:token/app:pull,push'
is 'nothing is left behind' "$(leftovers)" ''
done_testing
