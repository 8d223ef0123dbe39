#include "procfs/container.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define POD "pod8f2c1a34_55d0_4c8e_9a0e_0c3f7a2b1d11"

static const struct {
	const char *path, *id; /* NULL: no container */
} cases[] = {
	/* docker */
	{"/docker/" ID, ID},
	{"/system.slice/docker-" ID ".scope", ID},
	{"/system.slice/docker-" ID ".scope/init.scope", ID},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope", ID},
	{"/custom-parent/" ID, ID},
	{"/docker/" ID "/system.slice/cron.service", ID},
	{"/docker/" ID "/docker/" ID2, ID2},
	{"/docker", NULL},
	{"/system.slice/docker.service", NULL},
	{"/system.slice/docker.socket", NULL},
	{"/docker/buildkit", NULL},
	/* containerd, kubelet, ECS */
	{"/kubepods/burstable/pod8f2c1a34-55d0-4c8e-9a0e-0c3f7a2b1d11/" ID, ID},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-" POD
	 ".slice/cri-containerd-" ID ".scope",
	 ID},
	{"/system.slice/containerd.service/kubepods-besteffort-" POD ".slice:cri-containerd:" ID,
	 ID},
	{"/system.slice/nerdctl-" ID ".scope", ID},
	{"/ecs/0f9d/" ID, ID},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-" POD ".slice", NULL},
	{"/system.slice/containerd.service", NULL},
	/* cri-o */
	{"/kubepods.slice/kubepods-" POD ".slice/crio-" ID ".scope", ID},
	{"/kubepods/burstable/pod8f2c/crio-" ID, ID},
	{"/kubepods.slice/kubepods-" POD ".slice/crio-conmon-" ID ".scope", NULL},
	/* podman */
	{"/machine.slice/libpod-" ID ".scope", ID},
	{"/machine.slice/libpod-" ID ".scope/container", ID},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope", ID},
	{"/libpod_parent/libpod-" ID, ID},
	{"/system.slice/web.service/libpod-payload-" ID, ID},
	{"/machine.slice/libpod-conmon-" ID ".scope", NULL},
	{"/libpod_parent/conmon", NULL},
	/* systemd-nspawn */
	{"/machine.slice/systemd-nspawn@web.service", "web"},
	{"/machine.slice/systemd-nspawn@web.service/payload/init.scope", "web"},
	{"/machine.slice/systemd-nspawn@my\\x2dbox.service/payload", "my\\x2dbox"},
	{"/machine.slice/systemd-nspawn@web.service/supervisor", NULL},
	{"/machine.slice/machine-web.scope/payload", "web"},
	{"/machine.slice/machine-web.scope/supervisor", NULL},
	{"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", NULL},
	{"/system.slice/machine-web.scope", NULL},
	{"/machine.slice/systemd-nspawn@.service", NULL},
	/* LXC, LXD */
	{"/lxc.payload.web", "web"},
	{"/lxc.payload.default_web/system.slice/ssh.service", "default_web"},
	{"/lxc.payload/web", "web"},
	{"/lxc/101/ns/init.scope", "101"},
	{"/lxc.monitor.web", NULL},
	{"/lxc.monitor/web", NULL},
	{"/lxc", NULL},
	{"/lxc.payload.", NULL},
	{"/lxc.payload.web/docker/" ID, ID},
	/* none */
	{"/", NULL},
	{"", NULL},
	{"/user.slice/user-1000.slice/session-2.scope", NULL},
	{"/init.scope", NULL},
	{"/docker/" ID "0", NULL},
	{"/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", NULL},
	{"/docker/0123456789abcdef", NULL},
	{"/system.slice/docker-0123.scope", NULL},
};

/* Of exactly its length, so that a sanitizer sees a read past it. */
static bool find(const char *path, size_t len, char **ret_copy, const char **ret_id,
		 size_t *ret_len)
{
	*ret_copy = malloc(len ? len : 1);
	memcpy(*ret_copy, path, len);
	return container_of_cgroup(*ret_copy, len, ret_id, ret_len);
}

static void test_forms(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *id = NULL;
		size_t len = 0;
		char *copy;
		bool found = find(cases[i].path, strlen(cases[i].path), &copy, &id, &len);

		if (found != !!cases[i].id ||
		    (found && (len != strlen(cases[i].id) || memcmp(id, cases[i].id, len) != 0)))
			fail_msg("%s: want %s, got %.*s", cases[i].path,
				 cases[i].id ? cases[i].id : "none", (int)len, id ? id : "none");
		free(copy);
	}
}

/* Whatever a path is cut to, an id lies inside it. */
static void test_cut(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t cut = 0; cut <= strlen(cases[i].path); cut++) {
			const char *id = NULL;
			size_t len = 0;
			char *copy;

			if (find(cases[i].path, cut, &copy, &id, &len))
				assert_true(len && id >= copy && id + len <= copy + cut);
			free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
