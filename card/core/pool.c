// SPDX-License-Identifier: MIT
/*
 * Worker pool. One 64-bit word holds a run's number, its parts and the next part; claiming a part is one
 * compare-and-swap on that word, so that a worker which comes late can never take a part of a run that
 * has ended. Workers spin for some microseconds between runs, since products follow one another closely, and
 * then sleep on a futex.
 */
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "card/core/pool.h"

#define SPINS		600	/* pauses before a sleep, some 20 us */
#define FIELD_BITS	21	/* parts and next part, each 0..2^20 */
#define FIELD_MASK	((1u << FIELD_BITS) - 1)

struct pool {
	uint64_t word;		/* run << 42 | parts << 21 | next */
	uint32_t done;		/* parts done of this run; a futex */
	uint32_t kick;		/* advanced with every run; a futex */
	uint32_t sleepers;
	uint32_t caller_sleeps;
	bool end;
	void (*part)(void *arg, unsigned int n);
	void *arg;
	pthread_mutex_t owner;
	unsigned int threads;
	unsigned int started;
	pthread_t ids[];
};

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

static void futex_wait(uint32_t *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(uint32_t *word, int count)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

static unsigned int word_next(uint64_t word)
{
	return word & FIELD_MASK;
}

static unsigned int word_parts(uint64_t word)
{
	return word >> FIELD_BITS & FIELD_MASK;
}

/* Takes one part of the present run, if one is left, and carries it out. */
static bool take_part(struct pool *p)
{
	uint64_t word = __atomic_load_n(&p->word, __ATOMIC_ACQUIRE);
	unsigned int parts;

	do {
		if (word_next(word) >= word_parts(word))
			return false;
	} while (!__atomic_compare_exchange_n(&p->word, &word, word + 1, true, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));

	/* From here on the run cannot end before this part is counted. */
	parts = word_parts(word);
	p->part(p->arg, word_next(word));
	if (__atomic_add_fetch(&p->done, 1, __ATOMIC_SEQ_CST) == parts &&
	    __atomic_load_n(&p->caller_sleeps, __ATOMIC_SEQ_CST))
		futex_wake(&p->done, 1);
	return true;
}

/* Waits for a new run: a short spin, then a sleep. */
static void await_run(struct pool *p)
{
	uint32_t kick = __atomic_load_n(&p->kick, __ATOMIC_SEQ_CST);
	uint64_t word;
	int i;

	for (i = 0; i < SPINS; i++) {
		word = __atomic_load_n(&p->word, __ATOMIC_SEQ_CST);
		if (word_next(word) < word_parts(word) || __atomic_load_n(&p->end, __ATOMIC_RELAXED))
			return;
		relax();
	}
	__atomic_add_fetch(&p->sleepers, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&p->kick, __ATOMIC_SEQ_CST) == kick)
		futex_wait(&p->kick, kick);
	__atomic_sub_fetch(&p->sleepers, 1, __ATOMIC_SEQ_CST);
}

static void *worker(void *arg)
{
	struct pool *p = arg;

	while (!__atomic_load_n(&p->end, __ATOMIC_ACQUIRE)) {
		if (!take_part(p))
			await_run(p);
	}
	return NULL;
}

static void kick_workers(struct pool *p)
{
	__atomic_add_fetch(&p->kick, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&p->sleepers, __ATOMIC_SEQ_CST))
		futex_wake(&p->kick, INT_MAX);
}

struct pool *pool_create(unsigned int threads)
{
	struct pool *p = calloc(1, sizeof(*p) + threads * sizeof(p->ids[0]));

	if (!p)
		return NULL;
	pthread_mutex_init(&p->owner, NULL);
	p->threads = threads;
	while (p->started + 1 < threads) {
		if (pthread_create(&p->ids[p->started], NULL, worker, p)) {
			pool_destroy(p);
			return NULL;
		}
		p->started++;
	}
	return p;
}

void pool_destroy(struct pool *p)
{
	unsigned int i;

	if (!p)
		return;
	__atomic_store_n(&p->end, true, __ATOMIC_SEQ_CST);
	kick_workers(p);
	for (i = 0; i < p->started; i++)
		pthread_join(p->ids[i], NULL);
	pthread_mutex_destroy(&p->owner);
	free(p);
}

unsigned int pool_threads(const struct pool *p)
{
	return p->threads;
}

/* All parts are taken; others may still be at work on theirs. */
static void await_done(struct pool *p, unsigned int parts)
{
	uint32_t done;
	int i;

	for (i = 0; i < SPINS; i++) {
		if (__atomic_load_n(&p->done, __ATOMIC_ACQUIRE) == parts)
			return;
		relax();
	}
	__atomic_store_n(&p->caller_sleeps, 1, __ATOMIC_SEQ_CST);
	while ((done = __atomic_load_n(&p->done, __ATOMIC_SEQ_CST)) != parts)
		futex_wait(&p->done, done);
	__atomic_store_n(&p->caller_sleeps, 0, __ATOMIC_RELAXED);
}

void pool_run(struct pool *p, void (*part)(void *arg, unsigned int n), void *arg, unsigned int parts)
{
	uint64_t run;
	unsigned int i;

	if (parts < 2 || p->threads < 2 || pthread_mutex_trylock(&p->owner)) {
		for (i = 0; i < parts; i++)
			part(arg, i);
		return;
	}
	p->part = part;
	p->arg = arg;
	__atomic_store_n(&p->done, 0, __ATOMIC_RELAXED);
	run = (__atomic_load_n(&p->word, __ATOMIC_RELAXED) >> (2 * FIELD_BITS)) + 1;
	__atomic_store_n(&p->word, run << (2 * FIELD_BITS) | (uint64_t)parts << FIELD_BITS, __ATOMIC_SEQ_CST);
	kick_workers(p);
	while (take_part(p))
		;
	await_done(p, parts);
	pthread_mutex_unlock(&p->owner);
}
