#include "oci/image_spec.h"

#include "unit/test.h"

static void load(struct arena *arena, const struct json_table *table, const char *text, void *out)
{
	struct err err;
	CHECK_OK(json_load(arena, table, text, strlen(text), "document", 0, out, &err));
}

TEST(a_manifest_of_docker_hub)
{
	auto_arena arena = {0};
	struct oci_manifest manifest = {0};
	load(&arena, &table_oci_manifest,
	     "{\"schemaVersion\":2,\"mediaType\":\"application/"
	     "vnd.oci.image.manifest.v1+json\",\"config\":{\"mediaType\":"
	     "\"application/"
	     "vnd.oci.image.config.v1+json\",\"digest\":\"sha256:aa\",\"size\":7023},\"layers\":[{\"mediaType\":"
	     "\"application/"
	     "vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"sha256:bb\",\"size\":32654,\"urls\":[\"https://x\"]}],"
	     "\"annotations\":{\"k\":\"v\"},\"unknown\":1}",
	     &manifest);
	CHECK_INT(manifest.schema_version, 2);
	CHECK_STR(manifest.media_type, OCI_MEDIA_MANIFEST);
	CHECK_STR(manifest.config.digest, "sha256:aa");
	CHECK_INT(manifest.config.size, 7023);
	CHECK_INT(manifest.layers.count, 1);
	CHECK_STR(manifest.layers.items[0].media_type, OCI_MEDIA_LAYER_GZIP);
	CHECK(!manifest.manifests);
}

/* CVE-2021-41190: whoever reads sees that the document claims to be the other kind as well. */
TEST(a_document_that_is_both_shows_it)
{
	auto_arena arena = {0};
	struct oci_index index = {0};
	load(&arena, &table_oci_index,
	     "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"m\",\"digest\":\"d\",\"size\":1,\"platform\":{"
	     "\"architecture\":"
	     "\"arm64\",\"os\":\"linux\",\"variant\":\"v8\",\"os.version\":\"1\"}}],\"layers\":[]}",
	     &index);
	CHECK_INT(index.manifests.count, 1);
	CHECK_STR(index.manifests.items[0].platform->variant, "v8");
	CHECK(index.layers && !index.config);
}

TEST(a_configuration_with_dockers_additions)
{
	auto_arena arena = {0};
	struct oci_image image = {0};
	load(&arena, &table_oci_image,
	     "{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"2026-01-02T03:04:05Z\",\"config\":{\"User\":"
	     "\"1000:100\","
	     "\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":null},\"Env\":[\"A=b\"],\"Entrypoint\":[\"/e\"],\"Cmd\":null,"
	     "\"Volumes\":{\"/data\":{}},\"WorkingDir\":\"/"
	     "w\",\"Labels\":{\"l\":\"m\"},\"StopSignal\":\"SIGQUIT\",\"Healthcheck\":"
	     "{\"Test\":[\"CMD\",\"true\"],\"Interval\":30000000000,\"Retries\":3},\"OnBuild\":[],\"Shell\":[\"/bin/"
	     "sh\",\"-c\"]},"
	     "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:cc\",\"sha256:dd\"]},\"history\":[{\"created_by\":"
	     "\"ADD\"},"
	     "{\"created_by\":\"CMD\",\"empty_layer\":true}],\"container_config\":{\"Cmd\":[\"x\"]}}",
	     &image);
	const struct oci_image_run *run = image.config;
	CHECK_STR(run->user, "1000:100");
	CHECK_INT(run->exposed_ports.count, 2);
	CHECK_STR(run->exposed_ports.items[1].key, "53/udp");
	CHECK(!run->cmd);
	CHECK_STR(run->entrypoint[0], "/e");
	CHECK_STR(run->volumes.items[0].key, "/data");
	CHECK_STR(json_map_get(&run->labels, "l"), "m");
	CHECK_INT(run->healthcheck->interval, 30000000000);
	CHECK_STR(run->shell[1], "-c");
	CHECK_STR(image.rootfs.diff_ids[1], "sha256:dd");
	CHECK(image.history.items[1].empty_layer && !image.history.items[0].empty_layer);
}

TEST(an_entry_of_docker_save)
{
	auto_arena arena = {0};
	struct docker_save_entry entry = {0};
	static const char text[] =
	    "{\"Config\":\"blobs/sha256/aa\",\"RepoTags\":null,\"Layers\":[\"blobs/sha256/bb\"]}";
	load(&arena, &table_docker_save_entry, text, &entry);
	CHECK_STR(entry.layers[0], "blobs/sha256/bb");
	auto_buf out = BUF_INIT(4096);
	json_encode(&out, &table_docker_save_entry, &entry);
	CHECK_STR(buf_str(&out), text);
}
