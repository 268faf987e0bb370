# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# What the documents tell users to type works: pages with ```sh blocks are run from top to bottom, and every option
# in a slimtrace command line of any page exists.
. "$(dirname "$0")/../lib.sh"
top=$(readlink -f "$e2e/../..")

# --- every option exists ---
mapfile -t commands < <("$SLIMTRACE" --help | awk '/^Commands:/ {on = 1; next} /^$/ {on = 0} on {print $1}')
declare -A known
global=$("$SLIMTRACE" --help | grep -oE '^  --?[a-z][a-z-]*' | tr -d ' ' | tr '\n' ' ')
for command in "${commands[@]}"; do
	known[$command]=" $global$("$SLIMTRACE" "$command" --help | grep -oE '^  --?[a-z][a-z-]*' | tr -d ' ' | tr '\n' ' ')"
done
lines=0
while IFS= read -r line; do
	file=${line%%:*} rest=${line#*slimtrace }
	command=''
	for word in $rest; do [[ -v known[$word] ]] && command=$word && break; done
	[[ $command ]] || continue
	lines=$((lines + 1))
	for option in $(sed -E "s/'[^']*'//g; s/[|#].*//; s/ -- .*//" <<<"$rest" | grep -oE '(^| )--[a-z][a-z-]*' | tr -d ' '); do
		[[ ${known[$command]} == *" $option "* ]] || fail "$file: $command has $option" "$line"
	done
done < <(cd "$top" && {
	grep -nE '^( {4}|\t)?(sudo )?slimtrace [a-z-]' README.md docs/*.md
	# shellcheck disable=SC2016 # the backticks are the page's
	grep -noE '`(sudo )?slimtrace [^`]+`' README.md docs/*.md
})
ok 'there are command lines to look at' test "$lines" -gt 20
pass "options of $lines command lines were looked for"

# --- and every option is in a page that somebody reads ---
missing=()
for command in "${commands[@]}"; do
	for option in ${known[$command]}; do
		grep -qE -- "(^|[^a-z-])$option([^a-z-]|\$)" "$top/README.md" "$top"/docs/*.md || missing+=("$command $option")
	done
done
is 'the pages name every option' "${missing[*]}" ''

# --- the artifacts are root's: who reads the page has sudo ---
# shellcheck disable=SC2016 # the page's own
is 'nothing but sudo reads artifacts' "$(grep -nE '^[^#]*"\$artifacts' "$top"/docs/*.md | grep -vE ':(\[ .* \|\| |[a-z]+=\$\()?sudo ')" ''

# --- pages that are run ---
mkdir bin
printf '#!/bin/sh\nexec "%s" --state-path "%s" "$@"\n' "$SLIMTRACE" "$state" >bin/slimtrace
chmod +x bin/slimtrace
PATH=$PWD/bin:$PATH
sudo() { "$@"; }
export -f sudo

# One shell for the page: what a block sets, the next one has. Each block ends with its number.
run_page() { # NAME
	awk '/^```sh$/ {on = 1; next} /^```$/ {if (on) print "echo \"block " ++n " done\" >&3"; on = 0} on' "$top/docs/$1.md" >"$1.sh"
	(cd "$1.work" && bash -eu "../$1.sh" 3>"../$1.done" >"../$1.out" 2>&1 </dev/null)
	rc=$?
	if ((rc == 0)); then pass "$1: all $(wc -l <"$1.done") blocks"; else
		fail "$1: block $(($(wc -l <"$1.done") + 1))" "exit status $rc" "$(tail -n 12 "$1.out")"
	fi
}
mkdir work
ln -s work getting-started.work
ln -s work ci.work
run_page getting-started
has 'getting-started: why' "$(<getting-started.out)" '/www/seldom.html: dropped'
has 'getting-started: what nobody asked for' "$(<getting-started.out)" '1 web file; --include-path keeps it:'
has 'getting-started: kept once it was used' "$(<getting-started.out)" '/www/seldom.html: kept'
run_page ci
ln -s work trace.work
run_page trace
# --- command lines of the other pages, one by one, with what they speak of ---
mkdir lines
context
busybox_rootfs
ln -s busybox context/root/bin/httpd
put www/index.html 'the page'
put www/hello/you 'hello'
put the/missing/file 'not used'
head -c 20000000 /dev/zero >context/root/unused
put bin/my-client '#!/bin/sh'
chmod +x context/root/bin/my-client
image my/app <<'D'
FROM scratch
COPY root /
EXPOSE 8080 9000
CMD ["/bin/sh", "-c", "httpd -p 9000 -h /www; exec httpd -f -p 8080 -h /www"]
D
docker tag my/app slimtrace/sample:fat
slim 'for the documents' -o oci:lines/layout --tag v1/v1:v1 my/app
cp "$(artifacts my/app)"/* lines/
jq '.manifests[0].annotations["org.opencontainers.image.ref.name"] = "v1"' lines/layout/index.json >index.json && mv index.json lines/layout/
slim 'and the image that they start' my/app
docker save -o lines/app.tar my/app

# The commands of a page that are indented; with IMAGE, [options] and the like it is no command but its form. The plugin and
# the packages have cases of their own.
commands_of() {
	awk '/^```/ {fence = !fence} !fence && sub(/^    (\$ )?/, "")' "$1" | grep -E '^(sudo )?(slimtrace|docker run|jq|dmesg) |^(SLIMTRACE_)?IMAGE=' |
		grep -vE '\[options\]|[^A-Z_]IMAGE([^=]|$)|RECORD|PATH|OLD|NAME|COMMAND' | sed 's/ *# .*//'
}
# On this page's machine the engine is where one is by default.
socket=${DOCKER_HOST#unix://}
# shellcheck disable=SC2016 # the inner shell's
as_a_user() { # LINE: in ./lines
	unshare --mount --propagation private bash -c 'mount -t tmpfs tmpfs /run && touch /run/docker.sock &&
		mount --bind "$1" /run/docker.sock && cd lines && unset DOCKER_HOST && exec timeout 100 bash -c "$2"' - "$socket" "$1" >line.out 2>&1 </dev/null
}
# What goes on until somebody ends it.
lasting() { # LINE
	local pid
	as_a_user "$1" &
	pid=$!
	up() { docker ps -q | grep -q .; }
	until_true 30 up || return 1
	case $1 in
	docker* | *-run.sh*) docker ps -q | xargs docker rm -f >/dev/null ;;
	*) until_true 30 watching && pkill -USR1 -f "^$SLIMTRACE .*--continue-after signal" ;;
	esac
	wait "$pid"
	[[ $1 == docker* || $1 == *-run.sh* || $? == 0 ]]
}
watching() { grep -qE 'SIGUSR1|USR1' line.out; }
ran=0
declare -A run_here
for page in "$top/README.md" "$top"/docs/*.md; do
	while IFS= read -r line; do
		ran=$((ran + 1)) run_here[$line]=1
		case $line in
		'docker run'* | *'--continue-after signal'* | *-run.sh*) lasting "$line" ;;
		*tools/action/run*) as_a_user "PATH=$PWD/bin:\$PATH ${line/tools/"$top/tools"}" ;;
		*) as_a_user "$line" ;;
		esac
		rc=$?
		[[ $line == dmesg* && $rc == 1 ]] && rc=0 # nothing was denied
		if ((rc == 0)); then pass "${page##*/}: $line"; else fail "${page##*/}: $line" "exit status $rc" "$(tail -n 5 line.out)"; fi
	done < <(commands_of "$page")
done
ok "command lines were run: $ran" test "$ran" -ge 18
is 'no container is left' "$(docker ps -aq)" ''

# --- lines of other programs and of the checkout: run by another case, or make knows them, or the program is there ---
elsewhere=(
	'docker run --rm --pid=host|sidecar' 'docker run --rm --privileged|sidecar' 'docker slimtrace version|plugin'
	'make release|release' 'make deb|packages' 'make sidecar|sidecar'
	'mkdir -p /run/podman|podman' 'podman system service|podman'
)
others_of() {
	awk '/^```/ {fence = fence ? "" : $0; next} fence == "```" || (!fence && /^    /)' "$1" | sed -E 's/^    (\$ )?//; s/ +# .*//' |
		grep -E '^(sudo )?(make|mkdir|docker|podman|kubectl|tools/|tests/)'
}
make() { command make -n -s -C "$top" "$@" >/dev/null; } # what would be done, and nothing of it
export -f make
export top
case_of() { # LINE
	local known
	for known in "${elsewhere[@]}"; do
		[[ $1 != "${known%|*}"* ]] || echo "${known#*|}"
	done
}
for page in "$top/README.md" "$top/CONTRIBUTING.md" "$top"/docs/*.md; do
	while IFS= read -r line; do
		[[ ! -v run_here[$line] ]] || continue
		command=${line#sudo } name=$(case_of "${line#sudo }")
		if [[ $name ]]; then
			ok "${page##*/}: $line: a case runs it" test -f "$e2e/cases/$name.sh"
			continue
		fi
		case $command in
		make*) ok "${page##*/}: $line" bash -euc "$line" ;;
		tools/* | tests/*) ok "${page##*/}: $line" test -x "$top/${command%% *}" ;;
		'kubectl apply -f '*) ok "${page##*/}: $line" test -s "$top/${line##* }" ;;
		'kubectl -n slimtrace create secret '*) ;; # takes a cluster
		*) fail "${page##*/}: nobody runs: $line" ;;
		esac
	done < <(others_of "$page")
done
done_testing
