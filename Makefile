# SPDX-License-Identifier: GPL-2.0-or-later
# Builds, tests and installs autopkgtest-virt-qemu-ng; README.md describes the targets.

VERSION := 0.1
PREFIX ?= /usr
BUILD ?= build
PKGS := glib-2.0 gio-2.0 gio-unix-2.0 json-glib-1.0 libarchive libssh libcurl gnutls yaml-0.1

CC ?= gcc
CFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config
ARCH := $(shell dpkg --print-architecture)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wwrite-strings -Wformat=2 -Wno-unused-parameter -Wno-missing-field-initializers
# clang 14 takes a variable that only its own cleanup uses for unused. gcc says which are.
WARNINGS += $(if $(findstring clang,$(CC)),-Wno-unused-variable)
ifneq ($(CI),)
WARNINGS += -Werror
endif
ifeq ($(SANITIZE),1)
override BUILD := $(BUILD)-sanitize
SANITIZERS := -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
endif
# For "make fuzz", which calls this Makefile again.
ifeq ($(FUZZING),1)
override BUILD := $(BUILD)-fuzz
SANITIZERS := -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
endif

ALL_CPPFLAGS := -D_GNU_SOURCE -DVQ_VERSION='"$(VERSION)"' -DG_LOG_DOMAIN='"virt-qemu"' -Ilib -I$(BUILD) $(CPPFLAGS)
# pkg-config is asked once, and only when a target needs it, so that "make deps" works without it.
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(PKGS)))$(PKG_LIBS)
ALL_CFLAGS = -std=gnu11 -MMD -MP $(WARNINGS) $(SANITIZERS) $(CFLAGS) $(PKG_CFLAGS)
# Each program is linked only to the libraries that it uses.
LIBS = -Wl,--as-needed $(PKG_LIBS)
CHECK_LIBS = $(eval CHECK_LIBS := $(shell $(PKG_CONFIG) --libs check))$(CHECK_LIBS)

LIB_OBJECTS := $(patsubst lib/%.c,$(BUILD)/lib/%.o,$(wildcard lib/*/*.c))
GUEST_SCRIPTS := $(patsubst lib/%,$(BUILD)/%.inc,$(wildcard lib/*/*.sh))
# tests/unit has the same folders as lib; the programs are all in one directory, because their names are unique.
UNIT_TESTS := $(patsubst %.c,$(BUILD)/tests/%,$(notdir $(wildcard tests/unit/*/check_*.c)))
UNIT_TESTS += $(BUILD)/tests/check_completions $(BUILD)/tests/check_systemd
UNIT_TESTS += $(BUILD)/tests/check_fuzz
TEST_SUPPORT := $(patsubst tests/support/%.c,$(BUILD)/tests/%.o,$(wildcard tests/support/*.c))
vpath %.c tests/support tests/fuzz $(wildcard tests/unit/*) virt-qemu/guest-helper
PROGRAMS := $(addprefix $(BUILD)/,autopkgtest-virt-qemu-ng virt-qemu virt-qemu-exec virt-qemu-archive virt-qemu-fetch virt-qemu-ssh virt-qemu-build downburst build-parts.sh images.conf shim/autopkgtest-virt-qemu)

# The guest helper. "make" builds it for this architecture, with musl; "make helpers" for all, with Debian's
# cross compilers. These come with glibc, of which an empty static program has 350 to 850 KB already, and 93 % of
# a helper is that. So musl is used, and a helper has 50 to 95 KB, where musl-dev of the guest's architecture is
# installed (dpkg --add-architecture). A Debian build cannot ask for packages of another architecture.
GUEST_SOURCES := $(wildcard virt-qemu/guest-helper/*.c)
GUEST_FLAGS := -Os -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections \
               -static -s -Wl,--gc-sections -Wl,-z,noseparate-code -Wl,-z,norelro
GUEST_ARCHES := amd64 arm64 armhf i386 ppc64el riscv64 s390x
GUEST_GNU_amd64 := x86_64-linux-gnu
GUEST_GNU_arm64 := aarch64-linux-gnu
GUEST_GNU_armhf := arm-linux-gnueabihf
GUEST_GNU_i386 := i686-linux-gnu
GUEST_GNU_loong64 := loongarch64-linux-gnu
GUEST_GNU_ppc64el := powerpc64le-linux-gnu
GUEST_GNU_riscv64 := riscv64-linux-gnu
GUEST_GNU_s390x := s390x-linux-gnu
# Debian 12 has no compiler for it.
ifneq ($(shell command -v $(GUEST_GNU_loong64)-gcc),)
GUEST_ARCHES += loong64
endif
GUEST_MUSL = /usr/lib/$(subst i686,i386,$(subst gnu,musl,$(GUEST_GNU_$*)))/musl-gcc.specs
GUEST_CC = $(GUEST_GNU_$*)-gcc $(patsubst %,-specs %,$(wildcard $(GUEST_MUSL)))
GUEST_CC_PACKAGES = gcc-$(subst _,-,$(GUEST_GNU_$*)) and libc6-dev-$*-cross
$(BUILD)/guest-helper-$(ARCH): GUEST_CC = musl-gcc
$(BUILD)/guest-helper-$(ARCH): GUEST_CC_PACKAGES = musl-tools
ifeq ($(SANITIZE),1)
$(BUILD)/guest-helper-$(ARCH): GUEST_CC = $(CC)
GUEST_FLAGS = $(SANITIZERS) $(CFLAGS) $(LDFLAGS)
endif
HELPERS := $(patsubst %,$(BUILD)/guest-helper-%,$(GUEST_ARCHES))
PROGRAMS += $(BUILD)/guest-helper-$(ARCH)

all: $(PROGRAMS)
helpers: $(HELPERS)

$(BUILD)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/tests/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -Itests/support $(ALL_CFLAGS) -c -o $@ $<

# The one part of the guest helper that can be tested without a guest's kernel.
$(BUILD)/tests/check_partition_table: $(BUILD)/tests/partition-table.o $(BUILD)/tests/frame.o
$(BUILD)/tests/check_partition_table.o $(BUILD)/tests/partition-table.o: ALL_CPPFLAGS += -Ivirt-qemu/guest-helper

$(BUILD)/tests/helper-process.o: ALL_CPPFLAGS += -DVQ_DPKG_ARCH='"$(ARCH)"'

# The scripts that run in guests, as C string literals without the comment at their head. From the
# second build on, the .d files tell which object contains which script.
$(BUILD)/%.sh.inc: lib/%.sh
	@mkdir -p $(@D)
	sed -E -e '1,/^[^#]/{/^(#|$$)/d}' -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $< > $@.new
	mv $@.new $@

# What a template depends on (testbed/plan-inputs.c).
LIBRARY_SUM := $(BUILD)/testbed/library-sum.inc
$(LIBRARY_SUM): $(sort $(wildcard lib/*/*.[ch] lib/*/*.sh))
	@mkdir -p $(@D)
	cat $^ | sha256sum | sed 's/ .*/"/; s/^/"/' > $@.new
	mv $@.new $@

$(LIB_OBJECTS): | $(GUEST_SCRIPTS) $(LIBRARY_SUM)

$(BUILD)/libvq.a: $(LIB_OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

$(addprefix $(BUILD)/,autopkgtest-virt-qemu-ng virt-qemu virt-qemu-archive virt-qemu-fetch virt-qemu-ssh downburst): $(BUILD)/%: virt-qemu/%.c $(BUILD)/libvq.a
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libvq.a $(LIBS)

# Shell scripts: one that builds images, and what it reads.
$(BUILD)/virt-qemu-build $(BUILD)/build-parts.sh: $(BUILD)/%: virt-qemu/%
	install -D $< $@

$(BUILD)/images.conf: virt-qemu/images.conf
	install -D -m 644 $< $@

# A directory for PATH, so that programs with the name of autopkgtest's own server built in get ours.
$(BUILD)/shim/autopkgtest-virt-qemu:
	@mkdir -p $(@D)
	ln -sf ../autopkgtest-virt-qemu-ng $@

# Linked only to libc, because it is started for every single command.
$(BUILD)/virt-qemu-exec: virt-qemu/virt-qemu-exec.c lib/channel/exec-talk.c lib/channel/exec-talk.h lib/channel/exec-wire.h
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -std=gnu11 $(WARNINGS) $(SANITIZERS) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$^)

# Linked only to libc, with flags of its own.
$(BUILD)/guest-helper-%: $(GUEST_SOURCES) $(wildcard virt-qemu/guest-helper/*.h) lib/helper/helper-wire.h
	@mkdir -p $(@D)
	@command -v $(firstword $(GUEST_CC)) >/dev/null || { echo "$@: there is no $(firstword $(GUEST_CC)): install $(GUEST_CC_PACKAGES)" >&2; exit 1; }
	$(GUEST_CC) -D_GNU_SOURCE -Ilib -Ivirt-qemu/guest-helper -std=gnu11 $(WARNINGS) $(GUEST_FLAGS) -o $@ $(GUEST_SOURCES)

# An archive, so that each test is linked only to the helpers that it uses.
$(BUILD)/tests/libsupport.a: $(TEST_SUPPORT)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/tests/check_%: $(BUILD)/tests/check_%.o $(BUILD)/tests/libsupport.a $(BUILD)/libvq.a
	$(CC) $(SANITIZERS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(CHECK_LIBS)

# The fuzz targets (tests/fuzz/fuzz.h), all in one program with their corpora, and each in a program of its own.
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SUPPORT := $(patsubst %,$(BUILD)/tests/%.o,fuzz frame-maker inbox words frame fake-guest tree)
FUZZ_OBJECTS := $(patsubst %,$(BUILD)/tests/fuzz_%.o,$(FUZZ_TARGETS)) $(FUZZ_SUPPORT)
$(filter-out %/frame-maker.o,$(FUZZ_OBJECTS)) $(BUILD)/tests/check_fuzz.o: ALL_CPPFLAGS += -Itests/fuzz -Ivirt-qemu/guest-helper $(if $(FUZZING),-DVQ_LIBFUZZER)
$(BUILD)/tests/check_fuzz: $(BUILD)/tests/check_fuzz.o $(FUZZ_OBJECTS) $(BUILD)/tests/libsupport.a $(BUILD)/libvq.a
	$(CC) $(SANITIZERS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(CHECK_LIBS)

$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz_%.o $(FUZZ_SUPPORT) $(BUILD)/libvq.a
	$(CC) -fsanitize=fuzzer $(SANITIZERS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

.SECONDARY:

# The guest tests are programs like the unit tests, with helpers of their own.
GUEST_TESTS := $(patsubst tests/guest/%.c,$(BUILD)/tests/guest/%,$(wildcard tests/guest/check_*.c))
# These are a part of "check-guests" only, as they take minutes.
LONG_GUEST_TESTS := $(patsubst %,$(BUILD)/tests/guest/%,check_image_update check_image_url check_more_disks check_teuthology check_downburst)
GUEST_TESTS += $(patsubst %,$(BUILD)/tests/guest/%,check_clients check_sane_forks check_faults check_injections)
QUICK_GUEST_TESTS := $(filter-out $(LONG_GUEST_TESTS),$(GUEST_TESTS))
GUEST_HELPERS := $(patsubst tests/guest/%.c,$(BUILD)/tests/guest/%.o,$(filter-out $(wildcard tests/guest/check_*.c tests/guest/guest-*.c),$(wildcard tests/guest/*.c)))
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/virt-qemu
IMAGE ?= $(CACHE)/debian-12.qcow2
GUEST_ENV = VQ_IMAGE="$(IMAGE)" VQ_SERVER=$(BUILD)/autopkgtest-virt-qemu-ng

$(BUILD)/tests/guest/%.o: tests/guest/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -Itests/support $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/tests/guest/check_guest: $(patsubst tests/guest/%.c,$(BUILD)/tests/guest/%.o,$(wildcard tests/guest/guest-*.c))
$(BUILD)/tests/guest/check_%: $(BUILD)/tests/guest/check_%.o $(GUEST_HELPERS) $(BUILD)/tests/suite.o
	$(CC) $(SANITIZERS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(CHECK_LIBS)

$(patsubst %,$(BUILD)/tests/check_%,exec_server exec_server_crowd exec_server_ends exec_server_hostile): | $(BUILD)/virt-qemu-exec
$(patsubst %,$(BUILD)/tests/check_%,guest_helper guest_frames guest_commands guest_crowds guest_files guest_identity guest_streams guest_terminal guest_daemon helper_channel channel_contract): | $(BUILD)/guest-helper-$(ARCH)
$(patsubst %,$(BUILD)/tests/check_%,pull verb verb_check verb_image verb_image_build verb_image_cache verb_image_update verb_exec verb_file verb_instance verb_shell verb_slots verb_template): | $(BUILD)/virt-qemu $(BUILD)/virt-qemu-build $(BUILD)/build-parts.sh
$(BUILD)/tests/check_downburst: | $(BUILD)/downburst
$(BUILD)/tests/check_shim: | $(BUILD)/shim/autopkgtest-virt-qemu $(BUILD)/autopkgtest-virt-qemu-ng $(BUILD)/virt-qemu-exec
# A test program looks for these programs in its own directory, as the server does.
$(BUILD)/tests/guest-helper-$(ARCH) $(BUILD)/tests/virt-qemu-archive $(BUILD)/tests/virt-qemu-ssh: $(BUILD)/tests/%: $(BUILD)/%
	@mkdir -p $(@D)
	ln -sf ../$(<F) $@
$(BUILD)/tests/check_plan_inputs $(BUILD)/tests/check_guest_source: | $(BUILD)/tests/guest-helper-$(ARCH)
$(patsubst %,$(BUILD)/tests/check_%,copy copy_files copy_sparse): | $(BUILD)/tests/virt-qemu-archive $(BUILD)/guest-helper-$(ARCH)
$(BUILD)/tests/check_archive_program: | $(BUILD)/tests/virt-qemu-archive
$(patsubst %,$(BUILD)/tests/check_%,ssh_channel ssh_client ssh_connect ssh_crowd ssh_flow ssh_hostile way_ssh channel_contract): | $(BUILD)/tests/virt-qemu-ssh

# As many jobs as there are processors, if the user says nothing of it.
JOBS = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

# The unit tests run with sanitizers. Those that measure memory do not measure it there, so they run without them, too.
SANITIZED_TESTS := $(patsubst $(BUILD)/%,$(BUILD)-sanitize/%,$(UNIT_TESTS))
MEMORY_TESTS := $(patsubst %.c,$(BUILD)/tests/%,$(notdir $(shell grep -lE '__SANITIZE_ADDRESS__|get_peak' tests/unit/*/check_*.c)))

# Missing packages are installed first; before that pkg-config does not find everything. Of the helpers for other
# architectures, the one is tested whose bytes are in the other order.
check: deps
	tests/install-deps --s390x --ceph
	+$(MAKE) $(JOBS) all guest-tests $(MEMORY_TESTS) image $(BUILD)/tests/check_helper_s390x
	+$(MAKE) $(JOBS) SANITIZE=1 unit-tests
	$(GUEST_ENV) VQ_GUESTS=quick tests/run $(QUICK_GUEST_TESTS) $(SANITIZED_TESTS) $(MEMORY_TESTS) $(BUILD)/tests/check_helper_s390x

check-unit: unit-tests
	tests/run $(UNIT_TESTS)

# The helper of each architecture, in QEMU's emulator for programs: it serves, and moves data both ways.
EMULATOR = qemu-$(subst i686,i386,$(subst powerpc,ppc,$(firstword $(subst -, ,$(GUEST_GNU_$*)))))-static
HELPER_TESTS := $(patsubst %,$(BUILD)/tests/check_helper_%,$(GUEST_ARCHES))
$(HELPER_TESTS): $(BUILD)/tests/check_helper_%: $(BUILD)/guest-helper-% $(BUILD)/tests/check_guest_helper $(BUILD)/tests/check_guest_streams
	printf '%s\n' '#!/bin/sh' 'export VQ_GUEST_HELPER=$< VQ_GUEST_EMULATOR=$(EMULATOR)' \
	  $(patsubst %,'% || bad=1',$(wordlist 2,3,$^)) 'exit $${bad:-0}' >$@
	chmod +x $@

check-helpers:
	tests/install-deps --helpers
	+$(MAKE) $(HELPER_TESTS)
	tests/run $(HELPER_TESTS)

check-guest: all guest-tests image
	$(GUEST_ENV) VQ_GUESTS=quick tests/run $(QUICK_GUEST_TESTS)

# Tests all kinds of guests: each is a case of its own, and has a line at the end.
check-guests:
	tests/install-deps --helpers --guests
	+$(MAKE) all helpers image $(BUILD)/tests/guest/check_guests $(LONG_GUEST_TESTS)
	{ $(BUILD)/tests/guest/check_guests --list | sed 's|^|$(BUILD)/tests/guest/check_guests |'; printf '%s\n' $(LONG_GUEST_TESTS); } | \
	  $(GUEST_ENV) xargs -d '\n' tests/run --jobs $(shell nproc)

# Disks in a small Ceph cluster, which the tests start. A part of it is in "check", if Ceph is installed.
check-rbd:
	tests/install-deps --ceph
	+$(MAKE) all image $(BUILD)/tests/guest/check_rbd
	$(GUEST_ENV) tests/run $(BUILD)/tests/guest/check_rbd

# Not a part of "check", because it takes two hours: testbeds and instances, many times, and many at once.
CYCLES = 1000
MACHINES = 20
MIXED_SECONDS = 3600
soak: all image
	$(GUEST_ENV) VQ_PROGRAM=$(abspath $(BUILD))/virt-qemu tests/soak/run $(CYCLES) $(MACHINES) $(MIXED_SECONDS) $(BUILD)/soak.svg

# Not a part of "check": libFuzzer looks for input that breaks what reads it, for so many seconds, or runs, in each target.
SECONDS = 60
RUNS = -1
CLANG ?= clang
FUZZ ?= $(FUZZ_TARGETS)
fuzz:
	tests/install-deps --fuzz
	+$(MAKE) FUZZING=1 CC="$(CLANG)" $(patsubst %,$(BUILD)-fuzz/fuzz_%,$(FUZZ))
	tests/fuzz/run $(BUILD)-fuzz $(SECONDS) $(RUNS) $(FUZZ)

# Not a part of "check": what other programs say about the code, and whether the unit tests notice wrong code.
MUTANTS = 50
check-analysis: deps
	tests/install-deps --analysis
	tests/analysis/run $(BUILD)
	tests/analysis/mutants --count=$(MUTANTS)

check-valgrind: unit-tests
	VALGRIND=1 tests/run $(UNIT_TESTS)

# Not a part of "check": it needs debusine, which is not in Debian 12, and therefore root and a chroot with Debian sid.
DEBUSINE_CHROOT ?= $(CACHE)/sid-debusine
check-debusine: all
	contrib/debusine/check contrib/template-scripts/*.sh "$(DEBUSINE_CHROOT)" $(BUILD) "$(IMAGE)"

# Also not a part of it: it takes 10 minutes, and needs root, who can act as the user debci.
check-debci: all image
	tests/install-deps --debci
	rm -rf $(BUILD)/debci-root
	$(MAKE) install DESTDIR=$(BUILD)/debci-root
	contrib/debci/check $(BUILD)/debci-root "$(IMAGE)"

# Nor most of these: the programs that use our server. The quickest are in "check", as a program like a guest test.
CLIENTS ?=
check-clients: all image
	tests/install-deps --helpers --clients
	tests/clients/run $(BUILD) "$(IMAGE)" $(CLIENTS)

$(BUILD)/tests/guest/check_clients: tests/clients/run
	@mkdir -p $(@D)
	printf '%s\n' '#!/bin/sh' 'exec $< $(BUILD) "$$VQ_IMAGE" tag2upload vectis' >$@
	chmod +x $@

# Nor most of these: faults at all moments of a server's life, system calls that fail, and cuts of the host's power. One of each kind
# of the first, and some of the second, are in "check". FAULTS=--repeat=20 and INJECTIONS=--all add options.
INJECTOR := $(BUILD)/tests/faults/injector.so
check-faults: all image $(INJECTOR)
	$(GUEST_ENV) tests/faults/run $(FAULTS)
	$(GUEST_ENV) tests/faults/injections $(INJECTIONS)
	$(GUEST_ENV) tests/faults/power-cut

$(INJECTOR): tests/faults/injector.c
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -std=gnu11 $(WARNINGS) $(CFLAGS) -U_FORTIFY_SOURCE -fPIC -shared -o $@ $<

$(BUILD)/tests/guest/check_injections: tests/faults/injections $(INJECTOR)
	@mkdir -p $(@D)
	printf '%s\n' '#!/bin/sh' 'exec $< --few=7 --templates=$(BUILD)/cache/virt-qemu/templates' >$@
	chmod +x $@

# Nor all of this one: 200 forks, a guest that has booted beside two, and 200 reverts as fast as possible. Five forks of each kind
# are in "check".
check-forks: all image $(BUILD)/tests/guest/check_forks $(BUILD)/tests/guest/check_spares
	$(GUEST_ENV) tests/forks/run $(FORKS)
	$(GUEST_ENV) tests/run $(BUILD)/tests/guest/check_forks $(BUILD)/tests/guest/check_spares

$(BUILD)/tests/guest/check_sane_forks: tests/forks/run
	@mkdir -p $(@D)
	printf '%s\n' '#!/bin/sh' 'exec $< --forks=5 --only=fork,spare' >$@
	chmod +x $@

$(BUILD)/tests/guest/check_faults: tests/faults/run
	@mkdir -p $(@D)
	printf '%s\n' '#!/bin/sh' 'exec $< --short' >$@
	chmod +x $@

# Nor this one: it needs root, and half an hour for each suite. What it keeps for the next time has 2.5 GB for each.
SUITES ?= bookworm trixie sid
check-suites:
	tests/suites/run "$(CACHE)/suites" $(BUILD)/suites $(SUITES)

# The guest tests with the QEMU of another release, from what check-suites keeps of it.
QEMU_SUITE ?= sid
check-qemu: all guest-tests image
	tests/suites/with-qemu "$(CACHE)/suites/$(QEMU_SUITE)-build" env $(GUEST_ENV) VQ_GUESTS=quick tests/run $(QUICK_GUEST_TESTS)

# autopkgtest, virt-qemu and debusine, with one image, at once.
check-together: all guest-tests image
	tests/guest/together "$(DEBUSINE_CHROOT)" $(BUILD) "$(IMAGE)"

# What the completions of three shells offer, against --help; and what systemd says about our units.
$(BUILD)/tests/check_completions $(BUILD)/tests/check_systemd: $(BUILD)/tests/check_%: tests/%/check
	@mkdir -p $(@D)
	printf '%s\n' '#!/bin/sh' 'exec $< $(BUILD)' >$@
	chmod +x $@

unit-tests: all $(UNIT_TESTS)
guest-tests: $(GUEST_TESTS)
tests: unit-tests guest-tests

deps:
	tests/install-deps

image: deps
	tests/guest/make-guest --if-needed "$(IMAGE)"

demo: deps
	+$(MAKE) all image
	autopkgtest gzip -- $(BUILD)/autopkgtest-virt-qemu-ng --ram-size=1024 "$(IMAGE)"

bench: deps
	+$(MAKE) all image
	tests/bench/run --server=$(BUILD)/autopkgtest-virt-qemu-ng --json=$(BUILD)/bench.json --svg=$(BUILD)/bench.svg $(BENCH) "$(IMAGE)"

bench-images: deps
	+$(MAKE) all image
	tests/bench/images --program=$(BUILD)/virt-qemu $(BENCH) "$(IMAGE)"

CLIENT_SCRIPTS := $(addprefix tests/clients/,autopkgtest debci itself piuparts reprotest sbuild sbuild-qemu)
CLIENT_PYTHON := $(addprefix tests/clients/,man-examples tag2upload vectis ubuntu)
lint:
	clang-format --dry-run -Werror lib/*/*.[ch] virt-qemu/*.c virt-qemu/*/*.[ch] tests/*/*.[ch] tests/unit/*/*.[ch]
	tests/lint/layers
	tests/lint/names
	tests/lint/options
	tests/lint/blocking
	tests/lint/promises
	shellcheck -x tests/install-deps tests/lint/* tests/run tests/bench/run tests/bench/plain-build tests/analysis/run tests/soak/run tests/soak/instances tests/fuzz/run tests/forks/template-script.sh tests/guest/make-guest tests/guest/ceph virt-qemu/virt-qemu-build virt-qemu/build-parts.sh tests/guest/together .ci/run tests/guest/teuthology/test.sh contrib/debusine/check tests/guest/packages/*/debian/tests/[!c]* tests/suites/* tests/clients/run tests/clients/*.sh $(CLIENT_SCRIPTS) debian/tests/as-default debian/tests/commands debian/tests/testbed debian/*.preinst debian/*.postrm tests/completions/check tests/completions/ask-bash tests/systemd/check
	if command -v pyflakes3 >/dev/null; then pyflakes3 contrib/debusine/*.py tests/bench/*.py tests/bench/images tests/support/*.py tests/faults/*.py tests/faults/run tests/faults/go-between tests/faults/injections tests/faults/power-cut tests/forks/*.py tests/forks/run tests/analysis/mutants tests/soak/*.py $(CLIENT_PYTHON); fi
	shellcheck -s bash virt-qemu/*.bash tests/forks/look.sh
	shellcheck -s sh lib/*/*.sh tests/forks/state.sh
	! for page in virt-qemu/*.1; do man --warnings -E UTF-8 -l -Tutf8 -Z $$page 2>&1 >/dev/null; done | grep .

install: all
	install -D -t "$(DESTDIR)$(PREFIX)/bin" $(BUILD)/autopkgtest-virt-qemu-ng $(BUILD)/virt-qemu
	install -D -t "$(DESTDIR)$(PREFIX)/libexec/virt-qemu" $(BUILD)/virt-qemu-exec $(BUILD)/virt-qemu-archive \
	  $(BUILD)/virt-qemu-build $(BUILD)/virt-qemu-fetch $(BUILD)/virt-qemu-ssh $(BUILD)/guest-helper-$(ARCH)
	install -D -m 644 -t "$(DESTDIR)$(PREFIX)/libexec/virt-qemu" $(BUILD)/build-parts.sh
	install -D -t "$(DESTDIR)$(PREFIX)/libexec/virt-qemu/downburst" $(BUILD)/downburst
	install -d "$(DESTDIR)$(PREFIX)/libexec/virt-qemu/shim"
	ln -sf ../../../bin/autopkgtest-virt-qemu-ng "$(DESTDIR)$(PREFIX)/libexec/virt-qemu/shim/autopkgtest-virt-qemu"
	install -D -m 644 -t "$(DESTDIR)$(PREFIX)/share/virt-qemu" $(BUILD)/images.conf
	install -D -m 644 virt-qemu/tmpfiles.conf "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/virt-qemu.conf"
	install -D -m 644 -t "$(DESTDIR)$(PREFIX)/share/man/man1" virt-qemu/*.1
	$(MAKE) install-completions

# Each shell has one file for all programs. bash and fish look for one with the program's name, and find links to it.
# Debian's zsh looks into the second of its directories only below /usr/local.
SHARE = $(DESTDIR)$(PREFIX)/share
ZSH_COMPLETIONS = $(SHARE)/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
install-completions:
	install -D -m 644 virt-qemu/completion.bash "$(SHARE)/bash-completion/completions/autopkgtest-virt-qemu-ng"
	install -D -m 644 virt-qemu/completion.fish "$(SHARE)/fish/vendor_completions.d/autopkgtest-virt-qemu-ng.fish"
	install -D -m 644 virt-qemu/completion.zsh "$(ZSH_COMPLETIONS)/_autopkgtest-virt-qemu-ng"
	for name in virt-qemu downburst; do \
	  ln -sf autopkgtest-virt-qemu-ng "$(SHARE)/bash-completion/completions/$$name"; \
	  ln -sf autopkgtest-virt-qemu-ng.fish "$(SHARE)/fish/vendor_completions.d/$$name.fish"; \
	done

install-helpers: helpers
	install -D -t "$(DESTDIR)$(PREFIX)/share/virt-qemu" $(HELPERS)

clean:
	rm -rf $(BUILD) $(BUILD)-sanitize $(BUILD)-fuzz

.PHONY: all helpers check check-unit check-helpers check-guest check-guests check-rbd check-valgrind check-debusine check-debci check-clients check-faults check-forks check-suites check-qemu check-together check-analysis soak fuzz unit-tests guest-tests tests deps image demo \
        bench bench-images lint install install-completions install-helpers clean
-include $(wildcard $(BUILD)/*.d $(BUILD)/lib/*/*.d $(BUILD)/tests/*.d $(BUILD)/tests/guest/*.d)
