#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/printable.h"
#include "bookends.h"
#include "command.h"
#include "crosscheck.h"
#include "decode/decode.h"
#include "heal.h"
#include "losses.h"
#include "model/model.h"
#include "outputs.h"
#include "privileges.h"
#include "probe/probe.h"
#include "proctrace/settings.h"
#include "ring/ring.h"
#include "run.h"
#include "stragglers.h"
#include "stream.h"
#include "zombie_watch.h"

#define BATCH_RECORDS 16384
#define NAP_MS	      20 /* while records come: they gather, and yet nobody notices the delay */
#define TICK_NS	      1000000000ull
#define SETTLE_NS     2000000000ull /* at most, at the end, for the last frees */
#define NS_PER_MS     1000000ull

/* The order of a run. Each phase only ever moves on to a later one. */
enum phase {
	PHASE_OPEN,
	PHASE_RUN,
	PHASE_SETTLE, /* COMMAND is done: its last records are still to come */
	PHASE_STOP,
};

struct session {
	const struct options *options;
	enum phase phase;
	struct run run;
	struct probe *probe;
	struct ring *ring;
	struct model *model;
	struct stream *stream;
	struct command command;
	struct pt_identity command_id;
	struct losses losses;
	struct heal heal;
	struct crosscheck check;
	struct zombie_watch zombies;
	sigset_t original_mask;
	struct outputs outputs;
	int epoll_fd, signal_fd;
	unsigned interrupts;
	int output_error; /* of the last write; said once per change */
	bool reader_gone; /* nobody reads our output any more */
	uint64_t stop_ns; /* -d */
	uint64_t settle_ns; /* when PHASE_SETTLE gives up */
	uint64_t tick_ns; /* next look at counters and clocks */
	bool ticked; /* in this look */
	unsigned quiet; /* looks in a row that found nothing */
};

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	struct buffer line;
	char text[1024];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0)
		return;
	if ((size_t)len >= sizeof(text))
		len = sizeof(text) - 1;
	buffer_init(&line, 8 * sizeof(text));
	printable_add(&line, text, len, PRINTABLE_WHOLE, false);
	fprintf(stderr, "proctrace: %.*s\n", (int)line.len, line.bytes);
	buffer_release(&line);
}

static bool command_running(const struct session *session)
{
	return session->command.pid && !session->command.finished;
}

/* --- facts ---------------------------------------------------------------------------------- */

static void on_fact(void *context, const struct fact *fact)
{
	struct session *session = context;

	if (fact->type == FACT_FORK && fact->parent.pid == probe_self(session->probe).tgid &&
	    !session->command_id.tgid)
		session->command_id =
			(struct pt_identity){.tgid = fact->who.pid, .start_ns = fact->who.start_ns};
	zombie_watch_take(&session->zombies, fact);
	stream_take(session->stream, fact);
}

static void on_record(void *context, const void *data, size_t size)
{
	struct session *session = context;
	struct event event;
	int error = decode(data, size, &event);

	losses_delivered(&session->losses, data, size, error);
	heal_watch(&session->heal);
	if (!error && event.kind == PT_KIND_CGROUP)
		stream_cgroup(session->stream, event.cgroup);
	else if (!error && model_event(session->model, &event) < 0)
		session->losses.model++;
}

/* --- output --------------------------------------------------------------------------------- */

/* A failed write is said when it begins and when it ends; the tracer and COMMAND go on. */
static void flush(struct session *session)
{
	int error = stream_flush(session->stream);

	if (error == -EPIPE) {
		session->reader_gone = true;
		return;
	}
	if (error != session->output_error && error)
		say("cannot write the output: %s; going on, what is lost is counted",
		    error == -EAGAIN ? "nobody reads it" : strerror(-error));
	else if (session->output_error && !error)
		say("the output can be written again");
	session->output_error = error;
}

/* --- start ---------------------------------------------------------------------------------- */

static int catch_signals(struct session *session)
{
	static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR2, SIGCHLD, SIGWINCH};
	struct epoll_event event = {.events = EPOLLIN};
	sigset_t mask;

	sigemptyset(&mask);
	for (size_t i = 0; i < sizeof(caught) / sizeof(*caught); i++)
		sigaddset(&mask, caught[i]);
	sigprocmask(SIG_BLOCK, &mask, &session->original_mask);
	session->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	session->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (session->signal_fd < 0 || session->epoll_fd < 0)
		return -errno;
	event.data.fd = session->signal_fd;
	return epoll_ctl(session->epoll_fd, EPOLL_CTL_ADD, session->signal_fd, &event) < 0 ? -errno
											   : 0;
}

/*
 * Edge-triggered: the programs say when to look (enum reader_state), not the presence of records.
 */
static int watch_ring(struct session *session)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	int fd = probe_ring_fd(session->probe);

	event.data.fd = fd;
	return epoll_ctl(session->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_probe(struct session *session)
{
	char error[256];
	int result = probe_open(session->options, &session->probe, error, sizeof(error));

	if (!result)
		result =
			ring_new(probe_ring_fd(session->probe), on_record, session, &session->ring);
	if (!result)
		result = watch_ring(session);
	if (!result)
		return 0;
	say("%s", session->probe ? strerror(-result) : error);
	return result == -EPERM || result == -ENOTSUP ? EXIT_REFUSED : EXIT_RUNTIME;
}

static bool is_filtered(const struct options *options)
{
	const struct filters *filters = &options->filters;

	return options->command || filters->pids_cnt || filters->uids_cnt || filters->comms_cnt ||
	       filters->cgroups_cnt;
}

static int open_stream(struct session *session)
{
	char error[256];
	struct stream_config stream = {
		.options = session->options,
		.run = &session->run,
		.outputs = &session->outputs,
	};

	if (outputs_open(&session->outputs, session->options, error, sizeof(error)) < 0) {
		say("%s", error);
		return EXIT_RUNTIME;
	}
	session->stream = stream_new(&stream);
	if (session->stream)
		return 0;
	say("out of memory");
	return EXIT_RUNTIME;
}

static bool drain(void *context)
{
	struct session *session = context;
	long records = ring_consume(session->ring, BATCH_RECORDS);

	flush(session);
	return records < BATCH_RECORDS;
}

static void open_heal(struct session *session)
{
	const struct heal_world world = {
		.probe = session->probe,
		.model = session->model,
		.losses = &session->losses,
		.check = &session->check,
		.complete = !is_filtered(session->options),
		.emit = on_fact,
		.drain = drain,
		.context = session,
	};

	heal_init(&session->heal, &world, run_now_ns());
}

/* Once the hooks are attached: whoever is born from now on has a birth that was seen. */
static int open_model(struct session *session)
{
	struct model_config config = {
		.start_ns = run_now_ns(),
		.reap_source = probe_reap_source(session->probe),
		.threads = session->options->threads,
		.complete = !is_filtered(session->options),
	};
	struct verify_scope scope = {
		.whole = config.complete,
		.reap_exact = config.reap_source <= SOURCE_KPROBE,
	};
	int error = 0;

	session->model = model_new(&config, on_fact, session);
	crosscheck_init(&session->check, scope, session->options->verify_ns, config.start_ns);
	open_heal(session);
	if (session->model && config.reap_source == SOURCE_PIDFD && !session->check.error)
		error = zombie_watch_init(&session->zombies, session->epoll_fd, session->model,
					  &session->check.root, config.start_ns);
	if (session->model && !error)
		return 0;
	say("out of memory");
	return EXIT_RUNTIME;
}

/* Hooks first, then who is there: what happens in between is seen by one of them, or both and
 * merged. */
static int start(struct session *session)
{
	struct bookend_texts texts;
	struct fact fact;
	char error[256];
	int result = probe_attach(session->probe, error, sizeof(error));

	if (result) {
		say("%s", error);
		return result == -EPERM || result == -ENOTSUP ? EXIT_REFUSED : EXIT_RUNTIME;
	}
	result = open_model(session);
	if (result)
		return result;
	session->phase = PHASE_RUN;
	session->tick_ns = run_now_ns() + TICK_NS;
	if (session->options->duration_ns)
		session->stop_ns = run_now_ns() + session->options->duration_ns;
	bookends_start(&session->run, session->options, session->probe, &texts, &fact);
	stream_take(session->stream, &fact);
	session->check.next_ns = run_now_ns() + TICK_NS / 10;
	result = heal_snapshot(&session->heal, run_now_ns());
	if (result)
		say("cannot list the processes that are already there: %s", strerror(-result));
	if (!session->options->command)
		return 0;
	result = command_start(&session->command, session->options->command,
			       &session->original_mask);
	if (!result)
		return 0;
	say("cannot start '%s': %s", session->options->command[0], strerror(-result));
	return EXIT_RUNTIME;
}

/* --- loop ----------------------------------------------------------------------------------- */

static void advance(struct session *session, enum phase phase)
{
	if (phase <= session->phase)
		return;
	session->phase = phase;
	if (phase == PHASE_SETTLE)
		session->settle_ns = run_now_ns() + SETTLE_NS;
}

/*
 * COMMAND was reaped by us: where no source in the kernel tells reaps, our own wait is one. What
 * led to it is in the ring before its death reaches us, so that is read first.
 */
static void command_over(struct session *session, uint64_t reaped_ns)
{
	if (session->command.error)
		say("cannot run '%s': %s", session->options->command[0],
		    strerror(session->command.error));
	ring_consume(session->ring, BATCH_RECORDS);
	if (session->command_id.tgid && probe_reap_source(session->probe) > SOURCE_SYSCALL)
		model_reaped(session->model, session->command_id, reaped_ns, 0, SOURCE_SYSCALL,
			     probe_self(session->probe), "proctrace");
	if (!session->options->wait_all)
		advance(session, PHASE_SETTLE);
}

/*
 * Ctrl-C reaches COMMAND from the terminal as well, and ends the run through its death; a second
 * one does not wait for it. Without COMMAND the first ends the run.
 */
static void on_interrupt(struct session *session)
{
	session->interrupts++;
	if (command_running(session) && session->interrupts == 1)
		return;
	advance(session, PHASE_STOP);
}

static void on_signals(struct session *session)
{
	struct signalfd_siginfo info;

	while (read(session->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGINT:
			on_interrupt(session);
			break;
		case SIGTERM:
		case SIGHUP:
			advance(session, PHASE_STOP);
			break;
		case SIGUSR2:
			if (stream_draw_tree(session->stream, STDERR_FILENO, run_now_ns()) < 0)
				say("there is no tree to draw without --tree");
			break;
		case SIGWINCH:
			stream_resize(session->stream, outputs_width(&session->outputs));
			break;
		case SIGCHLD:
			if (command_running(session) && command_poll(&session->command))
				command_over(session, run_now_ns());
			break;
		}
	}
}

/*
 * --wait-all: nobody of COMMAND's subtree is left, not even of those whom the filters leave out. The
 * kernel's own list says so: what the model still holds may wait for a free that is long in coming.
 */
static bool all_gone(struct session *session)
{
	return session->options->wait_all && !command_running(session) &&
	       (model_count_alive(session->model) == 0 || session->ticked) &&
	       probe_count_subtree(session->probe) == 0;
}

static void check_deadlines(struct session *session, bool drained)
{
	uint64_t now_ns = run_now_ns();
	struct fact stepped;

	session->ticked = now_ns >= session->tick_ns;
	if (session->ticked) {
		if (run_clock_check(&session->run, now_ns, &stepped))
			stream_take(session->stream, &stepped);
		session->tick_ns = now_ns + TICK_NS;
	}
	zombie_watch_tick(&session->zombies, now_ns);
	if (session->stop_ns && now_ns >= session->stop_ns)
		advance(session, PHASE_STOP);
	if (session->reader_gone && !command_running(session))
		advance(session, PHASE_STOP);
	if (session->phase == PHASE_RUN && drained && all_gone(session))
		advance(session, PHASE_SETTLE);
	if (session->phase == PHASE_SETTLE &&
	    (now_ns >= session->settle_ns ||
	     model_count(session->model) == model_count_alive(session->model)))
		advance(session, PHASE_STOP);
}

/* Until the next deadline, in milliseconds, rounded up. */
static int wait_ms(const struct session *session, bool napping)
{
	uint64_t now_ns = run_now_ns(), until_ns = session->tick_ns;

	if (napping || session->phase == PHASE_SETTLE ||
	    (session->options->wait_all && !command_running(session)))
		return NAP_MS;
	if (session->stop_ns && session->stop_ns < until_ns)
		until_ns = session->stop_ns;
	if (heal_next_ns(&session->heal) < until_ns)
		until_ns = heal_next_ns(&session->heal);
	if (zombie_watch_next_ns(&session->zombies) < until_ns)
		until_ns = zombie_watch_next_ns(&session->zombies);
	return until_ns > now_ns ? (until_ns - now_ns) / NS_PER_MS + 1 : 0;
}

static void wait_for_something(struct session *session, bool napping)
{
	zombie_watch_wait(&session->zombies, session->epoll_fd, wait_ms(session, napping));
	probe_reader_state(session->probe, READER_AWAKE);
	on_signals(session);
}

/*
 * Looks, writes, sleeps. While records come it naps, so that they gather; when none came it asks to
 * be woken for the next one, and looks once more in case that came before the asking.
 */
static int loop(struct session *session)
{
	while (session->phase < PHASE_STOP) {
		long records = ring_consume(session->ring, BATCH_RECORDS);

		if (records < 0) {
			say("cannot read the ring: %s", strerror(-records));
			return EXIT_RUNTIME;
		}
		flush(session);
		check_deadlines(session, records < BATCH_RECORDS);
		heal_step(&session->heal, records < BATCH_RECORDS, run_now_ns());
		if (records == BATCH_RECORDS || session->phase >= PHASE_STOP) {
			on_signals(session);
			continue;
		}
		session->quiet = records ? 0 : session->quiet + 1;
		probe_reader_state(session->probe, records ? READER_NAPS : READER_SLEEPS);
		wait_for_something(session, session->quiet < 2);
	}
	return 0;
}

/* --- stop ----------------------------------------------------------------------------------- */

/* Of COMMAND's subtree: who outlives the run. */
static void list_alive(struct session *session)
{
	struct buffer names;

	buffer_init(&names, BOOKENDS_ALIVE_BYTES);
	if (bookends_alive(session->model, &names))
		say("still alive:%.*s", (int)names.len, names.bytes);
	buffer_release(&names);
}

/* Detach, drain, count: after this nothing is underway, so that what was seen can be compared with
 * what came. */
static void stop(struct session *session)
{
	struct fact end;

	heal_finish(&session->heal);
	probe_detach(session->probe);
	while (ring_consume(session->ring, BATCH_RECORDS) > 0)
		flush(session);
	stragglers_close(session->model, &session->check.root, UINT64_MAX, run_now_ns());
	losses_look(&session->losses, session->probe, run_now_ns(), on_fact, session);
	fact_clear(&end, FACT_END, run_now_ns());
	stream_end(session->stream, &end);
	end.end.alive_left = model_count_alive(session->model);
	end.end.late_frees = session->heal.late_frees + model_count(session->model) -
			     model_count_unreaped(session->model);
	end.end.dead_left = model_count(session->model) - end.end.alive_left;
	bookends_end(&session->losses, session->probe, &session->check, &end);
	stream_take(session->stream, &end);
	flush(session);
	if (session->options->tree)
		stream_draw_tree(session->stream,
				 session->outputs.text_fd >= 0 ? session->outputs.text_fd
							       : STDERR_FILENO,
				 run_now_ns());
	if (session->options->command)
		list_alive(session);
	if (!session->options->quiet)
		stream_print_summary(session->stream, STDERR_FILENO, &end);
	if (command_running(session))
		say("stopped; '%s' (pid %d) goes on", session->options->command[0],
		    (int)command_pid(&session->command));
}

/*
 * Ends everything, and tells how it went. Where COMMAND died by a signal this does not return. A
 * reader who left, as head(1) does, has what he wanted.
 */
static int finish(struct session *session, int result)
{
	bool left = command_running(session), ran = session->command.pid && !left;
	bool lost = session->stream && (stream_lost(session->stream) || session->output_error) &&
		    (session->options->command || !session->reader_gone);
	int status = session->command.status;

	command_release(&session->command);
	zombie_watch_release(&session->zombies);
	crosscheck_release(&session->check);
	heal_release(&session->heal);
	model_free(session->model);
	stream_free(session->stream);
	ring_free(session->ring);
	probe_close(session->probe);
	if (result)
		return result;
	if (ran)
		return command_exit(status, lost);
	return lost || left ? EXIT_RUNTIME : EXIT_OK;
}

int session_run(const struct options *options)
{
	struct session session = {.options = options, .check.root.fd = -1};
	int result;

	command_init(&session.command);
	run_init(&session.run);
	signal(SIGPIPE, SIG_IGN);
	if (catch_signals(&session) < 0) {
		say("cannot catch signals: %s", strerror(errno));
		return EXIT_RUNTIME;
	}
	result = open_probe(&session);
	if (!result)
		result = open_stream(&session);
	if (result)
		return finish(&session, result);
	result = start(&session);
	if (!result) {
		if (privileges_drop() < 0)
			say("cannot give up privileges, going on with all of them");
		result = loop(&session);
	}
	if (session.model)
		stop(&session);
	return finish(&session, result);
}
