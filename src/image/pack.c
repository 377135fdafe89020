#include "image/pack.h"

#include <isa-l.h>
#include <string.h>
#include <zstd.h>

enum { OUT_SIZE = 256 << 10, GZIP_LEVEL = 2, ZSTD_LEVEL = 3 };

struct pack {
	struct content_writer writer;
	enum compress_kind kind;
	struct isal_zstream gzip;
	uint8_t *level_buffer, *out;
	ZSTD_CCtx *zstd;
};

int pack_open(int dir, const char *name, enum compress_kind kind, struct pack **out_pack, struct err *err)
{
	if (kind == COMPRESS_REFUSED)
		return err_set(err, EINVAL, "blobs are written plain, with gzip or zstd");
	struct pack *pack = x_alloc(sizeof *pack);
	int rc = content_begin(dir, name, CONTENT_SIZE_ANY, &pack->writer, err);
	if (rc < 0) {
		free(pack);
		return rc;
	}
	pack->kind = kind;
	pack->out = x_alloc(OUT_SIZE);
	if (kind == COMPRESS_GZIP) {
		isal_deflate_init(&pack->gzip);
		pack->gzip.level = GZIP_LEVEL;
		pack->gzip.level_buf_size = ISAL_DEF_LVL2_DEFAULT;
		pack->gzip.level_buf = pack->level_buffer = x_alloc(ISAL_DEF_LVL2_DEFAULT);
		pack->gzip.gzip_flag = IGZIP_GZIP;
	}
	if (kind == COMPRESS_ZSTD) {
		pack->zstd = ZSTD_createCCtx();
		if (!pack->zstd ||
		    ZSTD_isError(ZSTD_CCtx_setParameter(pack->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL)))
			BUG("no zstd");
	}
	*out_pack = pack;
	return 0;
}

static int gzip_write(struct pack *pack, const void *data, size_t size, bool end, struct err *err)
{
	struct isal_zstream *gzip = &pack->gzip;
	gzip->next_in = (uint8_t *)(uintptr_t)data;
	gzip->avail_in = (uint32_t)size;
	gzip->end_of_stream = end;
	do {
		gzip->next_out = pack->out;
		gzip->avail_out = OUT_SIZE;
		if (isal_deflate(gzip) != COMP_OK)
			BUG("isal_deflate");
		int rc = content_write(&pack->writer, pack->out, OUT_SIZE - gzip->avail_out, err);
		if (rc < 0)
			return rc;
	} while (gzip->avail_out == 0 || gzip->avail_in > 0);
	return 0;
}

static int zstd_write(struct pack *pack, const void *data, size_t size, bool end, struct err *err)
{
	ZSTD_inBuffer in = {data, size, 0};
	size_t rest;
	do {
		ZSTD_outBuffer out = {pack->out, OUT_SIZE, 0};
		rest = ZSTD_compressStream2(pack->zstd, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(rest))
			BUG("zstd: %s", ZSTD_getErrorName(rest));
		int rc = content_write(&pack->writer, pack->out, out.pos, err);
		if (rc < 0)
			return rc;
	} while (in.pos < in.size || (end && rest > 0));
	return 0;
}

static int piece_write(struct pack *pack, const void *data, size_t size, bool end, struct err *err)
{
	if (pack->kind == COMPRESS_GZIP)
		return gzip_write(pack, data, size, end, err);
	if (pack->kind == COMPRESS_ZSTD)
		return zstd_write(pack, data, size, end, err);
	return size > 0 ? content_write(&pack->writer, data, size, err) : 0;
}

int pack_write(struct pack *pack, const void *data, size_t size, struct err *err)
{
	return size > 0 ? piece_write(pack, data, size, false, err) : 0;
}

int pack_finish(struct pack *pack, struct digest *out_digest, uint64_t *out_size, struct err *err)
{
	int rc = piece_write(pack, NULL, 0, true, err);
	uint64_t size = pack->writer.written;
	if (rc == 0)
		rc = content_finish(&pack->writer, NULL, out_digest, err);
	if (rc == 0)
		*out_size = size;
	return rc;
}

void pack_free(struct pack *pack)
{
	if (!pack)
		return;
	content_abort(&pack->writer);
	ZSTD_freeCCtx(pack->zstd);
	free(pack->level_buffer);
	free(pack->out);
	free(pack);
}
