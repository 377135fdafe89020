/*
 * The handlers that routes.c names, one file per resource. Each follows the contract of exchange.h.
 */
#pragma once

struct exchange;

/* system.c */
void system_ping(struct exchange *x);
void system_version(struct exchange *x);
void system_info(struct exchange *x);

/* event_stream.c */
void system_events(struct exchange *x);

/* container.c */
void container_create(struct exchange *x);
void container_list(struct exchange *x);
void container_inspect(struct exchange *x);
void container_top(struct exchange *x);
void container_rename(struct exchange *x);
void container_remove(struct exchange *x);

/* container_action.c */
void container_start(struct exchange *x);
void container_stop(struct exchange *x);
void container_restart(struct exchange *x);
void container_kill(struct exchange *x);
void container_wait(struct exchange *x);
void container_resize(struct exchange *x);

/* container_stream.c */
void container_attach(struct exchange *x);
void container_logs(struct exchange *x);

/* exec.c */
void exec_create(struct exchange *x);
void exec_start(struct exchange *x);
void exec_inspect(struct exchange *x);
void exec_resize(struct exchange *x);

/* image.c */
void image_list(struct exchange *x);
void image_inspect(struct exchange *x);
void image_history(struct exchange *x);
void image_tag(struct exchange *x);
void image_remove(struct exchange *x);

/* image_transfer.c */
void image_create(struct exchange *x);
void image_load(struct exchange *x);
