#include "base/http_body.h"

#include "base/buffer.h"
#include "unit/test.h"

static struct err err;

/* Reads a body that comes in pieces of `step` bytes. */
static int body_collect(bool chunked, uint64_t length, const char *data, size_t step, struct buf *out)
{
	struct http_body body;
	http_body_start(&body, chunked, length);
	size_t size = strlen(data), at = 0;
	while (at < size && body.state != HTTP_BODY_DONE) {
		size_t used, piece_size;
		const char *piece;
		int rc = http_body_read(&body, data + at, size - at < step ? size - at : step, &used, &piece,
					&piece_size, &err);
		if (rc < 0)
			return rc;
		buf_append(out, piece, piece_size);
		at += used;
	}
	return body.state == HTTP_BODY_DONE ? (int)at : 0;
}

TEST(chunks_are_put_together)
{
	const char *data = "5\r\nhello\r\n00a;x=y\r\n, chunked!\r\n0\r\nTrailer: x\r\n\r\nnext";
	for (size_t step = 1; step < 60; step++) {
		auto_buf out = BUF_INIT(100);
		CHECK_INT(body_collect(true, 0, data, step, &out), (int)strlen(data) - 4);
		CHECK_STR(out.data, "hello, chunked!");
	}
}

TEST(body_of_a_length_ends_there)
{
	auto_buf out = BUF_INIT(100);
	CHECK_INT(body_collect(false, 5, "hellonext", 3, &out), 5);
	CHECK_STR(out.data, "hello");
}

TEST(bad_chunks_are_refused)
{
	static const char *const bad[] = {
	    "\r\n",	"x\r\n",     "-1\r\n", "5\nhello", "5\r\nhelloX\n", "5\r\nhello\rX", "fffffffffffffffff\r\n",
	    "0\r\n\rX", "0\r\nA\nB", "0x5\r\n"};
	for (size_t i = 0; i < array_size(bad); i++) {
		auto_buf out = BUF_INIT(100);
		if (body_collect(true, 0, bad[i], 100, &out) != -EINVAL)
			test_fail(__FILE__, __LINE__, "accepted: %s", bad[i]);
	}
}

TEST(payload_that_is_given_back_is_read_again)
{
	static const char *const texts[] = {"hello", "5\r\nhello\r\n0\r\n\r\n"};
	for (size_t i = 0; i < 2; i++) {
		struct http_body body;
		size_t used, size;
		const char *piece;
		http_body_start(&body, i == 1, i == 1 ? 0 : 5);
		CHECK_OK(http_body_read(&body, texts[i], strlen(texts[i]), &used, &piece, &size, &err));
		CHECK_INT(size, 5);
		http_body_return(&body, 3);
		used -= 3;
		CHECK_OK(http_body_read(&body, texts[i] + used, strlen(texts[i] + used), &used, &piece, &size, &err));
		CHECK_INT(size, 3);
		CHECK(strncmp(piece, "llo", 3) == 0);
	}
}
