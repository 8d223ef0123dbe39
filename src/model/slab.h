/*
 * Storage for many objects of one size: chunks of SLAB_OBJECTS with a free list, so that a life
 * costs no malloc once the table has been as large as it gets. Chunks go back only with
 * slab_release().
 */
#pragma once

#include <stddef.h>

#define SLAB_OBJECTS 256

struct slab_chunk;
struct slab_free;

struct slab {
	size_t object_bytes;
	struct slab_chunk *chunks;
	struct slab_free *free;
};

/* slab_init - for objects of `object_bytes`, any alignment up to that of max_align_t. */
void slab_init(struct slab *slab, size_t object_bytes);

/* slab_release - frees every object there ever was; the slab may be used again. */
void slab_release(struct slab *slab);

/* slab_new - a zeroed object, or NULL when out of memory. */
void *slab_new(struct slab *slab);

/* slab_put - gives one back. */
void slab_put(struct slab *slab, void *object);
