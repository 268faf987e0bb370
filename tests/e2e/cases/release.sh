# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# The release tarball: the same bytes of the same sources, and a program that runs on Debian 11 and 12, on Ubuntu, in a
# userland of musl, and where there is nothing else at all: it slims an image, finds hosts by name, and knows whom to
# trust.
. "$(dirname "$0")/../lib.sh"
top=$(readlink -f "$e2e/../..")

for package in libnghttp2-dev libzstd-dev libbrotli-dev libbz2-dev liblzma-dev dpkg-dev; do
	dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q ^ii || skip_all "$package is not installed"
done
# Sources of three libraries come from Debian's archive.
[[ -s $top/build/static-libs/versions ]] || timeout 300 "$top/tools/static-libs" "$top/build/static-libs" 2>libs.log ||
	skip_all "the static libraries cannot be made: $(tail -n 1 libs.log)"

export SOURCE_DATE_EPOCH=1700000000
ok 'make release' make -C "$top" --no-print-directory -s -j2 release
tarball=$(echo "$top"/build/dist/slimtrace-*-"$(uname -m)".tar.gz)
mkdir here there
tar -xzf "$tarball" -C here --strip-components=1
program=here/bin/slimtrace

# --- what it is ---
is 'it needs no shared library' "$(readelf -d "$program" | grep -c NEEDED)" 0
is 'nor a loader' "$(readelf -l "$program" | grep -c INTERP)" 0
has 'it is placed at random, as the other is' "$(readelf -h "$program")" 'DYN (Position-Independent'
matches 'what it is made of' "$(<here/share/doc/slimtrace/third-party/VERSIONS)" '(^|'$'\n'')curl [0-9]'
while read -r name _; do
	ok "on whose terms $name is" test -s "here/share/doc/slimtrace/third-party/$name.copyright"
done <here/share/doc/slimtrace/third-party/VERSIONS
is 'it may be unpacked into /usr/local' "$(tar -tzf "$tarball" | cut -d/ -f2 | sort -u | xargs)" 'bin lib share'
is 'all is root'"'"'s' "$(tar --numeric-owner -tvzf "$tarball" | awk '{print $2}' | sort -u)" 0/0
is 'a plugin of docker'"'"'s command line' "$(readlink -f here/lib/docker/cli-plugins/docker-slimtrace)" "$PWD/$program"

# --- the same bytes: from another directory, by another make ---
git -C "$top" ls-files -co --exclude-standard -z | (cd "$top" && tar --null --ignore-failed-read -T - -c) 2>/dev/null | tar -x -C there
mkdir -p there/build
cp -r "$top/build/static-libs" there/build/
ok 'made in another place' make -C there --no-print-directory -s -j2 release COMMIT="$(git -C "$top" rev-parse --short=12 HEAD 2>/dev/null)"
ok 'the same bytes' cmp "$tarball" there/build/dist/"${tarball##*/}"

# --- an image to slim, an archive to look at ---
context
busybox_rootfs
ln -s busybox context/root/bin/httpd
put www/index.html 'the page'
put $'www/na\xc3\xafve' 'UTF-8 in its name'
image e2e/release <<'END'
FROM scratch
COPY root /
EXPOSE 8080
CMD ["/bin/httpd", "-f", "-p", "8080", "-h", "/www"]
END
docker save -o app.tar e2e/release
slim 'the program of this machine' --tag e2e/release:here e2e/release
layers=$(docker image inspect -f '{{.RootFS.Layers}}' e2e/release:here)

# --- an engine on TLS whose name is to be looked up, for it and for nobody else ---
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=engine.test -keyout server.key -out server.csr 2>/dev/null
printf 'subjectAltName=DNS:engine.test\n' >ext
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -days 2 -extfile ext -out server.pem 2>/dev/null
cat >named.py <<'END'
import http.server, socket, ssl, struct, threading
def names():  # every name is 127.0.0.1, and has no other address
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 53))
    while True:
        q, peer = s.recvfrom(512)
        end = q.index(b"\0", 12) + 5
        a = q[end - 4:end - 2] == b"\0\1"
        s.sendto(q[:2] + struct.pack(">5H", 0x8180, 1, a, 0, 0) + q[12:end] +
                 (b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\x7f\0\0\1" if a else b""), peer)
class Engine(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"OK" if self.path.endswith("_ping") else b"[]"  # there are no containers, and no images
        self.send_response(200); self.send_header("Api-Version", "1.41")
        self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    do_HEAD = do_GET
    def log_message(self, *a): pass
threading.Thread(target=names, daemon=True).start()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 2376), Engine)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); tls.load_cert_chain("server.pem", "server.key")
server.socket = tls.wrap_socket(server.socket, server_side=True)
open("named.up", "w").close()
server.serve_forever()
END
unshare --net sh -c 'ip link set lo up && exec /usr/bin/python3 named.py' &
named=$!
trap 'kill "$named" 2>/dev/null' EXIT
ok 'an engine with a name' until_true 20 test -e named.up

# --- root file systems ---
# in_root ROOT COMMAND...: in a copy-on-write view of it with the program, the engine, and what a system has mounted.
# It leaves $rc and $out (stderr too).
in_root() {
	local root=$1
	shift
	mkdir -p "view/$root" "upper/$root" "work/$root"
	rc=0
	# shellcheck disable=SC2016 # the inner shell's
	out=$(timeout --kill-after=20 120 ${NETNS:+nsenter --net="$NETNS"} unshare --mount --propagation private bash -c '
		view=$1 lower=$2 upper=$3 work=$4 engine=$5 files=$6
		shift 6
		mount -t overlay overlay -o "lowerdir=$lower,upperdir=$upper,workdir=$work" "$view" || exit 125
		mkdir -p "$view"/{proc,sys,dev,tmp,files} "$view$engine"
		mount --rbind /proc "$view/proc" && mount --rbind /sys "$view/sys" && mount --bind "$engine" "$view$engine" &&
			mount --bind "$files" "$view/files" && touch "$view/dev/null" && mount --bind /dev/null "$view/dev/null" || exit 125
		exec env -u TMPDIR -u SSL_CERT_FILE -u SSL_CERT_DIR -u DOCKER_HOST chroot "$view" "$@"' - "$PWD/view/$root" "${roots[$root]}" "$PWD/upper/$root" "$PWD/work/$root" \
		"${socket%/*}" "$PWD" "$@" 2>&1 </dev/null) || rc=$?
}

socket=${DOCKER_HOST#unix://}
declare -A roots
mkdir -p empty musl/{bin,lib,etc}
roots[empty]=$PWD/empty
# As musl's distributions are: its loader, busybox, and no glibc.
if [[ -e /usr/lib/x86_64-linux-musl/libc.so ]]; then
	cp -L /usr/lib/x86_64-linux-musl/libc.so musl/lib/ld-musl-x86_64.so.1
	cp "$(command -v busybox)" musl/bin/
	echo 'int main(void) { return 0; }' | musl-gcc -x c -o musl/bin/native - 2>/dev/null
	roots[musl]=$PWD/musl
else
	skip 'musl' 'musl-tools is not installed'
fi
for suite in bullseye bookworm jammy; do
	if path=$(timeout 240 "$e2e/rootfs" "$suite" 2>rootfs.log); then
		roots[$suite]=$path
	else
		skip "$suite" "$(tail -n 1 rootfs.log)"
	fi
done

for root in "${!roots[@]}"; do
	mkdir -p "upper/$root/opt"
	tar -xzf "$tarball" -C "upper/$root/opt"
	st=/opt/$(tar -tzf "$tarball" | head -n 1)bin/slimtrace
	if [[ $root == musl ]]; then
		in_root musl /bin/native
		is 'musl: programs of its own run' "$rc" 0
		in_root musl /bin/busybox find / -xdev -name 'libc.so.6'
		is 'musl: there is no other libc' "$out" ''
	fi
	in_root "$root" "$st" version --features
	is "$root: version --features: exit status" "$rc" 0
	has "$root: it sees" "$out" $'tracepoints\tyes'
	in_root "$root" "$st" info docker-archive:/files/app.tar
	is "$root: info of an archive: exit status" "$rc" 0
	has "$root: what is in it" "$out" $'/www/na\xc3\xafve'
	in_root "$root" "$st" --host "$DOCKER_HOST" build --tag "e2e/release:$root" e2e/release
	is "$root: build: exit status" "$rc" 0
	((rc == 0)) || printf '%s\n' "$out" | sed 's/^/# /'
	is "$root: the slim image answers" "$(served "e2e/release:$root" /)" 'the page'
	is "$root: the same image" "$(docker image inspect -f '{{.RootFS.Layers}}' "e2e/release:$root")" "$layers"

	# By the name that DNS has, although nsswitch.conf names modules first.
	mkdir -p "upper/$root/etc"
	rm -f "upper/$root/etc/resolv.conf"
	echo 'nameserver 127.0.0.1' >"upper/$root/etc/resolv.conf"
	printf 'passwd: systemd sss files\nhosts: files mymachines resolve [!UNAVAIL=return] myhostname dns\n' >"upper/$root/etc/nsswitch.conf"
	NETNS=/proc/$named/ns/net in_root "$root" "$st" --host tcp://engine.test --tls --tls-verify=false clean
	is "$root: a name is looked up" "$rc" 0
	rm -rf "upper/$root/etc/ssl/certs"
	NETNS=/proc/$named/ns/net in_root "$root" "$st" --host tcp://engine.test --tls clean
	is "$root: a stranger is not trusted" "$rc" 4
	has "$root: and that is said" "$out" 'certificate'
	for place in etc/ssl/certs/ca-certificates.crt etc/pki/tls/certs/ca-bundle.crt etc/ssl/ca-bundle.pem; do
		install -D -m 0644 ca.pem "upper/$root/$place"
		NETNS=/proc/$named/ns/net in_root "$root" "$st" --host tcp://engine.test --tls clean
		is "$root: trusted with /$place" "$rc" 0
		rm "upper/$root/$place"
	done
	# sudo's caller: the sockets of his home.
	echo 'me:x:1234:1234::/home/me:/bin/sh' >"upper/$root/etc/passwd"
	mkdir -p "upper/$root/home/me/.docker/run"
	ln -s "$socket" "upper/$root/home/me/.docker/run/docker.sock"
	in_root "$root" "$st" version
	has "$root: no engine without him" "$out" 'not reached'
	SUDO_UID=1234 in_root "$root" "$st" version
	has "$root: the engine of who called sudo" "$out" "at unix:///home/me/.docker/run/docker.sock"
done

# --- and it loads nothing of theirs ---
if command -v strace >/dev/null && [[ ${roots[jammy]:-${roots[bookworm]:-}} ]]; then
	root=bookworm
	[[ ${roots[jammy]:-} ]] && root=jammy
	cp "$program" "upper/$root/slimtrace"
	roots[$root]=$PWD/upper/$root:${roots[$root]}
	SUDO_UID=1234 env -u SSL_CERT_FILE -u DOCKER_HOST strace -f -e trace=open,openat -o trace.log nsenter --net="/proc/$named/ns/net" unshare --mount --propagation private \
		sh -c "mount -t overlay overlay -o lowerdir='${roots[$root]}' empty && exec chroot empty /slimtrace --host tcp://engine.test --tls clean" >/dev/null 2>&1
	opened=$(sed -n '/"\/etc\/resolv.conf"/,$p' trace.log)
	has 'it reads the names of hosts' "$opened" /etc/hosts
	is 'it loads no module of the machine' "$(grep -E '\.so[".]|gconv|openssl\.cnf' <<<"$opened")" ''
else
	skip 'it loads no module of the machine' 'no strace, or no other distribution'
fi
done_testing
