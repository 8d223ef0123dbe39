#include "procfs/late.h"

void late_begin(struct late_list *list)
{
	for (size_t i = 0; i < list->cnt; i++)
		list->late[i].seen = false;
}

static struct late *find(struct late_list *list, struct pt_identity who)
{
	for (size_t i = 0; i < list->cnt; i++) {
		struct late *late = &list->late[i];

		if (late->who.tgid == who.tgid && late->who.start_ns == who.start_ns)
			return late;
	}
	return NULL;
}

uint64_t late_see(struct late_list *list, struct pt_identity who, uint64_t now_ns)
{
	struct late *late = find(list, who);

	if (!late) {
		if (list->cnt == LATE_MAX)
			return 0;
		late = &list->late[list->cnt++];
		*late = (struct late){.who = who, .since_ns = now_ns};
	}
	late->seen = true;
	return now_ns - late->since_ns;
}

void late_end(struct late_list *list)
{
	size_t kept_cnt = 0;

	for (size_t i = 0; i < list->cnt; i++) {
		if (list->late[i].seen)
			list->late[kept_cnt++] = list->late[i];
	}
	list->cnt = kept_cnt;
}
