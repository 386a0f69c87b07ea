// SPDX-License-Identifier: MIT
/*
 * The socket thread answers within ten milliseconds, whatever jobs, firmware and faults do. First without a clock: the
 * locks that jobs and commands hold while they work are held for ever, and everything is still answered. Then measured.
 * An answer that is late because the machine had no processor for it says nothing about the card: the time that threads
 * spent runnable without one is known to the kernel and is taken off. A thread may still lose its processor with a lock
 * in hand for longer than that tells, so that a scene has a few rounds, and one within the limit will do: what a job
 * keeps from the socket thread it keeps from it in every round.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include "pcie_rig.h"
#include "card/core/machine.h"
#include "card/pcie/mgmt_priv.h"

#define LIMIT_NS	10000000u
#define SAMPLES		150
#define ROUNDS		5
#define THREADS		32
#define SIDE		128	/* of a tile: with wires a larger one takes sanitizers minutes to solve */

/**
 * struct watched - a thread of this process
 * @fd: its scheduling statistics
 * @first: the client or the socket thread: an answer waits for both
 * @waited: nanoseconds that it had been runnable without a processor before the question
 */
struct watched {
	int fd;
	bool first;
	uint64_t waited;
};

struct watch {
	struct watched thread[THREADS];
	unsigned int count;
};

static char deck_path[64], state_path[64];

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t waited(const struct watched *t)
{
	unsigned long long ran, wait = 0;
	char text[96] = "";

	if (pread(t->fd, text, sizeof(text) - 1, 0) > 0)
		sscanf(text, "%llu %llu", &ran, &wait);
	return wait;
}

static bool is_socket_thread(const char *tid)
{
	char path[300], name[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%s/comm", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, name, sizeof(name) - 1) < 0)
		name[0] = 0;
	close(fd);
	return !strcmp(name, "nmc-socket\n");
}

static void watch_threads(struct watch *w)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *d;

	w->count = 0;
	while ((d = readdir(tasks)) && w->count < THREADS) {
		struct watched *t = &w->thread[w->count];
		char path[300];

		snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat", d->d_name);
		t->fd = open(path, O_RDONLY | O_CLOEXEC);
		t->first = atoi(d->d_name) == getpid() || is_socket_thread(d->d_name);
		w->count += t->fd >= 0;
	}
	closedir(tasks);
}

static void unwatch(struct watch *w)
{
	while (w->count)
		close(w->thread[--w->count].fd);
}

static void remember(struct watch *w)
{
	unsigned int i;

	for (i = 0; i < w->count; i++)
		w->thread[i].waited = waited(&w->thread[i]);
}

/* Waits of the two ends add up; of the others one may have held a lock meanwhile. */
static uint64_t waited_since(const struct watch *w)
{
	uint64_t both = 0, other = 0;
	unsigned int i;

	for (i = 0; i < w->count; i++) {
		uint64_t wait = waited(&w->thread[i]) - w->thread[i].waited;

		if (w->thread[i].first)
			both += wait;
		else if (wait > other)
			other = wait;
	}
	return both + other;
}

/* What a host may ask of the socket thread, by turns. */
static void ask(struct host *h, unsigned int i)
{
	struct vfu_dma_map map = { sizeof(map), 3, 0, GUEST + MEMORY, PAGE };
	struct vfu_dma_unmap unmap = { sizeof(unmap), 0, GUEST + MEMORY, PAGE };

	switch (i % 6) {
	case 0:
		write_reg(h, NMC_DOORBELL_BASE + NMC_DOORBELL_PAGE, 1, 4);
		break;
	case 1:
		write_reg(h, NMC_DOORBELL_BASE, 1, 4);
		break;
	case 2:
		assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), h->memory, NULL, 0), 0);
		break;
	case 3:
		assert_int_equal(call(h, VFU_DMA_UNMAP, &unmap, sizeof(unmap), -1, NULL, 0), 0);
		break;
	default:
		read_reg(h, i % 6 == 4 ? NMC_REG_STATUS : NMC_REG_INT_CAUSE, 8);
		break;
	}
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* One round of a scene; the slowest answer less the waits for a processor. */
static uint64_t measure(struct host *h, struct watch *w, const char *scene)
{
	uint64_t took[SAMPLES], slowest = 0;
	unsigned int i;

	for (i = 0; i < SAMPLES; i++) {
		uint64_t begin, wait;

		nap();
		remember(w);
		begin = now();
		ask(h, i);
		took[i] = now() - begin;
		if (took[i] <= slowest)
			continue;
		wait = waited_since(w);
		if (took[i] - (wait < took[i] ? wait : took[i]) > slowest)
			slowest = took[i] - wait;
	}
	qsort(took, SAMPLES, sizeof(*took), by_value);
	print_message("%-20s p50 %6.3f ms, p99 %6.3f ms, slowest %6.3f ms, with processors free %6.3f ms\n", scene,
		      (double)took[SAMPLES / 2] / 1e6, (double)took[SAMPLES * 99 / 100] / 1e6,
		      (double)took[SAMPLES - 1] / 1e6, (double)slowest / 1e6);
	return slowest;
}

static void answers(struct host *h, const char *scene)
{
	uint64_t slowest = UINT64_MAX;
	struct watch w;
	unsigned int i;

	watch_threads(&w);
	if (!w.count) {
		print_message("no scheduling statistics on this machine\n");
		skip();
	}
	for (i = 0; i < ROUNDS && slowest > LIMIT_NS; i++)
		slowest = measure(h, &w, scene);
	unwatch(&w);
	assert_true(slowest <= LIMIT_NS);
}

/* Programs a whole tile and multiplies @count times; with wires every change of a cell has them solved anew. */
static void make_work(struct host *h, unsigned int queue, uint32_t count)
{
	struct nmc_isa_header head = { .magic = NMC_ISA_MAGIC, .major = NMC_ISA_MAJOR, .insns = 6, .slots = 2, .sets = 1,
				       .sram_bytes = 4 << 20, .groups = 1u << NMC_GROUP_CONTROL | 1u << NMC_GROUP_DATA |
				       1u << NMC_GROUP_MVM | 1u << NMC_GROUP_PROGRAM };
	struct nmc_isa_fill targets = { .c.opcode = NMC_OP_FILL, .dst = { 0, 2 * SIDE, 0 }, .words = SIDE / 2, .rows = SIDE,
					.value = 10000u << 16 | 5000 };
	struct nmc_isa_fill codes = { .c.opcode = NMC_OP_FILL, .dst = { 1 << 20, SIDE, 0 }, .words = SIDE / 4, .rows = 4096,
				      .value = 0x01010101 };
	struct nmc_isa_control loop = { .c.opcode = NMC_OP_LOOP, .count = count, .body = 2 };
	struct nmc_isa_program program = { .c.opcode = NMC_OP_PROGRAM, .data = { 0, 2 * SIDE, 0 }, .report = 200 << 10,
					   .rows = SIDE, .cols = SIDE };
	struct nmc_isa_mvm mvm = { .c.opcode = NMC_OP_MVM, .in = { 1 << 20, SIDE, 0 }, .out = { 2 << 20, 2 * SIDE, 0 },
				   .columns = 256 << 10, .vectors = 4096, .rows = SIDE, .cols = SIDE / 2, .adc_bits = 8 };
	struct nmc_isa_control end = { .c.opcode = NMC_OP_END };
	const void *insn[] = { &head, &targets, &codes, &loop, &program, &mvm, &end };
	unsigned int i;

	make_stream(h, queue, 1);
	for (i = 0; i < sizeof(insn) / sizeof(*insn); i++)
		memcpy(h->at + STREAM + queue * PAGE + 64 * i, insn[i], 64);
}

/* Both engines work on sets of their own, with as many jobs as a ring holds. */
static void keep_busy(struct host *h, uint32_t count)
{
	unsigned int queue;

	enable(h, 1);
	for (queue = 1; queue <= 2; queue++) {
		make_set(h);
		make_queue(h, queue, 0);
		make_work(h, queue, count);
		submit(h, queue, ENTRIES);
		wait_progress(h, queue);
	}
}

static void jobs_and_faults(void **state)
{
	static const char *const faults[] = { "none", "all-ones", "hang-firmware", "hang-queues", "corrupt-completion",
					      "fatal" };
	struct host *h = *state;
	unsigned int i;

	answers(h, "at rest");
	keep_busy(h, 0xffffffff);
	for (i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		card_server_inject(h->server, (enum card_fault)i);
		answers(h, i ? faults[i] : "jobs on all engines");
	}
	card_server_inject(h->server, CARD_FAULT_NONE);
}

/* A thread that gives the card's owner's commands without a pause. */
struct meddler {
	struct host *h;
	void (*meddle)(struct host *h);
	bool end;
	pthread_t thread;
};

static void *meddle(void *arg)
{
	struct meddler *m = arg;

	while (!__atomic_load_n(&m->end, __ATOMIC_ACQUIRE))
		m->meddle(m->h);
	return NULL;
}

static void answers_meanwhile(struct host *h, const char *scene, void (*what)(struct host *h))
{
	struct meddler m = { .h = h, .meddle = what };

	assert_int_equal(pthread_create(&m.thread, NULL, meddle, &m), 0);
	answers(h, scene);
	__atomic_store_n(&m.end, true, __ATOMIC_RELEASE);
	pthread_join(m.thread, NULL);
}

static void age(struct host *h)
{
	card_age(h->card, 1000000000ull * 3600);
	nap();
}

static void save(struct host *h)
{
	char error[128];

	assert_int_equal(card_save(h->card, state_path, error, sizeof(error)), 0);
}

/* Tiles that are made and erased again by the firmware. */
static void turn_over(struct host *h)
{
	struct nmc_tileset_config config = { .tiles = 1 };
	struct nmc_cqe cqe;

	card_admin(h->card, &(struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_CREATE, .addr = (uintptr_t)&config,
		   .bytes = sizeof(config) }, &card_dma_process, &cqe);
	if (cqe.status)
		nap();
	else
		card_admin(h->card, &(struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_RELEASE, .id = (uint32_t)cqe.result },
			   &card_dma_process, &cqe);
}

static void owner_and_firmware(void **state)
{
	struct host *h = *state;

	keep_busy(h, 1);	/* time passes and states are saved between jobs */
	assert_int_equal(completion(h, 1)->status, NMC_STATUS_OK);
	answers_meanwhile(h, "ageing", age);
	answers_meanwhile(h, "erasing", turn_over);
	answers_meanwhile(h, "saving", save);
	unlink(state_path);
}

/* No clock: nothing that a host asks for needs a lock that a job or a command holds while it works. */
static void everything_is_held(void **state)
{
	const uint16_t flr = PCI_EXP_DEVCTL_BCR_FLR;
	struct host *h = *state;
	uint64_t at;
	unsigned int i;

	enable(h, 1);
	make_queue(h, 1, 0);
	mgmt_pause(card_mgmt(h->card));
	pthread_mutex_lock(&h->card->tile_lock);
	for (at = 0; at < 0x200; at += 8)
		read_reg(h, at, 8);
	for (i = 0; i < 60; i++)
		ask(h, i);
	write_reg(h, NMC_REG_INT_MASK, 0, 8);
	write_reg(h, NMC_REG_CTRL, 0, 4);
	read_reg(h, NMC_REG_STATUS, 4);
	write_at(h, VFIO_PCI_CONFIG_REGION_INDEX, 0x70 + PCI_EXP_DEVCTL, flr, 2);
	assert_int_equal(read_reg(h, NMC_REG_STATUS, 4), 0);
	pthread_mutex_unlock(&h->card->tile_lock);
	mgmt_resume(card_mgmt(h->card));
	enable(h, 1);
}

/* Large tiles of a deck with wires. */
static int setup_large(void **state)
{
	const struct card_options options = { .classes = deck_path, .tiles = 8, .rows = SIDE, .cols = SIDE,
					      .engines = 2, .queues = 2 };
	const char *name, *text = NULL;
	unsigned int i;
	FILE *f;

	snprintf(deck_path, sizeof(deck_path), "/tmp/nmc-test-%d.yaml", getpid());
	snprintf(state_path, sizeof(state_path), "/tmp/nmc-test-%d.state", getpid());
	for (i = 0; (name = card_deck_shipped(i, &text)) && strcmp(name, "rram"); i++)
		;
	f = fopen(deck_path, "w");
	assert_true(fprintf(f, "%s\nwires:\n  row: 1 Ohm\n  column: 1 Ohm\n", text) > 0);
	fclose(f);
	start_card(state, &options, CARD_IRQ_MSIX);
	unlink(deck_path);
	return 0;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup_large, teardown)
	const struct CMUnitTest tests[] = {
		T(everything_is_held), T(jobs_and_faults), T(owner_and_firmware),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
