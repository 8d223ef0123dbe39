/*
 * The tree of lives as text, one line per life, dead ones included:
 *
 *   sh(1200)             312ms  code 0, zombie 120us                      sh -c 'sleep .3 &'
 *   ├─sleep(1201)        300ms  code 0, handed to systemd(1) at +10.2ms   sleep .3
 *   └─cc(1202)           2.01s  SIGKILL, killed by sh(1200), zombie 1.2ms
 *
 * After the name: lifetime, how it ended, and what else is to be said of it; the arguments last, so
 * that they are what a narrow terminal loses. "+10.2ms" counts from its birth. A life below level
 * TREE_TEXT_LEVELS stays in that column and has its level in brackets: the parent of "[31]" is the
 * nearest "[30]" above.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "model/tree.h"

#define TREE_TEXT_LEVELS 24

struct tree_text_options {
	bool utf8; /* the terminal's: branches and names; else ASCII */
	bool color;
	bool kthreads; /* also the kernel's threads that did nothing */
	bool births; /* local time of each birth in front, by boot_to_wall_ns */
	unsigned width; /* columns to cut arguments to; 0 = never */
	uint64_t now_ns; /* boot time: the age of those alive, and of zombies */
	int64_t boot_to_wall_ns;
};

/*
 * tree_text_draw - the whole tree, and a line of totals. 0; -ENOMEM; the error of writing to `out`.
 */
int tree_text_draw(struct tree *tree, const struct tree_text_options *options, FILE *out);
