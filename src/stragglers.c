#include "stragglers.h"

#include <errno.h>

#include "procfs/stat.h"

#define BATCH 256

/* Asked of the table first, told afterwards: a visit must not change it. */
struct search {
	uint64_t before_ns;
	struct process_view found[BATCH];
	size_t found_cnt;
	const struct proc_root *root;
};

static bool is_gone(const struct proc_root *root, struct pt_identity who)
{
	struct stat_line stat;
	int error = stat_read(root, who.tgid, &stat);

	if (error)
		return error == -ENOENT || error == -ESRCH;
	return !proc_start_matches(root, who.start_ns, stat.start_ticks);
}

static int look(void *context, const struct process_view *view)
{
	struct search *search = context;
	uint64_t dead_ns = view->zombie_ns ? view->zombie_ns : view->exit_ns;

	if (view->state != PROCESS_DYING && view->state != PROCESS_ZOMBIE)
		return 0;
	if (dead_ns >= search->before_ns || !is_gone(search->root, view->id))
		return 0;
	search->found[search->found_cnt++] = *view;
	return search->found_cnt == BATCH;
}

void stragglers_close(struct model *model, const struct proc_root *root, uint64_t before_ns,
		      uint64_t now_ns)
{
	struct search search = {.before_ns = before_ns, .root = root};

	if (!proc_root_initial(root))
		return;
	do {
		search.found_cnt = 0;
		model_each(model, look, &search);
		for (size_t i = 0; i < search.found_cnt; i++) {
			const struct process_view *view = &search.found[i];
			uint64_t since_ns = view->zombie_ns ? view->zombie_ns : view->exit_ns;

			model_reaped(model, view->id, now_ns,
				     since_ns && since_ns < now_ns ? now_ns - since_ns
								   : FACT_UNKNOWN,
				     SOURCE_FREE, (struct pt_identity){0}, NULL);
		}
	} while (search.found_cnt == BATCH);
}
