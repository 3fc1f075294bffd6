# SPDX-License-Identifier: GPL-2.0-or-later
# Builds, tests and installs autopkgtest-virt-qemu-ng; README.md describes the targets.

VERSION := 0.1
PREFIX ?= /usr
BUILD ?= build
PKGS := glib-2.0 gio-2.0 gio-unix-2.0 json-glib-1.0 libarchive

CC ?= gcc
CFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wwrite-strings -Wformat=2 -Wno-unused-parameter -Wno-missing-field-initializers
ifneq ($(CI),)
WARNINGS += -Werror
endif
ifeq ($(SANITIZE),1)
BUILD := $(BUILD)-sanitize
SANITIZERS := -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
endif

ALL_CPPFLAGS := -D_GNU_SOURCE -DVQ_VERSION='"$(VERSION)"' -DG_LOG_DOMAIN='"virt-qemu"' -Ilib -I$(BUILD) $(CPPFLAGS)
ALL_CFLAGS = -std=gnu11 -MMD -MP $(WARNINGS) $(SANITIZERS) $(CFLAGS) $(shell $(PKG_CONFIG) --cflags $(PKGS))
LIBS = $(shell $(PKG_CONFIG) --libs $(PKGS))
CHECK_LIBS = $(shell $(PKG_CONFIG) --libs check)

LIB_OBJECTS := $(patsubst lib/%.c,$(BUILD)/lib/%.o,$(wildcard lib/*.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/check_*.c))
UNIT_HELPERS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%.o,$(filter-out $(wildcard tests/unit/check_*.c),$(wildcard tests/unit/*.c)))
PROGRAMS := $(BUILD)/autopkgtest-virt-qemu-ng $(BUILD)/virt-qemu-exec

all: $(PROGRAMS)

$(BUILD)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/tests/%.o: tests/unit/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/lib/agent-channel.o: $(BUILD)/agent-runner.pl.inc

$(BUILD)/libvq.a: $(LIB_OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

# Text that the programs carry inside them, as C string literals.
$(BUILD)/%.inc: lib/%
	@mkdir -p $(@D)
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $< > $@.new
	mv $@.new $@

$(BUILD)/autopkgtest-virt-qemu-ng: virt-qemu/autopkgtest-virt-qemu-ng.c $(BUILD)/libvq.a
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libvq.a $(LIBS)

# libc only: it is started for every single command.
$(BUILD)/virt-qemu-exec: virt-qemu/virt-qemu-exec.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -std=gnu11 -MMD -MP $(WARNINGS) $(SANITIZERS) $(CFLAGS) $(LDFLAGS) -o $@ $<

$(BUILD)/tests/check_%: $(BUILD)/tests/check_%.o $(UNIT_HELPERS) $(BUILD)/libvq.a
	$(CC) $(SANITIZERS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(CHECK_LIBS)

.SECONDARY:
.PHONY: all
-include $(wildcard $(BUILD)/*.d $(BUILD)/lib/*.d $(BUILD)/tests/*.d)
