/*
 * An archive written to a descriptor entry by entry: for jobs whose output is one (save).
 */
#pragma once

#include "image/tar.h"

#include "base/buffer.h"

struct tar_out {
	int fd;
	struct buf head;
	uint64_t left; /* of the file that is being written */
};

void tar_out_init(struct tar_out *out, int fd);
void tar_out_done(struct tar_out *out);

/* A directory, or a file whose `size` bytes follow by tar_out_data and are ended by tar_out_file_end. */
int tar_out_begin(struct tar_out *out, enum tar_type type, const char *name, uint64_t size, struct err *err) must_check;
int tar_out_data(struct tar_out *out, const void *data, size_t size, struct err *err) must_check;
int tar_out_file_end(struct tar_out *out, uint64_t size, struct err *err) must_check; /* -EBADMSG: bytes are missing */

int tar_out_text(struct tar_out *out, const char *name, const void *data, size_t size, struct err *err) must_check;
int tar_out_finish(struct tar_out *out, struct err *err) must_check;
