#include "image/tar.h"
#include "unit/archive.h"
#include "unit/test.h"

static struct stream_memory memory;
static struct tar tar;

static void open_tar(const struct buf *buf, size_t piece)
{
	stream_memory_init(&memory, buf_str(buf), buf->len, piece);
	tar_init(&tar, &memory.base);
}

/* Reads all of the entry's data as a string with '.' for holes. */
static char *content(void)
{
	struct err err;
	char *text = x_alloc(tar.entry.size + 1);
	memset(text, '.', tar.entry.size);
	for (;;) {
		const uint8_t *data;
		size_t size;
		uint64_t offset;
		CHECK_OK(tar_data(&tar, &data, &size, &offset, &err));
		if (!size)
			return text;
		CHECK(offset + size <= tar.entry.size);
		memcpy(text + offset, data, size);
	}
}

/* The error of an archive of one entry that must not be accepted. */
static void refuse(const struct buf *buf, const char *why)
{
	struct err err = {0};
	const struct tar_entry *entry;
	int result;
	open_tar(buf, 0);
	while ((result = tar_next(&tar, &entry, &err)) > 0)
		;
	if (result == 0)
		result = tar_drain(&tar, &err);
	tar_done(&tar);
	if (result != -EBADMSG)
		test_fail(__FILE__, __LINE__, "accepted, not refused because: %s", why);
	CHECK_CONTAINS(err.msg, why);
}

TEST(tar_reads_all_kinds_of_entries)
{
	for (size_t piece = 0; piece < 700; piece += 99) {
		struct err err;
		const struct tar_entry *entry;
		auto_buf buf = BUF_INIT(1 << 20);
		archive_add(&buf, .type = '5', .name = "dir/", .mode = 01777, .mtime = 1000);
		archive_add(&buf, .name = "dir/file", .data = "hello", .uid = 12, .gid = 34, .mode = 04755);
		archive_add(&buf, .type = '1', .name = "hard", .link = "dir/file");
		archive_add(&buf, .type = '2', .name = "soft", .link = "/etc/passwd");
		archive_add(&buf, .type = '3', .name = "null", .major = 1, .minor = 3);
		archive_add(&buf, .type = '6', .name = "fifo");
		archive_end(&buf);
		open_tar(&buf, piece);

		CHECK_INT(tar_next(&tar, &entry, &err), 1);
		CHECK(entry->type == TAR_DIRECTORY && entry->mode == 01777 && entry->mtime.tv_sec == 1000);
		CHECK_STR(entry->name, "dir/");
		CHECK_INT(tar_next(&tar, &entry, &err), 1);
		CHECK(entry->type == TAR_FILE && entry->mode == 04755 && entry->uid == 12 && entry->gid == 34);
		auto_free char *text = content();
		CHECK_STR(text, "hello");
		CHECK_INT(tar_next(&tar, &entry, &err), 1);
		CHECK(entry->type == TAR_HARD_LINK);
		CHECK_STR(entry->link, "dir/file");
		CHECK_INT(tar_next(&tar, &entry, &err), 1);
		CHECK(entry->type == TAR_SYMLINK);
		CHECK_STR(entry->link, "/etc/passwd");
		CHECK_INT(tar_next(&tar, &entry, &err), 1);
		CHECK(entry->type == TAR_CHAR && entry->major == 1 && entry->minor == 3);
		CHECK_INT(tar_next(&tar, &entry, &err), 1);
		CHECK(entry->type == TAR_FIFO);
		CHECK_INT(tar_next(&tar, &entry, &err), 0);
		CHECK_INT(tar_next(&tar, &entry, &err), 0);
		CHECK_OK(tar_drain(&tar, &err));
		tar_done(&tar);
	}
}

TEST(tar_skips_data_that_nobody_reads)
{
	struct err err;
	const struct tar_entry *entry;
	char big[3000];
	memset(big, 'x', sizeof big);
	auto_buf buf = BUF_INIT(1 << 20);
	archive_add(&buf, .name = "a", .data = big, .size = sizeof big);
	archive_add(&buf, .name = "b", .data = "b");
	open_tar(&buf, 777); /* no blocks of zeros at the end: some programs leave them out */
	CHECK_INT(tar_next(&tar, &entry, &err), 1);
	CHECK_INT(tar_next(&tar, &entry, &err), 1);
	CHECK_STR(entry->name, "b");
	CHECK_INT(tar_next(&tar, &entry, &err), 0);
	tar_done(&tar);
}

TEST(tar_reads_pax_records)
{
	struct err err;
	const struct tar_entry *entry;
	char name[301];
	memset(name, 'n', 300);
	name[300] = 0;
	auto_buf buf = BUF_INIT(1 << 20);
	archive_pax(&buf, PAX("path", name, "uid", "4000000000", "gid", "7", "mtime", "-1.25", "comment", "x",
			      "SCHILY.xattr.user.a", "value", "RHT.unknown", "y"));
	archive_add(&buf, .name = "short", .data = "x");
	archive_pax(&buf, PAX("size", "3"));
	archive_add(&buf, .name = "sized", .data = "abc", .raw_size = "00000000000");
	archive_end(&buf);
	open_tar(&buf, 0);
	CHECK_INT(tar_next(&tar, &entry, &err), 1);
	CHECK_STR(entry->name, name);
	CHECK(entry->uid == 4000000000 && entry->gid == 7);
	CHECK(entry->mtime.tv_sec == -2 && entry->mtime.tv_nsec == 750000000);
	CHECK_INT(entry->xattr_count, 1);
	CHECK_STR(entry->xattrs[0].name, "user.a");
	CHECK(entry->xattrs[0].size == 5 && memcmp(entry->xattrs[0].value, "value", 5) == 0);
	CHECK_INT(tar_next(&tar, &entry, &err), 1);
	CHECK_STR(entry->name, "sized");
	CHECK(entry->uid == 0 && entry->xattr_count == 0);
	auto_free char *text = content();
	CHECK_STR(text, "abc");
	CHECK_INT(tar_next(&tar, &entry, &err), 0);
	tar_done(&tar);
}

TEST(tar_reads_binary_xattrs)
{
	struct err err;
	const struct tar_entry *entry;
	auto_buf buf = BUF_INIT(1 << 20), records = BUF_INIT(4096);
	archive_record(&records, "SCHILY.xattr.security.capability", "\1\0\0\2\0 \0\0\n=\0\0", 12);
	archive_add(&buf, .type = 'x', .name = "x", .data = records.data, .size = records.len);
	archive_add(&buf, .name = "a");
	open_tar(&buf, 0);
	CHECK_INT(tar_next(&tar, &entry, &err), 1);
	CHECK(entry->xattrs[0].size == 12 && memcmp(entry->xattrs[0].value, "\1\0\0\2\0 \0\0\n=\0\0", 12) == 0);
	tar_done(&tar);
}

TEST(tar_reads_gnu_long_names_and_base_256)
{
	struct err err;
	const struct tar_entry *entry;
	char name[301];
	memset(name, 'n', 300);
	name[300] = 0;
	auto_buf buf = BUF_INIT(1 << 20);
	archive_add(&buf, .type = 'K', .name = "././@LongLink", .data = name, .size = 301);
	archive_add(&buf, .type = 'L', .name = "././@LongLink", .data = name, .size = 301);
	archive_add(&buf, .type = '2', .name = "cut", .link = "cut", .magic = "ustar  ");
	archive_add(&buf, .name = "b", .data = "xyz", .magic = "ustar  ", .raw_size = "\x80\0\0\0\0\0\0\0\0\0\0\3");
	archive_end(&buf);
	open_tar(&buf, 0);
	CHECK_INT(tar_next(&tar, &entry, &err), 1);
	CHECK_STR(entry->name, name);
	CHECK_STR(entry->link, name);
	CHECK_INT(tar_next(&tar, &entry, &err), 1);
	CHECK_INT(entry->size, 3);
	CHECK_INT(tar_next(&tar, &entry, &err), 0);
	tar_done(&tar);
}

TEST(tar_reads_sparse_files_of_pax)
{
	struct err err;
	const struct tar_entry *entry;
	auto_buf buf = BUF_INIT(1 << 20), data = BUF_INIT(4096);
	/* 0.0: pairs */
	archive_pax(&buf, PAX("GNU.sparse.size", "12", "GNU.sparse.numblocks", "2", "GNU.sparse.offset", "2",
			      "GNU.sparse.numbytes", "3", "GNU.sparse.offset", "8", "GNU.sparse.numbytes", "2"));
	archive_add(&buf, .name = "zero", .data = "abcde");
	/* 0.1: a map */
	archive_pax(&buf, PAX("GNU.sparse.name", "one", "GNU.sparse.size", "12", "GNU.sparse.map", "0,1,4,0,8,4"));
	archive_add(&buf, .name = "GNUSparseFile.1/one", .data = "abcde");
	/* 1.0: the map in front of the data */
	buf_text(&data, "2\n1\n2\n10\n2\n");
	archive_pad(&data);
	buf_text(&data, "abcd");
	archive_pax(&buf, PAX("GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.name", "two",
			      "GNU.sparse.realsize", "14"));
	archive_add(&buf, .name = "GNUSparseFile.1/two", .data = data.data, .size = data.len);
	archive_add(&buf, .name = "after", .data = "x");
	archive_end(&buf);
	for (size_t piece = 0; piece < 100; piece += 33) {
		static const char *const names[] = {"zero", "one", "two", "after"};
		static const char *const contents[] = {"..abc...de..", "a.......bcde", ".ab.......cd..", "x"};
		open_tar(&buf, piece);
		for (size_t i = 0; i < 4; i++) {
			CHECK_INT(tar_next(&tar, &entry, &err), 1);
			CHECK_STR(entry->name, names[i]);
			auto_free char *text = content();
			CHECK_STR(text, contents[i]);
		}
		CHECK_INT(tar_next(&tar, &entry, &err), 0);
		tar_done(&tar);
	}
}

TEST(tar_reads_old_sparse_files_of_gnu)
{
	struct err err;
	const struct tar_entry *entry;
	auto_buf buf = BUF_INIT(1 << 20);
	archive_add(&buf, .type = 'S', .name = "old", .data = "abcde", .magic = "ustar  ", .no_data = true);
	char *block = buf.data;
	static const unsigned map[][2] = {{1, 1}, {3, 1}, {5, 1}, {7, 1}};
	for (size_t i = 0; i < 4; i++) {
		archive_octal(block + 386 + i * 24, 12, map[i][0]);
		archive_octal(block + 386 + i * 24 + 12, 12, map[i][1]);
	}
	block[482] = 1;
	archive_octal(block + 483, 12, 12);
	archive_sum(block, false);
	char more[512] = {0};
	archive_octal(more, 12, 9);
	archive_octal(more + 12, 12, 1);
	buf_append(&buf, more, sizeof more);
	buf_text(&buf, "abcde");
	archive_pad(&buf);
	archive_add(&buf, .name = "after", .data = "x");
	open_tar(&buf, 0);
	CHECK_INT(tar_next(&tar, &entry, &err), 1);
	auto_free char *text = content();
	CHECK_STR(text, ".a.b.c.d.e..");
	CHECK_INT(tar_next(&tar, &entry, &err), 1);
	CHECK_STR(entry->name, "after");
	tar_done(&tar);
}

static void refuse_entry(const struct archive_entry *entry, const char *const *pairs, const char *why)
{
	auto_buf buf = BUF_INIT(8 << 20);
	if (pairs)
		archive_pax(&buf, pairs);
	archive_add_entry(&buf, entry);
	archive_end(&buf);
	refuse(&buf, why);
}
#define REFUSE(pairs, why, ...) refuse_entry(&(struct archive_entry){__VA_ARGS__}, pairs, why)

/* I-04 */
TEST(tar_refuses_tricks_of_the_header)
{
	REFUSE(NULL, "not a tar archive", .name = "a", .bad_sum = true);
	REFUSE(NULL, "without a name", .name = "");
	REFUSE(NULL, "without a target", .name = "a", .type = '2');
	REFUSE(NULL, "other characters", .name = "a", .raw_size = "0000000000z");
	REFUSE(NULL, "other characters", .name = "a", .raw_size = "-0000000001");
	REFUSE(NULL, "size out of range", .name = "a", .raw_size = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
	REFUSE(NULL, "size out of range", .name = "a", .raw_size = "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff");
	REFUSE(NULL, "too large", .name = "a", .raw_size = "\x80\0\0\1\0\0\0\0\0\0\0\0");
	REFUSE(NULL, "too large", .name = "a", .raw_size = "\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff");
	REFUSE(NULL, "middle of an entry", .name = "a", .raw_size = "77777777777");
	REFUSE(NULL, "type has none", .name = "a/", .type = '5', .data = "x");
	REFUSE(NULL, "type has none", .name = "a/", .data = "x");
	REFUSE(NULL, "type has none", .name = "a", .type = '1', .link = "b", .data = "x");
	REFUSE(NULL, "unknown type", .name = "a", .type = 'M');
	REFUSE(NULL, "unknown type", .name = "a", .type = 'Z');
	REFUSE(NULL, "device number", .name = "a", .type = '3', .major = 4096);
	REFUSE(NULL, "not GNU's", .name = "a", .type = 'S');
	REFUSE(NULL, "too large", .name = "a", .type = 'x', .raw_size = "00004000001");
	REFUSE(NULL, "long name", .name = "a", .type = 'L', .data = "a\0b", .size = 3);
	REFUSE(NULL, "without its entry", .name = "a", .type = 'L', .data = "abc");
}

TEST(tar_refuses_tricks_of_pax)
{
	char huge[5000];
	memset(huge, 'n', sizeof huge);
	huge[sizeof huge - 1] = 0;
	REFUSE(PAX("path", "x", "path", "y"), "path comes twice", .name = "a");
	REFUSE(PAX("size", "1", "size", "2"), "size comes twice", .name = "a", .data = "x");
	REFUSE(PAX("size", "-1"), "size is \"-1\"", .name = "a");
	REFUSE(PAX("size", "9223372036854775808"), "size is", .name = "a");
	REFUSE(PAX("size", "9223372036854775807"), "size out of range", .name = "a");
	REFUSE(PAX("size", "0x10"), "size is", .name = "a");
	REFUSE(PAX("size", " 1"), "size is", .name = "a");
	REFUSE(PAX("uid", "4294967295"), "uid is", .name = "a");
	REFUSE(PAX("mtime", "1e5"), "mtime is", .name = "a");
	REFUSE(PAX("mtime", "nan"), "mtime is", .name = "a");
	REFUSE(PAX("hdrcharset", "UTF-7"), "not UTF-8", .name = "a");
	REFUSE(PAX("path", huge), "too long", .name = "a");
	REFUSE(PAX("GNU.volume.offset", "1"), "not supported", .name = "a");
	REFUSE(PAX("GNU.sparse.new", "1"), "not known", .name = "a");
	REFUSE(PAX("SCHILY.xattr.user.a", "1", "SCHILY.xattr.user.a", "2"), "comes twice", .name = "a");
	REFUSE(PAX("SCHILY.xattr.", "1"), "too long", .name = "a");
	auto_buf buf = BUF_INIT(4096);
	archive_pax(&buf, PAX("path", "x"));
	archive_pax(&buf, PAX("path", "y"));
	archive_add(&buf, .name = "a");
	refuse(&buf, "two of them");
}

TEST(tar_refuses_bad_records)
{
	static const char *const bad[] = {"path=x\n",	   "9 path=x\n ", "999 path=x\n", "6 =xyz\n",
					  "0 a=b\n",	   "7 a=b",	  "3 \n",	  "99999999999 a=b\n",
					  "10 path=x\n\n", "-6 a=b\n",	  "8 a\0=b\n"};
	for (size_t i = 0; i < array_size(bad); i++) {
		auto_buf buf = BUF_INIT(4096);
		size_t size = i == array_size(bad) - 1 ? 8 : strlen(bad[i]);
		archive_add(&buf, .type = 'x', .name = "x", .data = bad[i], .size = size);
		archive_add(&buf, .name = "a");
		refuse(&buf, "a record with");
	}
	auto_buf buf = BUF_INIT(4096), records = BUF_INIT(4096);
	archive_record(&records, "path", "a\0b", 3);
	archive_add(&buf, .type = 'x', .name = "x", .data = records.data, .size = records.len);
	archive_add(&buf, .name = "a");
	refuse(&buf, "NUL in a value");
}

TEST(tar_refuses_global_overrides)
{
	struct err err;
	const struct tar_entry *entry;
	auto_buf buf = BUF_INIT(4096), records = BUF_INIT(4096);
	archive_record(&records, "comment", "0123456789", 10);
	archive_add(&buf, .type = 'g', .name = "pax_global_header", .data = records.data, .size = records.len);
	archive_add(&buf, .name = "a");
	open_tar(&buf, 0);
	CHECK_INT(tar_next(&tar, &entry, &err), 1);
	tar_done(&tar);
	buf_reset(&buf);
	archive_record(&records, "size", "1", 1);
	archive_add(&buf, .type = 'g', .name = "pax_global_header", .data = records.data, .size = records.len);
	archive_add(&buf, .name = "a");
	refuse(&buf, "for all entries");
}

TEST(tar_refuses_bad_sparse_maps)
{
	REFUSE(PAX("GNU.sparse.size", "4", "GNU.sparse.map", "0,5"), "leaves its file", .name = "a", .data = "abcde");
	REFUSE(PAX("GNU.sparse.size", "9", "GNU.sparse.map", "0,3,2,2"), "overlap", .name = "a", .data = "abcde");
	REFUSE(PAX("GNU.sparse.size", "9", "GNU.sparse.map", "0,3"), "does not fit", .name = "a", .data = "abcde");
	REFUSE(PAX("GNU.sparse.size", "9", "GNU.sparse.map", "0,6"), "does not fit", .name = "a", .data = "abcde");
	REFUSE(PAX("GNU.sparse.size", "9", "GNU.sparse.map", "0,3,4"), "odd number", .name = "a", .data = "abcde");
	REFUSE(PAX("GNU.sparse.size", "9", "GNU.sparse.map", "0,-3"), "is \"-3\"", .name = "a", .data = "abcde");
	REFUSE(PAX("GNU.sparse.size", "9", "GNU.sparse.map", "9223372036854775807,1"), "too large", .name = "a",
	       .data = "x");
	REFUSE(PAX("GNU.sparse.map", "0,5"), "without its file or size", .name = "a", .data = "abcde");
	REFUSE(PAX("GNU.sparse.size", "5"), "does not fit", .name = "a", .data = "abcde");
	REFUSE(PAX("GNU.sparse.size", "9", "GNU.sparse.offset", "1"), "without numbytes", .name = "a");
	REFUSE(PAX("GNU.sparse.numbytes", "1"), "take turns", .name = "a");
	REFUSE(PAX("GNU.sparse.major", "2", "GNU.sparse.minor", "0", "GNU.sparse.realsize", "1"), "unknown kind",
	       .name = "a");
	static const char *const maps[] = {"1\n",	 "x\n0\n1\n",  "1\n0\n",
					   "99999999\n", "1\n-1\n1\n", "11111111111111111111111111111111111111\n"};
	for (size_t i = 0; i < array_size(maps); i++) {
		auto_buf data = BUF_INIT(4096);
		buf_text(&data, maps[i]);
		REFUSE(PAX("GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.realsize", "1"), "sparse",
		       .name = "a", .data = buf_str(&data));
	}
}

TEST(tar_refuses_what_stands_behind_the_end)
{
	auto_buf buf = BUF_INIT(1 << 20);
	archive_add(&buf, .name = "a");
	archive_end(&buf);
	archive_add(&buf, .name = "b");
	refuse(&buf, "behind its end");
	buf_reset(&buf);
	archive_add(&buf, .name = "a");
	buf_text(&buf, "short");
	refuse(&buf, "middle of a header");
}

TEST(tar_may_end_with_the_last_byte_of_a_file)
{
	struct err err;
	auto_buf archive = BUF_INIT(1 << 20);
	archive_add_entry(&archive, &(struct archive_entry){.name = "a", .data = "five!"});
	archive.len = 512 + 5;
	const struct tar_entry *entry;
	struct stream_memory source;
	struct tar reader;
	stream_memory_init(&source, archive.data, archive.len, 0);
	tar_init(&reader, &source.base);
	CHECK_INT(tar_next(&reader, &entry, &err), 1);
	CHECK_INT(tar_next(&reader, &entry, &err), 0);
	CHECK_OK(tar_drain(&reader, &err));
	tar_done(&reader);
	/* Half a block is no end. */
	archive.len = 512 + 6;
	archive.data[517] = 0;
	stream_memory_init(&source, archive.data, archive.len, 0);
	tar_init(&reader, &source.base);
	CHECK_INT(tar_next(&reader, &entry, &err), 1);
	CHECK(tar_next(&reader, &entry, &err) < 0);
	tar_done(&reader);
}
