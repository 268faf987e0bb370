# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# The Debian package and the sources' archive.
. "$(dirname "$0")/../lib.sh"
top=$(readlink -f "$e2e/../..")

if command -v dpkg-shlibdeps >/dev/null; then
	mkdir one two
	export SOURCE_DATE_EPOCH=1700000000
	ok 'a package' "$top/tools/deb" "$SLIMTRACE" one
	deb=$(echo one/*.deb)
	"$top/tools/deb" "$SLIMTRACE" two >/dev/null
	ok 'the same again' cmp "$deb" two/*.deb
	dpkg-deb -x "$deb" root
	matches 'its program runs' "$(root/usr/bin/slimtrace --version)" '^slimtrace +[0-9]'
	has 'it needs what it is linked with' "$(dpkg-deb -f "$deb" Depends)" libbpf1
	has 'all is root'"'"'s' "$(dpkg-deb -c "$deb")" 'root/root'
	is 'and nobody else'"'"'s' "$(dpkg-deb -c "$deb" | awk '{print $2}' | sort -u)" root/root
	if command -v lintian >/dev/null; then
		is 'lintian' "$(lintian --allow-root --fail-on error,warning "$deb" 2>&1)" ''
	else
		skip 'lintian' 'not installed'
	fi
else
	skip 'a package' 'dpkg-dev is not installed'
fi
if git -C "$top" rev-parse HEAD >/dev/null 2>&1; then
	ok 'sources' make -C "$top" --no-print-directory -s dist
	is 'all that is committed' "$(tar -tzf "$top/build/dist/slimtrace-$("$SLIMTRACE" --version | awk 'NR == 1 {print $2}').tar.gz" | grep -vc '/$')" "$(git -C "$top" ls-tree -r --name-only HEAD | wc -l)"
else
	skip 'sources' 'not a git checkout'
fi
done_testing
