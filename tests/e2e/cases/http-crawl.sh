# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# What the probe finds by itself: links of pages, operations of API descriptions.
. "$(dirname "$0")/../lib.sh"

context
prog webserver
put www/index.html '<a href=sub/page.html>page</a><a href=http://example.com/>away</a><a href=/close>x</a>'
put www/sub/page.html '<link rel=stylesheet href=../a.css><a href=/deep.html>d</a>'
put www/a.css 'b { background: url(b.png) }'
put www/b.png 'a picture'
put www/deep.html '<a href=/deeper.html>d</a>'
put www/deeper.html '<a href=/deepest.html>d</a>'
put www/deepest.html 'the end'
put www/unlinked.html 'nobody links here'
put www/POST.html 'posted'
put www/api.json '{"openapi":"3.0.0","paths":{"/item/{id}.html":{"get":{"parameters":[{"name":"id","in":"path",
	"schema":{"type":"integer","example":7}}]}},"/item":{"post":{"requestBody":{"content":{"application/json":
	{"schema":{"type":"object"}}}}}}}}'
put www/item/7.html 'item 7'
put www/v2/item/7.html 'item 7, version 2'
image e2e/site <<'END'
FROM scratch
COPY root /
EXPOSE 8080
CMD ["/webserver"]
END
pages() { info paths e2e/site.slim | grep '/www/.*\.' | sed 's|/www/||' | tr '\n' ' '; }

slim 'crawl' e2e/site
is 'crawl: three links deep, styles and images too' "$(pages)" \
	'a.css b.png deep.html deeper.html index.html sub/page.html '
report=$(artifacts e2e/site)/creport.json
is 'crawl: the report tells where calls come from' \
	"$(jq -r '[.slimtrace.probes[].source] | unique | join(" ")' "$report")" 'command crawl'
is 'crawl: a link that is not answered is told there' \
	"$(jq -r '.slimtrace.probes[] | select(.failed) | .resource' "$report")" /close
is 'crawl: each call has status, time and bytes' \
	"$(jq '[.slimtrace.probes[] | select(.failed | not) | select(.status and .bytes and (.seconds > 0))] | length == 6' \
		"$report")" true
is 'crawl: what nobody asked for is told' "$(jq -c '[.slimtrace.not_asked[] | [.path, .files]]' "$report")" '[["/www",6]]'
has 'crawl: also in the summary' "$out" '6 web files; --include-path keeps them:'
slim 'all of it' --include-path /www e2e/site
lacks 'all of it: nothing is left to tell' "$out" 'not asked'
slim 'depth' --http-crawl-max-depth 1 e2e/site
is 'depth: one link' "$(pages)" 'index.html sub/page.html '
slim 'off' --http-probe-crawl=false --http-probe-cmd crawl:/deep.html --http-crawl-max-page-count 1 e2e/site
is 'off: only where asked for' "$(pages)" 'deep.html deeper.html index.html '

slim 'API of the app' --http-probe-crawl=false --http-probe-apispec /api.json e2e/site
is 'API of the app: each operation' "$(pages)" 'POST.html api.json index.html item/7.html '
slim 'API with a prefix' --http-probe-crawl=false --http-probe-apispec /api.json:/v2 e2e/site
is 'API with a prefix: below it' "$(pages)" 'POST.html api.json index.html v2/item/7.html '
slim 'API in a file' --http-probe-crawl=false --http-probe-apispec-file context/root/www/api.json e2e/site
is 'API in a file: each operation' "$(pages)" 'POST.html index.html item/7.html '
slim 'API that is none' --http-probe-crawl=false --http-probe-apispec /a.css e2e/site
has 'API that is none: told' "$err" 'API description on port 8080'
slimtrace build --http-probe-apispec-file context/root/www/a.css e2e/site
is 'API file that is none: a usage error' "$rc" 2

is 'nothing is left behind' "$(leftovers)" ''
done_testing
