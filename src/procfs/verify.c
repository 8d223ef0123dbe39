#include "procfs/verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "procfs/late.h"
#include "procfs/mountinfo.h"
#include "procfs/stat.h"
#include "procfs/status.h"

/* The life of a process in the words of both sides. */
enum life { LIFE_NONE, LIFE_ALIVE, LIFE_LEADER_ZOMBIE, LIFE_DYING, LIFE_ZOMBIE, LIFE_REAPED };

static const char *const life_words[] = {
	[LIFE_NONE] = "none",	[LIFE_ALIVE] = "alive",	  [LIFE_LEADER_ZOMBIE] = "leader_zombie",
	[LIFE_DYING] = "dying", [LIFE_ZOMBIE] = "zombie", [LIFE_REAPED] = "reaped",
};

enum difference { SAME, MISSING, EXTRA, PPID, STATE };

static const char *const difference_words[] = {
	[SAME] = "", [MISSING] = "missing", [EXTRA] = "extra", [PPID] = "ppid", [STATE] = "state",
};

/* A process of the model and the number it has in /proc. */
struct seat {
	struct pt_identity who;
	uint32_t proc_pid;
	uint32_t pad;
};

struct note {
	struct seat seat; /* EXTRA: who 0 */
	uint64_t start_ticks; /* EXTRA: which process of that number */
	uint32_t model, proc; /* what both said: enum life, or the parent's number */
	enum difference difference;
};

enum phase { PHASE_NONE, PHASE_LIST, PHASE_READ, PHASE_CONFIRM };

struct verify {
	const struct proc_root *root;
	struct proc_walk walk;
	struct verify_scope scope;
	uint64_t begun_ns;
	bool hides; /* not in /proc does not mean gone */
	enum phase phase;

	struct seat *seats; /* by proc_pid in a nested pid namespace */
	size_t seats_cnt, seats_max, seats_at;
	struct note notes[VERIFY_NOTES_MAX];
	size_t notes_cnt, notes_at;
	struct late_list late;
	struct verify_result result;
};

int verify_new(const struct proc_root *root, struct verify **ret_verify)
{
	struct verify *verify = calloc(1, sizeof(*verify));
	int ret;

	if (!verify)
		return -ENOMEM;
	verify->root = root;
	ret = proc_walk_init(&verify->walk, root);
	if (ret) {
		free(verify);
		return ret;
	}
	*ret_verify = verify;
	return 0;
}

void verify_free(struct verify *verify)
{
	if (!verify)
		return;
	proc_walk_release(&verify->walk);
	free(verify->seats);
	free(verify);
}

struct verify_result verify_result(const struct verify *verify)
{
	return verify->result;
}

size_t verify_pending(const struct verify *verify)
{
	return verify->notes_cnt - verify->notes_at;
}

/* --- the model's side --- */

static enum life life_of(const struct process_view *view)
{
	switch (view->state) {
	case PROCESS_DYING:
		return LIFE_DYING;
	case PROCESS_ZOMBIE:
		return LIFE_ZOMBIE;
	case PROCESS_REAPED:
		return LIFE_REAPED;
	default:
		return view->leader_dead ? LIFE_LEADER_ZOMBIE : LIFE_ALIVE;
	}
}

/*
 * The number a process of the model has in /proc, or 0: the model counts as the initial namespace
 * does, and of a nested one it knows the numbers of those that live in it, not of those further
 * down.
 */
static uint32_t proc_pid_of(const struct verify *verify, const struct process_view *view)
{
	if (proc_root_initial(verify->root))
		return view->id.tgid;
	return view->pid_ns == verify->root->pid_ns ? view->ns_pid : 0;
}

static int compare_seats(const void *a, const void *b)
{
	const struct seat *left = a, *right = b;

	return (left->proc_pid > right->proc_pid) - (left->proc_pid < right->proc_pid);
}

static int visit_view(void *context, const struct process_view *view)
{
	struct verify *verify = context;
	uint32_t proc_pid = proc_pid_of(verify, view);

	/*
	 * Behind a filter, one that others merely named is an outsider, whose end nobody will tell.
	 */
	if (view->state == PROCESS_REAPED || !view->id.start_ns || !view->id.tgid ||
	    (view->state == PROCESS_NEW && !verify->scope.whole))
		return 0;
	if (!proc_pid) {
		verify->result.elsewhere_cnt++;
		return 0;
	}
	if (verify->seats_cnt == verify->seats_max) {
		size_t max = verify->seats_max ? 2 * verify->seats_max : 1024;
		struct seat *seats = reallocarray(verify->seats, max, sizeof(*seats));

		if (!seats)
			return -ENOMEM;
		verify->seats = seats;
		verify->seats_max = max;
	}
	verify->seats[verify->seats_cnt++] = (struct seat){.who = view->id, .proc_pid = proc_pid};
	return 0;
}

static int take_seats(struct verify *verify, const struct model *model)
{
	int ret;

	verify->seats_cnt = 0;
	verify->seats_at = 0;
	verify->result.elsewhere_cnt = 0;
	ret = model_each(model, visit_view, verify);
	if (!ret && verify->seats_cnt && !proc_root_initial(verify->root))
		qsort(verify->seats, verify->seats_cnt, sizeof(*verify->seats), compare_seats);
	return ret;
}

/* Who holds the number of /proc in the model; false: nobody. */
static bool find_holder(const struct verify *verify, const struct model *model, uint32_t proc_pid,
			struct process_view *ret_view)
{
	const struct seat key = {.proc_pid = proc_pid};
	const struct seat *seat;

	if (proc_root_initial(verify->root))
		return model_find_pid(model, proc_pid, ret_view);
	if (!verify->seats_cnt)
		return false;
	seat = bsearch(&key, verify->seats, verify->seats_cnt, sizeof(key), compare_seats);
	return seat && model_find(model, seat->who, ret_view);
}

/* --- one comparison --- */

/* Does what /proc shows contradict the model? Sets the life that /proc shows. */
static bool life_differs(enum life model, const struct stat_line *stat, enum life *ret_proc)
{
	switch (stat_life(stat)) {
	case STAT_EXITING:
		/*
		 * The leader is between exit and death: alone or with all others. The event of
		 * either may come before or after that, by kernel version. It just is no zombie
		 * yet.
		 */
		*ret_proc = LIFE_DYING;
		return model == LIFE_ZOMBIE;
	case STAT_LEADER_ZOMBIE:
		/* Dying: the last threads have begun to exit and are not yet released. */
		*ret_proc = LIFE_LEADER_ZOMBIE;
		return model != LIFE_LEADER_ZOMBIE && model != LIFE_DYING;
	case STAT_ZOMBIE:
		/* Dying: a death without a signal (exit_signal 0) is told by its reap only. */
		*ret_proc = LIFE_ZOMBIE;
		return model != LIFE_ZOMBIE && model != LIFE_DYING;
	default:
		*ret_proc = LIFE_ALIVE;
		return model != LIFE_ALIVE;
	}
}

/*
 * The parent's number that /proc should show, false where that cannot be said. Behind a filter the
 * death of an outsider is not told, and so not who inherits its child either.
 */
static bool expected_ppid(const struct verify *verify, const struct model *model,
			  const struct process_view *view, uint32_t *ret_ppid)
{
	bool initial = proc_root_initial(verify->root);
	struct process_view parent;

	if (!view->parent.tgid)
		return false;
	if (verify->scope.whole && initial) {
		*ret_ppid = view->parent.tgid;
		return true;
	}
	if (!model_find(model, view->parent, &parent) || parent.state == PROCESS_NEW)
		return false;
	*ret_ppid = proc_pid_of(verify, &parent);
	return *ret_ppid != 0;
}

static void compare_present(const struct verify *verify, const struct model *model,
			    const struct process_view *view, const struct stat_line *stat,
			    struct note *note)
{
	enum life model_life = life_of(view);
	enum life proc_life;
	uint32_t ppid;

	/* Named before its birth was read: nothing but that it is there is known. */
	if (view->state == PROCESS_NEW)
		return;
	if (life_differs(model_life, stat, &proc_life)) {
		note->difference = STATE;
		note->model = model_life;
		note->proc = proc_life;
	} else if (expected_ppid(verify, model, view, &ppid) && ppid != stat->ppid) {
		note->difference = PPID;
		note->model = ppid;
		note->proc = stat->ppid;
	}
}

/* What came of reading one process in both. */
enum look { LOOK_COMPARED, LOOK_SKIPPED, LOOK_HIDDEN, LOOK_UNREADABLE };

/*
 * Compares the process of `note->seat` as both show it now, and fills in the difference. `ret_stat`
 * is what /proc shows under its number, pid 0 when nothing: perhaps somebody else.
 */
static enum look look_at(const struct verify *verify, const struct model *model, struct note *note,
			 struct stat_line *ret_stat)
{
	struct process_view view;
	int ret;

	note->difference = SAME;
	ret_stat->pid = 0;
	if (!model_find(model, note->seat.who, &view) || view.state == PROCESS_REAPED ||
	    note->seat.proc_pid == verify->root->self_pid)
		return LOOK_SKIPPED;
	ret = stat_read(verify->root, note->seat.proc_pid, ret_stat);
	if (ret == -EACCES || ret == -EPERM || (stat_gone(ret) && verify->hides))
		return LOOK_HIDDEN;
	if (ret && !stat_gone(ret))
		return LOOK_UNREADABLE;
	if (!ret && stat_life(ret_stat) == STAT_GONE)
		ret_stat->pid = 0;
	if (ret_stat->pid && ret_stat->exit_signal >= 0 &&
	    proc_start_matches(verify->root, view.id.start_ns, ret_stat->start_ticks)) {
		compare_present(verify, model, &view, ret_stat, note);
		return LOOK_COMPARED;
	}
	note->difference = MISSING;
	note->model = life_of(&view);
	note->proc = LIFE_NONE;
	return LOOK_COMPARED;
}

static enum life proc_life(const struct stat_line *stat)
{
	enum life life;

	life_differs(LIFE_NONE, stat, &life);
	return life;
}

/*
 * Is the process that /proc shows as `stat` in the model? Fills in EXTRA if not. Whoever was born
 * after the round began, or in the tick before, may not have been told yet.
 */
static void look_for(const struct verify *verify, const struct model *model,
		     const struct stat_line *stat, struct note *note)
{
	uint64_t young_ns = verify->begun_ns - verify->root->tick_ns;
	struct process_view view;
	bool held = find_holder(verify, model, stat->pid, &view) &&
		    proc_start_matches(verify->root, view.id.start_ns, stat->start_ticks);

	note->difference = SAME;
	if (held && view.state != PROCESS_REAPED)
		return;
	if (stat_life(stat) == STAT_GONE || stat->exit_signal < 0 ||
	    stat->pid == verify->root->self_pid ||
	    proc_start_ns(verify->root, stat->start_ticks) + verify->root->tick_ns > young_ns)
		return;
	*note = (struct note){
		.seat.proc_pid = stat->pid,
		.start_ticks = stat->start_ticks,
		.difference = EXTRA,
		.model = held ? LIFE_REAPED : LIFE_NONE,
		.proc = proc_life(stat),
	};
}

/* --- first look --- */

int verify_begin(struct verify *verify, const struct model *model, struct verify_scope scope,
		 uint64_t now_ns)
{
	int ret;

	verify->phase = PHASE_NONE;
	verify->notes_cnt = 0;
	verify->notes_at = 0;
	memset(&verify->result, 0, sizeof(verify->result));
	late_begin(&verify->late);
	if (!verify->root->pid_ns)
		return -ENXIO;
	verify->scope = scope;
	verify->begun_ns = now_ns;
	/* Each time anew: privileges are given up while we run. */
	verify->hides = mountinfo_hides_pids(verify->root);
	ret = take_seats(verify, model);
	if (ret)
		return ret;
	proc_walk_rewind(&verify->walk);
	verify->phase = scope.whole ? PHASE_LIST : PHASE_READ;
	return 0;
}

static void add_note(struct verify *verify, const struct note *note)
{
	if (note->difference == SAME)
		return;
	if (verify->notes_cnt == VERIFY_NOTES_MAX) {
		verify->result.unlooked_cnt++;
		return;
	}
	verify->notes[verify->notes_cnt++] = *note;
	verify->result.noted_cnt++;
}

/* Of a number that the model holds nothing is read here: its turn comes with the seats. */
static int list_one(struct verify *verify, const struct model *model)
{
	struct process_view view;
	struct stat_line stat;
	struct note note;
	uint32_t pid;
	int ret = proc_walk_next(&verify->walk, &pid);

	if (ret <= 0) {
		verify->phase = PHASE_READ;
		return ret;
	}
	if (find_holder(verify, model, pid, &view) && view.state != PROCESS_REAPED)
		return 0;
	if (pid == verify->root->self_pid || stat_read(verify->root, pid, &stat))
		return 0;
	look_for(verify, model, &stat, &note);
	add_note(verify, &note);
	return 0;
}

static void count_look(struct verify *verify, enum look look)
{
	switch (look) {
	case LOOK_COMPARED:
		verify->result.compared_cnt++;
		break;
	case LOOK_HIDDEN:
		verify->result.hidden_cnt++;
		break;
	case LOOK_UNREADABLE:
		verify->result.unreadable_cnt++;
		break;
	case LOOK_SKIPPED:
		break;
	}
}

static void read_one(struct verify *verify, const struct model *model)
{
	struct note note = {.seat = verify->seats[verify->seats_at++]};
	struct stat_line stat;

	count_look(verify, look_at(verify, model, &note, &stat));
	add_note(verify, &note);
	/* The number belongs to somebody else, whom the list passed over for it. */
	if (note.difference == MISSING && stat.pid && verify->scope.whole) {
		look_for(verify, model, &stat, &note);
		add_note(verify, &note);
	}
}

int verify_look(struct verify *verify, const struct model *model, size_t budget_cnt)
{
	for (; budget_cnt && verify->phase == PHASE_LIST; budget_cnt--) {
		int ret = list_one(verify, model);

		if (ret < 0)
			return ret;
	}
	if (verify->phase == PHASE_LIST)
		return 1;
	if (verify->phase != PHASE_READ)
		return 0;
	for (; budget_cnt && verify->seats_at < verify->seats_cnt; budget_cnt--)
		read_one(verify, model);
	return verify->seats_at < verify->seats_cnt;
}

/* --- second look --- */

/*
 * Dead in the model, gone in /proc: where reaps are told by the free of the memory, that may come
 * seconds later (lazy RCU). True while it is to be waited for.
 */
static bool is_late(struct verify *verify, const struct note *note, uint64_t now_ns)
{
	if (verify->scope.reap_exact || note->difference != MISSING ||
	    (note->model != LIFE_ZOMBIE && note->model != LIFE_DYING))
		return false;
	return late_see(&verify->late, note->seat.who, now_ns) < VERIFY_LATE_NS;
}

/*
 * In a nested pid namespace, those further down show here too, under numbers that the model lacks.
 */
static bool lives_elsewhere(const struct verify *verify, const struct stat_line *stat)
{
	struct status status;
	struct stat_line again;
	int dirfd, ret;

	if (proc_root_initial(verify->root))
		return false;
	dirfd = proc_open_pid(verify->root, stat->pid);
	if (dirfd < 0)
		return true;
	ret = stat_read_at(dirfd, &again);
	if (!ret)
		ret = status_read(dirfd, "status", &status);
	close(dirfd);
	return ret || again.start_ticks != stat->start_ticks || status.ns_cnt != 1;
}

static bool still_extra(struct verify *verify, const struct model *model, const struct note *noted,
			struct stat_line *ret_stat)
{
	struct note now;

	if (stat_read(verify->root, noted->seat.proc_pid, ret_stat) ||
	    ret_stat->start_ticks != noted->start_ticks)
		return false;
	look_for(verify, model, ret_stat, &now);
	if (now.difference != EXTRA)
		return false;
	if (lives_elsewhere(verify, ret_stat)) {
		verify->result.elsewhere_cnt++;
		return false;
	}
	return true;
}

/* A value that moved meanwhile is life going on, not a mismatch. */
static bool still_differs(struct verify *verify, const struct model *model,
			  const struct note *noted, struct stat_line *ret_stat)
{
	struct note now = {.seat = noted->seat};

	if (noted->difference == EXTRA)
		return still_extra(verify, model, noted, ret_stat);
	look_at(verify, model, &now, ret_stat);
	return now.difference == noted->difference && now.model == noted->model &&
	       now.proc == noted->proc;
}

static struct fact_text text_of(const char *word)
{
	return (struct fact_text){.bytes = word, .len = strlen(word)};
}

static void fill_who(struct fact *fact, const struct model *model, const struct note *note,
		     const struct stat_line *stat, struct process_view *view)
{
	if (note->difference == EXTRA) {
		fact->who = (struct fact_id){.pid = note->seat.proc_pid};
		fact->parent = (struct fact_id){.pid = stat->ppid};
		fact->comm = (struct fact_text){.bytes = stat->comm, .len = stat->comm_len};
		return;
	}
	fact->who = fact_id_of(note->seat.who);
	if (model_find(model, note->seat.who, view)) {
		fact->parent = fact_id_of(view->parent);
		if (view->comm)
			fact->comm = text_of(view->comm);
	}
}

static void report_note(const struct model *model, const struct note *note,
			const struct stat_line *stat, uint64_t now_ns, model_emit report,
			void *context)
{
	char model_number[16], proc_number[16];
	struct process_view view;
	struct fact fact;

	fact_clear(&fact, FACT_MISMATCH, now_ns);
	fill_who(&fact, model, note, stat, &view);
	fact.mismatch.field = text_of(difference_words[note->difference]);
	if (note->difference == PPID) {
		snprintf(model_number, sizeof(model_number), "%u", note->model);
		snprintf(proc_number, sizeof(proc_number), "%u", note->proc);
		fact.mismatch.model = text_of(model_number);
		fact.mismatch.proc = text_of(proc_number);
	} else {
		fact.mismatch.model = text_of(life_words[note->model]);
		fact.mismatch.proc = text_of(life_words[note->proc]);
	}
	report(context, &fact);
}

static void confirm_one(struct verify *verify, const struct model *model, uint64_t now_ns,
			model_emit report, void *context)
{
	const struct note *note = &verify->notes[verify->notes_at++];
	struct stat_line stat;

	if (!still_differs(verify, model, note, &stat))
		return;
	if (is_late(verify, note, now_ns)) {
		verify->result.late_cnt++;
		return;
	}
	verify->result.mismatched_cnt++;
	report_note(model, note, &stat, now_ns, report, context);
}

int verify_confirm(struct verify *verify, const struct model *model, size_t budget_cnt,
		   uint64_t now_ns, model_emit report, void *context)
{
	int ret;

	if (verify->phase == PHASE_READ) {
		/* In a nested pid namespace the seats are how a number is looked up: as of now. */
		ret = verify->notes_cnt && !proc_root_initial(verify->root)
			      ? take_seats(verify, model)
			      : 0;
		if (ret)
			return ret;
		verify->phase = PHASE_CONFIRM;
	}
	for (; budget_cnt && verify_pending(verify); budget_cnt--)
		confirm_one(verify, model, now_ns, report, context);
	if (verify_pending(verify))
		return 1;
	if (verify->phase == PHASE_CONFIRM)
		late_end(&verify->late);
	verify->phase = PHASE_NONE;
	return 0;
}
