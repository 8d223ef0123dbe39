#include "procfs/cgroup_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define GONE UINT64_C(0xffffffffffff) /* the id of no cgroup that lives */

/* Knows no mount: whatever it says it was told. */
static struct cgroup_names *told_names(void)
{
	const struct proc_root root = {.fd = -1};
	struct cgroup_names *names = cgroup_names_new(&root);

	assert_non_null(names);
	return names;
}

static void learn(struct cgroup_names *names, uint32_t hierarchy, uint64_t id, const char *path)
{
	assert_int_equal(cgroup_names_learn(names, hierarchy, id, path), 0);
}

static void test_told(void **state)
{
	struct cgroup_names *names = told_names();

	assert_string_equal(cgroup_names_find(names, 0, 1), "/");
	assert_string_equal(cgroup_names_find(names, 7, 1), "/");
	assert_null(cgroup_names_find(names, 0, 5));
	learn(names, 0, 5, "/a");
	learn(names, 7, 5, "/b"); /* ids are of one hierarchy each */
	assert_string_equal(cgroup_names_find(names, 0, 5), "/a");
	assert_string_equal(cgroup_names_find(names, 7, 5), "/b");
	assert_null(cgroup_names_find(names, 8, 5));
	assert_null(cgroup_names_find(names, 0, 6));
	learn(names, 0, 5, "/longer/than/before");
	assert_string_equal(cgroup_names_find(names, 0, 5), "/longer/than/before");
	cgroup_names_free(names);
}

static void test_forget(void **state)
{
	struct cgroup_names *names = told_names();

	learn(names, 7, 5, "/a");
	learn(names, 7, 6, "/a/b");
	learn(names, 0, 5, "/a");
	cgroup_names_forget(names, 7);
	assert_null(cgroup_names_find(names, 7, 5));
	assert_null(cgroup_names_find(names, 7, 6));
	assert_string_equal(cgroup_names_find(names, 0, 5), "/a");
	cgroup_names_free(names);
}

/* The oldest go first, and memory stays bounded. */
static void test_bound(void **state)
{
	struct cgroup_names *names = told_names();
	char path[32];

	for (uint64_t id = 2; id < 2 + CGROUP_NAMES_MAX + 10; id++) {
		snprintf(path, sizeof(path), "/%u", (unsigned)id);
		learn(names, 0, id, path);
	}
	assert_null(cgroup_names_find(names, 0, 2));
	assert_null(cgroup_names_find(names, 0, 11));
	assert_string_equal(cgroup_names_find(names, 0, 12), "/12");
	assert_string_equal(cgroup_names_find(names, 0, 2 + CGROUP_NAMES_MAX + 9), path);
	cgroup_names_free(names);
}

static void test_nothing(void **state)
{
	cgroup_names_free(NULL);
}

/* A hierarchy of v1 as it is mounted on most machines that have it; "" where there is none. */
static uint32_t v1_memory(char *ret_dir, size_t size)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[512];
	unsigned number, found = 0;

	while (file && !found && fgets(line, sizeof(line), file))
		if (strstr(line, ":memory:") && sscanf(line, "%u:", &number) == 1)
			found = number;
	if (file)
		fclose(file);
	snprintf(ret_dir, size, "/sys/fs/cgroup/memory/test_cgroup_names.%d", (int)getpid());
	return found;
}

/* One that nobody told of is found by its id while it lives, and as what it is called now. */
static void test_living_v1(void **state)
{
	char dir[128], renamed[160];
	uint32_t hierarchy = v1_memory(dir, sizeof(dir));
	struct cgroup_names *names;
	struct proc_root root;
	const char *base = strrchr(dir, '/');
	struct stat at;

	if (!hierarchy || mkdir(dir, 0700)) {
		print_message("no cgroup can be made in v1\n");
		skip();
	}
	snprintf(renamed, sizeof(renamed), "%s.new", dir);
	assert_int_equal(stat(dir, &at), 0);
	assert_int_equal(proc_root_init(&root, NULL), 0);
	names = cgroup_names_new(&root);
	assert_non_null(names);
	const char *path = cgroup_names_find(names, hierarchy, at.st_ino);
	int first = path ? strcmp(path, base) : -1;
	int moved = rename(dir, renamed);

	cgroup_names_forget(names, hierarchy);
	path = cgroup_names_find(names, hierarchy, at.st_ino);
	int second = path ? strcmp(path, strrchr(renamed, '/')) : -1;

	rmdir(moved ? dir : renamed);
	path = cgroup_names_find(names, hierarchy, GONE);
	cgroup_names_free(names);
	proc_root_release(&root);
	assert_int_equal(first, 0);
	assert_int_equal(moved, 0);
	assert_int_equal(second, 0);
	assert_null(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told),	  cmocka_unit_test(test_forget),
		cmocka_unit_test(test_bound),	  cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_living_v1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
