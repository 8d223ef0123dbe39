/*
 * A fact: one statement about one life, the unit of the stream. The model makes facts, sinks and
 * queries take them, and a recording is nothing but facts; so this struct is as flat as the JSON
 * object that docs and schema describe, and src/model/fact_fields.c maps one to the other.
 *
 * Every field has three states: a value; absent (does not apply: left out of JSON); unknown (applies,
 * but could not be known: null in JSON). fact_clear() makes all of them absent.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proctrace/event.h"

enum fact_type {
	FACT_START,
	FACT_END,
	FACT_PROCESS,
	FACT_FORK,
	FACT_EXEC,
	FACT_EXIT,
	FACT_ZOMBIE,
	FACT_LEADER_ZOMBIE,
	FACT_REAP,
	FACT_FREE,
	FACT_THREAD,
	FACT_THREAD_EXIT,
	FACT_REPARENT,
	FACT_LOST,
	FACT_RESYNC,
	FACT_MISMATCH,
	FACT_CLOCK,
	FACT_TYPE_CNT
};

/* All numbers, flags and enums of a fact. FACT_ABSENT is all ones so that memset clears a fact. */
typedef uint64_t fact_num;
#define FACT_ABSENT UINT64_MAX
#define FACT_UNKNOWN (UINT64_MAX - 1)

static inline bool fact_num_known(fact_num n)
{
	return n < FACT_UNKNOWN;
}

/* Borrowed bytes, not terminated, of any content. len FACT_TEXT_ABSENT or FACT_TEXT_UNKNOWN: no bytes. */
struct fact_text {
	const char *bytes;
	size_t len;
};
#define FACT_TEXT_ABSENT SIZE_MAX
#define FACT_TEXT_UNKNOWN (SIZE_MAX - 1)

static inline bool fact_text_known(struct fact_text t)
{
	return t.len < FACT_TEXT_UNKNOWN;
}

/*
 * A process in a fact; JSON has two fields for it, the pid and the id "pid-start".
 * pid FACT_PID_ABSENT: both absent; FACT_PID_UNKNOWN: both null; start_ns 0: pid known, id null.
 */
struct fact_id {
	uint64_t start_ns;
	uint32_t pid;
	uint32_t pad;
};
#define FACT_PID_ABSENT UINT32_MAX
#define FACT_PID_UNKNOWN (UINT32_MAX - 1)

static inline bool fact_id_known(struct fact_id id)
{
	return id.pid < FACT_PID_UNKNOWN;
}

static inline struct fact_id fact_id_of(struct pt_identity identity)
{
	return (struct fact_id){
		.pid = identity.tgid || identity.start_ns ? identity.tgid : FACT_PID_UNKNOWN,
		.start_ns = identity.start_ns,
	};
}

/* Words of each: fact_fields.c. Numbered from 0 so that a fact_num holds them. */
enum fact_fork_kind { FORK_KIND_FORK, FORK_KIND_VFORK, FORK_KIND_CLONE };
enum fact_killer { KILLER_PROCESS, KILLER_KERNEL };			       /* else FACT_UNKNOWN */
enum fact_how { HOW_WAIT, HOW_AUTO, HOW_KERNEL, HOW_NAMESPACE, HOW_UNSEEN };
enum fact_source { SOURCE_FENTRY, SOURCE_KPROBE, SOURCE_SYSCALL, SOURCE_PIDFD, SOURCE_FREE };
enum fact_adopter { ADOPTER_SUBREAPER, ADOPTER_INIT, ADOPTER_NS_INIT };	       /* else FACT_UNKNOWN */
enum fact_certainty { CERTAINTY_CONFIRMED, CERTAINTY_PREDICTED, CERTAINTY_UNKNOWN };
enum fact_reason {
	REASON_NOT_WAITING,
	REASON_WAITS_FOR_ANOTHER,
	REASON_STOPPED,
	REASON_BLOCKED,
	REASON_BUSY,
	REASON_SLOW,
	REASON_SIGCHLD_BLOCKED,
	REASON_TRACED,
	REASON_INIT_NOT_REAPING,
};									       /* else FACT_UNKNOWN */
enum fact_stage { STAGE_RING, STAGE_BPF, STAGE_DECODE, STAGE_MODEL, STAGE_OUTPUT };
enum fact_state { STATE_ALIVE, STATE_LEADER_ZOMBIE, STATE_DYING, STATE_ZOMBIE };

struct fact_costs {
	fact_num user_ns, system_ns; /* sum = the exact run time, split as wait4's rusage splits it */
	fact_num max_rss_bytes;
	fact_num minor_faults, major_faults;
	fact_num voluntary_switches, involuntary_switches;
	fact_num read_bytes, write_bytes;
};

/* Where a process lives; in fork and process. */
struct fact_place {
	fact_num uid, gid;
	struct fact_text cgroup, container;
	fact_num ns_pid, pid_ns; /* absent in the initial pid namespace */
	fact_num login_uid; /* absent: nobody logged in */
	fact_num session;
	struct fact_text tty;
	fact_num cgroup_id; /* not printed: what cgroup is looked up by; 1 = the root */
	fact_num cgroup_hierarchy; /* not printed; 0 = v2 */
};

struct fact {
	enum fact_type type;
	bool unsure; /* rests on a gap */
	uint64_t boot_ns;
	struct fact_id who;    /* pid, id */
	struct fact_id parent; /* ppid, parent_id: who must reap it now */
	struct fact_text comm;
	union {
		struct {
			fact_num kind; /* enum fact_fork_kind */
			struct fact_id birth; /* creator, where it is not the parent */
			fact_num exit_signal; /* where not SIGCHLD; 0 = none */
			struct fact_place place;
		} fork;
		struct {
			fact_num state; /* enum fact_state at the snapshot */
			fact_num kthread; /* bool, where true */
			fact_num threads;
			struct fact_place place;
			struct fact_text args; /* NUL-separated, from /proc; absent where not asked for */
		} process;
		struct {
			struct fact_text exe, filename, cwd;
			struct fact_text args; /* NUL-separated kept bytes */
			fact_num args_count, args_bytes;
			fact_num args_truncated; /* bool */
			struct fact_text prev_comm;
			fact_num uid, euid;
			fact_num tid; /* of a caller that was not the leader */
		} exec;
		struct {
			fact_num exit_code; /* or: */
			fact_num signal;    /* signal_name is derived */
			fact_num core_dumped; /* bool, with signal */
			fact_num lifetime_ns;
			struct fact_costs costs;
			fact_num killer; /* enum fact_killer, with signal */
			struct fact_id killer_id;
			struct fact_text killer_comm;
			fact_num killer_uid;
			fact_num oom; /* bool, where true */
			struct fact_text oom_cgroup;
			fact_num oom_cgroup_id, oom_hierarchy; /* not printed */
			fact_num exit_seen; /* bool, where false */
			fact_num uid; /* at the end */
		} exit;
		struct {
			fact_num age_ns;
			struct fact_id birth;
			fact_num reason; /* enum fact_reason */
			fact_num threads; /* leader_zombie: still alive */
		} zombie; /* and leader_zombie */
		struct {
			fact_num how;	 /* enum fact_how */
			struct fact_id reaper;
			struct fact_text reaper_comm;
			fact_num latency_ns; /* zombie -> reap; absent where it never was a zombie */
			fact_num latency_min_ns; /* instead, for a zombie older than the tracer */
			fact_num teardown_ns, not_waiting_ns, waking_ns;
			fact_num source;   /* enum fact_source */
			fact_num error_ns; /* latency is at most this much too large */
			fact_num status;   /* not printed: wait status, for the tables */
		} reap;
		struct {
			struct fact_costs costs;
		} free;
		struct {
			fact_num tid;
			struct fact_id creator; /* thread: who created it, where another process */
			fact_num exit_code, signal; /* thread_exit */
			fact_num leader; /* bool, where true: the leader went, the process lives on */
		} thread; /* and thread_exit */
		struct {
			struct fact_id from, to;
			struct fact_text to_comm;
			fact_num kind;	    /* enum fact_adopter */
			fact_num certainty; /* enum fact_certainty */
		} reparent;
		struct {
			fact_num stage; /* enum fact_stage */
			struct fact_text event; /* the kind lost: "fork", ...; absent: any */
			fact_num count;
		} lost;
		struct {
			fact_num closed, adopted, reparented, looked_at;
		} resync;
		struct {
			struct fact_text field; /* "missing", "extra", "ppid", "state" */
			struct fact_text model, proc;
		} mismatch;
		struct {
			fact_num step_ns; /* absolute */
			fact_num backwards; /* bool */
		} clock;
		struct {
			struct fact_text version, boot_id, kernel, arch, command, options;
			struct fact_text hooks; /* NUL-separated names: an array of strings in JSON */
			fact_num reap_source; /* enum fact_source */
			fact_num ring_bytes;
			fact_num started_boot_ns;
			struct fact_text user;
		} start;
		struct {
			fact_num forks, execs, exits, failures, reaps, reparents, processes;
			fact_num zombies_left, alive_left, dead_left;
			fact_num late_frees; /* reaped, and the final costs had not come */
			fact_num seen, delivered, dropped, unaccounted;
			fact_num recursion_misses, malformed, output_dropped;
			fact_num verify_rounds, verify_compared, verify_mismatches;
			struct fact_text verdict; /* "complete", "lossy", "mismatch", "unverified" */
			fact_num elapsed_ns, tracer_user_ns, tracer_system_ns, max_rss_bytes;
		} end;
	};
};

/* fact_clear - makes every field of `fact` absent, sets type and time. */
void fact_clear(struct fact *fact, enum fact_type type, uint64_t boot_ns);

/* How a field lies in struct fact and looks in JSON. */
enum fact_field_form {
	FIELD_NUM,   /* fact_num: a number */
	FIELD_BOOL,  /* fact_num: true or false */
	FIELD_WORD,  /* fact_num: index into words */
	FIELD_TEXT,  /* fact_text: a string, with <name>_b64 beside it where not UTF-8 */
	FIELD_LIST,  /* fact_text, NUL-separated: an array of strings */
	FIELD_ID,    /* fact_id: two fields, name is the prefix: <name>pid or <name>_pid, <name>id or <name>_id */
};

struct fact_field {
	const char *name; /* JSON name; for FIELD_ID the pid's */
	const char *id_name; /* FIELD_ID: the id's */
	const char *doc;  /* one sentence: schema and man page */
	const char *const *words; /* FIELD_WORD, NULL-terminated */
	uint16_t offset;  /* in struct fact */
	uint8_t form;	  /* enum fact_field_form */
};

/* One type of fact: its word, what it says, its own fields (the envelope's are common to all). */
struct fact_layout {
	const char *word;
	const char *doc;
	const struct fact_field *fields;
	size_t fields_cnt;
};

/* Indexed by enum fact_type. The order of fields is the order in JSON. */
extern const struct fact_layout fact_layouts[FACT_TYPE_CNT];

/* fact_type_find - the type called `word` (len bytes), or -ENOENT. */
int fact_type_find(const char *word, size_t len);

/* Words of the enums above, for sinks that print them; NULL past the end. */
extern const char *const fact_fork_kind_words[];
extern const char *const fact_killer_words[];
extern const char *const fact_how_words[];
extern const char *const fact_source_words[];
extern const char *const fact_adopter_words[];
extern const char *const fact_certainty_words[];
extern const char *const fact_reason_words[];
extern const char *const fact_stage_words[];
extern const char *const fact_state_words[];
