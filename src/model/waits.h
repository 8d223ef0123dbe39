/*
 * How long the zombies of one group (a parent's, or all) waited to be reaped. The first few are
 * kept one by one, because most parents have no more; only then a histogram is made.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define WAITS_SAMPLES 8

struct histogram;

/* Open, because it is embedded in tables; only waits.c writes. All zeroes = empty. */
struct waits {
	uint64_t cnt;
	uint64_t sum_ns, max_ns;
	uint64_t at_most_cnt; /* of cnt: upper bounds */
	uint64_t samples[WAITS_SAMPLES]; /* while histogram is NULL */
	struct histogram *histogram;
};

void waits_release(struct waits *waits);

/*
 * waits_add - one zombie's wait. 0 or -ENOMEM (then it is in cnt, sum and max, but in no quantile).
 */
int waits_add(struct waits *waits, uint64_t wait_ns, bool at_most);

/* waits_merge - adds all of `from`, which stays as it is. 0 or -ENOMEM, likewise. */
int waits_merge(struct waits *waits, const struct waits *from);

/* waits_quantile - that of the share `q` (0..1], never above max_ns; 0 if empty. Within 5 %. */
uint64_t waits_quantile(const struct waits *waits, double q);
