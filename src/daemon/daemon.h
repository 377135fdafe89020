/*
 * The engine's process: what it takes (locks, sockets, signals, its log), and the order in which that is taken up and
 * given back. One loop runs everything from then on.
 */
#pragma once

/* argv and env as main got them; env must stay. The exit status. */
int daemon_main(char *const *argv, char *const *env);
