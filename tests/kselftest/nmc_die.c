// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients that die in the middle of their jobs: what they held comes back, others notice nothing.
 */
#include <sys/wait.h>
#include "kselftest_harness.h"
#include "nmc_test.h"

#define CLIENTS		8
#define TRIES		600		/* tenths of a second until everything must be back */

FIXTURE(die) {
	int fd;
	int class_id;
	uint32_t free;
};

static uint32_t tiles_free(int fd, int class_id)
{
	struct drm_nmc_class info = { 0 };

	query(fd, DRM_NMC_QUERY_CLASS, class_id, &info, sizeof(info));
	return info.free;
}

/* Volatile tiles of earlier suites may still be on their way back. */
static bool tiles_settle(int fd, int class_id)
{
	struct drm_nmc_health h;
	int i;

	for (i = 0; i < TRIES; i++) {
		if (query(fd, DRM_NMC_QUERY_HEALTH, 0, &h, sizeof(h)))
			return false;
		if (!h.tiles_by_state[NMC_TILE_ERASING] && !h.tiles_by_state[NMC_TILE_OWNED] &&
		    !h.tiles_by_state[NMC_TILE_INCOMPLETE])
			return tiles_free(fd, class_id) > 0;
		usleep(100000);
	}
	return false;
}

FIXTURE_SETUP(die)
{
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
	self->class_id = class_find(self->fd, NMC_TECH_DIGITAL);
	ASSERT_GE(self->class_id, 0);
	ASSERT_TRUE(tiles_settle(self->fd, self->class_id));
	self->free = tiles_free(self->fd, self->class_id);
}

FIXTURE_TEARDOWN(die)
{
	close(self->fd);
}

/* Holds a tile, queues many long jobs, says so and waits to be killed. */
static void client(int class_id, int ready)
{
	struct test_stream s;
	struct test_job job;
	uint32_t set, ctx;
	int fd = nmc_open_device(), i;

	if (fd < 0 || tileset_create(fd, class_id, 1, &set) || context_create(fd, &set, 1, &ctx) ||
	    stream_create(fd, &s, 1 << NMC_GROUP_CONTROL, 0, 1, 1))
		_exit(1);
	stream_nops(&s, 100, 1000);
	stream_end(&s);
	job_init(&job, ctx, &s);
	for (i = 0; i < 300; i++)
		if (job_submit(fd, &job))
			_exit(2);
	if (write(ready, "r", 1) != 1)
		_exit(3);
	for (;;)
		pause();
}

static pid_t spawn(int class_id)
{
	int pipes[2];
	char c = 0;
	pid_t pid;

	if (pipe(pipes))
		return -1;
	pid = fork();
	if (!pid)
		client(class_id, pipes[1]);
	close(pipes[1]);
	if (read(pipes[0], &c, 1) != 1)
		pid = -1;
	close(pipes[0]);
	return pid;
}

static int own_job(int fd)
{
	struct drm_nmc_job_result result;
	struct test_stream s;
	struct test_job job;
	uint32_t ctx;

	if (context_create(fd, NULL, 0, &ctx) ||
	    stream_create(fd, &s, 1 << NMC_GROUP_CONTROL, 0, 1, 0))
		return -1;
	stream_end(&s);
	job_init(&job, ctx, &s);
	return job_run(fd, &job, &result) ? -1 : (int)result.status;
}

TEST_F_TIMEOUT(die, killed_with_jobs_queued, 120)
{
	pid_t pid = spawn(self->class_id);
	int status;

	ASSERT_GT(pid, 0);
	EXPECT_EQ(self->free - 1, tiles_free(self->fd, self->class_id));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(NMC_STATUS_OK, own_job(self->fd));
	EXPECT_TRUE(tiles_settle(self->fd, self->class_id));
	EXPECT_EQ(self->free, tiles_free(self->fd, self->class_id));
}

TEST_F_TIMEOUT(die, many_at_once, 240)
{
	pid_t pid[CLIENTS];
	int i, status;

	for (i = 0; i < CLIENTS; i++) {
		pid[i] = spawn(self->class_id);
		ASSERT_GT(pid[i], 0);
	}
	for (i = 0; i < CLIENTS; i++)
		ASSERT_EQ(0, kill(pid[i], SIGKILL));
	for (i = 0; i < CLIENTS; i++)
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
	EXPECT_EQ(NMC_STATUS_OK, own_job(self->fd));
	EXPECT_TRUE(tiles_settle(self->fd, self->class_id));
	EXPECT_EQ(self->free, tiles_free(self->fd, self->class_id));
}

TEST_HARNESS_MAIN
