/*
 * A container as the engine holds it, and its row in the record. Inside the engine only.
 *
 * What was asked for (struct container_document) changes after create only by "update"; what happens (state, times,
 * exit) is written to the record with every change, before it is told to anybody.
 */
#pragma once

#include "base/hash.h"
#include "docker/death.h"
#include "docker/health.h"
#include "engine/engine.h"
#include "engine/mounts.h"
#include "engine/state.h"
#include "oci/runtime_spec.h"
#include "storage/database.h"

enum { ID_TEXT = 65, ID_SHORT = 12 };

/* One published port as it really is. */
struct container_port {
	char *container; /* "80/tcp" */
	char *host_ip;
	uint32_t host_port;
};
JSON_DECLARE(container_port);

/* Its place in one network. Texts are "" for none. */
struct container_place {
	char *network;	  /* the ID */
	char *id;	  /* of the endpoint */
	char *four, *six; /* with their prefix lengths */
	char *gateway_four, *gateway_six;
	char *mac, *device;
	uint32_t port; /* the device on the host's side */
	int64_t priority;
};
JSON_DECLARE(container_place);

/* Where it is in its networks while it runs; empty otherwise. */
struct container_address {
	JSON_LIST(struct container_place) places;
	JSON_LIST(struct container_port) ports;
};
JSON_DECLARE(container_address);

/* What happens beside state, times and exit: kept in the record as JSON. */
struct container_life {
	int64_t restart_count; /* by the policy, since the user started it */
	int64_t backoff_ns;    /* the last delay before a restart; 0: none */
	bool stopped_by_user;
	int64_t oom_kills;	       /* of this run, as far as it was told */
	int64_t log_dropped;	       /* messages that a remote log did not take */
	char *boot;		       /* the run of the machine in which it was started */
	struct container_death *death; /* how it last ended, or did not start; NULL: never */
	struct health_state *health;   /* as it was when the record was written; health.h knows better */
};
JSON_DECLARE(container_life);

/* What a step of a build works on and what only it sees. Never recorded: there may be secrets in it. */
struct container_step {
	char *const *layers; /* diff ids, base first */
	const struct oci_mount *mounts;
	size_t mount_count;
	char *const *env;
};

struct container_document {
	char *image;			/* as the user named it */
	char *image_id;			/* "sha256:..." */
	char **argv;			/* entry point and command, as executed */
	struct container_config config; /* with what the image adds */
	struct host_config host;	/* with the defaults filled in */
	JSON_LIST(struct container_mount) mounts;
	bool mounts_decided;			      /* false in records of before there were volumes */
	bool step;				      /* of a build; it does not outlive the engine */
	JSON_LIST(struct endpoint_settings) networks; /* that it belongs to; the key is the network's ID */
	bool networks_decided;
};
JSON_DECLARE(container_document);

/* A place that it has now (membership.h). */
struct member {
	char network[ID_TEXT], id[ID_TEXT];
	struct network_endpoint *endpoint;
};

struct container {
	struct engine *engine;
	struct container *next; /* created before this one */
	char id[ID_TEXT];
	char *name;
	struct arena arena; /* of the document */
	struct container_document document;
	int64_t created_ns;

	enum state state;
	int64_t started_ns, finished_ns; /* 0: never */
	int exit_code, pid;
	bool oom_killed;
	char *error; /* why it could not be started, or NULL */
	struct arena address_arena;
	struct container_address address;
	bool volumes_go;	/* with its removal: the anonymous ones */
	struct member *members; /* its places while it runs, in the order of address.places */
	size_t member_count;
	struct network_ports *published; /* NULL */
	char **left;			 /* networks that it has left; nobody was told yet (launch_network.h) */
	bool named;			 /* the resolver has its sockets (names.h) */

	struct arena life_arena, death_arena;
	struct container_life life;
	struct health *health;		 /* its checks (health.h); NULL without */
	const char *start_step;		 /* what a start is at */
	bool again;			 /* it is being restarted by its policy */
	struct loop_timer restart_timer; /* RESTARTING: the delay (restart.h) */
	bool queued;			 /* RESTARTING: waits in the queue of the engine's start */
	struct engine_call queue_call;

	struct engine_call *waiters;	   /* of engine_wait */
	struct run *run;		   /* what lives while it runs or is being started (run.h); NULL */
	const struct container_step *step; /* the build's; NULL */
	struct early_client *early;	   /* attached before the start (run.h) */
};

/* --- the record --- */

int container_migrate(struct database *database, struct err *err) must_check;
int container_load_all(struct engine *engine, struct err *err) must_check;     /* into the engine's list */
int container_insert(struct container *container, struct err *err) must_check; /* -EEXIST: the name */
int container_save(struct container *container, struct err *err) must_check;   /* what happens */
/* Another document; it is copied, what it points to may be the old one's. */
int container_save_document(struct container *container, const struct container_document *document,
			    struct err *err) must_check;
int container_save_name(struct container *container, const char *name, struct err *err) must_check;
int container_delete(struct container *container, struct err *err) must_check;
void container_free(struct container *container); /* also out of the engine's list */

/* --- finding and changing --- */

/* By ID, name (with or without "/"), unique prefix of an ID. -ENOENT "No such container: X"; -EINVAL: ambiguous. */
int container_find(struct engine *engine, const char *name, struct container **out_container,
		   struct err *err) must_check;
struct container *container_by_name(struct engine *engine, const char *name); /* exactly; NULL */

/* Its control group, "PARENT/ID", by its own CgroupParent or the engine's. The caller frees it. */
char *container_cgroup(const struct container *container);

/* Docker's word for its state. */
const char *container_status(const struct container *container);

/* Checks the table of states and changes, without saving. -EBUSY with the words for people. */
int container_turn(struct container *container, enum state to, struct err *err) must_check;
/* Checks the table of states, changes, saves. -EBUSY with the words for people. */
/*
 * It has happened already: the state is that, also when it cannot be recorded now (a full disk); the next change
 * records it too, and an engine that starts meanwhile finds out by itself.
 */
void container_became(struct container *container, enum state to);
int container_change(struct container *container, enum state to, struct err *err) must_check;

/* An event of this container; extra pairs (name, text) follow, ended by NULL. */
void container_event(struct container *container, const char *action, ...) __attribute__((sentinel));
