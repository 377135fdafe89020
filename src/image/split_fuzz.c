/* The records beside a layer (split.h): whatever lies there, reading it ends with an error or an end. */
#include "image/split.h"

#include "base/path.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void file_write(int dir, const char *name, const void *data, size_t size)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

/* The input is the records themselves: compressed here, so that more than the decompressor is reached. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char folder[] = "/tmp/tug-fuzz-XXXXXX";
	struct stream *tar;
	struct err err;
	if (!mkdtemp(folder))
		abort();
	auto_fd int layer = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (layer < 0 || mkdirat(layer, "diff", 0700) < 0)
		abort();
	file_write(layer, "diff/a", "content", 7);
	size_t room = ZSTD_compressBound(size);
	auto_free char *packed = x_alloc(room);
	file_write(layer, "split", packed, ZSTD_compress(packed, room, data, size, 1));
	if (split_open(layer, &tar, &err) == 0) {
		const uint8_t *piece;
		size_t length;
		while (stream_next(tar, &piece, &length, &err) == 0 && length > 0)
			continue;
		stream_done(tar);
	}
	return path_remove_tree(AT_FDCWD, folder, &err) < 0 ? -1 : 0;
}
