/*
 * The judge: facts against truth, field by field. Pure: no process, file or clock, so that
 * tests/unit/test_judge.c can show that each comparison is able to fail.
 */
#pragma once

#include "e2e/records.h"
#include "e2e/report.h"

/* judge_truth - every expectation met, and no birth, exec, death, reap or reparenting beyond them.
 * Marks facts as told. */
void judge_truth(struct records *facts, const struct records *truth, struct report *report);

/*
 * judge_stream - what holds of any whole run on a subtree: the envelope, the order and completeness
 * of each life, ids, totals, nothing lost.
 */
void judge_stream(const struct records *facts, struct report *report);
