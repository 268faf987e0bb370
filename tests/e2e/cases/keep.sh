# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# What stays: as the user asks for it, with reasons that are told, and with a package database that
# is true.
. "$(dirname "$0")/../lib.sh"

context
busybox_rootfs
prog once
for name in file one.txt two.txt sub/three.txt sub/four.dat sub/deep/five.txt 'odd:name'; do put "data/$name" "the $name"; done
put etc/ssl/certs/ca-certificates.crt 'all of them'
put srv/app/page 'page'
mkdir -p context/root/data/empty
chmod 0700 context/root/data/sub
chown 7:8 context/root/data/sub/three.txt
image e2e/keep-base <<'END'
FROM scratch
COPY root /
WORKDIR /srv/app
ENV PATH=/bin
ENTRYPOINT ["/once"]
CMD ["/data/file"]
END
image e2e/keep <<'END'
FROM e2e/keep-base
RUN echo new >/data/late
END

kept() { info paths e2e/keep.slim | grep "^/$1/" | grep -v '/$' | tr '\n' ' '; }
line() { info list e2e/keep.slim | grep "^$1	"; }
build() { slim "$1" --http-probe-off "${@:2}" e2e/keep; }

# --- paths ---
build 'a pattern' --include-path '/data/**/*.txt'
is 'a pattern: what it matches' "$(kept data)" \
	'/data/file /data/one.txt /data/sub/deep/five.txt /data/sub/three.txt /data/two.txt '
build 'all but' --include-path /data --include-path '!/data/sub/**' --include-path '!/data/*.txt'
is 'all but: the rest' "$(kept data)" '/data/file /data/late /data/odd:name '
has 'all but: an empty directory' "$(info paths e2e/keep.slim)" /data/empty/
printf '%s\n' '# a comment' '' /data/one.txt '/data/sub/*.dat' >list
build 'a file of paths' --include-path-file list --preserve-path /data/odd:name
is 'a file of paths: its lines' "$(kept data)" '/data/file /data/odd:name /data/one.txt /data/sub/four.dat '
build 'modes and owners' --include-path '/data/sub:0751#10#20' --include-path /data/one.txt:4600
matches 'the directory has them' "$(line /data/sub)" '0?751.*10.*20'
matches 'what is in it has its own' "$(line /data/sub/three.txt)" '644.*7.*8'
matches 'the file has them' "$(line /data/one.txt)" '4600'
build 'never' --include-path /data --exclude-pattern '/data/**/f*' --exclude-pattern /data/sub/deep
is 'never: also what was used' "$(kept data)" '/data/late /data/odd:name /data/one.txt /data/sub/three.txt /data/two.txt '
build 'the last layer' --include-last-image-layers 1
is 'the last layer: what it has' "$(kept data)" '/data/file /data/late '
build 'the working directory' --include-workdir
is 'the working directory: all below it' "$(kept srv)" '/srv/app/page '
build 'certificates' --include-cert-all
has 'certificates: the bundle' "$(kept etc)" /etc/ssl/certs/ca-certificates.crt
build 'a shell' --include-shell
is 'a shell: it works' "$(run_image --entrypoint sh e2e/keep.slim -c 'ls /data; id -u')" $'file\n0'
build 'a program' --include-exe env --include-bin /bin/cat
is 'a program: it works' "$(run_image --entrypoint /bin/env e2e/keep.slim cat /data/file)" 'the file'

# --- what is not there ---
refused() { # NAME WORD ARGS...
	slimtrace build --http-probe-off "${@:3}" e2e/keep
	is "$1: exit status" "$rc" 2
	has "$1: is named" "$err" "$2"
}
refused 'no such path' "'/data/none'" --include-path /data/none
refused 'no such pattern' "'/data/**/*.none'" --include-path '/data/**/*.none'
refused 'nothing to exclude' "'/none/*'" --exclude-pattern '/none/*'
refused 'no such program' "'none'" --include-exe none
refused 'no time zones' '--include-zoneinfo' --include-zoneinfo
refused 'a relative path' "'data/file'" --include-path data/file
refused 'a file that is not there' 'nowhere' --include-path-file nowhere
refused 'no such rule' "'none'" --rule-off none

# --- reasons ---
build 'lists' --include-path /data/one.txt --exclude-pattern /data/two.txt
dir=$(artifacts e2e/keep)
same 'every entry is in the list, once' \
	"$(jq -r .path "$dir/files.jsonl" | grep -vx / | sort)" \
	"$(info paths e2e/keep | sed 's:\(.\)/$:\1:' | sort)"
is 'every kept one has reasons' "$(jq -s 'map(select(.verdict == "kept" and (.reasons | length == 0))) | length' "$dir/files.jsonl")" 0
is 'no dropped one has' "$(jq -s 'map(select(.verdict == "dropped" and .reasons)) | length' "$dir/files.jsonl")" 0
is 'who used it, and how' "$(jq -r 'select(.path == "/data/file") | .reasons[0], .accesses[0].programs[0].exe, .uses[0]' "$dir/files.jsonl")" \
	$'used\n/once\nread'
is 'what was asked for' "$(jq -r 'select(.path == "/data/one.txt") | .reasons[]' "$dir/files.jsonl")" include
is 'what was excluded' "$(jq -r 'select(.excluded) | .path' "$dir/files.jsonl")" /data/two.txt
is 'what a rule costs' "$(jq -c '.slimtrace.rules.include | [.entries, .bytes, .sole_bytes]' "$dir/creport.json")" '[1,12,12]'
is 'the sum of the kept sizes' "$(jq -s 'map(select(.verdict == "kept") | .size // 0) | add' "$dir/files.jsonl")" \
	"$(jq .slimtrace.slim_bytes "$dir/creport.json")"
build 'a rule off' --rule-off runtime-dir --rule-off user-db
lacks 'a rule off: its directory' "$(info paths e2e/keep.slim)" /tmp/
lacks 'a rule off: its file' "$(info paths e2e/keep.slim)" /etc/passwd
is 'a rule off: is told' "$(jq '.slimtrace.rules | map(select(.off)) | length' "$(artifacts e2e/keep)/creport.json")" 2

# --- files that the run made or changed ---
context
busybox_rootfs
mkdir -p context/root/data/old
put data/config 'as it was'
put data/old/same 'untouched'
put data/old/gone 'to be deleted'
chmod 0710 context/root/data/old
image e2e/new <<'END'
FROM scratch
COPY root /
VOLUME /volume
ENV PATH=/bin
CMD ["/bin/sh", "-c", "mkdir /made /made/in; chmod 2750 /made; echo one >/made/in/one; ln /made/in/one /made/in/two; ln -s in/one /made/link; echo changed >>/data/config; echo new >/data/old/new; rm /data/old/gone; echo x >/volume/x; cat /data/config"]
END
contents() { run_image "$1" sh -c "$2"; }
slim 'nothing new' --http-probe-off e2e/new
lacks 'nothing new: what was made' "$(info paths e2e/new.slim)" /made
is 'nothing new: what was changed' "$(contents e2e/new.slim 'cat /data/config')" 'as it was'
for layers in squash keep; do
	slim "$layers: new files" --http-probe-off --layers=$layers --include-new /made/in --include-new /data/config \
		--include-new /data/old --include-shell e2e/new
	is "$layers: what was made" "$(contents e2e/new.slim 'cat /made/in/one /data/old/new')" $'one\nnew'
	is "$layers: what was changed" "$(contents e2e/new.slim 'cat /data/config')" $'as it was\nchanged'
	is "$layers: hard links" "$(info links e2e/new.slim | grep made)" '/made/in/one /made/in/two'
	matches "$layers: directories above" "$(info list e2e/new.slim | grep -P '^/made\t')" 2750
	matches "$layers: directories that were there" "$(info list e2e/new.slim | grep -P '^/data/old\t')" 710
	lacks "$layers: beside what was asked for" "$(info paths e2e/new.slim)" /made/link
	lacks "$layers: what was only in the image" "$(info paths e2e/new.slim)" /data/old/same
done
is 'the reason is told' "$(jq -r 'select(.path == "/made/in/one") | .reasons[]' "$(artifacts e2e/new)/files.jsonl" | grep new)" new
slimtrace build --http-probe-off --include-new /data/old/same e2e/new
is 'nothing made there: exit status' "$rc" 2
has 'nothing made there: is named' "$err" "'/data/old/same'"
slimtrace build --http-probe-off --include-new /volume e2e/new
is 'a volume is not the image: exit status' "$rc" 2
is 'nothing is left behind' "$(leftovers)" ''

# --- packages: two of this machine's, and its database of all ---
context
with_libs /usr/bin/env
mkdir -p context/root/var/lib/dpkg/{info,updates} context/root/usr/share/doc/coreutils
cp /var/lib/dpkg/status context/root/var/lib/dpkg/
cp /var/lib/dpkg/info/{format,coreutils.*,libc6:*,dpkg.*,bash.*} context/root/var/lib/dpkg/info/
cp /etc/os-release context/root/usr/share/doc/coreutils/copyright
import e2e/dpkg 'CMD ["/usr/bin/env"]'
slim 'packages' --http-probe-off e2e/dpkg
id=$(docker create e2e/dpkg.slim)
mkdir -p out
docker export "$id" | tar -C out -x var/lib/dpkg
docker rm "$id" >/dev/null
is 'packages: those of which files stay' "$(dpkg-query --admindir="$PWD/out/var/lib/dpkg" -W -f '${Package}\n' | sort)" \
	$'coreutils\nlibc6'
is 'packages: their versions' "$(dpkg-query --admindir="$PWD/out/var/lib/dpkg" -W coreutils)" "$(dpkg-query -W coreutils)"
has 'packages: files that stay' "$(dpkg-query --admindir="$PWD/out/var/lib/dpkg" -L coreutils)" /usr/bin/env
lacks 'packages: files that do not' "$(dpkg-query --admindir="$PWD/out/var/lib/dpkg" -L coreutils)" /usr/bin/ls
lacks 'packages: nor their scripts' "$(find out -name '*.postinst')" coreutils
not_ok 'packages: nor sums of other files' grep -q 'usr/bin/ls$' out/var/lib/dpkg/info/coreutils.md5sums
slim 'no packages' --http-probe-off --rule-off packages e2e/dpkg
lacks 'no packages: no database' "$(info paths e2e/dpkg.slim)" /var/lib/dpkg
done_testing
