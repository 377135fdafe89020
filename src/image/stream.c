#include "image/stream.h"

#include "base/fd.h"

#include <string.h>

int stream_next(struct stream *stream, const uint8_t **out_data, size_t *out_size, struct err *err)
{
	return stream->next(stream, out_data, out_size, err);
}

void stream_done(struct stream *stream)
{
	if (stream && stream->done)
		stream->done(stream);
}

static int fd_next(struct stream *base, const uint8_t **out_data, size_t *out_size, struct err *err)
{
	struct stream_fd *stream = (struct stream_fd *)base;
	ssize_t got;
	if (!stream->piece)
		stream->piece = x_alloc(STREAM_PIECE);
	do
		got = read(stream->fd, stream->piece, STREAM_PIECE);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(err, "read the archive");
	stream->total += (uint64_t)got;
	*out_data = stream->piece;
	*out_size = (size_t)got;
	return 0;
}

static void fd_done(struct stream *base)
{
	struct stream_fd *stream = (struct stream_fd *)base;
	free(stream->piece);
	stream->piece = NULL;
}

void stream_fd_init(struct stream_fd *stream, int fd)
{
	*stream = (struct stream_fd){.base = {fd_next, fd_done}, .fd = fd};
}

static int memory_next(struct stream *base, const uint8_t **out_data, size_t *out_size, struct err *err)
{
	struct stream_memory *stream = (struct stream_memory *)base;
	(void)err;
	size_t size = stream->piece && stream->piece < stream->size ? stream->piece : stream->size;
	*out_data = stream->data;
	*out_size = size;
	stream->data += size;
	stream->size -= size;
	return 0;
}

void stream_memory_init(struct stream_memory *stream, const void *data, size_t size, size_t piece)
{
	*stream = (struct stream_memory){.base = {memory_next, NULL}, .data = data, .size = size, .piece = piece};
}

static int hash_next(struct stream *base, const uint8_t **out_data, size_t *out_size, struct err *err)
{
	struct stream_hash *stream = (struct stream_hash *)base;
	int result = stream_next(stream->source, out_data, out_size, err);
	if (result < 0)
		return result;
	hash_update(stream->hash, *out_data, *out_size);
	stream->total += *out_size;
	return 0;
}

static void hash_done(struct stream *base)
{
	struct stream_hash *stream = (struct stream_hash *)base;
	hash_free(stream->hash);
	stream->hash = NULL;
}

void stream_hash_init(struct stream_hash *stream, struct stream *source)
{
	*stream = (struct stream_hash){.base = {hash_next, hash_done}, .source = source, .hash = hash_new()};
}

static int tee_next(struct stream *base, const uint8_t **out_data, size_t *out_size, struct err *err)
{
	struct stream_tee *stream = (struct stream_tee *)base;
	int result = stream_next(stream->source, out_data, out_size, err);
	if (result < 0)
		return result;
	result = fd_write_full(stream->fd, *out_data, *out_size);
	return result < 0 ? err_set(err, EDQUOT, "keep the archive: %s", strerror(-result)) : 0;
}

void stream_tee_init(struct stream_tee *stream, struct stream *source, int fd)
{
	*stream = (struct stream_tee){.base = {tee_next, NULL}, .source = source, .fd = fd};
}
