#include "daemon/daemon.h"

#include "api/api.h"
#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/text.h"
#include "base/time.h"
#include "daemon/config.h"
#include "daemon/listen.h"
#include "engine/engine.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { LISTENERS_MAX = 16, DESCRIPTORS_WANTED = 1 << 20, EXIT_FAILED = 1, EXIT_CONFIG = 2 };

struct daemon {
	char *const *argv, *const *env;
	struct arena arena; /* of the configuration it started with */
	struct daemon_config start;
	struct arena current_arena; /* of what a reload brought; empty before the first */
	struct daemon_config current;

	int data_lock, run_lock;
	struct api_listener listeners[LISTENERS_MAX];
	size_t listener_count, hosts_open;
	bool pidfile_written;
	struct loop *loop;
	struct engine *engine;
	struct api *api;
	struct loop_signal terminate, interrupt, reload;
};

/* --- configuration --- */

/* The flag, the member of "proxies" in the file, the environment: the first that says something. */
static const char *proxy_of(const struct daemon_config *config, const char *flag, const char *member, const char *upper,
			    const char *lower)
{
	const char *text = flag;
	if (text_empty(text))
		text = json_map_get(&config->proxies, member);
	if (text_empty(text))
		text = getenv(upper);
	return text_empty(text) ? getenv(lower) : text;
}

static void engine_config_fill(struct arena *arena, const struct daemon_config *from, struct engine_config *out_config)
{
	size_t count = from->address_pools.count;
	struct engine_pool *pools = arena_array(arena, struct engine_pool, count + 1);
	for (size_t i = 0; i < count; i++)
		pools[i] = (struct engine_pool){from->address_pools.items[i].base, from->address_pools.items[i].size};
	*out_config = (struct engine_config){
	    .data_root = from->data_root,
	    .exec_root = from->exec_root,
	    .cgroup_parent = from->cgroup_parent,
	    .bridge = from->bridge,
	    .bip = from->bip,
	    .nft_table = from->nft_table,
	    .publish_ip = from->ip,
	    .pools = pools,
	    .pool_count = count,
	    .mtu = from->mtu,
	    .network_pool = from->network_pool,
	    .ip_forward = from->ip_forward,
	    .ip_masq = from->ip_masq,
	    .dns = from->dns,
	    .dns_options = from->dns_options,
	    .dns_search = from->dns_search,
	    .cdi_spec_dirs = from->cdi_spec_dirs,
	    .shm_size = from->shm_size,
	    .stop_timeout_s = from->stop_timeout_s,
	    .no_new_privileges = from->no_new_privileges,
	    .debug = from->debug,
	    .log_driver = from->log_driver,
	    .log_options = &from->log_options,
	    .labels = from->labels,
	    .registry_mirrors = from->registry_mirrors,
	    .insecure_registries = from->insecure_registries,
	    .registry_certs = from->registry_certs,
	    .http_proxy = proxy_of(from, from->http_proxy, "http-proxy", "HTTP_PROXY", "http_proxy"),
	    .https_proxy = proxy_of(from, from->https_proxy, "https-proxy", "HTTPS_PROXY", "https_proxy"),
	    .no_proxy = proxy_of(from, from->no_proxy, "no-proxy", "NO_PROXY", "no_proxy"),
	    .downloads = from->downloads,
	    .uploads = from->uploads,
	    .download_attempts = from->download_attempts,
	    .registry_timeout_s = from->registry_timeout_s,
	};
}

static int log_level_apply(const struct daemon_config *config, struct err *err)
{
	enum log_level level;
	int rc = log_level_parse(config->debug ? "debug" : config->log_level, &level, err);
	if (rc == 0)
		log_set_level(level);
	return rc;
}

static int log_open(const struct daemon_config *config, struct err *err)
{
	enum log_format format = text_equal(config->log_format, "json") ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
	int rc = log_level_apply(config, err);
	if (rc == 0)
		rc = log_add_fd(STDERR_FILENO, format, err);
	if (rc == 0 && !text_empty(config->log_file))
		rc = log_add_file(config->log_file, format, err);
	if (rc == 0 && config->log_journald)
		rc = log_add_journald(NULL, err);
	return rc;
}

static void changed_tell(void *cookie, const struct config_row *row)
{
	(void)cookie;
	if (row->reload)
		log_info("configuration changed", "key", row->key);
	else
		log_warn("configuration changed: this key takes effect with the next start", "key", row->key);
}

/* A bad file changes nothing: the values that are there stay. */
static int reload_apply(struct daemon *daemon, struct err *err)
{
	struct arena arena = {0};
	struct daemon_config config;
	struct config_command ignored;
	struct engine_config engine_config;
	int rc = config_load(&arena, daemon->argv, daemon->env, &config, &ignored, err);
	if (rc == 0)
		rc = log_level_apply(&config, err);
	if (rc < 0) {
		arena_done(&arena);
		return rc;
	}
	config_compare(&daemon->current, &config, changed_tell, NULL);
	engine_config_fill(&arena, &config, &engine_config);
	engine_reload(daemon->engine, &engine_config);
	arena_done(&daemon->current_arena);
	daemon->current_arena = arena;
	daemon->current = config;
	return 0;
}

/* --- signals --- */

static void reload_received(struct loop_signal *signal, const struct signalfd_siginfo *info)
{
	struct daemon *daemon = container_of(signal, struct daemon, reload);
	struct err err;
	char state[64];
	(void)info;
	snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)(time_monotonic_ns() / 1000));
	notify_systemd(state);
	if (reload_apply(daemon, &err) < 0)
		log_error(LOG_LEVEL_ERROR, &err, "configuration not reloaded: all values stay as they were", NULL);
	else
		log_info("configuration reloaded", "file", daemon->current.file);
	notify_systemd("READY=1");
}

static void end_received(struct daemon *daemon, const char *name)
{
	log_info("the engine ends; containers run on", "signal", name);
	notify_systemd("STOPPING=1");
	loop_stop(daemon->loop);
}

static void terminate_received(struct loop_signal *signal, const struct signalfd_siginfo *info)
{
	(void)info;
	end_received(container_of(signal, struct daemon, terminate), "TERM");
}

static void interrupt_received(struct loop_signal *signal, const struct signalfd_siginfo *info)
{
	(void)info;
	end_received(container_of(signal, struct daemon, interrupt), "INT");
}

static int signals_watch(struct daemon *daemon, struct err *err)
{
	int rc = loop_signal_add(daemon->loop, &daemon->terminate, SIGTERM, terminate_received, err);
	if (rc == 0)
		rc = loop_signal_add(daemon->loop, &daemon->interrupt, SIGINT, interrupt_received, err);
	if (rc == 0)
		rc = loop_signal_add(daemon->loop, &daemon->reload, SIGHUP, reload_received, err);
	return rc;
}

/* --- what it takes --- */

/* Each container costs a few descriptors, each client one; the usual soft limit of 1024 is for programs with select. */
static void descriptors_allow(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	rlim_t wanted = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
	if (limit.rlim_cur < wanted)
		limit.rlim_cur = wanted;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* the limit that is there stays: fewer containers */
}

static int directories_lock(struct daemon *daemon, struct err *err)
{
	int rc = lock_directory(daemon->start.data_root, &daemon->data_lock, err);
	if (rc == 0 && !text_equal(daemon->start.data_root, daemon->start.exec_root))
		rc = lock_directory(daemon->start.exec_root, &daemon->run_lock, err);
	/* Whoever made it: nobody walks into root file systems and finds setuid programs there. */
	if (rc == 0 && chmod(daemon->start.data_root, 0700) < 0)
		rc = err_sys(err, "data-root %s", daemon->start.data_root);
	/* The socket lies in it: its group must be able to reach it. What else is in there is 0700 of its own. */
	if (rc == 0 && chmod(daemon->start.exec_root, 0711) < 0)
		rc = err_sys(err, "exec-root %s", daemon->start.exec_root);
	return rc;
}

static int listeners_inherit(struct daemon *daemon, struct err *err)
{
	int fds[LISTENERS_MAX];
	size_t count;
	int rc = listen_inherited(fds, LISTENERS_MAX - daemon->listener_count, &count, err);
	for (size_t i = 0; rc == 0 && i < count; i++)
		daemon->listeners[daemon->listener_count++].fd = fds[i];
	return rc;
}

/* Before the record is read: clients that come meanwhile wait in the queue. */
static int listeners_open(struct daemon *daemon, struct err *err)
{
	for (char **host = daemon->start.hosts; *host; host++) {
		struct api_listener *listener = &daemon->listeners[daemon->listener_count];
		if (daemon->listener_count == LISTENERS_MAX)
			return err_set(err, E2BIG, "hosts: more than %d sockets", LISTENERS_MAX);
		bool inherited = text_equal(*host, "fd://");
		if (text_after(*host, "tcp://") && daemon->start.tls)
			return err_set(err, EINVAL,
				       "%s: whoever reaches this address is root on this host: TLS is not there yet; "
				       "to listen without it all the same set \"tls\": false, or --tls=false",
				       *host);
		int rc = inherited ? listeners_inherit(daemon, err)
				   : listen_on(*host, daemon->start.group, &listener->fd, err);
		if (rc < 0)
			return rc;
		daemon->hosts_open++;
		if (inherited)
			continue;
		listener->tcp = text_after(*host, "tcp://") != NULL;
		daemon->listener_count++;
	}
	return 0;
}

static void listeners_close(struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->hosts_open; i++)
		listen_remove(daemon->start.hosts[i]);
	for (size_t i = 0; i < daemon->listener_count; i++)
		close(daemon->listeners[i].fd);
}

static int pidfile_write(struct daemon *daemon, struct err *err)
{
	const char *path = daemon->start.pidfile;
	auto_free char *own = x_printf("%d\n", getpid());
	if (text_empty(path))
		return 0;
	int rc = file_replace(AT_FDCWD, path, own, strlen(own), 0644, err);
	daemon->pidfile_written = rc == 0;
	return rc;
}

static int daemon_open(struct daemon *daemon, struct err *err)
{
	struct engine_config engine_config;
	int rc = log_open(&daemon->start, err);
	if (rc == 0)
		rc = directories_lock(daemon, err);
	if (rc == 0)
		rc = listeners_open(daemon, err);
	if (rc == 0)
		rc = loop_new(&daemon->loop, err);
	if (rc == 0)
		rc = signals_watch(daemon, err);
	engine_config_fill(&daemon->arena, &daemon->start, &engine_config);
	if (rc == 0)
		rc = engine_open(daemon->loop, &engine_config, &daemon->engine, err);
	if (rc < 0)
		return rc;
	const struct api_config api_config = {.listeners = daemon->listeners, .listener_count = daemon->listener_count};
	rc = api_open(daemon->loop, daemon->engine, &api_config, &daemon->api, err);
	return rc < 0 ? rc : pidfile_write(daemon, err);
}

static void daemon_close(struct daemon *daemon)
{
	if (daemon->api)
		api_close(daemon->api);
	engine_close(daemon->engine);
	loop_signal_remove(&daemon->terminate);
	loop_signal_remove(&daemon->interrupt);
	loop_signal_remove(&daemon->reload);
	loop_free(daemon->loop);
	listeners_close(daemon);
	if (daemon->pidfile_written)
		unlink(daemon->start.pidfile);
	cleanup_fd(&daemon->run_lock);
	cleanup_fd(&daemon->data_lock);
	log_close();
}

/* --- from start to end --- */

static int serve(struct daemon *daemon)
{
	struct err err;
	int rc = daemon_open(daemon, &err);
	if (rc == 0) {
		for (char **host = daemon->start.hosts; *host; host++)
			log_info("the engine is ready", "listens", *host, "version", TUG_VERSION);
		notify_systemd("READY=1");
		rc = loop_run(daemon->loop, &err);
	}
	if (rc < 0)
		fprintf(stderr, "tugd: %s\n", err.msg);
	daemon_close(daemon);
	return rc < 0 ? EXIT_FAILED : 0;
}

/* The locks keep an engine away that uses what is taken down. */
static int purge(struct daemon *daemon)
{
	struct engine_config config;
	struct err err;
	engine_config_fill(&daemon->arena, &daemon->start, &config);
	int rc = directories_lock(daemon, &err);
	if (rc == 0)
		rc = engine_purge(&config, &err);
	if (rc < 0)
		fprintf(stderr, "tugd: %s\n", err.msg);
	cleanup_fd(&daemon->run_lock);
	cleanup_fd(&daemon->data_lock);
	return rc < 0 ? EXIT_FAILED : 0;
}

static int command_run(struct daemon *daemon, const struct config_command *command)
{
	auto_buf help = BUF_INIT(64 << 10);
	if (command->help) {
		config_help(&help);
		fputs(buf_str(&help), stdout);
	} else if (command->version) {
		printf("tugd version %s\n", TUG_VERSION);
	} else if (command->validate) {
		puts("configuration OK");
	} else if (geteuid() != 0) {
		fprintf(stderr, "tugd: the engine must be started as root\n");
		return EXIT_FAILED;
	} else if (command->purge) {
		return purge(daemon);
	} else {
		return serve(daemon);
	}
	return 0;
}

int daemon_main(char *const *argv, char *const *env)
{
	struct daemon daemon = {.argv = argv, .env = env, .data_lock = -1, .run_lock = -1};
	struct config_command command;
	struct err err;
	signal(SIGPIPE, SIG_IGN); /* writes report it */
	umask(022);
	descriptors_allow();
	if (config_load(&daemon.arena, argv, env, &daemon.start, &command, &err) < 0) {
		fprintf(stderr, "tugd: %s\n", err.msg);
		arena_done(&daemon.arena);
		return EXIT_CONFIG;
	}
	daemon.current = daemon.start;
	int status = command_run(&daemon, &command);
	arena_done(&daemon.current_arena);
	arena_done(&daemon.arena);
	return status;
}
