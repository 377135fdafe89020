#include "monitor/sessions.h"

#include "monitor/state.h"

#include <stdio.h>
#include <string.h>

void sessions_remove(struct session *session)
{
	struct session **link = &monitor.sessions;
	while (*link != session)
		link = &(*link)->next;
	*link = session->next;
	session_free(session);
}

/* Exec sessions that are over and read go; then we, when the container has ended and its engine knows. */
static void sweep(struct loop_task *task)
{
	struct session *next;
	bool read = false;
	(void)task;
	for (struct session *at = monitor.sessions; at; at = next) {
		next = at->next;
		if (at->clients)
			read = true;
		else if (at->told && at != monitor.container)
			sessions_remove(at);
	}
	if (monitor.over && !read && (monitor.bye || monitor.engine_fd < 0))
		loop_stop(monitor.loop);
}

void sessions_sweep_soon(void)
{
	loop_task_add(monitor.loop, &monitor.sweep, sweep);
}

static void client_gone(struct session *session)
{
	(void)session;
	sessions_sweep_soon();
}

void clients_end(struct session *session)
{
	struct attached *next;
	for (struct attached *client = session->clients; client; client = next) {
		next = client->next;
		attached_end(client);
	}
}

struct session *sessions_add(uint32_t number, uint32_t flags, void (*over)(struct session *session))
{
	struct session *session = session_new(monitor.loop, number, flags);
	session->over = over;
	session->client_gone = client_gone;
	session->next = monitor.sessions;
	monitor.sessions = session;
	return session;
}

struct session *sessions_find(uint32_t number)
{
	for (struct session *at = monitor.sessions; at; at = at->next) {
		if (at->number == number)
			return at;
	}
	return NULL;
}

void sessions_attach(struct session *session, struct monitor_packet *packet, size_t index)
{
	const struct monitor_message *message = &packet->head;
	struct key_sequence keys = {.count = message->key_count};
	struct err err;
	memcpy(keys.keys, message->keys, sizeof keys.keys);
	if (attached_new(session, monitor.loop, take_fd(&packet->fds[index]), message->flags, &keys, &err) < 0) {
		fprintf(stderr, "tug-monitor: container %s: %s\n", monitor.id, err.msg);
		return;
	}
	if (message->tail_size > 0 && message->flags & MONITOR_IN)
		session_input(session, packet->tail, message->tail_size);
}

uint32_t sessions_highest(void)
{
	uint32_t highest = 0;
	for (const struct session *at = monitor.sessions; at; at = at->next)
		highest = at->number > highest ? at->number : highest;
	return highest;
}

bool sessions_is_own(pid_t pid)
{
	for (const struct session *at = monitor.sessions; at; at = at->next) {
		if (at->pid == pid)
			return true;
	}
	return false;
}
