#include "ring/ring.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

#define ENOUGH                                                                                     \
	-EUCLEAN /* what libbpf hands back when the callback ends the batch; no error of its own   \
		  */

struct ring {
	struct ring_buffer *buffer;
	ring_take take;
	void *context;
	uint64_t delivered;
	uint64_t until; /* ends the batch */
};

/* libbpf gives the room of the record back also where the callback ends the batch with an error. */
static int take(void *context, void *data, size_t size)
{
	struct ring *ring = context;

	ring->delivered++;
	ring->take(ring->context, data, size);
	return ring->delivered == ring->until ? ENOUGH : 0;
}

int ring_new(int map_fd, ring_take on_record, void *context, struct ring **ret_ring)
{
	struct ring *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	ring->take = on_record;
	ring->context = context;
	ring->buffer = ring_buffer__new(map_fd, take, ring, NULL);
	if (!ring->buffer) {
		int error = -errno;

		free(ring);
		return error;
	}
	*ret_ring = ring;
	return 0;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	ring_buffer__free(ring->buffer);
	free(ring);
}

long ring_consume(struct ring *ring, long records_max)
{
	uint64_t before = ring->delivered;
	int error;

	ring->until = before + records_max;
	error = ring_buffer__consume(ring->buffer);
	if (error < 0 && error != ENOUGH)
		return error;
	return ring->delivered - before;
}
