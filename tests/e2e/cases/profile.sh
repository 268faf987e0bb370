# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# Security profiles: made by profile and by build alike, and they hold what they were made for.
. "$(dirname "$0")/../lib.sh"

context
busybox_rootfs
prog webserver
put www/index.html 'the page'
put www/a.html 'page a'
image e2e/prof-web <<'END'
FROM scratch
COPY root /
EXPOSE 8080
ENTRYPOINT ["/webserver", "8080"]
END
image e2e/prof-sh <<'END'
FROM scratch
COPY root /
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["cat /etc/group; mkdir /made; echo done"]
END

slimtrace profile e2e/prof-web
is 'profile: exit status' "$rc" 0
dir=$(artifacts e2e/prof-web)
seccomp=$dir/e2e-prof-web-seccomp.json apparmor=$dir/e2e-prof-web-apparmor-profile
ok 'no image was made' test -z "$(docker images -q e2e/prof-web.slim)"
is 'files' "$(find "$dir" -mindepth 1 -printf '%f\n' | sort | tr '\n' ' ')" \
	'Dockerfile.fat creport.json e2e-prof-web-apparmor-profile e2e-prof-web-compose.yaml e2e-prof-web-kubernetes.yaml e2e-prof-web-run.sh e2e-prof-web-seccomp.json files.jsonl record.json report.html '
matches 'the summary tells' "$out" 'seccomp +[0-9]+ system calls'
cp "$seccomp" first.json
cp "$apparmor" first.aa

ok 'seccomp: allowed calls are a list' jq -e '[.syscalls[] | select(.action == "SCMP_ACT_ALLOW") | .names[]] | length > 20' first.json
is 'seccomp: it answers ENOSYS' "$(jq .defaultErrnoRet first.json)" 38
allowed='[.syscalls[] | select(.action == "SCMP_ACT_ALLOW") | .names[]] | unique | join(" ")'
for call in mount ptrace bpf unshare clone3; do lacks "seccomp: no $call" " $(jq -r "$allowed" first.json) " " $call "; done
confined=$(jq -r '[.syscalls[] | select(.phase == "confined") | .name] | join(" ")' "$dir/record.json")
for call in execve capset close; do has "the runtime's $call was seen under the filter" "$confined" "$call"; done
lacks 'what it called before was not' "$confined" pivot_root

options=(--security-opt "seccomp=$PWD/first.json")
is 'under it, the app answers' "$(served e2e/prof-web / "${options[@]}")" 'the page'
is 'with --init' "$(served e2e/prof-web /a.html "${options[@]}" --init)" 'page a'
is 'with no-new-privileges' "$(served e2e/prof-web / "${options[@]}" --security-opt no-new-privileges)" 'the page'
is 'read-only, as another user' "$(served e2e/prof-web / "${options[@]}" --read-only --user 7:7)" 'the page'
id=$(docker run -d --network none "${options[@]}" e2e/prof-web)
ok 'stopped and started again' sh -c "docker restart -t 2 $id && docker inspect -f '{{.State.Running}}' $id | grep true"
docker rm -f "$id" >/dev/null
matches 'another program is held' "$(run_image "${options[@]}" --entrypoint /bin/sh e2e/prof-web -c 'mkdir /x' || true)" \
	'not permitted|not implemented|can.t'

slim 'the same by build' e2e/prof-web
is 'seccomp: the same calls' "$(jq -r "$allowed" "$seccomp")" "$(jq -r "$allowed" first.json)"
ok 'apparmor: same bytes' cmp first.aa "$apparmor"
is 'the slim image runs under it' "$(served e2e/prof-web.slim / --security-opt "seccomp=$seccomp")" 'the page'

# --- how to run it ---
script=$dir/e2e-prof-web-run.sh
ok 'run.sh: a shell takes it' sh -n "$script"
has 'run.sh: no capabilities' "$(<"$script")" '--cap-drop ALL'
has 'run.sh: read-only' "$(<"$script")" '--read-only'
id=$("$script" -d --network none)
ok 'run.sh: it runs' test -n "$id"
pid=$(docker inspect -f '{{.State.Pid}}' "$id")
is 'run.sh: and answers' "$(nsenter --net="/proc/$pid/ns/net" curl -s --noproxy '*' --retry 20 --retry-connrefused \
	--retry-delay 1 --max-time 20 http://127.0.0.1:8080/)" 'the page'
is 'run.sh: without capabilities' "$(grep -c '^Cap.*:[[:space:]]*0*$' "/proc/$pid/status")" 5
docker rm -f "$id" >/dev/null
if command -v docker-compose >/dev/null; then
	ok 'compose: its parser takes it' env -C "$dir" docker-compose -f e2e-prof-web-compose.yaml config
else
	skip 'compose: its parser takes it' 'docker-compose is not installed'
fi
yaml() { /usr/bin/python3 -c 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))' "$1"; }
if /usr/bin/python3 -c 'import yaml' 2>/dev/null; then
	yaml "$dir/e2e-prof-web-kubernetes.yaml" >k8s.json
	is 'kubernetes: these' "$(jq -c '[.[].kind]' k8s.json)" '["Pod","NetworkPolicy"]'
	is 'kubernetes: the profile' "$(jq -r '.[0].spec.containers[0].securityContext.seccompProfile.localhostProfile' k8s.json)" \
		profiles/e2e-prof-web-seccomp.json
	is 'kubernetes: who may come in' "$(jq -c '.[1].spec.ingress[0].ports' k8s.json)" '[{"protocol":"TCP","port":8080}]'
	is 'kubernetes: nobody is called' "$(jq -c '.[1].spec.egress' k8s.json)" '[]'
else
	skip 'kubernetes: YAML' 'python3-yaml is not installed'
fi

slimtrace profile --seccomp-format oci --seccomp-arg-filters e2e/prof-web
is 'oci: exit status' "$rc" 0
is 'oci: architectures' "$(jq -c .architectures "$seccomp")" "[\"SCMP_ARCH_$(uname -m | tr '[:lower:]' '[:upper:]')\"]"
ok 'filters: sockets by family' jq -e '.syscalls[] | select(.names == ["socket"]) | .args[0].index == 0' "$seccomp"
slimtrace profile --seccomp-format xml e2e/prof-web
is 'a wrong format: exit status' "$rc" 2

slimtrace profile --http-probe-off e2e/prof-sh
is 'a tool: exit status' "$rc" 0
lacks 'run.sh: not read-only where it writes to /' "$(<"$(artifacts e2e/prof-sh)/e2e-prof-sh-run.sh")" '--read-only'
text=$(<"$(artifacts e2e/prof-sh)/e2e-prof-sh-apparmor-profile")
has 'apparmor: what was executed' "$text" '/bin/busybox mrix,'
has 'apparmor: what was read' "$text" '/etc/group r,'
has 'apparmor: what was made' "$text" '/made{,/} w,'
lacks 'apparmor: no more' "$text" /etc/passwd
if command -v apparmor_parser >/dev/null; then
	ok 'apparmor: its parser takes them' sh -c "apparmor_parser -QTK first.aa && apparmor_parser -QTK '$(artifacts e2e/prof-sh)/e2e-prof-sh-apparmor-profile'"
else
	skip 'apparmor: its parser takes them' 'apparmor_parser is not installed'
fi
is 'nothing is left behind' "$(leftovers)" ''
done_testing
