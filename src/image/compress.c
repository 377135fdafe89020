#include "image/compress.h"

#include <isa-l.h>
#include <string.h>
#include <zstd.h>

enum { WINDOW_LOG_MAX = 27 }; /* 128 MiB */

static const struct {
	enum compress_kind kind;
	const char *name;
	uint8_t magic[COMPRESS_MAGIC];
	uint8_t size;
} kinds[] = {
    {COMPRESS_GZIP, "gzip", {0x1f, 0x8b}, 2},
    {COMPRESS_ZSTD, "zstd", {0x28, 0xb5, 0x2f, 0xfd}, 4},
    {COMPRESS_REFUSED, "xz", {0xfd, '7', 'z', 'X', 'Z', 0}, 6},
    {COMPRESS_REFUSED, "bzip2", {'B', 'Z', 'h'}, 3},
    {COMPRESS_REFUSED, "lzip", {'L', 'Z', 'I', 'P'}, 4},
    {COMPRESS_REFUSED, "lz4", {0x04, 0x22, 0x4d, 0x18}, 4},
    {COMPRESS_REFUSED, "lzma", {0x5d, 0, 0}, 3},
    {COMPRESS_REFUSED, "compress", {0x1f, 0x9d}, 2},
    {COMPRESS_REFUSED, "zip", {'P', 'K', 3, 4}, 4},
};

enum compress_kind compress_detect(const void *start, size_t size, const char **out_name)
{
	const uint8_t *bytes = start;
	/* A skippable zstd frame may come first: 0x184D2A50 to 5F, little endian. */
	if (size >= 4 && (bytes[0] & 0xf0) == 0x50 && bytes[1] == 0x2a && bytes[2] == 0x4d && bytes[3] == 0x18) {
		*out_name = "zstd";
		return COMPRESS_ZSTD;
	}
	for (size_t i = 0; i < array_size(kinds); i++) {
		if (size >= kinds[i].size && memcmp(bytes, kinds[i].magic, kinds[i].size) == 0) {
			*out_name = kinds[i].name;
			return kinds[i].kind;
		}
	}
	*out_name = "plain";
	return COMPRESS_PLAIN;
}

/* Source bytes with what was read ahead in front, shared by the three kinds. */
struct input {
	struct stream *source;
	const uint8_t *data;
	size_t left;
	uint8_t start[COMPRESS_MAGIC]; /* only when the first pieces were shorter than that */
	const uint8_t *held;	       /* the piece behind start */
	size_t held_size;
	bool ended;
};

/* Makes sure that there are bytes; 0 at the end. */
static int input_fill(struct input *input, struct err *err)
{
	if (!input->left && input->held_size) {
		input->data = input->held;
		input->left = input->held_size;
		input->held_size = 0;
	}
	if (!input->left && !input->ended) {
		int result = stream_next(input->source, &input->data, &input->left, err);
		if (result < 0)
			return result;
		input->ended = input->left == 0;
	}
	return input->left > 0;
}

/* Reads ahead until the kind is certain. A long first piece is lent on as it is. */
static int input_start(struct input *input, struct err *err)
{
	size_t have = 0;
	while (have < sizeof input->start) {
		int result = stream_next(input->source, &input->data, &input->left, err);
		if (result < 0)
			return result;
		if (!input->left) {
			input->ended = true;
			break;
		}
		if (!have && input->left >= sizeof input->start)
			return 0;
		size_t here = input->left < sizeof input->start - have ? input->left : sizeof input->start - have;
		memcpy(input->start + have, input->data, here);
		have += here;
		input->held = input->data + here;
		input->held_size = input->left - here;
	}
	input->data = input->start;
	input->left = have;
	return 0;
}

struct decoder {
	struct stream base;
	struct input input;
	uint8_t *piece;
	ZSTD_DCtx *zstd;
	struct inflate_state *gzip;
	bool between; /* members or frames: the stream may end here */
};

static void decoder_done(struct stream *base)
{
	struct decoder *decoder = (struct decoder *)base;
	ZSTD_freeDCtx(decoder->zstd);
	free(decoder->gzip);
	free(decoder->piece);
	free(decoder);
}

static int plain_next(struct stream *base, const uint8_t **out_data, size_t *out_size, struct err *err)
{
	struct input *input = &((struct decoder *)base)->input;
	int result = input_fill(input, err);
	if (result < 0)
		return result;
	*out_data = input->data;
	*out_size = input->left;
	input->left = 0;
	return 0;
}

/* --- gzip --- */

static const char *inflate_trouble(int code)
{
	switch (code) {
	case ISAL_INCORRECT_CHECKSUM:
		return "the checksum is wrong";
	case ISAL_UNSUPPORTED_METHOD:
		return "the method is not deflate";
	case ISAL_INVALID_WRAPPER:
		return "a bad header, or rubbish behind the end";
	}
	return "the data is damaged";
}

/* Behind a member: another one, zeros until the end (tapes), or the end. 1: a member, 0: the end. */
static int gzip_member(struct decoder *decoder, struct err *err)
{
	bool zeros = false;
	for (;;) {
		int result = input_fill(&decoder->input, err);
		if (result <= 0)
			return result;
		if (*decoder->input.data && zeros)
			return err_set(err, EBADMSG, "bad gzip data: rubbish behind the end");
		if (*decoder->input.data)
			return 1;
		zeros = true;
		decoder->input.data++;
		decoder->input.left--;
	}
}

static int gzip_next(struct stream *base, const uint8_t **out_data, size_t *out_size, struct err *err)
{
	struct decoder *decoder = (struct decoder *)base;
	struct inflate_state *state = decoder->gzip;
	state->next_out = decoder->piece;
	state->avail_out = STREAM_PIECE;
	while (state->avail_out == STREAM_PIECE) {
		if (decoder->between) {
			int more = gzip_member(decoder, err);
			if (more < 0)
				return more;
			if (!more)
				break;
			isal_inflate_reset(state);
			state->crc_flag = ISAL_GZIP;
			decoder->between = false;
		}
		int result = input_fill(&decoder->input, err);
		if (result < 0)
			return result;
		/* Without input it may still have output to give. */
		size_t before = decoder->input.left;
		state->next_in = (uint8_t *)(uintptr_t)decoder->input.data;
		state->avail_in = (uint32_t)before;
		int code = isal_inflate(state);
		if (code != ISAL_DECOMP_OK)
			return err_set(err, EBADMSG, "bad gzip data: %s", inflate_trouble(code));
		decoder->input.data = state->next_in;
		decoder->input.left = state->avail_in;
		decoder->between = state->block_state == ISAL_BLOCK_FINISH;
		if (!decoder->between && state->avail_out == STREAM_PIECE && decoder->input.left == before)
			return err_set(err, EBADMSG, "bad gzip data: %s",
				       before ? "the data is damaged" : "it ends too early");
	}
	*out_data = decoder->piece;
	*out_size = STREAM_PIECE - state->avail_out;
	return 0;
}

/* --- zstd --- */

static int zstd_next(struct stream *base, const uint8_t **out_data, size_t *out_size, struct err *err)
{
	struct decoder *decoder = (struct decoder *)base;
	ZSTD_outBuffer out = {.dst = decoder->piece, .size = STREAM_PIECE};
	while (out.pos == 0) {
		int result = input_fill(&decoder->input, err);
		if (result < 0)
			return result;
		if (result == 0 && decoder->between)
			break;
		ZSTD_inBuffer in = {.src = decoder->input.data, .size = decoder->input.left};
		size_t code = ZSTD_decompressStream(decoder->zstd, &out, &in);
		if (ZSTD_isError(code))
			return err_set(err, EBADMSG, "bad zstd data: %s", ZSTD_getErrorName(code));
		if (result == 0 && out.pos == 0)
			return err_set(err, EBADMSG, "bad zstd data: it ends too early");
		decoder->input.data += in.pos;
		decoder->input.left -= in.pos;
		decoder->between = code == 0;
	}
	*out_data = decoder->piece;
	*out_size = out.pos;
	return 0;
}

int compress_open(struct stream *source, struct stream **out_stream, enum compress_kind *out_kind, struct err *err)
{
	const char *name;
	struct decoder *decoder = x_alloc(sizeof *decoder);
	decoder->base = (struct stream){plain_next, decoder_done};
	decoder->input.source = source;
	int result = input_start(&decoder->input, err);
	if (result < 0) {
		decoder_done(&decoder->base);
		return result;
	}
	enum compress_kind kind = compress_detect(decoder->input.data, decoder->input.left, &name);
	if (kind == COMPRESS_REFUSED) {
		decoder_done(&decoder->base);
		return err_set(
		    err, EINVAL,
		    "the archive is compressed with %s, which is not read here: give it plain, or with gzip or zstd",
		    name);
	}
	if (kind == COMPRESS_GZIP) {
		decoder->gzip = x_alloc(sizeof *decoder->gzip);
		isal_inflate_init(decoder->gzip);
		decoder->gzip->crc_flag = ISAL_GZIP;
		decoder->base.next = gzip_next;
	}
	if (kind == COMPRESS_ZSTD) {
		decoder->zstd = ZSTD_createDCtx();
		if (!decoder->zstd)
			BUG("no memory for zstd");
		if (ZSTD_isError(ZSTD_DCtx_setParameter(decoder->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
			BUG("zstd window of 2^%d", WINDOW_LOG_MAX);
		decoder->base.next = zstd_next;
	}
	if (kind != COMPRESS_PLAIN)
		decoder->piece = x_alloc(STREAM_PIECE);
	*out_stream = &decoder->base;
	*out_kind = kind;
	return 0;
}
