// SPDX-License-Identifier: MIT
/*
 * Fuzz target: a hostile descriptor, job table and stream against a small card. The input is a struct nmc_sqe_job
 * followed by the contents of host memory from BASE on; nothing else of the address space answers. Whatever comes, the
 * card must answer with a status, stay inside its memory and carry out a correct job afterwards.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include "card/core/machine.h"

#define BASE		0x10000u
#define MEMORY		32768u
#define MAX_STEPS	20000
#define STOP_MS		50	/* a job that takes longer is stopped, as a host would */

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

static uint8_t memory[MEMORY];
static struct card *card;
static int stop;

static int host_read(void *ctx, uint64_t addr, void *buf, size_t bytes)
{
	(void)ctx;
	if (addr < BASE || bytes > MEMORY || addr - BASE > MEMORY - bytes)
		return -14;
	memcpy(buf, memory + (addr - BASE), bytes);
	return 0;
}

static int host_write(void *ctx, uint64_t addr, const void *buf, size_t bytes)
{
	(void)ctx;
	if (addr < BASE || bytes > MEMORY || addr - BASE > MEMORY - bytes)
		return -14;
	memcpy(memory + (addr - BASE), buf, bytes);
	return 0;
}

static const struct card_dma host = { host_read, host_write, NULL };

static void on_alarm(int signal)
{
	(void)signal;
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
}

static void admin(struct nmc_sqe sqe, const void *data, size_t bytes)
{
	struct nmc_cqe cqe;

	sqe.addr = (uintptr_t)data;
	sqe.bytes = bytes;
	card_admin(card, &sqe, &card_dma_process, &cqe);
	CHECK(cqe.status == NMC_STATUS_OK);
}

#define CLASSES	4

/* Three shipped classes and one of single columns. */
static void make_card(void)
{
	char deck[] = "/tmp/nmc-fuzz-XXXXXX.yaml", classes[64];
	const struct card_options options = { .classes = classes, .tiles = 2, .rows = 16, .cols = 8, .threads = 2 };
	int fd = mkstemps(deck, 5);

	CHECK(fd >= 0);
	CHECK(dprintf(fd, "deck: 1\nname: single\ntitle: perfect cells\nsource: none\ntechnology: ideal\ngmax: 40 uS\n"
			  "pulse: { model: exact }\nread: { white: 1 uS }\nconverters: { columns: single }\n") > 0);
	close(fd);
	snprintf(classes, sizeof(classes), "rram,ideal,digital,%s", deck);
	CHECK(!card_create(&options, &card, NULL, 0));
	unlink(deck);
}

/* One set of each class; the context may name all of them. */
static void start(void)
{
	const struct nmc_set_ref refs[CLASSES] = { { 1, 1 }, { 2, 1 }, { 3, 1 }, { 4, 1 } };
	unsigned int i;

	make_card();
	card->max_steps = MAX_STEPS;
	for (i = 0; i < CLASSES; i++) {
		struct nmc_tileset_config config = { .class = i, .tiles = 2 };

		admin((struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_CREATE }, &config, sizeof(config));
	}
	admin((struct nmc_sqe){ .opcode = NMC_ADMIN_CONTEXT_CREATE, .id = 1, .count = CLASSES }, refs, sizeof(refs));
	signal(SIGALRM, on_alarm);
}

static void set_alarm(unsigned int ms)
{
	struct itimerval t = { .it_value = { .tv_usec = ms * 1000 } };

	setitimer(ITIMER_REAL, &t, NULL);
}

/* A job that is right: it must still work. */
static void run_correct(void)
{
	struct {
		struct nmc_job_table head;
		struct nmc_slot slot;
	} table __attribute__((aligned(64))) = { { sizeof(table), 0, 1, 0 }, { 0, 0, 128, 0, NMC_SLOT_READ } };
	struct {
		struct nmc_isa_header head;
		struct nmc_isa_control end;
	} stream __attribute__((aligned(64))) = {
		{ .magic = NMC_ISA_MAGIC, .major = 1, .insns = 1, .groups = 1 }, { .c.opcode = NMC_OP_END },
	};
	struct nmc_sqe_job sqe = { .opcode = NMC_QUEUE_JOB, .table = (uintptr_t)&table, .table_bytes = sizeof(table),
				   .context = 1, .stream_bytes = sizeof(stream) };
	struct nmc_cqe cqe;

	table.slot.addr = (uintptr_t)&stream;
	card_job(card, &sqe, &card_dma_process, NULL, NULL, &cqe);
	CHECK(cqe.status == NMC_STATUS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nmc_sqe_job sqe;
	struct nmc_cqe cqe;
	uint64_t progress = 0;

	if (!card)
		start();
	if (size < sizeof(sqe) || size - sizeof(sqe) > MEMORY)
		return 0;
	memcpy(&sqe, data, sizeof(sqe));
	memset(memory, 0, sizeof(memory));
	memcpy(memory, data + sizeof(sqe), size - sizeof(sqe));
	__atomic_store_n(&stop, 0, __ATOMIC_RELAXED);
	set_alarm(STOP_MS);
	card_job(card, &sqe, &host, &stop, &progress, &cqe);
	set_alarm(0);
	CHECK(cqe.status <= NMC_STATUS_INTERNAL && cqe.cookie == sqe.cookie);
	CHECK((cqe.status == NMC_STATUS_FAULT) <= (cqe.fault.cause != NMC_FAULT_NONE));
	CHECK(cqe.fault.cause <= NMC_FAULT_TILE_FAILED);
	run_correct();
	return 0;
}
