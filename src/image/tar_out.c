#include "image/tar_out.h"

#include "base/fd.h"
#include "image/tar_write.h"

#include <string.h>

static int bytes_write(const struct tar_out *out, const void *data, size_t size, struct err *err)
{
	int rc = fd_write_full(out->fd, data, size);
	return rc < 0 ? err_set(err, -rc, "write the archive: %s", strerror(-rc)) : 0;
}

void tar_out_init(struct tar_out *out, int fd)
{
	*out = (struct tar_out){.fd = fd, .head = BUF_INIT(4 << 20)};
}

void tar_out_done(struct tar_out *out)
{
	buf_done(&out->head);
}

int tar_out_begin(struct tar_out *out, enum tar_type type, const char *name, uint64_t size, struct err *err)
{
	const struct tar_entry entry = {
	    .type = type, .name = (char *)name, .mode = type == TAR_DIRECTORY ? 0755 : 0644, .size = size};
	buf_reset(&out->head);
	out->left = size;
	int rc = tar_write_header(&out->head, &entry, err);
	return rc < 0 ? rc : bytes_write(out, out->head.data, out->head.len, err);
}

int tar_out_data(struct tar_out *out, const void *data, size_t size, struct err *err)
{
	if (size > out->left)
		return err_set(err, EBADMSG, "a member of the archive is longer than it was said to be");
	out->left -= size;
	return bytes_write(out, data, size, err);
}

int tar_out_file_end(struct tar_out *out, uint64_t size, struct err *err)
{
	static const char zeros[TAR_BLOCK];
	if (out->left > 0)
		return err_set(err, EBADMSG, "a member of the archive is shorter than it was said to be");
	return bytes_write(out, zeros, tar_write_padding(size), err);
}

int tar_out_text(struct tar_out *out, const char *name, const void *data, size_t size, struct err *err)
{
	int rc = tar_out_begin(out, TAR_FILE, name, size, err);
	if (rc == 0)
		rc = tar_out_data(out, data, size, err);
	return rc < 0 ? rc : tar_out_file_end(out, size, err);
}

int tar_out_finish(struct tar_out *out, struct err *err)
{
	buf_reset(&out->head);
	tar_write_end(&out->head);
	return bytes_write(out, out->head.data, out->head.len, err);
}
