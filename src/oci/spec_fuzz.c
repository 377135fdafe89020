#include "oci/image_spec.h"
#include "oci/runtime_spec.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever decodes is written and decodes again to the same text. */
static void round_trip(struct arena *arena, const struct json_table *table, const struct json *value)
{
	struct err err;
	void *structure = arena_alloc(arena, table->size), *again = arena_alloc(arena, table->size);
	if (json_decode(arena, table, value, 0, structure, &err) < 0)
		return;
	auto_buf first = BUF_INIT(8 * JSON_SIZE_MAX), second = BUF_INIT(8 * JSON_SIZE_MAX);
	json_encode(&first, table, structure);
	if (json_load(arena, table, first.data, first.len, "again", 0, again, &err) < 0)
		BUG("%s: %s", table->name, err.msg);
	json_encode(&second, table, again);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		BUG("%s: \"%s\" became \"%s\"", table->name, first.data, second.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct json_table *const tables[] = {
	    &table_oci_spec,  &table_oci_process,  &table_oci_state,	     &table_oci_features,
	    &table_oci_index, &table_oci_manifest, &table_oci_image,	     &table_oci_layout,
	    &table_oci_linux, &table_oci_seccomp,  &table_docker_save_entry,
	};
	auto_arena arena = {0};
	struct err err;
	const struct json *value;
	if (json_parse(&arena, data, size, "fuzz", &value, &err) < 0)
		return 0;
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
		round_trip(&arena, tables[i], value);
	return 0;
}
