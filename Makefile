# proctrace: see `make help`.
#
# Knobs: V=1 shows commands, DEBUG=1 builds without optimisation, SAN=1 adds ASan and UBSan,
# WERROR=1 makes warnings errors (CI does), OUT=DIR builds elsewhere, ARCH=x86|arm64 cross-builds.

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

VERSION := 0.1.0

V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' $(1) $(2))

OUT ?= $(if $(filter 1,$(SAN)),build-san,build)
HOST_ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(shell uname -m)))
ARCH ?= $(HOST_ARCH)
CROSS := $(if $(filter-out $(HOST_ARCH),$(ARCH)),$(if $(filter arm64,$(ARCH)),aarch64-linux-gnu-,x86_64-linux-gnu-))

ifeq ($(origin CC),default)
CC := $(CROSS)gcc
endif
ifeq ($(origin AR),default)
AR := $(CROSS)ar
endif
CLANG ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL ?= $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool || echo bpftool)
PKG_CONFIG ?= $(CROSS)pkg-config
ifeq ($(shell command -v $(PKG_CONFIG)),)
PKG_CONFIG := pkg-config
endif

PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
COMPLETIONSDIR ?= $(PREFIX)/share/bash-completion/completions

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
	-Wno-unused-parameter -Wno-missing-field-initializers $(if $(filter 1,$(WERROR)),-Werror)
OPT := $(if $(filter 1,$(DEBUG)),-O0,-O2)
comma := ,
SANITIZE := $(if $(filter 1,$(SAN)),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all)
CPPFLAGS += -D_GNU_SOURCE -DPROCTRACE_VERSION='"$(VERSION)"' -Iinclude -Isrc -I$(OUT)/gen
CFLAGS ?= -g
CFLAGS += -std=gnu11 $(OPT) $(WARN) $(SANITIZE) -fno-strict-aliasing
LDFLAGS += $(SANITIZE)

PKGS := libbpf libelf zlib $(if $(shell $(PKG_CONFIG) --exists libcap-ng && echo y),libcap-ng)
CPPFLAGS += $(if $(filter libcap-ng,$(PKGS)),-DHAVE_LIBCAP_NG)
LDLIBS += $(shell $(PKG_CONFIG) --libs $(if $(STATIC),--static) $(PKGS)) -lm
LDFLAGS += $(if $(STATIC),-static)

BPF_CFLAGS := -g -O2 --target=bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Iinclude -Ivmlinux/$(ARCH) -Ibpf \
	-Wall -Wno-missing-declarations -Wno-unused-function $(if $(filter 1,$(WERROR)),-Werror)

SRCS := $(wildcard src/*.c src/*/*.c)
OBJS := $(SRCS:%.c=$(OUT)/%.o)
LIB := $(OUT)/libproctrace.a
PROGRAM := $(OUT)/proctrace
SKELETON := $(OUT)/gen/proctrace.skel.h

BPF_SRCS := $(wildcard bpf/*.bpf.c)
BPF_OBJS := $(BPF_SRCS:%.bpf.c=$(OUT)/%.bpf.o)

UNIT_TESTS := $(patsubst %.c,$(OUT)/%,$(wildcard tests/unit/test_*.c))

all: $(PROGRAM) ## build the program (the default)

# --- flags stamp: a change of flags rebuilds ---------------------------------------------------
FLAGS := $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LDLIBS) $(CLANG) $(BPF_CFLAGS)
$(OUT)/flags: force
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(FLAGS))' > $@
.PHONY: force

# --- kernel half --------------------------------------------------------------------------------
$(OUT)/bpf/%.bpf.o: bpf/%.bpf.c $(OUT)/flags
	$(call say,CLANG,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(OUT)/gen/proctrace.bpf.o: $(BPF_OBJS)
	$(call say,BPFLINK,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen object $@ $^

$(SKELETON): $(OUT)/gen/proctrace.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name proctrace_bpf > $@

# --- user half -----------------------------------------------------------------------------------
$(OUT)/%.o: %.c $(OUT)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(filter $(OUT)/src/probe/%.o,$(OBJS)): | $(SKELETON)

$(LIB): $(filter-out $(OUT)/src/main.o,$(OBJS))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(PROGRAM): $(OUT)/src/main.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

-include $(OBJS:.o=.d) $(BPF_OBJS:.o=.d) $(UNIT_TESTS:=.d)

# --- tests ------------------------------------------------------------------------------------------
$(OUT)/tests/unit/%: tests/unit/%.c $(LIB)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(LDFLAGS) $< $(LIB) $(LDLIBS) -lcmocka -o $@

include tests/tests.mk

# another implementation of JSON is the judge of ours
$(OUT)/tests/unit/test_json $(OUT)/tests/unit/test_json_sink: LDLIBS += -ljansson

help: ## what can be done
	@printf 'Targets:\n'
	@grep -hE '^[a-z0-9_.-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  %-22s %s\n", $$1, $$2}'
	@printf 'Knobs: V=1 DEBUG=1 SAN=1 WERROR=1 OUT=DIR ARCH=x86|arm64 PREFIX=DIR DESTDIR=DIR\n'

check: $(UNIT_TESTS) ## unit tests (no root)
	$(Q)status=0; for t in $(UNIT_TESTS); do $$t || status=1; done; exit $$status

tests: $(UNIT_TESTS) $(WORKLOAD) $(E2E_RUNNER) ## build what the tests run

check-style: ## includes go one way, functions are short, clang-format agrees
	$(Q)scripts/check-style

check-abi: $(OUT)/gen/proctrace.bpf.o ## both halves see the same records on the wire
	$(Q)CLANG='$(CLANG)' BPF_CFLAGS='$(BPF_CFLAGS)' CC='$(CC)' BPFTOOL='$(BPFTOOL)' scripts/check-abi $<

check-shell: ## shellcheck of every script
	$(Q)scripts/check-shell

check-scripts: $(PROGRAM) ## setup, run, test, check-style and install themselves (no root)
	$(Q)OUT=$(OUT) bats tests/scripts

check-install: $(PROGRAM) ## install below an empty root and run it from there
	$(Q)OUT=$(OUT) bats tests/scripts/install.bats

fmt: ## lay out the .c files as .clang-format says
	$(Q)clang-format -i $(shell find src bpf tests bench -name '*.c' 2>/dev/null)

compile_commands.json: force ## for clangd and its like
	$(Q)$(MAKE) --no-print-directory -nB V=1 all $(UNIT_TESTS) | scripts/compile-commands >$@

# --- where distributions expect things ----------------------------------------------------------------
install: $(PROGRAM) ## put program, man page and completion below DESTDIR, to PREFIX
	$(call say,INSTALL,$(DESTDIR)$(PREFIX))
	$(Q)install -D -m 755 $(PROGRAM) '$(DESTDIR)$(SBINDIR)/proctrace'
	$(Q)install -D -m 644 man/proctrace.8 '$(DESTDIR)$(MANDIR)/man8/proctrace.8'
	$(Q)install -D -m 644 completions/proctrace.bash '$(DESTDIR)$(COMPLETIONSDIR)/proctrace'

uninstall: ## remove what install put there
	$(Q)rm -f '$(DESTDIR)$(SBINDIR)/proctrace' '$(DESTDIR)$(MANDIR)/man8/proctrace.8' \
		'$(DESTDIR)$(COMPLETIONSDIR)/proctrace'

clean: ## remove what was built
	$(Q)rm -rf $(OUT)

.PHONY: all tests help check check-style check-abi check-shell check-scripts check-install fmt install uninstall clean
