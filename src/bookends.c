#include "bookends.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/printable.h"

static struct fact_text text_of(const char *text)
{
	return (struct fact_text){.bytes = text, .len = strlen(text)};
}

/* Words that do not fit any more are left out: they are for the reader, nothing depends on them. */
static struct fact_text list_options(const struct options *options, char *ret_list, size_t size)
{
	size_t len = 0;

	for (char *const *word = options->argv; word && *word && word != options->command; word++) {
		size_t bytes = strlen(*word);

		if (len + 1 + bytes > size)
			break;
		if (len)
			ret_list[len++] = ' ';
		memcpy(ret_list + len, *word, bytes);
		len += bytes;
	}
	return (struct fact_text){.bytes = ret_list, .len = len};
}

/* Who is at the keyboard: the user behind sudo, or our own. */
static struct fact_text name_user(char *ret_name, size_t size)
{
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	const struct passwd *entry = sudo ? NULL : getpwuid(getuid());

	snprintf(ret_name, size, "%s", sudo ? sudo : entry ? entry->pw_name : "");
	return *ret_name ? text_of(ret_name) : (struct fact_text){.len = FACT_TEXT_UNKNOWN};
}

void bookends_start(const struct run *run, const struct options *options, const struct probe *probe,
		    struct bookend_texts *texts, struct fact *ret_fact)
{
	fact_clear(ret_fact, FACT_START, run->context.start_ns);
	ret_fact->start.version = text_of(PROCTRACE_VERSION);
	ret_fact->start.boot_id = text_of(run->boot_id);
	ret_fact->start.kernel = text_of(run->uts.release);
	ret_fact->start.arch = text_of(run->uts.machine);
	if (options->command)
		ret_fact->start.command = text_of(options->command[0]);
	ret_fact->start.options = list_options(options, texts->options, sizeof(texts->options));
	ret_fact->start.user = name_user(texts->user, sizeof(texts->user));
	ret_fact->start.hooks = probe_hooks(probe);
	ret_fact->start.reap_source = probe_reap_source(probe);
	ret_fact->start.ring_bytes = probe_ring_bytes(probe);
	ret_fact->start.started_boot_ns = run->context.start_ns;
}

void bookends_end(const struct losses *losses, const struct probe *probe,
		  const struct crosscheck *check, struct fact *end)
{
	const char *verdict = "complete";

	losses_end(losses, probe, end);
	end->end.verify_rounds = check->rounds;
	end->end.verify_compared = check->compared;
	end->end.verify_mismatches = check->mismatches;
	if (check->mismatches)
		verdict = "mismatch";
	else if (end->end.seen != end->end.delivered || end->end.unaccounted ||
		 end->end.recursion_misses || end->end.malformed || losses->model)
		verdict = "lossy";
	else if (!check->rounds)
		verdict = "unverified";
	end->end.verdict = text_of(verdict);
}

#define ALIVE_LISTED 20

struct alive_list {
	struct buffer *names;
	size_t cnt;
};

static int add_alive(void *context, const struct process_view *view)
{
	struct alive_list *list = context;

	if (view->state != PROCESS_ALIVE || list->cnt++ >= ALIVE_LISTED)
		return 0;
	buffer_add_char(list->names, ' ');
	printable_add(list->names, view->comm, strlen(view->comm), PRINTABLE_WHOLE, false);
	buffer_add_char(list->names, '(');
	buffer_add_u64(list->names, view->id.tgid);
	buffer_add_char(list->names, ')');
	return 0;
}

size_t bookends_alive(const struct model *model, struct buffer *names)
{
	struct alive_list list = {.names = names};

	model_each(model, add_alive, &list);
	if (list.cnt > ALIVE_LISTED)
		buffer_add_text(names, " and more");
	return list.cnt;
}
