// SPDX-License-Identifier: MIT
/*
 * Opens a card and says what it is. Usage: info [URI], for instance info sim:rram
 */
#include <nmc.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct nmc_device_info info = NMC_DEVICE_INFO_INIT;
	struct nmc_class_info class = NMC_CLASS_INFO_INIT;
	struct nmc_device *device;
	unsigned int i;

	if (nmc_device_open(argc > 1 ? argv[1] : NULL, &device)) {
		fprintf(stderr, "info: %s\n", nmc_last_error());
		return 1;
	}
	if (nmc_device_info(device, &info)) {
		fprintf(stderr, "info: %s\n", nmc_last_error());
		nmc_device_close(device);
		return 1;
	}
	printf("%s (%s), firmware %s, %u tiles\n", info.name, info.driver, info.firmware, info.tiles);
	for (i = 0; i < info.classes && !nmc_device_class(device, i, &class); i++)
		printf("  %s: %u of %u tiles free, %u x %u cells\n", class.name, class.free, class.tiles, class.rows,
		       class.cols);
	nmc_device_close(device);
	return 0;
}
