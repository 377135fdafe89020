/* The tables of a build's documents. */
#include "build/plan.h"

JSON_TYPE(json_pair_item, F_STR(struct json_pair_item, key, "key", JSON_REQUIRED),
	  F_STR(struct json_pair_item, value, "value", JSON_OMIT));

JSON_TYPE(build_root, F_STR(struct build_root, kind, "kind", 0), F_I64(struct build_root, number, "number", 0));

JSON_TYPE(build_mount, F_STR(struct build_mount, type, "type", 0),
	  F_STR(struct build_mount, target, "target", JSON_OMIT),
	  F_STR(struct build_mount, source, "source", JSON_OMIT), F_STR(struct build_mount, id, "id", JSON_OMIT),
	  F_STR(struct build_mount, env, "env", JSON_OMIT), F_STR(struct build_mount, sharing, "sharing", JSON_OMIT),
	  F_POINTER(struct build_mount, from, "from", JSON_OMIT, build_root),
	  F_STR(struct build_mount, content, "content", JSON_OMIT),
	  F_BOOL(struct build_mount, read_only, "read_only", JSON_OMIT),
	  F_BOOL(struct build_mount, required, "required", JSON_OMIT),
	  F_I64(struct build_mount, mode, "mode", JSON_OMIT), F_I64(struct build_mount, uid, "uid", JSON_OMIT),
	  F_I64(struct build_mount, gid, "gid", JSON_OMIT), F_I64(struct build_mount, size, "size", JSON_OMIT));

JSON_TYPE(build_file, F_STR(struct build_file, name, "name", 0), F_STR(struct build_file, content, "content", 0));

JSON_TYPE(build_run, F_STRV(struct build_run, argv, "argv", 0), F_STRV(struct build_run, env, "env", 0),
	  F_STR(struct build_run, user, "user", 0), F_STR(struct build_run, directory, "directory", 0),
	  F_STR(struct build_run, network, "network", 0), F_LIST(struct build_run, mounts, "mounts", 0, build_mount),
	  F_LIST(struct build_run, scripts, "scripts", 0, build_file),
	  F_STR(struct build_run, hostname, "hostname", JSON_OMIT), F_STRV(struct build_run, hosts, "hosts", 0));

JSON_TYPE(build_copy, F_OBJECT(struct build_copy, from, "from", 0, build_root),
	  F_STRV(struct build_copy, sources, "sources", 0), F_STR(struct build_copy, destination, "destination", 0),
	  F_LIST(struct build_copy, files, "files", 0, build_file), F_STRV(struct build_copy, urls, "urls", 0),
	  F_STRV(struct build_copy, repositories, "repositories", 0),
	  F_STR(struct build_copy, checksum, "checksum", JSON_OMIT),
	  F_STR(struct build_copy, owner, "owner", JSON_OMIT), F_STR(struct build_copy, mode, "mode", JSON_OMIT),
	  F_STRV(struct build_copy, excludes, "excludes", 0), F_STR(struct build_copy, content, "content", JSON_OMIT),
	  F_BOOL(struct build_copy, add, "add", JSON_OMIT), F_BOOL(struct build_copy, link, "link", JSON_OMIT),
	  F_BOOL(struct build_copy, parents, "parents", JSON_OMIT),
	  F_BOOL(struct build_copy, unpack, "unpack", JSON_OMIT),
	  F_BOOL(struct build_copy, unpack_said, "unpack_said", JSON_OMIT),
	  F_BOOL(struct build_copy, keep_git, "keep_git", JSON_OMIT));

JSON_TYPE(build_step, F_STR(struct build_step, kind, "kind", 0), F_STR(struct build_step, label, "label", 0),
	  F_STR(struct build_step, text, "text", 0), F_I64(struct build_step, stage, "stage", 0),
	  F_I64(struct build_step, number, "number", 0), F_I64(struct build_step, total, "total", 0),
	  F_I64(struct build_step, first_line, "first_line", 0), F_I64(struct build_step, last_line, "last_line", 0),
	  F_I64(struct build_step, history, "history", 0),
	  F_STR(struct build_step, definition, "definition", JSON_OMIT),
	  F_POINTER(struct build_step, run, "run", JSON_OMIT, build_run),
	  F_POINTER(struct build_step, copy, "copy", JSON_OMIT, build_copy),
	  F_STR(struct build_step, directory, "directory", JSON_OMIT),
	  F_STR(struct build_step, user, "user", JSON_OMIT), F_STRV(struct build_step, proxies, "proxies", JSON_OMIT),
	  F_BOOL(struct build_step, no_cache, "no_cache", JSON_OMIT));

JSON_TYPE(build_base, F_STR(struct build_base, reference, "reference", 0), F_STR(struct build_base, id, "id", 0),
	  F_STRV(struct build_base, layers, "layers", 0), F_I64(struct build_base, created, "created", 0));

JSON_TYPE(build_stage, F_STR(struct build_stage, name, "name", 0), F_I64(struct build_stage, number, "number", 0),
	  F_OBJECT(struct build_stage, from, "from", 0, build_root),
	  F_OBJECT(struct build_stage, image, "image", 0, oci_image),
	  F_LIST(struct build_stage, steps, "steps", 0, build_step));

JSON_TYPE(build_warning, F_STR(struct build_warning, rule, "rule", 0),
	  F_STR(struct build_warning, message, "message", 0), F_STR(struct build_warning, url, "url", JSON_OMIT),
	  F_I64(struct build_warning, line, "line", 0), F_STR(struct build_warning, text, "text", JSON_OMIT));

JSON_TYPE(build_plan, F_LIST(struct build_plan, stages, "stages", 0, build_stage),
	  F_LIST(struct build_plan, bases, "bases", 0, build_base),
	  F_LIST(struct build_plan, warnings, "warnings", 0, build_warning),
	  F_I64(struct build_plan, target, "target", 0), F_STR(struct build_plan, dockerfile, "dockerfile", 0),
	  F_STR(struct build_plan, dockerfile_name, "dockerfile_name", 0),
	  F_I64(struct build_plan, classic_total, "classic_total", 0),
	  F_BOOL(struct build_plan, check_failed, "check_failed", JSON_OMIT),
	  F_BOOL(struct build_plan, spooled, "spooled", JSON_OMIT),
	  F_STRV(struct build_plan, hidden, "hidden", JSON_OMIT));

JSON_TYPE(build_named, F_STR(struct build_named, name, "name", JSON_REQUIRED),
	  F_I64(struct build_named, context, "context", 0), F_STR(struct build_named, image, "image", JSON_OMIT),
	  F_STR(struct build_named, stage, "stage", JSON_OMIT));

JSON_TYPE(build_request, F_STR(struct build_request, dockerfile, "dockerfile", JSON_OMIT),
	  F_STR(struct build_request, target, "target", JSON_OMIT),
	  F_LIST(struct build_request, args, "args", JSON_OMIT, json_pair_item),
	  F_MAP(struct build_request, labels, "labels", JSON_OMIT),
	  F_STR(struct build_request, platform, "platform", JSON_OMIT),
	  F_STR(struct build_request, network, "network", JSON_OMIT),
	  F_STRV(struct build_request, hosts, "hosts", JSON_OMIT),
	  F_LIST(struct build_request, named, "named", JSON_OMIT, build_named),
	  F_OPT_I64(struct build_request, epoch, "epoch", JSON_OMIT),
	  F_BOOL(struct build_request, no_cache, "no_cache", JSON_OMIT),
	  F_BOOL(struct build_request, check, "check", JSON_OMIT),
	  F_STRV(struct build_request, no_cache_stages, "no_cache_stages", JSON_OMIT));
