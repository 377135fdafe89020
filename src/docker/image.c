#include "docker/image.h"

JSON_TYPE(image_summary, F_I64(struct image_summary, containers, "Containers", 0),
	  F_I64(struct image_summary, created, "Created", 0), F_STR(struct image_summary, id, "Id", 0),
	  F_MAP(struct image_summary, labels, "Labels", JSON_NULLABLE),
	  F_STR(struct image_summary, parent_id, "ParentId", 0),
	  F_STRV(struct image_summary, repo_digests, "RepoDigests", 0),
	  F_STRV(struct image_summary, repo_tags, "RepoTags", 0),
	  F_I64(struct image_summary, shared_size, "SharedSize", 0), F_I64(struct image_summary, size, "Size", 0));

JSON_TYPE(image_run_config, F_STR(struct image_run_config, user, "User", JSON_OMIT),
	  F_OBJECT_MAP(struct image_run_config, exposed_ports, "ExposedPorts", JSON_OMIT, set_member),
	  F_STRV(struct image_run_config, env, "Env", JSON_OMIT),
	  F_STRV(struct image_run_config, entrypoint, "Entrypoint", JSON_OMIT),
	  F_STRV(struct image_run_config, cmd, "Cmd", JSON_OMIT),
	  F_OBJECT_MAP(struct image_run_config, volumes, "Volumes", JSON_OMIT, set_member),
	  F_STR(struct image_run_config, working_dir, "WorkingDir", JSON_OMIT),
	  F_MAP(struct image_run_config, labels, "Labels", JSON_OMIT),
	  F_STR(struct image_run_config, stop_signal, "StopSignal", JSON_OMIT),
	  F_BOOL(struct image_run_config, args_escaped, "ArgsEscaped", JSON_OMIT),
	  F_POINTER(struct image_run_config, healthcheck, "Healthcheck", JSON_OMIT, health_config),
	  F_STRV(struct image_run_config, on_build, "OnBuild", JSON_OMIT),
	  F_STRV(struct image_run_config, shell, "Shell", JSON_OMIT));

JSON_TYPE(image_root_fs, F_STR(struct image_root_fs, type, "Type", 0),
	  F_STRV(struct image_root_fs, layers, "Layers", JSON_OMIT));

JSON_TYPE(image_metadata, F_STR(struct image_metadata, last_tag_time, "LastTagTime", JSON_OMIT));

JSON_TYPE(image_inspect, F_STR(struct image_inspect, id, "Id", 0),
	  F_STRV(struct image_inspect, repo_tags, "RepoTags", 0),
	  F_STRV(struct image_inspect, repo_digests, "RepoDigests", 0),
	  F_STR(struct image_inspect, parent, "Parent", 0), F_STR(struct image_inspect, comment, "Comment", 0),
	  F_STR(struct image_inspect, created, "Created", JSON_OMIT),
	  F_STR(struct image_inspect, docker_version, "DockerVersion", 0),
	  F_STR(struct image_inspect, author, "Author", 0),
	  F_POINTER(struct image_inspect, config, "Config", 0, image_run_config),
	  F_POINTER(struct image_inspect, container_config, "ContainerConfig", JSON_OMIT, image_run_config),
	  F_STR(struct image_inspect, architecture, "Architecture", 0),
	  F_STR(struct image_inspect, variant, "Variant", JSON_OMIT), F_STR(struct image_inspect, os, "Os", 0),
	  F_STR(struct image_inspect, os_version, "OsVersion", JSON_OMIT), F_I64(struct image_inspect, size, "Size", 0),
	  F_OBJECT(struct image_inspect, graph_driver, "GraphDriver", 0, graph_driver),
	  F_OBJECT(struct image_inspect, root_fs, "RootFS", 0, image_root_fs),
	  F_OBJECT(struct image_inspect, metadata, "Metadata", 0, image_metadata));

JSON_TYPE(image_deleted, F_STR(struct image_deleted, untagged, "Untagged", JSON_OMIT),
	  F_STR(struct image_deleted, deleted, "Deleted", JSON_OMIT));

JSON_TYPE(image_prune_answer, F_LIST(struct image_prune_answer, deleted, "ImagesDeleted", JSON_NULLABLE, image_deleted),
	  F_I64(struct image_prune_answer, reclaimed, "SpaceReclaimed", 0));

JSON_TYPE(image_history_item, F_STR(struct image_history_item, comment, "Comment", 0),
	  F_I64(struct image_history_item, created, "Created", 0),
	  F_STR(struct image_history_item, created_by, "CreatedBy", 0), F_STR(struct image_history_item, id, "Id", 0),
	  F_I64(struct image_history_item, size, "Size", 0),
	  F_STRV(struct image_history_item, tags, "Tags", JSON_NULLABLE));

JSON_TYPE(progress_detail, F_I64(struct progress_detail, current, "current", JSON_OMIT),
	  F_I64(struct progress_detail, total, "total", JSON_OMIT));

JSON_TYPE(progress_error, F_I64(struct progress_error, code, "code", JSON_OMIT),
	  F_STR(struct progress_error, message, "message", JSON_OMIT));

JSON_TYPE(progress, F_STR(struct progress, stream, "stream", JSON_OMIT),
	  F_STR(struct progress, status, "status", JSON_OMIT),
	  F_POINTER(struct progress, detail, "progressDetail", JSON_OMIT, progress_detail),
	  F_STR(struct progress, id, "id", JSON_OMIT),
	  F_POINTER(struct progress, error_detail, "errorDetail", JSON_OMIT, progress_error),
	  F_STR(struct progress, error, "error", JSON_OMIT), F_RAW(struct progress, aux, "aux", JSON_OMIT));
