#include "image/tar_write.h"
#include "unit/test.h"

static void check_equal(const struct tar_entry *a, const struct tar_entry *b)
{
	CHECK_INT(a->type, b->type);
	CHECK_STR(a->name, b->name);
	CHECK_STR(a->link, b->link ? b->link : "");
	CHECK_INT(a->mode, b->mode);
	CHECK_INT(a->uid, b->uid);
	CHECK_INT(a->gid, b->gid);
	CHECK_INT(a->size, b->size);
	CHECK_INT(a->mtime.tv_sec, b->mtime.tv_sec);
	CHECK_INT(a->major, b->major);
	CHECK_INT(a->minor, b->minor);
	CHECK_INT(a->xattr_count, b->xattr_count);
}

/* Writes one entry without data and reads it again; the number of blocks it took. */
static size_t there_and_back(const struct tar_entry *entry)
{
	auto_buf bytes = BUF_INIT(8 << 20);
	struct err err;
	struct tar *tar = x_alloc(sizeof *tar);
	struct stream_memory memory;
	const struct tar_entry *read;
	CHECK_OK(tar_write_header(&bytes, entry, &err));
	CHECK_INT(bytes.len % TAR_BLOCK, 0);
	size_t blocks = bytes.len / TAR_BLOCK;
	stream_memory_init(&memory, bytes.data, bytes.len, 100);
	tar_init(tar, &memory.base);
	CHECK_INT(tar_next(tar, &read, &err), 1);
	check_equal(read, entry);
	for (size_t i = 0; i < entry->xattr_count; i++) {
		CHECK_STR(read->xattrs[i].name, entry->xattrs[i].name);
		CHECK_INT(read->xattrs[i].size, entry->xattrs[i].size);
		CHECK(memcmp(read->xattrs[i].value, entry->xattrs[i].value, entry->xattrs[i].size) == 0);
	}
	tar_done(tar);
	free(tar);
	return blocks;
}

TEST(plain_entries_take_one_block)
{
	CHECK_INT(there_and_back(&(struct tar_entry){.type = TAR_FILE, .name = (char *)"a/b", .mode = 0644, .size = 0}),
		  1);
	CHECK_INT(there_and_back(&(struct tar_entry){.type = TAR_DIRECTORY, .name = (char *)"d/", .mode = 01777}), 1);
	CHECK_INT(there_and_back(&(struct tar_entry){
		      .type = TAR_SYMLINK, .name = (char *)"l", .link = (char *)"/etc/x", .mode = 0777, .uid = 5}),
		  1);
	CHECK_INT(there_and_back(&(struct tar_entry){
		      .type = TAR_HARD_LINK, .name = (char *)"h", .link = (char *)"a/b", .mode = 04755}),
		  1);
	CHECK_INT(there_and_back(&(struct tar_entry){.type = TAR_CHAR, .name = (char *)"null", .major = 1, .minor = 3}),
		  1);
	CHECK_INT(there_and_back(&(struct tar_entry){
		      .type = TAR_BLOCK_DEVICE, .name = (char *)"b", .major = 4095, .minor = 1048575}),
		  1);
	CHECK_INT(
	    there_and_back(&(struct tar_entry){.type = TAR_FIFO, .name = (char *)"f", .mtime = {.tv_sec = 1700000000}}),
	    1);
}

TEST(a_directory_gets_its_slash)
{
	auto_buf bytes = BUF_INIT(4096);
	struct err err;
	CHECK_OK(tar_write_header(&bytes, &(struct tar_entry){.type = TAR_DIRECTORY, .name = (char *)"d"}, &err));
	CHECK_STR(bytes.data, "d/");
}

TEST(names_of_every_length_come_back)
{
	char name[4000], link[4000];
	for (size_t size = 1; size < sizeof name; size += size < 300 ? 1 : 997) {
		for (size_t every = 7; every <= 200; every += 64) {
			for (size_t i = 0; i < size; i++)
				name[i] = i % every == every - 1 && i + 1 < size ? '/' : (char)('a' + i % 26);
			name[size] = 0;
			memcpy(link, name, size + 1);
			there_and_back(&(struct tar_entry){.type = TAR_FILE, .name = name});
			there_and_back(&(struct tar_entry){.type = TAR_SYMLINK, .name = (char *)"l", .link = link});
		}
	}
}

TEST(what_ustar_cannot_say)
{
	CHECK_INT(there_and_back(
		      &(struct tar_entry){.type = TAR_FILE, .name = (char *)"a", .uid = 4294967294, .gid = 2097152}),
		  3);
	CHECK_INT(there_and_back(&(struct tar_entry){.type = TAR_FILE, .name = (char *)"a", .mtime = {.tv_sec = -1}}),
		  3);
	CHECK_INT(
	    there_and_back(&(struct tar_entry){.type = TAR_FILE, .name = (char *)"a", .mtime = {.tv_sec = 1LL << 40}}),
	    3);
	CHECK_INT(there_and_back(&(struct tar_entry){.type = TAR_FILE, .name = (char *)"a", .uid = 2097151}), 1);
	CHECK_INT(there_and_back(&(struct tar_entry){.type = TAR_FILE, .name = (char *)"n\xff\xfe\n\t name"}), 1);
}

TEST(sizes_above_eight_gigabytes)
{
	auto_buf bytes = BUF_INIT(4096);
	struct err err;
	struct stream_memory memory;
	const struct tar_entry *read;
	const struct tar_entry entry = {.type = TAR_FILE, .name = (char *)"a", .size = 1ULL << 40};
	struct tar *tar = x_alloc(sizeof *tar);
	CHECK_OK(tar_write_header(&bytes, &entry, &err));
	stream_memory_init(&memory, bytes.data, bytes.len, 0);
	tar_init(tar, &memory.base);
	CHECK_INT(tar_next(tar, &read, &err), 1);
	CHECK_INT(read->size, 1LL << 40);
	tar_done(tar);
	free(tar);
}

TEST(attributes_are_sorted_and_exact)
{
	char big[60000];
	memset(big, 'x', sizeof big);
	struct tar_xattr xattrs[] = {
	    {"security.capability", "\0\1=\n", 4}, {"user.a", "", 0}, {"user.b", big, sizeof big}};
	there_and_back(&(struct tar_entry){.type = TAR_FILE, .name = (char *)"a", .xattrs = xattrs, .xattr_count = 3});
	auto_buf one = BUF_INIT(1 << 20), other = BUF_INIT(1 << 20);
	struct tar_xattr turned[] = {xattrs[2], xattrs[0], xattrs[1]};
	struct err err;
	CHECK_OK(tar_write_header(
	    &one, &(struct tar_entry){.type = TAR_FILE, .name = (char *)"a", .xattrs = xattrs, .xattr_count = 3},
	    &err));
	CHECK_OK(tar_write_header(
	    &other, &(struct tar_entry){.type = TAR_FILE, .name = (char *)"a", .xattrs = turned, .xattr_count = 3},
	    &err));
	CHECK(one.len == other.len && memcmp(one.data, other.data, one.len) == 0);
}

TEST(too_much_is_an_error)
{
	auto_buf bytes = BUF_INIT(8 << 20);
	auto_free char *big = x_alloc(TAR_RECORD_MAX);
	struct err err;
	struct tar_xattr xattr = {"user.big", big, TAR_RECORD_MAX};
	CHECK_ERR(tar_write_header(
		      &bytes,
		      &(struct tar_entry){.type = TAR_FILE, .name = (char *)"a", .xattrs = &xattr, .xattr_count = 1},
		      &err),
		  E2BIG);
	memset(big, 'a', PATH_MAX);
	big[PATH_MAX] = 0;
	CHECK_ERR(tar_write_header(&bytes, &(struct tar_entry){.type = TAR_FILE, .name = big}, &err), ENAMETOOLONG);
}
