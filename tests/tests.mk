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

check-e2e: $(PROGRAM) $(WORKLOAD) $(E2E_RUNNER) ## live the scenarios under the tracer (as root)
	$(Q)$(E2E_RUNNER) --proctrace $(PROGRAM) --workload $(WORKLOAD) $(SCENARIOS)

.PHONY: check-e2e
