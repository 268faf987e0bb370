/* SPDX-License-Identifier: BSD-2-Clause */
/* How to run a container with what it needs: docker run, Compose, Kubernetes. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "profile/needs.h"
#include "slimtrace/base/alloc.h"

#define INFERRED "# The capabilities are inferred: the kernel did not tell which were used.\n"
#define MAX_CAP 64

void run_add_word(struct strbuf *sb, const char *word)
{
	if (*word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "_-./:=,@%+") == strlen(word)) {
		strbuf_addstr(sb, word);
		return;
	}
	strbuf_addch(sb, '\'');
	for (; *word; word++)
		if (*word == '\'')
			strbuf_addstr(sb, "'\\''");
		else
			strbuf_addch(sb, *word);
	strbuf_addch(sb, '\'');
}

/* "NET_BIND_SERVICE"; NULL for one without a name. */
static const char *cap_name(const struct profile_needs *needs, uint32_t cap)
{
	const char *name = needs->capabilities & 1ull << cap ? record_capability_name(cap) : NULL;

	return name ? name + strlen("CAP_") : NULL;
}

static void add_option(struct strbuf *sb, const char *option, const char *value)
{
	strbuf_addf(sb, " \\\n\t%s ", option);
	run_add_word(sb, value);
}

void profile_run_script(const struct profile_needs *needs, const struct profile_names *names,
			struct strbuf *ret)
{
	_cleanup_free_ char *apparmor = xasprintf("apparmor=%s", names->apparmor);

	strbuf_addf(ret,
		    "#!/bin/sh\n"
		    "# Made by slimtrace. More options for docker run may follow as arguments, "
		    "such as\n"
		    "# -d or -p; IMAGE=... runs another image, the fat one for example.\n"
		    "# AppArmor's profile is used when it is loaded: apparmor_parser -r -W %s\n"
		    "%sset -eu\n"
		    "here=$(cd \"$(dirname \"$0\")\" && pwd)\n"
		    "if grep -q '^%s ' /sys/kernel/security/apparmor/profiles 2>/dev/null; then\n"
		    "\tset -- --security-opt %s \"$@\"\n"
		    "fi\n"
		    "exec docker run --rm \\\n"
		    "\t--security-opt seccomp=\"$here\"/%s",
		    names->apparmor, needs->capabilities_known ? "" : INFERRED, names->apparmor,
		    apparmor, names->seccomp);
	strbuf_addstr(ret, " \\\n\t--cap-drop ALL");
	for (uint32_t cap = 0; cap < MAX_CAP; cap++)
		if (cap_name(needs, cap))
			add_option(ret, "--cap-add", cap_name(needs, cap));
	if (needs->no_new_privileges)
		add_option(ret, "--security-opt", "no-new-privileges");
	if (needs->read_only)
		strbuf_addstr(ret, " \\\n\t--read-only");
	for (size_t i = 0; i < needs->tmpfs.n; i++)
		add_option(ret, "--tmpfs", needs->tmpfs.v[i]);
	for (size_t i = 0; i < needs->volumes.n; i++)
		add_option(ret, "--volume", needs->volumes.v[i]);
	strbuf_addstr(ret, " \\\n\t\"$@\" \"${IMAGE:-");
	for (const char *p = names->image; *p; p++)
		if (!strchr("\"$`\\}", *p))
			strbuf_addch(ret, *p);
	strbuf_addstr(ret, "}\"\n");
}

/* A YAML string: a JSON string is one (yaml.org/spec/1.2.2, 7.3.1). */
static void add_yaml(struct strbuf *sb, const char *text)
{
	strbuf_addch(sb, '"');
	for (; *text; text++)
		if (*text == '"' || *text == '\\')
			strbuf_addf(sb, "\\%c", *text);
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			strbuf_addf(sb, "\\x%02x", (unsigned int)(unsigned char)*text);
		else
			strbuf_addch(sb, *text);
	strbuf_addch(sb, '"');
}

static void add_yaml_line(struct strbuf *sb, const char *before, const char *text)
{
	strbuf_addstr(sb, before);
	add_yaml(sb, text);
	strbuf_addch(sb, '\n');
}

/* A dollar sign begins a variable in Compose; two are one. */
static char *compose_text(const char *text)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	for (; *text; text++)
		strbuf_addf(&sb, *text == '$' ? "$$" : "%c", *text);
	return xstrdup(sb.buf ? sb.buf : "");
}

static void add_compose_list(struct strbuf *sb, const char *key, const struct strvec *items)
{
	if (items->n)
		strbuf_addf(sb, "    %s:\n", key);
	for (size_t i = 0; i < items->n; i++) {
		_cleanup_free_ char *text = compose_text(items->v[i]);

		add_yaml_line(sb, "      - ", text);
	}
}

void profile_compose(const struct profile_needs *needs, const struct profile_names *names,
		     struct strbuf *ret)
{
	_cleanup_free_ char *image = compose_text(names->image);
	bool any = false;

	strbuf_addstr(ret, "# Made by slimtrace. apparmor=... needs the profile to be loaded:\n");
	strbuf_addf(ret, "# apparmor_parser -r -W %s\n%s", names->apparmor,
		    needs->capabilities_known ? "" : INFERRED);
	strbuf_addstr(ret, "services:\n  app:\n");
	add_yaml_line(ret, "    image: ", image);
	strbuf_addf(ret,
		    "    security_opt:\n"
		    "      - \"seccomp=./%s\"\n"
		    "      #- \"apparmor=%s\"\n",
		    names->seccomp, names->apparmor);
	if (needs->no_new_privileges)
		strbuf_addstr(ret, "      - \"no-new-privileges:true\"\n");
	strbuf_addstr(ret, "    cap_drop: [\"ALL\"]\n");
	for (uint32_t cap = 0; cap < MAX_CAP; cap++) {
		if (!cap_name(needs, cap))
			continue;
		strbuf_addstr(ret, any ? "" : "    cap_add:\n");
		add_yaml_line(ret, "      - ", cap_name(needs, cap));
		any = true;
	}
	if (needs->read_only)
		strbuf_addstr(ret, "    read_only: true\n");
	add_compose_list(ret, "tmpfs", &needs->tmpfs);
	add_compose_list(ret, "volumes", &needs->volumes);
}

/* --- Kubernetes --- */

static void add_kubernetes_user(struct strbuf *sb, const char *user)
{
	if (*user && strspn(user, "0123456789") == strlen(user))
		strbuf_addf(sb, "        runAsUser: %s\n", user);
}

static void add_mounts(struct strbuf *sb, const struct strvec *dirs, const char *kind)
{
	for (size_t i = 0; i < dirs->n; i++) {
		_cleanup_free_ char *dir = xstrndup(dirs->v[i], strcspn(dirs->v[i], ":"));

		strbuf_addf(sb, "        - name: %s-%zu\n", kind, i);
		add_yaml_line(sb, "          mountPath: ", dir);
	}
}

static void add_volumes(struct strbuf *sb, const struct strvec *dirs, const char *kind,
			const char *value)
{
	for (size_t i = 0; i < dirs->n; i++)
		strbuf_addf(sb, "    - name: %s-%zu\n      emptyDir: %s\n", kind, i, value);
}

static void add_pod(const struct profile_needs *needs, const struct profile_names *names,
		    struct strbuf *ret)
{
	bool any = false;

	strbuf_addf(
		ret,
		"apiVersion: v1\nkind: Pod\nmetadata:\n  name: app\n  labels:\n    app: \"%s\"\n"
		"spec:\n  containers:\n    - name: app\n",
		names->name);
	add_yaml_line(ret, "      image: ", names->image);
	strbuf_addf(ret,
		    "      securityContext:\n"
		    "        allowPrivilegeEscalation: %s\n"
		    "        readOnlyRootFilesystem: %s\n",
		    needs->no_new_privileges ? "false" : "true",
		    needs->read_only ? "true" : "false");
	add_kubernetes_user(ret, names->user);
	strbuf_addf(ret,
		    "        seccompProfile:\n"
		    "          type: Localhost\n"
		    "          localhostProfile: \"profiles/%s\"\n"
		    "        appArmorProfile:\n"
		    "          type: Localhost\n"
		    "          localhostProfile: \"%s\"\n"
		    "        capabilities:\n"
		    "          drop: [\"ALL\"]\n",
		    names->seccomp, names->apparmor);
	for (uint32_t cap = 0; cap < MAX_CAP; cap++) {
		if (!cap_name(needs, cap))
			continue;
		strbuf_addstr(ret, any ? "" : "          add:\n");
		add_yaml_line(ret, "            - ", cap_name(needs, cap));
		any = true;
	}
	if (!needs->tmpfs.n && !needs->volumes.n)
		return;
	strbuf_addstr(ret, "      volumeMounts:\n");
	add_mounts(ret, &needs->tmpfs, "tmp");
	add_mounts(ret, &needs->volumes, "data");
	strbuf_addstr(ret, "  volumes:\n");
	add_volumes(ret, &needs->tmpfs, "tmp", "{\"medium\": \"Memory\"}");
	if (needs->volumes.n)
		strbuf_addstr(ret,
			      "    # An emptyDir begins empty; the image has content in these.\n");
	add_volumes(ret, &needs->volumes, "data", "{}");
}

/* Ports are said once; @seen is a set of "tcp 80". */
static void add_port(struct strbuf *sb, struct strvec *seen, const struct record_socket *s)
{
	const char *protocol = s->protocol == IPPROTO_TCP ? "TCP" : "UDP";
	_cleanup_free_ char *key = xasprintf("%s %u", protocol, s->port);

	if (strvec_has(seen, key))
		return;
	strvec_push(seen, key);
	strbuf_addf(sb, "        - protocol: %s\n          port: %u\n", protocol, s->port);
}

static void add_ingress(const struct profile_needs *needs, struct strbuf *ret)
{
	_cleanup_strvec_ struct strvec seen = STRVEC_INIT;

	for (size_t i = 0; i < needs->n_sockets; i++) {
		if (needs->sockets[i].use == RECORD_CONNECTED)
			continue;
		strbuf_addstr(ret, seen.n ? "" : "  ingress:\n    - ports:\n");
		add_port(ret, &seen, &needs->sockets[i]);
	}
	if (!seen.n)
		strbuf_addstr(ret, "  ingress: []\n");
}

/* Addresses are another matter in a cluster: what is known is the port, and the address as a hint.
 */
static void add_egress(const struct profile_needs *needs, struct strbuf *ret)
{
	_cleanup_strvec_ struct strvec seen = STRVEC_INIT;

	for (size_t i = 0; i < needs->n_sockets; i++) {
		const struct record_socket *s = &needs->sockets[i];
		char text[INET6_ADDRSTRLEN];

		if (s->use != RECORD_CONNECTED)
			continue;
		strbuf_addstr(ret, seen.n ? "" : "  egress:\n    - ports:\n");
		if (inet_ntop(s->family, s->addr, text, sizeof(text)))
			strbuf_addf(ret, "        # to %s\n", text);
		add_port(ret, &seen, s);
	}
	if (!seen.n)
		strbuf_addstr(ret, "  egress: []\n");
}

void profile_kubernetes(const struct profile_needs *needs, const struct profile_names *names,
			struct strbuf *ret)
{
	strbuf_addf(
		ret,
		"# Made by slimtrace. On each node: %s in the kubelet's seccomp/profiles/, and\n"
		"# apparmor_parser -r -W %s\n%s",
		names->seccomp, names->apparmor, needs->capabilities_known ? "" : INFERRED);
	add_pod(needs, names, ret);
	strbuf_addf(
		ret,
		"---\n"
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: app\n"
		"spec:\n  podSelector:\n    matchLabels:\n      app: \"%s\"\n"
		"  policyTypes: [\"Ingress\", \"Egress\"]\n",
		names->name);
	add_ingress(needs, ret);
	add_egress(needs, ret);
}
