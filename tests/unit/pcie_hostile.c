// SPDX-License-Identifier: MIT
/*
 * The PCIe endpoint with clients that mean harm, and with jobs that keep it busy: it stays alive, answers, and ends
 * when it is told to.
 */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include "pcie_rig.h"
#include "card/pcie/dma.h"

#define READERS		8
#define READ_BYTES	BULK_BYTES	/* as large as a page list can be */
#define READS_MOST	3000		/* far more than the test needs: who maps gets through in the end */

/**
 * struct readers - threads that copy until they are ended
 * @dma: guest memory
 * @reads: copies done by all; atomic
 * @end: ends them; atomic
 */
struct readers {
	struct dma dma;
	unsigned int reads;
	bool end;
};

static void *read_until_end(void *arg)
{
	struct readers *r = arg;
	uint8_t *buf = malloc(READ_BYTES);

	while (!__atomic_load_n(&r->end, __ATOMIC_ACQUIRE) &&
	       __atomic_load_n(&r->reads, __ATOMIC_ACQUIRE) < READS_MOST) {
		assert_int_equal(dma_read(&r->dma, GUEST, buf, READ_BYTES), 0);
		__atomic_add_fetch(&r->reads, 1, __ATOMIC_ACQ_REL);
	}
	free(buf);
	return NULL;
}

static int by_size(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/*
 * Who maps memory goes before copies that have not begun: hardly one ends meanwhile, however many are under way. The
 * threads that copy get the processor only when nobody else wants it, or what ends while this one waits for its turn of
 * the processor would be counted too.
 */
static void maps_overtake_copies(void **state)
{
	const struct dma_region far = { .address = GUEST + MEMORY, .size = PAGE, .writable = true };
	const struct dma_region all = { .address = GUEST, .size = MEMORY, .writable = true };
	struct host *h = *state;
	const struct sched_param lowest = { 0 };
	struct readers *r = calloc(1, sizeof(*r));
	pthread_t thread[READERS];
	int ended[15], i;

	dma_init(&r->dma);
	assert_int_equal(dma_map(&r->dma, &all, h->memory, 0), 0);
	dma_master(&r->dma, true);
	dma_gate(&r->dma, true);
	for (i = 0; i < READERS; i++) {
		assert_int_equal(pthread_create(&thread[i], NULL, read_until_end, r), 0);
		assert_int_equal(pthread_setschedparam(thread[i], SCHED_IDLE, &lowest), 0);
	}
	while (__atomic_load_n(&r->reads, __ATOMIC_ACQUIRE) < READERS)
		nap();
	for (i = 0; i < 15; i++) {
		unsigned int before = __atomic_load_n(&r->reads, __ATOMIC_ACQUIRE);

		assert_int_equal(dma_map(&r->dma, &far, h->memory, 0), 0);
		assert_int_equal(dma_unmap(&r->dma, far.address, far.size), 0);
		ended[i] = (int)(__atomic_load_n(&r->reads, __ATOMIC_ACQUIRE) - before);
		nap();
	}
	__atomic_store_n(&r->end, true, __ATOMIC_RELEASE);
	for (i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	assert_in_range(r->reads, READERS, READS_MOST - 1);
	qsort(ended, 15, sizeof(*ended), by_size);
	assert_in_range(ended[7], 0, 2);
	dma_destroy(&r->dma);
	free(r);
}

/* Jobs that copy for ever in pieces as large as the card makes them keep no answer back, whatever fault is shown. */
static void answers_while_jobs_copy(void **state)
{
	struct nmc_isa_move load = { .c.opcode = NMC_OP_LOAD, .slot = 1, .rows = 1, .row_bytes = 4 << 20 };
	struct vfu_dma_map map = { sizeof(map), 3, 0, GUEST + MEMORY, PAGE };
	struct vfu_dma_unmap unmap = { sizeof(unmap), 0, GUEST + MEMORY, PAGE };
	static const enum card_fault faults[] = { CARD_FAULT_NONE, CARD_FAULT_HANG_FIRMWARE, CARD_FAULT_HANG_QUEUES,
						  CARD_FAULT_CORRUPT_COMPLETION, CARD_FAULT_FATAL, CARD_FAULT_ALL_ONES };
	struct host *h = *state;
	unsigned int i, n, queue;

	enable(h, 1);
	for (queue = 1; queue <= 2; queue++) {
		make_queue(h, queue, 0);
		make_loop(h, queue, 0xffffffff, &load);
		submit(h, queue, 1);
		wait_progress(h, queue);
	}
	for (i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		card_server_inject(h->server, faults[i]);
		for (n = 0; n < 20; n++) {
			assert_int_equal(call(h, VFU_DMA_MAP, &map, sizeof(map), h->memory, NULL, 0), 0);
			assert_true(read_reg(h, NMC_REG_MAGIC, 4) ==
				    (faults[i] == CARD_FAULT_ALL_ONES ? 0xffffffff : NMC_MAGIC));
			assert_int_equal(call(h, VFU_DMA_UNMAP, &unmap, sizeof(unmap), -1, NULL, 0), 0);
		}
	}
	card_server_inject(h->server, CARD_FAULT_NONE);
	write_reg(h, NMC_REG_CTRL, 0, 4);
	assert_int_equal(read_reg(h, NMC_REG_MAGIC, 4), NMC_MAGIC);
	enable(h, 1);
}

/* Gives the card @fd to signal the queue's vector with. */
static int set_vector(struct host *h, int fd)
{
	struct vfu_irq_set set = { sizeof(set), VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
				   VFIO_PCI_MSIX_IRQ_INDEX, NMC_VECTOR_IO, 1 };

	return call(h, VFU_SET_IRQS, &set, sizeof(set), fd, NULL, 0);
}

static void run_one(struct host *h)
{
	submit(h, 1, 1);
	assert_int_equal(completion(h, 1)->status, NMC_STATUS_OK);
}

/* What is no eventfd is refused, and the vector stays as it was. */
static void vectors_that_are_none(void **state)
{
	struct host *h = *state;
	int ends[2];

	enable(h, 1);
	make_queue(h, 1, 0);
	make_stream(h, 1, 1);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(set_vector(h, ends[1]), EINVAL);
	assert_int_equal(set_vector(h, h->memory), EINVAL);
	close(ends[0]);
	close(ends[1]);
	interrupts(h, NMC_VECTOR_IO);
	run_one(h);
	while (!interrupts(h, NMC_VECTOR_IO))
		nap();
}

/* An eventfd that blocks and has no room left blocks nobody: jobs go on, and so does the socket. */
static void full_vector(void **state)
{
	struct host *h = *state;
	uint64_t most = UINT64_MAX - 1;
	int fd = eventfd(0, 0);

	enable(h, 1);
	make_queue(h, 1, 0);
	make_stream(h, 1, 1);
	assert_int_equal(write(fd, &most, sizeof(most)), sizeof(most));
	assert_int_equal(set_vector(h, fd), 0);
	run_one(h);
	run_one(h);
	assert_int_equal(set_vector(h, h->vector[NMC_VECTOR_IO]), 0);
	close(fd);
}

static int map_file(struct host *h, int fd)
{
	struct vfu_dma_map map = { sizeof(map), 3, 0, GUEST + MEMORY, PAGE };

	return call(h, VFU_DMA_MAP, &map, sizeof(map), fd, NULL, 0);
}

/* Memory that the card has mapped cannot be taken away under it; what could be is refused. */
static void memory_that_shrinks(void **state)
{
	char name[] = "/tmp/nmc-test-XXXXXX";
	int never = memfd_create("never", MFD_CLOEXEC), file = mkstemp(name);
	struct host *h = *state;

	unlink(name);
	assert_int_equal(ftruncate(never, PAGE), 0);
	assert_int_equal(ftruncate(file, PAGE), 0);
	assert_int_equal(map_file(h, never), EINVAL);
	assert_int_equal(map_file(h, file), EINVAL);
	assert_int_equal(map_file(h, h->vector[0]), EINVAL);
	assert_int_equal(ftruncate(h->memory, PAGE), -1);
	assert_int_equal(errno, EPERM);
	enable(h, 1);
	close(never);
	close(file);
}

/* One message, byte by byte, for as long as somebody takes them: many minutes. */
static void *dribble(void *arg)
{
	struct host *h = arg;
	struct vfu_header head = { 1, VFU_VERSION, VFU_MAX_MESSAGE, 0, 0 };

	assert_int_equal(send(h->fd, &head, sizeof(head), MSG_NOSIGNAL), sizeof(head));
	while (send(h->fd, "", 1, MSG_NOSIGNAL) == 1)
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	return NULL;
}

/* A card that ends does not wait for the rest of a message. */
static void end_amid_a_message(void **state)
{
	struct host *h = *state;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, dribble, h), 0);
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	card_server_stop(h->server);
	h->server = NULL;
	pthread_join(thread, NULL);
}

/* A card that is ended (Ctrl-C) while a host is connected and jobs run for ever ends, and leaves memory alone. */
static void end_amid_a_job(void **state)
{
	struct host *h = *state;
	uint8_t *before = malloc(MEMORY);
	unsigned int queue, i;
	char byte;

	enable(h, 1);
	for (queue = 1; queue <= 2; queue++) {
		make_queue(h, queue, 0);
		make_stream(h, queue, 0xffffffff);
		submit(h, queue, ENTRIES);
		wait_progress(h, queue);
	}
	card_server_stop(h->server);
	h->server = NULL;
	memcpy(before, h->at, MEMORY);
	assert_int_equal(recv(h->fd, &byte, 1, 0), 0);
	assert_int_equal(access(h->path, F_OK), -1);
	for (i = 0; i < 50; i++)
		nap();
	assert_memory_equal(before, h->at, MEMORY);
	free(before);
}

static unsigned int open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Part of a message with @count descriptors. */
static void send_part(struct host *h, const void *data, size_t bytes, unsigned int count)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * 4 * VFU_MAX_FDS)];
	} control;
	struct iovec v = { (void *)data, bytes };
	struct msghdr msg = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = CMSG_SPACE(sizeof(int) * count) };
	unsigned int i;

	control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int) * count), .cmsg_level = SOL_SOCKET,
					 .cmsg_type = SCM_RIGHTS };
	for (i = 0; i < count; i++)
		memcpy(CMSG_DATA(&control.head) + i * sizeof(int), &h->vector[i], sizeof(int));
	assert_int_equal(sendmsg(h->fd, &msg, MSG_NOSIGNAL), (ssize_t)bytes);
}

/* As many vectors as a message may have descriptors, sent with more of them, in one piece and in two. */
static void too_many_descriptors(void **state)
{
	struct {
		struct vfu_header head;
		struct vfu_irq_set set;
	} m = { { .id = 7, .command = VFU_SET_IRQS, .size = sizeof(m) },
		{ sizeof(m.set), VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_PCI_MSIX_IRQ_INDEX, 0,
		  VFU_MAX_FDS } };
	struct host *h = *state;
	unsigned int before;

	read_reg(h, NMC_REG_MAGIC, 4);
	before = open_files();
	send_part(h, &m, sizeof(m), VFU_MAX_FDS + 1);
	assert_int_equal(answer(h->fd, NULL, 0), EINVAL);
	send_part(h, &m, sizeof(m), 4 * VFU_MAX_FDS);
	assert_int_equal(answer(h->fd, NULL, 0), EINVAL);
	send_part(h, &m.head, sizeof(m.head), VFU_MAX_FDS);
	send_part(h, &m.set, sizeof(m.set), VFU_MAX_FDS);
	assert_int_equal(answer(h->fd, NULL, 0), EINVAL);
	read_reg(h, NMC_REG_MAGIC, 4);	/* the descriptors of a message are closed before the next is read */
	assert_int_equal(open_files(), before);
	send_part(h, &m, sizeof(m), VFU_MAX_FDS);
	assert_int_equal(answer(h->fd, NULL, 0), 0);
	read_reg(h, NMC_REG_MAGIC, 4);
	assert_int_equal(open_files(), before);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(maps_overtake_copies), T(answers_while_jobs_copy), T(vectors_that_are_none), T(full_vector),
		T(memory_that_shrinks), T(end_amid_a_message), T(end_amid_a_job), T(too_many_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
