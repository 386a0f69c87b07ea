// SPDX-License-Identifier: MIT
/*
 * Jobs side by side: disjoint sets run at once, a shared set excludes, a waiting job can be stopped, and many jobs
 * from many threads leave the card as the same jobs one after another. Also the endpoint's side of the firmware.
 * Clean under the thread sanitizer.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>
#include "core_rig.h"
#include "card/pcie/mgmt.h"

#define PLACE_BYTES	512	/* of a table or a stream in struct lone_job, at most */

/* Host memory that holds a job up in its first LOAD until the test lets it go, and counts reads of two places. */
struct gate {
	struct rig *r;
	const void *table;
	const void *stream;
	size_t table_bytes;
	size_t stream_bytes;
	sem_t reached;
	sem_t open;
};

static int gated_read(void *ctx, uint64_t addr, void *buf, size_t bytes)
{
	struct gate *g = ctx;

	if (addr - (uintptr_t)g->table < PLACE_BYTES)
		g->table_bytes += bytes;
	if (addr - (uintptr_t)g->stream < PLACE_BYTES)
		g->stream_bytes += bytes;
	if (addr == (uintptr_t)g->r->data) {
		sem_post(&g->reached);
		sem_wait(&g->open);
	}
	memcpy(buf, (const void *)(uintptr_t)addr, bytes);
	return 0;
}

static int plain_write(void *ctx, uint64_t addr, const void *buf, size_t bytes)
{
	(void)ctx;
	memcpy((void *)(uintptr_t)addr, buf, bytes);
	return 0;
}

/* One job on one set of the rig, with a table and a stream of its own. */
struct lone_job {
	struct rig *r;
	struct {
		struct nmc_job_table head;
		struct nmc_set_ref set;
		struct nmc_slot slots[2];
	} table __attribute__((aligned(PLACE_BYTES)));
	struct {
		struct nmc_isa_header head;
		struct nmc_isa_move move;
		struct nmc_isa_control loop;
		struct nmc_isa_control idle;
		struct nmc_isa_control end;
	} stream __attribute__((aligned(PLACE_BYTES)));
	struct nmc_sqe_job sqe __attribute__((aligned(PLACE_BYTES)));
	struct card_dma dma;
	struct nmc_cqe cqe;
	int stop;
	uint64_t progress;
	pthread_t thread;
};

static void lone_setup(struct lone_job *l, struct rig *r, unsigned int set, uint32_t loops)
{
	memset(l, 0, sizeof(*l));
	l->r = r;
	l->dma = card_dma_process;
	l->table.head = (struct nmc_job_table){ 16 + 8 + 2 * sizeof(struct nmc_slot), 1, 2, 0 };
	l->table.set = r->table.sets[set];
	l->table.slots[0] = (struct nmc_slot){ (uintptr_t)&l->stream, 0, sizeof(l->stream), 0, NMC_SLOT_READ };
	l->table.slots[1] = r->table.slots[SLOT_DATA];
	l->stream.head = (struct nmc_isa_header){ .magic = NMC_ISA_MAGIC, .major = 1, .insns = 4, .slots = 2, .sets = 1,
						  .groups = RIG_ALL_GROUPS, .sram_bytes = 4096 };
	l->stream.move = (struct nmc_isa_move){ .c.opcode = NMC_OP_LOAD, .slot = 1, .sram.pitch = 8, .rows = 1,
						.row_bytes = 8 };
	l->stream.loop = (struct nmc_isa_control){ .c.opcode = NMC_OP_LOOP, .count = loops, .body = 1 };
	l->stream.idle = (struct nmc_isa_control){ .c.opcode = NMC_OP_IDLE, .time = 3 };
	l->stream.end = (struct nmc_isa_control){ .c.opcode = NMC_OP_END };
	l->sqe = (struct nmc_sqe_job){ .opcode = NMC_QUEUE_JOB, .table = (uintptr_t)&l->table, .context = 1,
				       .table_bytes = l->table.head.bytes, .stream_bytes = sizeof(l->stream) };
}

static void *lone_run(void *arg)
{
	struct lone_job *l = arg;

	card_job(l->r->card, &l->sqe, &l->dma, &l->stop, &l->progress, &l->cqe);
	return NULL;
}

static void lone_start(struct lone_job *l)
{
	assert_int_equal(pthread_create(&l->thread, NULL, lone_run, l), 0);
}

static void gate_setup(struct gate *g, struct rig *r, struct lone_job *l)
{
	*g = (struct gate){ .r = r, .table = &l->table, .stream = &l->stream };
	sem_init(&g->reached, 0, 0);
	sem_init(&g->open, 0, 0);
	l->dma = (struct card_dma){ gated_read, plain_write, g };
}

/* Descriptor, table and instructions are read once: what the host writes there meanwhile changes nothing. */
static void everything_is_fetched_once(void **state)
{
	const struct nmc_isa_move store = { .c.opcode = NMC_OP_STORE, .slot = 1, .slot_offset = 64, .sram.pitch = 8,
					    .rows = 1, .row_bytes = 8 };
	struct rig *r = rig_small();
	struct lone_job held;
	struct gate gate;

	(void)state;
	lone_setup(&held, r, 0, 3);
	memcpy(&held.stream.idle, &store, sizeof(store));
	gate_setup(&gate, r, &held);
	memcpy(r->data, "original", 8);
	lone_start(&held);
	sem_wait(&gate.reached);
	memset(&held.stream, 0xa5, sizeof(held.stream));
	memset(&held.table, 0xa5, sizeof(held.table));
	memset(&held.sqe, 0xa5, sizeof(held.sqe));
	sem_post(&gate.open);
	pthread_join(held.thread, NULL);
	assert_int_equal(held.cqe.status, NMC_STATUS_OK);
	assert_memory_equal(r->data + 64, "original", 8);
	assert_int_equal(gate.stream_bytes, sizeof(held.stream));
	assert_int_equal(gate.table_bytes, 16 + 8 + 2 * sizeof(struct nmc_slot));
	rig_free(r);
}

static void disjoint_sets_run_at_once(void **state)
{
	struct rig *r = rig_small();
	struct lone_job held, other;
	struct gate gate;

	(void)state;
	lone_setup(&held, r, 0, 1);
	lone_setup(&other, r, 1, 1);
	gate_setup(&gate, r, &held);
	lone_start(&held);
	sem_wait(&gate.reached);
	lone_run(&other);
	assert_int_equal(other.cqe.status, NMC_STATUS_OK);
	sem_post(&gate.open);
	pthread_join(held.thread, NULL);
	assert_int_equal(held.cqe.status, NMC_STATUS_OK);
	rig_free(r);
}

static void shared_set_excludes(void **state)
{
	const struct timespec while_ = { .tv_nsec = 20000000 };
	struct rig *r = rig_small();
	struct lone_job held, other;
	struct gate gate;

	(void)state;
	lone_setup(&held, r, 0, 1);
	lone_setup(&other, r, 0, 1);
	gate_setup(&gate, r, &held);
	lone_start(&held);
	sem_wait(&gate.reached);
	lone_start(&other);
	/* The host is told that it waits its turn and is not stuck. */
	while (__atomic_load_n(&other.progress, __ATOMIC_RELAXED) < 2)
		nanosleep(&while_, NULL);

	/* It has not begun: a stop leaves no trace of it, and while a job holds the set it cannot be released. */
	__atomic_store_n(&other.stop, 1, __ATOMIC_RELAXED);
	pthread_join(other.thread, NULL);
	assert_int_equal(other.cqe.status, NMC_STATUS_ABORTED);
	assert_int_equal(other.cqe.fault.cause, NMC_FAULT_NONE);
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_CONTEXT_DESTROY, .id = 1 }, NULL),
			 NMC_STATUS_BUSY);
	other.stop = 0;
	lone_start(&other);
	sem_post(&gate.open);
	pthread_join(held.thread, NULL);
	pthread_join(other.thread, NULL);
	assert_int_equal(held.cqe.status, NMC_STATUS_OK);
	assert_int_equal(other.cqe.status, NMC_STATUS_OK);
	rig_free(r);
}

static void long_job_stops(void **state)
{
	struct rig *r = rig_small();
	struct lone_job job;

	(void)state;
	lone_setup(&job, r, 0, UINT32_MAX);
	lone_start(&job);
	while (__atomic_load_n(&job.progress, __ATOMIC_RELAXED) < 1000)
		;
	__atomic_store_n(&job.stop, 1, __ATOMIC_RELAXED);
	pthread_join(job.thread, NULL);
	assert_int_equal(job.cqe.status, NMC_STATUS_ABORTED);
	assert_int_equal(job.cqe.fault.cause, NMC_FAULT_ABORTED);
	assert_int_equal(job.cqe.fault.insn, 2);
	assert_true(job.cqe.fault.iteration >= 990);
	rig_free(r);
}

/* Products, programming and faults on two sets from four threads, more than the pool has. */
#define ROUNDS	40

struct mix {
	struct rig *r;
	unsigned int set;
	int32_t got[ROUNDS][8];
	unsigned int faults;
	pthread_t thread;
};

struct mix_job {
	struct lone_job base;
	struct {
		struct nmc_isa_header head;
		struct nmc_isa_fill fill;
		struct nmc_isa_program program;
		struct nmc_isa_fill codes;
		struct nmc_isa_mvm mvm;
		struct nmc_isa_move store;
		struct nmc_isa_control end;
	} stream __attribute__((aligned(64)));
	int32_t out[8 * 400];
};

static void mix_setup(struct mix_job *m, struct rig *r, unsigned int set, uint32_t weight)
{
	lone_setup(&m->base, r, set, 1);
	m->stream.head = m->base.stream.head;
	m->stream.head.insns = 6;
	m->stream.head.sram_bytes = 65536;
	m->stream.fill = (struct nmc_isa_fill){ .c.opcode = NMC_OP_FILL, .dst = { 0, 16, 0 }, .words = 4, .rows = 16,
						.value = weight | weight << 16 };
	m->stream.program = (struct nmc_isa_program){ .c.opcode = NMC_OP_PROGRAM, .data = { 0, 16, 0 }, .report = 512,
						      .rows = 16, .cols = 8 };
	m->stream.codes = (struct nmc_isa_fill){ .c.opcode = NMC_OP_FILL, .dst = { 1024, 16, 0 }, .words = 4,
						 .rows = 400, .value = 0x01010101 };
	m->stream.mvm = (struct nmc_isa_mvm){ .c.opcode = NMC_OP_MVM, .in = { 1024, 16, 0 }, .out = { 16384, 32, 0 },
					      .vectors = 400, .rows = 16, .cols = 8 };
	m->stream.store = (struct nmc_isa_move){ .c.opcode = NMC_OP_STORE, .slot = 1, .sram = { 16384, 12800, 0 },
						 .rows = 1, .row_bytes = 12800 };
	m->stream.end = m->base.stream.end;
	m->base.table.slots[0].addr = (uintptr_t)&m->stream;
	m->base.table.slots[0].length = sizeof(m->stream);
	m->base.table.slots[1].addr = (uintptr_t)m->out;
	m->base.table.slots[1].length = sizeof(m->out);
	m->base.sqe.stream_bytes = sizeof(m->stream);
}

static void *mix_run(void *arg)
{
	struct mix *x = arg;
	struct mix_job *m;
	unsigned int i;

	if (posix_memalign((void **)&m, _Alignof(struct mix_job), sizeof(*m)))
		return NULL;
	for (i = 0; i < ROUNDS; i++) {
		mix_setup(m, x->r, x->set, i + 1);
		lone_run(&m->base);
		if (!m->base.cqe.status)
			memcpy(x->got[i], &m->out[8 * 399], sizeof(x->got[i]));
		m->stream.mvm.cols = 9;
		lone_run(&m->base);
		x->faults += m->base.cqe.fault.cause == NMC_FAULT_TILE_BOUNDS;
	}
	free(m);
	return NULL;
}

/* What tools do meanwhile: logs, the oracle, memory. */
static void look(struct rig *r)
{
	struct nmc_health_log health;
	struct nmc_tile_log tiles[12];
	float g[128];
	uint64_t cells;

	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_GET_LOG, .index = NMC_LOG_HEALTH,
							.addr = (uintptr_t)&health, .bytes = sizeof(health) }, NULL),
			 NMC_STATUS_OK);
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_GET_LOG, .index = NMC_LOG_TILES,
							.addr = (uintptr_t)tiles, .bytes = sizeof(tiles) }, NULL),
			 NMC_STATUS_OK);
	assert_int_equal(card_oracle(r->card, r->table.sets[0].set, 0, g, NULL), 0);
	assert_true(g[0] == g[127]);
	card_memory(r->card, &cells);
}

static void many_at_once(void **state)
{
	struct rig *r = rig_make((struct card_options){ .classes = "digital,digital,digital", .tiles = 4, .rows = 16,
							.cols = 8, .threads = 2 });
	static struct mix mix[4];
	unsigned int i, k;

	(void)state;
	for (i = 0; i < 4; i++) {
		mix[i] = (struct mix){ .r = r, .set = i % 2 };
		assert_int_equal(pthread_create(&mix[i].thread, NULL, mix_run, &mix[i]), 0);
	}
	for (i = 0; i < 200; i++)
		look(r);
	for (i = 0; i < 4; i++) {
		pthread_join(mix[i].thread, NULL);
		assert_int_equal(mix[i].faults, ROUNDS);
		/* A job programs and multiplies under one lock: nobody else's weights are ever seen. */
		for (k = 0; k < ROUNDS; k++)
			assert_int_equal(mix[i].got[k][7], 16 * (k + 1));
	}
	rig_free(r);
}

/* The endpoint's side: hooks, late answers, failures of its jobs. */
struct door {
	uint64_t beat;
	unsigned int wakes;
	unsigned int alarms;
	unsigned int stops;
	unsigned int answers;
	struct nmc_cqe answer;
	struct mgmt *m;
};

static unsigned int door_create(void *ctx, unsigned int queue, const struct nmc_queue_config *config)
{
	(void)ctx;
	return queue == 1 && config->entries == 8 ? NMC_STATUS_OK : NMC_STATUS_EXISTS;
}

static unsigned int door_queue(void *ctx, unsigned int queue)
{
	(void)ctx;
	return queue == 1 ? NMC_STATUS_OK : NMC_STATUS_NOT_FOUND;
}

static unsigned int door_stop(void *ctx, unsigned int queue, bool drain, struct nmc_stop_report *report)
{
	struct door *d = ctx;
	uint64_t before = d->beat;

	(void)queue;
	(void)drain;
	mgmt_waiting(d->m);
	assert_true(d->beat > before);
	d->stops++;
	report->head = 5;
	return NMC_STATUS_OK;
}

static bool door_log(void *ctx, unsigned int queue, struct nmc_queue_log *log)
{
	(void)ctx;
	log->jobs = 10 + queue;
	return queue < 2;
}

static void door_complete(void *ctx, const struct nmc_cqe *cqe)
{
	struct door *d = ctx;

	d->answers++;
	d->answer = *cqe;
}

static void door_beat(void *ctx, uint64_t beat)
{
	struct door *d = ctx;

	assert_true(beat > d->beat);
	d->beat = beat;
}

static void door_health(void *ctx)
{
	((struct door *)ctx)->alarms++;
}

static void door_wake(void *ctx)
{
	((struct door *)ctx)->wakes++;
}

static void endpoint(void **state)
{
	struct rig *r = rig_small();
	struct door d = { .m = card_mgmt(r->card) };
	const struct mgmt_door door = { &d, card_dma_process, door_create, door_queue, door_stop, door_queue, door_log,
					door_complete, door_beat, door_health, door_wake };
	struct nmc_queue_config config = { .entries = 8 };
	struct nmc_event_record event = { 0 };
	struct nmc_stop_report report;
	struct nmc_cqe cqe;

	(void)state;
	assert_int_equal(mgmt_attach(d.m, &door), 0);
	assert_int_equal(mgmt_attach(d.m, &door), -EBUSY);
	mgmt_host_enable(d.m, 99, 0);
	assert_true(mgmt_admin(d.m, &(struct nmc_sqe){ .opcode = NMC_ADMIN_QUEUE_CREATE, .id = 1,
						       .addr = (uintptr_t)&config, .bytes = sizeof(config) }, &cqe));
	assert_int_equal(cqe.status, NMC_STATUS_OK);
	assert_true(mgmt_admin(d.m, &(struct nmc_sqe){ .opcode = NMC_ADMIN_QUEUE_STOP, .id = 1,
						       .addr = (uintptr_t)&report, .bytes = sizeof(report) }, &cqe));
	assert_int_equal(cqe.status, NMC_STATUS_OK);
	assert_int_equal(report.head, 5);
	assert_false(mgmt_admin(d.m, &(struct nmc_sqe){ .opcode = NMC_ADMIN_EVENT, .cookie = 3,
							.addr = (uintptr_t)&event, .bytes = sizeof(event) }, &cqe));
	mgmt_poll(d.m);
	assert_int_equal(d.answers, 0);

	/* Contexts were forgotten at enable: the endpoint's job is not found, which its error log says. */
	rig_control(r, NMC_OP_END);
	r->stream.head.insns = 1;
	r->sqe.stream_bytes = 128;
	mgmt_job(d.m, 1, &r->sqe, &card_dma_process, NULL, NULL, &cqe);
	assert_int_equal(cqe.status, NMC_STATUS_NOT_FOUND);
	assert_int_equal(d.wakes, 1);
	assert_int_equal(d.alarms, 0);
	mgmt_poll(d.m);
	assert_int_equal(d.alarms, 1);
	assert_int_equal(d.answers, 1);
	assert_int_equal(d.answer.cookie, 3);
	assert_int_equal(event.type, NMC_EVENT_ERROR);
	assert_int_equal(card_event(r->card, &event), -EAGAIN);

	/* The volatile sets of the door before are being erased; a command that needs tiles waits for them. */
	assert_true(mgmt_admin(d.m, &(struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_CREATE,
						       .addr = (uintptr_t)&(struct nmc_tileset_config){ .tiles = 4 },
						       .bytes = sizeof(struct nmc_tileset_config) }, &cqe));
	assert_int_equal(cqe.status, NMC_STATUS_OK);
	mgmt_detach(d.m);
	assert_int_equal(mgmt_attach(d.m, &door), 0);
	mgmt_detach(d.m);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_fetched_once),
		cmocka_unit_test(disjoint_sets_run_at_once),
		cmocka_unit_test(shared_set_excludes),
		cmocka_unit_test(long_job_stops),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(endpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
