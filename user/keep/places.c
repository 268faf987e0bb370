/* SPDX-License-Identifier: BSD-2-Clause */
#include "keep/places.h"

#define PLACES(name, ...)                                                                          \
	static const char *const name##_v[] = { __VA_ARGS__ };                                     \
	const struct places name = { name##_v, sizeof(name##_v) / sizeof(*name##_v) }

PLACES(places_shells, "sh", "bash", "dash", "ash", "busybox");

/* What one looks around and repairs with. */
PLACES(places_tools, "basename", "cat", "chmod", "chown", "cp", "cut", "date", "df", "dirname",
       "du", "echo", "env", "false", "find", "grep", "head", "hostname", "id", "kill", "less", "ln",
       "ls", "mkdir", "more", "mv", "ps", "pwd", "readlink", "rm", "rmdir", "sed", "sleep", "sort",
       "stat", "tail", "tar", "tee", "test", "touch", "tr", "true", "uname", "uniq", "vi", "wc",
       "which", "whoami", "xargs");

/* tzdata; "posix" and "right" repeat it. */
PLACES(places_zones, "/usr/share/zoneinfo/[!pr]*", "/usr/share/zoneinfo/[!pr]*/**",
       "/usr/share/zoneinfo/posixrules", "/usr/lib/zoneinfo/**", "/etc/localtime", "/etc/timezone");

PLACES(places_terminfo, "/etc/terminfo", "/lib/terminfo", "/usr/lib/terminfo",
       "/usr/share/terminfo", "/usr/local/share/terminfo");

/* What "docker exec -t" says, what consoles and multiplexers are; below a letter, or its number. */
PLACES(places_terminals, "*/ansi", "*/dumb", "*/linux", "*/rxvt", "*/rxvt-unicode-256color",
       "*/screen", "*/screen-256color", "*/tmux", "*/tmux-256color", "*/vt100", "*/vt220",
       "*/xterm", "*/xterm-256color", "*/xterm-color");

PLACES(places_fonts, "*.bdf", "*.eot", "*.otc", "*.otf", "*.pcf", "*.pcf.gz", "*.pfa", "*.pfb",
       "*.t1", "*.tfm", "*.ttc", "*.ttf", "*.vf", "*.woff", "*.woff2");

PLACES(places_error_pages, "[45][0-9x][0-9x].htm", "[45][0-9x][0-9x].html",
       "[45][0-9x][0-9x].html.*", "[45][0-9x][0-9x].shtml", "[45][0-9x][0-9x].http",
       "[45][0-9x][0-9x].php", "[45][0-9x][0-9x].blade.php", "[45][0-9x][0-9x].erb",
       "[45][0-9x][0-9x].ejs", "[45][0-9x][0-9x].hbs", "[45][0-9x][0-9x].pug");

/* One file with all certificates: Debian, Alpine, RHEL, SUSE and what is built like them. */
PLACES(places_cert_bundles, "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem",
       "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/certs/ca-bundle.crt",
       "/etc/ssl/certs/ca-bundle.trust.crt", "/etc/pki/tls/certs/ca-bundle.crt",
       "/etc/pki/tls/certs/ca-bundle.trust.crt", "/etc/pki/tls/cert.pem", "/etc/ssl/ca-bundle.pem",
       "/etc/pki/tls/cacert.pem", "/usr/lib/ssl/cert.pem", "/usr/local/ssl/cert.pem",
       "/etc/ssl/certs/java/cacerts", "/etc/pki/java/cacerts",
       "/etc/pki/ca-trust/extracted/java/cacerts");

/* One file for each, also by hash; and where those of links are. */
PLACES(places_cert_dirs, "/etc/ssl/certs/**", "/etc/pki/tls/certs/**", "/usr/lib/ssl/certs/**",
       "/usr/local/ssl/certs/**", "/usr/share/ca-certificates/**",
       "/usr/local/share/ca-certificates/**", "/usr/share/pki/trust/anchors/**",
       "/etc/pki/ca-trust/source/anchors/**");

PLACES(places_cert_keys, "/etc/ssl/**/*.key", "/etc/pki/tls/**/*.key", "/etc/pki/CA/**/*.key",
       "/usr/local/ssl/**/*.key", "/etc/letsencrypt/live/**/privkey*.pem", "/etc/ssl/private/*.pem",
       "/etc/pki/tls/private/*.pem");

PLACES(places_cert_key_dirs, "/etc/ssl/private/**", "/etc/pki/tls/private/**",
       "/usr/lib/ssl/private/**", "/usr/local/ssl/private/**", "/etc/ssl/ca/private/**",
       "/etc/pki/CA/private/**", "/etc/letsencrypt/live/**");

PLACES(places_cert_asked, "/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem",
       "/etc/pki/tls/certs", "/etc/pki/tls/cert.pem", "/etc/pki/ca-trust", "/usr/lib/ssl/certs",
       "/usr/lib/ssl/cert.pem", "/usr/local/ssl/certs", "/usr/local/ssl/cert.pem",
       "/usr/share/ca-certificates", "/usr/local/share/ca-certificates");

PLACES(places_names, "/etc/nsswitch.conf", "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/hosts",
       "/etc/resolv.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols",
       "/etc/networks", "/run/nscd/socket", "/var/run/nscd/socket");

PLACES(places_names_kept, "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services",
       "/etc/protocols", "/etc/networks");

/* What needs no table, and the Latin ones; the rest is 8 MB, and named in docs/keep.md. */
PLACES(places_charsets, "gconv-modules", "gconv-modules.cache", "gconv-modules.d/*", "UTF-7.so",
       "UTF-16.so", "UTF-32.so", "UNICODE.so", "ISO8859-1.so", "ISO8859-15.so", "CP1252.so");

/*
 * The same sets, as languages have them. "idna" is of host names, with what it imports but for
 * "re", which hardly any application is without.
 */
PLACES(places_charsets_python, "encodings/ascii.py", "encodings/cp1252.py", "encodings/idna.py",
       "encodings/iso8859_1.py", "encodings/iso8859_15.py", "encodings/latin_1.py",
       "encodings/punycode.py", "encodings/utf_*.py", "stringprep.py", "lib-dynload/unicodedata.*");
PLACES(places_charsets_ruby, "enc/iso_8859_1.so", "enc/iso_8859_15.so", "enc/utf_16*.so",
       "enc/utf_32*.so", "enc/windows_1252.so", "enc/trans/single_byte.so",
       "enc/trans/utf_16_32.so");
PLACES(places_charsets_perl, "Encode/Byte.pm", "Encode/Unicode.pm", "auto/Encode/Byte/Byte.so",
       "auto/Encode/Unicode/Unicode.so");

/* JDK 9 and later, then 8 with its jre directory. */
PLACES(places_jvm, "release", "lib/modules", "lib/jvm.cfg", "lib/security/**", "lib/*.properties",
       "lib/tzdb.dat", "lib/*.bfc", "lib/libjava.so", "lib/libjimage.so", "lib/libjli.so",
       "lib/libjsig.so", "lib/libverify.so", "lib/libzip.so", "lib/libnet.so", "lib/libnio.so",
       "lib/libextnet.so", "lib/libinstrument.so", "lib/libmanagement*.so", "lib/libprefs.so",
       "lib/librmi.so", "lib/libj2pkcs11.so", "lib/libjaas.so", "conf/**", "lib/rt.jar",
       "lib/jce.jar", "lib/jsse.jar", "lib/charsets.jar", "lib/resources.jar", "lib/management/**",
       "lib/ext/**", "lib/*/jvm.cfg", "lib/*/libinstrument.so", "lib/*/libjava.so",
       "lib/*/libjsig.so", "lib/*/libmanagement.so", "lib/*/libnet.so", "lib/*/libnio.so",
       "lib/*/libverify.so", "lib/*/libzip.so");

PLACES(places_distro, "/etc/os-release", "/usr/lib/os-release", "/etc/debian_version",
       "/etc/alpine-release", "/etc/lsb-release", "/etc/*-release", "/etc/system-release-cpe",
       "/usr/share/buildinfo/*");

PLACES(places_dpkg, "/var/lib/dpkg/arch", "/var/lib/dpkg/info/format", "/var/lib/dpkg/updates",
       "/var/lib/dpkg/info");
