/* SPDX-License-Identifier: BSD-2-Clause */
/* docker run's words, and what the engine is asked for. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/tap.h"
#include "session/owner.h"
#include "session/spec.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"

static struct build_opts opts;
static struct strbuf text = STRBUF_INIT;
static struct err err;
static char *dir;

/* The body for what opts hold, as text without blanks; opts are empty again. */
static int make(void)
{
	struct strvec *const lists[] = { &opts.env,	     &opts.env_files, &opts.mounts,
					 &opts.links,	     &opts.publish,   &opts.expose,
					 &opts.hosts,	     &opts.dns,	      &opts.sysctls,
					 &opts.cap_add,	     &opts.cap_drop,  &opts.dns_search,
					 &opts.security_opts };
	_cleanup_(json_free) cJSON *body = NULL;
	int r;

	err = (struct err)ERR_INIT;
	strbuf_reset(&text);
	r = spec_make(&opts, "sha256:0", &body, &err);
	if (!r)
		json_print(body, false, &text);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		strvec_release(lists[i]);
	opts = (struct build_opts){ 0 };
	return r;
}

static void has(const char *part, const char *name)
{
	if (!ok(strstr(text.buf, part) != NULL, "%s", name))
		printf("# no %s in %s", part, text.buf);
}

static void lacks(const char *part, const char *name)
{
	if (!ok(!strstr(text.buf, part), "%s", name))
		printf("# %s in %s", part, text.buf);
}

static void refused(const char *part, const char *name)
{
	ok(make() < 0, "%s", name);
	ok(err.class == ERR_USAGE && strstr(err.msg, part), "%s: the message names it: %s", name,
	   err.msg);
}

static char *file(const char *name, const char *content)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err ignored = ERR_INIT;

	io_write_atomic(fd, name, 0600, content, strlen(content), &ignored);
	return xasprintf("%s/%s", dir, name);
}

static void test_command(void)
{
	is_int(make(), 0, "nothing said");
	lacks("Cmd", "no command");
	lacks("Entrypoint", "no entrypoint");
	lacks("Env", "no variables");
	opts.cmd = "a 'b c' \"d\\\"e\" f\\ g";
	make();
	has("\"Cmd\":[\"a\",\"b c\",\"d\\\"e\",\"f g\"]", "words as in a shell");
	opts.cmd = " [\"x y\", \"\"]";
	make();
	has("\"Cmd\":[\"x y\",\"\"]", "a JSON array");
	opts.entrypoint = "";
	make();
	has("\"Entrypoint\":[\"\"]", "an empty entrypoint takes the image's away");
	opts.cmd = "[\"open\"";
	refused("--cmd", "an array that is none");
	opts.entrypoint = "'open";
	refused("--entrypoint", "an open quote");
	opts.tty = true;
	opts.stdin_path = "x";
	make();
	has("\"Tty\":true", "a terminal");
	has("\"StdinOnce\":true", "stdin");
}

static void test_env(void)
{
	_cleanup_free_ char *path =
		file("env", "# comment\n\n  A=file\nB= two words \r\nFROM_US\n");
	_cleanup_free_ char *bad = file("bad", "A B=1\n");

	setenv("FROM_US", "here", 1);
	unsetenv("NOT_HERE");
	strvec_push(&opts.env_files, path);
	strvec_push(&opts.env, "A=1");
	strvec_push(&opts.env, "EMPTY=");
	strvec_push(&opts.env, "NOT_HERE");
	is_int(make(), 0, "variables");
	has("\"Env\":[\"A=1\",\"B= two words \",\"FROM_US=here\",\"EMPTY=\",\"NOT_HERE\"]",
	    "files first, the last value counts, names alone");
	strvec_push(&opts.env, "=x");
	refused("=x", "a variable without a name");
	strvec_push(&opts.env_files, bad);
	refused("A B", "a name with blanks");
	strvec_push(&opts.env_files, "/nonexistent");
	ok(make() < 0 && strstr(err.msg, "/nonexistent"), "no such file: %s", err.msg);
}

static void test_mounts(void)
{
	strvec_push(&opts.mounts, "/host:/in:ro");
	strvec_push(&opts.mounts, "volume:/data");
	strvec_push(&opts.mounts, "/anonymous");
	strvec_push(&opts.mounts, "type=bind,source=/a,target=/b,readonly");
	strvec_push(&opts.mounts, "type=bind,\"src=/with,comma\",dst=/c,bind-propagation=rslave");
	strvec_push(&opts.mounts, "type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=1777");
	strvec_push(&opts.mounts,
		    "src=v,dst=/v,volume-nocopy,volume-opt=type=nfs,volume-label=k=v");
	is_int(make(), 0, "mounts");
	has("\"Binds\":[\"/host:/in:ro\",\"volume:/data\"]", "-v");
	has("\"Volumes\":{\"/anonymous\":{}}", "an anonymous volume");
	has("{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\",\"ReadOnly\":true}", "--mount");
	has("\"Source\":\"/with,comma\"", "a quoted field");
	has("\"BindOptions\":{\"Propagation\":\"rslave\"}", "propagation");
	has("\"TmpfsOptions\":{\"SizeBytes\":67108864,\"Mode\":1023}", "tmpfs");
	has("\"NoCopy\":true", "no copy");
	has("\"DriverConfig\":{\"Options\":{\"type\":\"nfs\"}}", "an option of the driver");
	has("\"Labels\":{\"k\":\"v\"}", "a label of the volume");
	strvec_push(&opts.mounts, "relative");
	refused("relative", "a volume at no absolute path");
	strvec_push(&opts.mounts, "type=bind,sauce=/a,target=/b");
	refused("sauce=/a", "an unknown key");
	strvec_push(&opts.mounts, "type=bind,source=/a");
	refused("target", "no target");
	strvec_push(&opts.mounts, "type=bind,target=/a,ro=perhaps");
	refused("ro=perhaps", "no truth value");
	strvec_push(&opts.mounts, "type=tmpfs,target=/a,tmpfs-size=big");
	refused("tmpfs-size=big", "no size");
	strvec_push(&opts.mounts, "type=bind,\"target=/a");
	refused("quote", "an open quote");
}

static void test_ports(void)
{
	static const char *const bad[] = { "0",	    "65536",	 "80/icmp", "a:80",	 "80:",
					   "81-80", "1-2:80-82", "",	    "80:1:2:3:x" };

	strvec_push(&opts.publish, "80");
	strvec_push(&opts.publish, "8080:80/udp");
	strvec_push(&opts.publish, "127.0.0.1:9000-9001:90-91");
	strvec_push(&opts.publish, "[::1]::70");
	strvec_push(&opts.publish, "5000-5010:50");
	strvec_push(&opts.expose, "60-61");
	strvec_push(&opts.expose, "53/UDP");
	opts.publish_all = true;
	is_int(make(), 0, "ports");
	has("\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"\"}]", "any host port");
	has("\"80/udp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}]", "a protocol");
	has("\"91/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"9001\"}]", "ranges");
	has("\"70/tcp\":[{\"HostIp\":\"::1\",\"HostPort\":\"\"}]", "IPv6");
	has("\"50/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"5000-5010\"}]", "one of a range");
	has("\"ExposedPorts\":{\"60/tcp\":{},\"61/tcp\":{},\"53/udp\":{},\"80/tcp\":{}",
	    "what is published is exposed too");
	has("\"PublishAllPorts\":true", "all");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		strvec_push(&opts.publish, bad[i]);
		refused("--publish-port", bad[i]);
	}
	strvec_push(&opts.expose, "http");
	refused("http", "a name is no port");
}

static void test_host(void)
{
	_cleanup_free_ char *config =
		file("host.json", "{\"Memory\": 1000000, \"ShmSize\": 5, "
				  "\"CapAdd\": [\"A\"], \"AutoRemove\": true,"
				  "\"RestartPolicy\": {\"Name\": \"always\"}}");
	_cleanup_free_ char *list = file("list.json", "[]"), *profile = file("seccomp.json", "{ }"),
			    *seccomp = xasprintf("seccomp=%s", profile);

	opts.host_config_file = config;
	opts.shm_bytes = 1 << 20;
	opts.read_only = opts.init = opts.privileged = true;
	opts.runtime = "crun";
	strvec_push(&opts.cap_add, "B");
	strvec_push(&opts.cap_drop, "ALL");
	strvec_push(&opts.sysctls, "net.core.somaxconn=1024");
	strvec_push(&opts.hosts, "db:10.0.0.1");
	strvec_push(&opts.dns, "10.0.0.2");
	strvec_push(&opts.security_opts, seccomp);
	strvec_push(&opts.security_opts, "no-new-privileges");
	strvec_push(&opts.security_opts, "systempaths=unconfined");
	is_int(make(), 0, "host configuration");
	has("\"Memory\":1000000", "the file");
	has("\"ShmSize\":1048576", "an option is above the file");
	lacks("\"ShmSize\":5", "and replaces it");
	has("\"CapAdd\":[\"A\",\"B\"]", "lists are added to");
	lacks("AutoRemove", "the container's life is ours");
	lacks("RestartPolicy", "all of it");
	has("\"ReadonlyRootfs\":true", "read-only");
	has("\"Init\":true", "init");
	has("\"Privileged\":true", "privileged");
	has("\"Runtime\":\"crun\"", "runtime");
	has("\"CapDrop\":[\"ALL\"]", "capabilities");
	has("\"Sysctls\":{\"net.core.somaxconn\":\"1024\"}", "sysctl");
	has("\"ExtraHosts\":[\"db:10.0.0.1\"]", "hosts");
	has("\"Dns\":[\"10.0.0.2\"]", "DNS");
	has("\"SecurityOpt\":[\"seccomp={}", "the profile itself is sent");
	has("\"no-new-privileges\"]", "other security options");
	has("\"MaskedPaths\":[],\"ReadonlyPaths\":[]", "system paths");
	opts.host_config_file = list;
	refused("list.json", "a file without an object");
	strvec_push(&opts.sysctls, "x");
	refused("--cro-sysctl 'x'", "no sysctl");
	strvec_push(&opts.hosts, "x");
	refused("--etc-hosts-map 'x'", "no host");
	strvec_push(&opts.security_opts, "x");
	refused("--security-opt 'x'", "no security option");
}

static void test_gpus(void)
{
	opts.gpus = "all";
	make();
	has("\"DeviceRequests\":[{\"Count\":-1,\"Capabilities\":[[\"gpu\"]]}]", "all");
	opts.gpus = "\"device=0,1\",driver=nvidia,\"capabilities=utility,compute\"";
	make();
	has("\"DeviceIDs\":[\"0\",\"1\"]", "devices");
	has("[[\"utility\",\"compute\",\"gpu\"]]", "capabilities");
	opts.gpus = "none";
	refused("none", "no number");
}

static void test_network(void)
{
	opts.network = "back";
	strvec_push(&opts.links, "db:database");
	make();
	has("\"NetworkMode\":\"back\"", "network");
	has("\"EndpointsConfig\":{\"back\":{\"Links\":[\"db:database\"]}}", "links in a network");
	opts.network = "bridge";
	strvec_push(&opts.links, "db");
	make();
	has("\"Links\":[\"db\"]", "links in the default network");
	lacks("EndpointsConfig", "are the host's");
}

/* Our own name with another number in the place of field @n, counted from 0. */
static char *other_owner(int n, const char *value)
{
	char *copy = xstrdup(owner_name()), *rest = copy, *field;
	struct strbuf sb = STRBUF_INIT;

	for (int i = 0; (field = strsep(&rest, "-")); i++)
		strbuf_addf(&sb, "%s%s", i ? "-" : "", i == n ? value : field);
	free(copy);
	return strbuf_detach(&sb, NULL);
}

static bool dead(const char *name)
{
	return owner_is_dead(name, strlen(name));
}

static void test_owner(void)
{
	_cleanup_free_ char *boot = other_owner(0, "00000000"), *ns = other_owner(1, "1"),
			    *pid = other_owner(2, "999999999"), *start = other_owner(3, "1"),
			    *word = other_owner(2, "x");

	printf("# %s\n", owner_name());
	ok(!dead(owner_name()), "we live");
	ok(dead(boot), "another boot");
	ok(!dead(ns), "another pid namespace: cannot be told");
	ok(dead(pid), "no such process");
	ok(dead(start), "a pid that was taken again");
	ok(!dead(word) && !dead("") && !dead("12345678"), "what is no name");
	ok(!owner_is_dead(pid, strlen(pid) - 20), "a part of a name");
}

int main(void)
{
	struct err why = ERR_INIT;

	if (io_mkdtemp(&dir, &why) < 0)
		return 1;
	test_command();
	test_env();
	test_mounts();
	test_ports();
	test_host();
	test_gpus();
	test_network();
	test_owner();
	io_remove_tree(AT_FDCWD, dir, &why);
	free(dir);
	strbuf_release(&text);
	return tap_done();
}
