// SPDX-License-Identifier: MIT
/*
 * Guest memory: mapped by the socket thread, copied by all others.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "card/pcie/dma.h"

#define PIECE_BYTES	(64u << 10)	/* longest copy between two looks at who else wants the lock */

/* The socket thread writes and must not wait: it goes before copies that have not begun. */
void dma_init(struct dma *d)
{
	pthread_rwlockattr_t writer_first;

	memset(d, 0, sizeof(*d));
	pthread_rwlockattr_init(&writer_first);
	pthread_rwlockattr_setkind_np(&writer_first, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&d->lock, &writer_first);
	pthread_rwlockattr_destroy(&writer_first);
}

void dma_destroy(struct dma *d)
{
	dma_unmap_all(d);
	pthread_rwlock_destroy(&d->lock);
}

void dma_gate(struct dma *d, bool open)
{
	pthread_rwlock_wrlock(&d->lock);
	d->open = open;
	pthread_rwlock_unlock(&d->lock);
}

void dma_master(struct dma *d, bool master)
{
	pthread_rwlock_wrlock(&d->lock);
	d->master = master;
	pthread_rwlock_unlock(&d->lock);
}

/* Index of the first region that ends above @address. */
static unsigned int find(const struct dma *d, uint64_t address)
{
	unsigned int low = 0, high = d->count;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (address - d->region[middle].address >= d->region[middle].size &&
		    address >= d->region[middle].address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int insert(struct dma *d, const struct dma_region *region)
{
	unsigned int at = find(d, region->address);

	if (at < d->count && d->region[at].address <= region->address + (region->size - 1))
		return -EEXIST;
	if (d->count == DMA_MAX_REGIONS)
		return -ENOSPC;
	memmove(&d->region[at + 1], &d->region[at], (d->count - at) * sizeof(d->region[0]));
	d->region[at] = *region;
	d->count++;
	return 0;
}

/*
 * A file that is shorter than what is mapped, now or later, would end the process at the first touch: it must be one
 * that can never shrink, as QEMU seals its memfds, or can be sealed so here.
 */
static int check_file(int fd, uint64_t offset, uint64_t size)
{
	int seals = fcntl(fd, F_GET_SEALS);
	uint64_t end;
	struct stat st;

	if (seals < 0 || (!(seals & F_SEAL_SHRINK) && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK)))
		return -EINVAL;
	if (__builtin_add_overflow(offset, size, &end) || fstat(fd, &st))
		return -EINVAL;
	return (uint64_t)st.st_size >= end ? 0 : -EINVAL;
}

int dma_map(struct dma *d, const struct dma_region *region, int fd, uint64_t offset)
{
	struct dma_region new = *region;
	uint64_t end;
	int error;

	if (!new.size || __builtin_add_overflow(new.address, new.size - 1, &end) || new.size > SIZE_MAX / 2)
		return -EINVAL;
	new.data = NULL;
	if (fd >= 0) {
		if (check_file(fd, offset, new.size))
			return -EINVAL;
		new.data = mmap(NULL, new.size, PROT_READ | (new.writable ? PROT_WRITE : 0), MAP_SHARED, fd,
				(off_t)offset);
		if (new.data == MAP_FAILED)
			return -errno;
	}
	pthread_rwlock_wrlock(&d->lock);
	error = insert(d, &new);
	pthread_rwlock_unlock(&d->lock);
	if (error && new.data)
		munmap(new.data, new.size);
	return error;
}

int dma_unmap(struct dma *d, uint64_t address, uint64_t size)
{
	struct dma_region old = { 0 };
	unsigned int at;

	pthread_rwlock_wrlock(&d->lock);
	at = find(d, address);
	if (at < d->count && d->region[at].address == address && d->region[at].size == size) {
		old = d->region[at];
		d->count--;
		memmove(&d->region[at], &d->region[at + 1], (d->count - at) * sizeof(d->region[0]));
	}
	pthread_rwlock_unlock(&d->lock);
	if (old.data)
		munmap(old.data, old.size);
	return old.size ? 0 : -ENOENT;
}

void dma_unmap_all(struct dma *d)
{
	pthread_rwlock_wrlock(&d->lock);
	while (d->count) {
		struct dma_region *r = &d->region[--d->count];

		if (r->data)
			munmap(r->data, r->size);
	}
	pthread_rwlock_unlock(&d->lock);
}

/* Where @addr lies, and how many bytes of its region follow; NULL if nowhere. The caller holds the lock. */
static uint8_t *locate(struct dma *d, uint64_t addr, bool write, uint64_t *room)
{
	unsigned int at = d->open && d->master ? find(d, addr) : d->count;
	struct dma_region *r = &d->region[at];

	if (at == d->count || addr < r->address || !r->data || (write && !r->writable))
		return NULL;
	*room = r->size - (addr - r->address);
	return r->data + (addr - r->address);
}

static void copy(void *to, const void *from, size_t bytes)
{
	uintptr_t both = (uintptr_t)to | (uintptr_t)from;

	if (bytes == 4 && !(both & 3))
		__atomic_store_n((uint32_t *)to, __atomic_load_n((const uint32_t *)from, __ATOMIC_ACQUIRE),
				 __ATOMIC_RELEASE);
	else if (bytes == 8 && !(both & 7))
		__atomic_store_n((uint64_t *)to, __atomic_load_n((const uint64_t *)from, __ATOMIC_ACQUIRE),
				 __ATOMIC_RELEASE);
	else
		memcpy(to, from, bytes);
}

/* Copies as much of @bytes as lies in one region and in one piece; returns how much, 0 if nothing is there. */
static size_t move_piece(struct dma *d, uint64_t addr, uint8_t *buf, size_t bytes, bool write)
{
	size_t n = bytes < PIECE_BYTES ? bytes : PIECE_BYTES;
	uint64_t room;
	uint8_t *at;

	pthread_rwlock_rdlock(&d->lock);
	at = locate(d, addr, write, &room);
	if (!at)
		n = 0;
	else if (room < n)
		n = (size_t)room;
	if (at && write)
		copy(at, buf, n);
	else if (at)
		copy(buf, at, n);
	pthread_rwlock_unlock(&d->lock);
	return n;
}

static int move(struct dma *d, uint64_t addr, uint8_t *buf, size_t bytes, bool write)
{
	while (bytes) {
		size_t n = move_piece(d, addr, buf, bytes, write);

		if (!n)
			return -EFAULT;
		addr += n;
		buf += n;
		bytes -= n;
	}
	return 0;
}

int dma_read(void *ctx, uint64_t addr, void *buf, size_t bytes)
{
	return move(ctx, addr, buf, bytes, false);
}

int dma_write(void *ctx, uint64_t addr, const void *buf, size_t bytes)
{
	return move(ctx, addr, (uint8_t *)buf, bytes, true);
}
