#include "crosscheck.h"

#include <errno.h>
#include <string.h>

#include "decode/decode.h"
#include "procfs/snapshot.h"

#define SLICE_CNT 256 /* /proc entries between two looks at the ring: some milliseconds */

void crosscheck_init(struct crosscheck *check, struct verify_scope scope, uint64_t period_ns,
		     uint64_t start_ns)
{
	*check = (struct crosscheck){.scope = scope,
				     .period_ns = period_ns,
				     .next_ns = UINT64_MAX,
				     .start_ns = start_ns};
	check->error = proc_root_init(&check->root, NULL);
	if (!check->error)
		check->error = verify_new(&check->root, &check->verify);
}

void crosscheck_release(struct crosscheck *check)
{
	verify_free(check->verify);
	proc_root_release(&check->root);
	check->verify = NULL;
}

static void schedule(struct crosscheck *check, uint64_t now_ns)
{
	check->state = CROSSCHECK_IDLE;
	check->next_ns = check->period_ns ? now_ns + check->period_ns : UINT64_MAX;
}

void crosscheck_start(struct crosscheck *check, const struct model *model, uint64_t now_ns)
{
	if (check->error || crosscheck_busy(check))
		return;
	check->error = verify_begin(check->verify, model, check->scope, now_ns);
	if (!check->error)
		check->state = CROSSCHECK_LOOKING;
}

static void look(struct crosscheck *check, const struct model *model, uint64_t now_ns)
{
	int more = verify_look(check->verify, model, SLICE_CNT);

	if (more < 0) {
		check->error = more;
		check->state = CROSSCHECK_IDLE;
	} else if (more == 0) {
		check->state = CROSSCHECK_SETTLING;
		check->settled_ns =
			verify_pending(check->verify) ? now_ns + VERIFY_SETTLE_NS : now_ns;
	}
}

static bool is_extra(const struct fact *fact)
{
	struct fact_text field = fact->mismatch.field;

	return fact_text_known(field) && field.len == strlen("extra") &&
	       memcmp(field.bytes, "extra", field.len) == 0;
}

/* Who is a stranger is looked at once more, to be adopted when the round is over. */
static void on_mismatch(void *context, const struct fact *fact)
{
	struct crosscheck *check = context;
	struct pt_event_task *stranger = &check->strangers[check->strangers_cnt];

	if (is_extra(fact) && check->strangers_cnt < CROSSCHECK_STRANGERS &&
	    snapshot_one(&check->root, fact->who.pid, check->now_ns, stranger) == 0) {
		check->strangers_cnt++;
		if (stranger->who.start_ns < check->start_ns)
			return;
	}
	check->mismatches++;
	check->emit(check->context, fact);
}

static void adopt_strangers(struct crosscheck *check, struct model *model, size_t looked_at_cnt)
{
	struct fact fact;

	if (!check->strangers_cnt)
		return;
	fact_clear(&fact, FACT_RESYNC, check->now_ns);
	fact.resync.closed = fact.resync.reparented = 0;
	fact.resync.adopted = check->strangers_cnt;
	fact.resync.looked_at = looked_at_cnt;
	check->emit(check->context, &fact);
	for (size_t i = 0; i < check->strangers_cnt; i++) {
		struct event event;

		if (decode(&check->strangers[i], sizeof(check->strangers[i]), &event) == 0)
			model_event(model, &event);
	}
	check->strangers_cnt = 0;
}

static void confirm(struct crosscheck *check, struct model *model)
{
	int more =
		verify_confirm(check->verify, model, SLICE_CNT, check->now_ns, on_mismatch, check);
	struct verify_result result = verify_result(check->verify);

	if (more > 0)
		return;
	if (more == 0) {
		check->rounds++;
		check->compared += result.compared_cnt;
	}
	adopt_strangers(check, model, result.compared_cnt);
	schedule(check, check->now_ns);
}

void crosscheck_step(struct crosscheck *check, struct model *model, uint64_t now_ns,
		     model_emit emit, void *context)
{
	if (check->error)
		return;
	check->emit = emit;
	check->context = context;
	check->now_ns = now_ns;
	switch (check->state) {
	case CROSSCHECK_IDLE:
		if (now_ns >= check->next_ns)
			crosscheck_start(check, model, now_ns);
		break;
	case CROSSCHECK_LOOKING:
		look(check, model, now_ns);
		break;
	case CROSSCHECK_SETTLING:
		if (now_ns >= check->settled_ns)
			check->state = CROSSCHECK_CONFIRMING;
		break;
	case CROSSCHECK_CONFIRMING:
		confirm(check, model);
		break;
	}
}

void crosscheck_hold(struct crosscheck *check, uint64_t now_ns)
{
	if (check->error || (!crosscheck_busy(check) && !check->period_ns))
		return;
	check->state = CROSSCHECK_IDLE;
	check->strangers_cnt = 0;
	check->next_ns = now_ns;
}

uint64_t crosscheck_next_ns(const struct crosscheck *check)
{
	if (check->error)
		return UINT64_MAX;
	switch (check->state) {
	case CROSSCHECK_IDLE:
		return check->next_ns;
	case CROSSCHECK_SETTLING:
		return check->settled_ns;
	default:
		return 0;
	}
}
