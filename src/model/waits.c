#include "model/waits.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/histogram.h"

void waits_release(struct waits *waits)
{
	free(waits->histogram);
	*waits = (struct waits){};
}

static int histogram_make(struct waits *waits)
{
	struct histogram *histogram = calloc(1, sizeof(*histogram));

	if (!histogram)
		return -ENOMEM;
	for (uint64_t i = 0; i < waits->cnt && i < WAITS_SAMPLES; i++)
		histogram_add(histogram, waits->samples[i]);
	waits->histogram = histogram;
	return 0;
}

int waits_add(struct waits *waits, uint64_t wait_ns, bool at_most)
{
	int err = 0;

	if (!waits->histogram && waits->cnt < WAITS_SAMPLES)
		waits->samples[waits->cnt] = wait_ns;
	else if (!waits->histogram)
		err = histogram_make(waits);
	if (waits->histogram)
		histogram_add(waits->histogram, wait_ns);
	waits->cnt++;
	waits->sum_ns += wait_ns;
	waits->at_most_cnt += at_most;
	if (waits->max_ns < wait_ns)
		waits->max_ns = wait_ns;
	return err;
}

int waits_merge(struct waits *waits, const struct waits *from)
{
	int err = 0;

	if (!waits->histogram)
		err = histogram_make(waits);
	if (waits->histogram && from->histogram)
		histogram_merge(waits->histogram, from->histogram);
	for (uint64_t i = 0; waits->histogram && !from->histogram && i < from->cnt; i++)
		if (i < WAITS_SAMPLES)
			histogram_add(waits->histogram, from->samples[i]);
	waits->cnt += from->cnt;
	waits->sum_ns += from->sum_ns;
	waits->at_most_cnt += from->at_most_cnt;
	if (waits->max_ns < from->max_ns)
		waits->max_ns = from->max_ns;
	return err;
}

static int compare_ns(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t waits_quantile(const struct waits *waits, double q)
{
	uint64_t sorted[WAITS_SAMPLES];
	size_t cnt = waits->cnt < WAITS_SAMPLES ? waits->cnt : WAITS_SAMPLES;
	size_t rank = (size_t)ceil(q * cnt);

	if (waits->histogram)
		return histogram_percentile(waits->histogram, q * 100);
	if (!cnt)
		return 0;
	memcpy(sorted, waits->samples, cnt * sizeof(*sorted));
	qsort(sorted, cnt, sizeof(*sorted), compare_ns);
	return sorted[rank ? rank - 1 : 0];
}
