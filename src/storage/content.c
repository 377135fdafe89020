#include "storage/content.h"

#include "base/fd.h"
#include "base/file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { BLOB_PATH = 96 };

static void blob_path(const struct digest *digest, char out_path[BLOB_PATH])
{
	snprintf(out_path, BLOB_PATH, "blobs/sha256/%s", digest_hex(digest));
}

int content_begin(int dir, const char *name, uint64_t size, struct content_writer *out_writer, struct err *err)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "create %s", name);
	*out_writer = (struct content_writer){.fd = fd, .hash = hash_new(), .size = size};
	return 0;
}

int content_write(struct content_writer *writer, const void *data, size_t size, struct err *err)
{
	if (size > writer->size - writer->written)
		return err_set(err, EFBIG, "the content is larger than the announced %llu bytes",
			       (unsigned long long)writer->size);
	int result = fd_write_full(writer->fd, data, size);
	if (result < 0) {
		errno = -result;
		return err_sys(err, "write content");
	}
	hash_update(writer->hash, data, size);
	writer->written += size;
	return 0;
}

int content_finish(struct content_writer *writer, const struct digest *expected, struct digest *out_digest,
		   struct err *err)
{
	struct digest digest;
	digest_final(writer->hash, &digest);
	uint64_t written = writer->written, size = writer->size;
	content_abort(writer);
	if (size != CONTENT_SIZE_ANY && written != size)
		return err_set(err, EBADMSG, "the content has %llu bytes, not the announced %llu",
			       (unsigned long long)written, (unsigned long long)size);
	if (expected && strcmp(expected->text, digest.text) != 0)
		return err_set(err, EBADMSG, "the content is %s, not the announced %s", digest.text, expected->text);
	*out_digest = digest;
	return 0;
}

void content_abort(struct content_writer *writer)
{
	if (!writer->hash)
		return;
	hash_free(writer->hash);
	close(writer->fd);
	*writer = (struct content_writer){.fd = -1};
}

int content_stage(int dir, const char *name, const void *data, size_t size, struct digest *out_digest, struct err *err)
{
	struct content_writer writer;
	int result = content_begin(dir, name, size, &writer, err);
	if (result < 0)
		return result;
	result = content_write(&writer, data, size, err);
	if (result < 0) {
		content_abort(&writer);
		return result;
	}
	return content_finish(&writer, NULL, out_digest, err);
}

/* The bytes of a document, which must have this digest. */
static int read_verified(int dir, const char *name, const struct digest *digest, struct buf *buf, struct err *err)
{
	struct digest found;
	struct stat info;
	size_t before = buf->len;
	auto_fd int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) < 0)
		return err_sys(err, "read %s", digest->text);
	if (!S_ISREG(info.st_mode) || info.st_size > CONTENT_DOCUMENT_MAX)
		return err_set(err, EBADMSG, "%s is not a document of at most %d bytes", digest->text,
			       CONTENT_DOCUMENT_MAX);
	int result = file_read_fd(fd, digest->text, buf, err);
	if (result < 0)
		return result;
	digest_of(buf_str(buf) + before, buf->len - before, &found);
	if (strcmp(found.text, digest->text) != 0)
		return err_set(err, EBADMSG, "the content of %s is damaged: it is %s", digest->text, found.text);
	return 0;
}

int content_publish(int data, int dir, const char *name, const struct digest *digest, struct err *err)
{
	char path[BLOB_PATH];
	struct stat info;
	auto_buf content = BUF_INIT(CONTENT_DOCUMENT_MAX);
	auto_fd int folder = openat(data, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return err_sys(err, "open blobs/sha256");
	int result = read_verified(dir, name, digest, &content, err);
	if (result < 0)
		return result;
	blob_path(digest, path);
	if (fstatat(data, path, &info, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	auto_fd int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0 || renameat(dir, name, folder, digest_hex(digest)) < 0 || fsync(folder) < 0)
		return err_sys(err, "publish %s", digest->text);
	return 0;
}

int content_adopt(int data, int dir, const char *name, const struct digest *digest, uint64_t size, struct err *err)
{
	char path[BLOB_PATH];
	struct stat info, there;
	blob_path(digest, path);
	if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) < 0) {
		/* Another job's, of the same content, may have been faster. */
		if (errno == ENOENT && fstatat(data, path, &there, AT_SYMLINK_NOFOLLOW) == 0)
			return 0;
		return err_sys(err, "publish %s", digest->text);
	}
	if (!S_ISREG(info.st_mode) || (uint64_t)info.st_size != size)
		return err_set(err, EBADMSG, "%s has %lld bytes, not the announced %llu", digest->text,
			       (long long)info.st_size, (unsigned long long)size);
	if (renameat(dir, name, data, path) < 0)
		return err_sys(err, "publish %s", digest->text);
	return 0;
}

int content_read(int data, const struct digest *digest, struct buf *buf, struct err *err)
{
	char path[BLOB_PATH];
	blob_path(digest, path);
	return read_verified(data, path, digest, buf, err);
}

int content_remove(int data, const struct digest *digest, struct err *err)
{
	char path[BLOB_PATH];
	blob_path(digest, path);
	if (unlinkat(data, path, 0) < 0 && errno != ENOENT)
		return err_sys(err, "remove %s", digest->text);
	return 0;
}
