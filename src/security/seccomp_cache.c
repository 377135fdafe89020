#include "security/seccomp_cache.h"

#include "base/fd.h"
#include "base/random.h"

#include <fcntl.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_MAX = 4 << 20, NAME_SIZE = 48 };

/* The head of a file; the key follows, padded to 8 bytes, then the instructions. */
struct head {
	char magic[8];
	uint32_t key_size, count, flags, notify;
	uint64_t sum; /* over what is above and the instructions */
};
static const char magic[8] = "tugbpf1";

#define SUM_START UINT64_C(0xcbf29ce484222325)

/* FNV-1a */
static uint64_t sum_add(uint64_t sum, const void *data, size_t size)
{
	for (const uint8_t *byte = data; size--; byte++)
		sum = (sum ^ *byte) * UINT64_C(0x100000001b3);
	return sum;
}

static uint64_t sum_of(const struct head *head, const void *code, size_t code_size)
{
	return sum_add(sum_add(SUM_START, head, offsetof(struct head, sum)), code, code_size);
}

static size_t padded(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

static void name_of(const void *key, size_t key_size, char out_name[NAME_SIZE])
{
	snprintf(out_name, NAME_SIZE, "seccomp-%016llx", (unsigned long long)sum_add(SUM_START, key, key_size));
}

static bool file_trusted(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static bool cache_get(struct arena *arena, int cache_dir, const void *key, size_t key_size,
		      struct seccomp_filter *out_filter)
{
	char name[NAME_SIZE];
	name_of(key, key_size, name);
	auto_fd int fd = openat(cache_dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || !file_trusted(&st))
		return false;
	size_t size = (size_t)st.st_size, key_room = padded(key_size);
	if (key_size > KEY_MAX || size <= sizeof(struct head) + key_room ||
	    size > sizeof(struct head) + key_room + BPF_MAXINSNS * sizeof(struct sock_filter))
		return false;
	char *data = arena_alloc(arena, size);
	if (fd_read_full(fd, data, size) != (ssize_t)size)
		return false;
	const struct head *head = (const struct head *)(void *)data;
	size_t code_size = (size_t)head->count * sizeof(struct sock_filter);
	char *code = data + sizeof *head + key_room;
	if (memcmp(head->magic, magic, sizeof magic) != 0 || head->key_size != key_size ||
	    size != sizeof *head + key_room + code_size || memcmp(data + sizeof *head, key, key_size) != 0 ||
	    head->sum != sum_of(head, code, code_size))
		return false;
	*out_filter = (struct seccomp_filter){
	    .code = (struct sock_filter *)(void *)code,
	    .count = head->count,
	    .flags = head->flags,
	    .notify = head->notify != 0,
	};
	return true;
}

static void cache_put(int cache_dir, const void *key, size_t key_size, const struct seccomp_filter *filter)
{
	if (key_size > KEY_MAX)
		return;
	size_t code_size = filter->count * sizeof *filter->code, key_room = padded(key_size);
	struct head head = {
	    .key_size = (uint32_t)key_size,
	    .count = filter->count,
	    .flags = filter->flags,
	    .notify = filter->notify,
	};
	memcpy(head.magic, magic, sizeof magic);
	head.sum = sum_of(&head, filter->code, code_size);
	size_t size = sizeof head + key_room + code_size;
	auto_free char *data = x_alloc(size);
	memcpy(data, &head, sizeof head);
	memcpy(data + sizeof head, key, key_size);
	memcpy(data + sizeof head + key_room, filter->code, code_size);

	char name[NAME_SIZE], aside[NAME_SIZE];
	name_of(key, key_size, name);
	uint64_t random;
	random_bytes(&random, sizeof random);
	snprintf(aside, sizeof aside, ".seccomp-%016llx", (unsigned long long)random);
	auto_fd int fd = openat(cache_dir, aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (fd_write_full(fd, data, size) < 0 || renameat(cache_dir, aside, cache_dir, name) < 0)
		(void)unlinkat(cache_dir, aside, 0);
}

/* All that the result depends on: the compiler, the tables of names, the document. */
static void key_make(const struct oci_seccomp *spec, struct buf *key)
{
	enum { GENERATION = 1 /* counts changes of the code that compiles */ };
	buf_printf(key, "tug %s %d, libseccomp %d.%d.%d", TUG_VERSION, GENERATION, SCMP_VER_MAJOR, SCMP_VER_MINOR,
		   SCMP_VER_MICRO);
	for (const char *const *arch = seccomp_architectures; *arch; arch++)
		buf_printf(key, " %s", *arch);
	buf_char(key, '\n');
	json_encode(key, &table_oci_seccomp, spec);
}

int seccomp_compile_cached(struct arena *arena, int cache_dir, const struct oci_seccomp *spec,
			   struct seccomp_filter *out_filter, struct err *err)
{
	if (cache_dir < 0)
		return seccomp_compile(arena, spec, out_filter, err);
	auto_buf key = BUF_INIT(JSON_SIZE_MAX);
	key_make(spec, &key);
	int r = buf_check(&key, "seccomp", err);
	if (r < 0)
		return r;
	if (cache_get(arena, cache_dir, key.data, key.len, out_filter))
		return 0;
	r = seccomp_compile(arena, spec, out_filter, err);
	if (r == 0)
		cache_put(cache_dir, key.data, key.len, out_filter);
	return r;
}
