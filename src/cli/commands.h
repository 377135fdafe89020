/*
 * The rows of all commands, one per file or small family of files (cmd_*.c); commands.c lists them.
 */
#pragma once

#include "cli/command.h"

extern const struct command command_run, command_create, command_start, command_attach, command_exec;
extern const struct command command_ps, command_pull, command_push, command_login, command_logout, command_search,
    command_manifest_annotate, command_manifest_create, command_manifest_inspect, command_manifest_push,
    command_manifest_rm, command_logs, command_top, command_wait, command_container_inspect;
extern const struct command command_stop, command_restart, command_kill, command_rename, command_rm, command_update;
extern const struct command command_events, command_pause, command_unpause, command_port, command_stats;
extern const struct command command_images, command_import, command_load, command_tag, command_rmi;
extern const struct command command_image_inspect, command_inspect, command_version, command_info;
extern const struct command command_save;
extern const struct command command_network_connect, command_network_create, command_network_disconnect;
extern const struct command command_network_inspect, command_network_ls, command_network_prune, command_network_rm;
extern const struct command command_volume_create, command_volume_inspect, command_volume_ls, command_volume_prune;
extern const struct command command_volume_rm;
extern const struct command command_container_prune, command_system_df, command_system_prune;
extern const struct command command_cp;
extern const struct command command_export;
extern const struct command command_diff;
extern const struct command command_commit;
extern const struct command command_build, command_builder_build, command_buildx_build;
extern const struct command command_builder_prune, command_buildx_prune;
extern const struct command command_history;
extern const struct command command_image_prune;
extern const struct command command_fsck;
