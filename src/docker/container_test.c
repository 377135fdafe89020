#include "docker/container.h"

#include "docker/exec.h"
#include "docker/image.h"
#include "unit/test.h"

static struct err err;
static struct arena arena;
static struct container_create request;

static int load(const char *text)
{
	arena_done(&arena);
	request = (struct container_create){0};
	int rc = json_load(&arena, &table_container_create, text, strlen(text), "invalid JSON", JSON_FOLD_CASE,
			   &request, &err);
	return rc < 0 ? rc : container_create_check(&request, &err);
}

/* What docker 28.2.2 sends for `docker run -p 8080:80 -v /srv:/srv:ro hello`. */
static const char from_docker[] =
    "{\"Hostname\":\"\",\"Domainname\":\"\",\"User\":\"\",\"AttachStdin\":false,\"AttachStdout\":true,\"AttachStderr\":"
    "true,"
    "\"ExposedPorts\":{\"80/tcp\":{}},\"Tty\":false,\"OpenStdin\":false,\"StdinOnce\":false,\"Env\":null,\"Cmd\":null,"
    "\"Image\":\"hello\",\"Volumes\":{},\"WorkingDir\":\"\",\"Entrypoint\":null,\"OnBuild\":null,\"Labels\":{},"
    "\"HostConfig\":{\"Binds\":[\"/srv:/srv:ro\"],\"ContainerIDFile\":\"\",\"LogConfig\":{\"Type\":\"\",\"Config\":{}},"
    "\"NetworkMode\":\"default\",\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}]},"
    "\"RestartPolicy\":{\"Name\":\"no\",\"MaximumRetryCount\":0},\"AutoRemove\":false,\"VolumeDriver\":\"\","
    "\"VolumesFrom\":null,\"ConsoleSize\":[0,0],\"CapAdd\":null,\"CapDrop\":null,\"CgroupnsMode\":\"\",\"Dns\":[],"
    "\"DnsOptions\":[],\"DnsSearch\":[],\"ExtraHosts\":null,\"GroupAdd\":null,\"IpcMode\":\"\",\"Cgroup\":\"\","
    "\"Links\":null,\"OomScoreAdj\":0,\"PidMode\":\"\",\"Privileged\":false,\"PublishAllPorts\":false,"
    "\"ReadonlyRootfs\":false,\"SecurityOpt\":null,\"UTSMode\":\"\",\"UsernsMode\":\"\",\"ShmSize\":0,\"Isolation\":"
    "\"\","
    "\"CpuShares\":0,\"Memory\":0,\"NanoCpus\":0,\"CgroupParent\":\"\",\"BlkioWeight\":0,\"BlkioWeightDevice\":[],"
    "\"BlkioDeviceReadBps\":[],\"BlkioDeviceWriteBps\":[],\"BlkioDeviceReadIOps\":[],\"BlkioDeviceWriteIOps\":[],"
    "\"CpuPeriod\":0,\"CpuQuota\":0,\"CpuRealtimePeriod\":0,\"CpuRealtimeRuntime\":0,\"CpusetCpus\":\"\","
    "\"CpusetMems\":\"\",\"Devices\":[],\"DeviceCgroupRules\":null,\"DeviceRequests\":null,\"MemoryReservation\":0,"
    "\"MemorySwap\":0,\"MemorySwappiness\":-1,\"OomKillDisable\":false,\"PidsLimit\":0,\"Ulimits\":[],\"CpuCount\":0,"
    "\"CpuPercent\":0,\"IOMaximumIOps\":0,\"IOMaximumBandwidth\":0,\"MaskedPaths\":null,\"ReadonlyPaths\":null},"
    "\"NetworkingConfig\":{\"EndpointsConfig\":{\"default\":{\"IPAMConfig\":null,\"Links\":null,\"Aliases\":null,"
    "\"MacAddress\":\"\",\"DriverOpts\":null,\"GwPriority\":0,\"NetworkID\":\"\",\"EndpointID\":\"\",\"Gateway\":\"\","
    "\"IPAddress\":\"\",\"IPPrefixLen\":0,\"IPv6Gateway\":\"\",\"GlobalIPv6Address\":\"\",\"GlobalIPv6PrefixLen\":0,"
    "\"DNSNames\":null}}}}";

TEST(request_of_the_docker_client_is_accepted)
{
	CHECK_OK(load(from_docker));
	CHECK_STR(request.config.image, "hello");
	CHECK_STR(request.config.exposed_ports.items[0].key, "80/tcp");
	CHECK_STR(request.host.binds[0], "/srv:/srv:ro");
	CHECK_STR(request.host.port_bindings.items[0].key, "80/tcp");
	CHECK_STR(request.host.port_bindings.items[0].bindings.items[0].host_port, "8080");
	CHECK_INT(request.host.console_size.count, 2);
	CHECK_INT(*request.host.memory_swappiness, -1);
	CHECK_STR(request.networking.endpoints.items[0].key, "default");
	arena_done(&arena);
}

TEST(what_it_says_comes_back)
{
	CHECK_OK(load(from_docker));
	auto_buf text = BUF_INIT(1 << 16);
	json_encode(&text, &table_host_config, &request.host);
	CHECK_CONTAINS(text.data, "\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}]}");
	CHECK_CONTAINS(text.data, "\"ConsoleSize\":[0,0]");
	CHECK_CONTAINS(text.data, "\"CapAdd\":null");
	CHECK_CONTAINS(text.data, "\"Dns\":[]");
	CHECK_CONTAINS(text.data, "\"BlkioWeightDevice\":[]");
	CHECK_CONTAINS(text.data, "\"DeviceRequests\":null");
	buf_reset(&text);
	json_encode(&text, &table_container_config, &request.config);
	CHECK_CONTAINS(text.data, "\"ExposedPorts\":{\"80/tcp\":{}}");
	CHECK_CONTAINS(text.data, "\"Entrypoint\":null");
	CHECK(!strstr(text.data, "StopTimeout"));
	arena_done(&arena);
}

TEST(what_is_not_there_yet_is_refused_by_name)
{
	static const struct {
		const char *host, *name;
	} rows[] = {
	    {"{\"StorageOpt\":{\"size\":\"1g\"}}", "StorageOpt"},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		auto_buf text = BUF_INIT(4096);
		buf_printf(&text, "{\"Image\":\"a\",\"HostConfig\":%s}", rows[i].host);
		CHECK(load(text.data) < 0);
		CHECK_CONTAINS(err.msg, rows[i].name);
		CHECK_CONTAINS(err.msg, "known, but not supported");
	}
	arena_done(&arena);
}

TEST(nonsense_is_an_error)
{
	CHECK_ERR(load("{\"HostConfig\":{\"RestartPolicy\":{\"Name\":\"sometimes\"}}}"), EINVAL);
	CHECK_ERR(load("{\"HostConfig\":{\"IpcMode\":\"nonsense\"}}"), EINVAL);
	CHECK_ERR(load("{\"HostConfig\":{\"OomScoreAdj\":1001}}"), EINVAL);
	CHECK_ERR(load("{\"HostConfig\":{\"ConsoleSize\":[1]}}"), EINVAL);
	CHECK_ERR(load("{\"HostConfig\":{\"ConsoleSize\":[1,65536]}}"), EINVAL);
	CHECK_ERR(load("{\"HostConfig\":{\"Memory\":\"64m\"}}"), EINVAL);
	CHECK(load("{\"HostConfig\":{\"Memory\":99999999999999999999}}") < 0);
	arena_done(&arena);
}

TEST(answers_look_as_dockers)
{
	auto_buf text = BUF_INIT(1 << 16);
	json_encode(&text, &table_container_created, &(struct container_created){.id = (char *)"abc"});
	CHECK_STR(text.data, "{\"Id\":\"abc\",\"Warnings\":[]}");
	buf_reset(&text);
	json_encode(&text, &table_container_wait, &(struct container_wait){.status_code = 3});
	CHECK_STR(text.data, "{\"StatusCode\":3}");
	buf_reset(&text);
	struct string_row row = {(char *[]){(char *)"1", (char *)"init", NULL}};
	json_encode(
	    &text, &table_container_top,
	    &(struct container_top){.titles = (char *[]){(char *)"PID", (char *)"CMD", NULL}, .processes = {&row, 1}});
	CHECK_STR(text.data, "{\"Titles\":[\"PID\",\"CMD\"],\"Processes\":[[\"1\",\"init\"]]}");
	buf_reset(&text);
	struct port_summary ports[] = {
	    {.private_port = 80, .type = (char *)"tcp"},
	    {.ip = (char *)"0.0.0.0", .private_port = 80, .public_port = 8080, .type = (char *)"tcp"}};
	json_encode(&text, &table_container_summary, &(struct container_summary){.ports = {ports, 2}});
	CHECK_CONTAINS(text.data,
		       "\"Ports\":[{\"PrivatePort\":80,\"Type\":\"tcp\"},{\"IP\":\"0.0.0.0\",\"PrivatePort\":80,"
		       "\"PublicPort\":8080,\"Type\":\"tcp\"}]");
	CHECK(!strstr(text.data, "SizeRw"));
	buf_reset(&text);
	struct port_map_entry entry = {.key = (char *)"80/tcp"};
	json_encode(&text, &table_network_settings, &(struct network_settings){.ports = {&entry, 1}});
	CHECK_CONTAINS(text.data, "\"Ports\":{\"80/tcp\":null}");
	buf_reset(&text);
	json_encode(&text, &table_exec_inspect, &(struct exec_inspect){.id = (char *)"e"});
	CHECK_CONTAINS(text.data, "\"ExitCode\":null");
	buf_reset(&text);
	json_encode(&text, &table_progress, &(struct progress){.stream = (char *)"Loaded image: a:b\n"});
	CHECK_STR(text.data, "{\"stream\":\"Loaded image: a:b\\n\"}");
}
