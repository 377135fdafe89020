#include "engine/names.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/launch_network.h"
#include "resolver/protocol.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define LINGER_NS 250000000LL /* one container after the other does not start it each time */
#define AGAIN_NS 100000000LL

static const char socket_name[] = "resolver.sock";

/* A message that did not fit into the socket yet. */
struct unsent {
	struct unsent *next;
	enum resolver_type type;
	char *tail;
	size_t size;
	int fds[RESOLVER_FDS_MAX];
	size_t fd_count;
};

struct names {
	struct engine *engine;
	int fd; /* -1: there is no resolver */
	struct loop_io io;
	struct loop_child child; /* when this engine started it */
	struct loop_timer linger, again;
	struct unsent *unsent, **unsent_end;
	bool adopting; /* it has the sockets of an engine before us */
};

static bool any_named(const struct names *names)
{
	for (const struct container *at = names->engine->containers; at; at = at->next) {
		if (at->named)
			return true;
	}
	return false;
}

/* --- messages --- */

static void lost(struct names *names);

static void unsent_free(struct names *names)
{
	while (names->unsent) {
		struct unsent *message = names->unsent;
		names->unsent = message->next;
		cleanup_fds(message->fds, message->fd_count);
		free(message->tail);
		free(message);
	}
	names->unsent_end = &names->unsent;
}

static void unsent_send(struct names *names)
{
	while (names->unsent) {
		struct unsent *message = names->unsent;
		int rc = resolver_send(names->fd, message->type, message->tail, message->size, message->fds,
				       message->fd_count);
		if (rc == -EAGAIN)
			return;
		names->unsent = message->next;
		if (!names->unsent)
			names->unsent_end = &names->unsent;
		cleanup_fds(message->fds, message->fd_count);
		free(message->tail);
		free(message);
		if (rc < 0) {
			lost(names);
			return;
		}
	}
	loop_io_modify(&names->io, EPOLLIN);
}

/* Takes the descriptors. */
static void send_later(struct names *names, enum resolver_type type, const void *tail, size_t size, int *fds,
		       size_t fd_count)
{
	struct unsent *message = x_alloc(sizeof *message);
	message->type = type;
	message->tail = x_strndup(tail, size);
	message->size = size;
	for (size_t i = 0; i < fd_count; i++)
		message->fds[i] = take_fd(&fds[i]);
	message->fd_count = fd_count;
	*names->unsent_end = message;
	names->unsent_end = &message->next;
	loop_io_modify(&names->io, EPOLLIN | EPOLLOUT);
}

/* A resolver that is gone is noticed by its end of file. */
static void message_send(struct names *names, enum resolver_type type, const void *tail, size_t size, int *fds,
			 size_t fd_count)
{
	if (names->fd < 0)
		return;
	if (names->unsent || resolver_send(names->fd, type, tail, size, fds, fd_count) == -EAGAIN)
		send_later(names, type, tail, size, fds, fd_count);
}

static void id_send(struct names *names, enum resolver_type type, const struct container *container)
{
	message_send(names, type, container->id, strlen(container->id), NULL, 0);
}

/* --- the entry of a container --- */

static bool may_leave(const struct container *container)
{
	for (size_t i = 0; i < container->member_count; i++) {
		const struct network_record *record = networks_by_id(container->engine, container->members[i].network);
		if (record && !record->document.request.internal)
			return true;
	}
	return false;
}

static int by_priority(const void *a, const void *b)
{
	const struct member *const *left = a, *const *right = b;
	int64_t more = (*right)->endpoint->place.priority - (*left)->endpoint->place.priority;
	return more > 0 ? 1 : more < 0 ? -1 : *left < *right ? -1 : 1;
}

/* Of several networks that know a name, the one with the highest priority answers. */
static void places_fill(const struct container *container, struct arena *arena, struct resolver_entry *entry)
{
	const struct member **members = arena_array(arena, const struct member *, container->member_count + 1);
	for (size_t i = 0; i < container->member_count; i++)
		members[i] = &container->members[i];
	qsort(members, container->member_count, sizeof(const struct member *), by_priority);
	entry->places.items = arena_array(arena, struct resolver_place, container->member_count + 1);
	for (size_t i = 0; i < container->member_count; i++) {
		const struct network_record *record = networks_by_id(container->engine, members[i]->network);
		const struct endpoint_settings *settings = membership_settings(container, members[i]->network);
		const struct network_place *place = &members[i]->endpoint->place;
		if (!record || !settings || !record->network || !network_resolves(record->network))
			continue;
		entry->places.items[entry->places.count++] = (struct resolver_place){
		    .network = (char *)record->id,
		    .network_name = (char *)record->name,
		    .four = address_copy(arena, &place->four),
		    .six = address_copy(arena, &place->six),
		    .names = membership_names(container, settings, arena),
		    .links = settings->links,
		};
	}
}

static void entry_fill(const struct container *container, struct arena *arena, struct resolver_entry *entry)
{
	char *const *own = container->document.host.dns, *const *all = container->engine->config.dns;
	*entry = (struct resolver_entry){
	    .id = (char *)container->id,
	    .forwards = may_leave(container),
	    .servers = (char **)(own && own[0] ? own : all),
	};
	places_fill(container, arena, entry);
}

/* --- the resolver --- */

static void names_ready(struct loop_io *io, uint32_t events);

static int link_take(struct names *names, int fd, struct err *err)
{
	if (fd_set_nonblock(fd, true, err) < 0)
		return -err->code;
	int rc = loop_io_add(names->engine->loop, &names->io, fd, EPOLLIN, names_ready, err);
	if (rc == 0)
		names->fd = fd;
	return rc;
}

static void link_drop(struct names *names)
{
	loop_io_remove(&names->io);
	cleanup_fd(&names->fd);
	names->fd = -1;
	names->adopting = false;
	unsent_free(names);
}

/* The path of RUN may be longer than a socket's address allows: by way of the descriptor. */
static struct sockaddr_un address_make(const struct engine *engine)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", engine->run, socket_name);
	return address;
}

static int listener_make(const struct engine *engine, int *out_fd, struct err *err)
{
	const struct sockaddr_un address = address_make(engine);
	auto_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	(void)unlinkat(engine->run, socket_name, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4) < 0)
		return err_sys(err, "a socket for the resolver");
	*out_fd = take_fd(&fd);
	return 0;
}

/* It is reaped; that it is gone comes over the socket. */
static void child_ended(struct loop_child *child, int status)
{
	(void)child;
	(void)status;
}

static int spawn(struct names *names, struct err *err)
{
	struct loop *loop = names->engine->loop;
	auto_free char *path = NULL;
	auto_fd int listener = -1;
	int pair[2];
	pid_t pid;
	int rc = process_sibling("tug-resolver", &path, err);
	if (rc == 0)
		rc = listener_make(names->engine, &listener, err);
	if (rc < 0)
		return rc;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "socketpair");
	auto_fd int ours = pair[0], theirs = pair[1];
	char *const argv[] = {(char *)"tug-resolver", NULL};
	const int fds[] = {-1, -1, STDERR_FILENO, theirs, listener};
	const struct process_spec spec = {
	    .path = path, .exe_fd = -1, .argv = argv, .fds = fds, .fd_count = array_size(fds), .new_session = true};
	loop_child_remove(&names->child);
	rc = process_spawn(&spec, &pid, err);
	if (rc == 0)
		rc = loop_child_add(loop, &names->child, pid, child_ended, err);
	if (rc == 0)
		rc = link_take(names, ours, err);
	if (rc == 0)
		take_fd(&ours);
	return rc;
}

static void linger_over(struct loop_timer *timer)
{
	struct names *names = container_of(timer, struct names, linger);
	if (names->fd < 0 || any_named(names))
		return;
	link_drop(names); /* it ends, as it has nothing to do */
	(void)unlinkat(names->engine->run, socket_name, 0);
}

static void linger(struct names *names)
{
	if (names->fd >= 0 && !any_named(names))
		loop_timer_start(names->engine->loop, &names->linger, LINGER_NS, linger_over);
}

/* --- putting --- */

static int sockets_make(struct container *container, int namespace_fd, int out_fds[RESOLVER_FDS_MAX], struct err *err)
{
	auto_fd int own = namespace_fd >= 0 ? fcntl(namespace_fd, F_DUPFD_CLOEXEC, 0) : -1;
	int rc = own >= 0 ? 0 : launch_network_namespace(container, &own, err);
	if (rc == 0)
		rc = network_resolver_sockets(container->engine->networks, own, &out_fds[0], &out_fds[1], err);
	if (rc == 0)
		out_fds[2] = take_fd(&own);
	return rc;
}

int names_put(struct container *container, int namespace_fd, struct err *err)
{
	struct names *names = container->engine->names;
	auto_arena arena = {0};
	auto_buf text = BUF_INIT(RESOLVER_TAIL_MAX);
	struct resolver_entry entry;
	int fds[RESOLVER_FDS_MAX] = {-1, -1, -1};
	entry_fill(container, &arena, &entry);
	if (entry.places.count == 0) {
		names_drop(container);
		return 0;
	}
	json_encode(&text, &table_resolver_entry, &entry);
	int rc = buf_check(&text, "the list of a container's names", err);
	if (rc == 0 && names->fd < 0)
		rc = spawn(names, err);
	bool sockets = !container->named && !names->adopting;
	if (rc == 0 && sockets)
		rc = sockets_make(container, namespace_fd, fds, err);
	if (rc < 0)
		return err_wrap(err, "the resolver of names");
	message_send(names, RESOLVER_PUT, text.data, text.len, fds, sockets ? array_size(fds) : 0);
	cleanup_fds(fds, array_size(fds));
	container->named = true;
	if (sockets && container->pid > 0)
		names_watch(container, container->pid);
	return 0;
}

void names_watch(struct container *container, int pid)
{
	struct err ignored;
	int fd;
	if (!container->named || fd_pidfd(pid, &fd, &ignored) < 0)
		return;
	message_send(container->engine->names, RESOLVER_WATCH, container->id, strlen(container->id), &fd, 1);
	cleanup_fd(&fd);
}

void names_drop(struct container *container)
{
	if (!container->named)
		return;
	container->named = false;
	id_send(container->engine->names, RESOLVER_DROP, container);
	linger(container->engine->names);
}

/* --- what the resolver says --- */

static void put_again(struct container *container)
{
	struct err err;
	container->named = false;
	if (names_put(container, -1, &err) < 0)
		log_error(LOG_LEVEL_ERROR, &err, "a container cannot resolve names", "container", container->id, NULL);
}

/* The address of a namespace that nothing was put into yet is with its start, which puts it. */
static void again(struct loop_timer *timer)
{
	struct names *names = container_of(timer, struct names, again);
	for (struct container *at = names->engine->containers; at; at = at->next) {
		if (at->member_count && at->pid > 0)
			put_again(at);
	}
}

static void lost(struct names *names)
{
	bool needed = any_named(names);
	link_drop(names);
	for (struct container *at = names->engine->containers; at; at = at->next)
		at->named = false;
	if (!needed)
		return;
	log_warn("the resolver of names is gone: it is started anew");
	loop_timer_start(names->engine->loop, &names->again, AGAIN_NS, again);
}

static void packet_do(struct names *names, const struct resolver_packet *packet)
{
	if (packet->type != RESOLVER_LACKS)
		return;
	for (struct container *at = names->engine->containers; at; at = at->next) {
		if (!text_equal(at->id, packet->tail) || !at->named)
			continue;
		names->adopting = false;
		put_again(at);
	}
}

static void names_ready(struct loop_io *io, uint32_t events)
{
	struct names *names = container_of(io, struct names, io);
	if (events & EPOLLOUT)
		unsent_send(names);
	while (names->fd >= 0) {
		struct resolver_packet packet;
		int rc = resolver_receive(names->fd, &packet);
		if (rc == -EAGAIN || rc == -EINTR)
			return;
		if (rc <= 0) {
			lost(names);
			return;
		}
		packet_do(names, &packet);
		resolver_packet_done(&packet);
	}
}

/* --- from start to end --- */

int names_open(struct engine *engine, struct err *err)
{
	const struct sockaddr_un address = address_make(engine);
	struct names *names = x_alloc(sizeof *names);
	names->engine = engine;
	names->fd = -1;
	names->unsent_end = &names->unsent;
	engine->names = names;
	auto_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, "socket");
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return 0; /* there is none */
	int rc = link_take(names, fd, err);
	if (rc < 0)
		return rc;
	take_fd(&fd);
	names->adopting = true;
	message_send(names, RESOLVER_SYNC, NULL, 0, NULL, 0);
	return 0;
}

void names_settle(struct engine *engine)
{
	struct names *names = engine->names;
	message_send(names, RESOLVER_SYNCED, NULL, 0, NULL, 0);
	names->adopting = false;
	linger(names);
}

void names_close(struct engine *engine)
{
	struct names *names = engine->names;
	if (!names)
		return;
	link_drop(names);
	loop_child_remove(&names->child);
	loop_timer_stop(&names->linger);
	loop_timer_stop(&names->again);
	free(names);
	engine->names = NULL;
}
