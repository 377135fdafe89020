/*
 * What everything takes of the disk: measured by a job; layers, which never change, only once.
 */
#pragma once

#include "docker/disk_usage.h"
#include "engine/engine.h"

struct database;

struct engine_disk_usage {
	struct engine_call call;
	struct arena *arena; /* of the results; lives until call.done() or engine_call_cancel */
	bool images, containers, volumes, builds;
	struct disk_usage usage;
};
void engine_disk_usage(struct engine *engine, struct engine_disk_usage *request);

/* Inside the engine only: the table of measured layers. */
int disk_usage_migrate(struct database *database, struct err *err) must_check;
