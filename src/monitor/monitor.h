/*
 * The monitor of one container, tug-monitor: takes the plan from the engine, applies it, keeps the container's streams,
 * and says how it ended. It survives the engine; one that comes later finds it by monitor.sock. Messages and their
 * order: ARCHITECTURE.md, "The monitor"; monitor/protocol.h.
 */
#pragma once

enum { MONITOR_ENGINE_FD = 3, MONITOR_RUN_FD = 4, MONITOR_DATA_FD = 5 };

/* Until the container has ended and nobody needs the monitor any more. The exit status. */
int monitor_main(const char *id);
