#include "model/costs.h"

/* Without a tick in system mode all of it is user time, as in the kernel. */
static uint64_t system_share_ns(const struct pt_costs *costs)
{
	unsigned __int128 ticked_ns = (unsigned __int128)costs->user_ns + costs->system_ns;

	if (!costs->system_ns)
		return 0;
	if (!costs->user_ns)
		return costs->run_ns;
	return (uint64_t)((unsigned __int128)costs->run_ns * costs->system_ns / ticked_ns);
}

struct fact_costs costs_of(const struct pt_costs *costs, bool partial)
{
	struct fact_costs facts = costs_unknown();

	facts.max_rss_bytes = costs->max_rss_bytes;
	if (partial)
		return facts;
	facts.system_ns = system_share_ns(costs);
	facts.user_ns = costs->run_ns - facts.system_ns;
	facts.minor_faults = costs->minor_faults;
	facts.major_faults = costs->major_faults;
	facts.voluntary_switches = costs->voluntary_switches;
	facts.involuntary_switches = costs->involuntary_switches;
	facts.read_bytes = costs->read_bytes;
	facts.write_bytes = costs->write_bytes;
	return facts;
}

struct fact_costs costs_unknown(void)
{
	return (struct fact_costs){
		.user_ns = FACT_UNKNOWN,
		.system_ns = FACT_UNKNOWN,
		.max_rss_bytes = FACT_UNKNOWN,
		.minor_faults = FACT_UNKNOWN,
		.major_faults = FACT_UNKNOWN,
		.voluntary_switches = FACT_UNKNOWN,
		.involuntary_switches = FACT_UNKNOWN,
		.read_bytes = FACT_UNKNOWN,
		.write_bytes = FACT_UNKNOWN,
	};
}
