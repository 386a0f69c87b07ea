// SPDX-License-Identifier: MIT
/*
 * Runs in the background: a thread of the run drives the jobs and makes a descriptor readable at the end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "libnmc/error.h"
#include "libnmc/run/runner.h"
#include "libnmc/sized.h"

/**
 * struct nmc_run - a run in the background
 * @plan: its plan
 * @work: its vectors
 * @thread: drives the run
 * @fd: readable at the end
 * @ticket: its place in the order of the plan's runs
 * @lock: protects what follows
 * @end: signalled at the end
 * @ended: it ended
 * @result: 0 or its error
 * @error: the error's text, which belongs to the thread that made it
 * @report: what it used
 */
struct nmc_run {
	struct nmc_plan *plan;
	struct work work;
	pthread_t thread;
	int fd;
	uint64_t ticket;
	pthread_mutex_t lock;
	pthread_cond_t end;
	bool ended;
	int result;
	char error[512];
	struct nmc_run_report report;
};

static void *run_thread(void *arg)
{
	struct nmc_run *run = arg;
	struct device *reach = run->plan->device->reach;
	uint64_t one = 1;
	int ret;

	if (reach->ops->near)
		reach->ops->near(reach);
	ret = runner_run(run->plan, run->ticket, &run->work, &run->report);
	pthread_mutex_lock(&run->lock);
	if (ret)
		snprintf(run->error, sizeof(run->error), "%s", nmc_last_error());
	run->result = ret;
	run->ended = true;
	pthread_cond_broadcast(&run->end);
	pthread_mutex_unlock(&run->lock);
	while (write(run->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	return NULL;
}

static void run_init(struct nmc_run *run)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&run->lock, NULL);
	pthread_cond_init(&run->end, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void run_free(struct nmc_run *run)
{
	close(run->fd);
	pthread_mutex_destroy(&run->lock);
	pthread_cond_destroy(&run->end);
	free(run);
}

static int start(struct nmc_plan *plan, struct work work, struct nmc_run **run)
{
	struct nmc_run *r = calloc(1, sizeof(*r));
	int ret;

	*run = NULL;
	if (!r)
		return fail_memory();
	r->plan = plan;
	r->work = work;
	r->report.size = sizeof(r->report);
	r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->fd < 0) {
		free(r);
		return fail(-errno, "eventfd: %s", strerror(errno));
	}
	run_init(r);
	ret = runner_enter(plan->runner, &r->ticket);
	if (!ret && pthread_create(&r->thread, NULL, run_thread, r)) {
		runner_begin(plan->runner, r->ticket);
		runner_end(plan->runner);
		ret = fail(-EAGAIN, "cannot start a thread for the run");
	}
	if (ret)
		run_free(r);
	else
		*run = r;
	return ret;
}

int nmc_run_start(struct nmc_plan *plan, const float *in, size_t count, float *out, struct nmc_run **run)
{
	return start(plan, (struct work){ .in = in, .count = count, .values = out }, run);
}

int nmc_run_start_raw(struct nmc_plan *plan, const float *in, size_t count, int32_t *out, struct nmc_run **run)
{
	return start(plan, (struct work){ .in = in, .count = count, .raw = out }, run);
}

int nmc_run_fd(struct nmc_run *run)
{
	return run->fd;
}

size_t nmc_run_done(struct nmc_run *run)
{
	return __atomic_load_n(&run->work.done, __ATOMIC_ACQUIRE);
}

/* The run's outcome, with its text given to the calling thread. */
static int outcome(struct nmc_run *run)
{
	return run->result ? fail(run->result, "%s", run->error) : 0;
}

int nmc_run_poll(struct nmc_run *run)
{
	int ret = -EAGAIN;

	pthread_mutex_lock(&run->lock);
	if (run->ended)
		ret = outcome(run);
	pthread_mutex_unlock(&run->lock);
	return ret;
}

int nmc_run_wait(struct nmc_run *run, int64_t timeout_ns, struct nmc_run_report *report)
{
	int64_t at = deadline_of(timeout_ns);
	struct timespec until = { .tv_sec = at / 1000000000, .tv_nsec = at % 1000000000 };
	int ret = 0;

	pthread_mutex_lock(&run->lock);
	while (!run->ended && !ret)
		if (pthread_cond_timedwait(&run->end, &run->lock, &until) == ETIMEDOUT && !run->ended)
			ret = fail(-ETIMEDOUT, "the run has not ended: %zu of %zu vectors", nmc_run_done(run),
				   run->work.count);
	if (!ret)
		ret = outcome(run);
	if (!ret && report)
		ret = give(report, &run->report, sizeof(run->report), "struct nmc_run_report");
	pthread_mutex_unlock(&run->lock);
	return ret;
}

void nmc_run_cancel(struct nmc_run *run)
{
	__atomic_store_n(&run->work.cancel, true, __ATOMIC_RELEASE);
}

void nmc_run_destroy(struct nmc_run *run)
{
	if (!run)
		return;
	nmc_run_cancel(run);
	pthread_join(run->thread, NULL);
	run_free(run);
}
