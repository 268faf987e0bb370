# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck source=../lib.sh
# What belongs to something that was used, and is asked for only when the slim image runs: programs of
# this machine, slimmed with one part used, run with another.
. "$(dirname "$0")/../lib.sh"

# --- terminals ---
context
with_libs "$(command -v tput)"
mkdir -p context/root/lib
cp -a /lib/terminfo context/root/lib/
import e2e/terminal 'CMD ["/usr/bin/tput", "-T", "vt100", "cols"]'
slim 'a terminal' --http-probe-off e2e/terminal
is 'another terminal' "$(run_image --entrypoint /usr/bin/tput e2e/terminal.slim -T xterm-256color colors)" 256
is 'none of those' "$(info paths e2e/terminal.slim | grep -c /vt52)" 0
slim 'the rule is off' --http-probe-off --rule-off terminfo e2e/terminal
has 'the rule is off: another terminal' "$(run_image --entrypoint /usr/bin/tput e2e/terminal.slim -T xterm colors)" unknown

# --- character sets of the C library: the locale alone makes it read their index ---
context
with_libs /usr/bin/iconv
cp -a --parents /usr/lib/x86_64-linux-gnu/gconv context/root/
cp -a --parents /usr/lib/locale/C.utf8 context/root/
put in x
import e2e/iconv 'ENV LC_ALL=C.UTF-8' 'ENTRYPOINT ["/usr/bin/iconv"]' 'CMD ["-f", "ASCII", "-t", "UTF-8", "/in"]'
slim 'no character set' --http-probe-off e2e/iconv
is 'the first one: of the C library' "$(run_image e2e/iconv.slim -f UTF-8 -t UTF-16LE /in | tr -d '\0')" x

# --- character sets of a language ---
context
with_libs /usr/bin/python3
lib=$(/usr/bin/python3 -c 'import os; print(os.path.dirname(os.__file__))')
mkdir -p "context/root${lib%/*}"
cp -r "$lib" "context/root${lib%/*}/"
import e2e/charset 'CMD ["/usr/bin/python3", "-c", "import re; print(bytes([233]).decode(\"cp437\"))"]'
slim 'a character set' --http-probe-off e2e/charset
decoded() { run_image --entrypoint /usr/bin/python3 e2e/charset.slim -c "print(ascii($1))"; }
is 'other character sets' "$(decoded "b'\\xe9\\0'.decode('utf-16-le') + b'\\xa4'.decode('iso8859-15')")" "'\\xe9\\u20ac'"
is 'the name of a host' "$(decoded "'\\u00e9.example'.encode('idna')")" "b'xn--9ca.example'"

# --- pages of a Python application ---
mkdir -p context/root/app/templates
cat >context/root/app/page.py <<'END'
import pathlib, sys
print((pathlib.Path(__file__).parent / "templates" / sys.argv[1]).read_text())
END
put app/templates/index.html index
put app/templates/500.html 'an error'
import e2e/pages 'WORKDIR /app' 'ENTRYPOINT ["/usr/bin/python3", "page.py"]' 'CMD ["index.html"]'
slim 'a page' --http-probe-off e2e/pages
has 'the page of an error' "$(run_image e2e/pages.slim 500.html)" 'an error'

# --- pages of a web server ---
context
busybox_rootfs
put srv/index.html index
put srv/404.html 'not found'
put etc/httpd.conf 'E404:/srv/404.html'
import e2e/server 'EXPOSE 8080' 'CMD ["/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/srv", "-c", "/etc/httpd.conf"]'
slim 'a server' --http-probe-cmd /index.html e2e/server
is 'the page of an error: of a server' "$(served e2e/server.slim /none)" 'not found'

# --- fonts ---
context
busybox_rootfs
for name in fonts/one.ttf fonts/two.ttf fonts/fonts.dir other/three.ttf type1/roman.pfb type1/sans.pfb; do put "$name" "the $name"; done
mkdir context/root/names
ln -s ../type1/roman.pfb context/root/names/Times-Roman
ln -s ../type1/sans.pfb context/root/names/Helvetica
import e2e/fonts 'ENTRYPOINT ["/bin/cat"]' 'CMD ["/fonts/one.ttf", "/names/Times-Roman"]'
slim 'fonts' --http-probe-off e2e/fonts
is 'another font' "$(run_image e2e/fonts.slim /fonts/two.ttf)" 'the fonts/two.ttf'
is 'another font by its name' "$(run_image e2e/fonts.slim /names/Helvetica)" 'the type1/sans.pfb'
lacks 'beside fonts' "$(info paths e2e/fonts.slim)" fonts.dir
lacks 'fonts of another directory' "$(info paths e2e/fonts.slim)" three.ttf
done_testing
