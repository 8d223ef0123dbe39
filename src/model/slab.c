#include "model/slab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes)   ((void)(address), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#endif

struct slab_free {
	struct slab_free *next;
};

struct slab_chunk {
	struct slab_chunk *next;
	_Alignas(max_align_t) char objects[];
};

void slab_init(struct slab *slab, size_t object_bytes)
{
	size_t align = _Alignof(max_align_t);

	*slab = (struct slab){.object_bytes = (object_bytes + align - 1) / align * align};
}

void slab_release(struct slab *slab)
{
	while (slab->chunks) {
		struct slab_chunk *chunk = slab->chunks;

		slab->chunks = chunk->next;
		free(chunk);
	}
	slab->free = NULL;
}

/* What is on the free list stays poisoned under ASan: a use after slab_put() is found as if it were
 * free(). */
static void push(struct slab *slab, void *object)
{
	struct slab_free *entry = object;

	entry->next = slab->free;
	slab->free = entry;
	ASAN_POISON_MEMORY_REGION(object, slab->object_bytes);
}

static int grow(struct slab *slab)
{
	struct slab_chunk *chunk = malloc(sizeof(*chunk) + SLAB_OBJECTS * slab->object_bytes);

	if (!chunk)
		return -ENOMEM;
	chunk->next = slab->chunks;
	slab->chunks = chunk;
	for (size_t i = SLAB_OBJECTS; i-- > 0;)
		push(slab, chunk->objects + i * slab->object_bytes);
	return 0;
}

void *slab_new(struct slab *slab)
{
	struct slab_free *entry;

	if (!slab->free && grow(slab))
		return NULL;
	entry = slab->free;
	ASAN_UNPOISON_MEMORY_REGION(entry, slab->object_bytes);
	slab->free = entry->next;
	return memset(entry, 0, slab->object_bytes);
}

void slab_put(struct slab *slab, void *object)
{
	push(slab, object);
}
