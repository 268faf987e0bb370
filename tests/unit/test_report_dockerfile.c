/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries of a history, as builders write them, and the lines of a Dockerfile that they become. */
#include "../lib/growth.h"
#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/json.h"
#include "slimtrace/report.h"

#define SH "/bin/sh -c "
#define NOP SH "#(nop) "
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct history {
	const char *line[4];
	const char *config; /* members of it; NULL: none */
	const char *want;   /* what the Dockerfile ends with */
};

static const struct history cases[] = {
	/* RUN: both builders, arguments, shells, lines */
	{ { SH "a && b" }, NULL, "RUN a && b\n" },
	{ { "RUN " SH "a && b # buildkit" }, NULL, "RUN a && b\n" },
	{ { "|1 V=1 " SH "make" }, NULL, "ARG V=1\nRUN make\n" },
	{ { "RUN |1 V=1 " SH "make # buildkit" }, NULL, "ARG V=1\nRUN make\n" },
	{ { "RUN |2 A=a b C= " SH "make # buildkit" },
	  NULL,
	  "ARG A=\"a b\"\nARG C=\"\"\nRUN make\n" },
	{ { "ARG V=1", "RUN |1 V=1 " SH "make # buildkit" }, NULL, "ARG V=1\nRUN make\n" },
	{ { "ARG V=1", "RUN |1 V=2 " SH "make # buildkit" }, NULL, "ARG V=1\nARG V=2\nRUN make\n" },
	{ { "RUN |0 " SH "make # buildkit" }, NULL, "RUN make\n" },
	{ { "RUN " SH "echo a\necho b # buildkit" }, NULL, "RUN <<EOF\necho a\necho b\nEOF\n" },
	{ { "RUN " SH "cat <<X >/f\none\nX # buildkit" }, NULL, "RUN cat <<X >/f\none\nX\n" },
	{ { "RUN " SH "echo EOF\nEOF\n # buildkit" }, NULL, "RUN <<EOF1\necho EOF\nEOF\nEOF1\n" },
	{ { "RUN --mount=type=cache,target=/c " SH "make # buildkit" },
	  NULL,
	  "RUN --mount=type=cache,target=/c make\n" },
	{ { "RUN /bin/prog a b # buildkit" }, NULL, "RUN [\"/bin/prog\", \"a\", \"b\"]\n" },
	{ { "SHELL [/bin/bash -o pipefail -c]", "RUN /bin/bash -o pipefail -c a | b # buildkit" },
	  "\"Shell\":[\"/bin/bash\",\"-o\",\"pipefail\",\"-c\"]",
	  "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN a | b\n" },
	{ { SH "apt-get update && apt-get install -y --no-install-recommends one two three four "
	       "&& rm -rf /var/lib/apt/lists" },
	  NULL,
	  "RUN apt-get update && \\\n    apt-get install -y --no-install-recommends one two three "
	  "four && \\\n    rm -rf /var/lib/apt/lists\n" },
	/* a document in a document, of which the last line is no end */
	{ { "RUN " SH "cat <<X >/f\none\nX\nmv a b\n # buildkit" },
	  NULL,
	  "RUN <<EOF\ncat <<X >/f\none\nX\nmv a b\nEOF\n" },
	{ { "RUN " SH "cat <<X >/f && cat <<Y >/g\none\nX\ntwo\nY # buildkit" },
	  NULL,
	  "RUN cat <<X >/f && cat <<Y >/g\none\nX\ntwo\nY\n" },
	{ { "RUN " SH "cat <<X >/f && cat <<Y >/g\nY\none\nX\n # buildkit" },
	  NULL,
	  "RUN <<EOF\ncat <<X >/f && cat <<Y >/g\nY\none\nX\nEOF\n" },
	/* BuildKit's of a script, of which it tells the name alone */
	{ { "RUN " SH "/dev/pipes/EOF # buildkit" }, NULL, "RUN heredoc:EOF\n" },
	{ { "RUN " SH "/dev/pipes/a b # buildkit" }, NULL, "RUN /dev/pipes/a b\n" },
	/* Buildah: lines as they were written */
	{ { NOP "ENV A=\"two words\" B='$x' C=a\\ b" },
	  "\"Env\":[\"A=two words\",\"B=$x\",\"C=a b\"]",
	  "ENV A=\"two words\" B=\"\\$x\" C=\"a b\"\n" },
	{ { NOP "ENV A=/a", NOP "ENV P=\"$A/b:${PATH}\"" },
	  "\"Env\":[\"A=/a\",\"P=/a/b:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/"
	  "bin\"]",
	  "ENV P=/a/b:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n" },
	{ { NOP "ARG V", NOP "ENV A=$V B=${V:-x}" }, "\"Env\":[\"A=1\",\"B=2\"]", "ENV A=1 B=2\n" },
	{ { NOP "ENV A b  c" }, "\"Env\":[\"A=b c\"]", "ENV A=\"b c\"\n" },
	/* Docker once wrote one blank too, and no quotes. */
	{ { NOP "ENV A=\"x\" B=two words" },
	  "\"Env\":[\"A=\\\"x\\\"\",\"B=two words\"]",
	  "ENV A=\"\\\"x\\\"\" B=\"two words\"\n" },
	{ { NOP "LABEL \"k e y\"='v'" }, "\"Labels\":{\"k e y\":\"v\"}", "LABEL \"k e y\"=v\n" },
	{ { NOP "ENV U=me D=/d", NOP "USER $U" },
	  "\"User\":\"me\",\"Env\":[\"U=me\",\"D=/d\"]",
	  "USER me\n" },
	{ { NOP "ENV D=/d", NOP "WORKDIR \"$D/x\"" },
	  "\"WorkingDir\":\"/d/x\",\"Env\":[\"D=/d\"]",
	  "WORKDIR /d/x\n" },
	{ { NOP " ENV D=/d", NOP "WORKDIR /$D" },
	  "\"WorkingDir\":\"/$D\",\"Env\":[\"D=/d\"]",
	  "WORKDIR /\\$D\n" },
	{ { NOP "USER u", SH "--mount=type=cache,target=/c make" },
	  "\"User\":\"u\"",
	  "RUN --mount=type=cache,target=/c make\n" },
	{ { NOP "USER u", "|1 V=1 " SH "[\"a\", \"b c\"]" },
	  "\"User\":\"u\"",
	  "RUN [\"a\", \"b c\"]\n" },
	{ { NOP "SHELL [\"/bin/bash\", \"-c\"]", SH "a | b" },
	  "\"Shell\":[\"/bin/bash\",\"-c\"]",
	  "SHELL [\"/bin/bash\", \"-c\"]\nRUN a | b\n" },
	{ { NOP "USER u|force-mtime=0", NOP "CMD [\"a\", \"b\"]|unsetLabel=x|force-mtime=0" },
	  "\"User\":\"u\",\"Cmd\":[\"a\",\"b\"]",
	  "USER u\nCMD [\"a\", \"b\"]\n" },
	{ { NOP "USER u",
	    SH "--mount=type=bind,source=a,target=/a make:" HASH ":" HASH "|clamp-mtime=1" },
	  "\"User\":\"u\"",
	  "RUN --mount=type=bind,source=a,target=/a make\n" },
	{ { NOP "USER u", SH "<<EOF\na\nb" }, "\"User\":\"u\"", "RUN <<EOF\na\nb\nEOF\n" },
	/* COPY and ADD */
	{ { "COPY /src /dst # buildkit" }, NULL, "COPY /src /dst\n" },
	{ { "COPY --chown=1:2 /src /dst # buildkit" }, NULL, "COPY --chown=1:2 /src /dst\n" },
	{ { "COPY --from=build /src /dst # buildkit" }, NULL, "COPY --from=build /src /dst\n" },
	{ { "COPY --link --chmod=755 a b c/ # buildkit" },
	  NULL,
	  "COPY --link --chmod=755 a b c/\n" },
	{ { NOP "COPY --chown=1:2file:" HASH " in /a b " },
	  NULL,
	  "COPY --chown=1:2 [\"file:" HASH "\", \"/a b\"]\n" },
	{ { NOP " COPY multi:" HASH " in /dst/ " }, NULL, "COPY multi:" HASH " /dst/\n" },
	{ { NOP " ADD file:" HASH " in / " }, NULL, "ADD file:" HASH " /\n" },
	{ { "ADD https://x.example/f /f # buildkit" }, NULL, "ADD https://x.example/f /f\n" },
	{ { "COPY <<EOF /etc/conf # buildkit" }, NULL, "COPY heredoc:EOF /etc/conf\n" },
	/* commands: exec and shell form */
	{ { NOP " CMD [\"a\" \"b c\"]" }, "\"Cmd\":[\"a\",\"b c\"]", "CMD [\"a\", \"b c\"]\n" },
	{ { "CMD [\"/bin/sh\" \"-c\" \"a | b\"]" },
	  "\"Cmd\":[\"/bin/sh\",\"-c\",\"a | b\"]",
	  "CMD a | b\n" },
	{ { "ENTRYPOINT [\"/e\"]" }, "\"Entrypoint\":[\"/e\"]", "ENTRYPOINT [\"/e\"]\n" },
	{ { "ENTRYPOINT [\"/bin/sh\" \"-c\" \"exec e\"]" },
	  "\"Entrypoint\":[\"/bin/sh\",\"-c\",\"exec e\"]",
	  "ENTRYPOINT exec e\n" },
	/* the others */
	{ { "ENV A=1 B=two words" },
	  "\"Env\":[\"A=1\",\"B=two words\"]",
	  "ENV A=1 B=\"two words\"\n" },
	{ { NOP " ENV A=x # buildkit" },
	  "\"Env\":[\"A=x # buildkit\"]",
	  "ENV A=\"x # buildkit\"\n" },
	{ { "LABEL a=two words b c=d" },
	  "\"Labels\":{\"a\":\"two words\",\"b c\":\"d\"}",
	  "LABEL a=\"two words\" \"b c\"=d\n" },
	{ { "LABEL b c=d" }, "\"Labels\":{\"b c\":\"d\"}", "LABEL \"b c\"=d\n" },
	{ { "ARG A=1 B=two words C=" }, NULL, "ARG A=1\nARG B=\"two words\"\nARG C=\"\"\n" },
	{ { "ARG A B C=1" }, NULL, "ARG A\nARG B\nARG C=1\n" },
	{ { NOP " EXPOSE 8000-8002 53/udp" },
	  "\"ExposedPorts\":{\"8000/tcp\":{},\"8001/tcp\":{},\"8002/tcp\":{},\"53/udp\":{}}",
	  "EXPOSE 8000-8002 53/udp\n" },
	{ { "WORKDIR /a/./b/" }, "\"WorkingDir\":\"/a/./b/\"", "WORKDIR /a/./b/\n" },
	{ { "LABEL a=b c" }, "\"Labels\":{\"a\":\"b c\"}", "LABEL a=\"b c\"\n" },
	{ { NOP " ONBUILD RUN make" }, "\"OnBuild\":[\"RUN make\"]", "ONBUILD RUN make\n" },
	{ { NOP " ONBUILD RUN make" }, NULL, "# ONBUILD RUN make\n" },
	{ { "HEALTHCHECK &{[\"CMD-SHELL\" \"curl x || exit 1\"] \"30s\" \"3s\" \"1m0s\" \"500ms\" "
	    "'\\x05'}" },
	  "\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"curl x || exit 1\"],\"Interval\":30000000000,"
	  "\"Timeout\":3000000000,\"StartPeriod\":60000000000,\"StartInterval\":500000000,"
	  "\"Retries\":5}",
	  "HEALTHCHECK --interval=30s --timeout=3s --start-period=60s --start-interval=500ms "
	  "--retries=5 CMD curl x || exit 1\n" },
	{ { "HEALTHCHECK &{[\"CMD\" \"/c\" \"a b\"] \"0s\" \"0s\" \"0s\" '\\x00'}" },
	  "\"Healthcheck\":{\"Test\":[\"CMD\",\"/c\",\"a b\"]}",
	  "HEALTHCHECK CMD [\"/c\", \"a b\"]\n" },
	{ { "HEALTHCHECK &{[\"NONE\"] \"0s\" \"0s\" \"0s\" '\\x00'}" },
	  "\"Healthcheck\":{\"Test\":[\"NONE\"]}",
	  "HEALTHCHECK NONE\n" },
	{ { "HEALTHCHECK &{[\"CMD\" \"/c\"] \"0s\" \"0s\" \"0s\" 'È'}" },
	  "\"Healthcheck\":{\"Test\":[\"CMD\",\"/c\"],\"Retries\":200}",
	  "HEALTHCHECK --retries=200 CMD [\"/c\"]\n" },
	{ { "HEALTHCHECK &{[\"CMD\" \"/c\"] \"0s\" \"0s\" \"0s\" '�'}", "USER u" },
	  "\"User\":\"u\",\"Healthcheck\":{\"Test\":[\"CMD\",\"/c\"],\"Retries\":2000000}",
	  "USER u\n\n# from the configuration: what the history does not tell\n"
	  "HEALTHCHECK --retries=2000000 CMD [\"/c\"]\n" },
	{ { "HEALTHCHECK &{[\"CMD-SHELL\" \"[ -f \\\"/x\\\" ] || exit 1\"] \"0s\" \"0s\" \"0s\" "
	    "'\\x00'}" },
	  "\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"[ -f \\\"/x\\\" ] || exit 1\"]}",
	  "HEALTHCHECK CMD [ -f \"/x\" ] || exit 1\n" },
	{ { "HEALTHCHECK {Test:[CMD-SHELL curl -f x || exit 1] Interval:5m0s Timeout:1.5s "
	    "StartPeriod:0s StartInterval:100ms Retries:3}" },
	  "\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"curl -f x || exit 1\"],"
	  "\"Interval\":300000000000,\"Timeout\":1500000000,\"StartInterval\":100000000,"
	  "\"Retries\":3}",
	  "HEALTHCHECK --interval=300s --timeout=1500ms --start-interval=100ms --retries=3 "
	  "CMD curl -f x || exit 1\n" },
	{ { "HEALTHCHECK {Test:[CMD /c a b] Interval:0s Timeout:0s StartPeriod:0s "
	    "StartInterval:0s Retries:0}" },
	  "\"Healthcheck\":{\"Test\":[\"CMD\",\"/c\",\"a b\"]}",
	  "HEALTHCHECK CMD [\"/c\", \"a b\"]\n" },
	{ { "HEALTHCHECK {Test:[NONE] Interval:0s Timeout:0s StartPeriod:0s StartInterval:0s "
	    "Retries:0}" },
	  "\"Healthcheck\":{\"Test\":[\"NONE\"]}",
	  "HEALTHCHECK NONE\n" },
	{ { NOP "HEALTHCHECK --interval=5m --retries=3 CMD curl \"x\" || exit 1" },
	  "\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"curl \\\"x\\\" || exit 1\"],"
	  "\"Interval\":300000000000,\"Retries\":3}",
	  "HEALTHCHECK --interval=300s --retries=3 CMD curl \"x\" || exit 1\n" },
	{ { NOP "HEALTHCHECK --timeout=3s CMD [\"/c\", \"a b\"]" },
	  "\"Healthcheck\":{\"Test\":[\"CMD\",\"/c\",\"a b\"],\"Timeout\":3000000000}",
	  "HEALTHCHECK --timeout=3s CMD [\"/c\", \"a b\"]\n" },
	/* OCI's configuration has none. */
	{ { NOP "HEALTHCHECK CMD x" }, NULL, "# HEALTHCHECK CMD x\n" },
	{ { "EXPOSE map[80/tcp:{} 53/udp:{}]" },
	  "\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}}",
	  "EXPOSE 80/tcp 53/udp\n" },
	{ { NOP " VOLUME [/data /a b]" },
	  "\"Volumes\":{\"/data\":{},\"/a b\":{}}",
	  "VOLUME [\"/data\"]\nVOLUME [\"/a b\"]\n" },
	{ { NOP " USER me:you" }, "\"User\":\"me:you\"", "USER me:you\n" },
	{ { "WORKDIR /a b" }, "\"WorkingDir\":\"/a b\"", "WORKDIR /a b\n" },
	{ { "STOPSIGNAL SIGQUIT" }, "\"StopSignal\":\"SIGQUIT\"", "STOPSIGNAL SIGQUIT\n" },
};

/* Of builders that tell more than a command. */
static const struct {
	const char *member, *value;
	struct history history;
} others[] = {
	/* kaniko: lines as they were written, of what makes a layer */
	{ "author",
	  "kaniko",
	  { { "RUN apt-get update &&     make" }, NULL, "RUN apt-get update &&     make\n" } },
	{ "author", "kaniko", { { "RUN [\"a\", \"b c\"]" }, NULL, "RUN [\"a\", \"b c\"]\n" } },
	{ "author", "kaniko", { { "RUN <<EOF" }, NULL, "# RUN <<EOF\n" } },
	{ "author", "kaniko", { { "COPY --from=b /a /b" }, NULL, "COPY --from=b /a /b\n" } },
	{ "comment", "Imported from -", { { "" }, NULL, "# Imported from -\n" } },
};

static char *config_of(const struct history *h, const char *member, const char *value)
{
	_cleanup_(json_free) cJSON *json = json_object();
	_cleanup_free_ char *text = xasprintf("{%s}", h->config ? h->config : "");
	_cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
	cJSON *history = json_add(json, "history", json_array()), *config = NULL;
	struct err err = ERR_INIT;

	if (json_parse(text, strlen(text), "config", &config, &err) == 0)
		json_add(json, "config", config);
	for (size_t i = 0; i < ARRAY_SIZE(h->line) && h->line[i]; i++) {
		cJSON *one = json_append(history, json_object());

		json_add_str(one, "created_by", h->line[i]);
		json_add_bool(one, "empty_layer", true);
		if (member)
			json_add_str(one, member, value);
	}
	json_print(json, false, &out);
	return xstrdup(out.buf);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && !strcmp(text + len - n, end);
}

static void test_case(const struct history *h, const char *member, const char *value)
{
	_cleanup_free_ char *config = config_of(h, member, value);
	_cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
	struct err err = ERR_INIT;
	size_t n = 0;

	while (n + 1 < ARRAY_SIZE(h->line) && h->line[n + 1])
		n++;
	if (report_dockerfile(config, strlen(config), NULL, &out, &err) < 0)
		printf("# %s\n", err.msg);
	ok(ends_with(out.buf, h->want), "%.*s", (int)strcspn(h->line[n], "\n"), h->line[n]);
}

static void begin_config(struct strbuf *sb, const char *env)
{
	strbuf_reset(sb);
	strbuf_addf(sb, "{\"config\":{\"Env\":[%s]},\"history\":[{\"empty_layer\":true}", env);
}

static void add_entry(struct strbuf *sb, const char *instruction, const char *text, size_t times)
{
	strbuf_addf(sb, ",{\"empty_layer\":true,\"created_by\":\"" NOP "%s ", instruction);
	for (size_t i = 0; i < times; i++)
		strbuf_addstr(sb, text);
	strbuf_addstr(sb, "\"}");
}

/* Ends @config, and makes a Dockerfile of it. */
static void expand(struct strbuf *config, const char *what)
{
	_cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
	struct err err = ERR_INIT;

	strbuf_addstr(config, "]}");
	is_int(report_dockerfile(config->buf, config->len, NULL, &out, &err), 0, "%s", what);
	ok(out.len < 8u << 20, "%s: %zu bytes become %zu", what, config->len, out.len);
}

static void expand_often(uint32_t n, void *ctx)
{
	_cleanup_strbuf_ struct strbuf config = STRBUF_INIT, value = STRBUF_INIT, env = STRBUF_INIT;

	(void)ctx;
	for (uint32_t i = 0; i < 100000; i++)
		strbuf_addch(&value, 'x');
	strbuf_addf(&env, "\"A=/%s\"", value.buf);
	begin_config(&config, env.buf);
	strbuf_addf(&config, ",{\"empty_layer\":true,\"created_by\":\"" NOP "ENV A=/%s\"}",
		    value.buf);
	for (uint32_t i = 0; i < n; i++)
		add_entry(&config, "WORKDIR", "$A", 1);
	expand(&config, "one variable, often");
}

static void expand_ports(uint32_t n, void *ctx)
{
	_cleanup_strbuf_ struct strbuf config = STRBUF_INIT;

	(void)ctx;
	begin_config(&config, "");
	add_entry(&config, "EXPOSE", "1-65535 ", n);
	expand(&config, "ranges of ports");
}

static void set_often(uint32_t n, void *ctx)
{
	_cleanup_strbuf_ struct strbuf config = STRBUF_INIT;

	(void)ctx;
	begin_config(&config, "\"A=/x\"");
	add_entry(&config, "ENV", "A= ", n);
	expand(&config, "one name, often");
}

/* What a short text can stand for has a bound: without one, the first would not end. */
static void test_bombs(void)
{
	_cleanup_strbuf_ struct strbuf config = STRBUF_INIT, env = STRBUF_INIT;

	for (char c = 'a'; c <= 'p'; c++)
		strbuf_addf(&env, "%s\"%c=x\"", c == 'a' ? "" : ",", c);
	begin_config(&config, env.buf);
	add_entry(&config, "ENV", "a=xxxxxxxxxxxxxxxx", 1);
	for (char c = 'b'; c <= 'p'; c++) {
		_cleanup_free_ char *name = xasprintf("%c=", c);
		_cleanup_free_ char *ten =
			xasprintf("$%c$%c$%c$%c$%c$%c$%c$%c$%c$%c", c - 1, c - 1, c - 1, c - 1,
				  c - 1, c - 1, c - 1, c - 1, c - 1, c - 1);
		_cleanup_free_ char *text = xasprintf("%s%s", name, ten);

		add_entry(&config, "ENV", text, 1);
	}
	expand(&config, "variables of variables");
	ok(growth_is_linear(expand_often, 500, NULL), "one variable, often: its time has a bound");
	ok(growth_is_linear(expand_ports, 1000, NULL), "ranges of ports: likewise");
	ok(growth_is_linear(set_often, 25000, NULL), "one name, often: likewise");
}

int main(void)
{
	test_bombs();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		test_case(&cases[i], NULL, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		test_case(&others[i].history, others[i].member, others[i].value);
	return tap_done();
}
