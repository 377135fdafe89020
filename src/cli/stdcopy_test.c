#include "cli/stdcopy.h"

#include "base/buffer.h"
#include "unit/test.h"

static struct err err;

static int feed(const char *data, size_t size, size_t step, struct buf *out)
{
	struct stdcopy copy = {0};
	for (size_t at = 0; at < size;) {
		enum stdcopy_stream stream;
		const char *piece;
		size_t used, count;
		int rc = stdcopy_read(&copy, data + at, size - at < step ? size - at : step, &used, &stream, &piece,
				      &count, &err);
		if (rc < 0)
			return rc;
		for (size_t i = 0; i < count; i++)
			buf_printf(out, "%d%c", stream, piece[i]);
		at += used;
	}
	return 0;
}

TEST(frames_are_taken_apart_in_any_pieces)
{
	static const char data[] = "\1\0\0\0\0\0\0\3abc\2\0\0\0\0\0\0\0\2\0\0\0\0\0\0\1x\1\0\0\0\0\0\0\2de";
	for (size_t step = 1; step < sizeof data; step++) {
		auto_buf out = BUF_INIT(100);
		CHECK_OK(feed(data, sizeof data - 1, step, &out));
		CHECK_STR(buf_str(&out), "1a1b1c2x1d1e");
	}
}

TEST(unknown_streams_are_refused)
{
	auto_buf out = BUF_INIT(100);
	CHECK_ERR(feed("\4\0\0\0\0\0\0\1x", 9, 9, &out), EPROTO);
}
