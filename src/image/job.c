#include "image/job.h"

JSON_TYPE(image_job_image, F_STR(struct image_job_image, id, "id", JSON_REQUIRED),
	  F_STRV(struct image_job_image, names, "names", 0), F_STRV(struct image_job_image, layers, "layers", 0));

JSON_TYPE(image_job_layer, F_STR(struct image_job_layer, diff_id, "diff_id", JSON_REQUIRED),
	  F_STR(struct image_job_layer, name, "name", 0), F_U64(struct image_job_layer, size, "size", 0),
	  F_BOOL(struct image_job_layer, opaque, "opaque", 0));

JSON_TYPE(image_job_blob, F_STR(struct image_job_blob, digest, "digest", JSON_REQUIRED),
	  F_STR(struct image_job_blob, name, "name", JSON_REQUIRED));

JSON_TYPE(image_job_manifest, F_STR(struct image_job_manifest, digest, "digest", JSON_REQUIRED),
	  F_STR(struct image_job_manifest, image, "image", JSON_REQUIRED),
	  F_STR(struct image_job_manifest, media_type, "media_type", JSON_REQUIRED));

JSON_TYPE(image_job_layer_blob, F_STR(struct image_job_layer_blob, digest, "digest", JSON_REQUIRED),
	  F_STR(struct image_job_layer_blob, diff_id, "diff_id", JSON_REQUIRED),
	  F_STR(struct image_job_layer_blob, media_type, "media_type", JSON_REQUIRED),
	  F_U64(struct image_job_layer_blob, size, "size", 0), F_STR(struct image_job_layer_blob, name, "name", 0),
	  F_STR(struct image_job_layer_blob, repository, "repository", 0));

JSON_TYPE(image_job_reference, F_STR(struct image_job_reference, repository, "repository", JSON_REQUIRED),
	  F_STR(struct image_job_reference, digest, "digest", JSON_REQUIRED),
	  F_STR(struct image_job_reference, image, "image", JSON_REQUIRED));

JSON_TYPE(image_job_result, F_LIST(struct image_job_result, images, "images", 0, image_job_image),
	  F_LIST(struct image_job_result, layers, "layers", 0, image_job_layer),
	  F_LIST(struct image_job_result, blobs, "blobs", 0, image_job_blob),
	  F_LIST(struct image_job_result, manifests, "manifests", JSON_OMIT, image_job_manifest),
	  F_LIST(struct image_job_result, layer_blobs, "layer_blobs", JSON_OMIT, image_job_layer_blob),
	  F_LIST(struct image_job_result, references, "references", JSON_OMIT, image_job_reference));

JSON_TYPE(image_job_progress, F_STR(struct image_job_progress, id, "id", JSON_OMIT),
	  F_STR(struct image_job_progress, status, "status", JSON_OMIT),
	  F_U64(struct image_job_progress, current, "current", JSON_OMIT),
	  F_U64(struct image_job_progress, total, "total", JSON_OMIT));

JSON_TYPE(image_job_error, F_I64(struct image_job_error, code, "code", 0),
	  F_STR(struct image_job_error, message, "message", 0));

JSON_TYPE(image_job_line, F_POINTER(struct image_job_line, progress, "progress", JSON_OMIT, image_job_progress),
	  F_POINTER(struct image_job_line, error, "error", JSON_OMIT, image_job_error),
	  F_POINTER(struct image_job_line, result, "result", JSON_OMIT, image_job_result),
	  F_RAW(struct image_job_line, answer, "answer", JSON_OMIT));
