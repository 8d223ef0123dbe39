/* Where a process lives, as the model tells it. */
#include "records.h"

#define T old(10)
#define C young(100)

static const struct fact_place *born_at(struct story *s, const struct pt_place *place)
{
	struct pt_event_fork r = fork_record(10, C, T);

	r.place = *place;
	assert_int_equal(send(s, &r), 0);
	s->read = s->cnt;
	return &story_last(s)->fork.place;
}

static void v2_unless_root(void **state)
{
	struct story *s = story_begin();
	struct pt_place place = place_at(C);
	const struct fact_place *told;

	place.v1_cgroup_id = 5;
	place.v1_hierarchy = 9;
	told = born_at(s, &place);
	assert_int_equal(told->cgroup_id, 77);
	assert_int_equal(told->cgroup_hierarchy, 0);
	story_end(s);
}

static void v1_where_v2_is_root(void **state)
{
	struct story *s = story_begin();
	struct pt_place place = place_at(C);
	const struct fact_place *told;

	place.cgroup_id = 1;
	place.v1_cgroup_id = 5;
	place.v1_hierarchy = 9;
	told = born_at(s, &place);
	assert_int_equal(told->cgroup_id, 5);
	assert_int_equal(told->cgroup_hierarchy, 9);
	story_end(s);
}

static void root_of_all(void **state)
{
	struct story *s = story_begin();
	struct pt_place place = place_at(C);
	const struct fact_place *told;

	place.cgroup_id = 1;
	told = born_at(s, &place);
	assert_int_equal(told->cgroup_id, 1);
	assert_int_equal(told->cgroup_hierarchy, 0);
	story_end(s);
}

static void cgroup_not_known(void **state)
{
	struct story *s = story_begin();
	struct pt_place place = place_at(C);

	place.cgroup_id = 0;
	assert_int_equal(born_at(s, &place)->cgroup_id, FACT_UNKNOWN);
	story_end(s);
}

static void login_and_session(void **state)
{
	struct story *s = story_begin();
	struct pt_place place = place_at(C);
	const struct fact_place *told;

	place.login_uid = 1000;
	place.session = 42;
	told = born_at(s, &place);
	assert_int_equal(told->login_uid, 1000);
	assert_int_equal(told->session, 42);
	story_end(s);
	s = story_begin();
	place.login_uid = PT_LOGIN_UNSET;
	place.session = 0;
	told = born_at(s, &place);
	assert_int_equal(told->login_uid, FACT_ABSENT);
	assert_int_equal(told->session, FACT_ABSENT);
	story_end(s);
}

/* The text is lent for the call alone. */
static char tty_told[64];

static void keep_tty(void *context, const struct fact *fact)
{
	struct fact_text tty = fact->fork.place.tty;

	if (tty.len == FACT_TEXT_ABSENT)
		strcpy(tty_told, "(absent)");
	else if (tty.len == FACT_TEXT_UNKNOWN)
		strcpy(tty_told, "(unknown)");
	else
		snprintf(tty_told, sizeof(tty_told), "%.*s", (int)tty.len, tty.bytes);
}

static void terminal(void **state)
{
	static const char names[][2][PT_TTY_BYTES + 2] = {
		{"pts0", "pts/0"},  {"pts/7", "pts/7"},
		{"tty1", "tty1"},   {"ttyUSB0", "ttyUSB0"},
		{"pts", "pts"},	    {"", "(absent)"},
		{"?", "(unknown)"}, {"pts123456789012", "pts/123456789012"},
	};
	const struct model_config config = {.start_ns = START_NS, .complete = true};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct model *model = model_new(&config, keep_tty, NULL);
		struct pt_event_fork r = fork_record(10, C, T);
		struct event event = event_of(&r.head);

		memcpy(r.place.tty, names[i][0], PT_TTY_BYTES);
		assert_int_equal(model_event(model, &event), 0);
		assert_string_equal(tty_told, names[i][1]);
		model_free(model);
	}
}

/* Where its birth was lost, what an early look at it said is told. */
static void as_it_was_found(void **state)
{
	struct story *s = story_begin();
	struct pt_event_task r = task_record(10, C, T, 0);
	const struct fact_place *told;

	r.place.cgroup_id = 1;
	r.place.v1_cgroup_id = 5;
	r.place.v1_hierarchy = 9;
	r.place.login_uid = 1000;
	r.place.session = 42;
	assert_int_equal(send(s, &r), 0);
	model_gap(s->model);
	model_healed(s->model);
	story_told(s, "process 100<10 alive unsure");
	told = &story_last(s)->process.place;
	assert_int_equal(told->cgroup_id, 5);
	assert_int_equal(told->cgroup_hierarchy, 9);
	assert_int_equal(told->login_uid, 1000);
	assert_int_equal(told->session, 42);
	assert_int_equal(told->tty.len, FACT_TEXT_UNKNOWN);
	story_end(s);
}

static const struct fact *oom_death(struct story *s, uint64_t at_choice, uint64_t at_death,
				    bool told)
{
	struct pt_event_oom r = {.head = HEAD(PT_KIND_OOM, sizeof(r), 20), .who = C};
	struct pt_event_exit exit = exit_record(30, C, T, 9);

	is_born(s, 10, C, T);
	r.cgroup_id = at_choice;
	r.hierarchy = 9;
	if (told)
		send(s, &r);
	r.cgroup_id = at_death;
	r.hierarchy = 8;
	if (told)
		send(s, &r);
	exit.head.flags = PT_EXIT_OOM;
	send(s, &exit);
	s->read = s->cnt;
	return story_last(s);
}

static void oom_cgroup(void **state)
{
	struct story *s = story_begin();
	const struct fact *exit = oom_death(s, 5, 6, true);

	assert_int_equal(exit->exit.oom_cgroup_id, 5);
	assert_int_equal(exit->exit.oom_hierarchy, 9);
	story_end(s);
	s = story_begin();
	exit = oom_death(s, 0, 6, true);
	assert_int_equal(exit->exit.oom_cgroup_id, 6);
	assert_int_equal(exit->exit.oom_hierarchy, 8);
	story_end(s);
	s = story_begin(); /* the records were lost: where it was born is no answer */
	exit = oom_death(s, 0, 0, false);
	assert_int_equal(exit->exit.oom, true);
	assert_int_equal(exit->exit.oom_cgroup_id, FACT_UNKNOWN);
	story_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v2_unless_root),    cmocka_unit_test(v1_where_v2_is_root),
		cmocka_unit_test(root_of_all),	     cmocka_unit_test(cgroup_not_known),
		cmocka_unit_test(login_and_session), cmocka_unit_test(terminal),
		cmocka_unit_test(as_it_was_found),   cmocka_unit_test(oom_cgroup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
