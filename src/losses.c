#include "losses.h"

#include <errno.h>
#include <string.h>

/* The kinds as users know them; NULL: serves several facts, or none by itself. */
static const char *const kind_words[PT_KIND_CNT] = {
	[PT_KIND_FORK] = "fork",
	[PT_KIND_EXEC] = "exec",
	[PT_KIND_EXIT] = "exit",
	[PT_KIND_ZOMBIE] = "zombie",
	[PT_KIND_REAP] = "reap",
	[PT_KIND_FREE] = "free",
	[PT_KIND_SIGNAL] = "signal",
	[PT_KIND_OOM] = "oom",
	[PT_KIND_TASK] = "process",
	[PT_KIND_THREAD] = "thread",
	[PT_KIND_THREAD_EXIT] = "thread_exit",
	[PT_KIND_CGROUP] = "cgroup",
};

void losses_delivered(struct losses *losses, const void *data, size_t size, int error)
{
	const struct pt_event *head = data;

	if (size >= sizeof(*head) && head->kind < PT_KIND_CNT)
		losses->delivered[head->kind]++;
	if (error)
		losses->malformed++;
}

static uint64_t dropped_of(const struct pt_counter *counter)
{
	uint64_t sum = 0;

	for (int i = 0; i < PT_DROP_CNT; i++)
		sum += counter->dropped[i];
	return sum;
}

static void tell(enum fact_stage stage, const char *word, uint64_t cnt, uint64_t now_ns,
		 model_emit emit, void *context)
{
	struct fact fact;

	fact_clear(&fact, FACT_LOST, now_ns);
	fact.lost.stage = stage;
	if (word)
		fact.lost.event = (struct fact_text){word, strlen(word)};
	fact.lost.count = cnt;
	emit(context, &fact);
}

/* Tells what came since the last look to one of the counts of user space. */
static uint64_t catch_up(uint64_t *told, uint64_t now, enum fact_stage stage, uint64_t now_ns,
			 model_emit emit, void *context)
{
	uint64_t cnt = now - *told;

	if (cnt)
		tell(stage, NULL, cnt, now_ns, emit, context);
	*told = now;
	return cnt;
}

int64_t losses_look(struct losses *losses, const struct probe *probe, uint64_t now_ns,
		    model_emit emit, void *context)
{
	struct pt_counter counters[PT_KIND_CNT];
	uint64_t misses = probe_misses(probe);
	int64_t lost = 0;
	int error = probe_counters(probe, counters);

	if (error)
		return error;
	for (int kind = 0; kind < PT_KIND_CNT; kind++) {
		uint64_t now = dropped_of(&counters[kind]), cnt = now - losses->dropped[kind];

		if (cnt)
			tell(STAGE_RING, kind_words[kind], cnt, now_ns, emit, context);
		losses->dropped[kind] = now;
		lost += cnt;
	}
	if (misses > losses->misses)
		lost += catch_up(&losses->misses, misses, STAGE_BPF, now_ns, emit, context);
	lost += catch_up(&losses->malformed_told, losses->malformed, STAGE_DECODE, now_ns, emit,
			 context);
	lost += catch_up(&losses->model_told, losses->model, STAGE_MODEL, now_ns, emit, context);
	return lost;
}

uint64_t losses_unaccounted(const struct losses *losses,
			    const struct pt_counter counters[PT_KIND_CNT])
{
	uint64_t off = 0;

	for (int kind = 0; kind < PT_KIND_CNT; kind++) {
		uint64_t seen = counters[kind].seen;
		uint64_t booked = losses->delivered[kind] + dropped_of(&counters[kind]);

		off += seen > booked ? seen - booked : booked - seen;
	}
	return off;
}

void losses_end(const struct losses *losses, const struct probe *probe, struct fact *end)
{
	struct pt_counter counters[PT_KIND_CNT];
	uint64_t seen = 0, delivered = 0, dropped = 0;

	if (probe_counters(probe, counters) < 0)
		return;
	for (int kind = 0; kind < PT_KIND_CNT; kind++) {
		seen += counters[kind].seen;
		delivered += losses->delivered[kind];
		dropped += dropped_of(&counters[kind]);
	}
	end->end.seen = seen;
	end->end.delivered = delivered;
	end->end.dropped = dropped;
	end->end.unaccounted = losses_unaccounted(losses, counters);
	end->end.recursion_misses = losses->misses;
	end->end.malformed = losses->malformed;
}
