/* SPDX-License-Identifier: MIT */
/*
 * Worker pool: lends host threads to one large operation of a job. Work is cut into parts whose results do
 * not depend on who carries them out, so that the number of threads never changes a bit.
 */
#ifndef NMC_CARD_POOL_H
#define NMC_CARD_POOL_H

struct pool;

#define POOL_MAX_PARTS	(1u << 20)

/**
 * pool_create() - starts the workers
 * @threads: threads that share work, the caller's own included; 1 starts none
 *
 * Return: the pool, to be given to pool_destroy(), or NULL if memory or threads lack.
 */
struct pool *pool_create(unsigned int threads);

/**
 * pool_destroy() - ends the workers; no pool_run() may be in progress
 * @p: the pool or NULL
 */
void pool_destroy(struct pool *p);

/**
 * pool_threads() - threads that share work, the caller's own included
 * @p: the pool
 */
unsigned int pool_threads(const struct pool *p);

/**
 * pool_run() - carries out @parts parts and returns when all are done
 * @p: the pool
 * @part: called once for each part number, from several threads at once
 * @arg: its first argument
 * @parts: at most %POOL_MAX_PARTS
 *
 * The caller takes parts too. While another job uses the workers the caller does all parts itself rather than
 * wait. Thread-safe; @part must not call pool_run().
 */
void pool_run(struct pool *p, void (*part)(void *arg, unsigned int n), void *arg, unsigned int parts);

#endif
