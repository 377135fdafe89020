/*
 * GET /system/df: what images, containers and volumes take of the disk. Sizes are what du counts.
 */
#pragma once

#include "docker/build.h"
#include "docker/container.h"
#include "docker/image.h"
#include "docker/volume.h"

struct disk_usage_images {
	int64_t active_count, total_count, reclaimable, total_size;
	JSON_LIST(struct image_summary) items;
};
struct disk_usage_containers {
	int64_t active_count, total_count, reclaimable, total_size;
	JSON_LIST(struct container_summary) items;
};
struct disk_usage_volumes {
	int64_t active_count, total_count, reclaimable, total_size;
	JSON_LIST(struct volume_info) items;
};
struct disk_usage_builds {
	int64_t active_count, total_count, reclaimable, total_size;
	JSON_LIST(struct build_cache_record) items;
};
JSON_DECLARE(disk_usage_images);
JSON_DECLARE(disk_usage_containers);
JSON_DECLARE(disk_usage_volumes);
JSON_DECLARE(disk_usage_builds);

/* From API 1.52 on; parts that were not asked for are NULL. */
struct disk_usage {
	struct disk_usage_images *images;
	struct disk_usage_containers *containers;
	struct disk_usage_volumes *volumes;
	struct disk_usage_builds *builds;
};
JSON_DECLARE(disk_usage);

/* Before. */
struct disk_usage_old {
	int64_t layers_size;
	JSON_LIST(struct image_summary) images;
	JSON_LIST(struct container_summary) containers;
	JSON_LIST(struct volume_info) volumes;
	JSON_LIST(struct build_cache_record) builds;
	int64_t builder_size;
};
JSON_DECLARE(disk_usage_old);

void disk_usage_downgrade(const struct disk_usage *usage, struct disk_usage_old *out_old);
