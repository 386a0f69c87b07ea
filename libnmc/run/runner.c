// SPDX-License-Identifier: MIT
/*
 * Running vectors through a plan: jobs of a fixed number of vectors, one on the card while the host prepares the next
 * and takes the results of the last.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "libnmc/error.h"
#include "libnmc/run/emit.h"
#include "libnmc/run/runner.h"
#include "libnmc/sized.h"

uint64_t wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

const char *layer_of_tag(void *plan, uint32_t tag)
{
	struct nmc_plan *p = plan;

	return tag && tag <= p->network->layers ? p->network->layer[tag - 1].name : NULL;
}

int runner_create(struct nmc_plan *p, struct runner **runner)
{
	struct runner *r = calloc(1, sizeof(*r));
	int ret;

	if (!r)
		return fail_memory();
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->turn, NULL);
	ret = nmc_buffer_create(p->device, p->params, &r->params);
	if (ret) {
		runner_destroy(r);
		return ret;
	}
	plan_params(p, nmc_buffer_data(r->params));
	*runner = r;
	return 0;
}

void runner_destroy(struct runner *r)
{
	unsigned int i;

	if (!r)
		return;
	for (i = 0; i < RUNNER_LANES; i++) {
		nmc_buffer_destroy(r->lane[i].in);
		nmc_buffer_destroy(r->lane[i].out);
	}
	nmc_buffer_destroy(r->params);
	nmc_stream_destroy(r->stream);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->turn);
	free(r);
}

static size_t counters_at(const struct nmc_plan *p, uint32_t vectors)
{
	return ((size_t)vectors * nmc_network_outputs(p->network) * 4 + 63) / 64 * 64;
}

/* A buffer of at least @bytes; kept from run to run. */
static int need_buffer(struct nmc_plan *p, struct nmc_buffer **b, size_t bytes)
{
	if (*b && nmc_buffer_bytes(*b) >= bytes)
		return 0;
	nmc_buffer_destroy(*b);
	*b = NULL;
	return nmc_buffer_create(p->device, bytes, b);
}

static int need_stream(struct nmc_plan *p, uint32_t vectors)
{
	struct runner *r = p->runner;

	if (r->stream && r->stream_vectors == vectors)
		return 0;
	nmc_stream_destroy(r->stream);
	r->stream = NULL;
	r->stream_vectors = vectors;
	return emit_run(p, vectors, &r->stream);
}

static bool other_lane_busy(const struct runner *r, const struct lane *l)
{
	unsigned int i;

	for (i = 0; i < RUNNER_LANES; i++)
		if (&r->lane[i] != l && r->lane[i].vectors)
			return true;
	return false;
}

static void take_results(const struct nmc_plan *p, const struct lane *l, struct work *w)
{
	const int32_t *raw = nmc_buffer_data(l->out);
	const struct nmc_isa_counters *c;
	unsigned int outputs = nmc_network_outputs(p->network);
	size_t v;

	if (w->raw)
		memcpy(w->raw + l->first * outputs, raw, (size_t)l->vectors * outputs * sizeof(*raw));
	for (v = 0; w->values && v < l->vectors; v++)
		plan_values(p, raw + v * outputs, w->values + (l->first + v) * outputs);
	c = (const void *)((const uint8_t *)nmc_buffer_data(l->out) + counters_at(p, l->vectors));
	w->used.macs += c->macs;
	w->used.conversions += c->conversions;
	w->used.clips += c->clips;
}

/* Waits for a lane's job and takes its results. */
static int lane_finish(struct nmc_plan *p, struct lane *l, struct work *w)
{
	struct device_result r;
	int ret;

	if (!l->vectors)
		return 0;
	ret = job_result(p->context, l->job, -1, &r);
	if (!ret)
		ret = job_outcome(&r, layer_of_tag, p);
	if (!ret) {
		take_results(p, l, w);
		w->used.jobs++;
		w->used.vectors += l->vectors;
		w->used.modelled_ns += r.modelled_ns;
		w->used.energy_j += (double)r.energy_fj * 1e-15;
		__atomic_fetch_add(&w->done, l->vectors, __ATOMIC_RELEASE);
	}
	l->vectors = 0;
	return ret;
}

static int lane_start(struct nmc_plan *p, struct lane *l, const float *in, size_t first, uint32_t vectors)
{
	unsigned int inputs = p->network->inputs;
	struct runner *r = p->runner;
	struct nmc_slot_ref slots[RUN_SLOTS];
	int ret = need_buffer(p, &l->in, (size_t)vectors * inputs);
	int8_t *codes;
	uint32_t v;

	if (!ret)
		ret = need_buffer(p, &l->out, counters_at(p, vectors) + sizeof(struct nmc_isa_counters));
	if (ret)
		return ret;
	codes = nmc_buffer_data(l->in);
	for (v = 0; v < vectors; v++)
		plan_codes(p, in + (first + v) * inputs, codes + (size_t)v * inputs);
	ret = need_stream(p, vectors);
	if (ret)
		return ret;
	slots[RUN_PARAMS] = (struct nmc_slot_ref){ r->params, false };
	slots[RUN_IN] = (struct nmc_slot_ref){ l->in, false };
	slots[RUN_OUT] = (struct nmc_slot_ref){ l->out, true };
	ret = nmc_job_submit(p->context, r->stream, slots, RUN_SLOTS, &l->job);
	if (ret)
		return ret;
	l->first = first;
	l->vectors = vectors;
	return 0;
}

/* The stream of another length is still in use while a job runs: let the card finish first. */
static int drain_for_stream(struct nmc_plan *p, struct lane *l, uint32_t vectors, struct work *w)
{
	unsigned int i;
	int ret = 0;

	if (p->runner->stream_vectors == vectors || !other_lane_busy(p->runner, l))
		return 0;
	for (i = 0; !ret && i < RUNNER_LANES; i++)
		ret = lane_finish(p, &p->runner->lane[i], w);
	return ret;
}

static int check_cancel(const struct work *w)
{
	if (!__atomic_load_n(&w->cancel, __ATOMIC_ACQUIRE))
		return 0;
	return fail(-ECANCELED, "the run was cancelled after %zu of %zu vectors", w->done, w->count);
}

static int run_jobs(struct nmc_plan *p, struct work *w)
{
	unsigned int turn = 0;
	size_t first = 0;
	int ret = 0;

	while (!ret && first < w->count) {
		struct lane *l = &p->runner->lane[turn++ % RUNNER_LANES];
		size_t left = w->count - first;
		uint32_t vectors = left < RUNNER_JOB_VECTORS ? (uint32_t)left : RUNNER_JOB_VECTORS;

		ret = lane_finish(p, l, w);
		if (!ret)
			ret = drain_for_stream(p, l, vectors, w);
		if (!ret)
			ret = check_cancel(w);
		if (!ret)
			ret = lane_start(p, l, w->in, first, vectors);
		first += vectors;
	}
	return ret;
}

/* Ends every lane in the order of its jobs; after a failure results are thrown away. */
static int finish_all(struct nmc_plan *p, struct work *w, int ret)
{
	struct lane *a = &p->runner->lane[0], *b = &p->runner->lane[1];
	struct lane *first = b->vectors && (!a->vectors || b->job < a->job) ? b : a, *second = first == a ? b : a;
	struct device_result unused;

	if (!ret)
		ret = lane_finish(p, first, w);
	if (!ret)
		ret = lane_finish(p, second, w);
	if (first->vectors)
		job_result(p->context, first->job, -1, &unused);
	if (second->vectors)
		job_result(p->context, second->job, -1, &unused);
	first->vectors = 0;
	second->vectors = 0;
	return ret;
}

uint64_t runner_ticket(struct runner *r)
{
	uint64_t ticket;

	pthread_mutex_lock(&r->lock);
	ticket = r->next++;
	pthread_mutex_unlock(&r->lock);
	return ticket;
}

static int check_programmed(const struct runner *r)
{
	return r->programmed ? 0 : fail(-EINVAL, "the plan has not been programmed; call nmc_plan_program() first");
}

int runner_enter(struct runner *r, uint64_t *ticket)
{
	int ret;

	pthread_mutex_lock(&r->lock);
	ret = check_programmed(r);
	if (!ret)
		*ticket = r->next++;
	pthread_mutex_unlock(&r->lock);
	return ret;
}

int runner_check_programmed(struct runner *r)
{
	int ret;

	pthread_mutex_lock(&r->lock);
	ret = check_programmed(r);
	pthread_mutex_unlock(&r->lock);
	return ret;
}

void runner_forget_stream(struct runner *r)
{
	nmc_stream_destroy(r->stream);
	r->stream = NULL;
	r->stream_vectors = 0;
}

void runner_set_programmed(struct runner *r, bool programmed)
{
	pthread_mutex_lock(&r->lock);
	r->programmed = programmed;
	pthread_mutex_unlock(&r->lock);
}

void runner_begin(struct runner *r, uint64_t ticket)
{
	pthread_mutex_lock(&r->lock);
	while (r->serving != ticket)
		pthread_cond_wait(&r->turn, &r->lock);
	pthread_mutex_unlock(&r->lock);
}

void runner_end(struct runner *r)
{
	pthread_mutex_lock(&r->lock);
	r->serving++;
	pthread_cond_broadcast(&r->turn);
	pthread_mutex_unlock(&r->lock);
}

int runner_run(struct nmc_plan *p, uint64_t ticket, struct work *w, struct nmc_run_report *report)
{
	uint64_t start = wall_ns();
	int ret;

	runner_begin(p->runner, ticket);
	ret = check_programmed(p->runner);
	if (!ret) {
		ret = run_jobs(p, w);
		ret = finish_all(p, w, ret);
	}
	runner_end(p->runner);
	if (ret || !report)
		return ret;
	w->used.wall_ns = wall_ns() - start;
	return give(report, &w->used, sizeof(w->used), "struct nmc_run_report");
}

int runner_job(struct nmc_plan *p, struct nmc_stream *stream, const struct nmc_slot_ref *slots, unsigned int count)
{
	struct device_result r;
	uint64_t job;
	int ret = nmc_job_submit(p->context, stream, slots, count, &job);

	if (!ret)
		ret = job_result(p->context, job, -1, &r);
	return ret ? ret : job_outcome(&r, layer_of_tag, p);
}

void nmc_plan_values(const struct nmc_plan *plan, const int32_t *raw, size_t count, float *out)
{
	unsigned int outputs = nmc_network_outputs(plan->network);
	size_t v;

	for (v = 0; v < count; v++)
		plan_values(plan, raw + v * outputs, out + v * outputs);
}

static int run_now(struct nmc_plan *p, struct work w, struct nmc_run_report *report)
{
	uint64_t ticket;
	int ret = runner_enter(p->runner, &ticket);

	return ret ? ret : runner_run(p, ticket, &w, report);
}

int nmc_plan_run(struct nmc_plan *plan, const float *in, size_t count, float *out, struct nmc_run_report *report)
{
	return run_now(plan, (struct work){ .in = in, .count = count, .values = out }, report);
}

int nmc_plan_run_raw(struct nmc_plan *plan, const float *in, size_t count, int32_t *out, struct nmc_run_report *report)
{
	return run_now(plan, (struct work){ .in = in, .count = count, .raw = out }, report);
}
