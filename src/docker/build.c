#include "docker/build.h"

JSON_TYPE(build_event, F_STR(struct build_event, kind, "kind", JSON_REQUIRED),
	  F_I64(struct build_event, step, "step", JSON_OMIT), F_STR(struct build_event, label, "label", JSON_OMIT),
	  F_STR(struct build_event, text, "text", JSON_OMIT), F_STR(struct build_event, state, "state", JSON_OMIT),
	  F_I64(struct build_event, at_ns, "at", JSON_OMIT), F_I64(struct build_event, stream, "stream", JSON_OMIT),
	  F_STR(struct build_event, rule, "rule", JSON_OMIT), F_STR(struct build_event, url, "url", JSON_OMIT),
	  F_I64(struct build_event, line, "line", JSON_OMIT),
	  F_I64(struct build_event, last_line, "lastLine", JSON_OMIT),
	  F_I64(struct build_event, code, "code", JSON_OMIT), F_STR(struct build_event, id, "id", JSON_OMIT),
	  F_BOOL(struct build_event, internal, "internal", JSON_OMIT),
	  F_I64(struct build_event, number, "number", JSON_OMIT), F_I64(struct build_event, total, "total", JSON_OMIT),
	  F_STR(struct build_event, image, "image", JSON_OMIT));

JSON_TYPE(build_cache_record, F_STR(struct build_cache_record, id, "ID", 0),
	  F_STRV(struct build_cache_record, parents, "Parents", JSON_OMIT),
	  F_STR(struct build_cache_record, type, "Type", 0),
	  F_STR(struct build_cache_record, description, "Description", 0),
	  F_BOOL(struct build_cache_record, in_use, "InUse", 0), F_BOOL(struct build_cache_record, shared, "Shared", 0),
	  F_I64(struct build_cache_record, size, "Size", 0),
	  F_STR(struct build_cache_record, created_at, "CreatedAt", 0),
	  F_STR(struct build_cache_record, last_used_at, "LastUsedAt", 0),
	  F_I64(struct build_cache_record, usage_count, "UsageCount", 0));

JSON_TYPE(build_pruned, F_STRV(struct build_pruned, caches_deleted, "CachesDeleted", 0),
	  F_I64(struct build_pruned, space_reclaimed, "SpaceReclaimed", 0));
