# A thin front for CMake. `make help` lists the goals.
PRESET ?= release

all: release ## build/release/bin: tug, tugd, tug-monitor, tug-reaper, tug-resolver, tug-runtime

release dev coverage fuzz: ## build with this CMake preset (dev: AddressSanitizer and UBSan)
	@test -f build/$@/build.ninja || cmake --preset $@ >/dev/null
	@cmake --build --preset $@

packages: ## install what building needs
	@packaging/packages.sh install build

test: ## install what the tests need, build, run all tests
	@packaging/packages.sh install build run demo test compat vm
	@tests/run

test-vm: ## boot Debian's kernel under qemu: cgroup v2, AppArmor, SELinux
	@packaging/packages.sh install build run vm
	@$(MAKE) --no-print-directory release
	@tests/vm/run

demo: ## a real image built, run and removed, with everything shown
	@packaging/packages.sh install build run demo
	@$(MAKE) --no-print-directory release
	@tests/demo.sh

bench: release ## the same work on tug and on the installed peers, interleaved
	@bench/run

format: ## lay out every C file
	@git ls-files '*.c' '*.h' | xargs clang-format -i

lint: dev ## clang-tidy and cppcheck (minutes)
	@git ls-files 'src/*.c' | xargs -P 2 -n 4 clang-tidy -p build/dev --quiet
	@tests/tidy/cppcheck.sh

install: release ## into DESTDIR/usr/local
	@cmake --install build/release --prefix "$(DESTDIR)/usr/local"

clean: ## remove build/
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z -]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 28

.PHONY: all release dev coverage fuzz packages test test-vm demo bench format lint install clean help
