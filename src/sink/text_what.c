#include "sink/text_line.h"

#include <signal.h>

#include "base/decimal.h"
#include "base/printable.h"

#define ARGS_COLUMNS_MIN 16 /* on the narrowest terminal: rather a wrapped line than no argv */

typedef void (*describe)(struct text_line *line, const struct fact *fact);

static bool is_true(fact_num n)
{
	return fact_num_known(n) && n;
}

static void add_counted(struct text_line *line, const char *before, fact_num n, const char *after)
{
	if (!fact_num_known(n))
		return;
	text_line_add(line, before);
	text_line_add_u64(line, n);
	text_line_add(line, after);
}

static void add_word(struct text_line *line, const char *before, const char *const *words,
		     fact_num n)
{
	if (!fact_num_known(n))
		return;
	text_line_add(line, before);
	text_line_add(line, words[n]);
}

static void add_span(struct text_line *line, const char *before, fact_num ns)
{
	if (!fact_num_known(ns))
		return;
	text_line_add(line, before);
	text_line_add_duration(line, ns);
}

static void add_cpu(struct text_line *line, const char *before, const struct fact_costs *costs)
{
	/* None at exit means that no tick has met it yet: that is no time to show. */
	if (fact_num_known(costs->user_ns) && fact_num_known(costs->system_ns) &&
	    costs->user_ns + costs->system_ns)
		add_span(line, before, costs->user_ns + costs->system_ns);
}

/* Cuts the arguments, not what follows them, to the width of the terminal. */
static void add_args(struct text_line *line, struct fact_text args, size_t columns_behind)
{
	size_t used = line->columns + columns_behind;
	size_t room = PRINTABLE_WHOLE;

	if (line->columns_max)
		room = line->columns_max > used ? line->columns_max - used : 0;
	if (room < ARGS_COLUMNS_MIN)
		room = ARGS_COLUMNS_MIN;
	line->columns += printable_args(line->out, args.bytes, args.len, room, line->ascii);
}

static void what_process(struct text_line *line, const struct fact *fact)
{
	add_word(line, "was there, ", fact_state_words, fact->process.state);
	if (is_true(fact->process.kthread))
		text_line_add(line, ", kernel thread");
	if (fact_num_known(fact->process.threads) && fact->process.threads > 1)
		add_counted(line, ", ", fact->process.threads, " threads");
	if (fact_text_known(fact->process.args) && fact->process.args.len) {
		text_line_add(line, ": ");
		add_args(line, fact->process.args, 0);
	}
}

/* At its birth a process still has its creator's name. */
static void what_fork(struct text_line *line, const struct fact *fact)
{
	bool has_creator = fact->fork.birth.pid != FACT_PID_ABSENT;

	if (fact_num_known(fact->fork.kind) && fact->fork.kind != FORK_KIND_FORK)
		add_word(line, "", fact_fork_kind_words, fact->fork.kind);
	if (fact_num_known(fact->fork.kind) && fact->fork.kind != FORK_KIND_FORK)
		text_line_add(line, ", ");
	text_line_add(line, "child of ");
	if (has_creator &&
	    fact_id_known(fact->parent)) /* comm is the creator's, or of a later day */
		text_line_add_u64(line, fact->parent.pid);
	else
		text_line_add_process(line, fact->comm, fact->parent);
	if (has_creator && fact_id_known(fact->fork.birth)) {
		text_line_add(line, ", made by ");
		text_line_add_process(line, fact->comm, fact->fork.birth);
	}
	if (fact_num_known(fact->fork.exit_signal)) {
		text_line_add(line, ", ends with ");
		if (fact->fork.exit_signal)
			text_line_add_signal(line, fact->fork.exit_signal);
		else
			text_line_add(line, "no signal");
	}
	add_counted(line, ", pid ", fact->fork.place.ns_pid, " in its namespace");
}

static void what_exec(struct text_line *line, const struct fact *fact)
{
	struct fact_text args = fact->exec.args;
	char count[DECIMAL_U64_BYTES + 1] = "?";
	size_t columns_behind = 0;
	bool cut = is_true(fact->exec.args_truncated);

	if (!fact_text_known(args) || !args.len) {
		text_line_add_data(line, fact->exec.exe);
		if (args.len == FACT_TEXT_UNKNOWN)
			text_line_add(line, " (arguments unreadable)");
		return;
	}
	if (cut) {
		if (fact_num_known(fact->exec.args_count))
			count[decimal_write(count, fact->exec.args_count)] = '\0';
		columns_behind = strlen(count) + sizeof(" ( arguments in all)") - 1;
	}
	add_args(line, args, columns_behind);
	if (!cut)
		return;
	text_line_add(line, " (");
	text_line_add(line, count);
	text_line_add(line, " arguments in all)");
}

static void add_killer(struct text_line *line, const struct fact *fact)
{
	switch (fact->exit.killer) {
	case KILLER_PROCESS:
		text_line_add(line, " by ");
		text_line_add_process(line, fact->exit.killer_comm, fact->exit.killer_id);
		break;
	case KILLER_KERNEL:
		text_line_add(line, " by the kernel");
		break;
	case FACT_UNKNOWN:
		text_line_add(line, " by ?");
		break;
	default:
		break;
	}
	if (is_true(fact->exit.oom))
		text_line_add(line, " (out of memory)");
	if (is_true(fact->exit.core_dumped))
		text_line_add(line, " (core dumped)");
}

static void what_exit(struct text_line *line, const struct fact *fact)
{
	if (fact_num_known(fact->exit.signal)) {
		text_line_add_signal(line, fact->exit.signal);
		add_killer(line, fact);
	} else if (fact_num_known(fact->exit.exit_code)) {
		add_counted(line, "code ", fact->exit.exit_code, "");
	} else {
		text_line_add(line, "code ?");
	}
	if (fact->exit.exit_seen == false)
		text_line_add(line, ", only found gone");
	add_span(line, ", lived ", fact->exit.lifetime_ns);
	add_cpu(line, ", cpu ", &fact->exit.costs);
}

static void what_zombie(struct text_line *line, const struct fact *fact)
{
	add_span(line, "for ", fact->zombie.age_ns);
	add_word(line, ", ", fact_reason_words, fact->zombie.reason);
	if (fact->zombie.reason == FACT_UNKNOWN)
		text_line_add(line, ", why is not known");
	if (fact->zombie.birth.pid != FACT_PID_ABSENT) {
		text_line_add(line, ", made by ");
		text_line_add_process(line, (struct fact_text){.len = FACT_TEXT_ABSENT},
				      fact->zombie.birth);
	}
}

static void what_leader_zombie(struct text_line *line, const struct fact *fact)
{
	add_span(line, "main thread dead for ", fact->zombie.age_ns);
	add_counted(line, ", ", fact->zombie.threads, " threads live on");
}

static void add_latency(struct text_line *line, const struct fact *fact)
{
	if (fact_num_known(fact->reap.latency_min_ns)) {
		add_span(line, "after more than ", fact->reap.latency_min_ns);
	} else if (fact_num_known(fact->reap.latency_ns)) {
		text_line_add(line, is_true(fact->reap.error_ns) ? "after at most " : "after ");
		text_line_add_duration(line, fact->reap.latency_ns);
	} else {
		return;
	}
	text_line_add(line, " ");
}

static void what_reap(struct text_line *line, const struct fact *fact)
{
	add_latency(line, fact);
	if (fact->reap.how == HOW_AUTO) {
		text_line_add(line, "by itself, ");
	} else if (fact->reap.reaper.pid != FACT_PID_ABSENT) {
		text_line_add(line, "by ");
		text_line_add_process(line, fact->reap.reaper_comm, fact->reap.reaper);
		text_line_add(line, ", ");
	}
	if (fact_num_known(fact->reap.how))
		add_word(line, "", fact_how_words, fact->reap.how);
	else
		text_line_add(line, "how is not known");
}

static void what_free(struct text_line *line, const struct fact *fact)
{
	add_cpu(line, "cpu ", &fact->free.costs);
	if (fact_num_known(fact->free.costs.max_rss_bytes))
		add_counted(line, ", memory ", fact->free.costs.max_rss_bytes / 1024, "K");
}

static void what_thread(struct text_line *line, const struct fact *fact)
{
	add_counted(line, "thread ", fact->thread.tid, "");
	if (fact->thread.creator.pid != FACT_PID_ABSENT) {
		text_line_add(line, ", made by ");
		text_line_add_process(line, (struct fact_text){.len = FACT_TEXT_ABSENT},
				      fact->thread.creator);
	}
}

static void what_thread_exit(struct text_line *line, const struct fact *fact)
{
	add_counted(line, "thread ", fact->thread.tid, "");
	if (fact_num_known(fact->thread.signal)) {
		text_line_add(line, ", ");
		text_line_add_signal(line, fact->thread.signal);
	} else {
		add_counted(line, ", code ", fact->thread.exit_code, "");
	}
	if (is_true(fact->thread.leader))
		text_line_add(line, ", the main one: others live on");
}

static void what_reparent(struct text_line *line, const struct fact *fact)
{
	if (fact_id_known(fact->reparent.from))
		add_counted(line, "from ", fact->reparent.from.pid, " ");
	text_line_add(line, "to ");
	text_line_add_process(line, fact->reparent.to_comm, fact->reparent.to);
	add_word(line, ", ", fact_adopter_words, fact->reparent.kind);
	if (fact->reparent.certainty == CERTAINTY_PREDICTED)
		text_line_add(line, ", predicted");
}

static void what_lost(struct text_line *line, const struct fact *fact)
{
	add_counted(line, "", fact->lost.count, " ");
	if (fact_text_known(fact->lost.event)) {
		text_line_add_data(line, fact->lost.event);
		text_line_add(line, " ");
	}
	text_line_add(line, "events lost");
	add_word(line, " at the stage: ", fact_stage_words, fact->lost.stage);
}

static void what_resync(struct text_line *line, const struct fact *fact)
{
	add_counted(line, "", fact->resync.looked_at, " compared with /proc:");
	add_counted(line, " ", fact->resync.closed, " gone,");
	add_counted(line, " ", fact->resync.adopted, " new,");
	add_counted(line, " ", fact->resync.reparented, " with another parent");
}

static void what_mismatch(struct text_line *line, const struct fact *fact)
{
	text_line_add_data(line, fact->mismatch.field);
	text_line_add(line, ": model says ");
	text_line_add_data(line, fact->mismatch.model);
	text_line_add(line, ", /proc says ");
	text_line_add_data(line, fact->mismatch.proc);
}

static void what_clock(struct text_line *line, const struct fact *fact)
{
	add_span(line, "the wall clock stepped ", fact->clock.step_ns);
	text_line_add(line, is_true(fact->clock.backwards) ? " backwards" : " forwards");
}

static const describe describes[FACT_TYPE_CNT] = {
	[FACT_PROCESS] = what_process,	 [FACT_FORK] = what_fork,
	[FACT_EXEC] = what_exec,	 [FACT_EXIT] = what_exit,
	[FACT_ZOMBIE] = what_zombie,	 [FACT_LEADER_ZOMBIE] = what_leader_zombie,
	[FACT_REAP] = what_reap,	 [FACT_FREE] = what_free,
	[FACT_THREAD] = what_thread,	 [FACT_THREAD_EXIT] = what_thread_exit,
	[FACT_REPARENT] = what_reparent, [FACT_LOST] = what_lost,
	[FACT_RESYNC] = what_resync,	 [FACT_MISMATCH] = what_mismatch,
	[FACT_CLOCK] = what_clock,
};

void text_what(struct text_line *line, const struct fact *fact)
{
	if (describes[fact->type])
		describes[fact->type](line, fact);
	if (fact->unsure)
		text_line_add(line, " (unsure)");
}
