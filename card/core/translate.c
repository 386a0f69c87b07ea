// SPDX-License-Identifier: MIT
/*
 * Translation: which sets a context may name and which physical tiles a set stands for, as the firmware installed
 * it, and the hold that a job has on both while it executes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "card/core/job.h"
#include "card/core/scrub.h"

#define LOOK_NS		5000000	/* how often a job that waits for a set looks at its stop flag */

uint64_t wall_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

struct card_set *set_find(struct card *card, uint32_t set)
{
	return set >= 1 && set <= NMC_MAX_TILESETS ? &card->sets[set - 1] : NULL;
}

void set_map(struct card *card, uint32_t set, uint32_t generation, const uint32_t *tiles, uint32_t count)
{
	struct card_set *s = set_find(card, set);
	uint32_t *copy = malloc(count * sizeof(*copy) + 1);

	if (!s) {
		free(copy);
		return;
	}
	if (copy)
		memcpy(copy, tiles, count * sizeof(*copy));
	pthread_mutex_lock(&card->map_lock);
	if (!s->generation) {
		set_start_time(s);
		s->wall_ns = wall_now();
	}
	free(s->tiles);
	s->tiles = copy;
	s->count = copy ? count : 0;
	s->generation = generation;
	pthread_mutex_unlock(&card->map_lock);
}

bool set_unmap(struct card *card, uint32_t set)
{
	struct card_set *s = set_find(card, set);
	bool idle;

	if (!s)
		return true;
	pthread_mutex_lock(&card->map_lock);
	idle = !s->jobs;
	if (idle) {
		free(s->tiles);
		s->tiles = NULL;
		s->count = 0;
		s->generation = 0;
	}
	pthread_mutex_unlock(&card->map_lock);
	return idle;
}

struct clock set_time(struct card *card, uint32_t set)
{
	struct card_set *s = set_find(card, set);
	struct clock now = { 0 };

	if (!s)
		return now;
	pthread_mutex_lock(&card->map_lock);
	now = s->time;
	pthread_mutex_unlock(&card->map_lock);
	return now;
}

/* The slot of a context; NULL if it does not exist. */
static struct card_context *find_context(struct card *card, uint32_t id)
{
	unsigned int i, start = id % NMC_MAX_CONTEXTS;

	for (i = 0; i < NMC_MAX_CONTEXTS; i++) {
		struct card_context *c = &card->contexts[(start + i) % NMC_MAX_CONTEXTS];

		if (c->id == id)
			return c;
	}
	return NULL;
}

/* A free slot, as near as can be to where find_context() begins to look for @id. */
static struct card_context *free_context(struct card *card, uint32_t id)
{
	unsigned int i;

	for (i = 0; i < NMC_MAX_CONTEXTS; i++) {
		struct card_context *c = &card->contexts[(id + i) % NMC_MAX_CONTEXTS];

		if (!c->id)
			return c;
	}
	return NULL;
}

void context_map(struct card *card, uint32_t context, const struct nmc_set_ref *sets, uint32_t count)
{
	struct card_context *c;

	pthread_mutex_lock(&card->map_lock);
	c = free_context(card, context);
	if (c) {
		c->id = context;
		c->count = count;
		memcpy(c->sets, sets, count * sizeof(*sets));
	}
	pthread_mutex_unlock(&card->map_lock);
}

bool context_unmap(struct card *card, uint32_t context)
{
	struct card_context *c;
	bool idle = true;

	pthread_mutex_lock(&card->map_lock);
	c = find_context(card, context);
	if (c) {
		idle = !c->jobs;
		if (idle)
			c->id = 0;
	}
	pthread_mutex_unlock(&card->map_lock);
	return idle;
}

/* The set that the job table names at index n, if the context has it and its generation is the present one. */
static int resolve(struct job *j, unsigned int n)
{
	const struct nmc_set_ref *ref = &j->refs[n];
	struct card_set *s = set_find(j->card, ref->set);
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (j->refs[i].set == ref->set)
			return job_fault(j, NMC_FAULT_OPERAND, n, ref->set);
	}
	for (i = 0; i < j->context->count && j->context->sets[i].set != ref->set; i++)
		;
	if (!s || i == j->context->count)
		return job_fault(j, NMC_FAULT_SET_INDEX, n, ref->set);
	if (ref->generation != j->context->sets[i].generation || ref->generation != s->generation)
		return job_fault(j, NMC_FAULT_SET_STALE, n, ref->generation);
	j->set[n] = s;
	return 0;
}

static unsigned int take_references(struct job *j, uint32_t context)
{
	unsigned int i;

	j->context = context ? find_context(j->card, context) : NULL;
	if (!j->context)
		return NMC_STATUS_NOT_FOUND;
	for (i = 0; i < j->table_sets; i++) {
		if (resolve(j, i)) {
			j->context = NULL;
			return NMC_STATUS_FAULT;
		}
	}
	j->context->jobs++;
	for (i = 0; i < j->table_sets; i++)
		j->set[i]->jobs++;
	return NMC_STATUS_OK;
}

static void drop_references(struct job *j)
{
	unsigned int i;

	pthread_mutex_lock(&j->card->map_lock);
	for (i = 0; i < j->table_sets; i++)
		j->set[i]->jobs--;
	j->context->jobs--;
	pthread_mutex_unlock(&j->card->map_lock);
}

/* Takes the lock of a set; false if the job was asked to end first. A job that waits its turn is not stuck. */
static bool lock_set(struct job *j, struct card_set *s)
{
	struct timespec t;

	while (pthread_mutex_trylock(&s->lock)) {
		if (job_stopped(j))
			return false;
		job_progress(j, 1);
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_nsec += LOOK_NS;
		if (t.tv_nsec >= 1000000000) {
			t.tv_nsec -= 1000000000;
			t.tv_sec++;
		}
		if (!pthread_mutex_timedlock(&s->lock, &t))
			return true;
	}
	return true;
}

/* The job's sets in the order of their ids; locks taken in one order cannot deadlock. */
static unsigned int sort_sets(struct job *j, struct card_set **sorted)
{
	unsigned int i, k;

	for (i = 0; i < j->table_sets; i++) {
		for (k = i; k && sorted[k - 1]->id > j->set[i]->id; k--)
			sorted[k] = sorted[k - 1];
		sorted[k] = j->set[i];
	}
	return j->table_sets;
}

void set_age_by_wall(struct card *card, struct card_set *s)
{
	uint64_t now = wall_now();

	pthread_mutex_lock(&card->map_lock);
	if (now > s->wall_ns)
		clock_add(&s->time, (struct clock){ .ns = now - s->wall_ns });
	s->wall_ns = now;
	s->aged = s->time;
	pthread_mutex_unlock(&card->map_lock);
}

unsigned int job_hold(struct job *j, uint32_t context)
{
	struct card_set *sorted[NMC_MAX_SETS];
	unsigned int status, i, count;

	pthread_mutex_lock(&j->card->map_lock);
	status = take_references(j, context);
	pthread_mutex_unlock(&j->card->map_lock);
	if (status)
		return status;
	count = sort_sets(j, sorted);
	for (i = 0; i < count; i++) {
		if (!lock_set(j, sorted[i])) {
			while (i--)
				pthread_mutex_unlock(&sorted[i]->lock);
			drop_references(j);
			j->context = NULL;
			return NMC_STATUS_ABORTED;
		}
	}
	for (i = 0; i < count && j->card->options.wall_clock; i++)
		set_age_by_wall(j->card, sorted[i]);
	for (i = 0; i < count; i++)
		set_warm(j->card, sorted[i], card_kelvin(j->card));
	return NMC_STATUS_OK;
}

void job_release(struct job *j)
{
	unsigned int i;

	if (j->table_sets)
		pthread_mutex_lock(&j->card->map_lock);
	for (i = 0; i < j->table_sets; i++)
		clock_add(&j->set[i]->time, j->elapsed);
	if (j->table_sets)
		pthread_mutex_unlock(&j->card->map_lock);
	for (i = 0; i < j->table_sets; i++) {
		scrub_set(j->card, j->set[i]);
		pthread_mutex_unlock(&j->set[i]->lock);
	}
	drop_references(j);
	j->context = NULL;
}

struct clock job_set_time(struct job *j, unsigned int set)
{
	struct clock now = j->set[set]->time;

	clock_add(&now, j->elapsed);
	return now;
}

void job_set_idle(struct job *j, unsigned int set, struct clock wait)
{
	pthread_mutex_lock(&j->card->map_lock);
	clock_add(&j->set[set]->time, wait);
	pthread_mutex_unlock(&j->card->map_lock);
	j->set[set]->aged = job_set_time(j, set);
}

int job_find_tile(struct job *j, unsigned int set, uint32_t tile, uint32_t *physical)
{
	if (set >= j->sets)
		return job_fault(j, NMC_FAULT_SET_INDEX, set, set);
	if (tile >= j->set[set]->count)
		return job_fault(j, NMC_FAULT_TILE_INDEX, tile, tile);
	*physical = j->set[set]->tiles[tile];
	return 0;
}
