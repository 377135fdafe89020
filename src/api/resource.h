/*
 * The handlers that routes.c names, one file per resource. Each follows the contract of exchange.h.
 */
#pragma once

struct exchange;

/* system.c */
void handle_system_ping(struct exchange *x);
void handle_system_version(struct exchange *x);
void handle_system_info(struct exchange *x);

/* system_usage.c */
void handle_system_usage(struct exchange *x);

/* event_stream.c */
void handle_system_events(struct exchange *x);

/* container.c */
void handle_container_create(struct exchange *x);
void handle_container_list(struct exchange *x);
void handle_container_inspect(struct exchange *x);
void handle_container_top(struct exchange *x);
void handle_container_rename(struct exchange *x);
void handle_container_remove(struct exchange *x);

/* container_action.c */
void handle_container_start(struct exchange *x);
void handle_container_stop(struct exchange *x);
void handle_container_restart(struct exchange *x);
void handle_container_kill(struct exchange *x);
void handle_container_wait(struct exchange *x);
void handle_container_pause(struct exchange *x);
void handle_container_unpause(struct exchange *x);
void handle_container_resize(struct exchange *x);

/* container_stats.c */
void handle_container_stats(struct exchange *x);

/* container_update.c */
void handle_container_update(struct exchange *x);

/* container_stream.c */
void handle_container_attach(struct exchange *x);
void handle_container_logs(struct exchange *x);

/* exec.c */
void handle_exec_create(struct exchange *x);
void handle_exec_start(struct exchange *x);
void handle_exec_inspect(struct exchange *x);
void handle_exec_resize(struct exchange *x);

/* image.c */
void handle_image_list(struct exchange *x);
void handle_image_inspect(struct exchange *x);
void handle_image_history(struct exchange *x);
void handle_image_tag(struct exchange *x);
void handle_image_remove(struct exchange *x);
void handle_image_prune(struct exchange *x);

/* image_transfer.c */
void handle_image_create(struct exchange *x);
void handle_image_load(struct exchange *x);

/* registry.c */
void handle_image_pull(struct exchange *x, const char *image); /* of handle_image_create */
void handle_image_push(struct exchange *x);
void handle_system_auth(struct exchange *x);
void handle_distribution_inspect(struct exchange *x);
void handle_image_search(struct exchange *x);
void handle_registry_ask(struct exchange *x);

/* image_save.c */
void handle_image_save(struct exchange *x);
void handle_image_save_all(struct exchange *x);

/* prune.c */
void handle_container_prune(struct exchange *x);
void handle_volume_prune(struct exchange *x);

/* network.c */
void handle_network_list(struct exchange *x);
void handle_network_create(struct exchange *x);
void handle_network_inspect(struct exchange *x);
void handle_network_remove(struct exchange *x);
void handle_network_connect(struct exchange *x);
void handle_network_disconnect(struct exchange *x);
void handle_network_prune(struct exchange *x);

/* volume.c */
void handle_volume_list(struct exchange *x);
void handle_volume_create(struct exchange *x);
void handle_volume_inspect(struct exchange *x);
void handle_volume_remove(struct exchange *x);

/* archive.c */
void handle_archive_stat(struct exchange *x);
void handle_archive_get(struct exchange *x);
void handle_archive_put(struct exchange *x);
void handle_container_export(struct exchange *x);
void handle_container_changes(struct exchange *x);

/* build.c */
void handle_build(struct exchange *x);
void handle_build_prune(struct exchange *x);
void handle_build_session(struct exchange *x);
void handle_session(struct exchange *x);

/* commit.c */
void handle_commit(struct exchange *x);

/* swarm.c */
void handle_swarm_manage(struct exchange *x);
void handle_swarm_leave(struct exchange *x);
void handle_plugin_list(struct exchange *x);
void handle_plugin_missing(struct exchange *x);

/* fsck.c */
void handle_system_fsck(struct exchange *x);
