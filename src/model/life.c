#include "model/life.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

void life_release(struct life *life)
{
	struct handing *handing, *next;

	for (handing = life->handings; handing; handing = next) {
		next = handing->next;
		free(handing);
	}
	free(life->args);
}

void life_comm(struct life *life, struct fact_text comm)
{
	size_t len;

	if (!fact_text_known(comm) || !comm.len)
		return;
	len = comm.len < sizeof(life->comm) ? comm.len : sizeof(life->comm) - 1;
	memcpy(life->comm, comm.bytes, len);
	life->comm[len] = '\0';
}

static int args_keep(struct life *life, struct fact_text args, bool cut)
{
	size_t len = args.len;
	char *copy;

	if (len && args.bytes[len - 1] == '\0')
		len--;
	if (len > LIFE_ARGS_BYTES) {
		len = LIFE_ARGS_BYTES;
		cut = true;
		/* Not through the middle of a UTF-8 sequence. */
		while (len > LIFE_ARGS_BYTES - 3 && ((unsigned char)args.bytes[len] & 0xc0) == 0x80)
			len--;
	}
	copy = realloc(life->args, len ? len : 1);
	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, args.bytes, len);
	life->args = copy;
	life->args_bytes = len;
	life->args_cut = cut;
	return 0;
}

static bool is_set(fact_num flag)
{
	return fact_num_known(flag) && flag;
}

static void take_fork(struct life *life, const struct fact *fact)
{
	/* What a kernel thread forks is one too, until it runs a program (a usermode helper). */
	life->kthread =
		life->birth_parent && life->birth_parent->kthread && !life->birth_parent->execed;
}

static int take_process(struct life *life, const struct fact *fact)
{
	life->before = true;
	life->kthread = is_set(fact->process.kthread);
	if (fact->process.state == STATE_ZOMBIE && !life->reaped) {
		life->end = life->end == LIFE_ALIVE ? LIFE_END_UNKNOWN : life->end;
		life->zombie = true;
	}
	if (fact_text_known(fact->process.args) && fact->process.args.len && !life->execed)
		return args_keep(life, fact->process.args, false);
	return 0;
}

static int take_exec(struct life *life, const struct fact *fact)
{
	life->execed = true;
	life->kthread = false;
	if (fact_text_known(fact->exec.args))
		return args_keep(life, fact->exec.args, is_set(fact->exec.args_truncated));
	if (fact_text_known(fact->exec.filename))
		return args_keep(life, fact->exec.filename, true);
	return 0;
}

static void take_exit(struct life *life, const struct fact *fact, struct life *killer)
{
	bool code = fact_num_known(fact->exit.exit_code);
	bool signal = fact_num_known(fact->exit.signal);

	life->end = code ? LIFE_CODE : signal ? LIFE_SIGNAL : LIFE_END_UNKNOWN;
	life->value = code ? fact->exit.exit_code : signal ? fact->exit.signal : 0;
	life->core_dumped = is_set(fact->exit.core_dumped);
	life->oom = is_set(fact->exit.oom);
	life->killed_by_kernel = fact->exit.killer == KILLER_KERNEL;
	life->found_gone = fact->exit.exit_seen == 0;
	life->exit_ns = fact->boot_ns;
	life->zombie = !life->reaped && !life->found_gone;
	life->killer = killer;
	if (killer && !killer->seen)
		life_comm(killer, fact->exit.killer_comm);
}

static void take_zombie(struct life *life, const struct fact *fact)
{
	if (life->reaped)
		return;
	life->zombie = true;
	life->end = life->end == LIFE_ALIVE ? LIFE_END_UNKNOWN : life->end;
	if (fact_num_known(fact->zombie.age_ns) && fact->zombie.age_ns <= fact->boot_ns)
		life->zombie_ns = fact->boot_ns - fact->zombie.age_ns;
}

static void latency_keep(struct life *life, const struct fact *fact)
{
	fact_num latency_ns = fact->reap.latency_ns;

	if (!fact_num_known(latency_ns)) {
		latency_ns = fact->reap.latency_min_ns;
		life->latency_at_least = true;
	}
	if (!fact_num_known(latency_ns))
		return;
	life->latency_known = true;
	life->latency_ns = latency_ns;
	life->latency_at_most = !life->latency_at_least && fact->reap.source == SOURCE_FREE;
	if (!life->zombie_ns && !life->latency_at_least && latency_ns < fact->boot_ns)
		life->zombie_ns = fact->boot_ns - latency_ns;
}

/*
 * The wait status, for a life whose exit was not seen: code in bits 8-15, signal in 0-6 (wait(2)).
 */
static void status_keep(struct life *life, fact_num status)
{
	if (!fact_num_known(status) || life->end == LIFE_CODE || life->end == LIFE_SIGNAL)
		return;
	life->end = status & 0x7f ? LIFE_SIGNAL : LIFE_CODE;
	life->value = status & 0x7f ? status & 0x7f : status >> 8 & 0xff;
	life->core_dumped = status & 0x80;
}

static void take_reap(struct life *life, const struct fact *fact, struct life *reaper)
{
	life->reaper = reaper;
	if (reaper && !reaper->seen)
		life_comm(reaper, fact->reap.reaper_comm);
	life->zombie = false;
	life->reaped = true;
	if (fact_num_known(fact->reap.how))
		life->how = fact->reap.how;
	if (life->end == LIFE_ALIVE)
		life->end = LIFE_END_UNKNOWN;
	status_keep(life, fact->reap.status);
	latency_keep(life, fact);
}

static void take_free(struct life *life)
{
	life->zombie = false;
	life->reaped = true;
	if (life->end == LIFE_ALIVE)
		life->end = LIFE_END_UNKNOWN;
}

/*
 * The handing that this one takes the place of: the same again, now confirmed; a prediction that
 * was wrong, told again from the parent before it; the last one where no more are kept.
 */
static struct handing *handing_replaced(struct life *life, struct life *from, struct life *to)
{
	struct handing *last = life->handings, *before = NULL;

	if (!last)
		return NULL;
	for (; last->next; last = last->next)
		before = last;
	if (to && last->to == to)
		return last;
	if (last->predicted && before && from == before->to)
		return last;
	if (last->predicted && !before && from == life->birth_parent)
		return last;
	if (life->handings_cnt < LIFE_HANDINGS_MAX)
		return NULL;
	life->handings_cnt += life->handings_cnt < UINT16_MAX;
	return last;
}

static struct handing *handing_add(struct life *life)
{
	struct handing *handing = calloc(1, sizeof(*handing));

	if (!handing)
		return NULL;
	LL_APPEND(life->handings, handing);
	life->handings_cnt++;
	return handing;
}

static int take_reparent(struct life *life, const struct fact *fact, const struct life_named *named)
{
	struct life *to = named->reparent_to;
	struct handing *handing = handing_replaced(life, named->reparent_from, to);

	if (!handing) {
		handing = handing_add(life);
		if (!handing)
			return -ENOMEM;
		handing->at_ns = fact->boot_ns;
	}
	if (to && !to->seen)
		life_comm(to, fact->reparent.to_comm);
	handing->to = to;
	handing->predicted = fact->reparent.certainty != CERTAINTY_CONFIRMED;
	life->parent = to;
	return 0;
}

int life_take(struct life *life, const struct fact *fact, const struct life_named *named)
{
	life_comm(life, fact->comm);
	switch (fact->type) {
	case FACT_PROCESS:
		return take_process(life, fact);
	case FACT_FORK:
		take_fork(life, fact);
		return 0;
	case FACT_EXEC:
		return take_exec(life, fact);
	case FACT_EXIT:
		take_exit(life, fact, named->killer);
		return 0;
	case FACT_ZOMBIE:
		take_zombie(life, fact);
		return 0;
	case FACT_REAP:
		take_reap(life, fact, named->reaper);
		return 0;
	case FACT_FREE:
		take_free(life);
		return 0;
	case FACT_REPARENT:
		return take_reparent(life, fact, named);
	default:
		return 0;
	}
}

size_t life_bytes(const struct life *life)
{
	const struct handing *handing;
	size_t bytes = life->args_bytes;

	for (handing = life->handings; handing; handing = handing->next)
		bytes += sizeof(*handing);
	return bytes;
}

bool life_lifetime_ns(const struct life *life, uint64_t now_ns, uint64_t *ret_ns)
{
	uint64_t end_ns = life->end == LIFE_ALIVE ? now_ns : life->exit_ns;

	if (!life->id.start_ns || end_ns < life->id.start_ns)
		return false;
	*ret_ns = end_ns - life->id.start_ns;
	return true;
}
