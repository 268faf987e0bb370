/* SPDX-License-Identifier: BSD-2-Clause */
/* What an error answer of the engine means, and what the user can do about it. */
#include <errno.h>
#include <string.h>

#include "engine/api.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/text.h"

#define MAX_MESSAGE 700 /* of the daemon's in ours, which has 1 KiB */
#define WHITE " \t\r\n"

/* Matched in the daemon's message, which has no codes. The first that fits is taken. */
static const struct {
	const char *text;
	enum err_class class;
	const char *hint;
} known[] = {
	{ "No such image", ERR_IMAGE,
	  "'docker images' lists what is there, 'docker pull' brings an image" },
	{ "no such image", ERR_IMAGE,
	  "'docker images' lists what is there, 'docker pull' brings an image" },
	{ "image not known", ERR_IMAGE, /* Podman */
	  "'podman images' lists what is there, 'podman pull' brings an image" },
	{ "port is already allocated", ERR_ENGINE,
	  "another container has that port: 'docker ps' shows which, 'docker stop' ends it" },
	{ "address already in use", ERR_ENGINE,
	  "another program on this host listens on that port" },
	{ "is already in use by container", ERR_ENGINE,
	  "'docker rm' removes the container that has the name" },
	{ "no space left on device", ERR_ENGINE,
	  "'docker system df' shows what takes the space, 'docker system prune' frees some" },
	{ "client version", ERR_ENGINE,
	  "the API version is chosen by slimtrace when DOCKER_API_VERSION is not set" },
	{ "HTTP request to an HTTPS server", ERR_ENGINE,
	  "this engine speaks TLS: --tls, or DOCKER_TLS_VERIFY=1" },
	{ "does not support reading", ERR_ENGINE,
	  "this container's logging driver keeps no log that can be read" },
	{ "log driver, cannot read", ERR_ENGINE, /* Podman */
	  "this container's logging driver keeps no log that can be read" },
	{ "denied by authorization plugin", ERR_ENGINE,
	  "an authorization plugin of the engine forbids this call" },
};

static int errno_of(int status)
{
	switch (status) {
	case 400:
		return EINVAL;
	case 401:
	case 403:
		return EACCES;
	case 404:
		return ENOENT;
	case 409:
		return EEXIST;
	case 405:
	case 501:
		return ENOTSUP;
	case 503:
		return EAGAIN;
	default:
		return EIO;
	}
}

/* White space at the ends goes, line ends become blanks. */
void api_add_message(struct strbuf *to, const char *message)
{
	_cleanup_free_ char *line = NULL;
	size_t len;

	message += strspn(message, WHITE);
	len = strnlen(message, MAX_MESSAGE);
	while (len && strchr(WHITE, message[len - 1]))
		len--;
	line = xstrndup(message, len);
	for (char *p = line; (p = strpbrk(p, "\r\n")); p++)
		*p = ' ';
	text_add_safe(to, len ? line : "no reason given", len ? len : strlen("no reason given"));
}

/* {"message": ...} of the Docker API, else the text of whoever answered. */
static void daemon_message(const struct http_response *res, struct strbuf *ret)
{
	_cleanup_(json_free) cJSON *doc = NULL;
	struct err ignored = ERR_INIT;
	const char *text = res->body.buf;

	if (!json_parse(res->body.buf, res->body.len, "answer", &doc, &ignored))
		text = json_str(doc, "message", res->body.buf);
	api_add_message(ret, text);
}

int api_error(const struct http_response *res, const char *what, struct err *err)
{
	_cleanup_strbuf_ struct strbuf message = STRBUF_INIT;

	daemon_message(res, &message);
	err_class_set(err, ERR_ENGINE, errno_of(res->status), "%s: the engine says: %s (status %d)",
		      what, message.buf, res->status);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!strstr(message.buf, known[i].text))
			continue;
		err->class = known[i].class;
		return err_hint(err, "%s", known[i].hint);
	}
	return -err->code;
}
