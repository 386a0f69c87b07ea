// SPDX-License-Identifier: MIT
/*
 * The PCIe endpoint from the other end of its socket: a host that maps memory, enables the card, makes queues, runs
 * jobs, stops and resets them.
 */
#include "pcie_rig.h"

static void registers(void **state)
{
	struct host *h = *state;

	assert_int_equal(read_reg(h, NMC_REG_MAGIC, 4), NMC_MAGIC);
	assert_int_equal(read_reg(h, NMC_REG_VERSION, 4), NMC_VERSION_MAJOR << 16 | NMC_VERSION_MINOR);
	assert_int_equal(read_reg(h, NMC_REG_QUEUES, 4), 2);
	assert_int_equal(read_reg(h, NMC_REG_DOORBELLS, 4), NMC_DOORBELL_BASE);
	assert_int_equal(read_reg(h, 0xff0, 8), 0);
	write_reg(h, NMC_REG_EPOCH, 0x1122334455667788, 8);
	write_reg(h, NMC_REG_EPOCH + 4, 0xaabbccdd, 4);
	assert_true(read_reg(h, NMC_REG_EPOCH, 8) == 0xaabbccdd55667788);
	assert_int_equal(read_reg(h, NMC_REG_EPOCH + 4, 4), 0xaabbccdd);
	write_reg(h, NMC_REG_MAGIC, 0, 4);
	assert_int_equal(read_reg(h, NMC_REG_MAGIC, 4), NMC_MAGIC);
}

static void bad_admin_ring(void **state)
{
	struct host *h = *state;

	write_reg(h, NMC_REG_ADMIN_SQ, GUEST + 1, 8);
	write_reg(h, NMC_REG_ADMIN_ENTRIES, 3, 4);
	write_reg(h, NMC_REG_CTRL, NMC_CTRL_ENABLE, 4);
	while (read_reg(h, NMC_REG_STATUS, 4) != NMC_STAT_BAD_CONFIG)
		nap();
	write_reg(h, NMC_REG_CTRL, 0, 4);
	while (read_reg(h, NMC_REG_STATUS, 4))
		nap();
	enable(h, 1);
}

static void jobs_complete(void **state)
{
	struct host *h = *state;
	unsigned int round, i;

	enable(h, 1);
	make_queue(h, 1, 0);
	make_stream(h, 1, 1);
	interrupts(h, NMC_VECTOR_IO);
	for (round = 0; round < 10; round++) {
		submit(h, 1, 7);
		for (i = 0; i < 7; i++)
			assert_int_equal(completion(h, 1)->status, NMC_STATUS_OK);
	}
	assert_int_equal(counters(h, 1).jobs, 70);
	/* The last one is counted once it has been raised, which the completion does not wait for */
	while (counters(h, 1).interrupts < 70)
		nap();
	assert_int_equal(counters(h, 1).interrupts, 70);
	assert_int_equal(shadow(h, 1)->cq_tail, 70);
	assert_true(interrupts(h, NMC_VECTOR_IO) > 0);
}

/* An interrupt comes when the event index is passed, and one comes late where it is not. */
static void interrupts_follow_the_event_index(void **state)
{
	struct host *h = *state;
	unsigned int i;

	enable(h, 1);
	make_queue(h, 1, 200000000);
	make_stream(h, 1, 1);
	shadow(h, 1)->cq_event = 8;
	submit(h, 1, 8);
	for (i = 0; i < 8; i++)
		completion(h, 1);
	while (!counters(h, 1).interrupts)
		nap();
	assert_int_equal(counters(h, 1).interrupts, 1);
	shadow(h, 1)->cq_event = 1000;
	submit(h, 1, 4);
	for (i = 0; i < 4; i++)
		completion(h, 1);
	while (counters(h, 1).interrupts < 2)
		nap();
	nap();
	assert_int_equal(counters(h, 1).interrupts, 2);
}

/* Without a pause no doorbell is wanted; after one it is, once. */
static void doorbells_only_when_asleep(void **state)
{
	struct host *h = *state;
	unsigned int i;

	enable(h, 1);
	make_queue(h, 1, 0);
	make_stream(h, 1, 1);
	while (__atomic_load_n(&shadow(h, 1)->sq_event, __ATOMIC_ACQUIRE) != 0 || counters(h, 1).doorbells)
		nap();
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	assert_true(submit(h, 1, 1));
	completion(h, 1);
	assert_int_equal(counters(h, 1).doorbells, 1);
	for (i = 0; i < 3; i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
		assert_true(submit(h, 1, 2));
		completion(h, 1);
		completion(h, 1);
	}
	assert_int_equal(counters(h, 1).doorbells, 4);
}

/* What jobs cost the bus: no register is read, and every write is a doorbell. */
static void job_path_registers(void **state)
{
	struct host *h = *state;
	struct nmc_queue_log before, after;
	unsigned int round, i;

	enable(h, 1);
	make_queue(h, 1, 0);
	make_stream(h, 1, 1);
	before = counters(h, 0);
	for (round = 0; round < 40; round++) {
		submit(h, 1, 5);
		for (i = 0; i < 5; i++)
			assert_int_equal(completion(h, 1)->status, NMC_STATUS_OK);
		if (round % 8 == 7)	/* long enough to fall asleep */
			nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	after = counters(h, 0);
	assert_int_equal(counters(h, 1).jobs, 200);
	assert_in_range(counters(h, 1).doorbells, 1, 40);
	assert_int_equal(after.mmio_reads, before.mmio_reads);
	assert_int_equal(after.heartbeat_reads, before.heartbeat_reads);
	assert_int_equal(after.mmio_writes - before.mmio_writes, counters(h, 1).doorbells);
	assert_int_equal(after.doorbells, before.doorbells);
	read_reg(h, NMC_REG_MAGIC, 4);
	read_reg(h, NMC_REG_STATUS, 4);
	assert_int_equal(counters(h, 0).mmio_reads, before.mmio_reads + 1);
	assert_int_equal(counters(h, 0).heartbeat_reads, before.heartbeat_reads + 1);
}

/* One shared vector: it fires for every cause, and INTx again after an unmask while a cause is pending. */
static void shared_vector(void **state)
{
	struct host *h = *state;
	struct vfu_irq_set unmask = { sizeof(unmask), VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
				      VFIO_PCI_INTX_IRQ_INDEX, 0, 1 };
	const uint64_t causes = 1ull << NMC_VECTOR_IO | 1ull << NMC_VECTOR_ADMIN;

	enable(h, 1);
	make_queue(h, 1, 0);
	make_stream(h, 1, 1);
	submit(h, 1, 1);
	completion(h, 1);
	while ((read_reg(h, NMC_REG_INT_CAUSE, 8) & causes) != causes)
		nap();
	assert_true(interrupts(h, 0) > 0);
	if (h->irq == CARD_IRQ_INTX) {
		assert_int_equal(call(h, VFU_SET_IRQS, &unmask, sizeof(unmask), -1, NULL, 0), 0);
		assert_int_equal(interrupts(h, 0), 1);
		write_reg(h, NMC_REG_INT_CAUSE, causes, 8);
		assert_int_equal(call(h, VFU_SET_IRQS, &unmask, sizeof(unmask), -1, NULL, 0), 0);
	}
	write_reg(h, NMC_REG_INT_CAUSE, ~0ull, 8);
	assert_int_equal(interrupts(h, 0), 0);
	write_reg(h, NMC_REG_INT_MASK, ~0ull, 8);
	submit(h, 1, 1);
	completion(h, 1);
	while (!read_reg(h, NMC_REG_INT_CAUSE, 8))
		nap();
	assert_int_equal(interrupts(h, 0), 0);
	write_reg(h, NMC_REG_INT_MASK, 0, 8);
	assert_int_equal(interrupts(h, 0), 1);
}

/* A long job is ended by a stop and reported as STARTED, what stands behind it as not started. */
static void stop_reports(void **state)
{
	struct host *h = *state;
	const struct nmc_stop_report *report = (void *)(h->at + REPORT);
	uint64_t progress;

	enable(h, 1);
	make_queue(h, 1, 0);
	make_stream(h, 1, 0xffffffff);
	submit(h, 1, 3);
	progress = wait_progress(h, 1);
	assert_int_equal(shadow(h, 1)->job, 1);
	while (__atomic_load_n(&shadow(h, 1)->progress, __ATOMIC_ACQUIRE) == progress)
		nap();
	assert_int_equal(stop_queue(h, 1, 0), NMC_STATUS_OK);
	assert_int_equal(report->head, 0);
	assert_int_equal(report->state[0], NMC_DESC_STARTED);
	assert_int_equal(report->state[1], NMC_DESC_NOT_STARTED);
	memset(h->at + CQ + PAGE, 0, PAGE);
	make_stream(h, 1, 1);
	h->tail[1] = h->done[1] = 0;
	memset(shadow(h, 1), 0, sizeof(struct nmc_shadow));
	assert_int_equal(admin(h, (struct nmc_sqe){ .opcode = NMC_ADMIN_QUEUE_START, .id = 1 }, NULL), NMC_STATUS_OK);
	submit(h, 1, 2);
	assert_int_equal(completion(h, 1)->status, NMC_STATUS_OK);
	assert_int_equal(completion(h, 1)->status, NMC_STATUS_OK);
}

/* After the answer to a stop nothing is written for the queue, although its job was in the middle of writing. */
static void stop_ends_dma(void **state)
{
	const struct nmc_isa_move store = { .c.opcode = NMC_OP_STORE, .slot = 1, .rows = 1, .row_bytes = 4 << 20 };
	uint8_t *before = malloc(BULK_BYTES), own[PAGE];
	struct host *h = *state;
	struct nmc_shadow line;
	unsigned int round, i;

	enable(h, 1);
	make_queue(h, 1, 0);
	make_loop(h, 1, 0xffffffff, &store);
	memset(before, 0xa5, BULK_BYTES);
	for (round = 0; round < 20; round++) {
		submit(h, 1, 1);
		wait_progress(h, 1);
		assert_int_equal(stop_queue(h, 1, 0), NMC_STATUS_OK);
		memset(h->at + BULK, 0xa5, BULK_BYTES);
		memcpy(own, h->at + CQ + PAGE, PAGE);
		memcpy(&line, shadow(h, 1), sizeof(line));
		for (i = 0; i < 10; i++)
			nap();
		assert_memory_equal(before, h->at + BULK, BULK_BYTES);
		assert_memory_equal(own, h->at + CQ + PAGE, PAGE);
		assert_memory_equal(&line, shadow(h, 1), sizeof(line));
		h->tail[1] = h->done[1] = 0;
		memset(shadow(h, 1), 0, sizeof(struct nmc_shadow));
		assert_int_equal(admin(h, (struct nmc_sqe){ .opcode = NMC_ADMIN_QUEUE_START, .id = 1 }, NULL), NMC_STATUS_OK);
	}
	free(before);
}

/* Jobs of @queue put their number in front of a list in host memory. */
static void make_entry(struct host *h, unsigned int queue)
{
	const uint32_t bytes = 2 * ENTRIES * sizeof(uint32_t);
	struct nmc_isa_header head = { .magic = NMC_ISA_MAGIC, .major = NMC_ISA_MAJOR, .insns = 4, .slots = 2,
				       .sram_bytes = 4096, .groups = 1u << NMC_GROUP_CONTROL | 1u << NMC_GROUP_DATA };
	struct nmc_isa_fill number = { .c.opcode = NMC_OP_FILL, .dst = { 0, 4, 0 }, .words = 1, .rows = 1, .value = queue };
	struct nmc_isa_move load = { .c.opcode = NMC_OP_LOAD, .slot = 1, .sram = { 4, bytes, 0 }, .rows = 1,
				     .row_bytes = bytes };
	struct nmc_isa_move store = { .c.opcode = NMC_OP_STORE, .slot = 1, .rows = 1, .row_bytes = bytes };
	struct nmc_isa_control end = { .c.opcode = NMC_OP_END };
	const void *insn[] = { &head, &number, &load, &store, &end };
	unsigned int i;

	make_stream(h, queue, 1);
	for (i = 0; i < sizeof(insn) / sizeof(*insn); i++)
		memcpy(h->at + STREAM + queue * PAGE + 64 * i, insn[i], 64);
}

/* One job a turn: two full queues share the only engine by turns. */
static void queues_take_turns(void **state)
{
	struct host *h = *state;
	const uint32_t *list = (void *)(h->at + BULK);
	unsigned int queue, i;

	enable(h, 1);
	memset(h->at + BULK, 0, PAGE);
	card_server_inject(h->server, CARD_FAULT_HANG_QUEUES);
	for (queue = 1; queue <= 2; queue++) {
		make_queue(h, queue, 0);
		make_entry(h, queue);
		submit(h, queue, ENTRIES);
	}
	card_server_inject(h->server, CARD_FAULT_NONE);
	for (queue = 1; queue <= 2; queue++)
		while (h->done[queue] < ENTRIES)
			assert_int_equal(completion(h, queue)->status, NMC_STATUS_OK);
	for (i = 0; i < 2 * ENTRIES; i++) {
		assert_in_range(list[i], 1, 2);
		assert_true(!i || list[i] == 3 - list[i - 1]);
	}
}

/*
 * The coalescing time is kept while the only engine is busy, with another queue's job or with the next of the same: the
 * interrupt of what was completed comes although nothing ends.
 */
static void interrupts_while_busy(void **state)
{
	struct host *h = *state;
	unsigned int busy;

	for (busy = 1; busy <= 2; busy++) {
		enable(h, 1);
		make_queue(h, 1, 100000000);
		make_queue(h, 2, 0);
		make_stream(h, 1, 1);
		shadow(h, 1)->cq_event = 1000;
		submit(h, 1, 1);
		completion(h, 1);
		make_stream(h, busy, 0xffffffff);
		submit(h, busy, 1);
		wait_progress(h, busy);
		while (!counters(h, 1).interrupts)
			nap();
		assert_int_equal(counters(h, 1).interrupts, 1);
		disable(h);
	}
}

/*
 * A job that waits for a tile set and is stopped did not start: it is reported so, for the host to run it again, and
 * neither counted nor logged as an error.
 */
static void stop_of_a_waiting_job(void **state)
{
	struct host *h = *state;
	const struct nmc_stop_report *report = (void *)(h->at + REPORT);
	const struct nmc_health_log *health = (void *)(h->at + DATA);

	enable(h, 1);
	make_set(h);
	make_queue(h, 1, 0);
	make_queue(h, 2, 0);
	make_stream(h, 1, 0xffffffff);
	make_stream(h, 2, 1);
	submit(h, 1, 1);
	wait_progress(h, 1);
	submit(h, 2, 2);
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	assert_int_equal(stop_queue(h, 2, 0), NMC_STATUS_OK);
	assert_int_equal(report->head, 0);
	assert_int_equal(report->state[0], NMC_DESC_NOT_STARTED);
	assert_int_equal(report->state[1], NMC_DESC_NOT_STARTED);
	assert_int_equal(counters(h, 2).jobs, 0);
	assert_int_equal(admin(h, (struct nmc_sqe){ .opcode = NMC_ADMIN_GET_LOG, .index = NMC_LOG_HEALTH,
			 .addr = GUEST + DATA, .bytes = sizeof(*health) }, NULL), NMC_STATUS_OK);
	assert_int_equal(health->errors, 0);
	assert_int_equal(stop_queue(h, 1, 0), NMC_STATUS_OK);
	assert_int_equal(report->state[0], NMC_DESC_STARTED);
	assert_int_equal(counters(h, 1).jobs, 0);
}

/* A drained queue lets its job end. */
static void stop_drains(void **state)
{
	struct host *h = *state;
	const struct nmc_stop_report *report = (void *)(h->at + REPORT);

	enable(h, 1);
	make_queue(h, 1, 0);
	make_stream(h, 1, 2000000);
	submit(h, 1, 1);
	while (!__atomic_load_n(&shadow(h, 1)->progress, __ATOMIC_ACQUIRE) && !shadow(h, 1)->cq_tail)
		nap();
	assert_int_equal(stop_queue(h, 1, NMC_STOP_DRAIN), NMC_STATUS_OK);
	assert_int_equal(report->head, 1);
	assert_int_equal(completion(h, 1)->status, NMC_STATUS_OK);
}

/* While a job runs for ever registers answer, and a reset ends it: nothing is written afterwards. */
static void reset_during_a_job(void **state)
{
	struct host *h = *state;
	uint8_t *before = malloc(MEMORY);
	uint16_t flr = PCI_EXP_DEVCTL_BCR_FLR;
	uint64_t beat;
	int i;

	enable(h, 1);
	make_queue(h, 1, 0);
	make_stream(h, 1, 0xffffffff);
	submit(h, 1, 1);
	wait_progress(h, 1);
	beat = read_reg(h, NMC_REG_HEARTBEAT, 8);
	while (read_reg(h, NMC_REG_HEARTBEAT, 8) == beat)
		nap();
	write_at(h, VFIO_PCI_CONFIG_REGION_INDEX, 0x70 + PCI_EXP_DEVCTL, flr, 2);
	memcpy(before, h->at, MEMORY);
	assert_int_equal(read_reg(h, NMC_REG_STATUS, 4), 0);
	for (i = 0; i < 20; i++)
		nap();
	assert_memory_equal(before, h->at, MEMORY);
	free(before);
	enable(h, 1);
	make_queue(h, 1, 0);
	make_stream(h, 1, 1);
	submit(h, 1, 1);
	assert_int_equal(completion(h, 1)->status, NMC_STATUS_OK);
	disable(h);
}

/* Without permission to use the bus nothing of the host's memory is touched, even by a job in execution. */
static void no_bus_no_dma(void **state)
{
	struct host *h = *state;
	uint8_t *before = malloc(MEMORY);
	int i;

	enable(h, 1);
	make_queue(h, 1, 0);
	make_stream(h, 1, 0xffffffff);
	submit(h, 1, 1);
	wait_progress(h, 1);
	master(h, false);
	memcpy(before, h->at, MEMORY);
	for (i = 0; i < 100; i++)
		nap();
	assert_memory_equal(before, h->at, MEMORY);
	disable(h);
	assert_memory_equal(before, h->at, MEMORY);
	free(before);
	enable(h, 1);
	make_queue(h, 1, 0);
	make_stream(h, 1, 1);
	submit(h, 1, 1);
	assert_int_equal(completion(h, 1)->status, NMC_STATUS_OK);
}

/* A host whose tail makes no sense loses that queue and nothing else, and can read why. */
static void broken_ring(void **state)
{
	struct host *h = *state;
	const struct nmc_error_log *log = (void *)(h->at + DATA);
	uint64_t errors;

	enable(h, 1);
	make_queue(h, 1, 0);
	make_stream(h, 1, 1);
	shadow(h, 1)->sq_tail = 12345;
	write_reg(h, NMC_DOORBELL_BASE + NMC_DOORBELL_PAGE, 1, 4);
	do {
		assert_int_equal(admin(h, (struct nmc_sqe){ .opcode = NMC_ADMIN_GET_LOG, .index = NMC_LOG_ERRORS,
				 .addr = GUEST + DATA, .bytes = sizeof(*log) }, &errors), NMC_STATUS_OK);
	} while (!errors);
	assert_int_equal(errors, 1);
	assert_int_equal(log->queue, 1);
	assert_int_equal(log->status, NMC_STATUS_FIELD);
	assert_int_equal(log->context, 0);
	assert_int_equal(shadow(h, 1)->cq_tail, 0);
	assert_int_equal(admin(h, (struct nmc_sqe){ .opcode = NMC_ADMIN_QUEUE_DELETE, .id = 1 }, NULL), NMC_STATUS_OK);
}

static void faults_show(void **state)
{
	struct host *h = *state;
	uint64_t beat;

	enable(h, 1);
	card_server_inject(h->server, CARD_FAULT_HANG_FIRMWARE);
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	beat = read_reg(h, NMC_REG_HEARTBEAT, 8);
	nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL);
	assert_true(read_reg(h, NMC_REG_HEARTBEAT, 8) == beat);
	card_server_inject(h->server, CARD_FAULT_ALL_ONES);
	assert_int_equal(read_reg(h, NMC_REG_MAGIC, 4), 0xffffffff);
	card_server_inject(h->server, CARD_FAULT_NONE);
	assert_int_equal(read_reg(h, NMC_REG_MAGIC, 4), NMC_MAGIC);
}

/* One completion names no job of the host, those after it theirs; the end of a job that was stopped is none. */
static void corrupt_completions(void **state)
{
	struct host *h = *state;
	const struct nmc_sqe *sqe = descriptor(h, 1, 0);

	enable(h, 1);
	make_queue(h, 1, 0);
	make_queue(h, 2, 0);
	make_stream(h, 1, 1);
	make_stream(h, 2, 0xffffffff);
	submit(h, 2, 1);
	wait_progress(h, 2);
	card_server_inject(h->server, CARD_FAULT_CORRUPT_COMPLETION);
	assert_int_equal(stop_queue(h, 2, 0), NMC_STATUS_OK);
	submit(h, 1, 1);
	assert_int_not_equal(next_completion(h, 1)->cookie, sqe->cookie);
	submit(h, 1, 1);
	assert_int_equal(completion(h, 1)->status, NMC_STATUS_OK);
}

/* The next host finds a card that works; memory of the last one is no longer touched. */
static void next_host(void **state)
{
	struct host *h = *state;
	int i;

	for (i = 0; i < 5; i++) {
		enable(h, 1);
		make_queue(h, 1, 0);
		make_stream(h, 1, 0xffffffff);
		submit(h, 1, 1);
		close(h->fd);
		h->fd = connect_to(h->path);
		introduce(h);
	}
	enable(h, 2);
	make_queue(h, 1, 0);
	make_stream(h, 1, 1);
	submit(h, 1, 1);
	assert_int_equal(completion(h, 1)->status, NMC_STATUS_OK);
}

/* Messages that are refused, with the connection kept. */
static void refused_messages(void **state)
{
	struct host *h = *state;
	struct vfu_dma_map map = { sizeof(map), 3, 0, GUEST, MEMORY };
	struct vfu_access a = { NMC_BAR_REGS_BYTES - 2, NMC_BAR_REGS, 4 };
	struct vfu_irq_set set = { sizeof(set), VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
				   VFIO_PCI_MSIX_IRQ_INDEX, NMC_VECTORS, 1 };
	uint64_t multi[2] = { ~0ull, 0 };

	assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), h->memory, NULL, 0), EEXIST);
	map.address = GUEST + MEMORY;
	map.size = 1ull << 40;
	assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), h->memory, NULL, 0), EINVAL);
	map.size = ~0ull;
	assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), -1, NULL, 0), EINVAL);
	map.size = 4096;
	assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), -1, NULL, 0), 0);
	assert_int_equal(call(h, VFU_DMA_MAP, &map, 8, -1, NULL, 0), EINVAL);
	assert_int_equal(call(h, VFU_REGION_READ, &a, sizeof(a), -1, NULL, 0), EINVAL);
	a = (struct vfu_access){ ~0ull, NMC_BAR_REGS, 4 };
	assert_int_equal(call(h, VFU_REGION_READ, &a, sizeof(a), -1, NULL, 0), EINVAL);
	a = (struct vfu_access){ 0, VFIO_PCI_CONFIG_REGION_INDEX, 0xffffffff };
	assert_int_equal(call(h, VFU_REGION_READ, &a, sizeof(a), -1, NULL, 0), EINVAL);
	a = (struct vfu_access){ 0, NMC_BAR_REGS, 64 };
	assert_int_equal(call(h, VFU_REGION_WRITE, &a, sizeof(a), -1, NULL, 0), EINVAL);
	assert_int_equal(call(h, VFU_SET_IRQS, &set, sizeof(set), h->vector[0], NULL, 0), EINVAL);
	set.start = 1;
	set.count = 0xffffffff;
	assert_int_equal(call(h, VFU_SET_IRQS, &set, sizeof(set), h->vector[0], NULL, 0), EINVAL);
	assert_int_equal(call(h, VFU_REGION_WRITE_MULTI, multi, sizeof(multi), -1, NULL, 0), EINVAL);
	assert_int_equal(call(h, 99, NULL, 0, -1, NULL, 0), ENOSYS);
	assert_int_equal(read_reg(h, NMC_REG_MAGIC, 4), NMC_MAGIC);
}

/* Thousands of maps in any order, as under an IOMMU; each is found, none overlaps. */
static void many_maps(void **state)
{
	struct host *h = *state;
	struct vfu_dma_map map = { sizeof(map), 3, 0, 0, 4096 };
	struct vfu_dma_unmap unmap = { sizeof(unmap), 0, 0, 4096 };
	uint64_t base = GUEST + (16u << 20);
	unsigned int i, n = 4001;

	for (i = 0; i < n; i++) {
		map.address = base + (uint64_t)i * 1999 % n * 8192;
		assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), -1, NULL, 0), 0);
	}
	for (i = 0; i < n; i += 100) {
		map.address = base + i * 8192ull - 4096;
		map.size = 8192;
		assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), -1, NULL, 0), EEXIST);
	}
	for (i = 0; i < n; i++) {
		unmap.address = base + (uint64_t)i * 7 % n * 8192;
		assert_int_equal(call(h, VFU_DMA_UNMAP, &unmap, sizeof(unmap), -1, NULL, 0), 0);
		if (i % 100 == 0)
			assert_int_equal(call(h, VFU_DMA_UNMAP, &unmap, sizeof(unmap), -1, NULL, 0), ENOENT);
	}
	enable(h, 1);
}

/* Unmap all; flags that the card does not know change nothing. */
static void unmaps(void **state)
{
	struct vfu_dma_map map = { sizeof(map), 3, 0, GUEST, MEMORY };
	struct vfu_dma_unmap all = { sizeof(all), VFIO_DMA_UNMAP_FLAG_ALL, 0, 0 };
	struct vfu_dma_unmap one = { sizeof(one), VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP, GUEST, MEMORY };
	struct host *h = *state;

	assert_int_equal(call(h, VFU_DMA_UNMAP, &one, sizeof(one), -1, NULL, 0), EINVAL);
	one.flags = VFIO_DMA_UNMAP_FLAG_ALL;
	assert_int_equal(call(h, VFU_DMA_UNMAP, &one, sizeof(one), -1, NULL, 0), EINVAL);
	enable(h, 1);
	map.address += MEMORY;
	assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), h->memory, NULL, 0), 0);
	assert_int_equal(call(h, VFU_DMA_UNMAP, &all, sizeof(all), -1, NULL, 0), 0);
	one.flags = 0;
	assert_int_equal(call(h, VFU_DMA_UNMAP, &one, sizeof(one), -1, NULL, 0), ENOENT);
	assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), h->memory, NULL, 0), 0);
	map.address = GUEST;
	assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), h->memory, NULL, 0), 0);
	enable(h, 1);
}

/* Messages that end the connection; the card serves the next one. */
static void broken_messages(void **state)
{
	struct host *h = *state;
	struct vfu_header bad[] = { { 1, VFU_VERSION, 3, 0, 0 }, { 1, VFU_VERSION, 0xffffffff, 0, 0 },
				    { 1, VFU_VERSION, 16, VFU_FLAG_REPLY, 0 } };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct pollfd p = { .fd = h->fd, .events = POLLIN };
		char byte;

		assert_int_equal(send(h->fd, &bad[i], sizeof(bad[i]), MSG_NOSIGNAL), sizeof(bad[i]));
		assert_int_equal(poll(&p, 1, 10000), 1);
		assert_int_equal(recv(h->fd, &byte, 1, 0), 0);
		close(h->fd);
		h->fd = connect_to(h->path);
		introduce(h);
		assert_int_equal(read_reg(h, NMC_REG_MAGIC, 4), NMC_MAGIC);
	}
}

/* Posted writes: no reply, one or many in a message. */
static void posted_writes(void **state)
{
	struct host *h = *state;
	struct {
		struct vfu_access a;
		uint64_t value;
	} w = { { NMC_REG_EPOCH, NMC_BAR_REGS, 8 }, 0x1234 };
	struct {
		struct vfu_write_multi m;
		struct vfu_small_write w[2];
	} multi = { { 2 }, { { NMC_REG_HOST_TIME, NMC_BAR_REGS, 4, { 0x55 } },
			     { NMC_REG_ADMIN_ENTRIES, NMC_BAR_REGS, 4, { 0x20 } } } };

	transmit(h->fd, VFU_REGION_WRITE, VFU_FLAG_NO_REPLY, &w, sizeof(w), -1);
	assert_int_equal(read_reg(h, NMC_REG_EPOCH, 8), 0x1234);
	transmit(h->fd, VFU_REGION_WRITE_MULTI, VFU_FLAG_NO_REPLY, &multi, sizeof(multi), -1);
	assert_int_equal(read_reg(h, NMC_REG_HOST_TIME, 8), 0x55);
	assert_int_equal(read_reg(h, NMC_REG_ADMIN_ENTRIES, 4), 0x20);
}

static int setup_one_engine(void **state)
{
	return start_host(state, 1, CARD_IRQ_MSIX);
}

static int setup_msi(void **state)
{
	return start_host(state, 2, CARD_IRQ_MSI);
}

static int setup_intx(void **state)
{
	return start_host(state, 2, CARD_IRQ_INTX);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define ON(kind, name) cmocka_unit_test_setup_teardown(name, setup_##kind, teardown)
	const struct CMUnitTest tests[] = {
		T(registers), T(bad_admin_ring), T(jobs_complete), T(interrupts_follow_the_event_index),
		T(doorbells_only_when_asleep), T(job_path_registers), T(stop_reports), T(stop_ends_dma),
		ON(one_engine, queues_take_turns), T(stop_of_a_waiting_job), ON(one_engine, interrupts_while_busy),
		T(stop_drains), T(reset_during_a_job), T(no_bus_no_dma), T(broken_ring), T(faults_show), T(corrupt_completions),
		T(next_host), T(refused_messages), T(many_maps), T(unmaps), T(broken_messages), T(posted_writes),
		ON(msi, shared_vector), ON(msi, next_host), ON(intx, shared_vector), ON(intx, next_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
