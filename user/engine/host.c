/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/context.h"
#include "engine/sockets.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/caller.h"
#include "slimtrace/base/text.h"

#define MAX_SOCKET_PATH (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

/* What is wished for of TLS, by options and environment or by a context. */
struct tls_wish {
	bool on;   /* where the host's scheme leaves it open */
	bool off;  /* said so, which a scheme must not contradict */
	bool said; /* asked for by option */
	bool verify;
	char *dir;     /* NULL: no certificates */
	bool dir_said; /* it has to hold some */
};

static void wish_release(struct tls_wish *w)
{
	free(w->dir);
}
#define _cleanup_wish_ __attribute__((cleanup(wish_release)))

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
	return o->tls_verify > 0 || o->tls_cert_path || caller_env("DOCKER_TLS") ||
	       caller_env("DOCKER_TLS_VERIFY") || caller_env("DOCKER_CERT_PATH");
}

static struct tls_wish wish_of(const struct engine_opts *o)
{
	const char *said = o->tls_cert_path ? o->tls_cert_path : caller_env("DOCKER_CERT_PATH");

	return (struct tls_wish){
		.on = wants_tls(o),
		.off = o->tls == 0,
		.said = o->tls > 0,
		.verify = o->tls_verify != 0,
		.dir = said ? xstrdup(said) : caller_docker_dir(),
		.dir_said = said != NULL,
	};
}

/* A context says all of it, the environment nothing; options are above both. */
static struct tls_wish wish_of_context(const struct engine_opts *o, const struct docker_context *c)
{
	const char *dir = o->tls_cert_path ? o->tls_cert_path : c->tls_dir;
	bool asked = o->tls_verify > 0 || dir || c->skip_verify;

	return (struct tls_wish){
		.on = o->tls < 0 ? asked : o->tls > 0,
		.off = o->tls == 0,
		.said = o->tls > 0,
		.verify = o->tls_verify < 0 ? !c->skip_verify : o->tls_verify > 0,
		.dir = dir ? xstrdup(dir) : NULL,
		.dir_said = dir != NULL,
	};
}

/* *@ret stays NULL when there is no such file. */
static int cert_file(const char *dir, const char *name, char **ret, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);

	if (!access(path, R_OK))
		*ret = TAKE_PTR(path);
	else if (errno != ENOENT && errno != ENOTDIR)
		return err_class_set(err, ERR_USAGE, errno,
				     "TLS certificates: cannot read '%s': %s", path,
				     strerror(errno));
	return 0;
}

static int cert_files(struct http_server *s, const struct tls_wish *w, struct err *err)
{
	int r = cert_file(w->dir, "ca.pem", &s->ca, err);

	if (!r)
		r = cert_file(w->dir, "cert.pem", &s->cert, err);
	if (!r)
		r = cert_file(w->dir, "key.pem", &s->key, err);
	if (r < 0)
		return r;
	if (!s->cert != !s->key)
		return err_class_set(err, ERR_USAGE, ENOENT,
				     "TLS certificates in '%s': %s is there, but %s is not", w->dir,
				     s->cert ? "cert.pem" : "key.pem",
				     s->cert ? "key.pem" : "cert.pem");
	if (w->dir_said && !s->ca && !s->cert)
		return err_class_set(err, ERR_USAGE, ENOENT,
				     "TLS certificates: there is no ca.pem, cert.pem or key.pem "
				     "in '%s'",
				     w->dir);
	return 0;
}

static int use_tls(struct http_server *s, const struct tls_wish *w, struct err *err)
{
	s->tls = true;
	s->verify = w->verify;
	return w->dir ? cert_files(s, w, err) : 0;
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

static int use_tcp(struct http_server *s, const struct tls_wish *w, const char *rest,
		   const char *scheme, struct err *err)
{
	size_t len = strcspn(rest, "/"), path_len = strlen(rest + len);
	bool https = !strcmp(scheme, "https"), tls = https || w->on;
	int has_port = check_address(s->host, rest, err);

	if (has_port < 0)
		return has_port;
	if (https && w->off)
		return bad_host(s->host, "https is TLS, but TLS is turned off", err);
	if (!strcmp(scheme, "http") && w->said)
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
	return tls ? use_tls(s, w, err) : 0;
}

/* @ret->host says where. */
static int use_host(struct http_server *ret, const struct tls_wish *w, struct err *err)
{
	static const char *const schemes[] = { "tcp", "http", "https" };
	const char *host = ret->host, *rest = strstr(host, "://");

	if (*host == '/')
		return use_socket(ret, host, err);
	if (!rest)
		return bad_host(host, "it has no scheme", err);
	rest += strlen("://");
	if (!strncmp(host, "unix://", 7))
		return use_socket(ret, rest, err);
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		size_t len = strlen(schemes[i]);

		if (!strncmp(host, schemes[i], len) && rest == host + len + 3)
			return use_tcp(ret, w, rest, schemes[i], err);
	}
	if (!strncmp(host, "ssh://", 6)) {
		bad_host(host, "ssh is not supported", err);
		return err_hint(err, "forward the socket (ssh -L /tmp/docker.sock:"
				     "/var/run/docker.sock HOST) and use "
				     "unix:///tmp/docker.sock");
	}
	return bad_host(host, "this scheme is not supported", err);
}

/* What nobody says: whoever listens where engines do. */
static char *usual_host(void)
{
	_cleanup_strvec_ struct strvec paths = STRVEC_INIT;

	sockets_usual(&paths);
	return xasprintf("unix://%s", sockets_choose(&paths));
}

int host_resolve(const struct engine_opts *opts, struct http_server *ret, struct err *err)
{
	_cleanup_context_ struct docker_context context = { 0 };
	_cleanup_wish_ struct tls_wish wish = { 0 };
	const char *said = opts->host && *opts->host ? opts->host : NULL;
	const char *name = opts->context && *opts->context ? opts->context : NULL;
	const char *env = caller_env("DOCKER_HOST");
	int r = 0;

	if (said && name)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "--host and --context both say where the engine is: give one");
	/* The order is that of docker's client. */
	if (name || (!said && !env))
		r = context_find(name, &context, err);
	if (r < 0)
		return r;
	wish = r ? wish_of_context(opts, &context) : wish_of(opts);
	ret->usual = !r && !said && !env;
	if (r)
		ret->host = TAKE_PTR(context.host);
	else
		ret->host = said || env ? xstrdup(said ? said : env) : usual_host();
	r = use_host(ret, &wish, err);
	return r < 0 && context.name && !said && !env
		       ? err_wrap(err, "docker context '%s'", context.name)
		       : r;
}

/* Something else where a socket should be, which the kernel calls a refused connection. */
static bool is_no_socket(const char *path)
{
	struct stat st;

	return path && stat(path, &st) == 0 && !S_ISSOCK(st.st_mode);
}

int host_unreachable(const struct http_server *s, int code, struct err *err)
{
	bool no_socket = is_no_socket(s->socket_path);

	/* -ENOENT is for what the engine does not have. */
	err_class_set(err, ERR_ENGINE, code == ENOENT ? ECONNREFUSED : code,
		      "cannot connect to the container engine at %s: %s", s->host,
		      no_socket ? "it is no socket" : strerror(code));
	if (no_socket)
		return err_hint(err, "see --host and DOCKER_HOST");
	if (code == EACCES || code == EPERM)
		return err_hint(err, "run slimtrace with sudo");
	if (s->usual)
		return err_hint(err, "neither Docker nor Podman listens in its usual places: is "
				     "one running? --host or DOCKER_HOST says where else");
	return err_hint(err,
			"is Docker running? another engine is chosen with --host or DOCKER_HOST");
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
