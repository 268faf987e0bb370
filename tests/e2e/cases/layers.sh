# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# --layers, sets of images, and the options that change what the slim image says about itself.
. "$(dirname "$0")/../lib.sh"

context
busybox_rootfs
put base/a 'a of the base'
put base/b 'b of the base'
put base/gone 'gone in one'
put base/changed 'as the base has it'
put base/unused 'never used'
put other/unused 'neither'
image e2e/base <<'END'
FROM scratch
COPY root /
CMD ["/bin/cat"]
END
context
put app/one 'app one'
put base/changed 'as app one has it'
image e2e/app1 <<'END'
FROM e2e/base
ENV ONE=1
COPY root/base /base
COPY root/app /app
LABEL who=one
CMD ["/bin/cat", "/base/a", "/base/changed", "/app/one"]
END
context
put app/two 'app two'
image e2e/app2 <<'END'
FROM e2e/base
COPY root/app /app
CMD ["/bin/cat", "/base/b", "/base/changed", "/base/gone", "/app/two"]
END

layers() { docker image inspect -f '{{range .RootFS.Layers}}{{println .}}{{end}}' "$1" | grep .; }
id() { docker image inspect -f '{{.Id}}' "$1"; }
# The whole of every kept entry is what the original has, whatever layers it is in.
as_original() {
	comm -23 <(info list "$1" | sort) <(info list "$2" | sort)
}

# --- one image ---
slim 'squash' --http-probe-off --layers squash --tag e2e/squash e2e/app1
is 'squash: one layer' "$(layers e2e/squash | wc -l)" 1
slim 'keep' --http-probe-off --layers keep --tag e2e/keep e2e/app1
is 'keep: those that have content' "$(layers e2e/keep | wc -l)" 3
same 'keep: the same tree' "$(info list e2e/keep)" "$(info list e2e/squash)"
same 'keep: the same configuration' "$(info config e2e/keep)" "$(info config e2e/app1)"
is 'keep: it runs' "$(run_image e2e/keep | tail -1)" "$(run_image e2e/app1 | tail -1)"
same 'keep: the history is the original'"'"'s' \
	"$(info history e2e/keep | jq '[.history[] | del(.empty_layer)]')" \
	"$(info history e2e/app1 | jq '[.history[] | del(.empty_layer)]')"
is 'keep: a history entry for each layer' \
	"$(info history e2e/keep | jq '[.history[] | select(.empty_layer != true)] | length')" 3
slim 'base' --http-probe-off --layers base --tag e2e/based e2e/app1
is 'base: two layers' "$(layers e2e/based | wc -l)" 2
has 'base: it is known' "$err" "is 'e2e/base:latest', 1 layer"
same 'base: the same tree' "$(info list e2e/based)" "$(info list e2e/squash)"
is 'base: a history entry for each layer' \
	"$(info history e2e/based | jq '[.history[] | select(.empty_layer != true)] | length')" 2
slim 'again' --http-probe-off --layers keep --tag e2e/again e2e/app1
is 'equal input, equal image' "$(id e2e/again)" "$(id e2e/keep)"
docker rmi e2e/base >/dev/null
slim 'base by history' --http-probe-off --layers base --tag e2e/byhistory e2e/app1
has 'base by history: said so' "$err" 'going by its history'
is 'base by history: the same' "$(id e2e/byhistory)" "$(id e2e/based)"

# A layer without anything that stays is left out, and its history entry says so.
context
put unused 'never used'
image e2e/more <<'END'
FROM e2e/app1
COPY root/unused /unused
END
slim 'an empty layer' --http-probe-off --layers keep --tag e2e/less e2e/more
is 'an empty layer: none' "$(layers e2e/less | wc -l)" 3
is 'an empty layer: said' "$(info history e2e/less | jq -c '[.history[-3:][].empty_layer]')" '[true,true,true]'

# --- a set ---
slim 'a set' --http-probe-off --layers keep e2e/app1 e2e/app2
is 'a set: the base is shared' "$(layers e2e/app1.slim | head -1)" "$(layers e2e/app2.slim | head -1)"
has 'a set: union of the base' "$(info paths e2e/app1.slim)" /base/b
has 'a set: on both sides' "$(info paths e2e/app2.slim)" /base/a
lacks 'a set: what nobody uses is gone' "$(info paths e2e/app1.slim; info paths e2e/app2.slim)" unused
for n in 1 2; do
	is "a set: app$n has nothing that the original has not" "$(as_original "e2e/app$n.slim" "e2e/app$n")" ''
	is "a set: app$n runs" "$(run_image "e2e/app$n.slim" | tail -1)" "$(run_image "e2e/app$n" | tail -1)"
done
has 'a set: bytes on disk are told' "$out" '2 images together'
first=$(id e2e/app1.slim)$(id e2e/app2.slim)
slim 'a set in the other order' --http-probe-off --layers keep e2e/app2 e2e/app1
is 'a set: the order does not matter' "$(id e2e/app1.slim)$(id e2e/app2.slim)" "$first"
slim 'a set on its bases' --http-probe-off --layers base e2e/app1 e2e/app2
is 'a set on its bases: shared' "$(layers e2e/app1.slim | head -1)" "$(layers e2e/app2.slim | head -1)"
is 'a set on its bases: two each' "$(layers e2e/app1.slim | wc -l)$(layers e2e/app2.slim | wc -l)" 22
slim 'a set, squashed' --http-probe-off e2e/app1 e2e/app2
lacks 'a set, squashed: nothing is shared' "$(info paths e2e/app1.slim)" /base/b
slimtrace build --http-probe-off e2e/app1 e2e/nowhere
is 'a set with an image that is not there' "$rc" 5
has 'a set: the error names it' "$err" "e2e/nowhere"
slimtrace build --http-probe-off --tag x e2e/app1 e2e/app2
is 'a set: one tag is not enough' "$rc" 2

# --- whiteouts: what one of a set has deleted stays deleted ---
context
busybox_rootfs
put base/gone 'gone in one'
put base/kept 'kept'
put base/dir/x 'x'
put base/typed/x 'x'
image e2e/tools <<'END'
FROM scratch
COPY root /
END
image e2e/deleted <<'END'
FROM e2e/tools
RUN rm -r /base/gone /base/dir /base/typed && echo file >/base/typed
CMD ["/bin/cat", "/base/kept", "/base/typed"]
END
image e2e/whole <<'END'
FROM e2e/tools
LABEL x=y
RUN mkdir /new
CMD ["/bin/cat", "/base/gone", "/base/kept", "/base/dir/x", "/base/typed/x"]
END
slim 'whiteouts' --http-probe-off --layers keep e2e/deleted e2e/whole
is 'whiteouts: the layer below is shared' "$(layers e2e/deleted.slim | head -1)" "$(layers e2e/whole.slim | head -1)"
for n in deleted whole; do
	is "whiteouts: $n has nothing that the original has not" "$(as_original "e2e/$n.slim" "e2e/$n")" ''
	is "whiteouts: $n runs" "$(run_image "e2e/$n.slim")" "$(run_image "e2e/$n")"
done
has 'whiteouts: whole has it' "$(info paths e2e/whole.slim)" /base/gone

# --- configuration ---
slim 'edits' --http-probe-off --tag e2e/edited --new-cmd '/bin/cat "/app/one"' --new-env 'ONE=2' \
	--new-env 'TWO=a b' --new-label 'x.y=z=' --new-expose 80 --new-expose 53/udp --new-workdir /app \
	--new-volume /vol --new-user 3:4 --remove-label who --remove-env PATH --remove-env NOT e2e/app1
config=$(info config e2e/edited)
is 'edits: cmd' "$(jq -c .config.Cmd <<<"$config")" '["/bin/cat","/app/one"]'
is 'edits: env' "$(jq -c .config.Env <<<"$config")" '["ONE=2","TWO=a b"]'
is 'edits: labels' "$(jq -c .config.Labels <<<"$config")" '{"x.y":"z="}'
is 'edits: ports' "$(jq -c .config.ExposedPorts <<<"$config")" '{"53/udp":{},"80/tcp":{}}'
is 'edits: the rest' "$(jq -c '[.config.WorkingDir, .config.User, .config.Volumes]' <<<"$config")" '["/app","3:4",{"/vol":{}}]'
has 'edits: what was not there is told' "$err" 'NOT (--remove-env)'
slim 'overrides' --http-probe-off --tag e2e/over --image-overrides all --entrypoint /bin/cat --cmd /app/one \
	--env A=b --workdir /app e2e/app1
is 'overrides: all' "$(info config e2e/over | jq -c '.config | [.Entrypoint, .Cmd, .WorkingDir, (.Env | index("A=b") != null)]')" \
	'[["/bin/cat"],["/app/one"],"/app",true]'
slim 'some overrides' --http-probe-off --tag e2e/over --image-overrides env --cmd '/bin/cat /app/one' --env A=b e2e/app1
is 'some overrides: env' "$(info config e2e/over | jq -c '.config | [.Cmd[1], (.Env | index("A=b") != null)]')" '["/base/a",true]'

# --- owners and modes ---
echo '/base/*:0640#7#8' >perms
slim 'perms' --http-probe-off --tag e2e/perms --path-perms '/app/one:4755' --path-perms-file perms e2e/app1
list=$(info list e2e/perms)
has 'perms: mode' "$list" $'/app/one\tfile\t4755\t0:0'
has 'perms: owner, by a glob from a file' "$list" $'/base/a\tfile\t0640\t7:8'
slim 'no perms' --http-probe-off --tag e2e/perms --keep-perms=false --path-perms '/base/a:0600#5' e2e/app1
list=$(info list e2e/perms)
has 'no perms: plain' "$list" $'/app/one\tfile\t0644\t0:0'
has 'no perms: but what was said' "$list" $'/base/a\tfile\t0600\t5:0'
for wrong in '--path-perms /not/there:0644' '--path-perms app:0644' '--path-perms /app/one:99' '--layers three' \
	'--new-env X' '--new-expose http' '--new-workdir app' '--image-overrides cmds' '--path-perms-file /not/there'; do
	# shellcheck disable=SC2086 # option and value
	slimtrace build --http-probe-off $wrong e2e/app1
	is "wrong: $wrong" "$rc" 2
	value=${wrong##* }
	has "wrong: $wrong is named" "$err" "${value%%:*}"
done
is 'nothing is left behind' "$(leftovers)" ''
done_testing
