# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# The containers run on another kernel than ours: found out and explained, with what to do, and no image made.
. "$(dirname "$0")/../lib.sh"

socket=${DOCKER_HOST#unix://}
dir=${socket%/*}
config=$dir/daemon.json
[[ -f $config && -f $dir/docker.pid ]] || skip_all 'the engine is not our own'

# relay SED-LIKE-WORDS...: an engine at $SCRATCH/relay.sock that says NEW where the real one says OLD
cat >relay.py <<'END'
import os, socket, sys, threading
path, real, pairs = sys.argv[1], sys.argv[2], [a.encode().split(b"=>") for a in sys.argv[3:]]
def pump(a, b, change):
    while data := a.recv(1 << 16):
        for old, new in pairs if change else []:
            assert len(new) <= len(old)
            data = data.replace(old, new.ljust(len(old)))  # the length of the answer stays
        b.sendall(data)
    b.shutdown(socket.SHUT_WR)
def quietly(*args):
    try: pump(*args)
    except OSError: pass
server = socket.socket(socket.AF_UNIX)
server.bind(path); server.listen(16)
while True:
    client = server.accept()[0]
    engine = socket.socket(socket.AF_UNIX); engine.connect(real)
    threading.Thread(target=quietly, args=(client, engine, False), daemon=True).start()
    threading.Thread(target=quietly, args=(engine, client, True), daemon=True).start()
END
relay=''
relay() {
	[[ -z $relay ]] || kill "$relay"
	rm -f relay.sock
	/usr/bin/python3 relay.py "$SCRATCH/relay.sock" "$socket" "$@" &
	relay=$!
	until_true 10 test -S relay.sock
}
trap '[[ -z $relay ]] || kill "$relay"' EXIT

context
busybox_rootfs
prog wait
put data/hello 'hello'
put data/goodbye 'goodbye'
image e2e/elsewhere <<'END'
FROM scratch
COPY root /
CMD ["/wait"]
END

# refused NAME MESSAGE ARGS...: not one but the fat image there afterwards
refused() {
	local name=$1 message=$2
	shift 2
	slimtrace "$@" --force --http-probe-off --continue-after 1 e2e/elsewhere
	is "$name: exit status" "$rc" 6
	has "$name: said" "$err" "$message"
	not_ok "$name: no image" docker image inspect e2e/elsewhere.slim
	is "$name: nothing is left behind" "$(leftovers)" ''
}
side_by_side() {
	has "$1: what to use instead" "$err" 'docker run --rm --privileged --pid=host -v /var/run/docker.sock:/var/run/docker.sock'
}

# --- the engine says so ---
release=$(uname -r)
relay "\"KernelVersion\":\"$release\"=>\"KernelVersion\":\"0.1\""
refused 'another kernel' "runs on another kernel: 0.1, here is $release" --host "$SCRATCH/relay.sock" build
side_by_side 'another kernel'
relay "\"KernelVersion\":\"$release\"=>\"KernelVersion\":\"6.1-linuxkit\"" \
	"\"OperatingSystem\":\"$(docker info -f '{{.OperatingSystem}}')\"=>\"OperatingSystem\":\"Docker Desktop\""
refused 'Docker Desktop' 'Docker Desktop runs containers in a virtual machine' --host "$SCRATCH/relay.sock" build
side_by_side 'Docker Desktop'
refused 'Docker Desktop, for profiles' 'Docker Desktop' --host "$SCRATCH/relay.sock" profile
relay 'nothing=>nothing'
slim 'through a relay that changes nothing' --host "$SCRATCH/relay.sock" --http-probe-off --continue-after 1 e2e/elsewhere
docker rmi -f e2e/elsewhere.slim >/dev/null

# --- runtimes with a kernel of their own ---
# "elsewhere" starts containers in a cgroup whose name is not theirs: what is seen of one that runs in a
# virtual machine.
cat >"$dir/elsewhere" <<END
#!/bin/bash
for ((i = 1; i < \$#; i++)); do
	[[ \${!i} == --bundle ]] || continue
	i=\$((i + 1)) config=\${!i}/config.json
	jq '.linux.cgroupsPath = "/${dir##*/}/another-name"' "\$config" >"\$config.new" && mv "\$config.new" "\$config"
	break
done
exec $(command -v runc) "\$@"
END
chmod 755 "$dir/elsewhere"
cp "$config" daemon.json.old
jq --arg dir "$dir" --arg runc "$(command -v runc)" '.runtimes += {
	"elsewhere": {"path": "\($dir)/elsewhere"},
	"sandboxed": {"path": "/usr/local/bin/runsc"},
	"kata-qemu": {"path": $runc}}' daemon.json.old >"$config"
kill -HUP "$(<"$dir/docker.pid")"
until_true 20 sh -c 'docker info -f "{{json .Runtimes}}" | grep -q kata-qemu'
refused 'gVisor, by its program' 'gVisor' build --cro-runtime sandboxed
has 'gVisor: what to do' "$err" '--cro-runtime runc'
refused 'Kata, by its name' 'Kata' build --cro-runtime kata-qemu
printf '{"Runtime": "kata-qemu"}' >host.json
refused 'Kata, by a file' 'Kata' build --cro-host-config-file host.json
refused 'the cgroup does not appear' 'not on this kernel' build --cro-runtime elsewhere
side_by_side 'the cgroup does not appear'
refused 'the cgroup does not appear, for profiles' 'not on this kernel' profile --cro-runtime elsewhere

# --- in a container without the host's processes ---
rc=0
err=$(TMPDIR=$TMPDIR unshare --pid --fork --mount-proc --kill-child "$SLIMTRACE" --state-path "$state" build \
	--http-probe-off --continue-after 1 e2e/elsewhere 2>&1 >/dev/null) || rc=$?
is 'no --pid=host: exit status' "$rc" 6
has 'no --pid=host: said' "$err" '--pid=host'
is 'nothing is left behind' "$(leftovers)" ''

cp daemon.json.old "$config"
kill -HUP "$(<"$dir/docker.pid")"
done_testing
