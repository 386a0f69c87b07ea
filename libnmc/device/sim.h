/* SPDX-License-Identifier: MIT */
/*
 * The in-process door's parts: the card, the contexts with their threads, the URI.
 */
#ifndef NMC_SIM_H
#define NMC_SIM_H

#include <pthread.h>
#include "card/card.h"
#include "libnmc/device/device.h"

#define SIM_SETS	(NMC_MAX_TILESETS + 1)
#define SIM_CONTEXTS	(NMC_MAX_CONTEXTS + 1)

struct sim_context;

/**
 * struct sim_buffer - memory that the card reaches; as behind the kernel, a job keeps what it names
 * @refs: its owner and the jobs that name it
 * @data: the memory
 */
struct sim_buffer {
	unsigned int refs;
	void *data;
};

void sim_buffer_put(struct sim_buffer *b);

/**
 * struct sim - a card in this process
 * @device: what the library sees
 * @card: the card
 * @lock: protects what follows
 * @generation: generation by set id, 0 = not attached
 * @context: contexts by id
 * @event_mask: events wanted
 * @event_sequence: events delivered
 */
struct sim {
	struct device device;
	struct card *card;
	pthread_mutex_t lock;
	uint32_t generation[SIM_SETS];
	struct sim_context *context[SIM_CONTEXTS];
	uint64_t event_mask;
	uint64_t event_sequence;
};

int sim_law(struct device *d, unsigned int class_index, struct law **law);

/* "rram,ideal?tiles=64&seed=1" to card options; @classes is room for the list of classes. */
int sim_parse(const char *spec, struct card_options *options, char *classes, size_t bytes);

int sim_context_create(struct device *d, const uint32_t *sets, unsigned int count, uint32_t *context);
void sim_context_destroy(struct device *d, uint32_t context);
int sim_submit(struct device *d, uint32_t context, const struct device_job *job, uint64_t *id);
int sim_wait(struct device *d, uint32_t context, uint64_t id, int64_t timeout_ns, struct device_result *result);

#endif
