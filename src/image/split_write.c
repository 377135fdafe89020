#include "image/split.h"

#include "base/fd.h"
#include "base/text.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

enum { LEVEL = 1, IN_SIZE = 64 << 10 };

struct split_writer {
	int layer, fd;
	ZSTD_CCtx *zstd;
	struct buf records; /* not compressed yet */
	size_t literal;	    /* bytes of the literal record at the end of records; 0: none is open */
	char name[PATH_MAX + NAME_MAX + 2];
	uint64_t offset, size; /* of the file record that grows; size 0: none */
	uint64_t total;
	unsigned lost;
	struct err error; /* code 0: none */
};

static void number_put(char *at, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++, value >>= 8)
		at[i] = (char)(value & 0xff);
}

static void compress(struct split_writer *writer, bool end)
{
	char out[IN_SIZE];
	ZSTD_inBuffer in = {buf_str(&writer->records), writer->records.len, 0};
	size_t rest;
	do {
		ZSTD_outBuffer piece = {out, sizeof out, 0};
		rest = ZSTD_compressStream2(writer->zstd, &piece, &in, end ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(rest))
			BUG("zstd: %s", ZSTD_getErrorName(rest));
		int rc = writer->error.code ? 0 : fd_write_full(writer->fd, out, piece.pos);
		if (rc < 0)
			err_set(&writer->error, -rc, "write the layer's split: %s", strerror(-rc));
	} while (in.pos < in.size || (end && rest > 0));
	buf_reset(&writer->records);
}

static void record_begin(struct split_writer *writer, char letter, size_t size)
{
	char head[5] = {letter};
	if (writer->records.len >= IN_SIZE)
		compress(writer, false);
	number_put(head + 1, size, 4);
	buf_append(&writer->records, head, sizeof head);
}

static void literal_end(struct split_writer *writer)
{
	if (writer->literal == 0)
		return;
	number_put(writer->records.data + writer->records.len - writer->literal - 4, writer->literal, 4);
	writer->literal = 0;
}

static void file_end(struct split_writer *writer)
{
	char numbers[16];
	if (writer->size == 0)
		return;
	size_t length = strlen(writer->name);
	number_put(numbers, writer->offset, 8);
	number_put(numbers + 8, writer->size, 8);
	record_begin(writer, 'F', sizeof numbers + length);
	buf_append(&writer->records, numbers, sizeof numbers);
	buf_append(&writer->records, writer->name, length);
	writer->size = 0;
}

int split_writer_open(int layer, struct split_writer **out_writer, struct err *err)
{
	int fd = openat(layer, "split", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "make the layer's split");
	struct split_writer *writer = x_alloc(sizeof *writer);
	writer->layer = layer;
	writer->fd = fd;
	writer->records = (struct buf)BUF_INIT(4 * SPLIT_RECORD_MAX);
	writer->zstd = ZSTD_createCCtx();
	if (!writer->zstd || ZSTD_isError(ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, LEVEL)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_checksumFlag, 1)))
		BUG("no zstd");
	*out_writer = writer;
	return 0;
}

void split_literal(struct split_writer *writer, const void *data, size_t size)
{
	file_end(writer);
	writer->total += size;
	for (const char *at = data; size > 0;) {
		if (writer->literal == 0 || writer->literal >= IN_SIZE) {
			literal_end(writer);
			record_begin(writer, 'L', 0);
		}
		size_t here = size < IN_SIZE ? size : IN_SIZE;
		buf_append(&writer->records, at, here);
		writer->literal += here;
		at += here;
		size -= here;
	}
}

void split_file(struct split_writer *writer, const char *name, uint64_t offset, uint64_t size)
{
	literal_end(writer);
	writer->total += size;
	if (writer->size > 0 && writer->offset + writer->size == offset && text_equal(writer->name, name)) {
		writer->size += size;
		return;
	}
	file_end(writer);
	snprintf(writer->name, sizeof writer->name, "%s", name);
	writer->offset = offset;
	writer->size = size;
}

int split_move(struct split_writer *writer, int parent, const char *name, const char *path, struct err *err)
{
	char lost[32], number[4];
	size_t length = strlen(path);
	literal_end(writer);
	file_end(writer);
	if (mkdirat(writer->layer, "lost", 0700) < 0 && errno != EEXIST)
		return err_sys(err, "make the layer's folder of replaced files");
	snprintf(lost, sizeof lost, "lost/%u", writer->lost);
	if (renameat(parent, name, writer->layer, lost) < 0)
		return err_sys(err, "%.256s: keep what is replaced", path);
	number_put(number, writer->lost++, 4);
	record_begin(writer, 'M', sizeof number + length);
	buf_append(&writer->records, number, sizeof number);
	buf_append(&writer->records, path, length);
	return 0;
}

int split_writer_finish(struct split_writer *writer, struct err *err)
{
	char number[8];
	literal_end(writer);
	file_end(writer);
	number_put(number, writer->total, 8);
	record_begin(writer, 'E', sizeof number);
	buf_append(&writer->records, number, sizeof number);
	compress(writer, true);
	if (writer->error.code) {
		*err = writer->error;
		return -err->code;
	}
	return 0;
}

void split_writer_free(struct split_writer *writer)
{
	if (!writer)
		return;
	close(writer->fd);
	ZSTD_freeCCtx(writer->zstd);
	buf_done(&writer->records);
	free(writer);
}
