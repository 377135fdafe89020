#include "image/unpack.h"
#include "unit/archive.h"
#include "unit/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static int unpack(const struct buf *buf, const struct unpack_limits *limits, struct unpack_result *result,
		  struct err *err)
{
	struct stream_memory memory;
	CHECK(mkdir("layer", 0755) == 0 || errno == EEXIST);
	int dir = open("layer", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream_memory_init(&memory, buf_str(buf), buf->len, 10000);
	int status = unpack_layer(dir, &memory.base, limits, result, err);
	close(dir);
	return status;
}

static struct unpack_result accept(struct buf *buf)
{
	struct err err;
	struct unpack_result result;
	archive_end(buf);
	CHECK_OK(unpack(buf, NULL, &result, &err));
	return result;
}

static struct stat look(const char *path)
{
	struct stat info;
	if (lstat(path, &info) < 0)
		test_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
	return info;
}

static bool missing(const char *path)
{
	struct stat info;
	return lstat(path, &info) < 0 && errno == ENOENT;
}

static void check_text(const char *path, const char *expected)
{
	char text[256] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && read(fd, text, sizeof text - 1) >= 0);
	close(fd);
	CHECK_STR(text, expected);
}

static bool opaque(const char *path)
{
	char value[2] = "";
	return lgetxattr(path, "trusted.overlay.opaque", value, sizeof value) == 1 && value[0] == 'y';
}

static bool whiteout(const char *path)
{
	struct stat info = look(path);
	return S_ISCHR(info.st_mode) && info.st_rdev == makedev(0, 0);
}

static void need_root(void)
{
	if (geteuid() != 0)
		test_skip("needs root");
}

TEST(unpack_makes_what_the_archive_says)
{
	need_root();
	auto_buf buf = BUF_INIT(1 << 20);
	archive_add(&buf, .type = '5', .name = "./", .mode = 0711, .uid = 5, .mtime = 500);
	archive_add(&buf, .type = '5', .name = "./dir", .mode = 02750, .uid = 1, .gid = 2, .mtime = 1000);
	archive_add(&buf, .name = "./dir/suid", .data = "run", .mode = 04755, .uid = 12, .gid = 34, .mtime = 2000);
	archive_add(&buf, .name = "./dir/roots", .data = "x");
	archive_add(&buf, .type = '1', .name = "./hard", .link = "./dir/suid");
	archive_add(&buf, .type = '2', .name = "soft", .link = "/etc/passwd", .uid = 9, .mtime = 3000);
	archive_add(&buf, .type = '3', .name = "null", .mode = 0666, .major = 1, .minor = 3);
	archive_add(&buf, .type = '4', .name = "disk", .mode = 0660, .major = 8, .minor = 1, .gid = 6);
	archive_add(&buf, .type = '6', .name = "fifo", .mode = 0600);
	archive_add(&buf, .name = "/absolute/deep/file", .data = "inside");
	struct unpack_result result = accept(&buf);
	CHECK_INT(result.entries, 10);
	CHECK_INT(result.size, 3 + 1 + 6);
	CHECK(!result.opaque);
	struct digest digest;
	digest_of(buf.data, buf.len, &digest);
	CHECK_STR(result.diff_id.text, digest.text);

	struct stat info = look("layer");
	CHECK((info.st_mode & 07777) == 0711 && info.st_uid == 5 && info.st_mtime == 500);
	info = look("layer/dir");
	CHECK((info.st_mode & 07777) == 02750 && info.st_uid == 1 && info.st_gid == 2 && info.st_mtime == 1000);
	info = look("layer/dir/suid");
	CHECK((info.st_mode & 07777) == 04755 && info.st_uid == 12 && info.st_gid == 34 && info.st_mtime == 2000);
	CHECK(info.st_nlink == 2 && look("layer/hard").st_ino == info.st_ino);
	CHECK(look("layer/dir/roots").st_gid == 0); /* not of the set-gid directory */
	info = look("layer/soft");
	CHECK(S_ISLNK(info.st_mode) && info.st_uid == 9 && info.st_mtime == 3000);
	info = look("layer/null");
	CHECK(S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3) && (info.st_mode & 07777) == 0666);
	info = look("layer/disk");
	CHECK(S_ISBLK(info.st_mode) && info.st_rdev == makedev(8, 1) && info.st_gid == 6);
	CHECK(S_ISFIFO(look("layer/fifo").st_mode));
	check_text("layer/absolute/deep/file", "inside");
	CHECK((look("layer/absolute").st_mode & 07777) == 0755);
}

TEST(unpack_keeps_the_times_of_directories_entered_again)
{
	need_root();
	auto_buf buf = BUF_INIT(1 << 20);
	archive_add(&buf, .type = '5', .name = "a", .mtime = 1000);
	archive_add(&buf, .name = "a/1");
	archive_add(&buf, .type = '5', .name = "b", .mtime = 2000);
	archive_add(&buf, .name = "a/2");
	archive_add(&buf, .type = '2', .name = "b/l", .link = "x");
	archive_add(&buf, .type = '1', .name = "a/3", .link = "a/2");
	accept(&buf);
	CHECK_INT(look("layer/a").st_mtime, 1000);
	CHECK_INT(look("layer/b").st_mtime, 2000);
}

TEST(unpack_keeps_attributes)
{
	need_root();
	char value[64];
	static const char capability[] = "\1\0\0\2\0 \0\0\0\0\0\0\0\0\0\0\0\0\0\0"; /* VFS_CAP_REVISION_2, net_raw */
	auto_buf buf = BUF_INIT(1 << 20), records = BUF_INIT(4096);
	archive_record(&records, "SCHILY.xattr.security.capability", capability, 20);
	archive_record(&records, "SCHILY.xattr.user.note", "text", 4);
	archive_record(&records, "SCHILY.xattr.security.selinux", "label", 5);
	archive_add(&buf, .type = 'x', .name = "x", .data = records.data, .size = records.len);
	archive_add(&buf, .name = "ping", .data = "x", .mode = 0755, .uid = 7);
	archive_pax(&buf, PAX("SCHILY.xattr.user.dir", "d"));
	archive_add(&buf, .type = '5', .name = "dir");
	accept(&buf);
	CHECK_INT(getxattr("layer/ping", "security.capability", value, sizeof value), 20);
	CHECK(memcmp(value, capability, 20) == 0);
	ssize_t size = getxattr("layer/ping", "user.note", value, sizeof value);
	CHECK(size == 4 || errno == EOPNOTSUPP || errno == ENODATA);
	CHECK(look("layer/ping").st_uid == 7);
}

TEST(unpack_keeps_holes)
{
	need_root();
	auto_buf buf = BUF_INIT(1 << 20);
	archive_pax(&buf, PAX("GNU.sparse.name", "sparse", "GNU.sparse.size", "1073741824", "GNU.sparse.map",
			      "0,4,1000000,4,1073741824,0"));
	archive_add(&buf, .name = "GNUSparseFile.0/sparse", .data = "headtail");
	struct unpack_result result = accept(&buf);
	CHECK_INT(result.size, 1073741824);
	struct stat info = look("layer/sparse");
	CHECK_INT(info.st_size, 1073741824);
	CHECK(info.st_blocks < 1000);
	char text[5] = "";
	int fd = open("layer/sparse", O_RDONLY | O_CLOEXEC);
	CHECK(pread(fd, text, 4, 1000000) == 4);
	close(fd);
	CHECK_STR(text, "tail");
}

TEST(unpack_replaces_earlier_entries)
{
	need_root();
	auto_buf buf = BUF_INIT(1 << 20);
	archive_add(&buf, .name = "a", .data = "first");
	archive_add(&buf, .name = "a", .data = "2nd");
	archive_add(&buf, .type = '5', .name = "d");
	archive_add(&buf, .name = "d/x", .data = "x");
	archive_add(&buf, .name = "d", .data = "file");
	archive_add(&buf, .type = '2', .name = "l", .link = "a");
	archive_add(&buf, .name = "l", .data = "not through the link");
	archive_add(&buf, .type = '2', .name = "e", .link = "d2");
	archive_add(&buf, .type = '5', .name = "e");
	archive_add(&buf, .name = "e/x", .data = "x");
	accept(&buf);
	check_text("layer/a", "2nd");
	check_text("layer/d", "file");
	check_text("layer/l", "not through the link");
	CHECK(S_ISDIR(look("layer/e").st_mode));
}

TEST(unpack_translates_whiteouts)
{
	need_root();
	auto_buf buf = BUF_INIT(1 << 20);
	archive_add(&buf, .type = '5', .name = "etc");
	archive_add(&buf, .name = "etc/.wh.gone");
	archive_add(&buf, .type = '5', .name = "var");
	archive_add(&buf, .name = "var/.wh..wh..opq");
	archive_add(&buf, .name = "var/new", .data = "x");
	archive_add(&buf, .name = ".wh.top");
	/* removed and made anew, in any order: the new one stays and hides what was there before */
	archive_add(&buf, .name = ".wh.again");
	archive_add(&buf, .type = '5', .name = "again");
	archive_add(&buf, .name = "again/file", .data = "x");
	archive_add(&buf, .type = '5', .name = "later");
	archive_add(&buf, .name = "later/file", .data = "x");
	archive_add(&buf, .name = ".wh.later");
	archive_add(&buf, .name = ".wh.implied");
	archive_add(&buf, .name = "implied/file", .data = "x");
	archive_add(&buf, .name = ".wh.plain");
	archive_add(&buf, .name = "plain", .data = "new");
	/* aufs' own */
	archive_add(&buf, .name = ".wh..wh.aufs");
	archive_add(&buf, .type = '5', .name = ".wh..wh.plnk");
	archive_add(&buf, .name = ".wh..wh.plnk/12.34", .data = "x");
	struct unpack_result result = accept(&buf);
	CHECK(!result.opaque);
	CHECK(whiteout("layer/etc/gone") && whiteout("layer/top"));
	CHECK(opaque("layer/var") && !opaque("layer/etc"));
	CHECK(missing("layer/var/.wh..wh..opq") && missing("layer/etc/.wh.gone"));
	check_text("layer/var/new", "x");
	check_text("layer/again/file", "x");
	CHECK(opaque("layer/again") && opaque("layer/later") && opaque("layer/implied"));
	check_text("layer/later/file", "x");
	check_text("layer/plain", "new");
	CHECK(missing("layer/.wh..wh.aufs") && missing("layer/.wh..wh.plnk"));

	buf_reset(&buf);
	archive_add(&buf, .name = ".wh..wh..opq");
	CHECK(accept(&buf).opaque);
}

static void refuse(struct buf *buf, const char *why)
{
	struct err err = {0};
	struct unpack_result result;
	archive_end(buf);
	if (unpack(buf, NULL, &result, &err) == 0)
		test_fail(__FILE__, __LINE__, "accepted, not refused because: %s", why);
	CHECK_CONTAINS(err.msg, why);
	buf_reset(buf);
	/* Nothing outside was touched, whatever was tried. */
	check_text("outside/secret", "secret");
	CHECK(missing("outside/planted") && missing("planted"));
	CHECK_INT(look("outside").st_mode & 07777, 0755);
	CHECK_INT(look("outside/secret").st_nlink, 1);
}

static void make_outside(void)
{
	need_root();
	CHECK(mkdir("outside", 0755) == 0);
	int fd = open("outside/secret", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && write(fd, "secret", 6) == 6);
	close(fd);
}

/* I-01: names, links and hard links that lead out */
TEST(unpack_stays_inside)
{
	make_outside();
	char absolute[300], here[200];
	CHECK(getcwd(here, sizeof here));
	snprintf(absolute, sizeof absolute, "%s/outside", here);
	auto_buf buf = BUF_INIT(1 << 20);

	archive_add(&buf, .name = "../planted", .data = "x");
	refuse(&buf, "\"..\" in a name");
	archive_add(&buf, .name = "a/../../planted", .data = "x");
	refuse(&buf, "\"..\" in a name");
	archive_add(&buf, .name = "a/..", .type = '5');
	refuse(&buf, "\"..\" in a name");

	archive_add(&buf, .type = '2', .name = "out", .link = "../outside");
	archive_add(&buf, .name = "out/planted", .data = "x");
	refuse(&buf, "symbolic link, which is not followed");
	archive_add(&buf, .type = '2', .name = "abs", .link = absolute);
	archive_add(&buf, .name = "abs/planted", .data = "x");
	refuse(&buf, "symbolic link, which is not followed");
	archive_add(&buf, .type = '2', .name = "abs2", .link = absolute);
	archive_add(&buf, .name = "abs2/secret", .data = "overwritten");
	refuse(&buf, "symbolic link, which is not followed");
	/* a chain, and one planted by an earlier layer in the same directory */
	archive_add(&buf, .type = '2', .name = "one", .link = "two");
	archive_add(&buf, .type = '2', .name = "two", .link = "../outside");
	archive_add(&buf, .type = '5', .name = "one/planted");
	refuse(&buf, "symbolic link, which is not followed");
	archive_add(&buf, .name = "two/deep/planted", .data = "x");
	refuse(&buf, "symbolic link, which is not followed");
	/* a directory entry on a link replaces the link, it does not change the target */
	archive_add(&buf, .type = '5', .name = "two", .mode = 0700);
	archive_add(&buf, .name = "two/../planted", .data = "x");
	refuse(&buf, "\"..\" in a name");

	archive_add(&buf, .type = '1', .name = "hard", .link = "../outside/secret");
	refuse(&buf, "\"..\" in a name");
	archive_add(&buf, .type = '2', .name = "l", .link = "../outside");
	archive_add(&buf, .type = '1', .name = "hard", .link = "l/secret");
	refuse(&buf, "hard link to l/secret");
	archive_add(&buf, .type = '1', .name = "hard", .link = absolute);
	refuse(&buf, "hard link to /");
	archive_add(&buf, .type = '1', .name = "hard", .link = ".");
	refuse(&buf, "hard link to .");
	archive_add(&buf, .type = '5', .name = "dir");
	archive_add(&buf, .type = '1', .name = "hard", .link = "dir");
	refuse(&buf, "hard link to a directory");
	/* through a hard link to a symbolic link */
	archive_add(&buf, .type = '2', .name = "s", .link = "../outside/secret");
	archive_add(&buf, .type = '1', .name = "h", .link = "s");
	archive_add(&buf, .name = "h", .data = "overwritten");
	archive_add(&buf, .name = "h/x", .data = "x");
	refuse(&buf, "not a directory");
	archive_add(&buf, .type = '2', .name = ".", .link = "../outside");
	refuse(&buf, "the root is not a directory");
}

/* I-03: overlay's own marks do not come from an archive */
TEST(unpack_takes_no_marks_of_overlay)
{
	make_outside();
	auto_buf buf = BUF_INIT(1 << 20);
	archive_add(&buf, .type = '3', .name = "etc", .major = 0, .minor = 0);
	refuse(&buf, "whiteout and may not come");
	static const char *const marks[] = {
	    "SCHILY.xattr.trusted.overlay.opaque",
	    "SCHILY.xattr.trusted.overlay.redirect",
	    "SCHILY.xattr.trusted.overlay.metacopy",
	    "SCHILY.xattr.trusted.overlay.origin",
	    "SCHILY.xattr.trusted.x",
	    "SCHILY.xattr.user.overlay.opaque",
	};
	for (size_t i = 0; i < array_size(marks); i++) {
		for (const char *type = "056"; *type; type++) {
			archive_pax(&buf, PAX(marks[i], "y"));
			archive_add(&buf, .type = *type, .name = "a");
			refuse(&buf, "may not come from an archive");
		}
	}
	archive_add(&buf, .name = ".wh.");
	refuse(&buf, "whiteout without a name");
	archive_add(&buf, .name = "n/.wh..");
	refuse(&buf, "whiteout without a name");
	archive_add(&buf, .name = ".wh...");
	refuse(&buf, "whiteout without a name");
	archive_add(&buf, .name = ".wh.dir/file", .data = "x");
	refuse(&buf, "below a whiteout");
	archive_add(&buf, .name = ".wh.x");
	archive_add(&buf, .type = '1', .name = "y", .link = "x");
	refuse(&buf, "a directory or a whiteout");
	/* through a link */
	archive_add(&buf, .type = '2', .name = "out", .link = "../outside");
	archive_add(&buf, .name = "out/.wh..wh..opq");
	refuse(&buf, "symbolic link, which is not followed");
	archive_add(&buf, .name = "out/.wh.secret");
	refuse(&buf, "symbolic link, which is not followed");
	CHECK(!opaque("outside"));
}

/* I-05 */
TEST(unpack_stops_at_its_limits)
{
	need_root();
	struct err err;
	struct unpack_result result;
	auto_buf buf = BUF_INIT(8 << 20);
	for (int i = 0; i < 20; i++) {
		char name[32];
		snprintf(name, sizeof name, "f%d", i);
		archive_add(&buf, .name = name, .data = "0123456789");
	}
	archive_end(&buf);
	CHECK_ERR(unpack(&buf, &(struct unpack_limits){.entries = 19}, &result, &err), EFBIG);
	CHECK_ERR(unpack(&buf, &(struct unpack_limits){.bytes = 199}, &result, &err), EFBIG);
	CHECK_OK(unpack(&buf, &(struct unpack_limits){.bytes = 200, .entries = 20}, &result, &err));

	buf_reset(&buf);
	archive_pax(&buf, PAX("GNU.sparse.size", "9000000000000000000", "GNU.sparse.map", "0,1"));
	archive_add(&buf, .name = "a", .data = "x");
	archive_end(&buf);
	CHECK_ERR(unpack(&buf, NULL, &result, &err), EFBIG);

	buf_reset(&buf);
	auto_buf deep = BUF_INIT(4096);
	for (int i = 0; i < 600; i++)
		buf_text(&deep, "d/");
	archive_pax(&buf, PAX("path", buf_str(&deep)));
	archive_add(&buf, .type = '5', .name = "d");
	archive_end(&buf);
	CHECK_ERR(unpack(&buf, NULL, &result, &err), ENAMETOOLONG);

	buf_reset(&buf);
	auto_free char *zeros = x_alloc(4 << 20);
	archive_add(&buf, .name = "big", .data = zeros, .size = 4 << 20);
	archive_end(&buf);
	CHECK_OK(unpack(&buf, NULL, &result, &err));
}

TEST(unpack_says_when_the_archive_is_cut)
{
	need_root();
	struct err err;
	struct unpack_result result;
	auto_buf buf = BUF_INIT(1 << 20);
	archive_add(&buf, .name = "a", .data = "text");
	buf.len = 700;
	CHECK_ERR(unpack(&buf, NULL, &result, &err), EBADMSG);
	CHECK_CONTAINS(err.msg, "middle of an entry");
}
