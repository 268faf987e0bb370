# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# report.html of real builds, opened in Chromium: what it shows, how it is used, what it cannot be made to do.
#
# REPORT_SHOTS=DIR: leaves pictures there.
. "$(dirname "$0")/../lib.sh"
for tool in node npm chromium; do command -v $tool >/dev/null || skip_all "$tool is not installed"; done

top=$(readlink -f "$e2e/../..")
work=$top/build/html page=$top/user/report/html
packages() { "$top/tools/npm" "$top/tests/html" "$work/test" && "$top/tools/npm" "$page" "$work/page"; }
packages >npm.log 2>&1 || skip_all "npm cannot get what the tests need: $(tail -n 1 npm.log)"
ok 'the page is made from its sources as they are' node "$work/page/build.mjs" --check "$page/dist"

# The browser's own output is TAP; its lines become ours.
browser() {
	local line lines=() i
	node "$work/test/check.mjs" "$@" >browser.out 2>browser.err
	mapfile -t lines <browser.out
	for i in "${!lines[@]}"; do
		line=${lines[i]}
		case $line in
		'ok '*) pass "${line#* - }" ;;
		'not ok '*) fail "${line#* - }" "${lines[@]:i+1:4}" ;;
		esac
	done
	matches "node check.mjs ${1##*/}: came to its end" "$(tail -n 1 browser.out; head -n 12 browser.err)" '^1\.\.[0-9]+'
}

hostile='</script><img src=x onerror=harm=1>' # the slash makes it a directory and a file
context
prog webserver
put www/index.html 'page'
put "hostile/$hostile" 'text'
put usr/share/doc/some.gone "$(head -c 200000 /dev/zero | tr '\0' x)"
put var/lib/dpkg/status $'Package: doc\nStatus: install ok installed\nVersion: 1.0-2\n'
put var/lib/dpkg/info/doc.list $'/.\n/usr\n/usr/share/doc/some.gone'
put usr/lib/big "$(head -c 900000 /dev/zero | tr '\0' y)"
put usr/share/zero/a a
put odd/$'odd-\xff' 'not UTF-8'
put odd/$'odd-\u202egnp.exe' 'deceives'
put 'odd/odd-<!--<script>' 'comment'
put odd/$'odd-z\u0301\u0302\u0303\u0304\u0305' 'marks'
put "odd/odd-it's[1]:07" 'pat'
put 'names/blank   ' 'blanks'
put "odd/it's" 'quote'
put 'rtl/קובץ/שלום.txt' 'right to left'
mkdir context/root/links
ln -s ../www/index.html context/root/links/kept
ln -s ../www/index.html context/root/links/gone
put "odd/odd-\"\\" 'quoted'
ln context/root/usr/lib/big context/root/usr/lib/big2
image e2e/report <<'END'
FROM scratch
COPY root/webserver /webserver
COPY root /
EXPOSE 8080
LABEL note="</script><script>window.harm=1</script><!--"
CMD ["/webserver"]
END
slim report --include-path /links/kept e2e/report
dir=$(artifacts e2e/report)
ok 'the page is among the artifacts' test -s "$dir/report.html"
is 'for root only' "$(stat -c %a "$dir/report.html")" 600
is 'as many ends of scripts as scripts' "$(grep -o '</script' "$dir/report.html" | wc -l)" 5
jq -n --arg quote "'" --arg creport "$dir/creport.json" --arg hostile "/hostile/$hostile" '{image: "e2e/report", creport: $creport,
	search: "/www/index.html", program: "/webserver", hostile: $hostile,
	odd: "/odd/odd-\\xff,/odd/odd-\\u{202e}gnp.exe,/odd/odd-<!--<script>,/odd/odd-\"\\,/odd/odd-z\u0301\u0302\u0303\\u{304}\\u{305},/odd/odd-it\($quote)s[1]:07",
	kept_by: ["/odd/odd-*", "/odd/odd-???gnp.exe", "/odd/odd-<!--<script>", "/odd/odd-\"\\\\", "/odd/odd-z\u0301\u0302\u0303????",
		"/odd/odd-it\($quote)\\\($quote)\($quote)s\\[1][:]07"]}' >expect.json
browser "$dir/report.html" expect.json ${REPORT_SHOTS:+"$REPORT_SHOTS"}

# --- when it listened is told, not when somebody looked ---
slim 'later' --http-probe-start-wait 2 e2e/report
marks=$(sed -n 's/^.*<script type="application\/json" id="meta">//p' "$(artifacts e2e/report)/report.html" | jq -c .marks)
is "ready long before serving: $marks" "$(jq '.ready < 1 and .serving >= 2' <<<"$marks")" true

# --- an app that takes a second until it listens, and starts many programs ---
context
busybox_rootfs
prog webserver
put www/index.html 'page'
put www/seldom.html 'not used'
image e2e/report-slow <<'END'
FROM scratch
COPY root /
EXPOSE 8080
CMD ["/bin/sh", "-c", "i=0; while [ $i -lt 60 ]; do /bin/busybox true one; i=$((i + 1)); done; sleep 1; exec /webserver"]
END
slim slow e2e/report-slow
marks=$(sed -n 's/^.*<script type="application\/json" id="meta">//p' "$(artifacts e2e/report-slow)/report.html" | jq -c .marks)
browser --busy "$(artifacts e2e/report-slow)/report.html"
is "ready when it listened, serving after that: $marks" "$(jq '.ready >= 1 and .serving >= .ready' <<<"$marks")" true

# --- nothing dropped, nobody calls, nothing listens ---
context
prog once
put data/file 'text'
image e2e/report-bare <<'END'
FROM scratch
COPY root /
CMD ["/once"]
END
slim bare --http-probe-off e2e/report-bare
browser --bare "$(artifacts e2e/report-bare)/report.html"

# --- 50,000 files: the page grows with them and not faster; so does what it takes to open it ---
many() { # NAME FILES
	context
	prog once
	put data/file 'text'
	# 100 in a directory
	(cd context/root && seq -f '%05.0f' "$2" | sed 's|\(.*\)..$|many/\1/file-&|' >../list &&
		sed 's|/[^/]*$||' ../list | sort -u | xargs mkdir -p && xargs touch <../list)
	import "$1" 'CMD ["/once"]'
	slim "$2 files" --http-probe-off "$1"
	cp "$(artifacts "$1")/report.html" "many-$2.html"
}
many e2e/report-some 1000
many e2e/report-many 50000
size() { echo $(($(stat -c %s "many-$1.html") - $(stat -c %s "$page"/dist/head.html) - $(stat -c %s "$page"/dist/tail.html))); }
ok '50,000 files: the data is no more than 50 times that of 1,000' test "$(size 50000)" -le $(($(size 1000) * 50))
if node "$work/test/check.mjs" --time many-1000.html many-50000.html >took.txt 2>browser.err; then
	pass '50,000 files: opens, finds, draws'
	echo "# $(head -n 1 took.txt) ms with 1,000 files, $(tail -n 1 took.txt) ms with 50,000"
	ok '50,000 files: takes less than 15 times as long as 1,000' test "$(tail -n 1 took.txt)" -lt $((15 * $(head -n 1 took.txt)))
else
	fail '50,000 files: opens, finds, draws' "$(<browser.err)"
fi
done_testing
