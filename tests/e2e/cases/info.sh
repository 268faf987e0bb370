#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# slimtrace info: the same of layer directories, of a saved archive and without root; checks; pages.
. "$(dirname "$(readlink -f "$0")")/../lib.sh"

context
busybox_rootfs
put big "$(head -c 300000 /dev/zero | tr '\0' x)"
put app.key "$(printf '%s\nx' '-----BEGIN PRIVATE KEY-----')"
install -m 4755 "$PROGS/once" context/root/setuid
cp "$PROGS/once" context/root/copy
import t-info-base 'ENV DB_PASSWORD=hunter2'
image t-info <<'D'
FROM t-info-base
RUN rm /app.key && echo new >/big && chmod 700 /copy
CMD ["/setuid"]
D
duplicate=$(stat -c %s "$PROGS/once")

slimtrace --output-format json info t-info
is 'info: exit status' "$rc" 0
direct=$(jq -S 'del(.dockerfile_path, .image)' <<<"$out")
is 'the bytes overwritten' "$(jq '.wasted.overwritten.bytes' <<<"$out")" $((300001 + duplicate))
is 'the bytes deleted' "$(jq '.wasted.deleted.bytes' <<<"$out")" 30
is 'the bytes duplicated' "$(jq '.wasted.duplicated.bytes' <<<"$out")" "$duplicate"
is 'what the upper layer does' "$(jq -c '.layers[1] | [.added.files, .changed.files, .deleted.files, .same_content_files]' <<<"$out")" '[0,2,1,1]'
is 'setuid' "$(jq -c '[.setuid[].path]' <<<"$out")" '["/setuid"]'
is 'the deleted key' "$(jq -c '[.private_keys[] | [.path, .layer, .hidden_by_layer]]' <<<"$out")" '[["/app.key",0,1]]'
is 'the name of a secret' "$(jq -c .secret_names <<<"$out")" '["ENV DB_PASSWORD"]'
ok 'Dockerfile.fat is kept' test -s "$(artifacts t-info)/Dockerfile.fat"

docker save -o saved.tar t-info
slimtrace --output-format json info saved.tar
same 'an archive tells the same' "$(jq -S 'del(.dockerfile_path, .image)' <<<"$out")" "$direct"
slimtrace --host unix:///nowhere --output-format json info --remove-file-artifacts ./saved.tar
is 'an archive needs no engine' "$rc$(jq '.parent' <<<"$out")" 0null

# Somebody who may use the engine's socket and nothing else, in a place that is open to all.
install -d -m 755 place
install -d -m 777 place/tmp
install -m 755 "$SLIMTRACE" place/prog
touch place/socket
cat >as-nobody <<'S'
mount --bind "$1" /mnt && mount --bind "$2" /mnt/socket || exit 99
cd / && TMPDIR=/mnt/tmp exec setpriv --reuid 65534 --regid 65534 --groups "$(stat -c %g "$2")" \
	/mnt/prog --host unix:///mnt/socket --output-format json info --remove-file-artifacts t-info
S
rc=0
out=$(unshare -m --propagation private bash as-nobody "$PWD/place" "${DOCKER_HOST#unix://}" 2>err) || rc=$?
is 'without root: exit status' "$rc $(<err)" '0 '
same 'without root it tells the same' "$(jq -S 'del(.dockerfile_path, .image)' <<<"$out")" "$direct"
is 'and leaves nothing' "$(ls place/tmp)" ''

slimtrace info --fail-if 'wasted>1kB' --fail-if 'setuid>5' t-info
is 'a condition that holds' "$rc" 8
has 'it is told' "$err" "--fail-if 'wasted>1kB': wasted is"
lacks 'another one is not' "$err" 'setuid>5'
lacks 'no value of a secret' "$out$err" hunter2
is '80 columns are enough, but for a path to copy' "$(grep -v '^dockerfile ' <<<"$out" | grep -E '.{81}')" ''
slimtrace info --fail-if 'wasted>1GB' t-info
is 'a condition that does not hold' "$rc" 0
slimtrace info --fail-if 'waste>1' t-info
is 'no such metric' "$rc" 2
slimtrace --output-format json info --detect-duplicates=false --fail-if 'wasted>1kB' t-info
is 'without duplicates: there is no number of them' "$rc $(jq -c '[.duplicates, .wasted.duplicated, .wasted.bytes]' <<<"$out")" \
	"8 [null,null,$((300001 + duplicate + 30))]"
slimtrace info --detect-duplicates=false --fail-if 'duplicated>0' t-info
is 'a metric that is not measured' "$rc" 2
has 'it is said why' "$err" "'duplicated>0': --detect-duplicates=false"
slimtrace info ./nothing.tar
is 'no such archive' "$rc" 5
slimtrace --output-format json info t-nothing
is 'no such image' "$rc$(jq -r .state <<<"$out")" 5failed
image t-empty <<<$'FROM scratch\nENV A=1'
slimtrace info t-empty
has 'without layers: what it is' "$rc $err" 'no layers'
slimtrace xray --layer 1 --changes delete t-info
has 'xray is the same' "$out" '/app.key'
lacks 'only what was deleted' "$out" '  ~ '


# --- everything that it looks for, in an image of a distribution's files ---
context
busybox_rootfs
with_libs "$(readlink -f /usr/bin/perl)"
mkdir -p context/root/usr/bin context/root/open context/root/sticky context/root/usr/lib/ssl/private
cp "$PROGS/once" context/root/usr/bin/ping
cp "$PROGS/once" context/root/usr/bin/wall
chmod 2755 context/root/usr/bin/wall
chmod 777 context/root/open
chmod 1777 context/root/sticky
put usr/share/everybody 'writes'
chmod 666 context/root/usr/share/everybody
setcap cap_net_raw+ep context/root/usr/bin/ping
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=test -keyout context/root/usr/lib/ssl/private/server.pem \
	-out context/root/usr/lib/ssl/server.crt 2>/dev/null
openssl x509 -in context/root/usr/lib/ssl/server.crt -outform der -out context/root/usr/lib/ssl/root.der
openssl pkcs8 -topk8 -in context/root/usr/lib/ssl/private/server.pem -outform der -passout pass:x -out context/root/app.key
cat context/root/usr/lib/ssl/server.crt context/root/usr/lib/ssl/private/server.pem >context/root/both.pem
put root/.netrc 'machine x login y password z'
mkdir -p context/root/usr/share/dotnet
cp "$PROGS/once" context/root/usr/share/dotnet/dotnet
ln -s ../share/dotnet/dotnet context/root/usr/bin/dotnet
ln -s perl context/root/usr/bin/perl5
put etc/os-release $'ID=test\nNAME="Test Linux"\nVERSION_ID=3'
put var/lib/dpkg/status $'Package: libc6\nStatus: install ok installed\nVersion: 2.36-9'
put lib/apk/db/installed $'P:musl\nV:1.2.4-r2\n'
mkdir -p context/root/usr/lib/python3/dist-packages/PyYAML-6.0.dist-info context/root/var/lib/gems/3.1.0/specifications
put var/lib/gems/3.1.0/specifications/rack-2.2.6.gemspec '# gem'
put app/node_modules/express/package.json '{"name": "express", "version": "4.18.2"}'
import t-all 'ENV PATH=/bin:/usr/bin'
slimtrace --output-format json info t-all
found() { jq -c "$1" <<<"$out"; }
is 'all: what made it, of an import' "$(found '.layers[0].created_by')" '"Imported from -"'
is 'all: file capabilities' "$(found '[.capabilities[] | [.path, .note]]')" '[["/usr/bin/ping","cap_net_raw=ep"]]'
is 'all: setgid' "$(found '[.setgid[].path]')" '["/usr/bin/wall"]'
is 'all: world-writable, but not with the sticky bit' "$(found '[.world_writable[].path]')" '["/open","/usr/share/everybody"]'
is 'all: certificates' "$(found '[.certificates[].path]')" '["/both.pem","/usr/lib/ssl/root.der","/usr/lib/ssl/server.crt"]'
is 'all: private keys' "$(found '[.private_keys[].path]')" '["/app.key","/both.pem","/usr/lib/ssl/private/server.pem"]'
is 'all: credentials' "$(found '[.credentials[].path]')" '["/root/.netrc"]'
has 'all: shells' "$(found '[.shells[].path]')" '"/bin/sh"'
matches 'all: interpreters' "$(found '[.interpreters[].path]')" '^\["/usr/bin/dotnet","/usr/bin/perl[0-9.]*"\]$'
is 'all: the distribution' "$(found .os)" '"Test Linux 3"'
is 'all: packages by manager' "$(found '[.packages[] | "\(.manager) \(.name) \(.version)"] | sort')" \
	'["apk musl 1.2.4-r2","dpkg libc6 2.36-9","gem rack 2.2.6","npm express 4.18.2","pip PyYAML 6.0"]'
slimtrace info --no-pager t-all
for line in Setgid 'File capabilities' cap_net_raw 'World-writable (2)' 'Private keys' Credentials Certificates Interpreters Shells Packages 'Test Linux 3'; do
	has "all: in words: $line" "$out" "$line"
done
lacks 'all: no content of a key' "$out" 'PRIVATE KEY'
slimtrace info --fail-if 'capabilities>0' --fail-if 'keys>0' --fail-if 'world-writable>1' --fail-if 'packages>5' t-all
is 'all: conditions' "$rc $(grep -c -- --fail-if <<<"$err")" '8 3'

# --- RPM: SQLite's database where a link leads, RPM's own, and one that is not read ---
context
mkdir -p context/root/var/lib context/root/usr/lib/sysimage/rpm
ln -s ../../usr/lib/sysimage/rpm context/root/var/lib/rpm
{
	echo 'bash 5.1.8 6.el9 - /usr/bin/bash'
	echo "big 1.0 1 2 $(seq -f '/opt/big/file%g' 2000 | tr '\n' ' ')"
	seq -f 'many%g 1 2 -' 100
	echo 'gpg-pubkey 1 2 -'
} >packages
"$e2e/rpmdb" sqlite context/root/usr/lib/sysimage/rpm/rpmdb.sqlite 512 <packages
import t-rpm
slimtrace --output-format json info t-rpm
is 'rpm: each once, without keys' "$(found '[.packages[] | select(.manager == "rpm")] | length')" 102
is 'rpm: versions' "$(found '[.packages[] | select(.name == "bash" or .name == "big") | .version]')" '["5.1.8-6.el9","2:1.0-1"]'
is 'rpm: it was read' "$(found .package_databases_not_read)" '[]'
context
mkdir -p context/root/var/lib/rpm
"$e2e/rpmdb" ndb context/root/var/lib/rpm/Packages.db <packages
"$e2e/rpmdb" sqlite context/root/var/lib/rpm/rpmdb.sqlite <packages
echo 'not yet in it' >context/root/var/lib/rpm/rpmdb.sqlite-wal
printf 'b\5\6' >context/root/var/lib/rpm/Packages
import t-rpm-ndb
slimtrace --output-format json info t-rpm-ndb
is "rpm: of RPM's own database" "$(found '[.packages[] | select(.manager == "rpm")] | length')" 102
is 'rpm: what was not read is told' "$(found .package_databases_not_read)" \
	'["/var/lib/rpm/rpmdb.sqlite","/var/lib/rpm/Packages"]'

# On a terminal, what is longer than it is paged.
columns=80
paged() { # ROWS ARG...
	TERM=${terminal:-xterm} PAGER=${pager-sed s/^/PAGED:/} script -qec "stty rows $1 cols $columns; $SLIMTRACE --quiet info --remove-file-artifacts ${*:2} t-info" /dev/null </dev/null
}
has 'it pages when long' "$(paged 10)" 'PAGED:image'
lacks 'not when it fits' "$(paged 500)" PAGED:
lacks 'not when told so' "$(paged 10 --no-pager)" PAGED:
lacks 'not on a terminal that cannot be moved about on' "$(terminal=dumb paged 10)" PAGED:
# shellcheck disable=SC2016 # the pager's own
is 'less knows what is written, whatever the locale is' "$(LC_ALL=C pager='sh -c "echo \$LESSCHARSET; cat >/dev/null"' paged 10 | tr -d '\r')" utf-8
is 'what is about the image as such fits a narrow terminal' "$(columns=40 paged 500 | tr -d '\r' | sed '/^$/q' | awk 'length > 40')" ''
PAGER='sed s/^/PAGED:/' slimtrace info --remove-file-artifacts t-info
lacks 'not without a terminal' "$out" PAGED:
is 'nothing is left behind' "$(leftovers)" ''
done_testing
