#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "model/tree.h"
#include "sink/tree_text.h"
#include "tree_facts.h"

static const struct tree_text_options UTF8 = {.utf8 = true, .now_ns = AT(5000)};
static const struct tree_text_options ASCII = {.now_ns = AT(5000)};

static void take(struct tree *tree, struct fact fact)
{
	assert_int_equal(tree_take(tree, &fact), 0);
}

static char *draw(struct tree *tree, const struct tree_text_options *options)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(tree_text_draw(tree, options, out), 0);
	fclose(out);
	assert_int_equal(strlen(text), len);
	return text;
}

static void assert_drawn(struct tree *tree, const struct tree_text_options *options,
			 const char *expected)
{
	char *text = draw(tree, options);

	assert_string_equal(text, expected);
	free(text);
}

static void assert_has(struct tree *tree, const struct tree_text_options *options,
		       const char *expected)
{
	char *text = draw(tree, options);

	if (!strstr(text, expected))
		fail_msg("no \"%s\" in\n%s", expected, text);
	free(text);
}

static const struct fact_id INIT = {.pid = 1, .start_ns = 5};

/* sh(1200) forks sleep and cc, and dies; sleep is handed to init. */
static struct tree *small_family(void)
{
	struct tree *tree = tree_new(100);
	struct fact_id sh = id_at(1200, 0), sleep = id_at(1201, 10), cc = id_at(1202, 20);
	struct fact_id ld = id_at(1203, 25);
	struct fact fact;

	take(tree, fork_of(id_at(900, -1000), sh, "bash"));
	fact = fact_about(FACT_EXEC, 1, sh);
	fact.comm = TEXT("sh");
	fact.exec.args = TEXT("sh\0-c\0sleep .3 & cc\0");
	take(tree, fact);
	take(tree, fork_of(sh, sleep, "sleep"));
	take(tree, fork_of(sh, cc, "cc"));
	take(tree, fork_of(cc, ld, "ld"));
	take(tree, exit_of(ld, 30, 1));
	take(tree, reap_of(ld, cc, 31, 250000));
	fact = signalled(cc, 40, 9);
	fact.exit.killer = KILLER_PROCESS;
	fact.exit.killer_id = sh;
	take(tree, fact);
	take(tree, reap_of(cc, sh, 42, 2 * MS));
	take(tree, exit_of(sh, 50, 0));
	take(tree, reparent_of(sleep, sh, INIT, 50));
	fact = reap_of(sh, id_at(900, -1000), 51, 120000);
	take(tree, fact);
	return tree;
}

static void draws_family(void **state)
{
	struct tree *tree = small_family();

	assert_drawn(tree, &UTF8,
		     "?(900)\n"
		     "└─sh(1200)        50.0ms  code 0, zombie 120us                sh -c 'sleep "
		     ".3 & cc'\n"
		     "  ├─sleep(1201)    4.99s  alive, handed to ?(1) at +40.0ms\n"
		     "  └─cc(1202)      20.0ms  SIGKILL, killed by sh(1200), zombie 2.00ms\n"
		     "    └─ld(1203)    5.00ms  code 1, zombie 250us\n"
		     "4 lives, 1 alive, 0 zombies\n");
	assert_drawn(tree, &ASCII,
		     "?(900)\n"
		     "`-sh(1200)        50.0ms  code 0, zombie 120us                sh -c 'sleep "
		     ".3 & cc'\n"
		     "  |-sleep(1201)    4.99s  alive, handed to ?(1) at +40.0ms\n"
		     "  `-cc(1202)      20.0ms  SIGKILL, killed by sh(1200), zombie 2.00ms\n"
		     "    `-ld(1203)    5.00ms  code 1, zombie 250us\n"
		     "4 lives, 1 alive, 0 zombies\n");
	tree_free(tree);
}

/* Arguments are cut to the width, by columns; what is more important is not. */
static void cuts_arguments_to_width(void **state)
{
	struct tree *tree = small_family();
	struct tree_text_options options = ASCII;

	options.width = 76;
	assert_has(tree, &options, "sh -c 'slee...\n");
	options.width = 40;
	assert_has(tree, &options, "code 0, zombie 120us\n");
	tree_free(tree);
}

static void keeps_order_of_birth(void **state)
{
	struct tree *tree = tree_new(0);
	const struct life *life;
	size_t depth;

	/* As a snapshot tells them, by number after numbers went round; the parent last. */
	for (int i = 0; i < 3; i++) {
		struct fact fact = fact_about(FACT_PROCESS, 1000, id_at(10 + i, 300 - i * 100));

		fact.parent = id_at(50, 1);
		take(tree, fact);
	}
	take(tree, fact_about(FACT_PROCESS, 1000, id_at(50, 1)));
	life = tree_first(tree, false, &depth);
	for (uint32_t i = 0, order[] = {50, 12, 11, 10}; i < 4; i++) {
		assert_non_null(life);
		assert_int_equal(life->id.tgid, order[i]);
		assert_int_equal(depth, i > 0);
		life = tree_next(life, &depth);
	}
	assert_null(life);
	tree_free(tree);
}

/*
 * A walk links the roots; a root that finds its parent afterwards must not drag the others along.
 */
static void root_finds_parent_after_walk(void **state)
{
	struct tree *tree = tree_new(0);
	size_t depth, cnt = 0;
	const struct life *life;

	take(tree, fact_about(FACT_EXEC, 20, id_at(5, 5)));
	take(tree, fact_about(FACT_EXEC, 20, id_at(6, 6)));
	tree_first(tree, false, &depth);
	take(tree, fork_of(id_at(4, 4), id_at(5, 5), "late"));
	for (life = tree_first(tree, false, &depth); life; life = tree_next(life, &depth)) {
		assert_int_equal(life->id.tgid, 4 + cnt);
		assert_int_equal(depth, cnt == 1);
		cnt++;
	}
	assert_int_equal(cnt, 3);
	tree_free(tree);
}

static void survives_loops_in_recordings(void **state)
{
	struct tree *tree = tree_new(0);
	size_t depth, cnt = 0;
	const struct life *life;

	take(tree, fork_of(id_at(1, 1), id_at(2, 2), "a"));
	take(tree, fork_of(id_at(2, 2), id_at(1, 1), "b"));
	take(tree, fork_of(id_at(3, 3), id_at(3, 3), "self"));
	for (life = tree_first(tree, false, &depth); life; life = tree_next(life, &depth))
		cnt++;
	assert_int_equal(cnt, 3);
	tree_free(tree);
}

#define DEEP 10000
static void deep_chain(void **state)
{
	struct tree *tree = tree_new(0);
	const struct life *life;
	size_t depth, deepest = 0;

	for (uint32_t pid = 2; pid < DEEP + 2; pid++)
		take(tree, fork_of(id_at(pid - 1, pid - 1), id_at(pid, pid), "link"));
	for (life = tree_first(tree, false, &depth); life; life = tree_next(life, &depth))
		deepest = depth > deepest ? depth : deepest;
	assert_int_equal(deepest, DEEP);
	assert_has(tree, &ASCII, "`-[10000] link(10001)");
	tree_free(tree);
}

#define WIDE 100000
static void wide_parent(void **state)
{
	struct tree *tree = tree_new(0);
	const struct life *life;
	struct tree_totals totals;
	size_t depth, cnt = 0;

	/* The worst order for a list that would be kept sorted from the front. */
	for (uint32_t i = WIDE; i > 0; i--) {
		take(tree, fork_of(INIT, id_at(i + 1, i), "c"));
		take(tree, exit_of(id_at(i + 1, i), i + 10, 0));
	}
	for (life = tree_first(tree, false, &depth); life; life = tree_next(life, &depth))
		assert_int_equal(life->id.tgid, ++cnt);
	assert_int_equal(cnt, WIDE + 1);
	totals = tree_totals(tree);
	assert_int_equal(totals.zombies, WIDE);
	assert_in_range(totals.bytes / WIDE, 1, 300);
	tree_free(tree);
}

static void bounds_lives(void **state)
{
	struct tree *tree = tree_new(3);

	for (uint32_t pid = 10; pid < 20; pid++) {
		take(tree, fork_of(INIT, id_at(pid, pid), "c"));
		take(tree, exit_of(id_at(pid, pid), 100, 0));
		take(tree, reap_of(id_at(pid, pid), INIT, 101, MS));
		take(tree, fact_about(FACT_FREE, 110, id_at(pid, pid)));
	}
	assert_int_equal(tree_totals(tree).lives, 3);
	assert_int_equal(tree_totals(tree).left_out, 7);
	assert_non_null(tree_find(tree, (struct pt_identity){.tgid = 12, .start_ns = AT(12)}));
	assert_null(tree_find(tree, (struct pt_identity){.tgid = 13, .start_ns = AT(13)}));
	assert_has(tree, &ASCII, "3 lives, 0 alive, 0 zombies, 7 more not kept (--tree-max)\n");
	tree_free(tree);
}

static void tells_handings(void **state)
{
	struct tree *tree = tree_new(0);
	struct fact_id a = id_at(10, 0), b = id_at(11, 1), c = id_at(12, 2);
	struct fact fact;

	take(tree, fork_of(INIT, a, "a"));
	take(tree, fork_of(a, b, "b"));
	take(tree, fork_of(b, c, "c"));
	fact = reparent_of(c, b, a, 10);
	fact.reparent.certainty = CERTAINTY_PREDICTED;
	take(tree, fact);
	fact.reparent.certainty = CERTAINTY_CONFIRMED;
	fact.boot_ns = AT(20);
	take(tree, fact); /* the same one, confirmed: not a second */
	take(tree, reparent_of(c, a, INIT, 30));
	take(tree, exit_of(c, 32, 0));
	take(tree, reap_of(c, INIT, 33, MS));
	assert_has(
		tree, &ASCII,
		"code 0, handed to a(10) at +8.00ms, handed to ?(1) at +28.0ms, zombie 1.00ms\n");
	tree_free(tree);
}

static void corrects_prediction(void **state)
{
	struct tree *tree = tree_new(0);
	struct fact_id a = id_at(10, 0), b = id_at(11, 1);
	struct fact fact;

	take(tree, fork_of(a, b, "b"));
	fact = reparent_of(b, a, id_at(7, 0), 10);
	fact.reparent.certainty = CERTAINTY_PREDICTED;
	take(tree, fact);
	take(tree, reparent_of(b, a, INIT, 11));
	assert_has(tree, &ASCII, "alive, handed to ?(1) at +9.00ms\n");
	tree_free(tree);
}

static void bounds_handings(void **state)
{
	struct tree *tree = tree_new(0);
	struct fact_id b = id_at(500, 500);
	const struct life *life;

	take(tree, fork_of(id_at(1, 1), b, "b"));
	for (uint32_t i = 1; i <= 100; i++)
		take(tree, reparent_of(b, id_at(i, i), id_at(i + 1, i + 1), 500 + i));
	life = tree_find(tree, (struct pt_identity){.tgid = 500, .start_ns = AT(500)});
	assert_int_equal(life->handings_cnt, 100);
	assert_has(tree, &ASCII, ", ..., handed to ?(101)");
	tree_free(tree);
}

static void tells_zombies(void **state)
{
	struct tree *tree = tree_new(0);
	struct fact_id p = id_at(10, 0), z = id_at(11, 1), old = id_at(12, 2), seen = id_at(13, 3);
	struct fact fact;

	take(tree, fork_of(INIT, p, "p"));
	take(tree, fork_of(p, z, "z"));
	take(tree, exit_of(z, 1000, 3));
	fact = fact_about(FACT_PROCESS, 2000, old);
	fact.parent = p;
	fact.process.state = STATE_ZOMBIE;
	take(tree, fact);
	take(tree, fork_of(p, seen, "s"));
	take(tree, signalled(seen, 3000, 11));
	fact = fact_about(FACT_ZOMBIE, 4500, seen);
	fact.zombie.age_ns = 500 * MS;
	take(tree, fact);
	assert_has(tree, &ASCII, "code 3, zombie for 4.00s\n");
	assert_has(tree, &ASCII, "ended, how is not known, zombie since before the start\n");
	assert_has(tree, &ASCII, "SIGSEGV, zombie for 1.00s\n");
	assert_has(tree, &ASCII, "4 lives, 1 alive, 3 zombies\n");
	tree_free(tree);
}

static void tells_reaps(void **state)
{
	struct tree *tree = tree_new(0);
	struct fact_id p = id_at(10, 0);
	struct fact fact;

	for (uint32_t pid = 11; pid < 15; pid++) {
		take(tree, fork_of(p, id_at(pid, 1), "c"));
		take(tree, exit_of(id_at(pid, 1), 20, 0));
	}
	fact = reap_of(id_at(11, 1), p, 30, MS);
	fact.reap.reaper = id_at(77, 0);
	fact.reap.reaper_comm = TEXT("thief");
	take(tree, fact);
	fact = fact_about(FACT_REAP, 30, id_at(12, 1));
	fact.reap.how = HOW_AUTO;
	take(tree, fact);
	fact = reap_of(id_at(13, 1), p, 30, 9 * MS);
	fact.reap.source = SOURCE_FREE;
	fact.reap.how = HOW_UNSEEN;
	take(tree, fact);
	fact = fact_about(FACT_REAP, 30, id_at(14, 1));
	fact.reap.latency_min_ns = 7 * MS;
	take(tree, fact);
	assert_has(tree, &ASCII, "zombie 1.00ms, reaped by thief(77)\n");
	assert_has(tree, &ASCII, "code 0, reaped by itself\n");
	assert_has(tree, &ASCII, "zombie at most 9.00ms\n");
	assert_has(tree, &ASCII, "zombie at least 7.00ms\n");
	tree_free(tree);
}

/* CLONE_PARENT: it hangs under who forked it, its parent is another from the start. */
static void hangs_under_creator(void **state)
{
	struct tree *tree = tree_new(0);
	struct fact_id t = id_at(10, 0), c = id_at(11, 1), d = id_at(12, 2);
	const struct life *life;
	struct fact fact;

	take(tree, fork_of(INIT, t, "t"));
	take(tree, fork_of(t, c, "c"));
	fact = fork_of(t, d, "d");
	fact.fork.birth = c;
	take(tree, fact);
	life = tree_find(tree, (struct pt_identity){.tgid = 12, .start_ns = AT(2)});
	assert_int_equal(life->birth_parent->id.tgid, 11);
	assert_int_equal(life->parent->id.tgid, 10);
	tree_free(tree);
}

static void hides_idle_kernel_threads(void **state)
{
	struct tree *tree = tree_new(0);
	struct fact_id kthreadd = id_at(2, 0), idle = id_at(3, 1), worker = id_at(4, 2);
	struct tree_text_options all = ASCII;
	struct fact fact;
	char *text;

	for (struct fact_id ids[] = {kthreadd, idle, worker}, *id = ids; id < ids + 3; id++) {
		fact = fact_about(FACT_PROCESS, 10, *id);
		fact.comm = TEXT("kthread");
		fact.process.kthread = 1;
		if (id->pid > 2)
			fact.parent = kthreadd;
		take(tree, fact);
	}
	take(tree, fork_of(worker, id_at(50, 20), "kworker"));
	fact = fact_about(FACT_EXEC, 21, id_at(50, 20));
	fact.comm = TEXT("modprobe");
	take(tree, fact);
	text = draw(tree, &ASCII);
	assert_null(strstr(text, "kthread(3)"));
	assert_non_null(strstr(text, "`-kthread(4)"));
	assert_non_null(strstr(text, "`-modprobe(50)"));
	free(text);
	all.kthreads = true;
	assert_has(tree, &all, "|-kthread(3)");
	tree_free(tree);
}

static void escapes_hostile_names(void **state)
{
	struct tree *tree = tree_new(0);
	struct fact_id who = id_at(10, 0);
	struct fact fact = fact_about(FACT_EXEC, 1, who);
	static char args[] = "a\x1b[31m\n\0b\xff\xc2\x9b";
	char *text;

	fact.comm = TEXT("e\x1b]0;x\a\n\xe2\x80\xae");
	fact.exec.args = (struct fact_text){args, sizeof(args)};
	take(tree, fact);
	for (int utf8 = 0; utf8 < 2; utf8++) {
		text = draw(tree, utf8 ? &UTF8 : &ASCII);
		for (char *c = text; *c; c++)
			assert_true(*c == '\n' ||
				    ((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f));
		assert_ptr_equal(strrchr(strchr(text, '\n') + 1, '\n'), text + strlen(text) - 1);
		free(text);
	}
	tree_free(tree);
}

static void keeps_long_arguments_short(void **state)
{
	struct tree *tree = tree_new(0);
	struct fact fact = fact_about(FACT_EXEC, 1, id_at(10, 0));
	char args[4096];

	memset(args, 'x', sizeof(args));
	fact.exec.args = (struct fact_text){args, sizeof(args)};
	for (int i = 0; i < 10; i++)
		take(tree, fact);
	args[LIFE_ARGS_BYTES] = '\0';
	assert_has(tree, &ASCII, args);
	assert_has(tree, &ASCII, "xx ...\n");
	assert_in_range(tree_totals(tree).bytes, 1, 100000);
	tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_family),
		cmocka_unit_test(cuts_arguments_to_width),
		cmocka_unit_test(keeps_order_of_birth),
		cmocka_unit_test(root_finds_parent_after_walk),
		cmocka_unit_test(survives_loops_in_recordings),
		cmocka_unit_test(deep_chain),
		cmocka_unit_test(wide_parent),
		cmocka_unit_test(bounds_lives),
		cmocka_unit_test(tells_handings),
		cmocka_unit_test(corrects_prediction),
		cmocka_unit_test(bounds_handings),
		cmocka_unit_test(tells_zombies),
		cmocka_unit_test(tells_reaps),
		cmocka_unit_test(hangs_under_creator),
		cmocka_unit_test(hides_idle_kernel_threads),
		cmocka_unit_test(escapes_hostile_names),
		cmocka_unit_test(keeps_long_arguments_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
