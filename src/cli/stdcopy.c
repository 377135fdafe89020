#include "cli/stdcopy.h"

int stdcopy_read(struct stdcopy *copy, const char *data, size_t size, size_t *out_used, enum stdcopy_stream *out_stream,
		 const char **out_piece, size_t *out_size, struct err *err)
{
	size_t used = 0;
	while (used < size && copy->left == 0) {
		copy->head[copy->head_size++] = (uint8_t)data[used++];
		if (copy->head_size < sizeof copy->head)
			continue;
		copy->head_size = 0;
		if (copy->head[0] > STDCOPY_FAULT)
			return err_set(err, EPROTO, "Unrecognized input header: %u", copy->head[0]);
		copy->left = (uint32_t)copy->head[4] << 24 | (uint32_t)copy->head[5] << 16 |
			     (uint32_t)copy->head[6] << 8 | copy->head[7];
	}
	size_t piece = size - used < copy->left ? size - used : copy->left;
	copy->left -= (uint32_t)piece;
	*out_stream = (enum stdcopy_stream)copy->head[0];
	*out_piece = data + used;
	*out_size = piece;
	*out_used = used + piece;
	return 0;
}
