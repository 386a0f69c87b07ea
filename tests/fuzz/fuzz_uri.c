// SPDX-License-Identifier: MIT
/*
 * Fuzz target: any text as the URI of a card in this process. It opens a card that says what it is, or gives an error
 * with a text.
 */
#include <stdlib.h>
#include <string.h>
#include "nmc.h"

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nmc_device_info info = NMC_DEVICE_INFO_INIT;
	struct nmc_device *device;
	char *uri = malloc(size + 5);
	int ret;

	if (!uri)
		return 0;
	memcpy(uri, "sim:", 4);
	memcpy(uri + 4, data, size);
	uri[size + 4] = 0;
	ret = nmc_device_open(uri, &device);
	free(uri);
	CHECK(ret <= 0);
	CHECK(!ret == !!device);
	CHECK(!ret || *nmc_last_error());
	if (device) {
		CHECK(!nmc_device_info(device, &info));
		CHECK(info.classes && info.tiles && info.engines);
	}
	nmc_device_close(device);
	return 0;
}
