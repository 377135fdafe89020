#include "docker/disk_usage.h"

#define COUNTS(type)                                                                                          \
	F_I64(struct type, active_count, "ActiveCount", 0), F_I64(struct type, total_count, "TotalCount", 0), \
	    F_I64(struct type, reclaimable, "Reclaimable", 0), F_I64(struct type, total_size, "TotalSize", 0)

JSON_TYPE(disk_usage_images, COUNTS(disk_usage_images),
	  F_LIST(struct disk_usage_images, items, "Items", JSON_OMIT, image_summary));
JSON_TYPE(disk_usage_containers, COUNTS(disk_usage_containers),
	  F_LIST(struct disk_usage_containers, items, "Items", JSON_OMIT, container_summary));
JSON_TYPE(disk_usage_volumes, COUNTS(disk_usage_volumes),
	  F_LIST(struct disk_usage_volumes, items, "Items", JSON_OMIT, volume_info));
JSON_TYPE(disk_usage_builds, COUNTS(disk_usage_builds),
	  F_LIST(struct disk_usage_builds, items, "Items", JSON_OMIT, build_cache_record));

JSON_TYPE(disk_usage, F_POINTER(struct disk_usage, images, "ImageUsage", JSON_OMIT, disk_usage_images),
	  F_POINTER(struct disk_usage, containers, "ContainerUsage", JSON_OMIT, disk_usage_containers),
	  F_POINTER(struct disk_usage, volumes, "VolumeUsage", JSON_OMIT, disk_usage_volumes),
	  F_POINTER(struct disk_usage, builds, "BuildCacheUsage", JSON_OMIT, disk_usage_builds));

JSON_TYPE(disk_usage_old, F_I64(struct disk_usage_old, layers_size, "LayersSize", 0),
	  F_LIST(struct disk_usage_old, images, "Images", JSON_NULLABLE, image_summary),
	  F_LIST(struct disk_usage_old, containers, "Containers", JSON_NULLABLE, container_summary),
	  F_LIST(struct disk_usage_old, volumes, "Volumes", JSON_NULLABLE, volume_info),
	  F_LIST(struct disk_usage_old, builds, "BuildCache", JSON_NULLABLE, build_cache_record),
	  F_I64(struct disk_usage_old, builder_size, "BuilderSize", JSON_OMIT));

void disk_usage_downgrade(const struct disk_usage *usage, struct disk_usage_old *out_old)
{
	*out_old = (struct disk_usage_old){0};
	if (usage->images) {
		out_old->layers_size = usage->images->total_size;
		out_old->images.items = usage->images->items.items;
		out_old->images.count = usage->images->items.count;
	}
	if (usage->containers) {
		out_old->containers.items = usage->containers->items.items;
		out_old->containers.count = usage->containers->items.count;
	}
	if (usage->volumes) {
		out_old->volumes.items = usage->volumes->items.items;
		out_old->volumes.count = usage->volumes->items.count;
	}
	if (usage->builds) {
		out_old->builder_size = usage->builds->total_size;
		out_old->builds.items = usage->builds->items.items;
		out_old->builds.count = usage->builds->items.count;
	}
}
