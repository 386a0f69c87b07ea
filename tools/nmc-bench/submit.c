// SPDX-License-Identifier: MIT
/*
 * Empty jobs: a stream that ends at once, so that all of the time is submission and completion.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nmc-bench/bench.h"

#define MAX_DEPTH	64
#define MAX_SAMPLES	200000

/* Counters of all I/O queues together, register accesses of the card. */
static void total(struct nmc_device *d, struct nmc_queue_info *t)
{
	struct nmc_queue_info q;
	unsigned int i;

	memset(t, 0, sizeof(*t));
	for (i = 0; !nmc_device_queue(d, i, &q); i++) {
		if (!i) {
			t->mmio_reads = q.mmio_reads;
			t->mmio_writes = q.mmio_writes;
			t->heartbeat_reads = q.heartbeat_reads;
			continue;
		}
		t->jobs += q.jobs;
		t->doorbells += q.doorbells;
		t->interrupts += q.interrupts;
		t->host_interrupts += q.host_interrupts;
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/**
 * struct flight - jobs under way
 * @bus: the card is behind a bus whose traffic is counted; in this process there is none
 * @submitted: jobs submitted
 * @waited: jobs waited for
 * @begin: when each job in flight was submitted
 * @id: its id
 * @latency: latencies seen
 * @samples: how many
 */
struct flight {
	bool bus;
	struct nmc_context *context;
	struct nmc_stream *stream;
	uint64_t submitted;
	uint64_t waited;
	double begin[MAX_DEPTH];
	uint64_t id[MAX_DEPTH];
	double *latency;
	size_t samples;
};

static int launch(struct flight *f)
{
	unsigned int at = f->submitted % MAX_DEPTH;

	f->begin[at] = bench_now();
	f->submitted++;
	return nmc_job_submit(f->context, f->stream, NULL, 0, &f->id[at]);
}

static int land(struct flight *f)
{
	unsigned int at = f->waited % MAX_DEPTH;

	f->waited++;
	if (nmc_job_wait(f->context, f->id[at], -1, NULL))
		return -1;
	if (f->samples < MAX_SAMPLES)
		f->latency[f->samples++] = bench_now() - f->begin[at];
	return 0;
}

static int fly(struct flight *f, unsigned int depth, double seconds)
{
	double end = bench_now() + seconds;

	while (bench_now() < end) {
		while (f->submitted - f->waited < depth)
			if (launch(f))
				return -1;
		if (land(f))
			return -1;
	}
	while (f->waited < f->submitted)
		if (land(f))
			return -1;
	return 0;
}

static void report(struct json_object *o, unsigned int depth, struct flight *f, double seconds,
		   const struct nmc_queue_info *a, const struct nmc_queue_info *b)
{
	struct json_object *d = json_object_new_object();
	double jobs = (double)f->waited;
	char key[32];

	qsort(f->latency, f->samples, sizeof(*f->latency), by_value);
	add_number(d, "jobs", jobs);
	add_number(d, "jobs_per_second", jobs / seconds);
	add_number(d, "latency_median_us", f->latency[f->samples / 2] * 1e6);
	add_number(d, "latency_p99_us", f->latency[f->samples * 99 / 100] * 1e6);
	if (f->bus) {
		add_number(d, "doorbells_per_job", (double)(b->doorbells - a->doorbells) / jobs);
		add_number(d, "interrupts_per_job", (double)(b->interrupts - a->interrupts) / jobs);
		add_number(d, "host_interrupts_per_job", (double)(b->host_interrupts - a->host_interrupts) / jobs);
		add_number(d, "register_reads", (double)(b->mmio_reads - a->mmio_reads));
		add_number(d, "heartbeat_reads", (double)(b->heartbeat_reads - a->heartbeat_reads));
		add_number(d, "register_writes_per_job", (double)(b->mmio_writes - a->mmio_writes) / jobs);
	}
	snprintf(key, sizeof(key), "depth_%u", depth);
	json_object_object_add(o, key, d);
}

static int measure(const struct bench *b, struct flight *f, unsigned int depth, struct json_object *o)
{
	struct nmc_queue_info before, after;
	double begin, seconds;

	f->submitted = f->waited = 0;
	if (fly(f, depth, b->seconds * 0.2))
		return -1;
	f->submitted = f->waited = 0;
	f->samples = 0;
	total(b->device, &before);
	begin = bench_now();
	if (fly(f, depth, b->seconds))
		return -1;
	seconds = bench_now() - begin;
	total(b->device, &after);
	report(o, depth, f, seconds, &before, &after);
	return 0;
}

int bench_submit(const struct bench *b, struct json_object *o)
{
	struct nmc_device_info info = NMC_DEVICE_INFO_INIT;
	struct flight f = { 0 };
	int ret = nmc_device_info(b->device, &info);

	f.bus = *info.pci;
	if (!ret)
		ret = nmc_context_create(b->device, NULL, 0, &f.context);
	if (!ret)
		ret = nmc_stream_create(0, &f.stream);
	f.latency = malloc(MAX_SAMPLES * sizeof(*f.latency));
	if (!f.latency)
		ret = -1;
	if (!ret)
		ret = measure(b, &f, 1, o);
	if (!ret)
		ret = measure(b, &f, b->depth, o);
	free(f.latency);
	nmc_stream_destroy(f.stream);
	nmc_context_destroy(f.context);
	return ret;
}
