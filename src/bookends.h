/*
 * The first and the last record of a run: what this is a recording of, and whether one can believe it.
 */
#pragma once

#include "base/buffer.h"
#include "crosscheck.h"
#include "losses.h"
#include "options.h"
#include "probe/probe.h"
#include "run.h"

/* Room for the texts that a start record points to. */
struct bookend_texts {
	char options[1024]; /* up to COMMAND, whose arguments may hold secrets */
	char user[64];
};

/* bookends_start - fills `ret_fact`, which lends from all arguments. */
void bookends_start(const struct run *run, const struct options *options, const struct probe *probe,
		    struct bookend_texts *texts, struct fact *ret_fact);

/*
 * bookends_end - what was lost and what the cross-check found, and the verdict: "mismatch", "lossy",
 * "unverified" (no cross-check was possible) or "complete". Call it when the hooks are detached and the
 * ring is drained.
 */
void bookends_end(const struct losses *losses, const struct probe *probe, const struct crosscheck *check,
		  struct fact *end);

#define BOOKENDS_ALIVE_BYTES 4096

/* bookends_alive - appends " name(pid)" for each process alive, some twenty of them; how many there are. */
size_t bookends_alive(const struct model *model, struct buffer *names);
