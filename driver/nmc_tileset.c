// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tile sets. The card keeps an opaque owner and a domain with each persistent set; the policy made
 * of them is here: owner, group and mode as of a file, reading and writing at once, since a stream
 * can do both. A set is opened on the card once, however many files share it, because opening gives
 * it a new generation.
 */
#include <linux/cred.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include "nmc_tileset.h"

static unsigned long long domain;
module_param(domain, ullong, 0444);
MODULE_PARM_DESC(domain, "host domain of persistent tile sets (default 0)");

#define NMC_OWNER_VERSION	1
#define NMC_OWNER_RW		06	/* what an opener needs of the mode */

/**
 * struct nmc_owner - the owner blob of a persistent set
 * @version: %NMC_OWNER_VERSION
 * @uid: owner, in the initial user namespace
 * @gid: group, in the initial user namespace
 * @mode: permission bits
 * @reserved: zero
 */
struct nmc_owner {
	__le32 version;
	__le32 uid;
	__le32 gid;
	__le32 mode;
	__le32 reserved[4];
};

static void nmc_owner_fill(u8 *blob, u32 mode)
{
	struct nmc_owner owner = {
		.version = cpu_to_le32(NMC_OWNER_VERSION),
		.uid = cpu_to_le32(from_kuid(&init_user_ns, current_fsuid())),
		.gid = cpu_to_le32(from_kgid(&init_user_ns, current_fsgid())),
		.mode = cpu_to_le32(mode),
	};

	BUILD_BUG_ON(sizeof(owner) != sizeof_field(struct nmc_tileset_config, owner));
	memcpy(blob, &owner, sizeof(owner));
}

static bool nmc_owner_allows(const struct nmc_tileset_config *config)
{
	struct nmc_owner owner;
	u32 mode;

	memcpy(&owner, config->owner, sizeof(owner));
	if (le64_to_cpu(config->domain) != domain ||
	    le32_to_cpu(owner.version) != NMC_OWNER_VERSION)
		return capable(CAP_SYS_ADMIN);
	mode = le32_to_cpu(owner.mode);
	if (uid_eq(current_fsuid(), make_kuid(&init_user_ns, le32_to_cpu(owner.uid))))
		mode >>= 6;
	else if (in_group_p(make_kgid(&init_user_ns, le32_to_cpu(owner.gid))))
		mode >>= 3;
	return (mode & NMC_OWNER_RW) == NMC_OWNER_RW || capable(CAP_DAC_OVERRIDE);
}

static int nmc_tileset_card_release(struct nmc_device *nmc, u32 id, bool erase)
{
	struct nmc_admin_cmd cmd = NMC_ADMIN_CMD(NMC_ADMIN_TILESET_RELEASE);

	cmd.sqe.id = cpu_to_le32(id);
	cmd.sqe.value = cpu_to_le64(erase);
	return nmc_admin_exec(nmc, &cmd);
}

static bool nmc_tileset_persistent(const struct nmc_tileset_config *config)
{
	return le32_to_cpu(config->flags) & NMC_TILESET_PERSISTENT;
}

static void nmc_tileset_release(struct kref *ref)
{
	struct nmc_tileset *set = container_of(ref, struct nmc_tileset, ref);
	struct nmc_device *nmc = set->nmc;
	int err;

	list_del(&set->link);
	err = nmc_tileset_card_release(nmc, set->id, set->erase);
	if (err && err != -ENODEV)
		dev_warn(&nmc->pdev->dev, "tile set %u cannot be released: %d\n", set->id, err);
	mutex_unlock(&nmc->sets_lock);
	kfree(set);
}

void nmc_tileset_put(struct nmc_tileset *set)
{
	kref_put_mutex(&set->ref, nmc_tileset_release, &set->nmc->sets_lock);
}

struct nmc_tileset *nmc_tileset_get(struct nmc_file *file, u32 handle)
{
	struct nmc_tileset *set;

	xa_lock(&file->sets);
	set = xa_load(&file->sets, handle);
	if (set)
		kref_get(&set->ref);
	xa_unlock(&file->sets);
	return set;
}

u32 nmc_tileset_find_handle(struct nmc_file *file, u32 id)
{
	struct nmc_tileset *set;
	unsigned long handle;
	u32 found = 0;

	xa_lock(&file->sets);
	xa_for_each(&file->sets, handle, set)
		if (set->id == id)
			found = handle;
	xa_unlock(&file->sets);
	return found;
}

u64 nmc_tileset_tiles(struct nmc_file *file)
{
	struct nmc_tileset *set;
	unsigned long handle;
	u64 tiles = 0;

	xa_lock(&file->sets);
	xa_for_each(&file->sets, handle, set)
		tiles += le32_to_cpu(set->config.tiles);
	xa_unlock(&file->sets);
	return tiles;
}

void nmc_tileset_close_all(struct nmc_file *file)
{
	struct nmc_tileset *set;
	unsigned long handle;

	xa_for_each(&file->sets, handle, set) {
		xa_erase(&file->sets, handle);
		nmc_tileset_put(set);
	}
}

/* Gives the file a handle that takes over the caller's reference, but for a failure. */
static int nmc_tileset_handle(struct nmc_file *file, struct nmc_tileset *set, u32 *handle)
{
	int err;

	if (atomic_inc_return(&file->set_count) > NMC_FILE_TILESETS)
		err = -ENOSPC;
	else
		err = xa_alloc(&file->sets, handle, set, xa_limit_31b, GFP_KERNEL);
	if (err)
		atomic_dec(&file->set_count);
	return err;
}

/* Carries CREATE or OPEN out; @set->config is what the card answered. Caller holds sets_lock. */
static int nmc_tileset_card_get(struct nmc_tileset *set, u16 opcode, u64 *result)
{
	struct nmc_admin_cmd cmd = NMC_ADMIN_CMD(opcode);
	int err;

	cmd.in = &set->config;
	cmd.in_bytes = sizeof(set->config);
	if (opcode == NMC_ADMIN_TILESET_OPEN) {
		cmd.out = &set->config;
		cmd.out_bytes = sizeof(set->config);
	}
	err = nmc_admin_exec(set->nmc, &cmd);
	*result = cmd.result;
	if (err)
		return err;
	set->id = lower_32_bits(cmd.result);
	set->generation = upper_32_bits(cmd.result);
	list_add_tail(&set->link, &set->nmc->sets);
	return 0;
}

static struct nmc_tileset *nmc_tileset_alloc(struct nmc_device *nmc)
{
	struct nmc_tileset *set = kzalloc(sizeof(*set), GFP_KERNEL);

	if (set) {
		kref_init(&set->ref);
		INIT_LIST_HEAD(&set->link);
		set->nmc = nmc;
	}
	return set;
}

static u32 nmc_tileset_free_tiles(struct nmc_device *nmc, u32 class_id)
{
	struct nmc_admin_cmd cmd = NMC_ADMIN_CMD(NMC_ADMIN_CLASS);
	struct nmc_tile_class tile_class;

	cmd.sqe.index = cpu_to_le32(class_id);
	cmd.out = &tile_class;
	cmd.out_bytes = sizeof(tile_class);
	return nmc_admin_exec(nmc, &cmd) ? 0 : le32_to_cpu(tile_class.free);
}

static int nmc_tileset_check_create(const struct drm_nmc_tileset_create *args)
{
	bool persistent = args->flags & DRM_NMC_TILESET_PERSISTENT;

	if (args->flags & ~DRM_NMC_TILESET_PERSISTENT || args->handle || args->free ||
	    args->mode & ~0777)
		return -EINVAL;
	if (!args->tiles || args->tiles > NMC_MAX_SET_TILES)
		return -EINVAL;
	if (persistent != !!memchr_inv(args->uuid, 0, sizeof(args->uuid)))
		return -EINVAL;
	if (!persistent && (args->mode || memchr_inv(args->label, 0, sizeof(args->label))))
		return -EINVAL;
	return 0;
}

static void nmc_tileset_configure(struct nmc_tileset *set,
				  const struct drm_nmc_tileset_create *args)
{
	struct nmc_tileset_config *config = &set->config;

	config->class = cpu_to_le32(args->class_id);
	config->tiles = cpu_to_le32(args->tiles);
	if (!(args->flags & DRM_NMC_TILESET_PERSISTENT))
		return;
	config->flags = cpu_to_le32(NMC_TILESET_PERSISTENT);
	config->domain = cpu_to_le64(domain);
	memcpy(config->uuid, args->uuid, sizeof(config->uuid));
	memcpy(config->label, args->label, sizeof(config->label));
	nmc_owner_fill(config->owner, args->mode ?: 0600);
}

/* Makes the set on the card and a handle for it. @set is put in any case but success. */
static int nmc_tileset_make(struct nmc_tileset *set, struct nmc_file *nf,
			    struct drm_nmc_tileset_create *args)
{
	struct nmc_device *nmc = set->nmc;
	u64 result = 0;
	int err;

	mutex_lock(&nmc->sets_lock);
	err = nmc_tileset_card_get(set, NMC_ADMIN_TILESET_CREATE, &result);
	mutex_unlock(&nmc->sets_lock);
	if (err) {
		if (err == -ENOSPC)
			args->free = result;
		kfree(set);
		return err == -ENOENT ? -EINVAL : err;
	}
	args->free = nmc_tileset_free_tiles(nmc, args->class_id);
	err = nmc_tileset_handle(nf, set, &args->handle);
	if (err) {
		set->erase = true;
		nmc_tileset_put(set);
	}
	return err;
}

int nmc_ioctl_tileset_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nmc_tileset_create *args = data;
	struct nmc_tileset *set;
	int err = nmc_tileset_check_create(args);
	int idx;

	if (err)
		return err;
	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;
	set = nmc_tileset_alloc(to_nmc(drm));
	if (set) {
		nmc_tileset_configure(set, args);
		err = nmc_tileset_make(set, file->driver_priv, args);
	} else {
		err = -ENOMEM;
	}
	drm_dev_exit(idx);
	return err;
}

static struct nmc_tileset *nmc_tileset_find(struct nmc_device *nmc, const u8 *uuid)
{
	struct nmc_tileset *set;

	list_for_each_entry(set, &nmc->sets, link)
		if (nmc_tileset_persistent(&set->config) &&
		    !memcmp(set->config.uuid, uuid, sizeof(set->config.uuid)))
			return set;
	return NULL;
}

/* Opens a set that nobody has open. Caller holds sets_lock. */
static struct nmc_tileset *nmc_tileset_attach(struct nmc_device *nmc,
					      const struct drm_nmc_tileset_open *args)
{
	struct nmc_tileset *set = nmc_tileset_alloc(nmc);
	u64 result;
	int err;

	if (!set)
		return ERR_PTR(-ENOMEM);
	memcpy(set->config.uuid, args->uuid, sizeof(args->uuid));
	err = nmc_tileset_card_get(set, NMC_ADMIN_TILESET_OPEN, &result);
	if (!err && !nmc_owner_allows(&set->config)) {
		list_del(&set->link);
		nmc_tileset_card_release(nmc, set->id, false);
		err = -EACCES;
	}
	if (err) {
		kfree(set);
		return ERR_PTR(err);
	}
	set->shared = args->flags & DRM_NMC_TILESET_SHARED;
	return set;
}

static struct nmc_tileset *nmc_tileset_lookup(struct nmc_device *nmc,
					      const struct drm_nmc_tileset_open *args)
{
	struct nmc_tileset *set;

	mutex_lock(&nmc->sets_lock);
	set = nmc_tileset_find(nmc, args->uuid);
	if (!set)
		set = nmc_tileset_attach(nmc, args);
	else if (!nmc_owner_allows(&set->config))
		set = ERR_PTR(-EACCES);
	else if (!set->shared || !(args->flags & DRM_NMC_TILESET_SHARED) || set->erase)
		set = ERR_PTR(-EBUSY);
	else
		kref_get(&set->ref);
	mutex_unlock(&nmc->sets_lock);
	return set;
}

int nmc_ioctl_tileset_open(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nmc_tileset_open *args = data;
	struct nmc_tileset *set;
	int idx, err;

	if (args->flags & ~DRM_NMC_TILESET_SHARED || args->handle || args->class_id ||
	    args->tiles || !memchr_inv(args->uuid, 0, sizeof(args->uuid)))
		return -EINVAL;
	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;
	set = nmc_tileset_lookup(to_nmc(drm), args);
	err = PTR_ERR_OR_ZERO(set);
	if (!err) {
		args->class_id = le32_to_cpu(set->config.class);
		args->tiles = le32_to_cpu(set->config.tiles);
		err = nmc_tileset_handle(file->driver_priv, set, &args->handle);
		if (err)
			nmc_tileset_put(set);
	}
	drm_dev_exit(idx);
	return err;
}

int nmc_ioctl_tileset_close(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nmc_tileset_close *args = data;
	struct nmc_file *nf = file->driver_priv;
	struct nmc_tileset *set;
	int idx;

	if (args->flags & ~DRM_NMC_TILESET_ERASE)
		return -EINVAL;
	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;
	set = xa_erase(&nf->sets, args->handle);
	if (set) {
		atomic_dec(&nf->set_count);
		if (args->flags & DRM_NMC_TILESET_ERASE)
			set->erase = true;
		nmc_tileset_put(set);
	}
	drm_dev_exit(idx);
	return set ? 0 : -ENOENT;
}

static int nmc_tileset_info(struct nmc_tileset *set, struct drm_nmc_tileset_info *args)
{
	struct nmc_admin_cmd cmd = NMC_ADMIN_CMD(NMC_ADMIN_TILESET_INFO);
	struct nmc_tileset_info info;
	int err;

	cmd.sqe.id = cpu_to_le32(set->id);
	cmd.out = &info;
	cmd.out_bytes = sizeof(info);
	err = nmc_admin_exec(set->nmc, &cmd);
	if (err)
		return err;
	args->id = set->id;
	args->generation = set->generation;
	args->class_id = le32_to_cpu(info.config.class);
	args->tiles = le32_to_cpu(info.config.tiles);
	args->incomplete = le32_to_cpu(info.incomplete);
	args->flags = nmc_tileset_persistent(&info.config) ? DRM_NMC_TILESET_PERSISTENT : 0;
	args->time_ns = le64_to_cpu(info.time_ns);
	args->time_frac = le32_to_cpu(info.time_frac);
	return 0;
}

int nmc_ioctl_tileset_info(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nmc_tileset_info *args = data;
	struct nmc_tileset *set;
	int idx, err = -ENOENT;

	if (memchr_inv(&args->id, 0, sizeof(*args) - offsetof(typeof(*args), id)))
		return -EINVAL;
	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;
	set = nmc_tileset_get(file->driver_priv, args->handle);
	if (set) {
		err = nmc_tileset_info(set, args);
		nmc_tileset_put(set);
	}
	drm_dev_exit(idx);
	return err;
}

int nmc_tileset_sweep(struct nmc_device *nmc)
{
	struct nmc_tileset_info info;
	unsigned int i;
	u64 index = 0;
	int err;

	for (i = 0; i < NMC_MAX_TILESETS; i++) {
		struct nmc_admin_cmd cmd = NMC_ADMIN_CMD(NMC_ADMIN_GET_LOG);

		cmd.sqe.index = cpu_to_le32(NMC_LOG_TILESETS);
		cmd.sqe.offset = cpu_to_le64(index);
		cmd.out = &info;
		cmd.out_bytes = sizeof(info);
		err = nmc_admin_exec(nmc, &cmd);
		if (err || index >= cmd.result)
			return err;
		err = nmc_tileset_card_release(nmc, le32_to_cpu(info.id), false);
		if (err || nmc_tileset_persistent(&info.config))
			index++;
	}
	return 0;
}
