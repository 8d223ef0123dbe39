/*
 * The cross-check: is the model what /proc shows? Of each process: that it is there, with that
 * start, as a thread group of its own; its parent; whether it is a zombie.
 *
 * Two looks. The first reads /proc and the model slice by slice and notes differences; most are
 * events that wait in the ring. When it is over, the caller drains the ring and lets
 * VERIFY_SETTLE_NS pass; then the second look reads what was noted again, both in /proc and in the
 * model. What still differs in the very same way is a mismatch. Between slices the model may change
 * at will.
 *
 *	verify_begin  ->  verify_look (until 0)  ->  drain, settle  ->  verify_confirm (until 0)  ->
 * verify_result
 *
 * Not compared, and counted apart where that says something: the tracer itself; processes born
 * after the round began or less than a tick before; parents of which the model says nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/fact.h"
#include "model/model.h"
#include "procfs/proc.h"

#define VERIFY_SETTLE_NS                                                                           \
	50000000ull /* what is noted should rest this long before the second look */
#define VERIFY_NOTES_MAX 4096 /* differences that get a second look in one round */
#define VERIFY_LATE_NS	 30000000000ull /* after this a reap that nobody told is no longer late */
#define VERIFY_LATE_MAX	 256 /* late ones that are followed from round to round */

struct verify_scope {
	bool whole; /* the tracer sees everything; else only what the model holds is compared */
	bool reap_exact; /* reaps are told as they happen (fentry, kprobe), not an RCU grace period
			    later */
};

struct verify_result {
	size_t compared_cnt; /* processes that were looked at in both */
	size_t mismatched_cnt; /* of those (and of extra ones): reported */
	size_t noted_cnt; /* got a second look */
	size_t unlooked_cnt; /* should have, but VERIFY_NOTES_MAX was met */
	size_t late_cnt; /* dead in the model and gone in /proc: the reap is still to be told */
	size_t hidden_cnt; /* hidepid or permissions: cannot be told from gone */
	size_t elsewhere_cnt; /* outside of the pid namespace that /proc shows */
	size_t unreadable_cnt; /* /proc answered with an error, or with something else */
};

struct verify;

/* verify_new - a verifier that reads below `root`, which it borrows. 0 or -errno. */
int verify_new(const struct proc_root *root, struct verify **ret_verify);
void verify_free(struct verify *verify);

/*
 * verify_begin - starts a round with what the model holds now; one that was not finished is given
 * up. `now_ns`: CLOCK_BOOTTIME of the kernel, as in events. One pass over the model, no file is
 * read but our own mount's options. 0; -ENOMEM; -ENXIO when the pid namespace of `root` is not
 * known, so that its numbers mean nothing.
 */
int verify_begin(struct verify *verify, const struct model *model, struct verify_scope scope,
		 uint64_t now_ns);

/*
 * verify_look - the first look at up to `budget_cnt` entries. 1: more remain; 0: it is over;
 * -errno: the directory cannot be read.
 */
int verify_look(struct verify *verify, const struct model *model, size_t budget_cnt);

/*
 * verify_confirm - the second look at up to `budget_cnt` notes. Each mismatch is handed to `report`
 * as FACT_MISMATCH of `now_ns`. 1: more remain; 0: the round is over; -ENOMEM.
 *
 *   field    model             proc
 *   missing  alive, zombie...  none           the model has it, /proc has not
 *   extra    none, reaped      alive, ...     /proc has it, the model has not; id unknown
 *   ppid     number            number
 *   state    alive, leader_zombie, dying, zombie: of both
 */
int verify_confirm(struct verify *verify, const struct model *model, size_t budget_cnt,
		   uint64_t now_ns, model_emit report, void *context);

/* verify_pending - differences that wait for the second look: without any it need not be waited
 * for. */
size_t verify_pending(const struct verify *verify);

/* verify_result - of the round so far; final when verify_confirm() has returned 0. */
struct verify_result verify_result(const struct verify *verify);
