// SPDX-License-Identifier: GPL-2.0-only
/*
 * Core ioctls that assume a DRM master oops on an accel node unless the driver keeps them away, from
 * programs of 32 bits too. Every core ioctl number is tried with zeroed and with garbage arguments.
 */
#include "kselftest_harness.h"
#include "nmc_test.h"

FIXTURE(core) {
	int fd;
};

FIXTURE_SETUP(core)
{
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(core)
{
	close(self->fd);
}

TEST_F(core, get_magic)
{
	struct drm_auth auth = { 0 };

	EXPECT_EQ(-EACCES, nmc_call(self->fd, DRM_IOCTL_GET_MAGIC, &auth));
}

TEST_F(core, get_unique)
{
	struct drm_unique unique = { 0 };

	EXPECT_EQ(-EACCES, nmc_call(self->fd, DRM_IOCTL_GET_UNIQUE, &unique));
}

#ifdef __x86_64__
#define COMPAT_IOCTL	54	/* system call of 32 bits */

/* As nmc_call(), by the entry of 32-bit programs; the argument is a copy that they can point to. */
static int compat_call(int fd, unsigned long request, const void *arg, size_t bytes)
{
	void *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long ret = COMPAT_IOCTL;

	if (low == MAP_FAILED)
		return -errno;
	memcpy(low, arg, bytes);
	asm volatile("int $0x80"
		     : "+a"(ret)
		     : "b"((long)fd), "c"(request), "d"(low)
		     : "r8", "r9", "r10", "r11", "memory");
	munmap(low, 4096);
	return (int)ret;
}

TEST_F(core, from_32_bits)
{
	struct drm_get_cap cap = { .capability = DRM_CAP_SYNCOBJ_TIMELINE };
	uint32_t zeroes[2] = { 0 };

	/* The entry is there, so that what follows says something. */
	ASSERT_EQ(0, compat_call(self->fd, DRM_IOCTL_GET_CAP, &cap, sizeof(cap)));
	EXPECT_EQ(-EACCES, compat_call(self->fd, DRM_IOCTL_GET_MAGIC, zeroes, sizeof(zeroes)));
	/* struct drm_unique has a pointer and is smaller there. */
	EXPECT_EQ(-EACCES, compat_call(self->fd, DRM_IOWR(0x01, zeroes), zeroes, sizeof(zeroes)));
	EXPECT_EQ(-EACCES, compat_call(self->fd, DRM_IOCTL_GET_UNIQUE, zeroes, sizeof(zeroes)));
}
#endif

TEST_F(core, set_and_drop_master)
{
	EXPECT_EQ(-EACCES, nmc_call(self->fd, DRM_IOCTL_SET_MASTER, NULL));
	EXPECT_EQ(-EACCES, nmc_call(self->fd, DRM_IOCTL_DROP_MASTER, NULL));
}

TEST_F(core, auth_magic)
{
	struct drm_auth auth = { .magic = 1 };

	EXPECT_EQ(-EACCES, nmc_call(self->fd, DRM_IOCTL_AUTH_MAGIC, &auth));
}

TEST_F(core, version_and_caps_work)
{
	struct drm_version version = { 0 };
	struct drm_get_cap cap = { .capability = DRM_CAP_SYNCOBJ_TIMELINE };

	EXPECT_EQ(0, nmc_call(self->fd, DRM_IOCTL_VERSION, &version));
	EXPECT_EQ(1, version.version_major);
	ASSERT_EQ(0, nmc_call(self->fd, DRM_IOCTL_GET_CAP, &cap));
	EXPECT_EQ(1, cap.value);
}

/* Modesetting and other numbers: any errno will do, the kernel must live. */
TEST_F(core, every_number_survives)
{
	static const uint8_t fills[] = { 0x00, 0x01, 0xff };
	uint8_t args[256];
	unsigned int nr, i;

	for (nr = 0; nr < 0x100; nr++) {
		if (nr >= DRM_COMMAND_BASE && nr < DRM_COMMAND_END)
			continue;
		for (i = 0; i < ARRAY_SIZE(fills); i++) {
			memset(args, fills[i], sizeof(args));
			nmc_call(self->fd, _IOC(_IOC_READ | _IOC_WRITE, DRM_IOCTL_BASE, nr, 64),
				 args);
		}
	}
	close(self->fd);
	self->fd = nmc_open_device();
	EXPECT_GE(self->fd, 0);
}

TEST_HARNESS_MAIN
