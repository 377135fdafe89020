/*
 * Callers that wait (struct engine_call) in lists. Inside the engine only.
 */
#pragma once

#include "engine/engine.h"

void call_add(struct engine_call **list, struct engine_call *call); /* at the end */
void call_move(struct engine_call **to, struct engine_call **from); /* all of them, to the end */
void call_done(struct engine_call *call, const struct err *err);    /* NULL call: nobody waits */
void call_done_all(struct engine_call **list, const struct err *err);
