/*
 * Networks as the API sees them, and what the rest of the engine asks of them. See engine.h for errors and results.
 */
#pragma once

#include "base/loop.h"
#include "docker/network.h"
#include "engine/engine.h"

struct container;
struct database;
struct network;

struct engine_network_list {
	struct network_inspect *items;
	size_t count;
};

int engine_network_create(struct engine *engine, struct arena *arena, const struct network_create *request,
			  struct network_created *out_created, struct err *err) must_check;
int engine_network_inspect(struct engine *engine, struct arena *arena, const char *name,
			   struct network_inspect *out_inspect, struct err *err) must_check;
/* Filters: dangling, driver, id, label, name (a part of it), scope, type. */
int engine_network_list(struct engine *engine, struct arena *arena, const struct engine_query *query,
			struct engine_network_list *out_list, struct err *err) must_check;
/* -EPERM: it is predefined, or has endpoints. */
int engine_network_remove(struct engine *engine, const char *name, struct err *err) must_check;
/* Filters: label, label!, until. */
int engine_network_prune(struct engine *engine, struct arena *arena, const struct engine_query *query,
			 struct network_prune *out_prune, struct err *err) must_check;
int engine_network_connect(struct engine *engine, const char *name, const struct network_connect *request,
			   struct err *err) must_check;
/* force: also a container that is gone. */
int engine_network_disconnect(struct engine *engine, const char *name, const struct network_disconnect *request,
			      struct err *err) must_check;

/* --- inside the engine only --- */

enum { NETWORK_ID = 65 };

struct network_document {
	struct network_create request; /* as it was asked for */
	struct ipam ipam;	       /* as it is */
};
JSON_DECLARE(network_document);

/* A network as the engine holds it. */
struct network_record {
	struct network_record *next; /* by age, newest first */
	char id[NETWORK_ID];
	char *name;
	int64_t created_ns;
	bool standard; /* bridge, host, none: made by the engine */
	struct arena arena;
	struct network_document document;
	struct network *network; /* NULL: only a configuration, or it could not be taken up */
};

/* networks_record.c: takes up the record; makes the three standard ones where they are missing. */
int networks_start(struct engine *engine, struct err *err) must_check;
void networks_stop(struct engine *engine);
/* By ID, name, unique prefix of an ID. -ENOENT "network X not found"; -EINVAL: ambiguous. */
int networks_find(struct engine *engine, const char *name, struct network_record **out_record,
		  struct err *err) must_check;
struct network_record *networks_by_id(const struct engine *engine, const char *id);	/* NULL */
struct network_record *networks_by_name(const struct engine *engine, const char *name); /* NULL */
int networks_insert(struct engine *engine, struct network_record *record, struct err *err) must_check;
int networks_delete(struct network_record *record, struct engine *engine, struct err *err) must_check;
void networks_record_free(struct engine *engine, struct network_record *record); /* also out of the list */
/* Fills record->network and the document's ipam. */
int networks_add(struct engine *engine, struct network_record *record, bool existing, struct err *err) must_check;

/* An event of a network; container: the ID for connect and disconnect, or NULL. */
void networks_event(struct engine *engine, const struct network_record *record, const char *action,
		    const char *container);
/* The name that a container's network has now: for lists. */
const char *networks_name(const struct engine *engine, const char *id);
