#include "image/hello.h"

#include "base/buffer.h"
#include "base/fd.h"
#include "image/job.h"
#include "image/split.h"
#include "storage/content.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

extern const char hello_bytes[];
extern const uint64_t hello_bytes_size;

enum { TAR_BLOCK_SIZE = 512 };

#if defined(__x86_64__)
#define ARCHITECTURE "amd64"
#else
#define ARCHITECTURE "arm64"
#endif

/* The layer as a tar, for its diff id: one file, owned by root, from the year 1970. */
static void layer_tar(struct buf *out, size_t size)
{
	struct {
		char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100], magic[6],
		    version[2], rest[247];
	} head = {.name = "hello",
		  .mode = "0000755",
		  .uid = "0000000",
		  .gid = "0000000",
		  .mtime = "00000000000",
		  .sum = "       ",
		  .type = '0',
		  .magic = "ustar",
		  .version = {'0', '0'}};
	_Static_assert(sizeof head == TAR_BLOCK_SIZE, "a tar header");
	unsigned sum = 0;
	snprintf(head.size, sizeof head.size, "%011zo", size);
	head.sum[7] = ' ';
	for (size_t i = 0; i < sizeof head; i++)
		sum += ((const unsigned char *)&head)[i];
	snprintf(head.sum, sizeof head.sum, "%06o", sum);
	head.sum[7] = ' ';
	static const char zeros[2 * TAR_BLOCK_SIZE];
	buf_append(out, &head, sizeof head);
	buf_append(out, hello_bytes, size);
	buf_append(out, zeros, (TAR_BLOCK_SIZE - size % TAR_BLOCK_SIZE) % TAR_BLOCK_SIZE);
	buf_append(out, zeros, sizeof zeros);
}

/* What the tar has beside the file, so that it can be given back (split.h). */
static int split_make(int staging, const struct buf *tar, size_t size, struct err *err)
{
	struct split_writer *split;
	auto_fd int layer = openat(staging, "hello", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (layer < 0)
		return err_sys(err, "make the embedded image");
	int rc = split_writer_open(layer, &split, err);
	if (rc < 0)
		return rc;
	split_literal(split, tar->data, TAR_BLOCK_SIZE);
	split_file(split, "hello", 0, size);
	split_literal(split, tar->data + TAR_BLOCK_SIZE + size, tar->len - TAR_BLOCK_SIZE - size);
	rc = split_writer_finish(split, err);
	split_writer_free(split);
	return rc;
}

static int hello_layer(int staging, size_t size, struct err *err)
{
	if (mkdirat(staging, "hello", 0700) < 0 || mkdirat(staging, "hello/diff", 0755) < 0)
		return err_sys(err, "make the embedded image");
	auto_fd int fd = openat(staging, "hello/diff/hello", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (fd < 0 || fchmod(fd, 0755) < 0)
		return err_sys(err, "make the embedded image");
	int rc = fd_write_full(fd, hello_bytes, size);
	return rc < 0 ? err_set(err, -rc, "make the embedded image: %s", strerror(-rc)) : 0;
}

int hello_make(int staging, struct arena *arena, struct image_job_result *out_result, struct err *err)
{
	enum { IMAGE_MAX = 1 << 20 };
	size_t size = hello_bytes_size;
	auto_buf tar = BUF_INIT(IMAGE_MAX), config = BUF_INIT(IMAGE_MAX);
	struct digest diff_id, id;
	layer_tar(&tar, size);
	int rc = buf_check(&tar, "the embedded image", err);
	if (rc < 0)
		return rc;
	digest_of(tar.data, tar.len, &diff_id);
	buf_printf(&config,
		   "{\"created\":\"1970-01-01T00:00:00Z\",\"architecture\":\"" ARCHITECTURE
		   "\",\"os\":\"linux\",\"config\":{\"Env\":"
		   "[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"],\"Cmd\":[\"/"
		   "hello\"],\"WorkingDir\":"
		   "\"/"
		   "\"},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]},\"history\":[{\"created\":\"1970-01-"
		   "01T00:00:00Z\","
		   "\"created_by\":\"embedded in tugd " TUG_VERSION "\"}]}",
		   diff_id.text);
	rc = hello_layer(staging, size, err);
	if (rc == 0)
		rc = split_make(staging, &tar, size, err);
	if (rc == 0)
		rc = content_stage(staging, "config", config.data, config.len, &id, err);
	if (rc < 0)
		return rc;
	char *diff_text = arena_strdup(arena, diff_id.text), *id_text = arena_strdup(arena, id.text);
	struct image_job_image *image = arena_new(arena, struct image_job_image);
	struct image_job_layer *layer = arena_new(arena, struct image_job_layer);
	struct image_job_blob *blob = arena_new(arena, struct image_job_blob);
	image->id = id_text;
	image->names = arena_array(arena, char *, 2);
	image->names[0] = arena_strdup(arena, HELLO_NAME);
	image->layers = arena_array(arena, char *, 2);
	image->layers[0] = diff_text;
	*layer = (struct image_job_layer){diff_text, arena_strdup(arena, "hello"), size, false};
	*blob = (struct image_job_blob){id_text, arena_strdup(arena, "config")};
	*out_result = (struct image_job_result){.images = {image, 1}, .layers = {layer, 1}, .blobs = {blob, 1}};
	return 0;
}
