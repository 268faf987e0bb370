/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/text.h"

#define MAX_SOCKET_PATH (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

/* An empty variable is one that is not set, as for docker's client. */
static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static int bad_host(const char *host, const char *why, struct err *err)
{
	err_class_set(err, ERR_USAGE, EINVAL, "engine host '%s': %s", host, why);
	return err_hint(err, "unix:///path/to/socket, tcp://host:port or https://host:port, in "
			     "--host or DOCKER_HOST");
}

static int use_socket(struct http_server *s, const char *path, struct err *err)
{
	if (*path != '/')
		return bad_host(s->host, "the path of the socket has to be absolute", err);
	if (strlen(path) > MAX_SOCKET_PATH) {
		err_class_set(err, ERR_USAGE, ENAMETOOLONG,
			      "engine host '%s': the path of a unix socket has at most %zu bytes, "
			      "this one has %zu",
			      s->host, MAX_SOCKET_PATH, strlen(path));
		return err_hint(err, "a symbolic link with a shorter path will do");
	}
	s->socket_path = xstrdup(path);
	s->base = xstrdup("http://localhost");
	return 0;
}

/* Whether the user or the environment asks for TLS where the host's scheme leaves it open. */
static bool wants_tls(const struct engine_opts *o)
{
	if (o->tls >= 0)
		return o->tls > 0;
	return o->tls_verify > 0 || o->tls_cert_path || env("DOCKER_TLS") ||
	       env("DOCKER_TLS_VERIFY") || env("DOCKER_CERT_PATH");
}

static char *cert_file(const char *dir, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);

	return access(path, F_OK) < 0 ? NULL : TAKE_PTR(path);
}

static int use_tls(struct http_server *s, const struct engine_opts *o, struct err *err)
{
	const char *said = o->tls_cert_path ? o->tls_cert_path : env("DOCKER_CERT_PATH");
	const char *home = env("HOME");
	_cleanup_free_ char *dir =
		said ? xstrdup(said) : xasprintf("%s/.docker", home ? home : "/root");

	s->tls = true;
	s->verify = o->tls_verify != 0;
	s->ca = cert_file(dir, "ca.pem");
	s->cert = cert_file(dir, "cert.pem");
	s->key = cert_file(dir, "key.pem");
	if (!s->cert != !s->key)
		return err_class_set(err, ERR_USAGE, ENOENT,
				     "TLS certificates in '%s': %s is there, but %s is not", dir,
				     s->cert ? "cert.pem" : "key.pem",
				     s->cert ? "key.pem" : "cert.pem");
	if (said && !s->ca && !s->cert)
		return err_class_set(err, ERR_USAGE, ENOENT,
				     "TLS certificates: there is no ca.pem, cert.pem or key.pem "
				     "in '%s'",
				     dir);
	return 0;
}

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* Length of the host name or bracketed IPv6 address at @s, 0 when there is none. */
static size_t name_length(const char *s)
{
	size_t len;

	if (*s != '[')
		return strspn(s, ALNUM "-._~");
	len = 1 + strspn(s + 1, "0123456789abcdefABCDEF:.");
	return len > 2 && s[len] == ']' ? len + 1 : 0;
}

/*
 * "host", "host:2375", "[::1]:2375/prefix". Whatever could make a URL mean something else (user
 * names, queries, escapes) is refused. Returns 1 when there is a port, 0 when there is none.
 */
static int check_address(const char *host, const char *rest, struct err *err)
{
	size_t len = name_length(rest), digits = 0;
	unsigned long long port;
	const char *path = rest + len;

	if (!len)
		return bad_host(host, "there is no host name in it", err);
	if (*path == ':') {
		_cleanup_free_ char *number = xstrndup(path + 1, strcspn(path + 1, "/"));
		struct err ignored = ERR_INIT;

		if (text_parse_u64(number, 1, 65535, "port", &port, &ignored) < 0)
			return bad_host(host, "the port has to be a number from 1 to 65535", err);
		digits = strlen(number);
		path += 1 + digits;
	}
	if (*path && (*path != '/' || path[strspn(path, ALNUM "-._~/")]))
		return bad_host(host, "there is something strange after the host name", err);
	return digits > 0;
}

static int use_tcp(struct http_server *s, const struct engine_opts *o, const char *rest,
		   const char *scheme, struct err *err)
{
	size_t len = strcspn(rest, "/"), path_len = strlen(rest + len);
	bool https = !strcmp(scheme, "https"), tls = https || wants_tls(o);
	int has_port = check_address(s->host, rest, err);

	if (has_port < 0)
		return has_port;
	if (https && o->tls == 0)
		return bad_host(s->host, "https is TLS, but TLS is turned off", err);
	if (!strcmp(scheme, "http") && o->tls > 0)
		return bad_host(s->host, "http is not TLS, but TLS is asked for", err);
	tls = tls && strcmp(scheme, "http") != 0;
	while (path_len && rest[len + path_len - 1] == '/')
		path_len--;
	/* The ports that are registered for Docker, where the user names none. */
	s->base = xasprintf("%s://%.*s%s%.*s", tls ? "https" : "http", (int)len, rest,
			    has_port ? ""
			    : tls    ? ":2376"
				     : ":2375",
			    (int)path_len, rest + len);
	return tls ? use_tls(s, o, err) : 0;
}

int host_resolve(const struct engine_opts *opts, struct http_server *ret, struct err *err)
{
	static const char *const schemes[] = { "tcp", "http", "https" };
	const char *host = opts->host && *opts->host ? opts->host : env("DOCKER_HOST"), *rest;

	ret->host = xstrdup(host ? host : ENGINE_DEFAULT_HOST);
	host = ret->host;
	if (*host == '/')
		return use_socket(ret, host, err);
	rest = strstr(host, "://");
	if (!rest)
		return bad_host(host, "it has no scheme", err);
	rest += strlen("://");
	if (!strncmp(host, "unix://", 7))
		return use_socket(ret, rest, err);
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		size_t len = strlen(schemes[i]);

		if (!strncmp(host, schemes[i], len) && rest == host + len + 3)
			return use_tcp(ret, opts, rest, schemes[i], err);
	}
	if (!strncmp(host, "ssh://", 6)) {
		bad_host(host, "ssh is not supported", err);
		return err_hint(err, "forward the socket (ssh -L /tmp/docker.sock:"
				     "/var/run/docker.sock HOST) and use "
				     "unix:///tmp/docker.sock");
	}
	return bad_host(host, "this scheme is not supported", err);
}

void host_release(struct http_server *server)
{
	free(server->host);
	free(server->socket_path);
	free(server->base);
	free(server->ca);
	free(server->cert);
	free(server->key);
}
