/*
 * Where no engine listens on the default socket and none was named, one is started, as tmux and gpg do it. It runs on
 * after the command. `"auto-start": false` in /etc/tug/daemon.json forbids it.
 */
#pragma once

#include "cli/client.h"

int start_engine(struct client *client, struct err *err) must_check;
