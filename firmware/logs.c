// SPDX-License-Identifier: MIT
/*
 * Log pages, the error log and events.
 */
#include "firmware/fw.h"

/**
 * struct page - one kind of log page
 * @bytes: bytes of an item
 * @count: items that exist
 * @item: fills item @n; false if it does not exist although a later one may
 */
struct page {
	uint32_t bytes;
	uint64_t (*count)(struct fw *fw);
	void (*item)(struct fw *fw, uint64_t n, void *item);
};

static uint64_t one(struct fw *fw)
{
	(void)fw;
	return 1;
}

static void health_item(struct fw *fw, uint64_t n, void *item)
{
	struct nmc_health_log *log = item;
	uint32_t t;

	(void)n;
	hal_health(fw->hal, log);
	log->uptime_ms = hal_uptime_ms(fw->hal);
	log->errors = fw->error_count;
	log->deviation_limit_ppm = fw->features[NMC_FEATURE_DEVIATION_PPM];
	log->scrub_ppm = fw->features[NMC_FEATURE_SCRUB_PPM];
	log->wear_limit_ppm = fw->features[NMC_FEATURE_WEAR_PPM];
	for (t = 0; t < fw->tile_count; t++)
		log->tiles_by_state[fw_tile_state(fw, t)]++;
}

static uint64_t count_tiles(struct fw *fw)
{
	return fw->tile_count;
}

static void tile_item(struct fw *fw, uint64_t n, void *item)
{
	struct nmc_tile_log *log = item;
	const struct fw_tile *tile = &fw->tiles[n];

	hal_tile_log(fw->hal, n, log);
	log->tile = n;
	log->state = fw_tile_state(fw, n);
	log->class = tile->class;
	log->set = tile->set == FW_NO_SET ? 0 : tile->set + 1;
}

static uint64_t count_errors(struct fw *fw)
{
	return fw->error_count < FW_ERRORS ? fw->error_count : FW_ERRORS;
}

static void error_item(struct fw *fw, uint64_t n, void *item)
{
	FW_COPY(item, &fw->errors[(fw->error_count - n) % FW_ERRORS], sizeof(fw->errors[0]));
}

static uint64_t count_queues(struct fw *fw)
{
	return (uint64_t)fw->queues + 1;
}

static void queue_item(struct fw *fw, uint64_t n, void *item)
{
	if (!hal_queue_log(fw->hal, n, item))
		FW_ZERO(item, sizeof(struct nmc_queue_log));
}

static bool listed(const struct fw_set *s)
{
	return s->state == FW_SET_ATTACHED || s->state == FW_SET_DETACHED;
}

static uint64_t count_sets(struct fw *fw)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < NMC_MAX_TILESETS; i++)
		n += listed(&fw->sets[i]);
	return n;
}

static void set_item(struct fw *fw, uint64_t n, void *item)
{
	unsigned int i;

	for (i = 0; i < NMC_MAX_TILESETS; i++) {
		if (listed(&fw->sets[i]) && !n--) {
			fw_set_info(fw, i, item);
			return;
		}
	}
}

static const struct page pages[] = {
	[NMC_LOG_HEALTH]	= { sizeof(struct nmc_health_log), one, health_item },
	[NMC_LOG_TILES]		= { sizeof(struct nmc_tile_log), count_tiles, tile_item },
	[NMC_LOG_ERRORS]	= { sizeof(struct nmc_error_log), count_errors, error_item },
	[NMC_LOG_QUEUES]	= { sizeof(struct nmc_queue_log), count_queues, queue_item },
	[NMC_LOG_TILESETS]	= { sizeof(struct nmc_tileset_info), count_sets, set_item },
};

unsigned int fw_get_log(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	const struct page *page;
	union {
		struct nmc_health_log health;
		struct nmc_tile_log tile;
		struct nmc_error_log error;
		struct nmc_queue_log queue;
		struct nmc_tileset_info set;
	} item;
	uint64_t count, n, addr = sqe->addr;
	uint32_t room = sqe->bytes;

	if (!sqe->index || sqe->index >= sizeof(pages) / sizeof(pages[0]))
		return NMC_STATUS_NOT_FOUND;
	page = &pages[sqe->index];
	if (room < page->bytes)
		return NMC_STATUS_NO_SPACE;
	count = page->count(fw);
	cqe->result = count;
	for (n = sqe->offset; n < count && room >= page->bytes; n++) {
		FW_ZERO(&item, sizeof(item));
		page->item(fw, n, &item);
		if (hal_dma_write(fw->hal, addr, &item, page->bytes))
			return NMC_STATUS_DMA;
		addr += page->bytes;
		room -= page->bytes;
	}
	return NMC_STATUS_OK;
}

void fw_job_failed(struct fw *fw, unsigned int queue, uint32_t context, const struct nmc_cqe *cqe)
{
	struct nmc_error_log *e;
	uint64_t sequence = ++fw->error_count;

	e = &fw->errors[sequence % FW_ERRORS];
	FW_ZERO(e, sizeof(*e));
	e->sequence = sequence;
	e->wall_ms = hal_uptime_ms(fw->hal);
	e->queue = queue;
	e->status = cqe->status;
	e->context = context;
	e->cookie = cqe->cookie;
	e->fault = cqe->fault;
	fw_event_add(fw, NMC_EVENT_ERROR, (uint32_t)sequence, sequence);
}

/* When nobody listens the oldest events give way to the newest. */
void fw_event_add(struct fw *fw, uint32_t type, uint32_t object, uint64_t value)
{
	struct nmc_event_record *event = &fw->events[fw->event_tail++ % FW_EVENTS];

	if (fw->event_tail - fw->event_head > FW_EVENTS)
		fw->event_head++;
	FW_ZERO(event, sizeof(*event));
	event->type = type;
	event->object = object;
	event->wall_ms = hal_uptime_ms(fw->hal);
	event->value = value;
	hal_health_changed(fw->hal);
}

bool fw_event(struct fw *fw, struct nmc_event_record *event)
{
	if (fw->event_head == fw->event_tail)
		return false;
	FW_COPY(event, &fw->events[fw->event_head++ % FW_EVENTS], sizeof(*event));
	return true;
}

void fw_event_poll(struct fw *fw)
{
	struct nmc_event_record event;
	struct nmc_cqe cqe = { .cookie = fw->listener.cookie };

	if (!fw->listening || !fw_event(fw, &event))
		return;
	fw->listening = false;
	cqe.status = fw_answer(fw, &fw->listener, &event, sizeof(event));
	hal_admin_complete(fw->hal, &cqe);
}
