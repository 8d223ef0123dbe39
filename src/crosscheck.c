#include "crosscheck.h"

#include <errno.h>

#define SLICE_CNT 256 /* /proc entries between two looks at the ring: some milliseconds */

void crosscheck_init(struct crosscheck *check, struct verify_scope scope, uint64_t period_ns)
{
	*check = (struct crosscheck){.scope = scope, .period_ns = period_ns, .next_ns = UINT64_MAX};
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

static void confirm(struct crosscheck *check, const struct model *model, uint64_t now_ns,
		    model_emit emit, void *context)
{
	struct verify_result result;

	if (verify_confirm(check->verify, model, SLICE_CNT, now_ns, emit, context) > 0)
		return;
	result = verify_result(check->verify);
	check->rounds++;
	check->compared += result.compared_cnt;
	check->mismatches += result.mismatched_cnt;
	schedule(check, now_ns);
}

void crosscheck_step(struct crosscheck *check, const struct model *model, uint64_t now_ns,
		     model_emit emit, void *context)
{
	if (check->error)
		return;
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
		confirm(check, model, now_ns, emit, context);
		break;
	}
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
