#include "cmd/doctor_hooks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "probe/probe.h"
#include "probe/reap_source.h"

static const struct {
	const char *name, *gives, *without;
	bool on_demand;
	const char *held; /* stands in for it where that could be preempted: bpf/compat.bpf.h */
} hooks[] = {
	{"sched_process_fork", "births", "no life is told", .held = "sched_wakeup_new"},
	{"task_newtask", "births of threads", "no thread is told", true},
	{"sched_process_exec", "programs and their arguments", "no exec is told",
	 .held = "sched:sched_process_exec"},
	{"sched_process_exit", "deaths, statuses, costs", "no death is told",
	 .held = "sched:sched_process_exit"},
	{"signal_generate", "who killed whom, when a zombie begins", "killers stay unknown"},
	{"signal_deliver", "which signal was fatal", "killers by blocked signals stay unknown"},
	{"mark_victim", "victims of the OOM killer", "they seem killed by the kernel"},
	{"cgroup_mkdir", "names of new cgroups", "those that are soon gone stay without a name"},
	{"cgroup_rename", "new names of v1 cgroups", "the old ones are told"},
	{"sched_process_wait", "since when a parent waits",
	 "why a zombie is not reaped stays unknown", .held = "sched:sched_process_wait"},
	{"sched_process_free", "the end of each process, exact costs", "no reap is proven"},
	{"iter/task", "who is there at the start", "that comes from /proc, a little later"},
};
#define HOOKS_CNT (sizeof(hooks) / sizeof(*hooks))

static const struct {
	const char *name, *note;
} sources[] = {
	[SOURCE_FENTRY] = {"fentry", "exact, and costs nobody else anything"},
	[SOURCE_KPROBE] = {"kprobe", "exact, and costs nobody else anything"},
	[SOURCE_SYSCALL] = {"syscall", "exact to the return of the wait; misses waits of other "
				       "kinds (io_uring, inside the kernel)"},
	[SOURCE_PIDFD] = {"pidfd", "exact for zombies older than some tenths of a second; other "
				   "reaps come from free"},
	[SOURCE_FREE] = {"free", "always there; an upper bound, some milliseconds too late"},
};

/* Whether the list of what is attached has it; NUL-separated. */
static bool is_attached(struct fact_text names, const char *name)
{
	for (const char *at = names.bytes; at < names.bytes + names.len; at += strlen(at) + 1)
		if (!strcmp(at, name))
			return true;
	return false;
}

/* What the kernel's types know: tracepoints that programs of the kind tp_btf can be on. */
static bool has_tracepoint(const struct btf *vmlinux, const char *name)
{
	char type[64];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return !vmlinux || !strcmp(name, "iter/task") ||
	       btf__find_by_name_kind(vmlinux, type, BTF_KIND_TYPEDEF) > 0;
}

static void say_hooks(struct doctor_report *report, const struct btf *vmlinux,
		      struct fact_text attached)
{
	for (size_t i = 0; i < HOOKS_CNT; i++) {
		const char *name = hooks[i].name;

		if (is_attached(attached, name))
			doctor_say(report, DOCTOR_HOOKS, name, DOCTOR_OK, "%s", hooks[i].gives);
		else if (hooks[i].held && is_attached(attached, hooks[i].held))
			doctor_say(report, DOCTOR_HOOKS, name, DOCTOR_OK,
				   "%s; from %s, where no program is preempted", hooks[i].gives,
				   hooks[i].held);
		else if (!has_tracepoint(vmlinux, name))
			doctor_say(report, DOCTOR_HOOKS, name, DOCTOR_NO,
				   "this kernel has none: %s", hooks[i].without);
		else if (hooks[i].on_demand)
			doctor_say(report, DOCTOR_HOOKS, name, DOCTOR_NONE,
				   "%s; only with --threads", hooks[i].gives);
		else if (attached.len)
			doctor_say(report, DOCTOR_HOOKS, name, DOCTOR_NO, "refused: %s",
				   hooks[i].without);
		else
			doctor_say(report, DOCTOR_HOOKS, name, DOCTOR_NONE,
				   "not tried: the programs could not be loaded");
	}
}

/* 0, or -errno and why not. */
static int try_source(enum fact_source source, const struct btf *vmlinux, char *ret_why,
		      size_t size)
{
	switch (source) {
	case SOURCE_FENTRY:
	case SOURCE_KPROBE:
		if (!vmlinux) {
			snprintf(ret_why, size, "the kernel's BTF cannot be read");
			return -ENOENT;
		}
		return source == SOURCE_FENTRY
			       ? reap_source_try_fentry(vmlinux, ret_why, size)
			       : reap_source_try_kprobe(reap_source_function(vmlinux), ret_why,
							size);
	case SOURCE_PIDFD:
		return reap_source_try_pidfd(ret_why, size);
	default:
		return 0;
	}
}

static const char *cost_of(enum fact_source source, bool exact_taken)
{
	if (source != SOURCE_SYSCALL)
		return "";
	if (!reap_source_has_call_tracepoints())
		return exact_taken
			       ? "; slows every system call of the machine down a little"
			       : "; slows every system call of the machine down a little: taken "
				 "with COMMAND and --slower-than alone";
	return exact_taken ? "; slows system calls down a little"
			   : "; slows system calls down a little: taken with COMMAND and "
			     "--slower-than alone";
}

static void say_sources(struct doctor_report *report, const struct btf *vmlinux,
			const struct probe *probe)
{
	bool exact = probe && probe_reap_source(probe) <= SOURCE_SYSCALL;

	for (int source = SOURCE_FENTRY; source <= SOURCE_FREE; source++) {
		struct doctor_item *item;
		char why[256] = "";

		if (try_source(source, vmlinux, why, sizeof(why)))
			item = doctor_say(report, DOCTOR_SOURCES, sources[source].name, DOCTOR_NO,
					  "%s", why);
		else
			item = doctor_say(report, DOCTOR_SOURCES, sources[source].name,
					  probe ? DOCTOR_OK : DOCTOR_NONE, "%s%s",
					  sources[source].note, cost_of(source, exact));
		if (item)
			item->taken = probe && (int)probe_reap_source(probe) == source;
	}
}

int doctor_hooks(const struct options *options, struct doctor_report *report,
		 uint64_t *ret_ring_bytes)
{
	struct probe *probe = NULL;
	struct fact_text attached = {0};
	char error[256] = "";
	int result = probe_open(options, &probe, error, sizeof(error));
	struct btf *vmlinux;

	if (!result)
		result = probe_attach(probe, error, sizeof(error));
	if (probe) {
		attached = probe_hooks(probe);
		*ret_ring_bytes = probe_ring_bytes(probe);
	}
	vmlinux = btf__load_vmlinux_btf();
	doctor_say(report, DOCTOR_HOOKS, "programs", result ? DOCTOR_NO : DOCTOR_OK, "%s",
		   result ? error : "loaded and attached");
	say_hooks(report, vmlinux, attached);
	say_sources(report, vmlinux, probe);
	btf__free(vmlinux);
	if (probe)
		probe_detach(probe);
	probe_close(probe);
	return !result ? 0 : result == -EPERM || result == -ENOTSUP ? EXIT_REFUSED : EXIT_RUNTIME;
}
