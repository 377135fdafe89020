#include "cli/template.h"

#include "unit/test.h"

static struct err err;
static struct arena arena;
static struct buf out = BUF_INIT(TEMPLATE_OUT_MAX);

static int run(const char *text, const char *data)
{
	const struct template *template;
	const struct json *value;
	arena_done(&arena);
	buf_reset(&out);
	CHECK_OK(json_parse(&arena, data, strlen(data), "data", &value, &err));
	int rc = template_parse(&arena, text, &template, &err);
	return rc < 0 ? rc : template_run(template, &arena, value, &out, &err);
}

static const char data[] = "{\"Name\":\"/web\",\"State\":{\"Running\":true,\"Pid\":42,\"Error\":\"\"},"
			   "\"Args\":[\"-c\",\"x y\"],\"Config\":{\"Labels\":{\"a.b\":\"1\",\"c\":\"2\"},\"Cmd\":null},"
			   "\"Mounts\":[{\"Source\":\"/s\",\"RW\":true},{\"Source\":\"/t\",\"RW\":false}]}";

TEST(templates_that_people_use)
{
	static const struct {
		const char *text, *output;
	} rows[] = {
	    {"plain", "plain"},
	    {"{{.Name}} {{ .State.Pid }}", "/web 42"},
	    {"{{json .Args}}", "[\"-c\",\"x y\"]"},
	    {"{{.Args}} {{.Config.Labels}}", "[-c x y] map[a.b:1 c:2]"},
	    {"{{if .State.Running}}up{{else}}down{{end}}", "up"},
	    {"{{if .State.Error}}bad{{else if eq .State.Pid 42}}good{{else}}none{{end}}.", "good."},
	    {"{{range .Mounts}}{{.Source}}{{if .RW}}:rw{{end}} {{end}}", "/s:rw /t "},
	    {"{{range $i, $m := .Mounts}}{{$i}}={{$m.Source}};{{end}}", "0=/s;1=/t;"},
	    {"{{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{end}}", "a.b=1 c=2 "},
	    {"{{range .Config.Cmd}}x{{else}}none{{end}}", "none"},
	    {"{{index .Config.Labels \"a.b\"}}", "1"},
	    {"{{index .Config.Labels \"missing\"}}", ""},
	    {"{{(index .Mounts 1).Source}}", "/t"},
	    {"{{join .Args \",\"}} {{upper .Name}} {{title \"ab cd\"}}", "-c,x y /WEB Ab Cd"},
	    {"{{.Args | json}} {{len .Args}}", "[\"-c\",\"x y\"] 2"},
	    {"{{with .State}}{{.Pid}}{{end}}", "42"},
	    {"{{$x := .State.Pid}}{{$x}}-{{$.Name}}", "42-/web"},
	    {"a {{- .State.Pid -}} b", "a42b"},
	    {"{{/* nothing */}}x{{\"}}\"}}", "x}}"},
	    {"{{printf \"%s:%d\" .Name .State.Pid}}", "/web:42"},
	    {"{{and .State.Running .Name}} {{or .State.Error \"ok\"}} {{not .State.Running}}", "/web ok false"},
	    {"{{truncate .Name 2}}{{pad \"x\" 1 2}}|", "/w x  |"},
	    {"{{index (split .Name \"/\") 1}}", "web"},
	    {"{{.Config.Cmd}}", "<no value>"},
	    {"{{.name}}", "/web"},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		if (run(rows[i].text, data) < 0)
			test_fail(__FILE__, __LINE__, "%s: %s", rows[i].text, err.msg);
		CHECK_STR(buf_str(&out), rows[i].output);
	}
	arena_done(&arena);
	buf_done(&out);
}

TEST(bad_templates_are_named)
{
	static const char *const bad[] = {
	    "{{",	 "{{.Name",	"{{end}}", "{{if .Name}}",   "{{nope .}}",	  "{{.Name | }}",
	    "{{else}}",	 "{{(.Name}}",	"{{\"x}}", "{{}}",	     "{{range}}{{end}}",  "{{.a..b}}",
	    "{{.Nope}}", "{{.Name.X}}", "{{$y}}",  "{{eq 1 \"a\"}}", "{{index .Args 9}}", "{{.Name 1}}"};
	for (size_t i = 0; i < array_size(bad); i++) {
		if (run(bad[i], data) >= 0)
			test_fail(__FILE__, __LINE__, "accepted: %s", bad[i]);
	}
	CHECK_ERR(run("{{.Nope}}", data), EINVAL);
	CHECK_CONTAINS(err.msg, "map has no entry for key \"Nope\"");
	CHECK_ERR(run("a\n{{.Name", data), EINVAL);
	CHECK_CONTAINS(err.msg, "template: :2: unclosed action");
	arena_done(&arena);
	buf_done(&out);
}
