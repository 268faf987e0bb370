# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The accounting of a run, and that nothing is lost in it: against itself, and against what the engine saves of both
# images, read without slimtrace.

image_info=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../e2e/image-info

# sums_wrong ARTIFACTS FAT [SLIM]: a line for each sum that is wrong; none: all are right.
sums_wrong() {
	local creport=$1/creport.json
	jq -r '.slimtrace | .accounting as $a |
		def flat: [.fat, .kept, .dropped] | map(.files, .bytes);
		def off($name): flat | select(.[0] != .[2] + .[4] or .[1] != .[3] + .[5]) | "\($name): kept and dropped are not all: \(.)";
		($a | off("the image")),
		("layers", "directories", "packages", "reasons" | . as $by | $a[$by][] |
			off("\($by) \(.path? // .name? // .reason? // .diff_id? // "")")),
		("layers", "packages", "reasons", "directories" | . as $by |
			[($a[$by][] | select($by != "directories" or (.path | test("^/[^/]*$")))), ($a.no_package | select($by == "packages")),
				($a.no_directory | select($by == "directories"))] |
			map(flat) | transpose | map(add) |
			select(. != ($a | flat)) | "by \($by): \(.), not \($a | flat)"),
		(select(.fat_bytes != $a.fat.bytes or .slim_bytes != $a.kept.bytes or .fat_files != $a.fat.files or .slim_files != $a.kept.files) |
			"the headline is another: \(.fat_bytes) \(.slim_bytes)")' "$creport"
	sums_listed "$1" || echo 'files.jsonl: other sums'
	sums_saved "$creport" fat "$2"
	[[ ! ${3:-} ]] || sums_saved "$creport" kept "$3"
}

# Content with several names counts once: the others say whose it is ("content_of").
sums_listed() {
	jq -es --slurpfile creport "$1/creport.json" 'def sums(size): [length, (map(select(has("content_of") | not) | size) | add // 0)];
		$creport[0].slimtrace.accounting as $a | map(select(.type == "file")) | (map({key: .path, value: true}) | from_entries) as $paths |
		(sums(.original_size // .size) == [$a.fat.files, $a.fat.bytes]) and
		(map(select(.verdict == "kept")) | sums(.size) == [$a.kept.files, $a.kept.bytes]) and
		all(.[].content_of // empty; $paths[.])' "$1/files.jsonl" >/dev/null
}

sums_saved() { # CREPORT fat|kept IMAGE
	local told saved
	told=$(jq -c --arg which "$2" '.slimtrace.accounting[$which] | [.files, .bytes]' "$1")
	saved=$("$image_info" sums "$3")
	[[ $told == "$saved" ]] || echo "$2: $told, but $3 has $saved"
}
