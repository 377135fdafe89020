/*
 * After a start of the engine: the world is brought in line with the record. Doing it twice changes nothing.
 */
#pragma once

#include "engine/engine.h"

int restore_all(struct engine *engine, struct err *err) must_check;
