#include "oci/image_spec.h"

JSON_TYPE(oci_platform, F_STR(struct oci_platform, architecture, "architecture", JSON_REQUIRED),
	  F_STR(struct oci_platform, os, "os", JSON_REQUIRED),
	  F_STR(struct oci_platform, os_version, "os.version", JSON_OMIT),
	  F_STRV(struct oci_platform, os_features, "os.features", JSON_OMIT),
	  F_STR(struct oci_platform, variant, "variant", JSON_OMIT));

JSON_TYPE(oci_descriptor, F_STR(struct oci_descriptor, media_type, "mediaType", JSON_REQUIRED),
	  F_STR(struct oci_descriptor, digest, "digest", JSON_REQUIRED),
	  F_U64(struct oci_descriptor, size, "size", JSON_REQUIRED),
	  F_STRV(struct oci_descriptor, urls, "urls", JSON_OMIT),
	  F_MAP(struct oci_descriptor, annotations, "annotations", JSON_OMIT),
	  F_STR(struct oci_descriptor, data, "data", JSON_OMIT),
	  F_STR(struct oci_descriptor, artifact_type, "artifactType", JSON_OMIT),
	  F_POINTER(struct oci_descriptor, platform, "platform", JSON_OMIT, oci_platform));

JSON_TYPE(oci_manifest, F_U32(struct oci_manifest, schema_version, "schemaVersion", JSON_REQUIRED),
	  F_STR(struct oci_manifest, media_type, "mediaType", JSON_OMIT),
	  F_STR(struct oci_manifest, artifact_type, "artifactType", JSON_OMIT),
	  F_OBJECT(struct oci_manifest, config, "config", JSON_REQUIRED, oci_descriptor),
	  F_LIST(struct oci_manifest, layers, "layers", JSON_REQUIRED, oci_descriptor),
	  F_POINTER(struct oci_manifest, subject, "subject", JSON_OMIT, oci_descriptor),
	  F_MAP(struct oci_manifest, annotations, "annotations", JSON_OMIT),
	  F_RAW(struct oci_manifest, manifests, "manifests", JSON_OMIT));

JSON_TYPE(oci_index, F_U32(struct oci_index, schema_version, "schemaVersion", JSON_REQUIRED),
	  F_STR(struct oci_index, media_type, "mediaType", JSON_OMIT),
	  F_STR(struct oci_index, artifact_type, "artifactType", JSON_OMIT),
	  F_LIST(struct oci_index, manifests, "manifests", JSON_REQUIRED, oci_descriptor),
	  F_POINTER(struct oci_index, subject, "subject", JSON_OMIT, oci_descriptor),
	  F_MAP(struct oci_index, annotations, "annotations", JSON_OMIT),
	  F_RAW(struct oci_index, config, "config", JSON_OMIT), F_RAW(struct oci_index, layers, "layers", JSON_OMIT));

JSON_TYPE(oci_layout, F_STR(struct oci_layout, version, "imageLayoutVersion", JSON_REQUIRED));

const struct json_table table_oci_set_member = {"oci_set_member", sizeof(struct oci_set_member), NULL, 0};

JSON_TYPE(oci_healthcheck, F_STRV(struct oci_healthcheck, test, "Test", JSON_OMIT),
	  F_I64(struct oci_healthcheck, interval, "Interval", JSON_OMIT),
	  F_I64(struct oci_healthcheck, timeout, "Timeout", JSON_OMIT),
	  F_I64(struct oci_healthcheck, start_period, "StartPeriod", JSON_OMIT),
	  F_I64(struct oci_healthcheck, start_interval, "StartInterval", JSON_OMIT),
	  F_I64(struct oci_healthcheck, retries, "Retries", JSON_OMIT));

JSON_TYPE(oci_image_run, F_STR(struct oci_image_run, user, "User", JSON_OMIT),
	  F_OBJECT_MAP(struct oci_image_run, exposed_ports, "ExposedPorts", JSON_OMIT, oci_set_member),
	  F_STRV(struct oci_image_run, env, "Env", JSON_OMIT),
	  F_STRV(struct oci_image_run, entrypoint, "Entrypoint", JSON_OMIT),
	  F_STRV(struct oci_image_run, cmd, "Cmd", JSON_OMIT),
	  F_OBJECT_MAP(struct oci_image_run, volumes, "Volumes", JSON_OMIT, oci_set_member),
	  F_STR(struct oci_image_run, working_dir, "WorkingDir", JSON_OMIT),
	  F_MAP(struct oci_image_run, labels, "Labels", JSON_OMIT),
	  F_STR(struct oci_image_run, stop_signal, "StopSignal", JSON_OMIT),
	  F_BOOL(struct oci_image_run, args_escaped, "ArgsEscaped", JSON_OMIT),
	  F_OPT_I64(struct oci_image_run, memory, "Memory", JSON_OMIT),
	  F_OPT_I64(struct oci_image_run, memory_swap, "MemorySwap", JSON_OMIT),
	  F_OPT_I64(struct oci_image_run, cpu_shares, "CpuShares", JSON_OMIT),
	  F_POINTER(struct oci_image_run, healthcheck, "Healthcheck", JSON_OMIT, oci_healthcheck),
	  F_STRV(struct oci_image_run, on_build, "OnBuild", JSON_OMIT),
	  F_STRV(struct oci_image_run, shell, "Shell", JSON_OMIT));

JSON_TYPE(oci_image_rootfs, F_STR(struct oci_image_rootfs, type, "type", JSON_REQUIRED),
	  F_STRV(struct oci_image_rootfs, diff_ids, "diff_ids", 0));

JSON_TYPE(oci_history, F_STR(struct oci_history, created, "created", JSON_OMIT),
	  F_STR(struct oci_history, author, "author", JSON_OMIT),
	  F_STR(struct oci_history, created_by, "created_by", JSON_OMIT),
	  F_STR(struct oci_history, comment, "comment", JSON_OMIT),
	  F_BOOL(struct oci_history, empty_layer, "empty_layer", JSON_OMIT));

JSON_TYPE(oci_image, F_STR(struct oci_image, created, "created", JSON_OMIT),
	  F_STR(struct oci_image, author, "author", JSON_OMIT),
	  F_STR(struct oci_image, architecture, "architecture", JSON_REQUIRED),
	  F_STR(struct oci_image, os, "os", JSON_REQUIRED),
	  F_STR(struct oci_image, os_version, "os.version", JSON_OMIT),
	  F_STRV(struct oci_image, os_features, "os.features", JSON_OMIT),
	  F_STR(struct oci_image, variant, "variant", JSON_OMIT),
	  F_POINTER(struct oci_image, config, "config", JSON_OMIT, oci_image_run),
	  F_OBJECT(struct oci_image, rootfs, "rootfs", JSON_REQUIRED, oci_image_rootfs),
	  F_LIST(struct oci_image, history, "history", JSON_OMIT, oci_history),
	  F_STR(struct oci_image, docker_version, "docker_version", JSON_OMIT),
	  F_STR(struct oci_image, parent, "parent", JSON_OMIT), F_STR(struct oci_image, comment, "comment", JSON_OMIT));

JSON_TYPE(docker_save_entry, F_STR(struct docker_save_entry, config, "Config", JSON_REQUIRED),
	  F_STRV(struct docker_save_entry, repo_tags, "RepoTags", JSON_NULLABLE),
	  F_STRV(struct docker_save_entry, layers, "Layers", 0),
	  F_STR(struct docker_save_entry, parent, "Parent", JSON_OMIT));
