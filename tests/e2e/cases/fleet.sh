# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# docs/fleet.md: its commands, run from top to bottom with a registry of our own; the DaemonSet, whose script is run
# with it; the workflow of GitHub.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=../../../tools/lib/say.sh
. "$e2e/../../tools/lib/say.sh"
# shellcheck source=../../../tools/lib/packages.sh
. "$e2e/../../tools/lib/packages.sh"
(packages_install 'the registry test' "${packages_registry[@]}") >install.log 2>&1 ||
	skip_all "docker-registry cannot be installed: $(tail -n 1 install.log)"
# shellcheck source=../registry/lib.sh
. "$e2e/registry/lib.sh"
top=$(readlink -f "$e2e/../..")
export DOCKER_CONFIG=$PWD/docker-config
mkdir bin work "$DOCKER_CONFIG"

port=$(free_port)
here=127.0.0.1:$port
context
busybox_rootfs
ln -s busybox context/root/bin/httpd
for page in index seldom never; do put "www/$page.html" "the page $page"; done
image "$here/my/app:1" <<'END'
FROM scratch
COPY root /
EXPOSE 8080
CMD ["/bin/httpd", "-f", "-p", "8080", "-h", "/www"]
END
registry_start fleet "$port"

# --- the page ---
# shellcheck disable=SC2016 # the script's own
printf '#!/bin/sh\nexec "%s" --state-path "%s" "$@"\n' "$SLIMTRACE" "$state" >bin/slimtrace
chmod +x bin/slimtrace
real=$SLIMTRACE
sudo() { "$@"; }
export -f sudo
awk '/^```sh$/ {on = 1; next} /^```$/ {if (on) print "echo \"block " ++n " done\" >&3"; on = 0} on' "$top/docs/fleet.md" |
	sed "s#registry\\.example#$here#g" >fleet.sh
(cd work && PATH=$PWD/../bin:$PATH inside bash -eu ../fleet.sh 3>../blocks >../page.out 2>&1 </dev/null)
rc=$?
if ((rc == 0)); then pass "the page: all $(wc -l <blocks) blocks"; else
	fail "the page: block $(($(wc -l <blocks) + 1))" "exit status $rc" "$(tail -n 12 page.out)"
fi
is 'the page: the records of three runs' "$(jq .runs work/all.json)" 3
is 'the page: in how many what was used' "$(jq -c '[.accesses[] | select(.source == "file" and .on_image) |
	select(.path | startswith("/www/")) | [.path, .runs]] | sort' work/all.json)" '[["/www/index.html",2],["/www/seldom.html",1]]'
docker rmi "$here/my/app:1.slim" >/dev/null
docker pull -q "$here/my/app:1.slim" >/dev/null
is 'the page: the image of them all' "$(info paths "$here/my/app:1.slim" | grep '^/www/.' | tr '\n' ' ')" '/www/index.html /www/seldom.html '

# --- the DaemonSet ---
# yaml FILE EXPRESSION: of Python, with "all", the documents
yaml() { /usr/bin/python3 -c 'import json, sys, yaml
with open(sys.argv[1]) as f:
    all = list(yaml.safe_load_all(f))
value = eval(sys.argv[2])
print(value if isinstance(value, str) else json.dumps(value, separators=(",", ":")))' "$top/tools/fleet/$1" "$2"; }
daemonset=daemonset.yaml
is 'DaemonSet: what it is made of' "$(yaml $daemonset '[d["kind"] for d in all]')" '["Namespace","ConfigMap","DaemonSet"]'
is 'DaemonSet: all in one namespace' "$(yaml $daemonset 'sorted({d["metadata"].get("namespace", d["metadata"]["name"]) for d in all})')" '["slimtrace"]'
is 'DaemonSet: its pods are its own' "$(yaml $daemonset 'all[2]["spec"]["selector"]["matchLabels"] == all[2]["spec"]["template"]["metadata"]["labels"]')" true
is 'DaemonSet: every mount has its volume' "$(yaml $daemonset '[sorted({m["name"] for m in p["containers"][0]["volumeMounts"]}) == sorted(v["name"] for v in p["volumes"]) for p in [all[2]["spec"]["template"]["spec"]]]')" '[true]'
is 'DaemonSet: it sees the processes of the node, and the kernel' "$(yaml $daemonset '[[p["hostPID"], p["containers"][0]["securityContext"]["privileged"]] for p in [all[2]["spec"]["template"]["spec"]]]')" '[[true,true]]'
yaml $daemonset 'all[1]["data"]["node.sh"]' >node.sh
variables=$(yaml $daemonset '" ".join(e["name"] for e in all[2]["spec"]["template"]["spec"]["containers"][0]["env"])')
for variable in IMAGE PERIOD RECORDS NODE; do has "DaemonSet: $variable is set" " $variables " " $variable "; done
ok 'DaemonSet: the script is a shell script' sh -n node.sh
if command -v shellcheck >/dev/null; then ok 'DaemonSet: that shellcheck has nothing against' shellcheck node.sh; else skip 'shellcheck' 'not installed'; fi

# The script as a pod runs it.
cat >bin/slimtrace <<END
#!/bin/bash
[[ \$1 != trace ]] || echo "\$*" >>"$PWD/traced"
exec "$real" --state-path "$state" "\$@"
END
node() { # [COMMAND...] in its environment, in the background: $node_pid
	PATH=$PWD/bin:$PATH IMAGE=$here/my/app:1 NODE=node-7 PERIOD=1h RECORDS=$PWD/records \
		setsid nsenter --net="/proc/$engine_pid/ns/net" sh node.sh >node.log 2>&1 </dev/null &
	node_pid=$!
	registry_pids+=("$node_pid")
}
mkdir records
jq '.host.kernel = "node-7"' "$(artifacts "$here/my/app:1")/record.json" >node.json
jq '.host.kernel = "node-7" | .started = "2026-01-01T00:00:00Z"' node.json >records/earlier.json
node
until_true 20 grep -q 'slimtrace: watching' node.log
docker run -d --network none --name app "$here/my/app:1" >/dev/null
until_true 20 grep -q 'app: watched from its start' node.log
kill "$node_pid"
wait "$node_pid"
is 'DaemonSet: it traces' "$(<traced)" "trace --image $here/my/app:1 --output $PWD/records --for 1h"
is 'DaemonSet: nothing is left on the node' "$(ls records)" ''
registry pull --list "$here/my/app:1"
is 'DaemonSet: both records are in the registry, by name' "$(grep -c 'node=node-7' <<<"$out")" 2
registry pull -o nodes.json "$here/my/app:1"
is 'DaemonSet: what the node saw is among them' "$(jq '[.programs[] | select(.argv == ["/bin/httpd", "-f", "-p", "8080", "-h", "/www"])] | length > 0' nodes.json)" true
# Nobody can be reached: it stays.
rm traced
port_gone=$(free_port)
docker tag "$here/my/app:1" "127.0.0.1:$port_gone/my/app:1"
here=127.0.0.1:$port_gone node
until_true 20 grep -q 'app: watched from now on' node.log
until_true 20 grep -q 'slimtrace: watching' node.log
kill "$node_pid"
wait "$node_pid"
is 'DaemonSet: what could not be pushed stays' "$(find records -type f -printf '%f\n' | sed 's/-.*//')" app
docker rm -f app >/dev/null

# --- the workflow ---
workflow=workflow.yml
is 'workflow: the jobs, one after the other' "$(yaml $workflow '[[k, j.get("needs")] for k, j in all[0]["jobs"].items()]')" '[["image",null],["watch","image"],["slim","watch"]]'
is 'workflow: a matrix' "$(yaml $workflow 'len(all[0]["jobs"]["watch"]["strategy"]["matrix"]["suite"]) > 1')" true
yaml $workflow '"\n".join(s["run"] for j in all[0]["jobs"].values() for s in j["steps"] if "run" in s)' | sed 's/\${{[^}]*}}/x/g' >workflow.sh
ok 'workflow: its steps are shell' bash -n workflow.sh
known() { # COMMAND: its options
	"$real" "$1" --help | grep -oE '^  --?[a-z][a-z-]*' | tr -d ' '
}
for command in trace push pull build; do
	line=$(grep -oE "slimtrace $command .*" workflow.sh | tail -n 1)
	has "workflow: it has a line with $command" "$line" "slimtrace $command"
	while read -r option; do
		ok "workflow: $command has $option" grep -qxF -e "$option" <(known "$command")
	done < <(grep -oE '(^| )--[a-z][a-z-]*' <<<"$line")
done
ok 'workflow: what installs is there' test -x "$top/tools/action/install"
is 'nothing is left behind' "$(leftovers)" ''
done_testing
