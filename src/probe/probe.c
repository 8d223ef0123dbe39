#include "probe/probe.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "probe/reap_source.h"
#include "proctrace/settings.h"

#include "proctrace.skel.h"

#define RING_BYTES_DEFAULT (16u << 20)
#define HOOKS_BYTES	   512
#define EMIT_BATCH	   64 /* records of a snapshot between two rests: 8 KiB of the ring */
#define LIST_BYTES	   (128 * sizeof(struct pt_event_task)) /* of one read */
#define PIDS_LIMIT	   4194304u /* PID_MAX_LIMIT, include/linux/threads.h */

struct probe {
	struct proctrace_bpf *skel;
	struct bpf_link *snapshot;
	struct pt_counter *counters; /* mapped: [cpu * COUNTERS_STRIDE + kind] */
	size_t counters_cnt;
	uint64_t ring_bytes;
	enum fact_source source;
	bool source_raw; /* SOURCE_SYSCALL by the one tracepoint of all calls */
	const char *release; /* function that the release hooks are on */
	bool held; /* hooks with a HOOK_HELD have that one */
	char hooks[HOOKS_BYTES];
	size_t hooks_len;
};

/* Attached in this order: ends before births, so that nobody is born whose death goes unseen. */
struct hook {
	size_t program; /* offset in proctrace_bpf.progs */
	size_t link;
	const char *name;
	enum { ANYWHERE, UNLESS_HELD, HELD } where;
};
#define HOOK_ROW(program_name, hook_name, where_)                                                  \
	{                                                                                          \
		offsetof(struct proctrace_bpf, progs.program_name),                                \
			offsetof(struct proctrace_bpf, links.program_name), hook_name, where_      \
	}
#define HOOK(program_name, hook_name) HOOK_ROW(program_name, hook_name, ANYWHERE)
/* Two programs, the second where the first could be preempted: bpf/compat.bpf.h. */
#define HOOK_HELD(program_name, hook_name, held_name)                                              \
	HOOK_ROW(program_name, hook_name, UNLESS_HELD),                                            \
		HOOK_ROW(program_name##_held, held_name, HELD)

static const struct hook hooks[] = {
	HOOK(on_free, "sched_process_free"),
	HOOK(reap_fentry_task, "fentry:cgroup_task_release"),
	HOOK(reap_fentry, "fentry:cgroup_release"),
	HOOK(reap_kprobe_task, "kprobe:cgroup_task_release"),
	HOOK(reap_kprobe, "kprobe:cgroup_release"),
	HOOK(reap_enter_waitid, "sys_enter_waitid"),
	HOOK(reap_waitid, "sys_exit_waitid"),
	HOOK(reap_wait4, "sys_exit_wait4"),
	HOOK(reap_sys_exit, "sys_exit"),
	HOOK_HELD(on_exit, "sched_process_exit", "sched:sched_process_exit"),
	HOOK(on_oom, "mark_victim"),
	HOOK(on_death_signal, "signal_generate"),
	HOOK(on_fatal_signal, "signal_generate"),
	HOOK(on_deliver, "signal_deliver"),
	HOOK_HELD(on_wait, "sched_process_wait", "sched:sched_process_wait"),
	HOOK_HELD(on_exec, "sched_process_exec", "sched:sched_process_exec"),
	HOOK(on_cgroup_mkdir, "cgroup_mkdir"),
	HOOK(on_cgroup_rename, "cgroup_rename"),
	HOOK_HELD(on_newtask, "task_newtask", "sched_wakeup_new"),
	HOOK_HELD(on_fork, "sched_process_fork", "sched_wakeup_new"),
};
#define HOOKS_CNT (sizeof(hooks) / sizeof(*hooks))

static struct bpf_program *hook_program(const struct probe *probe, const struct hook *hook)
{
	return *(struct bpf_program **)((char *)probe->skel + hook->program);
}

static struct bpf_link **hook_link(const struct probe *probe, const struct hook *hook)
{
	return (struct bpf_link **)((char *)probe->skel + hook->link);
}

static int fail(char *ret_error, size_t size, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ret_error, size, format, args);
	va_end(args);
	return error;
}

/* libbpf's own words are for those who ask: PROCTRACE_LIBBPF=1. */
static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_DEBUG || !getenv("PROCTRACE_LIBBPF"))
		return 0;
	return vfprintf(stderr, format, args);
}

static uint32_t pids_max(void)
{
	FILE *file = fopen("/proc/sys/kernel/pid_max", "re");
	unsigned max = 0;

	if (file) {
		if (fscanf(file, "%u", &max) != 1)
			max = 0;
		fclose(file);
	}
	return max && max < PIDS_LIMIT ? max : PIDS_LIMIT;
}

static void settings_fill(struct settings *settings, const struct options *options)
{
	const struct filters *filters = &options->filters;

	settings->page_bytes = sysconf(_SC_PAGESIZE);
	settings->subtree_only = filters->pids_cnt || options->command;
	settings->follow_children = options->command != NULL;
	settings->filtered = settings->subtree_only || filters->uids_cnt || filters->comms_cnt ||
			     filters->cgroups_cnt;
	settings->no_args = options->no_args;
	settings->threads = options->threads;
	settings->roots_cnt = filters->pids_cnt;
	settings->uids_cnt = filters->uids_cnt;
	settings->comms_cnt = filters->comms_cnt;
	settings->cgroups_cnt = filters->cgroups_cnt;
	_Static_assert(FILTERS_MAX == SETTINGS_FILTERS, "as many as can be typed");
	_Static_assert(PT_KIND_CNT <= COUNTERS_STRIDE, "each kind has its counter");
	for (size_t i = 0; i < FILTERS_MAX; i++) {
		settings->roots[i] = filters->pids[i];
		settings->uids[i] = filters->uids[i];
		settings->cgroup_ids[i] = filters->cgroup_ids[i];
		settings->cgroup_levels[i] = filters->cgroup_levels[i];
		memcpy(settings->comms[i], filters->comms[i], PT_COMM_BYTES);
	}
}

/*
 * From 7.0 the programs of a tracepoint can be preempted, and such a kernel has this member. The ones
 * that take their place are on classic tracepoints, which need tracefs.
 */
static bool tracepoints_preemptible(const struct btf *vmlinux)
{
	int id = btf__find_by_name_kind(vmlinux, "tp_transition_snapshot", BTF_KIND_STRUCT);
	const struct btf_type *type = id > 0 ? btf__type_by_id(vmlinux, id) : NULL;

	for (int i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(vmlinux, btf_members(type)[i].name_off), "srcu_gp"))
			return true;
	return false;
}

/*
 * Best first: fentry, but a kprobe where programs can be preempted, since it never is. The system-call
 * source taxes every call of the machine, so nobody gets it unasked but those who measure reaps or
 * watch one COMMAND.
 */
static int choose_reap_source(struct probe *probe, const struct options *options, char *ret_error,
			      size_t size)
{
	enum reap_choice want = options->reap;
	bool measures = options->command || options->filters.slower_than_ns;
	struct btf *vmlinux = btf__load_vmlinux_btf();
	char why[128] = "", fentry_why[128] = "";
	int error = 0;

	if (!vmlinux)
		return fail(ret_error, size, -ENOTSUP,
			    "the kernel has no BTF (/sys/kernel/btf/vmlinux); it needs "
			    "CONFIG_DEBUG_INFO_BTF=y");
	probe->release = reap_source_function(vmlinux);
	probe->held = tracepoints_preemptible(vmlinux) && reap_source_has_call_tracepoints();
	if (want == REAP_AUTO && probe->held &&
	    !reap_source_try_kprobe(probe->release, why, sizeof(why))) {
		probe->source = SOURCE_KPROBE;
	} else if ((want == REAP_AUTO || want == REAP_FENTRY) &&
		   !(error = reap_source_try_fentry(vmlinux, fentry_why, sizeof(fentry_why)))) {
		probe->source = SOURCE_FENTRY;
	} else if ((want == REAP_AUTO || want == REAP_KPROBE) &&
		   !(error = reap_source_try_kprobe(probe->release, why, sizeof(why)))) {
		probe->source = SOURCE_KPROBE;
	} else if (want == REAP_SYSCALL || (want == REAP_AUTO && measures)) {
		probe->source = SOURCE_SYSCALL;
		probe->source_raw = !reap_source_has_call_tracepoints();
		error = 0;
	} else if ((want == REAP_AUTO || want == REAP_PIDFD) &&
		   !(error = reap_source_try_pidfd(why, sizeof(why)))) {
		probe->source = SOURCE_PIDFD;
	} else if (want == REAP_AUTO || want == REAP_FREE) {
		probe->source = SOURCE_FREE;
		error = 0;
	}
	btf__free(vmlinux);
	if (error)
		return fail(ret_error, size, -ENOTSUP, "%s; --reap-source auto takes what there is",
			    want == REAP_FENTRY ? fentry_why : why);
	return 0;
}

static bool program_wanted(const struct probe *probe, const struct hook *hook, bool threads)
{
	const struct bpf_program *program = hook_program(probe, hook);
	const struct proctrace_bpf *skel = probe->skel;
	bool task = probe->release && strcmp(probe->release, "cgroup_task_release") == 0;

	if (hook->where != ANYWHERE && probe->held != (hook->where == HELD))
		return false;
	if (program == skel->progs.reap_fentry_task)
		return probe->source == SOURCE_FENTRY && task;
	if (program == skel->progs.reap_fentry)
		return probe->source == SOURCE_FENTRY && !task;
	if (program == skel->progs.reap_kprobe_task)
		return probe->source == SOURCE_KPROBE && task;
	if (program == skel->progs.reap_kprobe)
		return probe->source == SOURCE_KPROBE && !task;
	if (program == skel->progs.reap_wait4 || program == skel->progs.reap_enter_waitid ||
	    program == skel->progs.reap_waitid)
		return probe->source == SOURCE_SYSCALL && !probe->source_raw;
	if (program == skel->progs.reap_sys_exit)
		return probe->source == SOURCE_SYSCALL && probe->source_raw;
	if (program == skel->progs.on_newtask || program == skel->progs.on_newtask_held)
		return threads;
	return true;
}

static int map_counters(struct probe *probe)
{
	void *counters = mmap(NULL, probe->counters_cnt * sizeof(*probe->counters), PROT_READ,
			      MAP_SHARED, bpf_map__fd(probe->skel->maps.counters), 0);

	if (counters == MAP_FAILED)
		return -errno;
	probe->counters = counters;
	return 0;
}

static int load(struct probe *probe, const struct options *options, char *ret_error, size_t size)
{
	struct proctrace_bpf *skel = probe->skel;
	int error;

	settings_fill((struct settings *)&skel->rodata->settings, options);
	bpf_map__set_max_entries(skel->maps.ring, probe->ring_bytes);
	error = libbpf_num_possible_cpus();
	if (error < 0)
		return fail(ret_error, size, error, "cannot count the CPUs: %s", strerror(-error));
	probe->counters_cnt = (size_t)error * COUNTERS_STRIDE;
	bpf_map__set_max_entries(skel->maps.counters, probe->counters_cnt);
	if (skel->rodata->settings.filtered)
		bpf_map__set_max_entries(skel->maps.marks, pids_max());
	for (size_t i = 0; i < HOOKS_CNT; i++) {
		bpf_program__set_autoload(hook_program(probe, &hooks[i]),
					  program_wanted(probe, &hooks[i], options->threads));
	}
	error = proctrace_bpf__load(skel);
	if (error == -EPERM)
		return fail(ret_error, size, -EPERM,
			    geteuid() ? "needs root: run it with sudo"
				      : "the kernel refuses BPF programs even from root: look at "
					"lockdown "
					"(/sys/kernel/security/lockdown) and the container's "
					"capabilities "
					"(CAP_BPF, CAP_PERFMON)");
	if (error)
		return fail(ret_error, size, -ENOTSUP,
			    "the kernel does not take the BPF programs: %s; "
			    "PROCTRACE_LIBBPF=1 shows why",
			    strerror(-error));
	error = map_counters(probe);
	if (error)
		return fail(ret_error, size, error, "cannot map the counters: %s",
			    strerror(-error));
	skel->bss->control.tail_bytes_max = probe->ring_bytes / 4 * 3;
	skel->bss->control.wake_bytes = probe->ring_bytes / 8;
	return 0;
}

int probe_open(const struct options *options, struct probe **ret_probe, char *ret_error,
	       size_t size)
{
	struct probe *probe = calloc(1, sizeof(*probe));
	int error;

	if (!probe)
		return fail(ret_error, size, -ENOMEM, "out of memory");
	libbpf_set_print(print_libbpf);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	probe->ring_bytes = options->ring_bytes ? options->ring_bytes : RING_BYTES_DEFAULT;
	error = choose_reap_source(probe, options, ret_error, size);
	if (error)
		goto out;
	probe->skel = proctrace_bpf__open();
	if (!probe->skel) {
		error = fail(ret_error, size, -errno, "cannot open the BPF programs: %s",
			     strerror(errno));
		goto out;
	}
	error = load(probe, options, ret_error, size);
out:
	if (error)
		probe_close(probe);
	else
		*ret_probe = probe;
	return error;
}

/* Hands the whole records of `bytes` on; what is left of the last one moves to the front. Its length. */
static size_t hand_on(char *bytes, size_t len, const struct probe_listener *listener)
{
	const size_t size = sizeof(struct pt_event_task);
	size_t at = 0;

	for (; len - at >= size; at += size)
		listener->take(listener->context, bytes + at, size);
	memmove(bytes, bytes + at, len - at);
	return len - at;
}

/* Reading the iterator drives the pass. */
static int iterate(struct probe *probe, uint32_t pass, const struct probe_listener *listener)
{
	_Alignas(struct pt_event_task) char bytes[LIST_BYTES];
	size_t len = 0, room = pass == PASS_EMIT ? EMIT_BATCH : sizeof(bytes);
	int fd, error = 0;
	ssize_t n;

	if (!probe->snapshot)
		return -EAGAIN;
	fd = bpf_iter_create(bpf_link__fd(probe->snapshot));
	if (fd < 0)
		return -EAGAIN;
	probe->skel->bss->control.pass = pass;
	probe->skel->bss->control.marked = 0;
	while ((n = read(fd, bytes + len, room - len)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && listener) {
			if (listener->take)
				len = hand_on(bytes, len + n, listener);
			listener->rest(listener->context);
		}
	if (n < 0)
		error = -errno;
	close(fd);
	return error;
}

static void hooks_add(struct probe *probe, const char *name)
{
	size_t len = strlen(name) + 1;

	for (const char *at = probe->hooks; at < probe->hooks + probe->hooks_len;
	     at += strlen(at) + 1)
		if (strcmp(at, name) == 0)
			return;
	if (probe->hooks_len + len <= sizeof(probe->hooks)) {
		memcpy(probe->hooks + probe->hooks_len, name, len);
		probe->hooks_len += len;
	}
}

int probe_attach(struct probe *probe, char *ret_error, size_t size)
{
	struct control *control = (struct control *)&probe->skel->bss->control;
	int error;

	probe->snapshot = bpf_program__attach(probe->skel->progs.on_task);
	if (!probe->snapshot && probe->skel->rodata->settings.roots_cnt)
		return fail(ret_error, size, -ENOTSUP,
			    "the kernel refuses the task iterator, by which -p finds the process");
	error = iterate(probe, PASS_SELF, NULL);
	if (error == -EAGAIN)
		control->self_tgid = getpid();
	for (size_t i = 0; i < HOOKS_CNT; i++) {
		struct bpf_program *program = hook_program(probe, &hooks[i]);
		struct bpf_link *link;

		if (!bpf_program__autoload(program))
			continue;
		link = bpf_program__attach(program);
		if (!link)
			return fail(ret_error, size, -errno, "cannot attach to %s: %s",
				    hooks[i].name, strerror(errno));
		*hook_link(probe, &hooks[i]) = link;
		hooks_add(probe, hooks[i].name);
	}
	if (probe->snapshot)
		hooks_add(probe, "iter/task");
	return 0;
}

static int mark_subtree(struct probe *probe)
{
	int error;

	do {
		error = iterate(probe, PASS_MARK, NULL);
	} while (!error && probe->skel->bss->control.marked);
	return error;
}

int probe_snapshot(struct probe *probe, void (*rest)(void *context), void *context)
{
	const struct settings *settings = (const struct settings *)&probe->skel->rodata->settings;
	struct probe_listener listener = {.rest = rest, .context = context};
	int error = 0;

	if (settings->follow_children)
		return 0; /* COMMAND's subtree begins with its own birth */
	if (settings->roots_cnt)
		error = mark_subtree(probe);
	return error ? error : iterate(probe, PASS_EMIT, &listener);
}

int probe_list(struct probe *probe, const struct probe_listener *listener)
{
	const struct settings *settings = (const struct settings *)&probe->skel->rodata->settings;
	int error = 0;

	/* Whose birth no program was run for has no mark; its parent still has. */
	if (settings->subtree_only && probe_misses(probe))
		error = mark_subtree(probe);
	return error ? error : iterate(probe, PASS_LIST, listener);
}

long probe_count_subtree(struct probe *probe)
{
	int error = iterate(probe, PASS_COUNT, NULL);

	return error ? error : (long)probe->skel->bss->control.marked;
}

void probe_detach(struct probe *probe)
{
	for (size_t i = 0; i < HOOKS_CNT; i++) {
		bpf_link__destroy(*hook_link(probe, &hooks[i]));
		*hook_link(probe, &hooks[i]) = NULL;
	}
	/* A program that runs still on another CPU has counted, but not submitted: wait for a grace period. */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0)
		usleep(20000);
}

void probe_close(struct probe *probe)
{
	if (!probe)
		return;
	bpf_link__destroy(probe->snapshot);
	if (probe->counters)
		munmap(probe->counters, probe->counters_cnt * sizeof(*probe->counters));
	if (probe->skel)
		proctrace_bpf__destroy(probe->skel);
	free(probe);
}

int probe_ring_fd(const struct probe *probe)
{
	return bpf_map__fd(probe->skel->maps.ring);
}

uint64_t probe_ring_bytes(const struct probe *probe)
{
	return probe->ring_bytes;
}

enum fact_source probe_reap_source(const struct probe *probe)
{
	return probe->source;
}

struct fact_text probe_hooks(const struct probe *probe)
{
	return (struct fact_text){.bytes = probe->hooks, .len = probe->hooks_len};
}

struct pt_identity probe_self(const struct probe *probe)
{
	return (struct pt_identity){
		.tgid = probe->skel->bss->control.self_tgid,
		.start_ns = probe->skel->bss->control.self_start_ns,
	};
}

void probe_reader_state(struct probe *probe, uint32_t state)
{
	__atomic_store_n(&probe->skel->bss->control.reader, state, __ATOMIC_SEQ_CST);
}

bool probe_has_dropped(const struct probe *probe)
{
	return __atomic_load_n(&probe->skel->bss->control.dropped, __ATOMIC_RELAXED);
}

bool probe_take_dropped(struct probe *probe)
{
	return probe_has_dropped(probe) &&
	       __atomic_exchange_n(&probe->skel->bss->control.dropped, 0, __ATOMIC_SEQ_CST);
}

/* The programs go on counting. */
static uint64_t counted(const __u64 *count)
{
	return __atomic_load_n(count, __ATOMIC_RELAXED);
}

int probe_counters(const struct probe *probe, struct pt_counter ret_counters[PT_KIND_CNT])
{
	memset(ret_counters, 0, PT_KIND_CNT * sizeof(*ret_counters));
	for (size_t at = 0; at < probe->counters_cnt; at++) {
		const struct pt_counter *counter = &probe->counters[at];
		size_t kind = at % COUNTERS_STRIDE;

		if (kind >= PT_KIND_CNT)
			continue;
		ret_counters[kind].seen += counted(&counter->seen);
		ret_counters[kind].submitted += counted(&counter->submitted);
		for (int i = 0; i < PT_DROP_CNT; i++)
			ret_counters[kind].dropped[i] += counted(&counter->dropped[i]);
	}
	return 0;
}

uint64_t probe_misses(const struct probe *probe)
{
	uint64_t misses = 0;

	for (size_t i = 0; i < HOOKS_CNT; i++) {
		struct bpf_prog_info info = {};
		uint32_t size = sizeof(info);
		int fd = bpf_program__fd(hook_program(probe, &hooks[i]));

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
			misses += info.recursion_misses;
	}
	return misses;
}
