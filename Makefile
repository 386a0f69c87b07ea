# SPDX-License-Identifier: MIT
# The front door. Userspace is built by meson (build/user), nmc.ko by Kbuild (build/driver), both out of the tree;
# missing Debian packages are installed first, as root or through sudo (SETUP=: leaves them alone).

BUILD ?= build
DESTDIR ?=
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
SETUP ?= tools/setup/setup
KDIR ?= $(shell tools/setup/headers)
VERSION = $(shell sed -n "s/^  version: '\(.*\)',/\1/p" meson.build)

override BUILD := $(abspath $(BUILD))
MNIST = data/mnist/mlp-784-256-128-10.onnx --images data/mnist/t10k-images-idx3-ubyte.gz \
	--labels data/mnist/t10k-labels-idx1-ubyte.gz
SIM = LD_LIBRARY_PATH=$(BUILD)/user/libnmc $(BUILD)/user/tools/nmc-run/nmc-run --device sim:rram

.PHONY: all help setup user modules demo check install dkms clean

all: user modules

help:
	@echo 'make             userspace (build/user) and nmc.ko (build/driver) for the kernel of the VM'
	@echo 'make demo        MNIST through the driver in a VM, then in-process'
	@echo 'make check       everything that can be checked; SUITES="20-docs ..." for some'
	@echo 'make modules     nmc.ko alone; KDIR=/lib/modules/$$(uname -r)/build for the running kernel'
	@echo 'make install     programs, library, headers, manual pages, udev rule and nmc.ko; DESTDIR, PREFIX, KDIR'
	@echo 'make dkms        registers the driver with DKMS, which builds it for every installed kernel'
	@echo 'make clean       removes build/; kernel, headers and QEMU stay in ~/.cache/nmc'

setup:
	@$(SETUP)

$(BUILD)/user/build.ninja: | setup
	meson setup --prefix=$(PREFIX) $(BUILD)/user

user: setup $(BUILD)/user/build.ninja
	ninja -C $(BUILD)/user -j $(JOBS)

# Kbuild writes beside its sources: it gets a folder of links
modules: setup
	@mkdir -p $(BUILD)/driver
	@cp -rsf $(CURDIR)/Kbuild $(CURDIR)/driver $(CURDIR)/uapi $(BUILD)/driver/
	$(MAKE) -C $(KDIR) M=$(BUILD)/driver -j $(JOBS) W=1 modules
	@mkdir -p $(BUILD)/yardstick
	@cp -rsf $(CURDIR)/tests/vm/sched_yardstick/. $(BUILD)/yardstick/
	$(MAKE) -C $(KDIR) M=$(BUILD)/yardstick COMPAT=$(CURDIR)/driver W=1 modules
	@mkdir -p $(BUILD)/kselftest/sleep
	@cp -rsf $(CURDIR)/tests/kselftest/sleep/. $(BUILD)/kselftest/sleep/
	$(MAKE) -C $(KDIR) M=$(BUILD)/kselftest/sleep W=1 modules

demo: all
	@echo '== the card behind the kernel driver, in a VM'
	tools/vm/nmc-vm --build $(BUILD) -- sh -c 'nmc-smi && nmc-run $(MNIST)'
	@echo '== the same card in-process'
	$(SIM) $(MNIST)

check: all
	NMC_BUILD=$(BUILD) tests/check/run $(SUITES)

install: all
	DESTDIR=$(DESTDIR) meson install -C $(BUILD)/user --no-rebuild
	install -D -m 644 driver/99-nmc.rules $(DESTDIR)/usr/lib/udev/rules.d/99-nmc.rules
	$(MAKE) -C $(KDIR) M=$(BUILD)/driver INSTALL_MOD_PATH=$(DESTDIR) $(if $(DESTDIR),DEPMOD=true) modules_install

dkms:
	install -d $(DESTDIR)/usr/src/nmc-$(VERSION)
	cp -r Kbuild driver uapi $(DESTDIR)/usr/src/nmc-$(VERSION)/
	sed 's/@VERSION@/$(VERSION)/' tools/setup/dkms.conf > $(DESTDIR)/usr/src/nmc-$(VERSION)/dkms.conf
	$(if $(DESTDIR),,dkms install --force nmc/$(VERSION))

clean:
	rm -rf $(BUILD)
