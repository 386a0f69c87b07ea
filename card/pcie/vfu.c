// SPDX-License-Identifier: MIT
/*
 * What each message means.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "card/pcie/vfu.h"

#define REGIONS		9	/* VFIO_PCI_BAR0_REGION_INDEX to VFIO_PCI_VGA_REGION_INDEX */

/* Copies the fixed part of a payload; false if the payload is shorter. */
static bool take(const struct vfu_message *m, void *to, size_t bytes)
{
	if (m->bytes < bytes)
		return false;
	memcpy(to, m->data, bytes);
	return true;
}

static void give(struct vfu_reply *r, const void *from, size_t bytes)
{
	memcpy(r->data + r->bytes, from, bytes);
	r->bytes += bytes;
}

static uint64_t region_size(unsigned int index)
{
	switch (index) {
	case NMC_BAR_REGS:
		return NMC_BAR_REGS_BYTES;
	case NMC_BAR_MSIX:
		return NMC_BAR_MSIX_BYTES;
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return PCI_CONFIG_BYTES;
	default:
		return 0;
	}
}

static int on_version(const struct vfu_message *m, struct vfu_reply *r)
{
	struct vfu_version v;
	char text[256];

	if (!take(m, &v, sizeof(v)) || v.major != 0)
		return EINVAL;
	v.minor = v.minor ? 1 : 0;
	snprintf(text, sizeof(text), "{\"capabilities\":{\"max_msg_fds\":%d,\"max_data_xfer_size\":%u,"
		 "\"max_dma_maps\":%d,\"pgsizes\":4096,\"write_multiple\":true}}", VFU_MAX_FDS, VFU_MAX_DATA,
		 DMA_MAX_REGIONS);
	give(r, &v, sizeof(v));
	give(r, text, strlen(text) + 1);
	return 0;
}

static int on_dma_map(struct endpoint *e, struct vfu_message *m)
{
	struct vfu_dma_map map;
	struct dma_region region;

	if (!take(m, &map, sizeof(map)) || m->fd_count > 1 || map.flags & ~3u)
		return EINVAL;
	region = (struct dma_region){ .address = map.address, .size = map.size, .writable = map.flags & 2 };
	return -dma_map(&e->host.dma, &region, m->fd_count ? m->fds[0] : -1, map.offset);
}

static int on_dma_unmap(struct endpoint *e, const struct vfu_message *m, struct vfu_reply *r)
{
	struct vfu_dma_unmap unmap;
	int ret = 0;

	if (!take(m, &unmap, sizeof(unmap)) || unmap.flags & ~VFIO_DMA_UNMAP_FLAG_ALL)
		return EINVAL;
	if (!(unmap.flags & VFIO_DMA_UNMAP_FLAG_ALL))
		ret = -dma_unmap(&e->host.dma, unmap.address, unmap.size);
	else if (unmap.address || unmap.size)
		ret = EINVAL;
	else
		dma_unmap_all(&e->host.dma);
	give(r, &unmap, sizeof(unmap));
	return ret;
}

static int on_get_info(struct vfu_reply *r)
{
	struct vfu_info info = { sizeof(info), VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI, REGIONS, IRQ_INDEXES };

	give(r, &info, sizeof(info));
	return 0;
}

static int on_get_region_info(const struct vfu_message *m, struct vfu_reply *r)
{
	struct vfu_region_info info;

	if (!take(m, &info, sizeof(info)) || info.index >= REGIONS)
		return EINVAL;
	info.argsz = sizeof(info);
	info.size = region_size(info.index);
	info.flags = info.size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
	info.cap_offset = 0;
	info.offset = 0;
	give(r, &info, sizeof(info));
	return 0;
}

static int on_get_irq_info(const struct endpoint *e, const struct vfu_message *m, struct vfu_reply *r)
{
	struct vfu_irq_info info;

	if (!take(m, &info, sizeof(info)) || info.index >= IRQ_INDEXES)
		return EINVAL;
	info.argsz = sizeof(info);
	info.count = irq_count(&e->host.irq, info.index);
	info.flags = info.count ? VFIO_IRQ_INFO_EVENTFD : 0;
	if (info.count && info.index == IRQ_INTX)
		info.flags |= VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
	else if (info.count)
		info.flags |= VFIO_IRQ_INFO_NORESIZE;
	give(r, &info, sizeof(info));
	return 0;
}

/* Descriptors for the vectors @start to @start + @count - 1; none at all forgets them. */
static int set_eventfds(struct endpoint *e, struct vfu_message *m, uint32_t start, uint32_t count)
{
	int none[NMC_VECTORS];
	unsigned int i;

	if (m->fd_count && m->fd_count != count)
		return EINVAL;
	for (i = 0; i < m->fd_count; i++)
		if (!irq_usable(m->fds[i]))
			return EINVAL;
	memset(none, 0xff, sizeof(none));
	irq_assign(&e->host.irq, start, m->fd_count ? m->fds : none, count);
	memset(m->fds, 0xff, sizeof(m->fds));
	return 0;
}

static int on_set_irqs(struct endpoint *e, struct vfu_message *m)
{
	const uint32_t data = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_DATA_EVENTFD;
	struct vfu_irq_set set;
	uint32_t have;

	if (!take(m, &set, sizeof(set)) || set.index >= IRQ_INDEXES)
		return EINVAL;
	have = irq_count(&e->host.irq, set.index);
	if (set.start > have || set.count > have - set.start)
		return EINVAL;
	if (set.flags & VFIO_IRQ_SET_ACTION_TRIGGER) {
		if (!set.count && (set.flags & data) == VFIO_IRQ_SET_DATA_NONE) {
			if (have)
				irq_disable(&e->host.irq);
			return 0;
		}
		if ((set.flags & data) == VFIO_IRQ_SET_DATA_EVENTFD)
			return set_eventfds(e, m, set.start, set.count);
		return (set.flags & data) == VFIO_IRQ_SET_DATA_NONE ? 0 : EINVAL;
	}
	if (set.index != IRQ_INTX || !have || (set.flags & data) != VFIO_IRQ_SET_DATA_NONE)
		return EINVAL;
	irq_line_mask(&e->host.irq, set.flags & VFIO_IRQ_SET_ACTION_MASK);
	return 0;
}

/* The range lies within the region. */
static bool in_region(uint32_t region, uint64_t offset, uint64_t count)
{
	uint64_t size = region_size(region);

	return count && count <= VFU_MAX_DATA && count <= size && offset <= size - count;
}

static int on_region_read(struct endpoint *e, const struct vfu_message *m, struct vfu_reply *r)
{
	struct vfu_access a;
	uint8_t *to;

	if (!take(m, &a, sizeof(a)) || !in_region(a.region, a.offset, a.count))
		return EINVAL;
	give(r, &a, sizeof(a));
	to = r->data + r->bytes;
	memset(to, 0, a.count);
	if (a.region == NMC_BAR_REGS)
		endpoint_read(e, a.offset, to, a.count);
	else if (a.region == VFIO_PCI_CONFIG_REGION_INDEX)
		pci_config_read(&e->config, (unsigned int)a.offset, to, a.count);
	r->bytes += a.count;
	return 0;
}

static void write_region(struct endpoint *e, uint32_t region, uint64_t offset, const void *data, uint32_t count)
{
	if (region == NMC_BAR_REGS) {
		endpoint_write(e, offset, data, count);
	} else if (region == VFIO_PCI_CONFIG_REGION_INDEX) {
		if (pci_config_write(&e->config, (unsigned int)offset, data, count))
			endpoint_reset(e);
		dma_master(&e->host.dma, pci_config_master(&e->config));
	}
}

static int on_region_write(struct endpoint *e, const struct vfu_message *m, struct vfu_reply *r)
{
	struct vfu_access a;

	if (!take(m, &a, sizeof(a)) || !in_region(a.region, a.offset, a.count) || m->bytes - sizeof(a) < a.count)
		return EINVAL;
	write_region(e, a.region, a.offset, m->data + sizeof(a), a.count);
	give(r, &a, sizeof(a));
	return 0;
}

static int on_write_multi(struct endpoint *e, const struct vfu_message *m, struct vfu_reply *r)
{
	struct vfu_write_multi multi;
	uint64_t i;

	if (!take(m, &multi, sizeof(multi)) ||
	    multi.count > (m->bytes - sizeof(multi)) / sizeof(struct vfu_small_write))
		return EINVAL;
	for (i = 0; i < multi.count; i++) {
		struct vfu_small_write w;

		memcpy(&w, m->data + sizeof(multi) + i * sizeof(w), sizeof(w));
		if (w.count > sizeof(w.data) || !in_region(w.region, w.offset, w.count))
			return EINVAL;
		write_region(e, w.region, w.offset, w.data, w.count);
	}
	give(r, &multi, sizeof(multi));
	return 0;
}

int vfu_handle(struct endpoint *e, struct vfu_message *m, struct vfu_reply *reply)
{
	switch (m->header.command) {
	case VFU_VERSION:
		return on_version(m, reply);
	case VFU_DMA_MAP:
		return on_dma_map(e, m);
	case VFU_DMA_UNMAP:
		return on_dma_unmap(e, m, reply);
	case VFU_GET_INFO:
		return on_get_info(reply);
	case VFU_GET_REGION_INFO:
		return on_get_region_info(m, reply);
	case VFU_GET_IRQ_INFO:
		return on_get_irq_info(e, m, reply);
	case VFU_SET_IRQS:
		return on_set_irqs(e, m);
	case VFU_REGION_READ:
		return on_region_read(e, m, reply);
	case VFU_REGION_WRITE:
		return on_region_write(e, m, reply);
	case VFU_REGION_WRITE_MULTI:
		return on_write_multi(e, m, reply);
	case VFU_RESET:
		endpoint_reset(e);
		return 0;
	default:
		return ENOSYS;
	}
}
