/*
 * What a pull cannot do without: each compressed byte hashed, inflated once, each plain byte hashed, each file of the
 * archive made, written and closed. By the libraries that tug uses, in memory, one step after the other, nothing
 * checked, no owner, mode or time set. The difference to a pull is transfer, safety and attributes.
 *
 *   bench_floor_layers FOLDER LAYER.gz...      FOLDER: where the files are made
 */
#include "base/hash.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <isa-l.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 512, STEPS = 4 };
enum step { HASH_PACKED, INFLATE, HASH_PLAIN, UNPACK };
static const char *const step_names[STEPS] = {"hash what came", "inflate", "hash the archive", "make and write files"};
static double spent[STEPS];

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void hash(enum step step, const uint8_t *data, size_t size)
{
	struct digest digest;
	double start = now();
	struct hash *sum = hash_new();
	hash_update(sum, data, size);
	digest_final(sum, &digest);
	hash_free(sum);
	spent[step] += now() - start;
}

static uint8_t *inflate_all(const uint8_t *data, size_t size, size_t *out_size)
{
	static struct inflate_state state;
	size_t room = size * 16 + (1 << 20), done = 0;
	uint8_t *plain = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (plain == MAP_FAILED)
		fail("mmap");
	double start = now();
	while (size) {
		isal_inflate_init(&state);
		state.crc_flag = ISAL_GZIP;
		state.next_in = (uint8_t *)(uintptr_t)data;
		state.avail_in = (uint32_t)size;
		state.next_out = plain + done;
		state.avail_out = (uint32_t)(room - done);
		if (isal_inflate(&state) != ISAL_DECOMP_OK || state.block_state != ISAL_BLOCK_FINISH)
			fail("inflate");
		done = (size_t)(state.next_out - plain);
		data += size - state.avail_in;
		size = state.avail_in;
	}
	spent[INFLATE] += now() - start;
	*out_size = done;
	return plain;
}

static void file_write(int folder, const char *name, const uint8_t *data, size_t size)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		fail(name);
	close(fd);
}

static void unpack(int folder, const uint8_t *tar, size_t size)
{
	char name[PATH_MAX] = "", link[BLOCK] = "";
	bool long_name = false, made = true;
	double start = now();
	for (size_t at = 0; at + BLOCK <= size && tar[at]; at += BLOCK) {
		const char *head = (const char *)tar + at;
		size_t length = strtoul(head + 124, NULL, 8);
		const uint8_t *data = tar + at + BLOCK;
		char kind = head[156];
		if (!long_name && kind != 'L')
			snprintf(name, sizeof name, "%.100s", head);
		snprintf(link, sizeof link, "%.100s", head + 157);
		long_name = kind == 'L';
		if (kind == 'L')
			snprintf(name, sizeof name, "%.*s", (int)length, (const char *)data);
		else if (kind == '5')
			made = mkdirat(folder, name, 0755) == 0 || errno == EEXIST;
		else if (kind == '2')
			made = symlinkat(link, folder, name) == 0;
		else if (kind == '1')
			made = linkat(folder, link, folder, name, 0) == 0;
		else if (kind == '0' || kind == 0)
			file_write(folder, name, data, length);
		if (!made)
			fail(name);
		at += (length + BLOCK - 1) / BLOCK * BLOCK;
	}
	spent[UNPACK] += now() - start;
}

static void layer(int top, const char *path, int number)
{
	struct stat info;
	char name[16];
	size_t size;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) < 0)
		fail(path);
	uint8_t *packed = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (packed == MAP_FAILED)
		fail(path);
	close(fd);
	hash(HASH_PACKED, packed, (size_t)info.st_size);
	uint8_t *plain = inflate_all(packed, (size_t)info.st_size, &size);
	hash(HASH_PLAIN, plain, size);
	snprintf(name, sizeof name, "%d", number);
	if (mkdirat(top, name, 0755) < 0)
		fail(name);
	int folder = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unpack(folder, plain, size);
	close(folder);
	munmap(plain, (size_t)info.st_size * 16 + (1 << 20));
	munmap(packed, (size_t)info.st_size);
}

int main(int argc, char **argv)
{
	double sum = 0;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	int top = argc > 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (top < 0) {
		fprintf(stderr, "usage: bench_floor_layers FOLDER LAYER.gz...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++)
		layer(top, argv[i], i);
	printf("  the floor, seconds of CPU:");
	for (int i = 0; i < STEPS; i++) {
		printf(" %s %.2f%s", step_names[i], spent[i], i + 1 < STEPS ? "," : "");
		sum += spent[i];
	}
	printf(": %.2f; by %ld processors at once %.2f\n", sum, processors, sum / (double)processors);
	return 0;
}
