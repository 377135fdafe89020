/*
 * A request that waits for one call of the engine and then answers with an empty body, or with what went wrong.
 */
#pragma once

#include "api/exchange.h"
#include "engine/engine.h"

/* Lives in the exchange's arena; the call is cancelled when the client goes away, the engine's work goes on. */
struct exchange_call {
	struct engine_call call;
	struct exchange *x;
	unsigned status; /* after success */
};

/* For one engine_... call with &->call, which may be answered before it returns: touch the exchange before only. */
struct exchange_call *exchange_call_new(struct exchange *x, unsigned status);
