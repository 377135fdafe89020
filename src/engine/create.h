/*
 * The two halves of create, for each other: create.c puts the document together, creation.c fills volumes and writes
 * the record.
 */
#pragma once

#include "engine/creation.h"

/* Takes the creation over, with its container. 1: call is told later. Failed: nothing of it is left. */
int creation_begin(struct creation *creation, struct engine_call *call, struct err *err) must_check;
