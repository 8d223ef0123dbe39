#include "base/histogram.h"

#include <string.h>

#define SPLIT_BITS 4
#define PERCENT	   10000ull /* so many parts has a percent; integers, so that ranks are exact */
#define WHOLE	   (100 * PERCENT)

_Static_assert(HISTOGRAM_SPLIT == 1 << SPLIT_BITS, "HISTOGRAM_SPLIT");
_Static_assert(HISTOGRAM_BUCKETS == HISTOGRAM_SPLIT * (1 + 64 - SPLIT_BITS), "HISTOGRAM_BUCKETS");

static unsigned bucket_of(uint64_t value)
{
	unsigned power;

	if (value < HISTOGRAM_SPLIT)
		return (unsigned)value;
	power = 63 - __builtin_clzll(value);
	/* The leading bit is left in: it counts the first of the power's buckets. */
	return (power - SPLIT_BITS) * HISTOGRAM_SPLIT + (unsigned)(value >> (power - SPLIT_BITS));
}

static uint64_t bucket_middle(unsigned bucket)
{
	unsigned shift;

	if (bucket < HISTOGRAM_SPLIT)
		return bucket;
	shift = bucket / HISTOGRAM_SPLIT - 1;
	return ((uint64_t)(HISTOGRAM_SPLIT + bucket % HISTOGRAM_SPLIT) << shift) +
	       ((1ull << shift) - 1) / 2;
}

void histogram_clear(struct histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->count++;
	histogram->buckets[bucket_of(value)]++;
	if (value > histogram->max)
		histogram->max = value;
}

void histogram_merge(struct histogram *histogram, const struct histogram *from)
{
	histogram->count += from->count;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		histogram->buckets[i] += from->buckets[i];
	if (from->max > histogram->max)
		histogram->max = from->max;
}

/* The rank, from 1, of a percentile: count * percent, rounded up, in steps that do not overflow. */
static uint64_t rank_of(uint64_t count, double percent)
{
	uint64_t parts, rank;

	if (!(percent > 0))
		return 1;
	if (percent >= 100)
		return count;
	parts = (uint64_t)(percent * PERCENT + 0.5);
	rank = count / WHOLE * parts + (count % WHOLE * parts + WHOLE - 1) / WHOLE;
	return rank ?: 1;
}

uint64_t histogram_percentile(const struct histogram *histogram, double percent)
{
	uint64_t rank = rank_of(histogram->count, percent);
	unsigned bucket = 0;

	if (rank >= histogram->count)
		return histogram->max;
	for (uint64_t below = histogram->buckets[0]; below < rank;)
		below += histogram->buckets[++bucket];

	uint64_t middle = bucket_middle(bucket);

	return middle < histogram->max ? middle : histogram->max;
}
