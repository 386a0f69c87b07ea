/* SPDX-License-Identifier: MIT */
/*
 * The card in software, as seen from outside card/: create one, give it admin commands and jobs
 * in-process, or put it behind a vfio-user socket for a virtual machine. Both ways run the same
 * firmware and the same sequencer on the same descriptors.
 */
#ifndef NMC_CARD_H
#define NMC_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "hw/nmc_regs.h"

struct card;
struct card_server;

/**
 * struct card_options - what kind of card
 * @classes: tile classes in order of their physical tiles, with commas between: "digital", names of shipped decks ("rram",
 *	"ideal", "pcm", ...), or paths of deck files, which have a '/' or '.'; NULL for rram, ideal, digital
 * @tiles: tiles of each class, 0 for 64; 1 to 4096 in all
 * @rows: physical rows of a tile, 0 for 256; 4 to 384
 * @cols: physical columns of a tile, 0 for 256; even, 4 to 512
 * @seed: seed of all randomness
 * @threads: host threads that share the vectors of one product, 0 for the number of CPUs; never changes a bit
 * @engines: jobs that can run at once, 0 for 2
 * @queues: I/O queues, 0 for 8; 1 to 32
 * @serial: serial number, 0 for one derived from @seed
 * @plain_c: take the plain C path even where the machine has vector instructions; never changes a bit
 * @wall_clock: card time also advances with wall time; off by default, runs are then not reproducible
 */
struct card_options {
	const char *classes;
	unsigned int tiles;
	unsigned int rows;
	unsigned int cols;
	uint64_t seed;
	unsigned int threads;
	unsigned int engines;
	unsigned int queues;
	uint64_t serial;
	bool plain_c;
	bool wall_clock;
};

/**
 * struct card_dma - how the card reaches host memory
 * @read: copies @bytes from host address @addr; 0, or -EFAULT if any byte is not mapped
 * @write: copies @bytes to host address @addr; 0 or -EFAULT
 * @ctx: first argument of both
 *
 * Both may be called from several threads at once.
 */
struct card_dma {
	int (*read)(void *ctx, uint64_t addr, void *buf, size_t bytes);
	int (*write)(void *ctx, uint64_t addr, const void *buf, size_t bytes);
	void *ctx;
};

/* Host addresses are pointers of this process: the in-process door. */
extern const struct card_dma card_dma_process;

/**
 * card_create() - makes a card
 * @options: what kind; copied
 * @card: out: the card, to be given to card_destroy()
 * @error: filled with what, where and what to do on failure
 * @error_bytes: its size
 *
 * Tiles take memory when they are first used.
 *
 * Return: 0, -EINVAL (a bad option), -ENOMEM.
 */
int card_create(const struct card_options *options, struct card **card, char *error, size_t error_bytes);

/**
 * card_destroy() - ends a card; no call on it may be in progress and its servers must be stopped
 * @card: the card or NULL
 */
void card_destroy(struct card *card);

/**
 * card_admin() - carries out one admin command in the caller's thread
 * @card: the card
 * @sqe: descriptor; queue commands and NMC_ADMIN_EVENT answer %NMC_STATUS_OPCODE here
 * @dma: how @sqe->addr is reached
 * @cqe: out: completion without phase
 *
 * Thread-safe; commands are carried out one at a time.
 */
void card_admin(struct card *card, const struct nmc_sqe *sqe, const struct card_dma *dma, struct nmc_cqe *cqe);

/**
 * card_job() - carries out one job in the caller's thread
 * @card: the card
 * @sqe: descriptor
 * @dma: how the table and the slots are reached
 * @stop: looked at between instructions; non-zero ends the job with %NMC_STATUS_ABORTED; may be NULL
 * @progress: advanced as instructions and vectors are done; may be NULL
 * @cqe: out: completion without phase and sq_head
 *
 * Thread-safe. Jobs that share a tile set exclude one another for their whole run. No DMA happens after the return.
 */
void card_job(struct card *card, const struct nmc_sqe_job *sqe, const struct card_dma *dma, const int *stop,
	      uint64_t *progress, struct nmc_cqe *cqe);

/**
 * card_event() - takes the oldest pending event of the in-process door
 * @card: the card
 * @event: out
 *
 * Return: 0, -EAGAIN if there is none. Thread-safe.
 */
int card_event(struct card *card, struct nmc_event_record *event);

/**
 * card_event_fd() - file descriptor that is readable while events wait
 * @card: the card
 *
 * Return: the descriptor, which belongs to the card.
 */
int card_event_fd(struct card *card);

/**
 * card_oracle() - true conductances of a tile: no noise, no time passes, nothing is counted
 * @card: the card
 * @set: set id
 * @tile: virtual tile
 * @g: out: rows x cols conductances in microsiemens (weights for integer classes), row-major; may be NULL
 * @target: out: their programmed targets in the same units; may be NULL
 *
 * Software card only, for tests and research. Waits for a job on the set to end.
 *
 * Return: 0, -ENOENT.
 */
int card_oracle(struct card *card, uint32_t set, uint32_t tile, float *g, float *target);

#define CARD_KELVIN	300.0f	/* temperature of a new card: the reference of the shipped decks */

/**
 * card_temperature() - the die's temperature from now on; sets feel it from their next job on
 * @card: the card
 * @kelvin: 200 to 500
 *
 * Software card only. Thread-safe.
 */
void card_temperature(struct card *card, float kelvin);

/**
 * card_age() - lets every tile set age, each at the end of the job that executes on it
 * @card: the card
 * @ns: nanoseconds of card time
 *
 * Software card only. Thread-safe. Costs the same for a second and for ten years.
 */
void card_age(struct card *card, uint64_t ns);

/**
 * card_memory() - memory of the tiles in use
 * @card: the card
 * @cells: out: cells of the tiles in use
 *
 * Return: bytes allocated for cells and their caches.
 */
size_t card_memory(struct card *card, uint64_t *cells);

/**
 * enum card_irq - interrupts an endpoint offers
 * @CARD_IRQ_MSIX: 34 MSI-X vectors
 * @CARD_IRQ_MSI: one MSI vector (hot-unplug works under QEMU)
 * @CARD_IRQ_INTX: INTx only
 */
enum card_irq {
	CARD_IRQ_MSIX,
	CARD_IRQ_MSI,
	CARD_IRQ_INTX,
};

/**
 * card_socket_listen() - makes a socket of the file system that listens
 * @path: its path; a socket there that nobody serves any more is replaced
 *
 * Return: file descriptor, -EADDRINUSE if somebody serves it, or another negative errno.
 */
int card_socket_listen(const char *path);

/**
 * struct card_server_options - a vfio-user endpoint
 * @socket: path of the listening socket; replaced if it is a stale socket
 * @irq: interrupts to offer
 */
struct card_server_options {
	const char *socket;
	enum card_irq irq;
};

/**
 * enum card_fault - faults an endpoint can be told to show
 * @CARD_FAULT_NONE: back to normal
 * @CARD_FAULT_ALL_ONES: every register reads all-ones, doorbells are ignored
 * @CARD_FAULT_HANG_FIRMWARE: the heartbeat stops, admin commands are not answered
 * @CARD_FAULT_HANG_QUEUES: I/O queues fetch nothing
 */
enum card_fault {
	CARD_FAULT_NONE,
	CARD_FAULT_ALL_ONES,
	CARD_FAULT_HANG_FIRMWARE,
	CARD_FAULT_HANG_QUEUES,
};

/**
 * card_server_start() - puts a card behind a vfio-user socket, served by threads of its own
 * @card: the card
 * @options: the endpoint
 * @server: out: to be given to card_server_stop()
 * @error: filled on failure
 * @error_bytes: its size
 *
 * Serves one virtual machine after another.
 *
 * Return: 0 or a negative errno.
 */
int card_server_start(struct card *card, const struct card_server_options *options, struct card_server **server,
		      char *error, size_t error_bytes);

/**
 * card_server_stop() - disconnects, ends the threads and removes the socket
 * @server: the server or NULL
 */
void card_server_stop(struct card_server *server);

/**
 * card_server_inject() - shows a fault from now on; thread-safe
 * @server: the server
 * @fault: which
 */
void card_server_inject(struct card_server *server, enum card_fault fault);

/**
 * card_server_counters() - counters of a queue; thread-safe
 * @server: the server
 * @queue: 0 is the admin queue
 * @log: out
 *
 * Return: 0, -ENOENT if the queue was never created.
 */
int card_server_counters(struct card_server *server, unsigned int queue, struct nmc_queue_log *log);

#endif
