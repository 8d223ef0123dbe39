/* Programs run, and programs that could not. */
#include "scenarios.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "life.h"
#include "program.h"

static void exec_vforked(struct life *c, const char *filename, char *const *args)
{
	life_conceive(c, "vfork");
	pid_t pid = vfork();

	if (pid == 0) {
		execv(filename, args);
		_exit(127);
	}
	life_born(c, pid);
	c->death.after_ns = c->birth.after_ns;
}

void live_exec(void)
{
	struct life *c = life_new();
	char *const args[] = {(char *)program_path(), "@exit", "0", "a", "b c", "", "\"", NULL};
	struct image image = {.filename = program_path(), .exe = program_path(), .args = args};

	exec_vforked(c, program_path(), args);
	life_wait(c, 0);
	life_tell(c);
	truth_exec(c->pid, &image, (struct span){c->birth.after_ns, c->reap.before_ns});
}

/* A directory of the scenario's own, and one file in it; both leave no trace. */
struct scratch {
	char dir[PATH_MAX / 2];
	char file[PATH_MAX];
};

static void scratch_init_bytes(struct scratch *scratch, const char *name, const void *content,
			       size_t len)
{
	const char *top = getenv("TMPDIR");

	snprintf(scratch->dir, sizeof(scratch->dir), "%s/workload-XXXXXX", top ? top : "/tmp");
	if (!mkdtemp(scratch->dir))
		truth_broken(scratch->dir);
	snprintf(scratch->file, sizeof(scratch->file), "%s/%s", scratch->dir, name);
	int fd = open(scratch->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);

	if (fd < 0 || write(fd, content, len) != (ssize_t)len || close(fd))
		truth_broken(scratch->file);
}

static void scratch_init(struct scratch *scratch, const char *name, const char *content)
{
	scratch_init_bytes(scratch, name, content, strlen(content));
}

static void scratch_release(struct scratch *scratch)
{
	unlink(scratch->file);
	rmdir(scratch->dir);
}

static void try_exec(struct life *c, const char *filename, int code)
{
	c->comm = "workload";
	if (life_fork(c)) {
		execv(filename, (char *[]){"renamed", NULL});
		life_exit(c, code);
	}
	life_wait(c, 0);
	life_tell(c);
	truth_count("exec", c->pid, 0);
}

void live_exec_fails(void)
{
	struct scratch scratch;

	scratch_init(&scratch, "garbage", "neither a program nor a script\n");
	try_exec(life_new(), "/nonexistent/program", 127);
	try_exec(life_new(), scratch.file, 126);
	scratch_release(&scratch);
}

/* argv[0] is lost to the kernel's own: interpreter, its one option, the script's path. */
void live_script(void)
{
	struct life *c = life_new();
	struct scratch scratch;
	char first_line[PATH_MAX + 16];

	snprintf(first_line, sizeof(first_line), "#!%s @exit0\n", program_path());
	if (strlen(first_line) > 255)
		truth_skip("the path of the workload is too long for a script's first line");
	scratch_init(&scratch, "script-of-a-long-name", first_line);
	char *const args[] = {(char *)program_path(), "@exit0", scratch.file, "x", "y", NULL};
	struct image image = {.filename = scratch.file, .exe = program_path(), .args = args};

	exec_vforked(c, scratch.file, (char *[]){"myargv0", "x", "y", NULL});
	life_wait(c, 0);
	scratch_release(&scratch);
	life_tell(c);
	truth_exec(c->pid, &image, (struct span){c->birth.after_ns, c->reap.before_ns});
}

/* comm is the number of the descriptor, or the file's own name where the kernel knows it. */
static void tell_fexecve(const struct life *c, int fd, const char *filename, char *const *args)
{
	char number[16];
	struct truth line;

	snprintf(number, sizeof(number), "%d", fd);
	truth_begin(&line, "exec", c->pid);
	truth_text(&line, "filename", filename);
	truth_list(&line, "args", args);
	truth_list(&line, "comm", (char *[]){number, "memfd:payload", NULL});
	truth_end(&line);
}

/* Run from a descriptor: the kernel has no better name than the descriptor's, or the file's. */
void live_fexecve(void)
{
	struct life *c = life_new();
	int fd = (int)syscall(SYS_memfd_create, "payload", 0);
	int program = open(program_path(), O_RDONLY | O_CLOEXEC);
	char filename[32];

	if (fd < 0 || program < 0)
		truth_broken("memfd_create");
	for (char block[65536];;) {
		ssize_t n = read(program, block, sizeof(block));

		if (n < 0 || (n > 0 && write(fd, block, (size_t)n) != n))
			truth_broken("copying the program");
		if (n == 0)
			break;
	}
	char *const args[] = {"any name", "@exit", "0", NULL};

	if (life_fork(c)) {
		syscall(SYS_execveat, fd, "", args, environ, AT_EMPTY_PATH);
		truth_broken("execveat");
	}
	c->death.after_ns = c->birth.after_ns;
	life_wait(c, 0);
	life_tell(c);
	snprintf(filename, sizeof(filename), "/dev/fd/%d", fd);
	tell_fexecve(c, fd, filename, args);
}

/* A program whose one segment lies where only the kernel's memory is. */
struct unmappable {
	Elf64_Ehdr head;
	Elf64_Phdr segment;
};

static void unmappable_init(struct unmappable *program)
{
	int fd = open(program_path(), O_RDONLY | O_CLOEXEC);

	/* This machine's own kind, so that it is not refused at once. */
	if (fd < 0 || read(fd, &program->head, sizeof(program->head)) != sizeof(program->head))
		truth_broken("reading the program");
	close(fd);
	program->head.e_type = ET_EXEC;
	program->head.e_entry = 0xffff800000000000;
	program->head.e_phoff = sizeof(program->head);
	program->head.e_phnum = 1;
	program->head.e_shnum = program->head.e_shoff = 0;
	program->segment = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_vaddr = program->head.e_entry,
		.p_filesz = sizeof(*program),
		.p_memsz = sizeof(*program),
		.p_align = 4096,
	};
}

/* It fails when the old program is gone already: killed, under the new name, without an exec. */
void live_exec_fails_late(void)
{
	struct life *c = life_new();
	struct unmappable program;
	struct scratch scratch;

	unmappable_init(&program);
	scratch_init_bytes(&scratch, "unmappable", &program, sizeof(program));
	c->comm = "unmappable";
	if (life_fork(c)) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		c->death.after_ns = now_ns();
		execv(scratch.file, (char *[]){"x", NULL});
		_exit(127);
	}
	life_wait(c, 0);
	scratch_release(&scratch);
	c->killer = KILLED_BY_KERNEL;
	life_tell(c);
	truth_count("exec", c->pid, 0);
}

#define AT_EXECVE_CHECK_FLAG 0x10000

/* Asked whether it could be executed, and not executed. */
void live_exec_check(void)
{
	struct life *c = life_new();

	c->comm = "workload";
	if (life_fork(c)) {
		long ret = syscall(SYS_execveat, AT_FDCWD, program_path(),
				   (char *[]){"renamed", NULL}, environ, AT_EXECVE_CHECK_FLAG);

		life_exit(c, ret ? errno : 0);
	}
	life_wait(c, 0);
	if (c->status == EINVAL << 8)
		truth_skip("execveat has no AT_EXECVE_CHECK (6.14 and later do)");
	if (c->status)
		truth_broken("AT_EXECVE_CHECK");
	life_tell(c);
	truth_count("exec", c->pid, 0);
}
