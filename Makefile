# SPDX-License-Identifier: BSD-2-Clause
#
#   make                  build/plain/slimtrace
#   make SANITIZE=1       build/asan/slimtrace, with AddressSanitizer and UBSan
#   make STATIC=1         build/static/slimtrace, which needs no shared library
#   make release          it, man pages and all else in build/dist/slimtrace-VERSION-MACHINE.tar.gz
#   make deb, make dist   a Debian package; the sources
#   make sidecar          an image to run slimtrace from (root, an engine): ARGS="--tag NAME"
#   make check            unit tests (no root needed)
#   make e2e              end-to-end tests (root; starts a Docker daemon of its own)
#   make vm               the tracer on Debian's kernels under QEMU (root): KERNELS="5.10 6.1"
#   make vm-sidecar       slimtrace in a container under QEMU, with real --privileged (root)
#   make lint             clang-format, clang-tidy, cppcheck, shellcheck, layers, lengths
#   make html            the page of report.html, from user/report/html (npm); check-html: is it current
#   make bench ARGS=...   what a build costs beside a plain run (root): ARGS="IMAGE [OPTIONS]"
#   make overhead         what being watched costs a program (root): ARGS="-n ROUNDS"
#   make install          DESTDIR, PREFIX=/usr/local
#   make compile_commands.json
#   V=1 shows the commands.

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

CC ?= cc
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr/local
SANITIZE ?= 0
STATIC ?= 0
V ?= 0

# What a shipped binary says of itself: the release, or the commit when built from a checkout.
VERSION := 0.1.0
COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null)

ifeq ($(V),0)
msg = @printf '  %-8s %s\n' "$(1)" "$(patsubst build/%,%,$(2))";
else
msg =
endif

machine := $(shell uname -m)
BPF_ARCH := $(or $(patsubst x86_64,x86,$(filter x86_64,$(machine))),\
	$(patsubst aarch64,arm64,$(filter aarch64,$(machine))))
ifeq ($(wildcard vmlinux/$(machine)/vmlinux.h),)
$(error no vmlinux/$(machine)/vmlinux.h: this machine is not supported yet, see vmlinux/README.md)
endif

ifeq ($(SANITIZE),1)
out := build/asan
san := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1
else ifeq ($(STATIC),1)
out := build/static
# Nothing of where it is built gets into it.
san := -O2 -D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections -ffile-prefix-map=$(CURDIR)=.
else
out := build/plain
san := -O2 -D_FORTIFY_SOURCE=2
endif

libs := libbpf libelf libcurl libarchive libcrypto libseccomp libcjson libxml-2.0 zlib
CFLAGS_ALL := -std=gnu17 -g $(san) -Iinclude -isystem $(out)/gen -Iuser \
	-D_GNU_SOURCE -DSLIMTRACE_VERSION='"$(VERSION)"' \
	-Wall -Wextra -Werror -Wshadow -Wvla -Wundef -Wformat=2 -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wcast-qual -Wswitch-enum \
	-fno-common -fstack-protector-strong -fPIE -pthread \
	$(shell $(PKG_CONFIG) --cflags $(libs)) $(CFLAGS)
pie := -pie
LDLIBS := $(shell $(PKG_CONFIG) --libs $(libs)) -lm
bin_objects := $(out)/user/main.o
# What Debian has no static form of is made from its sources: tools/static-libs tells why.
static_libs := build/static-libs
ifeq ($(STATIC),1)
pie := -static-pie
# The linker's warnings are of what user/static.c sees to.
LDLIBS := -Wl,-w -Wl,--gc-sections -Wl,--wrap=X509_get_default_cert_file -L$(static_libs) -lbpf -lelf -lcurl \
	-larchive -lssl -lcrypto -lseccomp -lcjson -lxml2 -lnghttp2 -lbrotlidec -lbrotlicommon -lzstd -llzma -lbz2 -lz -lm
bin_objects += $(out)/user/static.o
endif
LDFLAGS_ALL := $(san) $(pie) -Wl,-z,relro,-z,now -pthread $(LDFLAGS)

sources := $(wildcard user/*/*.c)
objects := $(sources:%.c=$(out)/%.o)
lib := $(out)/libslimtrace.a
bin := $(out)/slimtrace
unit_sources := $(wildcard tests/unit/test_*.c)
test_lib := $(patsubst %.c,$(out)/%.o,$(wildcard tests/lib/*.c))
unit_bins := $(unit_sources:tests/unit/%.c=$(out)/unit/%)
# Programs on the library that the VM tests and the benchmarks use.
tool_sources := $(wildcard tests/tools/*.c)
tools := $(tool_sources:tests/tools/%.c=$(out)/tools/%)
# Programs that run inside containers, each a static binary with one story.
prog_sources := $(wildcard tests/e2e/progs/*.c)
progs := $(prog_sources:tests/e2e/progs/%.c=build/progs/%)
# What user/image reads, for tests to compare.
image_dump := $(out)/image-dump
# One program, static and dynamic, and a library for it to load: tests/torture.
torture_sources := $(wildcard tests/torture/*.c)
torture := build/torture/static build/torture/dynamic build/torture/libtorture.so

.PHONY: FORCE all check deb dist release sidecar e2e vm vm-sidecar bench overhead lint html check-html install clean progs torture unit tools
all: $(bin)
progs: $(progs) $(image_dump) $(torture) $(out)/tools/observe
torture: $(torture)
unit: $(unit_bins)
tools: $(tools)

# --- BPF: one object, its skeleton, no debug information but BTF ---
$(out)/gen/slimtrace.bpf.tmp.o: bpf/slimtrace.bpf.c vmlinux/$(machine)/vmlinux.h
	@mkdir -p $(@D)
	$(call msg,BPF,$@) $(CLANG) -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) \
		-std=gnu17 -Wall -Wextra -Werror -Wno-unused-parameter -Iinclude -Ivmlinux/$(machine) \
		-ffile-prefix-map=$(CURDIR)=. \
		-MMD -MP -MF $(@:.o=.d) -c $< -o $@
$(out)/gen/slimtrace.bpf.o: $(out)/gen/slimtrace.bpf.tmp.o
	$(call msg,LINK-BPF,$@) $(BPFTOOL) gen object $@ $<
$(out)/gen/slimtrace.skel.h: $(out)/gen/slimtrace.bpf.o
	$(call msg,SKEL,$@) $(BPFTOOL) gen skeleton $< name slimtrace_bpf > $@

# --- user space ---
$(filter $(out)/user/trace/%,$(objects)): $(out)/gen/slimtrace.skel.h
# The page that reports are put into is in the tree: only `make html` needs npm.
page := $(wildcard user/report/html/dist/*.html)
$(out)/user/report/page.o: $(page)
# Only this one tells the commit, so only this one is compiled again for another.
$(out)/user/cli/cmd_version.o: CFLAGS_ALL += -DSLIMTRACE_COMMIT='"$(COMMIT)"'
$(out)/user/cli/cmd_version.o: $(out)/gen/commit
$(out)/gen/commit: FORCE
	@mkdir -p $(@D)
	@echo '$(COMMIT)' | cmp -s - $@ || echo '$(COMMIT)' > $@
FORCE:
$(out)/%.o: %.c
	@mkdir -p $(@D)
	$(call msg,CC,$@) $(CC) $(CFLAGS_ALL) -MMD -MP -c $< -o $@
$(lib): $(objects)
	@rm -f $@
	$(call msg,AR,$@) ar rcs $@ $^
$(bin): $(bin_objects) $(lib)
	$(call msg,LINK,$@) $(CC) $(LDFLAGS_ALL) -o $@ $(bin_objects) $(lib) $(LDLIBS)
ifeq ($(STATIC),1)
$(bin): $(static_libs)/versions
endif
$(static_libs)/versions: tools/static-libs
	tools/static-libs $(static_libs)

# --- tests ---
$(out)/unit/%: $(out)/tests/unit/%.o $(test_lib) $(lib)
	@mkdir -p $(@D)
	$(call msg,LINK,$@) $(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS)
$(out)/tools/%: $(out)/tests/tools/%.o $(lib)
	@mkdir -p $(@D)
	$(call msg,LINK,$@) $(CC) $(LDFLAGS_ALL) -Wl,--as-needed -o $@ $^ $(LDLIBS)
$(tool_sources:%.c=$(out)/%.o): $(out)/gen/slimtrace.skel.h
build/vm/%: tests/vm/%.c
	@mkdir -p $(@D)
	$(call msg,PROG,$@) $(CC) -std=gnu17 -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -static -no-pie \
		-MMD -MP -o $@ $<
$(image_dump): $(out)/tests/e2e/image_dump.o $(lib)
	$(call msg,LINK,$@) $(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS)
build/progs/%: tests/e2e/progs/%.c
	@mkdir -p $(@D)
	$(call msg,PROG,$@) $(CC) -std=gnu17 -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -static -pthread \
		-MMD -MP -o $@ $<
build/torture/static: $(torture_sources) tests/torture/torture.h
	@mkdir -p $(@D)
	$(call msg,PROG,$@) $(CC) -std=gnu17 -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -static -pthread \
		-o $@ $(torture_sources)
build/torture/dynamic: $(torture_sources) tests/torture/torture.h
	@mkdir -p $(@D)
	$(call msg,PROG,$@) $(CC) -std=gnu17 -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -DTORTURE_DYNAMIC \
		-fPIE -pie -pthread -o $@ $(torture_sources)
build/torture/libtorture.so:
	@mkdir -p $(@D)
	$(call msg,PROG,$@) echo 'void torture(void) {}' | $(CC) -shared -fPIC -x c -o $@ -
check: $(unit_bins)
	tests/run $(unit_bins)
e2e: $(bin) progs $(tools)
	tests/e2e/run
vm: $(bin) $(tools) $(torture) build/vm/touch
	tests/vm/run $(KERNELS)
vm-sidecar: $(bin)
	$(MAKE) --no-print-directory STATIC=1 build/static/slimtrace
	tests/vm/sidecar
build/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(call msg,PROG,$@) $(CC) -std=gnu17 -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -static \
		-MMD -MP -o $@ $<
overhead: $(tools) build/bench/load
	tests/bench/overhead $(ARGS)
bench: $(bin)
	tests/bench/build $(ARGS)
lint: $(out)/gen/slimtrace.skel.h compile_commands.json
	tools/lint

quote := '
compile_commands.json: Makefile $(sources) $(unit_sources)
	@python3 tools/compile-commands '$(subst $(quote),$(quote)\$(quote)$(quote),$(CC) $(filter-out -Werror,$(CFLAGS_ALL)))' user/main.c user/static.c $(sources) $(unit_sources) > $@

# The page of report.html from its sources: the only thing here that needs npm and its registry.
html:
	tools/npm user/report/html build/html/page
	$(call msg,HTML,user/report/html/dist) node build/html/page/build.mjs user/report/html/dist
check-html:
	tools/npm user/report/html build/html/page
	node build/html/page/build.mjs --check user/report/html/dist

share := $(DESTDIR)$(PREFIX)/share
# Packages install a program that is made already, and not made again here.
program ?= $(bin)
install: $(program)
	install -D -m 0755 $(program) $(DESTDIR)$(PREFIX)/bin/slimtrace
	install -d $(DESTDIR)$(PREFIX)/lib/docker/cli-plugins
	ln -sfn ../../../bin/slimtrace $(DESTDIR)$(PREFIX)/lib/docker/cli-plugins/docker-slimtrace
	tools/man $(program) $(share)/man/man1
	install -D -m 0644 tools/completions/slimtrace.bash $(share)/bash-completion/completions/slimtrace
	install -D -m 0644 tools/completions/_slimtrace $(share)/zsh/vendor-completions/_slimtrace
	install -D -m 0644 tools/completions/slimtrace.fish $(share)/fish/vendor_completions.d/slimtrace.fish
# A Debian package, and the sources as they are committed.
deb: $(bin)
	@mkdir -p build/dist
	+tools/deb $(bin) build/dist
dist:
	@mkdir -p build/dist
	git archive --format=tar --prefix=slimtrace-$(VERSION)/ HEAD | gzip -9n > build/dist/slimtrace-$(VERSION).tar.gz
# A program for any distribution; see tools/release.
release:
	@mkdir -p build/dist
	$(MAKE) --no-print-directory STATIC=1 build/static/slimtrace
	+tools/release build/static/slimtrace $(static_libs) build/dist
sidecar:
	$(MAKE) --no-print-directory STATIC=1 build/static/slimtrace
	tools/sidecar/build $(ARGS)
clean:
	rm -rf build compile_commands.json

-include $(objects:.o=.d) $(bin_objects:.o=.d) $(out)/gen/slimtrace.bpf.tmp.d
-include build/vm/touch.d build/bench/load.d
-include $(unit_sources:%.c=$(out)/%.d) $(test_lib:.o=.d) $(progs:=.d) $(tool_sources:%.c=$(out)/%.d)
-include $(out)/tests/e2e/image_dump.d
