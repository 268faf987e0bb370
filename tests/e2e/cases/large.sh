# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# An image of 45,000 files costs no more memory than it has to, whether few of them stay or all do.
. "$(dirname "$0")/../lib.sh"
measure=$(readlink -f "$e2e/../bench/measure")
most=64 # MiB, of which 33 are the ring buffer, mapped twice, while it is watched

python3 - "$PROGS/once" <<'END' | docker import -c 'CMD ["/once", "/data/file"]' - e2e/large >/dev/null
import io, sys, tarfile
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as tar:
    tar.add(sys.argv[1], "once", recursive=False)
    for name in ["data/file"] + [f"srv/directory-{i // 100:04d}/some-file-{i:06d}" for i in range(45000)]:
        entry = tarfile.TarInfo(name)
        entry.size = 20
        tar.addfile(entry, io.BytesIO(b"nineteen characters\n"))
END

peak() { # NAME FILES OPTIONS...
	local name=$1 files=$2 mib
	shift 2
	mib=$("$measure" "$SLIMTRACE" --state-path "$state" build --http-probe-off "$@" e2e/large 2>measured | cut -d' ' -f2)
	if ! ok "$name: built" test "$mib"; then sed 's/^/#   /' measured; return; fi
	is "$name: files that stay" "$(grep some-file- "$(artifacts e2e/large)/files.jsonl" | grep -c '"verdict":"kept"')" "$files"
	if [[ $SLIMTRACE == *asan* ]]; then skip "$name: memory" 'the sanitizers take their own'; return; fi
	ok "$name: at most $most MiB, $mib now" test "$mib" -le "$most"
}
peak 'few stay' 0
peak 'all stay' 45000 --include-path /srv
is 'all stay: the image has them' "$(docker run --rm --network none --entrypoint /once e2e/large.slim /srv/directory-0449/some-file-044999)" 'nineteen characters'
is 'all stay: the report, too' "$(jq '[.image.files[].file_path | select(contains("some-file-"))] | length' "$(artifacts e2e/large)/creport.json")" 45000
is 'nothing is left behind' "$(leftovers)" ''
done_testing
