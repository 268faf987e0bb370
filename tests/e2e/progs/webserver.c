/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A web server of the smallest kind: webserver [PORT [ROOT [ADDRESS]]]. GET of a file below ROOT,
 * one connection at a time, "/" is index.html, /fail answers 500, /close and /silent nothing, a
 * method other than GET is for METHOD.html, everything else 404. ADDRESS is a literal, or "own"
 * or "own6": the first that is not the loopback's.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *root = "/www";

static void reply(FILE *out, const char *status, const char *type, const char *body, size_t len)
{
	fprintf(out, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n", status, len);
	if (type)
		fprintf(out, "Content-Type: %s\r\n", type);
	fprintf(out, "\r\n");
	fwrite(body, 1, len, out);
}

static const char *type_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	return !dot		       ? NULL
	       : !strcmp(dot, ".html") ? "text/html"
	       : !strcmp(dot, ".css")  ? "text/css"
	       : !strcmp(dot, ".json") ? "application/json"
				       : NULL;
}

static void send_file(FILE *out, const char *method, const char *resource)
{
	char path[512], body[65536];
	ssize_t n = -1;
	struct stat st;
	int fd;

	if (strcmp(method, "GET") != 0)
		snprintf(path, sizeof(path), "%s/%s.html", root, method);
	else
		snprintf(path, sizeof(path), "%s%s", root,
			 strcmp(resource, "/") ? resource : "/index.html");
	fd = strstr(resource, "..") ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode))
		n = read(fd, body, sizeof(body));
	if (n >= 0)
		reply(out, "200 OK", type_of(path), body, (size_t)n);
	else
		reply(out, "404 Not Found", NULL, "no such page\n", 13);
	if (fd >= 0)
		close(fd);
}

static void serve(int conn)
{
	char line[1024], method[16] = "", resource[256] = "", header[1024];
	FILE *in = fdopen(conn, "r"), *out = fdopen(dup(conn), "w");

	if (in && out && fgets(line, sizeof(line), in) &&
	    sscanf(line, "%15s %255s", method, resource) == 2) {
		while (fgets(header, sizeof(header), in) && strcmp(header, "\r\n") != 0)
			;
		printf("webserver: %s %s\n", method, resource);
		if (!strcmp(resource, "/fail"))
			reply(out, "500 Internal Server Error", NULL, "failed\n", 7);
		else if (!strcmp(resource, "/silent"))
			while (fgets(header, sizeof(header), in))
				;
		else if (strcmp(resource, "/close") != 0)
			send_file(out, method, resource);
	}
	if (out)
		fclose(out);
	if (in)
		fclose(in);
}

static void own_address(int family, struct sockaddr_storage *ret)
{
	struct ifaddrs *list, *i;

	if (getifaddrs(&list) < 0)
		return;
	for (i = list; i; i = i->ifa_next) {
		const struct sockaddr_in6 *v6 = (void *)i->ifa_addr;

		if (!v6 || v6->sin6_family != family || (i->ifa_flags & IFF_LOOPBACK) ||
		    (family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr)))
			continue;
		memcpy(ret, v6, family == AF_INET6 ? sizeof(*v6) : sizeof(struct sockaddr_in));
		break;
	}
	freeifaddrs(list);
}

static socklen_t make_address(const char *text, in_port_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (void *)ret;
	struct sockaddr_in6 *v6 = (void *)ret;

	v4->sin_family = AF_INET;
	if (!strcmp(text, "own")) {
		own_address(AF_INET, ret);
	} else if (!strcmp(text, "own6")) {
		own_address(AF_INET6, ret);
		v6->sin6_port = port;
		return sizeof(*v6);
	} else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = port;
		return sizeof(*v6);
	} else {
		inet_pton(AF_INET, text, &v4->sin_addr);
	}
	v4->sin_port = port;
	return sizeof(*v4);
}

int main(int argc, char **argv)
{
	in_port_t port = htons((uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 8080));
	struct sockaddr_storage addr = { 0 };
	socklen_t len = make_address(argc > 3 ? argv[3] : "0.0.0.0", port, &addr);
	int s = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, conn;

	if (argc > 2)
		root = argv[2];
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (addr.ss_family == AF_INET6)
		setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(s, (struct sockaddr *)&addr, len) < 0 || listen(s, 16) < 0) {
		perror("webserver");
		return 1;
	}
	printf("webserver: listening on port %d\n", ntohs(port));
	while ((conn = accept(s, NULL, NULL)) >= 0)
		serve(conn);
	perror("webserver: accept");
	return 1;
}
