/*
 * No archive makes the reader lie: data stays within the announced size, ascending.
 */
#include "image/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_data(struct tar *tar, const struct tar_entry *entry, struct err *err)
{
	uint64_t end = 0, total = 0;
	for (;;) {
		const uint8_t *piece;
		size_t length;
		uint64_t offset;
		int result = tar_data(tar, &piece, &length, &offset, err);
		if (result < 0 || !length)
			return result;
		if (offset < end || offset + length > entry->size)
			BUG("data at %llu of %zu bytes in a file of %llu", (unsigned long long)offset, length,
			    (unsigned long long)entry->size);
		end = offset + length;
		total += length;
		if (total > entry->size)
			BUG("more data than the file is large");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err;
	struct stream_memory memory;
	const struct tar_entry *entry;
	struct tar *tar = x_alloc(sizeof *tar);
	stream_memory_init(&memory, data, size, size % 1000);
	tar_init(tar, &memory.base);
	int result;
	while ((result = tar_next(tar, &entry, &err)) > 0) {
		if (!*entry->name || (entry->mode & ~07777U))
			BUG("a bad entry");
		if (entry->size % 2 && read_data(tar, entry, &err) < 0)
			break;
	}
	if (result == 0)
		result = tar_drain(tar, &err);
	tar_done(tar);
	free(tar);
	return 0;
}
