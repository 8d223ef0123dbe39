#include "model/fact.h"

#include <errno.h>
#include <string.h>

const char *const fact_fork_kind_words[] = {
	[FORK_KIND_FORK] = "fork",
	[FORK_KIND_VFORK] = "vfork",
	[FORK_KIND_CLONE] = "clone",
	NULL,
};

const char *const fact_killer_words[] = {
	[KILLER_PROCESS] = "process",
	[KILLER_KERNEL] = "kernel",
	NULL,
};

const char *const fact_how_words[] = {
	[HOW_WAIT] = "wait",	       [HOW_AUTO] = "auto",	[HOW_KERNEL] = "kernel",
	[HOW_NAMESPACE] = "namespace", [HOW_UNSEEN] = "unseen", NULL,
};

const char *const fact_source_words[] = {
	[SOURCE_FENTRY] = "fentry", [SOURCE_KPROBE] = "kprobe", [SOURCE_SYSCALL] = "syscall",
	[SOURCE_PIDFD] = "pidfd",   [SOURCE_FREE] = "free",	NULL,
};

const char *const fact_adopter_words[] = {
	[ADOPTER_SUBREAPER] = "subreaper",
	[ADOPTER_INIT] = "init",
	[ADOPTER_NS_INIT] = "namespace-init",
	NULL,
};

const char *const fact_certainty_words[] = {
	[CERTAINTY_CONFIRMED] = "confirmed",
	[CERTAINTY_PREDICTED] = "predicted",
	[CERTAINTY_UNKNOWN] = "unknown",
	NULL,
};

const char *const fact_reason_words[] = {
	[REASON_NOT_WAITING] = "parent-not-waiting",
	[REASON_WAITS_FOR_ANOTHER] = "parent-waits-for-another",
	[REASON_STOPPED] = "parent-stopped",
	[REASON_BLOCKED] = "parent-blocked",
	[REASON_BUSY] = "parent-busy",
	[REASON_SLOW] = "parent-slow",
	[REASON_SIGCHLD_BLOCKED] = "sigchld-blocked",
	[REASON_TRACED] = "traced",
	[REASON_INIT_NOT_REAPING] = "init-not-reaping",
	NULL,
};

const char *const fact_stage_words[] = {
	[STAGE_RING] = "ring",	 [STAGE_BPF] = "bpf",	    [STAGE_DECODE] = "decode",
	[STAGE_MODEL] = "model", [STAGE_OUTPUT] = "output", NULL,
};

const char *const fact_state_words[] = {
	[STATE_ALIVE] = "alive",
	[STATE_LEADER_ZOMBIE] = "leader_zombie",
	[STATE_DYING] = "dying",
	[STATE_ZOMBIE] = "zombie",
	NULL,
};

#define FIELD(shape, json_name, member, text)                                                      \
	{                                                                                          \
		.name = json_name, .doc = text, .offset = offsetof(struct fact, member),           \
		.form = shape,                                                                     \
	}
#define NUM(name, member, doc)	FIELD(FIELD_NUM, name, member, doc)
#define BOOL(name, member, doc) FIELD(FIELD_BOOL, name, member, doc)
#define TEXT(name, member, doc) FIELD(FIELD_TEXT, name, member, doc)
#define LIST(name, member, doc) FIELD(FIELD_LIST, name, member, doc)
#define WORD(json_name, member, table, text)                                                       \
	{                                                                                          \
		.name = json_name, .doc = text, .words = table,                                    \
		.offset = offsetof(struct fact, member), .form = FIELD_WORD,                       \
	}
#define ID(pid_name, json_id_name, member, text)                                                   \
	{                                                                                          \
		.name = pid_name, .id_name = json_id_name, .doc = text,                            \
		.offset = offsetof(struct fact, member), .form = FIELD_ID,                         \
	}

#define PLACE(member)                                                                              \
	NUM("uid", member.uid, "Real user id, in the initial user namespace."),                    \
		NUM("gid", member.gid, "Real group id, in the initial user namespace."),           \
		TEXT("cgroup", member.cgroup,                                                      \
		     "Path of its cgroup, from the root of the hierarchy: v2, or where that is "   \
		     "the "                                                                        \
		     "root, v1's memory or name=systemd."),                                        \
		TEXT("container", member.container,                                                \
		     "Id of its container, as the cgroup path names it."),                         \
		NUM("ns_pid", member.ns_pid, "Its pid inside its own nested pid namespace."),      \
		NUM("pid_ns", member.pid_ns, "Inode of its nested pid namespace."),                \
		NUM("login_uid", member.login_uid,                                                 \
		    "The user who logged in, whatever ids it took on since; absent for none."),    \
		NUM("session", member.session, "Its session: the pid of who began it."),           \
		TEXT("tty", member.tty, "Its controlling terminal below /dev; absent for none.")

#define COSTS(member)                                                                              \
	NUM("user_ns", member.user_ns, "CPU time in user mode, children not counted."),            \
		NUM("system_ns", member.system_ns,                                                 \
		    "CPU time in the kernel, children not counted."),                              \
		NUM("max_rss_bytes", member.max_rss_bytes, "Largest resident memory."),            \
		NUM("minor_faults", member.minor_faults, "Page faults served without storage."),   \
		NUM("major_faults", member.major_faults, "Page faults that waited for storage."),  \
		NUM("voluntary_switches", member.voluntary_switches,                               \
		    "Times it gave up the CPU to wait."),                                          \
		NUM("involuntary_switches", member.involuntary_switches,                           \
		    "Times it was preempted."),                                                    \
		NUM("read_bytes", member.read_bytes, "Bytes read from storage."),                  \
		NUM("write_bytes", member.write_bytes, "Bytes sent towards storage.")

static const struct fact_field start_fields[] = {
	TEXT("version", start.version, "Version of proctrace."),
	TEXT("boot_id", start.boot_id, "The kernel's boot id."),
	TEXT("kernel", start.kernel, "Release of the running kernel."),
	TEXT("arch", start.arch, "Machine architecture."),
	TEXT("command", start.command,
	     "The command that was started and is traced, if one was given."),
	TEXT("options", start.options, "What was typed, COMMAND apart."),
	LIST("hooks", start.hooks, "Names of the kernel hooks in use."),
	WORD("reap_source", start.reap_source, fact_source_words,
	     "Where the instant of a reap is taken from."),
	NUM("ring_bytes", start.ring_bytes, "Size of the ring between the kernel and the tracer."),
	NUM("started_boot_ns", start.started_boot_ns,
	    "When the tracer began, since boot; rotated files repeat it."),
	TEXT("user", start.user, "The user who started the tracer."),
};

static const struct fact_field end_fields[] = {
	NUM("forks", end.forks, "Processes born."),
	NUM("execs", end.execs, "Programs begun."),
	NUM("exits", end.exits, "Processes that exited."),
	NUM("failures", end.failures, "Exits with a code other than 0, or by a signal."),
	NUM("reaps", end.reaps, "Processes reaped."),
	NUM("reparents", end.reparents, "Processes handed to another parent."),
	NUM("processes", end.processes, "Processes that were there when the tracer began."),
	NUM("zombies_left", end.zombies_left, "Zombies still waiting to be reaped at the end."),
	NUM("alive_left", end.alive_left, "Processes still alive at the end."),
	NUM("dead_left", end.dead_left,
	    "Processes that had ended and were not yet freed at the end, zombies included."),
	NUM("late_frees", end.late_frees, "Reaped lives whose free the kernel had not announced."),
	NUM("seen", end.seen, "Events that the kernel half saw; equals delivered + dropped."),
	NUM("delivered", end.delivered, "Events that the kernel half handed over."),
	NUM("dropped", end.dropped, "Events that the kernel half had to drop."),
	NUM("unaccounted", end.unaccounted,
	    "Events by which seen differs from delivered + dropped, each kind by itself; 0."),
	NUM("recursion_misses", end.recursion_misses,
	    "Times the kernel did not run a program because it interrupted itself."),
	NUM("malformed", end.malformed, "Records that could not be decoded."),
	NUM("output_dropped", end.output_dropped, "Lines that could not be written."),
	NUM("verify_rounds", end.verify_rounds, "Times the model was compared with /proc."),
	NUM("verify_compared", end.verify_compared,
	    "Processes compared with /proc, over all rounds."),
	NUM("verify_mismatches", end.verify_mismatches,
	    "Processes on which model and /proc disagreed twice."),
	TEXT("verdict", end.verdict,
	     "complete, lossy, mismatch or unverified: whether this run can be believed."),
	NUM("elapsed_ns", end.elapsed_ns, "How long the run took."),
	NUM("tracer_user_ns", end.tracer_user_ns, "The tracer's own CPU time in user mode."),
	NUM("tracer_system_ns", end.tracer_system_ns, "The tracer's own CPU time in the kernel."),
	NUM("max_rss_bytes", end.max_rss_bytes, "The tracer's own largest resident memory."),
};

static const struct fact_field process_fields[] = {
	WORD("state", process.state, fact_state_words, "Its state when the tracer began."),
	BOOL("kthread", process.kthread, "True for a kernel thread, else absent."),
	NUM("threads", process.threads, "Threads not yet released."),
	PLACE(process.place),
	LIST("args", process.args, "Its argument vector, as /proc shows it."),
};

static const struct fact_field fork_fields[] = {
	WORD("kind", fork.kind, fact_fork_kind_words,
	     "vfork: shares its creator's memory; clone: another exit signal or parent; else "
	     "fork."),
	ID("birth_pid", "birth_id", fork.birth,
	   "The process that created it, where that is not the parent."),
	NUM("exit_signal", fork.exit_signal,
	    "The signal its death sends, where not SIGCHLD; 0 for none."),
	PLACE(fork.place),
};

static const struct fact_field exec_fields[] = {
	TEXT("exe", exec.exe, "Path of the program that runs now."),
	TEXT("filename", exec.filename, "The path that execve was given."),
	TEXT("cwd", exec.cwd, "Its working directory."),
	LIST("args", exec.args,
	     "Its argument vector, as far as it was kept; null where the memory could not be "
	     "read."),
	NUM("args_count", exec.args_count, "True number of arguments."),
	NUM("args_bytes", exec.args_bytes, "True size of the argument vector, NULs included."),
	BOOL("args_truncated", exec.args_truncated, "True where args is not whole."),
	TEXT("prev_comm", exec.prev_comm, "Its name before."),
	NUM("uid", exec.uid, "Real user id."),
	NUM("euid", exec.euid, "Effective user id."),
	NUM("tid", exec.tid, "The thread that called execve, where it was not the leader."),
};

static const struct fact_field exit_fields[] = {
	NUM("exit_code", exit.exit_code,
	    "The code it exited with; absent where a signal ended it."),
	NUM("signal", exit.signal, "The signal that ended it."),
	BOOL("core_dumped", exit.core_dumped, "Whether the kernel wrote a core; with signal."),
	NUM("lifetime_ns", exit.lifetime_ns, "From its birth to its exit."),
	COSTS(exit.costs),
	WORD("killer", exit.killer, fact_killer_words,
	     "Who sent the signal: a process or the kernel; null where not known."),
	ID("killer_pid", "killer_id", exit.killer_id, "The process that sent the signal."),
	TEXT("killer_comm", exit.killer_comm, "Name of the process that sent the signal."),
	NUM("killer_uid", exit.killer_uid, "User of the process that sent the signal."),
	BOOL("oom", exit.oom, "True where the OOM killer chose it, else absent."),
	TEXT("oom_cgroup", exit.oom_cgroup, "The cgroup whose memory its own counted for."),
	BOOL("exit_seen", exit.exit_seen, "False where it was only found gone, else absent."),
	NUM("uid", exit.uid, "Real user id at the end."),
};

static const struct fact_field zombie_fields[] = {
	NUM("age_ns", zombie.age_ns, "For how long it has been a zombie."),
	ID("birth_pid", "birth_id", zombie.birth,
	   "The process that created it, where that is not the parent."),
	WORD("reason", zombie.reason, fact_reason_words,
	     "Why it is not reaped; null where not known."),
};

static const struct fact_field leader_zombie_fields[] = {
	NUM("age_ns", zombie.age_ns, "For how long its leader has been dead."),
	ID("birth_pid", "birth_id", zombie.birth,
	   "The process that created it, where that is not the parent."),
	NUM("threads", zombie.threads, "Threads still alive."),
};

static const struct fact_field reap_fields[] = {
	WORD("how", reap.how, fact_how_words,
	     "By a wait call, by itself, by a kernel thread, by a dying pid namespace, or unseen."),
	ID("reaper_pid", "reaper_id", reap.reaper, "The process that made it happen."),
	TEXT("reaper_comm", reap.reaper_comm, "Name of the reaper."),
	NUM("latency_ns", reap.latency_ns,
	    "From zombie to reap; absent where it never was a zombie."),
	NUM("latency_min_ns", reap.latency_min_ns,
	    "Instead of latency_ns for a zombie older than the tracer."),
	NUM("teardown_ns", reap.teardown_ns, "From exit to zombie."),
	NUM("not_waiting_ns", reap.not_waiting_ns,
	    "The part of latency_ns in which the reaper was not waiting."),
	NUM("waking_ns", reap.waking_ns,
	    "The part of latency_ns in which the waiting reaper was still to run."),
	WORD("source", reap.source, fact_source_words, "Where the instant is taken from."),
	NUM("error_ns", reap.error_ns, "The reap was at most this much earlier than said."),
};

static const struct fact_field free_fields[] = {
	COSTS(free.costs),
};

static const struct fact_field thread_fields[] = {
	NUM("tid", thread.tid, "The thread."),
	ID("creator_pid", "creator_id", thread.creator,
	   "The process that created it, where another."),
};

static const struct fact_field thread_exit_fields[] = {
	NUM("tid", thread.tid, "The thread."),
	NUM("exit_code", thread.exit_code, "The code the thread exited with."),
	NUM("signal", thread.signal, "The signal that ended the thread."),
	BOOL("leader", thread.leader,
	     "True where it was the leader and the process lives on, else absent."),
};

static const struct fact_field reparent_fields[] = {
	ID("from_pid", "from_id", reparent.from, "The parent that died."),
	ID("to_pid", "to_id", reparent.to, "The parent it has now."),
	TEXT("to_comm", reparent.to_comm, "Name of the new parent."),
	WORD("kind", reparent.kind, fact_adopter_words,
	     "What made that one the adopter; null where not known."),
	WORD("certainty", reparent.certainty, fact_certainty_words,
	     "Whether the new parent was seen, computed, or is not known."),
};

static const struct fact_field lost_fields[] = {
	WORD("stage", lost.stage, fact_stage_words, "Where it was lost."),
	TEXT("event", lost.event, "The kind of event; absent for any."),
	NUM("count", lost.count, "How many."),
};

static const struct fact_field resync_fields[] = {
	NUM("closed", resync.closed, "Processes found gone."),
	NUM("adopted", resync.adopted, "Processes found that were not known."),
	NUM("reparented", resync.reparented, "Processes found with another parent."),
	NUM("looked_at", resync.looked_at, "Processes compared."),
};

static const struct fact_field mismatch_fields[] = {
	TEXT("field", mismatch.field, "What differs: missing, extra, ppid or state."),
	TEXT("model", mismatch.model, "What the tracer believed."),
	TEXT("proc", mismatch.proc, "What /proc said, twice."),
};

static const struct fact_field clock_fields[] = {
	NUM("step_ns", clock.step_ns, "By how much the wall clock stepped."),
	BOOL("backwards", clock.backwards, "Whether it stepped backwards."),
};

#define LAYOUT(json_word, table, text)                                                             \
	{                                                                                          \
		.word = json_word, .doc = text, .fields = table,                                   \
		.fields_cnt = sizeof(table) / sizeof((table)[0]),                                  \
	}

const struct fact_layout fact_layouts[FACT_TYPE_CNT] = {
	[FACT_START] =
		LAYOUT("start", start_fields, "A run, or a file of a rotated series, begins."),
	[FACT_END] = LAYOUT("end", end_fields, "The run ends: totals, losses and the verdict."),
	[FACT_PROCESS] = LAYOUT("process", process_fields, "A process that was already there."),
	[FACT_FORK] = LAYOUT("fork", fork_fields, "A process was born."),
	[FACT_EXEC] = LAYOUT("exec", exec_fields, "A process runs another program."),
	[FACT_EXIT] = LAYOUT("exit", exit_fields,
			     "The last thread has gone through exit; costs are provisional."),
	[FACT_ZOMBIE] = LAYOUT("zombie", zombie_fields,
			       "It has been a zombie for longer than the threshold."),
	[FACT_LEADER_ZOMBIE] = LAYOUT("leader_zombie", leader_zombie_fields,
				      "Its leader is dead while other threads run."),
	[FACT_REAP] = LAYOUT("reap", reap_fields, "The kernel released the process."),
	[FACT_FREE] = LAYOUT("free", free_fields, "Its memory was freed: the final exact costs."),
	[FACT_THREAD] = LAYOUT("thread", thread_fields, "A thread was born."),
	[FACT_THREAD_EXIT] = LAYOUT("thread_exit", thread_exit_fields, "A thread has exited."),
	[FACT_REPARENT] = LAYOUT("reparent", reparent_fields,
				 "A process whose parent died has another one now."),
	[FACT_LOST] = LAYOUT("lost", lost_fields,
			     "Events that the kernel produced and that are missing here."),
	[FACT_RESYNC] = LAYOUT("resync", resync_fields, "What the repair after a loss found."),
	[FACT_MISMATCH] = LAYOUT("mismatch", mismatch_fields,
				 "Model and /proc disagree after a second look."),
	[FACT_CLOCK] = LAYOUT("clock", clock_fields, "The wall clock stepped."),
};

void fact_clear(struct fact *fact, enum fact_type type, uint64_t boot_ns)
{
	memset(fact, 0xff, sizeof(*fact));
	fact->type = type;
	fact->unsure = false;
	fact->boot_ns = boot_ns;
}

int fact_type_find(const char *word, size_t len)
{
	for (int type = 0; type < FACT_TYPE_CNT; type++) {
		const char *candidate = fact_layouts[type].word;

		if (strlen(candidate) == len && !memcmp(candidate, word, len))
			return type;
	}
	return -ENOENT;
}
