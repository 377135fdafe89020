#include "image/compress.h"
#include "base/buffer.h"
#include "unit/test.h"

#include <fcntl.h>
#include <isa-l.h>
#include <sys/wait.h>
#include <zstd.h>

static void gzip_add(struct buf *out, const void *data, size_t size)
{
	struct isal_zstream stream;
	isal_deflate_init(&stream);
	stream.gzip_flag = IGZIP_GZIP;
	stream.end_of_stream = 1;
	stream.next_in = (uint8_t *)(uintptr_t)data;
	stream.avail_in = (uint32_t)size;
	stream.next_out = (uint8_t *)buf_room(out, size + 4096);
	stream.avail_out = (uint32_t)size + 4096;
	CHECK(isal_deflate(&stream) == COMP_OK);
	buf_grown(out, stream.total_out);
}

static void zstd_add(struct buf *out, const void *data, size_t size, int window_log)
{
	size_t room = ZSTD_compressBound(size);
	ZSTD_CCtx *context = ZSTD_createCCtx();
	if (window_log) {
		ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
		ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
	}
	ZSTD_outBuffer target = {.dst = buf_room(out, room), .size = room};
	ZSTD_inBuffer source = {.src = data, .size = size};
	CHECK(ZSTD_compressStream2(context, &target, &source, ZSTD_e_continue) < 1ULL << 60);
	size_t left;
	while ((left = ZSTD_compressStream2(context, &target, &source, ZSTD_e_end)))
		CHECK(!ZSTD_isError(left));
	ZSTD_freeCCtx(context);
	buf_grown(out, target.pos);
}

static int decode(const struct buf *in, size_t piece, struct buf *out, struct err *err)
{
	struct stream_memory memory;
	struct stream *stream;
	enum compress_kind kind;
	stream_memory_init(&memory, buf_str(in), in->len, piece);
	int result = compress_open(&memory.base, &stream, &kind, err);
	if (result < 0)
		return result;
	for (;;) {
		const uint8_t *data;
		size_t size;
		result = stream_next(stream, &data, &size, err);
		if (result < 0 || !size)
			break;
		buf_append(out, data, size);
	}
	stream_done(stream);
	return result;
}

static void fill(struct buf *text)
{
	for (unsigned i = 0, x = 1; i < 300000; i++) {
		x = x * 1103515245 + 12345;
		buf_char(text, i % 3000 < 1500 ? (char)(x >> 16) : 'z');
	}
}

static void check_same(const struct buf *in, const struct buf *text)
{
	static const size_t pieces[] = {0, 1, 5, 7, 4096};
	for (size_t i = 0; i < array_size(pieces); i++) {
		struct err err;
		auto_buf out = BUF_INIT(8 << 20);
		CHECK_OK(decode(in, pieces[i], &out, &err));
		CHECK(out.len == text->len && memcmp(buf_str(&out), buf_str(text), out.len) == 0);
	}
}

TEST(compress_reads_plain_gzip_zstd)
{
	auto_buf text = BUF_INIT(4 << 20), packed = BUF_INIT(4 << 20);
	check_same(&text, &text);
	fill(&text);
	check_same(&text, &text);
	gzip_add(&packed, text.data, text.len);
	check_same(&packed, &text);
	buf_reset(&packed);
	zstd_add(&packed, text.data, text.len, 0);
	check_same(&packed, &text);
}

TEST(compress_reads_members_and_frames)
{
	auto_buf text = BUF_INIT(4 << 20), packed = BUF_INIT(4 << 20);
	fill(&text);
	gzip_add(&packed, text.data, 1000);
	gzip_add(&packed, text.data + 1000, text.len - 1000);
	gzip_add(&packed, "", 0);
	check_same(&packed, &text);
	buf_append(&packed, "\0\0\0\0\0\0\0", 7);
	check_same(&packed, &text);

	buf_reset(&packed);
	buf_append(&packed, "\x5a\x2a\x4d\x18\4\0\0\0skip", 12);
	zstd_add(&packed, text.data, 1000, 0);
	buf_append(&packed, "\x50\x2a\x4d\x18\0\0\0\0", 8);
	zstd_add(&packed, text.data + 1000, text.len - 1000, 0);
	check_same(&packed, &text);
}

static void check_refused(struct buf *packed, const char *why)
{
	struct err err = {0};
	auto_buf out = BUF_INIT(8 << 20);
	if (decode(packed, 0, &out, &err) == 0)
		test_fail(__FILE__, __LINE__, "accepted: %s", why);
	CHECK_CONTAINS(err.msg, why);
}

/* I-06 */
TEST(compress_refuses_damage)
{
	auto_buf text = BUF_INIT(4 << 20), packed = BUF_INIT(4 << 20);
	fill(&text);
	gzip_add(&packed, text.data, text.len);
	size_t whole = packed.len;
	for (size_t cut = 1; cut < whole; cut = cut * 3 + 1) {
		packed.len = whole - cut;
		if (packed.len >= COMPRESS_MAGIC)
			check_refused(&packed, "too early");
	}
	packed.len = whole;
	packed.data[whole - 6] ^= 1;
	check_refused(&packed, "checksum");
	packed.data[whole - 6] ^= 1;
	buf_text(&packed, "rubbish");
	check_refused(&packed, "bad gzip data");
	packed.len = whole;
	buf_append(&packed, "\0\0rubbish", 9);
	check_refused(&packed, "behind the end");

	buf_reset(&packed);
	zstd_add(&packed, text.data, text.len, 0);
	packed.len -= 5;
	check_refused(&packed, "too early");
	packed.len += 5;
	buf_text(&packed, "rubbish");
	check_refused(&packed, "bad zstd data");
}

/* I-06: a window of 2 GiB would be the memory of the decoder. */
TEST(compress_caps_the_window)
{
	auto_buf text = BUF_INIT(4 << 20), packed = BUF_INIT(4 << 20);
	fill(&text);
	zstd_add(&packed, text.data, text.len, 27);
	check_same(&packed, &text);
	buf_reset(&packed);
	zstd_add(&packed, text.data, text.len, 28);
	check_refused(&packed, "bad zstd data");
}

/* C-03: nothing named xz, unpigz, gzip or zstd is looked for, whatever PATH says; other kinds are named. */
TEST(compress_runs_no_program)
{
	static const char *const names[] = {"gzip", "unpigz", "igzip", "zstd", "xz", "bzip2"};
	struct err err;
	CHECK(setenv("PATH", ".", 1) == 0);
	for (size_t i = 0; i < array_size(names); i++) {
		int fd = open(names[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
		CHECK(fd >= 0 && write(fd, "#!/bin/sh\ntouch ran\n", 20) == 20);
		close(fd);
	}
	static const struct {
		const char *bytes, *name;
	} refused[] = {{"\xfd"
			"7zXZ\0",
			"xz"},
		       {"BZh91AY", "bzip2"}};
	for (size_t i = 0; i < array_size(refused); i++) {
		auto_buf in = BUF_INIT(64), out = BUF_INIT(64);
		buf_append(&in, refused[i].bytes, 6);
		CHECK_ERR(decode(&in, 0, &out, &err), EINVAL);
		CHECK_CONTAINS(err.msg, refused[i].name);
		CHECK_CONTAINS(err.msg, "gzip or zstd");
	}
	auto_buf text = BUF_INIT(4 << 20), packed = BUF_INIT(4 << 20);
	fill(&text);
	gzip_add(&packed, text.data, text.len);
	check_same(&packed, &text);
	CHECK(access("ran", F_OK) < 0);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}
