#include "stream.h"

#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include "model/stats.h"
#include "model/tree.h"
#include "procfs/cmdline.h"
#include "procfs/cgroup_names.h"
#include "procfs/container.h"
#include "procfs/proc.h"
#include "sink/json.h"
#include "sink/select.h"
#include "sink/summary.h"
#include "sink/text.h"
#include "sink/tree_text.h"

struct stream {
	const struct options *options;
	const struct run *run;
	struct sink *json, *text;
	struct select *select;
	struct tree *tree; /* only with --tree */
	struct stats *stats;
	struct proc_root proc;
	char args[PT_ARGS_BYTES]; /* of the process at hand */
	struct cgroup_names *cgroups;
	unsigned width;
	bool color;
	uint64_t unmade; /* facts that memory was missing for */
};

static bool is_utf8(void)
{
	return strcasecmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* What has passed the filters. */
static void on_selected(void *context, const struct fact *fact)
{
	struct stream *stream = context;

	if (stream->json)
		stream->json->ops->take(stream->json, fact);
	if (stream->text)
		stream->text->ops->take(stream->text, fact);
}

static int open_sinks(struct stream *stream, const struct stream_config *config)
{
	struct json_sink_config json = {.run = &config->run->context,
					.fd = config->outputs->json_fd};
	struct text_sink_config text = {
		.run = &config->run->context,
		.fd = config->outputs->text_fd,
		.color = config->outputs->color,
		.columns = outputs_width(config->outputs),
		.ascii = !is_utf8(),
		.time = config->options->time,
		.show_free = config->options->filters.types & 1u << FACT_FREE,
		.show_processes = config->options->filters.types & 1u << FACT_PROCESS,
	};

	if (config->outputs->json_fd >= 0 && !(stream->json = json_sink_new(&json)))
		return -ENOMEM;
	if (config->outputs->text_fd >= 0 && !(stream->text = text_sink_new(&text)))
		return -ENOMEM;
	return 0;
}

struct stream *stream_new(const struct stream_config *config)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	stream->options = config->options;
	stream->run = config->run;
	stream->width = outputs_width(config->outputs);
	stream->color = config->outputs->color;
	stream->stats = stats_new();
	(void)proc_root_init(&stream->proc, NULL);
	stream->cgroups = cgroup_names_new(&stream->proc);
	stream->select = select_new(&config->options->filters, on_selected, stream);
	if (config->options->tree)
		stream->tree = tree_new(config->options->tree_max);
	if (stream->stats && stream->cgroups && stream->select &&
	    (stream->tree || !config->options->tree) && open_sinks(stream, config) == 0)
		return stream;
	stream_free(stream);
	return NULL;
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	sink_free(stream->json);
	sink_free(stream->text);
	select_free(stream->select);
	tree_free(stream->tree);
	stats_free(stream->stats);
	cgroup_names_free(stream->cgroups);
	proc_root_release(&stream->proc);
	free(stream);
}

/* The path of a cgroup, which the kernel half tells by its id alone. Lent until the next call. */
static struct fact_text cgroup_path(struct stream *stream, fact_num hierarchy, fact_num id)
{
	const char *path = NULL;

	if (id == FACT_ABSENT)
		return (struct fact_text){.len = FACT_TEXT_ABSENT};
	if (fact_num_known(id) && fact_num_known(hierarchy))
		path = cgroup_names_find(stream->cgroups, hierarchy, id);
	return path ? (struct fact_text){path, strlen(path)}
		    : (struct fact_text){.len = FACT_TEXT_UNKNOWN};
}

/* Without a path it is not known whether there is a container. */
static void name_place(struct stream *stream, struct fact_place *place)
{
	struct fact_text *container = &place->container;

	place->cgroup = cgroup_path(stream, place->cgroup_hierarchy, place->cgroup_id);
	*container = (struct fact_text){.len = FACT_TEXT_ABSENT};
	if (!fact_text_known(place->cgroup))
		container->len = place->cgroup.len;
	else
		(void)container_of_cgroup(place->cgroup.bytes, place->cgroup.len, &container->bytes,
					  &container->len);
}

/* What the model cannot know: names of cgroups. */
static void name_cgroups(struct stream *stream, struct fact *fact)
{
	if (fact->type == FACT_FORK)
		name_place(stream, &fact->fork.place);
	else if (fact->type == FACT_PROCESS)
		name_place(stream, &fact->process.place);
	else
		fact->exit.oom_cgroup =
			cgroup_path(stream, fact->exit.oom_hierarchy, fact->exit.oom_cgroup_id);
}

/* One that did not fit is found by its id as long as it lives. */
void stream_cgroup(struct stream *stream, const struct pt_event_cgroup *cgroup)
{
	if (cgroup->head.flags & PT_CGROUP_RENAMED)
		cgroup_names_forget(stream->cgroups, cgroup->hierarchy);
	if (cgroup->path[0] && strlen(cgroup->path) < PT_CGROUP_BYTES - 1)
		(void)cgroup_names_learn(stream->cgroups, cgroup->hierarchy, cgroup->cgroup_id,
					 cgroup->path);
}

static void take(struct stream *stream, const struct fact *fact)
{
	int error = stats_take(stream->stats, fact);

	if (stream->tree && tree_take(stream->tree, fact) < 0)
		error = -ENOMEM;
	stream->unmade += error < 0;
	select_take(stream->select, fact);
}

/*
 * The arguments of one that was there before us: the kernel half saw no exec of it. Only where somebody
 * sees them: a line of JSON or the tree.
 */
static void add_arguments(struct stream *stream, struct fact *process)
{
	struct pt_identity who = {.tgid = process->who.pid, .start_ns = process->who.start_ns};
	size_t len;
	bool cut;

	if (stream->options->no_args || !(stream->json || stream->tree) || !who.start_ns ||
	    process->process.kthread == true || !proc_root_initial(&stream->proc))
		return;
	if (cmdline_read(&stream->proc, who, stream->args, sizeof(stream->args), &len, &cut) == 0)
		process->process.args = (struct fact_text){stream->args, len};
}

void stream_take(struct stream *stream, const struct fact *fact)
{
	struct fact named;

	if (fact->type != FACT_FORK && fact->type != FACT_PROCESS &&
	    !(fact->type == FACT_EXIT && fact->exit.oom == true)) {
		take(stream, fact);
		return;
	}
	named = *fact;
	name_cgroups(stream, &named);
	if (fact->type == FACT_PROCESS)
		add_arguments(stream, &named);
	take(stream, &named);
}

int stream_flush(struct stream *stream)
{
	int json = stream->json ? stream->json->ops->flush(stream->json) : 0;
	int text = stream->text ? stream->text->ops->flush(stream->text) : 0;

	return json ? json : text;
}

uint64_t stream_lost(const struct stream *stream)
{
	return stream->unmade + select_lost(stream->select) +
	       (stream->json ? json_sink_lost(stream->json) : 0) +
	       (stream->text ? text_sink_lost(stream->text) : 0);
}

void stream_end(const struct stream *stream, struct fact *end)
{
	const struct stats_totals *totals = stats_totals(stream->stats);
	struct stats_zombies zombies;
	struct rusage usage;

	stats_zombies(stream->stats, &zombies);
	end->end.forks = totals->forks;
	end->end.execs = totals->execs;
	end->end.exits = totals->exits;
	end->end.failures = totals->failures;
	end->end.reaps = totals->reaps;
	end->end.reparents = totals->reparents;
	end->end.processes = totals->processes;
	end->end.zombies_left = zombies.cnt;
	end->end.output_dropped = stream_lost(stream);
	end->end.elapsed_ns = end->boot_ns - stream->run->context.start_ns;
	if (getrusage(RUSAGE_SELF, &usage) < 0)
		return;
	end->end.tracer_user_ns =
		usage.ru_utime.tv_sec * 1000000000ull + usage.ru_utime.tv_usec * 1000ull;
	end->end.tracer_system_ns =
		usage.ru_stime.tv_sec * 1000000000ull + usage.ru_stime.tv_usec * 1000ull;
	end->end.max_rss_bytes = usage.ru_maxrss * 1024ull;
}

/* A stream on a copy of the descriptor, so that closing it leaves that open. */
static FILE *open_copy(int fd)
{
	int copy = dup(fd);
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");

	if (!out && copy >= 0)
		close(copy);
	return out;
}

int stream_draw_tree(struct stream *stream, int fd, uint64_t now_ns)
{
	struct tree_text_options options = {
		.utf8 = is_utf8(),
		.color = stream->color,
		.width = stream->width,
		.now_ns = now_ns,
		.boot_to_wall_ns = stream->run->context.boot_to_wall_ns,
	};
	FILE *out = stream->tree ? open_copy(fd) : NULL;
	int error;

	if (!stream->tree)
		return -ENOENT;
	if (!out)
		return -errno;
	error = tree_text_draw(stream->tree, &options, out);
	return fclose(out) && !error ? -errno : error;
}

int stream_print_summary(struct stream *stream, int fd, const struct fact *end)
{
	struct summary_options options = {.utf8 = is_utf8()};
	FILE *out = open_copy(fd);
	int error;

	if (!out)
		return -errno;
	error = summary_print(stream->stats, end, &options, out);
	return fclose(out) && !error ? -errno : error;
}

void stream_resize(struct stream *stream, unsigned width)
{
	stream->width = width;
	if (stream->text)
		text_sink_resize(stream->text, width);
}
