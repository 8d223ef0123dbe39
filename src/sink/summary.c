#include "sink/summary.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/duration.h"
#include "base/printable.h"
#include "base/signame.h"

#define SUMMARY_BYTES_MAX 65536
#define COLUMNS		  80
#define LABEL_COLUMNS	  10
#define WORST_PARENTS	  5
#define FAILURES_MAX	  8 /* kinds named; the rest is "others" */
#define WHO_COLUMNS	  26

/* Text so far; `columns` of the line that is being written, to break it before it is too long. */
struct page {
	struct buffer text;
	size_t columns;
	bool utf8;
};

static void page_words(struct page *page, const char *words)
{
	buffer_add_text(&page->text, words);
	page->columns += strlen(words);
}

static void page_line(struct page *page)
{
	buffer_add_char(&page->text, '\n');
	page->columns = 0;
}

static void page_to(struct page *page, size_t column)
{
	if (page->columns >= column)
		return;
	buffer_add_repeated(&page->text, ' ', column - page->columns);
	page->columns = column;
}

static void page_label(struct page *page, const char *label)
{
	page_words(page, label);
	page_to(page, LABEL_COLUMNS);
}

/*
 * One item of a list on a labelled line: a comma before it, or a new line where it would not fit.
 */
__attribute__((format(printf, 2, 3))) static void page_item(struct page *page, const char *format,
							    ...)
{
	char item[COLUMNS];
	va_list args;

	va_start(args, format);
	vsnprintf(item, sizeof(item), format, args);
	va_end(args);
	if (page->columns > LABEL_COLUMNS) {
		bool fits = page->columns + 2 + strlen(item) < COLUMNS;

		page_words(page, fits ? ", " : ",");
		if (!fits) {
			page_line(page);
			page_to(page, LABEL_COLUMNS);
		}
	}
	page_words(page, item);
}

/* A duration as an argument of printf; the text is the caller's. */
static const char *span(char text[DURATION_TEXT_BYTES], uint64_t ns)
{
	duration_write(text, ns);
	return text;
}

static uint64_t known(fact_num n)
{
	return fact_num_known(n) ? n : 0;
}

static void print_lives(struct page *page, const struct stats_totals *totals)
{
	page_label(page, "lives");
	page_item(page, "%" PRIu64 " born", totals->forks);
	if (totals->forks)
		page_item(page, "%" PRIu64 " fork", totals->fork_kinds[FORK_KIND_FORK]);
	if (totals->fork_kinds[FORK_KIND_VFORK])
		page_item(page, "%" PRIu64 " vfork", totals->fork_kinds[FORK_KIND_VFORK]);
	if (totals->fork_kinds[FORK_KIND_CLONE])
		page_item(page, "%" PRIu64 " clone", totals->fork_kinds[FORK_KIND_CLONE]);
	page_item(page, "%" PRIu64 " execs", totals->execs);
	page_item(page, "%" PRIu64 " exits", totals->exits);
	page_item(page, "%" PRIu64 " were there before", totals->processes);
	page_line(page);
}

struct failure {
	uint64_t cnt;
	bool signal;
	uint8_t value;
};

static int compare_failures(const void *a, const void *b)
{
	const struct failure *x = a, *y = b;

	return (x->cnt < y->cnt) - (x->cnt > y->cnt);
}

static size_t gather_failures(const struct stats_totals *totals, struct failure *ret_failures)
{
	size_t cnt = 0;

	for (unsigned code = 1; code < 256; code++)
		if (totals->codes[code])
			ret_failures[cnt++] = (struct failure){totals->codes[code], false, code};
	for (unsigned signal = 0; signal < 128; signal++)
		if (totals->signals[signal])
			ret_failures[cnt++] =
				(struct failure){totals->signals[signal], true, signal};
	qsort(ret_failures, cnt, sizeof(*ret_failures), compare_failures);
	return cnt;
}

static void print_failure(struct page *page, const struct failure *failure)
{
	char scratch[SIGNAME_BYTES];

	if (failure->signal)
		page_item(page, "%" PRIu64 " by %s", failure->cnt,
			  signame(failure->value, scratch));
	else
		page_item(page, "%" PRIu64 " with code %u", failure->cnt, failure->value);
}

static void print_failures(struct page *page, const struct stats_totals *totals)
{
	struct failure failures[256 + 128];
	size_t cnt = gather_failures(totals, failures);
	uint64_t others = 0;

	page_label(page, "failures");
	page_item(page, "%" PRIu64 " of %" PRIu64 " exits", totals->failures, totals->exits);
	for (size_t i = 0; i < cnt; i++) {
		if (i < FAILURES_MAX)
			print_failure(page, &failures[i]);
		else
			others += failures[i].cnt;
	}
	if (others)
		page_item(page, "%" PRIu64 " others", others);
	if (totals->core_dumped)
		page_item(page, "%" PRIu64 " dumped core", totals->core_dumped);
	if (totals->oom)
		page_item(page, "%" PRIu64 " out of memory", totals->oom);
	if (totals->ends_unknown)
		page_item(page, "%" PRIu64 " ended nobody knows how", totals->ends_unknown);
	page_line(page);
}

static void print_zombies(struct page *page, const struct stats *stats, const struct fact *end)
{
	uint64_t now_ns = end ? end->boot_ns : 0;
	struct stats_zombies zombies;
	char text[DURATION_TEXT_BYTES];
	bool told = end && fact_num_known(end->end.zombies_left);

	stats_zombies(stats, &zombies);
	page_label(page, "zombies");
	page_item(page, "%" PRIu64 " left", told ? end->end.zombies_left : zombies.cnt);
	if (zombies.cnt && !zombies.since_ns)
		page_item(page, "the oldest from before the start");
	else if (zombies.cnt && now_ns > zombies.since_ns)
		page_item(page, "the oldest for %s", span(text, now_ns - zombies.since_ns));
	page_line(page);
}

/* "at most" is said where more than one in a hundred is an upper bound. */
static const char *at_most(const struct stats_latency *latency)
{
	return latency->at_most_cnt * 100 > latency->cnt ? "at most " : "";
}

static void print_latency(struct page *page, const struct stats *stats)
{
	const struct stats_totals *totals = stats_totals(stats);
	char median[DURATION_TEXT_BYTES], p99[DURATION_TEXT_BYTES], max[DURATION_TEXT_BYTES];
	struct stats_latency latency;

	stats_latency(stats, &latency);
	page_label(page, "reaps");
	page_item(page, "%" PRIu64, totals->reaps);
	if (totals->hows[HOW_AUTO])
		page_item(page, "%" PRIu64 " by themselves", totals->hows[HOW_AUTO]);
	if (totals->hows[HOW_NAMESPACE])
		page_item(page, "%" PRIu64 " with their namespace", totals->hows[HOW_NAMESPACE]);
	if (totals->hows[HOW_UNSEEN])
		page_item(page, "%" PRIu64 " not seen as they happened", totals->hows[HOW_UNSEEN]);
	page_line(page);
	page_label(page, "latency");
	if (latency.cnt)
		page_item(page, "median %s%s, p99 %s%s, max %s%s", at_most(&latency),
			  span(median, latency.median_ns), at_most(&latency),
			  span(p99, latency.p99_ns), at_most(&latency), span(max, latency.max_ns));
	else
		page_item(page, "none measured");
	if (totals->older_reaps)
		page_item(page, "%" PRIu64 " older than the run (at least %s)", totals->older_reaps,
			  span(max, totals->older_max_ns));
	page_line(page);
}

static void print_parent(struct page *page, const struct stats_parent *parent)
{
	char median[DURATION_TEXT_BYTES], p99[DURATION_TEXT_BYTES], max[DURATION_TEXT_BYTES];
	const struct stats_latency *latency = &parent->latency;
	char numbers[COLUMNS];

	page_words(page, "  ");
	if (parent->comm[0])
		page->columns += printable_add(&page->text, parent->comm, strlen(parent->comm),
					       WHO_COLUMNS - 2 - 12, !page->utf8);
	else
		page_words(page, "?");
	snprintf(numbers, sizeof(numbers), "(%u)", parent->id.tgid);
	page_words(page, numbers);
	page_to(page, WHO_COLUMNS);
	snprintf(numbers, sizeof(numbers), "%8" PRIu64 " %8" PRIu64, latency->cnt,
		 parent->zombies_cnt);
	page_words(page, numbers);
	if (latency->cnt) {
		snprintf(numbers, sizeof(numbers), " %7s %7s %7s%s",
			 span(median, latency->median_ns), span(p99, latency->p99_ns),
			 span(max, latency->max_ns), *at_most(latency) ? "  at most" : "");
		page_words(page, numbers);
	}
	page_line(page);
}

static int print_parents(struct page *page, struct stats *stats)
{
	struct stats_parent worst[WORST_PARENTS];
	struct stats_other other;
	int cnt = stats_worst_parents(stats, worst, WORST_PARENTS);

	if (cnt <= 0)
		return cnt;
	page_words(page, "  worst parents");
	page_to(page, WHO_COLUMNS);
	page_words(page, "   reaps  zombies  median     p99     max");
	page_line(page);
	for (int i = 0; i < cnt; i++)
		print_parent(page, &worst[i]);
	stats_other(stats, &other);
	if (other.parents_cnt) {
		page_words(page, "  ");
		page_item(page, "%" PRIu64 " more, with %" PRIu64 " reaps, not kept apart",
			  other.parents_cnt, other.latency.cnt);
		page_line(page);
	}
	return 0;
}

static void print_orphans(struct page *page, const struct stats_totals *totals)
{
	page_label(page, "orphans");
	page_item(page, "%" PRIu64 " handed on", totals->reparents);
	if (totals->adopters[ADOPTER_SUBREAPER])
		page_item(page, "%" PRIu64 " to a subreaper", totals->adopters[ADOPTER_SUBREAPER]);
	if (totals->adopters[ADOPTER_INIT])
		page_item(page, "%" PRIu64 " to init", totals->adopters[ADOPTER_INIT]);
	if (totals->adopters[ADOPTER_NS_INIT])
		page_item(page, "%" PRIu64 " to a namespace's init",
			  totals->adopters[ADOPTER_NS_INIT]);
	if (totals->adopters_unknown)
		page_item(page, "%" PRIu64 " nobody knows to whom", totals->adopters_unknown);
	page_line(page);
}

static void print_events(struct page *page, const struct stats_totals *totals,
			 const struct fact *end)
{
	uint64_t dropped = known(end->end.dropped), lost = totals->lost;

	page_label(page, "lost");
	lost = dropped > lost ? dropped : lost;
	page_item(page, "%" PRIu64 " events", lost);
	if (fact_num_known(end->end.seen))
		page_item(page, "%" PRIu64 " seen = %" PRIu64 " delivered + %" PRIu64 " dropped",
			  end->end.seen, known(end->end.delivered), dropped);
	if (known(end->end.recursion_misses))
		page_item(page, "%" PRIu64 " missed by recursion", end->end.recursion_misses);
	if (known(end->end.malformed))
		page_item(page, "%" PRIu64 " malformed", end->end.malformed);
	if (known(end->end.output_dropped))
		page_item(page, "%" PRIu64 " lines not written", end->end.output_dropped);
	if (known(end->end.late_frees))
		page_item(page, "%" PRIu64 " final costs late", end->end.late_frees);
	if (totals->lives_left_out)
		page_item(page, "%" PRIu64 " lives beyond the table", totals->lives_left_out);
	page_line(page);
}

static void print_check(struct page *page, const struct fact *end)
{
	page_label(page, "check");
	if (fact_text_known(end->end.verdict)) {
		page->columns += printable_add(&page->text, end->end.verdict.bytes,
					       end->end.verdict.len, 20, !page->utf8);
	} else {
		page_item(page, "no verdict");
	}
	if (fact_num_known(end->end.verify_rounds))
		page_item(page, "%" PRIu64 " compared with /proc in %" PRIu64 " %s",
			  known(end->end.verify_compared), end->end.verify_rounds,
			  end->end.verify_rounds == 1 ? "round" : "rounds");
	if (fact_num_known(end->end.verify_mismatches))
		page_item(page, "%" PRIu64 " disagreed", end->end.verify_mismatches);
	page_line(page);
}

static void print_cost(struct page *page, const struct fact *end)
{
	uint64_t cpu_ns = known(end->end.tracer_user_ns) + known(end->end.tracer_system_ns);
	uint64_t elapsed_ns = known(end->end.elapsed_ns);
	char cpu[DURATION_TEXT_BYTES], elapsed[DURATION_TEXT_BYTES];

	page_label(page, "cost");
	if (fact_num_known(end->end.tracer_user_ns))
		page_item(page, "%s of CPU", span(cpu, cpu_ns));
	if (elapsed_ns)
		page_item(page, "%.1f %% of one CPU over %s", 100.0 * cpu_ns / elapsed_ns,
			  span(elapsed, elapsed_ns));
	if (fact_num_known(end->end.max_rss_bytes))
		page_item(page, "%.1f MiB", end->end.max_rss_bytes / 1048576.0);
	page_line(page);
}

int summary_print(struct stats *stats, const struct fact *end,
		  const struct summary_options *options, FILE *out)
{
	const struct stats_totals *totals = stats_totals(stats);
	struct page page = {.utf8 = options->utf8};
	int err;

	buffer_init(&page.text, SUMMARY_BYTES_MAX);
	print_lives(&page, totals);
	print_failures(&page, totals);
	print_zombies(&page, stats, end);
	print_latency(&page, stats);
	err = print_parents(&page, stats);
	print_orphans(&page, totals);
	if (end) {
		print_events(&page, totals, end);
		print_check(&page, end);
		print_cost(&page, end);
	} else {
		page_label(&page, "end");
		page_item(&page, "missing: the run broke off, nothing is known of losses");
		page_line(&page);
	}
	if (!err)
		err = page.text.error;
	if (!err && fwrite(page.text.bytes, 1, page.text.len, out) != page.text.len)
		err = -EIO;
	if (!err && fflush(out))
		err = -errno;
	buffer_release(&page.text);
	return err;
}
