# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# Images in files and from files: what other people's tools write is read, and they read what we write.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=../../../tools/lib/packages.sh
. "$e2e/../../tools/lib/packages.sh"
(packages_install 'the archive test' "${packages_archives[@]}") >install.log 2>&1 ||
	skip_all "skopeo, umoci and podman cannot be installed: $(tail -n 1 install.log)"

context
busybox_rootfs
prog webserver
put www/index.html 'from a file'
put usr/share/doc/never.used "$(head -c 100000 /dev/zero | tr '\0' x)"
image e2e/arch:1 <<'D'
FROM scratch
COPY root/bin /bin
COPY root /
EXPOSE 8080
CMD ["/webserver"]
D
id=$(docker image inspect -f '{{.Id}}' e2e/arch:1)
docker save -o saved.tar e2e/arch:1
printf 'FROM e2e/arch:1\nENV A=1\n' | DOCKER_BUILDKIT=0 docker build -q -t e2e/second:x - >/dev/null
docker save -o two.tar e2e/arch:1 e2e/second:x

# What others make of it. skopeo runs with its own policy, not this machine's.
printf '{"default": [{"type": "insecureAcceptAnything"}]}' >policy.json
copy() { skopeo --policy policy.json copy -q "$@" >copy.log 2>&1; }
ok 'skopeo: an OCI layout' copy docker-archive:saved.tar oci:layout:v1
ok 'skopeo: with zstd' copy --dest-compress-format zstd docker-archive:saved.tar oci:zlayout:v1
ok 'skopeo: an OCI archive' copy docker-archive:saved.tar oci-archive:oci.tar:v1
ok 'the layers are compressed' test "$(jq -r '.layers[].mediaType' layout/blobs/sha256/"$(jq -r '.manifests[0].digest' layout/index.json | cut -d: -f2)" | grep -c gzip)" -gt 0

# An index in an index, for two platforms, with an attestation, as BuildKit exports it.
/usr/bin/python3 - <<'P'
import hashlib, json, os, shutil
shutil.copytree("layout", "multi")
def blob(doc):
    text = json.dumps(doc).encode()
    digest = hashlib.sha256(text).hexdigest()
    open(f"multi/blobs/sha256/{digest}", "wb").write(text)
    return {"mediaType": doc["mediaType"], "digest": f"sha256:{digest}", "size": len(text)}
index = json.load(open("multi/index.json"))
own = index["manifests"][0]
manifest = json.load(open("multi/blobs/sha256/" + own["digest"][7:]))
config = json.load(open("multi/blobs/sha256/" + manifest["config"]["digest"][7:]))
config["architecture"] = "arm64"
other = dict(manifest, config=dict(manifest["config"], **{k: v for k, v in blob(dict(config, mediaType="x")).items() if k != "mediaType"}))
plain = {k: v for k, v in own.items() if k != "annotations"}
attested = {"mediaType": manifest["mediaType"], "schemaVersion": 2, "config": manifest["config"], "layers": []}
nested = blob({"mediaType": "application/vnd.oci.image.index.v1+json", "schemaVersion": 2, "manifests": [
    dict(blob(other), platform={"os": "linux", "architecture": "arm64"}),
    dict(plain, platform={"os": "linux", "architecture": "amd64"}),
    dict(blob(attested), platform={"os": "unknown", "architecture": "unknown"},
         annotations={"vnd.docker.reference.type": "attestation-manifest"})]})
json.dump({"schemaVersion": 2, "manifests": [dict(nested, annotations={"org.opencontainers.image.ref.name": "all"})]},
          open("multi/index.json", "w"))
P
tar -C multi -cf multi.tar .

# --- info: no engine ---
looks() { # NAME IMAGE ARCH [OPTION...]
	local name=$1 file=$2 arch=$3
	shift 3
	slimtrace --host unix:///nowhere --output-format json info --remove-file-artifacts "$@" "$file"
	is "$name: info" "$(jq -r '.architecture + " " + (.layers | length | tostring)' <<<"$out")" "$arch 2"
}
looks 'docker save' docker-archive:saved.tar amd64
looks 'docker save, by its name' docker-archive:saved.tar:e2e/arch:1 amd64
looks 'one of two' docker-archive:two.tar:e2e/second:x amd64
looks 'a layout' oci:layout amd64
looks 'a layout, by its tag' oci:layout:v1 amd64
looks 'zstd' oci:zlayout:v1 amd64
looks 'an OCI archive' oci-archive:oci.tar:v1 amd64
looks 'an index in an index' oci:multi:all amd64
looks 'another platform' oci:multi arm64 --platform linux/arm64
for tool in gzip zstd xz bzip2; do
	$tool -c saved.tar >"saved.tar.$tool"
	looks "compressed as a whole: $tool" "docker-archive:saved.tar.$tool" amd64
done
cp saved.tar.gzip saved.tar.gz
looks 'by its name alone' saved.tar.gz amd64
tar -C layout -czf oci.tar.gz .
looks 'an OCI archive, compressed' oci-archive:oci.tar.gz:v1 amd64
looks 'in an archive' oci-archive:multi.tar arm64 --platform linux/arm64
refuses() { # NAME IMAGE STATUS WORDS [OPTION...]
	local name=$1 file=$2 status=$3 words=$4
	shift 4
	slimtrace --host unix:///nowhere info --remove-file-artifacts "$@" "$file"
	is "$name: exit status" "$rc" "$status"
	has "$name: why" "$err" "$words"
}
refuses 'a platform that is not there' oci:multi 5 'linux/arm64, linux/amd64' --platform linux/riscv64
refuses 'no platform' oci:multi 2 linux/ARCH --platform windows/amd64
refuses 'another platform than there is' docker-archive:saved.tar 5 'is for linux/amd64, not for linux/arm64' --platform linux/arm64
refuses 'another platform, of no index' oci:layout:v1 5 'is for linux/amd64, not for linux/arm64' --platform linux/arm64
head -c 200000 saved.tar >cut.tar
refuses 'cut' docker-archive:cut.tar 5 'it is cut'
has 'cut: what to do' "$err" "'docker save'"
head -c 200000 saved.tar.gz >cut.tar.gz
refuses 'cut, compressed' cut.tar.gz 5 'truncated gzip input'
head -c 100000 "$SLIMTRACE" >noise.tar
refuses 'no tar' docker-archive:noise.tar 5 'Unrecognized archive format'
has 'no tar: what to do' "$err" "'docker save'"
: >empty.tar
refuses 'nothing' docker-archive:empty.tar 5 'neither manifest.json nor index.json'
has 'nothing: what to do' "$err" "'docker save'"
refuses 'of docker, called an OCI archive' oci-archive:saved.tar 5 'docker-archive:FILE'
refuses 'a file, called a layout' oci:saved.tar 5 'oci-archive:FILE'
refuses 'no such tag' oci:layout:v2 5 "it has v1"
refuses 'two images' docker-archive:two.tar 5 'e2e/second:x'
refuses 'a name that is not in it' docker-archive:two.tar:none 5 e2e/arch:1
refuses 'no layout' oci:context 5 'no OCI layout'
refuses 'no file' oci-archive:none.tar 5 'No such file'
cp -r layout broken
blob=$(find broken/blobs/sha256 -size +10k | head -n 1)
printf 'x' | dd of="$blob" bs=1 seek=5000 conv=notrunc status=none
refuses 'a damaged layer' oci:broken 5 'layer '
rm -rf broken && cp -r layout broken
ln -sf /etc/shadow "broken/blobs/sha256/$(jq -r '.manifests[0].digest' broken/index.json | cut -d: -f2)"
refuses 'a blob that is a link' oci:broken 5 'cannot open'

# --- build: from files, to files ---
docker rmi -f e2e/arch:1 e2e/second:x >/dev/null
before=$(docker images -aq --no-trunc | sort)
works() { # IMAGE
	is "$1 answers" "$(served "$1" /index.html)" 'from a file'
	docker rmi -f "$1" >/dev/null
}
slim 'docker save' docker-archive:saved.tar
has 'docker save: named after what it was' "$out" e2e/arch.slim:1
is 'docker save: nothing else is left' "$(docker images -aq --no-trunc | sort)" \
	"$(printf '%s\n' "$before" "$(docker image inspect -f '{{.Id}}' e2e/arch.slim:1)" | grep . | sort)"
is 'artifacts are the image'"'s" "$(jq -r .image_id "$state/.images/${id#*:}/artifacts/creport.json")" "$id"
slimtrace --host unix:///nowhere why docker-archive:saved.tar /usr/share/doc/never.used
has 'why, of a file' "$out" dropped
layers() { docker image inspect -f '{{json .RootFS.Layers}}' "$1"; } # skopeo writes the configuration anew
reference=$(layers e2e/arch.slim:1)
works e2e/arch.slim:1
slim 'a layout' --tag e2e/arch.slim:1 oci:layout:v1
is 'a layout: the same image' "$(layers e2e/arch.slim:1)" "$reference"
slim 'an index, to all places' --tag e2e/out:1 -o oci-archive:slim-oci.tar --output docker-archive:slim.tar -o oci:slim-layout oci-archive:multi.tar:all
is 'an index: the same image' "$(layers e2e/out:1)" "$reference"
slimtrace profile oci:zlayout
is 'profile, of zstd: exit status' "$rc" 0
docker rmi -f e2e/out:1 e2e/arch.slim:1 >/dev/null
is 'no image is left' "$(docker images -aq --no-trunc | sort)" "$before"
is 'no container or file' "$(leftovers)" ''

is 'skopeo inspects the OCI archive' "$(skopeo inspect --config oci-archive:slim-oci.tar | jq -c .config.Cmd)" '["/webserver"]'
is 'and the docker archive' "$(skopeo inspect --config docker-archive:slim.tar | jq -c .config.Cmd)" '["/webserver"]'
is 'and the layout' "$(skopeo inspect --config oci:slim-layout | jq -c .config.Cmd)" '["/webserver"]'
ok 'skopeo copies it' copy oci:slim-layout oci:again:x
tag=$(jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' slim-layout/index.json)
ok 'umoci unpacks it' umoci unpack --image "slim-layout:$tag" bundle
is 'with its files' "$(cat bundle/rootfs/www/index.html)" 'from a file'
not_ok 'and no others' test -e bundle/rootfs/usr/share/doc/never.used
docker load -q -i slim.tar >/dev/null
works e2e/out:1
podman() { command podman --root "$SCRATCH/podman" --runroot "$SCRATCH/podman-run" --storage-driver vfs "$@"; }
ok 'podman loads it' podman load -q -i slim-oci.tar
is 'podman has it' "$(podman image inspect --format '{{.Config.Cmd}}' e2e/out:1)" '[/webserver]'
ok 'podman loads what docker saved' podman load -q -i saved.tar
for format in docker-archive oci-archive; do
	ok "podman saves: $format" podman save -q --format "$format" -o "podman-$format.tar" e2e/arch:1
	looks "of podman: $format" "$format:podman-$format.tar" amd64
done
# What containerd's own store gives out, which is not what docker makes of it.
if [[ -S ${DOCKER_HOST#unix://} && -S $(dirname "${DOCKER_HOST#unix://}")/containerd.sock ]]; then
	ctr() { command ctr --address "$(dirname "${DOCKER_HOST#unix://}")/containerd.sock" --namespace e2e "$@" >ctr.log 2>&1; }
	ok 'containerd imports an index for two platforms' ctr image import --no-unpack --all-platforms multi.tar
	name=$(command ctr --address "$(dirname "${DOCKER_HOST#unix://}")/containerd.sock" --namespace e2e image ls -q | head -n 1)
	ok 'and exports it' ctr image export --all-platforms ctr.tar "$name"
	looks 'of containerd' oci-archive:ctr.tar amd64
	looks 'of containerd, another platform' oci-archive:ctr.tar arm64 --platform linux/arm64
	slim 'of containerd' --tag e2e/out:2 oci-archive:ctr.tar
	is 'of containerd: the same image' "$(layers e2e/out:2)" "$reference"
else
	skip 'containerd' 'the engine is not our own'
fi
cp slim.tar first.tar
slim 'again' --tag e2e/out:1 -o docker-archive:slim.tar docker-archive:first.tar
ok 'the same bytes again' cmp slim.tar first.tar
slimtrace build --tag e2e/out:1 -o oci:slim-layout docker-archive:saved.tar
is 'a directory with something in it: exit status' "$rc" 2
has 'a directory with something in it: why' "$err" 'not empty'
slimtrace build -o oci-archive:nowhere/x.tar docker-archive:saved.tar
is 'no directory to write into: exit status' "$rc" 2
has 'no directory to write into: why' "$err" "cannot write into 'nowhere'"
lacks 'no directory to write into: before any work' "$err" starting
slimtrace build --platform linux/arm64 e2e/out:1
is 'another platform than the engine has: exit status' "$rc" 5
has 'another platform than the engine has: why' "$err" "'e2e/out:1' is for linux/amd64, not for linux/arm64"
slimtrace build -o tar:x docker-archive:saved.tar
is 'no transport: exit status' "$rc" 2
has 'no transport: what there is' "$err" oci-archive:FILE

# --- a run that fails, or is ended, takes back what it gave the engine ---
docker images -q | xargs -r docker rmi -f >/dev/null 2>&1
slimtrace build --entrypoint /absent docker-archive:saved.tar
is 'nothing to run: exit status' "$rc" 7
is 'nothing to run: no image is left' "$(docker images -q)" ''
"$SLIMTRACE" --state-path "$state" build --http-probe-off --continue-after signal docker-archive:saved.tar >/dev/null 2>&1 </dev/null &
running() { docker ps -q | grep -q .; }
ok 'it runs' until_true 60 running
kill -TERM $!
wait $!
is 'ended: exit status' "$?" 143
is 'ended: no image is left' "$(docker images -q)" ''
is 'ended: nothing else' "$(leftovers)" ''

# --- a run that is killed leaves an image, for the next one to remove ---
"$SLIMTRACE" --state-path "$state" build --continue-after signal --tag e2e/killed docker-archive:saved.tar >/dev/null 2>&1 </dev/null &
imported() { docker images -q slimtrace-import | grep -q .; }
ok 'it is imported' until_true 60 imported
ok 'and runs' until_true 60 running
kill -9 $!
wait $! 2>/dev/null
slimtrace clean
has 'clean removes it' "$out" '1 image'
is 'no image is left' "$(docker images -q)" ''
done_testing
