/*
 * The event loop: epoll, one thread, callbacks. Sources are embedded in their owners; nothing is allocated per event.
 * A callback may remove any source, its own too, and may free the struct that holds it.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

struct loop;

int loop_new(struct loop **out_loop, struct err *err) must_check;
void loop_free(struct loop *loop);
int loop_run(struct loop *loop, struct err *err) must_check;		      /* until loop_stop */
int loop_once(struct loop *loop, int timeout_ms, struct err *err) must_check; /* -1: wait for an event */
void loop_stop(struct loop *loop);

/* A descriptor. It stays the caller's; remove the source before closing it. */
struct loop_io {
	struct loop *loop; /* NULL while not in a loop */
	int fd;
	uint32_t events; /* EPOLLIN, EPOLLOUT ... */
	void (*ready)(struct loop_io *io, uint32_t events);
};
int loop_io_add(struct loop *loop, struct loop_io *io, int fd, uint32_t events,
		void (*ready)(struct loop_io *io, uint32_t events), struct err *err) must_check;
void loop_io_modify(struct loop_io *io, uint32_t events);
void loop_io_remove(struct loop_io *io); /* also when it is not in a loop */

/* A timer, once per start. */
struct loop_timer {
	struct loop *loop; /* NULL while not running */
	int64_t due_ns;	   /* time_monotonic_ns */
	size_t slot;
	void (*fired)(struct loop_timer *timer);
};
void loop_timer_start(struct loop *loop, struct loop_timer *timer, int64_t delay_ns,
		      void (*fired)(struct loop_timer *timer)); /* restarts one that runs */
void loop_timer_stop(struct loop_timer *timer);

/* Work for later in this same turn of the loop, after all events. */
struct loop_task {
	struct loop *loop;
	struct loop_task *next;
	void (*run)(struct loop_task *task);
};
void loop_task_add(struct loop *loop, struct loop_task *task, void (*run)(struct loop_task *task));
void loop_task_remove(struct loop_task *task);

/* A signal, blocked in this process from here on and read through a signalfd. */
struct loop_signal {
	struct loop_io io;
	void (*received)(struct loop_signal *signal, const struct signalfd_siginfo *info);
};
int loop_signal_add(struct loop *loop, struct loop_signal *signal, int number,
		    void (*received)(struct loop_signal *signal, const struct signalfd_siginfo *info),
		    struct err *err) must_check;
void loop_signal_remove(struct loop_signal *signal);

/* A child process, by pidfd; it is reaped before the callback. status is as from waitpid. */
struct loop_child {
	struct loop_io io;
	int pid;
	void (*ended)(struct loop_child *child, int status);
};
int loop_child_add(struct loop *loop, struct loop_child *child, int pid,
		   void (*ended)(struct loop_child *child, int status), struct err *err) must_check;
void loop_child_remove(struct loop_child *child);

#define container_of(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
