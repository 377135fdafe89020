/*
 * What the monitor says to its engine. One that is gone or does not read asks again when it is back: STATUS and the
 * file `exit` say all.
 */
#pragma once

#include "monitor/protocol.h"

void tell_message(struct monitor_message *message, const void *tail, size_t size);
void tell_exited(void);
void tell_status(void);
void tell_failed(uint32_t type, uint32_t number, int exit_code, const struct err *err);
void tell_done(int rc, const struct err *err); /* err is read when rc is negative */
void tell_nobody(void);			       /* the engine is gone */
