// SPDX-License-Identifier: GPL-2.0-only
/*
 * Puts one PCI device to sleep and wakes it up again, by the calls that the kernel makes of the PCI
 * bus when the whole system sleeps: the machine of a test may have other devices that would not
 * come back. The device is the name that is written to the parameter "cycle", as 0000:01:00.0.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/pci.h>

#define NMC_SLEEP_MS	100

static int nmc_sleep_down(struct device *dev, const struct dev_pm_ops *pm)
{
	int err = pm->suspend(dev);

	if (!err)
		err = pm->suspend_late(dev);
	return err ?: pm->suspend_noirq(dev);
}

static int nmc_sleep_up(struct device *dev, const struct dev_pm_ops *pm)
{
	int err = pm->resume_noirq(dev);

	if (!err)
		err = pm->resume_early(dev);
	return err ?: pm->resume(dev);
}

static int nmc_sleep_cycle(struct device *dev)
{
	const struct dev_pm_ops *pm = dev->bus->pm;
	int err = pm->prepare(dev);

	if (err < 0)
		return err;
	err = nmc_sleep_down(dev, pm);
	if (!err) {
		msleep(NMC_SLEEP_MS);
		err = nmc_sleep_up(dev, pm);
	}
	pm->complete(dev);
	return err;
}

static int nmc_sleep_set(const char *value, const struct kernel_param *param)
{
	struct device *dev;
	char name[32];
	int err;

	if (strscpy(name, value, sizeof(name)) < 0)
		return -EINVAL;
	dev = bus_find_device_by_name(&pci_bus_type, NULL, strim(name));
	if (!dev)
		return -ENODEV;
	device_lock(dev);
	err = nmc_sleep_cycle(dev);
	device_unlock(dev);
	put_device(dev);
	return err;
}

static const struct kernel_param_ops nmc_sleep_ops = { .set = nmc_sleep_set };

module_param_cb(cycle, &nmc_sleep_ops, NULL, 0200);
MODULE_PARM_DESC(cycle, "PCI device that sleeps now");

MODULE_DESCRIPTION("Sleep of one PCI device, for tests");
MODULE_LICENSE("GPL");
