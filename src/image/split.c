#include "image/split.h"

#include "base/path.h"
#include "base/text.h"
#include "image/compress.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

enum { MOVES_MAX = 65536 };

struct move {
	char *path;
	uint64_t record; /* its place among the records */
	unsigned number;
};

/* The records one by one. */
struct records {
	int fd;
	struct stream_fd file;
	struct stream *plain;
	const uint8_t *piece;
	size_t left;
	uint64_t count;
	char letter;
	size_t size;
	char *data; /* the record that was read last */
};

struct split {
	struct stream base;
	int layer, file; /* file: whose bytes follow; -1: none */
	struct records records;
	struct move *moves;
	size_t move_count;
	uint64_t left, offset, total;
	uint8_t *piece;
	bool ended;
};

static int bad(struct err *err, const char *what)
{
	return err_set(err, EBADMSG, "the layer's split is damaged: %s", what);
}

static uint64_t number_get(const char *at, size_t width)
{
	uint64_t value = 0;
	while (width-- > 0)
		value = value << 8 | (uint8_t)at[width];
	return value;
}

/* --- records --- */

static void records_close(struct records *records)
{
	stream_done(records->plain);
	stream_done(&records->file.base);
	cleanup_fd(&records->fd);
	free(records->data);
	*records = (struct records){.fd = -1};
}

static int records_open(int layer, struct records *records, struct err *err)
{
	enum compress_kind kind;
	struct stat info;
	*records = (struct records){.fd = openat(layer, "split", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
	if (records->fd < 0)
		return err_sys(err, "open the layer's split");
	if (fstat(records->fd, &info) < 0 || !S_ISREG(info.st_mode)) {
		records_close(records);
		return bad(err, "not a file");
	}
	stream_fd_init(&records->file, records->fd);
	int rc = compress_open(&records->file.base, &records->plain, &kind, err);
	if (rc == 0 && kind != COMPRESS_ZSTD)
		rc = bad(err, "not compressed with zstd");
	if (rc < 0) {
		records_close(records);
		return rc == -EINVAL ? bad(err, "not compressed with zstd") : rc;
	}
	records->data = x_alloc(SPLIT_RECORD_MAX + 1);
	return 0;
}

static int bytes_read(struct records *records, char *data, size_t size, struct err *err)
{
	while (size > 0) {
		if (records->left == 0) {
			int rc = stream_next(records->plain, &records->piece, &records->left, err);
			if (rc < 0)
				return err_wrap(err, "the layer's split is damaged");
			if (records->left == 0)
				return bad(err, "it ends too early");
		}
		size_t here = records->left < size ? records->left : size;
		memcpy(data, records->piece, here);
		records->piece += here;
		records->left -= here;
		data += here;
		size -= here;
	}
	return 0;
}

static int record_next(struct records *records, struct err *err)
{
	char head[5];
	int rc = bytes_read(records, head, sizeof head, err);
	if (rc < 0)
		return rc;
	records->letter = head[0];
	records->size = (size_t)number_get(head + 1, 4);
	size_t least = head[0] == 'F' ? 17 : head[0] == 'M' ? 5 : head[0] == 'E' ? 8 : head[0] == 'L' ? 1 : SIZE_MAX;
	if (records->size < least || records->size > SPLIT_RECORD_MAX)
		return bad(err, "a record that is none");
	records->count++;
	rc = bytes_read(records, records->data, records->size, err);
	records->data[rc < 0 ? 0 : records->size] = 0;
	return rc;
}

/* The name at the end of a record, from this byte on. */
static int record_name(const struct records *records, size_t from, const char **out_name, struct err *err)
{
	const char *name = records->data + from;
	size_t size = records->size - from;
	if (size >= PATH_MAX || memchr(name, 0, size) || name[0] == '/')
		return bad(err, "a name that is none");
	*out_name = name;
	return 0;
}

/* --- what was replaced --- */

static int moves_read(struct split *split, struct err *err)
{
	struct records records;
	size_t room = 0;
	int rc = records_open(split->layer, &records, err);
	while (rc == 0 && (rc = record_next(&records, err)) == 0 && records.letter != 'E') {
		const char *name;
		if (records.letter != 'M')
			continue;
		rc = record_name(&records, 4, &name, err);
		if (rc == 0 && split->move_count == MOVES_MAX)
			rc = bad(err, "too many replaced files");
		if (rc < 0)
			break;
		if (split->move_count == room) {
			room = room ? 2 * room : 16;
			split->moves = x_realloc(split->moves, room * sizeof *split->moves);
		}
		split->moves[split->move_count++] =
		    (struct move){x_strdup(name), records.count, (unsigned)number_get(records.data, 4)};
	}
	records_close(&records);
	return rc;
}

/* Where the file that an earlier record names is now: the first replacement of it, or of a directory above. */
static char *place_of(const struct split *split, const char *name)
{
	for (size_t i = 0; i < split->move_count; i++) {
		const struct move *move = &split->moves[i];
		const char *rest = text_after(name, move->path);
		if (move->record > split->records.count && rest && (*rest == 0 || *rest == '/'))
			return x_printf("lost/%u%s", move->number, rest);
	}
	return x_printf("diff/%s", name);
}

/* --- the stream --- */

static int file_begin(struct split *split, struct err *err)
{
	struct stat info;
	const char *name;
	int rc = record_name(&split->records, 16, &name, err);
	if (rc < 0)
		return rc;
	auto_free char *place = place_of(split, name);
	split->offset = number_get(split->records.data, 8);
	split->left = number_get(split->records.data + 8, 8);
	if (split->left == 0)
		return bad(err, "a record that is none");
	rc = path_open(split->layer, place, PATH_NO_LINKS, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &split->file, err);
	if (rc < 0)
		return err_set(err, EBADMSG, "the layer is damaged: %.256s: %s", name, strerror(-rc));
	if (fstat(split->file, &info) < 0 || !S_ISREG(info.st_mode) || split->offset > (uint64_t)info.st_size ||
	    split->left > (uint64_t)info.st_size - split->offset)
		return err_set(err, EBADMSG, "the layer is damaged: %.256s: not the file that was there", name);
	return 0;
}

static int file_read_piece(struct split *split, const uint8_t **out_data, size_t *out_size, struct err *err)
{
	size_t size = split->left < STREAM_PIECE ? (size_t)split->left : STREAM_PIECE;
	ssize_t got;
	if (!split->piece)
		split->piece = x_alloc(STREAM_PIECE);
	do
		got = pread(split->file, split->piece, size, (off_t)split->offset);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(err, "read a file of the layer");
	if (got == 0)
		return err_set(err, EBADMSG, "the layer is damaged: a file is shorter than it was");
	split->left -= (uint64_t)got;
	split->offset += (uint64_t)got;
	if (split->left == 0) {
		cleanup_fd(&split->file);
		split->file = -1;
	}
	*out_data = split->piece;
	*out_size = (size_t)got;
	split->total += (uint64_t)got;
	return 0;
}

static int split_next(struct stream *base, const uint8_t **out_data, size_t *out_size, struct err *err)
{
	struct split *split = (struct split *)base;
	struct records *records = &split->records;
	*out_size = 0;
	while (!split->ended) {
		if (split->left > 0)
			return file_read_piece(split, out_data, out_size, err);
		int rc = record_next(records, err);
		if (rc < 0)
			return rc;
		switch (records->letter) {
		case 'L':
			*out_data = (const uint8_t *)records->data;
			*out_size = records->size;
			split->total += records->size;
			return 0;
		case 'F':
			rc = file_begin(split, err);
			if (rc < 0)
				return rc;
			break;
		case 'E':
			split->ended = true;
			if (number_get(records->data, 8) != split->total)
				return bad(err, "its length is not the layer's");
			break;
		}
	}
	*out_data = NULL;
	return 0;
}

static void split_free(struct stream *base)
{
	struct split *split = (struct split *)base;
	records_close(&split->records);
	cleanup_fd(&split->file);
	for (size_t i = 0; i < split->move_count; i++)
		free(split->moves[i].path);
	free(split->moves);
	free(split->piece);
	free(split);
}

int split_open(int layer, struct stream **out_stream, struct err *err)
{
	struct split *split = x_alloc(sizeof *split);
	split->base = (struct stream){split_next, split_free};
	split->layer = layer;
	split->file = split->records.fd = -1;
	int rc = moves_read(split, err);
	if (rc == 0)
		rc = records_open(layer, &split->records, err);
	if (rc < 0) {
		split_free(&split->base);
		return rc;
	}
	*out_stream = &split->base;
	return 0;
}

int split_total(int layer, uint64_t *out_total, struct err *err)
{
	struct records records;
	int rc = records_open(layer, &records, err);
	while (rc == 0 && (rc = record_next(&records, err)) == 0 && records.letter != 'E')
		continue;
	if (rc == 0)
		*out_total = number_get(records.data, 8);
	records_close(&records);
	return rc;
}
