/* SPDX-License-Identifier: MIT */
/*
 * Messages of the vfio-user protocol as they stand on the wire (QEMU documentation, docs/interop/vfio-user.rst). All
 * fields are in host order; the socket never leaves the machine.
 */
#ifndef NMC_VFU_PROTO_H
#define NMC_VFU_PROTO_H

#include <stdint.h>

enum vfu_command {
	VFU_VERSION		= 1,
	VFU_DMA_MAP		= 2,
	VFU_DMA_UNMAP		= 3,
	VFU_GET_INFO		= 4,
	VFU_GET_REGION_INFO	= 5,
	VFU_GET_REGION_IO_FDS	= 6,
	VFU_GET_IRQ_INFO	= 7,
	VFU_SET_IRQS		= 8,
	VFU_REGION_READ		= 9,
	VFU_REGION_WRITE	= 10,
	VFU_RESET		= 13,
	VFU_REGION_WRITE_MULTI	= 15,
};

#define VFU_FLAG_TYPE		0xfu
#define VFU_FLAG_REPLY		0x1u
#define VFU_FLAG_NO_REPLY	(1u << 4)
#define VFU_FLAG_ERROR		(1u << 5)

#define VFU_MAX_FDS		8
#define VFU_MAX_DATA		4096u			/* bytes one region access may carry */
#define VFU_MAX_MESSAGE		(64u * 1024)

struct vfu_header {
	uint16_t id;
	uint16_t command;
	uint32_t size;
	uint32_t flags;
	uint32_t error;
};

struct vfu_version {
	uint16_t major;
	uint16_t minor;
};

struct vfu_dma_map {
	uint32_t argsz;
	uint32_t flags;
	uint64_t offset;
	uint64_t address;
	uint64_t size;
};

struct vfu_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t address;
	uint64_t size;
};

struct vfu_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t regions;
	uint32_t irqs;
};

struct vfu_region_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t cap_offset;
	uint64_t size;
	uint64_t offset;
};

struct vfu_irq_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t count;
};

struct vfu_irq_set {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t start;
	uint32_t count;
};

struct vfu_access {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
};

/* WRITE_MULTI: this count, then as many struct vfu_small_write. */
struct vfu_write_multi {
	uint64_t count;
};

struct vfu_small_write {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
	uint8_t data[8];
};

#endif
