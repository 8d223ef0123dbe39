# The end-to-end tests: a workload that lives the scenarios, a runner that judges what was told.

WORKLOAD := $(OUT)/tests/workloads/workload
E2E_RUNNER := $(OUT)/tests/e2e/runner
JUDGE_OBJS := $(patsubst %.c,$(OUT)/%.o,$(filter-out tests/e2e/runner.c,$(wildcard tests/e2e/*.c)))
E2E_OBJS := $(patsubst %.c,$(OUT)/%.o,$(wildcard tests/workloads/*.c)) $(JUDGE_OBJS) \
	$(OUT)/tests/e2e/runner.o

# Scenarios crash, leak and die in mid-air on purpose: no sanitizer in them.
$(OUT)/tests/workloads/%.o: SANITIZE :=
$(OUT)/tests/e2e/%.o: CPPFLAGS += -Itests

$(WORKLOAD): SANITIZE :=
$(WORKLOAD): $(patsubst %.c,$(OUT)/%.o,$(wildcard tests/workloads/*.c))
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -pthread -o $@

$(E2E_RUNNER): $(OUT)/tests/e2e/runner.o $(JUDGE_OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -ljansson -o $@

$(OUT)/tests/unit/test_judge: tests/unit/test_judge.c $(JUDGE_OBJS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) -MMD -MP $(LDFLAGS) $< $(JUDGE_OBJS) -ljansson -lcmocka -o $@

-include $(E2E_OBJS:.o=.d)

RUN_E2E = $(E2E_RUNNER) --proctrace $(PROGRAM) --workload $(WORKLOAD)

check-e2e: $(PROGRAM) $(WORKLOAD) $(E2E_RUNNER) ## live the scenarios under the tracer (as root)
	$(Q)$(RUN_E2E) $(or $(SCENARIOS),core random:1-100:60)

.PHONY: check-e2e

# --- inside other kernels: static programs, as a guest has no libraries -------------------------------
VM_OUT := build-static$(if $(filter-out $(HOST_ARCH),$(ARCH)),-$(ARCH))
VM_PROGRAMS := $(VM_OUT)/proctrace $(VM_OUT)/tests/workloads/workload $(VM_OUT)/tests/e2e/runner

VM_MAKE = $(MAKE) --no-print-directory STATIC=1 SAN= OUT=$(VM_OUT) $(VM_PROGRAMS)

vm-programs:
ifeq ($(CROSS),)
	$(Q)$(VM_MAKE)
else
	$(Q)sysroot=$$(scripts/cross-sysroot $(ARCH)) && PKG_CONFIG_SYSROOT_DIR=$$sysroot \
		PKG_CONFIG_LIBDIR=$$sysroot/usr/lib/$(CROSS:-=)/pkgconfig $(VM_MAKE) CC="$(CROSS)gcc --sysroot=$$sysroot"
endif

check-vm: vm-programs ## live them inside other kernels, with each source of reap times (no root)
	$(Q)ARCH=$(ARCH) tests/vm/matrix $(VM_OUT)

check-vm-run: ## try what runs a command inside another kernel (no root)
	$(Q)bats tests/vm

vm-shell: vm-programs ## a shell inside another kernel, with the programs: KERNEL=6.12
	$(Q)scripts/vm-run -s -a $(ARCH) $(VM_PROGRAMS:%=-f %) $(or $(KERNEL),newest)

.PHONY: vm-programs check-vm check-vm-run vm-shell

# --- long: not part of scripts/test ---------------------------------------------------------------------
# A million lives, in trees of a size that one run of the judge takes in a second or two.
SEEDS ?= 1-1000
TREE_LIVES ?= 1000
LIVES ?= 200000

check-long: check-trees check-lives ## both of these, for long (as root)

check-trees: $(PROGRAM) $(WORKLOAD) $(E2E_RUNNER) ## random trees against their ledger: SEEDS=FIRST-LAST TREE_LIVES=N (as root)
	$(Q)$(RUN_E2E) random:$(SEEDS):$(TREE_LIVES)

check-lives: $(PROGRAM) $(WORKLOAD) ## leave an empty table and flat memory: LIVES=N, 5000000 for a day's worth (as root)
	$(Q)LIVES=$(LIVES) PROCTRACE=$(abspath $(PROGRAM)) WORKLOAD=$(abspath $(WORKLOAD)) \
		bats tests/e2e/lives.bats

.PHONY: check-long check-trees check-lives
