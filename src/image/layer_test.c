#include "image/layer.h"
#include "image/split.h"
#include "image/tar.h"
#include "image/tar_tree.h"
#include "unit/archive.h"
#include "unit/test.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

static int dir_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		test_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
	return fd;
}

static void file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void time_set(const char *path, long seconds)
{
	struct timespec times[2] = {{.tv_sec = seconds, .tv_nsec = 5}, {.tv_sec = seconds, .tv_nsec = 5}};
	CHECK_INT(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

/* A tree with one of each. */
static void tree_make(const char *root)
{
	char at[256];
#define AT(name) (snprintf(at, sizeof at, "%s/%s", root, name), at)
	CHECK_INT(mkdir(root, 0755), 0);
	CHECK_INT(mkdir(AT("d"), 01777), 0);
	CHECK_INT(chmod(at, 01777), 0);
	file_write(AT("d/file"), "some text\n");
	CHECK_INT(chmod(at, 04755), 0);
	CHECK_INT(chown(at, 1000, 2000), 0);
	CHECK_INT(chmod(at, 04755), 0);
	file_write(AT("d/empty"), "");
	CHECK_INT(symlink("/nowhere/\xffx", AT("d/link")), 0);
	CHECK_INT(mkfifo(AT("pipe"), 0600), 0);
	CHECK_INT(mknod(AT("null"), S_IFCHR | 0666, makedev(1, 3)), 0);
	file_write(AT("zz"), "linked");
	char other[256];
	snprintf(other, sizeof other, "%s/d/hard", root);
	CHECK_INT(link(AT("zz"), other), 0);
	CHECK_INT(mknod(AT("gone"), S_IFCHR, makedev(0, 0)), 0);
	CHECK_INT(mkdir(AT("opaque"), 0700), 0);
	CHECK_INT(setxattr(at, "trusted.overlay.opaque", "y", 1, 0), 0);
	CHECK_INT(setxattr(AT("d/file"), "user.note", "a=b", 3, 0), 0);
	struct vfs_cap_data capability = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
					  .data = {{1 << 10, 0}}};
	CHECK_INT(setxattr(AT("d/file"), "security.capability", &capability, XATTR_CAPS_SZ_2, 0), 0);
	static const char *const all[] = {"d/file", "d/empty", "d/link", "pipe", "null", "zz", "opaque", "d", "."};
	for (size_t i = 0; i < array_size(all); i++)
		time_set(AT(all[i]), 1700000000 + (long)i);
}

static struct layer_result make(const char *upper, const char *name, bool in_place, const char *blob,
				enum compress_kind kind)
{
	struct err err;
	struct layer_result result;
	auto_fd int from = dir_open(upper), staging = dir_open(".");
	const struct layer_request request = {from, staging, name, in_place, blob, kind};
	CHECK_OK(layer_make(&request, &result, &err));
	return result;
}

/* The names and letters of a tar, one per line. */
static void listing(struct stream *source, struct buf *out)
{
	struct err err;
	struct tar *tar = x_alloc(sizeof *tar);
	const struct tar_entry *entry;
	int rc;
	tar_init(tar, source);
	while ((rc = tar_next(tar, &entry, &err)) > 0)
		buf_printf(out, "%c %s%s%s\n", "-hlcbdp"[entry->type], entry -> name, *entry -> link ? " " : "",
			   entry->link);
	if (rc < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	CHECK_OK(tar_drain(tar, &err));
	tar_done(tar);
	free(tar);
}

TEST(an_upper_directory_becomes_a_layer)
{
	auto_buf names = BUF_INIT(1 << 20);
	struct err err;
	struct stream *tar;
	tree_make("upper");
	auto_fd int dir = dir_open("upper");
	CHECK_OK(tar_tree_open(dir, ".", &(struct tar_tree_options){.overlay = true}, &tar, &err));
	listing(tar, &names);
	stream_done(tar);
	CHECK_STR(names.data, "d d/\n- d/empty\n- d/file\n- d/hard\nl d/link /nowhere/\xffx\n- .wh.gone\nc null\nd "
			      "opaque/\n- opaque/.wh..wh..opq\np pipe\nh zz d/hard\n");
}

TEST(a_copy_is_the_same_and_gives_the_same_digest)
{
	tree_make("upper");
	struct layer_result first = make("upper", "one", false, NULL, 0),
			    second = make("one/diff", "two", false, NULL, 0);
	CHECK_STR(first.layer.diff_id.text, second.layer.diff_id.text);
	CHECK_INT(first.layer.entries, 11);
	CHECK_INT(first.layer.size, 16);
	struct stat info;
	CHECK_INT(lstat("two/diff/d/file", &info), 0);
	CHECK_INT(info.st_mode & 07777, 04755);
	CHECK_INT(info.st_uid, 1000);
	CHECK_INT(info.st_mtim.tv_sec, 1700000000);
	CHECK_INT(info.st_mtim.tv_nsec, 0);
	CHECK_INT(lgetxattr("two/diff/d/file", "security.capability", NULL, 0), XATTR_CAPS_SZ_2);
	CHECK_INT(lstat("two/diff/gone", &info), 0);
	CHECK(S_ISCHR(info.st_mode) && info.st_rdev == 0);
	CHECK_INT(lgetxattr("two/diff/opaque", "trusted.overlay.opaque", NULL, 0), 1);
	CHECK_INT(lstat("two/diff/zz", &info), 0);
	CHECK_INT(info.st_nlink, 2);
}

static int count_bytes(void *cookie, const void *data, size_t size, struct err *err)
{
	(void)data, (void)err;
	*(uint64_t *)cookie += size;
	return 0;
}

TEST(in_place_makes_the_same_split)
{
	struct err err;
	tree_make("upper");
	struct layer_result copied = make("upper", "one", false, NULL, 0), moved = make("upper", "two", true, NULL, 0);
	CHECK_STR(copied.layer.diff_id.text, moved.layer.diff_id.text);
	CHECK_INT(copied.layer.size, moved.layer.size);
	CHECK_INT(copied.layer.entries, moved.layer.entries);
	CHECK_INT(rename("upper", "two/diff"), 0);
	CHECK_INT(rename("two", digest_hex(&moved.layer.diff_id)), 0);
	auto_fd int here = dir_open(".");
	uint64_t bytes = 0, size;
	CHECK_OK(layer_copy(here, &moved.layer.diff_id, count_bytes, &bytes, &err));
	CHECK_OK(layer_tar_size(here, &moved.layer.diff_id, &size, &err));
	CHECK_INT(size, bytes);
}

TEST(blobs_have_both_digests)
{
	static const enum compress_kind kinds[] = {COMPRESS_PLAIN, COMPRESS_GZIP, COMPRESS_ZSTD};
	tree_make("upper");
	for (size_t i = 0; i < array_size(kinds); i++) {
		char name[] = "layer0", blob[] = "blob0";
		struct err err;
		struct stream_fd file;
		struct stream *plain;
		struct stream_hash whole, content;
		enum compress_kind kind;
		struct digest digest;
		const uint8_t *data;
		size_t size;
		name[5] = blob[4] = (char)('0' + i);
		struct layer_result result = make("upper", name, i > 0, blob, kinds[i]);
		auto_fd int fd = open(blob, O_RDONLY | O_CLOEXEC);
		stream_fd_init(&file, fd);
		stream_hash_init(&whole, &file.base);
		CHECK_OK(compress_open(&whole.base, &plain, &kind, &err));
		CHECK_INT(kind, kinds[i]);
		stream_hash_init(&content, plain);
		do
			CHECK_OK(stream_next(&content.base, &data, &size, &err));
		while (size > 0);
		digest_final(content.hash, &digest);
		CHECK_STR(digest.text, result.layer.diff_id.text);
		digest_final(whole.hash, &digest);
		CHECK_STR(digest.text, result.blob.text);
		CHECK_INT(whole.total, result.blob_size);
		stream_done(&content.base);
		stream_done(plain);
		stream_done(&whole.base);
		stream_done(&file.base);
	}
}

TEST(what_a_layer_cannot_hold_is_an_error)
{
	struct err err;
	struct layer_result result;
	CHECK_INT(mkdir("upper", 0755), 0);
	file_write("upper/.wh.name", "");
	auto_fd int upper = dir_open("upper"), staging = dir_open(".");
	struct layer_request request = {upper, staging, "one", false, NULL, 0};
	CHECK_ERR(layer_make(&request, &result, &err), EINVAL);
	CHECK_CONTAINS(err.msg, ".wh.name");
	CHECK_INT(unlink("upper/.wh.name"), 0);
	CHECK_INT(mkdir("upper/d", 0755), 0);
	CHECK_INT(setxattr("upper/d", "trusted.overlay.redirect", "x", 1, 0), 0);
	request.name = "two";
	CHECK_ERR(layer_make(&request, &result, &err), EOPNOTSUPP);
}

TEST(sockets_are_left_out_and_deep_trees_end)
{
	struct err err;
	struct layer_result result;
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "upper/socket"};
	CHECK_INT(mkdir("upper", 0755), 0);
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK_INT(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	CHECK_INT(make("upper", "one", false, NULL, 0).layer.entries, 0);
	auto_fd int at = dir_open("upper");
	for (int i = 0; i < 600; i++) {
		CHECK_INT(mkdirat(at, "d", 0755), 0);
		int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CHECK(next >= 0);
		close(at);
		at = next;
	}
	auto_fd int upper = dir_open("upper"), staging = dir_open(".");
	const struct layer_request request = {upper, staging, "two", false, NULL, 0};
	CHECK_ERR(layer_make(&request, &result, &err), ENAMETOOLONG);
	CHECK_CONTAINS(err.msg, "directories deep");
}

TEST(the_root_has_an_entry_when_it_is_special)
{
	auto_buf names = BUF_INIT(1 << 16);
	struct err err;
	struct stream *tar;
	CHECK_INT(mkdir("upper", 0755), 0);
	CHECK_INT(chmod("upper", 01777), 0);
	file_write("upper/a", "a");
	auto_fd int dir = dir_open("upper");
	CHECK_OK(tar_tree_open(dir, ".", &(struct tar_tree_options){.overlay = true}, &tar, &err));
	listing(tar, &names);
	stream_done(tar);
	CHECK_STR(names.data, "d ./\n- a\n");
	make("upper", "one", false, NULL, 0);
	struct stat info;
	CHECK_INT(stat("one/diff", &info), 0);
	CHECK_INT(info.st_mode & 07777, 01777);
}

TEST(names_begin_as_asked)
{
	auto_buf names = BUF_INIT(1 << 16);
	struct err err;
	struct stream *tar;
	tree_make("upper");
	auto_fd int here = dir_open(".");
	CHECK_OK(tar_tree_open(here, "upper", &(struct tar_tree_options){.name = "new"}, &tar, &err));
	listing(tar, &names);
	stream_done(tar);
	CHECK_CONTAINS(names.data, "d new/\nd new/d/\n- new/d/empty\n");
	CHECK(!strstr(names.data, ".wh."));
	buf_reset(&names);
	CHECK_OK(tar_tree_open(here, "upper/d/file", &(struct tar_tree_options){.name = "other"}, &tar, &err));
	listing(tar, &names);
	stream_done(tar);
	CHECK_STR(names.data, "- other\n");
}

/* --- split --- */

static struct unpack_result staged(const struct buf *tar, const char *name)
{
	struct err err;
	struct stream_memory memory;
	struct unpack_result result;
	auto_fd int here = dir_open(".");
	stream_memory_init(&memory, tar->data, tar->len, 777);
	CHECK_OK(unpack_staged(here, name, &memory.base, NULL, &result, &err));
	return result;
}

static int append(void *cookie, const void *data, size_t size, struct err *err)
{
	(void)err;
	buf_append(cookie, data, size);
	return 0;
}

static void check_back(const struct buf *tar, const char *name)
{
	struct err err;
	auto_buf back = BUF_INIT(64 << 20);
	struct unpack_result result = staged(tar, name);
	CHECK_INT(rename(name, digest_hex(&result.diff_id)), 0);
	auto_fd int here = dir_open(".");
	CHECK_OK(layer_copy(here, &result.diff_id, append, &back, &err));
	CHECK_INT(back.len, tar->len);
	CHECK(memcmp(back.data, tar->data, tar->len) == 0);
}

TEST(any_archive_comes_back_byte_by_byte)
{
	auto_buf tar = BUF_INIT(64 << 20);
	auto_free char *big = x_alloc(3 << 20);
	for (size_t i = 0; i < 3 << 20; i++)
		big[i] = (char)(i * 7 + i / 1000);
	archive_add(&tar, .name = "./", .type = '5', .mode = 0700);
	archive_add(&tar, .name = "./big", .data = big, .size = 3 << 20);
	archive_add(&tar, .name = "/d/../x", .type = '5', .no_data = true);
	tar.len -= 512; /* a name that is refused: not part of it */
	archive_pax(&tar, PAX("path", "d//e/./f", "mtime", "1.5"));
	archive_add(&tar, .name = "ignored", .data = "hello");
	archive_add(&tar, .name = "d/.wh.gone", .data = "data of a whiteout");
	archive_add(&tar, .name = ".wh..wh.plnk/1.2", .data = "aufs");
	archive_add(&tar, .name = "link", .type = '1', .link = "d/e/f");
	archive_end(&tar);
	static const char more[9000];
	buf_append(&tar, more, sizeof more - sizeof more % 512);
	check_back(&tar, "one");
}

TEST(what_an_archive_replaces_is_kept_for_it)
{
	auto_buf tar = BUF_INIT(1 << 20);
	archive_add(&tar, .name = "a", .data = "first");
	archive_add(&tar, .name = "a", .data = "second");
	archive_add(&tar, .name = "d", .type = '5');
	archive_add(&tar, .name = "d/x", .data = "in d");
	archive_add(&tar, .name = "d", .data = "d is a file now");
	archive_add(&tar, .name = "d", .type = '5');
	archive_add(&tar, .name = "d/x", .data = "again");
	archive_add(&tar, .name = "b", .type = '1', .link = "a");
	archive_add(&tar, .name = "a", .type = '2', .link = "b");
	archive_end(&tar);
	check_back(&tar, "one");
}

TEST(sparse_files_come_back)
{
	auto_buf tar = BUF_INIT(1 << 20);
	archive_pax(&tar, PAX("GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.name", "s",
			      "GNU.sparse.realsize", "1000000"));
	char data[512 + 6] = "2\n0\n3\n999997\n3\n";
	memcpy(data + 512, "abcxyz", 6);
	archive_add(&tar, .name = "x", .data = data, .size = sizeof data);
	archive_end(&tar);
	check_back(&tar, "one");
}

/* One byte changed, or the end cut off, at every place: an error or the right tar, whose digest layer_copy checks. */
TEST(a_damaged_layer_is_told)
{
	auto_buf tar = BUF_INIT(1 << 20);
	auto_buf split = BUF_INIT(1 << 20);
	struct err err;
	uint64_t bytes;
	archive_add(&tar, .name = "a", .data = "first");
	archive_add(&tar, .name = "a", .data = "second");
	archive_add(&tar, .name = "c", .data = "third");
	archive_end(&tar);
	struct unpack_result result = staged(&tar, "one");
	CHECK_INT(rename("one", digest_hex(&result.diff_id)), 0);
	auto_fd int here = dir_open("."),
		    layer = openat(here, digest_hex(&result.diff_id), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int fd = openat(layer, "split", O_RDWR | O_CLOEXEC);
	ssize_t size = read(fd, buf_room(&split, 1 << 16), 1 << 16);
	CHECK(size > 0);
	for (ssize_t i = 0; i < size; i++) {
		char changed = (char)(split.data[i] ^ 0x21);
		CHECK_INT(pwrite(fd, &changed, 1, i), 1);
		int rc = layer_copy(here, &result.diff_id, count_bytes, &bytes, &err);
		CHECK(rc <= 0);
		CHECK_INT(pwrite(fd, &split.data[i], 1, i), 1);
		CHECK_INT(ftruncate(fd, i), 0);
		rc = layer_copy(here, &result.diff_id, count_bytes, &bytes, &err);
		CHECK(rc < 0 || i > size / 2);
		CHECK_INT(pwrite(fd, split.data, (size_t)size, 0), size);
	}
	CHECK_OK(layer_copy(here, &result.diff_id, count_bytes, &bytes, &err));
	auto_fd int file = openat(layer, "diff/c", O_RDWR | O_CLOEXEC);
	CHECK_INT(pwrite(file, "T", 1, 0), 1);
	CHECK_ERR(layer_copy(here, &result.diff_id, count_bytes, &bytes, &err), EBADMSG);
	CHECK_CONTAINS(err.msg, "damaged: its content is");
	CHECK_INT(unlinkat(layer, "diff/c", 0), 0);
	CHECK_INT(symlinkat("/etc/passwd", layer, "diff/c"), 0);
	CHECK_ERR(layer_copy(here, &result.diff_id, count_bytes, &bytes, &err), EBADMSG);
	CHECK_INT(unlinkat(layer, "split", 0), 0);
	CHECK_ERR(layer_copy(here, &result.diff_id, count_bytes, &bytes, &err), ENOENT);
}
