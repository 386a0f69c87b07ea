// SPDX-License-Identifier: MIT
/*
 * The card between jobs.
 */
#include <time.h>
#include "card/core/machine.h"

#define LOOK_NS	20000000	/* how often the caller is told that a job is waited for */

static void hold(pthread_mutex_t *lock, void (*waiting)(void *ctx), void *ctx)
{
	struct timespec t;

	for (;;) {
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_nsec += LOOK_NS;
		if (t.tv_nsec >= 1000000000) {
			t.tv_nsec -= 1000000000;
			t.tv_sec++;
		}
		if (!pthread_mutex_timedlock(lock, &t))
			return;
		waiting(ctx);
	}
}

void machine_pause(struct card *card, void (*waiting)(void *ctx), void *ctx)
{
	unsigned int i;

	for (i = 0; i < NMC_MAX_TILESETS; i++)
		hold(&card->sets[i].lock, waiting, ctx);
}

void machine_resume(struct card *card)
{
	unsigned int i;

	for (i = NMC_MAX_TILESETS; i-- > 0;)
		pthread_mutex_unlock(&card->sets[i].lock);
}
