/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A web server of the smallest kind: webserver [PORT [ROOT]]. GET of a file below ROOT, one
 * connection at a time, "/" is index.html, /fail answers 500, everything else 404.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *root = "/www";

static void reply(FILE *out, const char *status, const char *body, size_t len)
{
	fprintf(out, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status,
		len);
	fwrite(body, 1, len, out);
}

static void send_file(FILE *out, const char *resource)
{
	char path[512], body[65536];
	ssize_t n = -1;
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s%s", root,
		 strcmp(resource, "/") ? resource : "/index.html");
	fd = strstr(resource, "..") ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode))
		n = read(fd, body, sizeof(body));
	if (n >= 0)
		reply(out, "200 OK", body, (size_t)n);
	else
		reply(out, "404 Not Found", "no such page\n", 13);
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
			reply(out, "500 Internal Server Error", "failed\n", 7);
		else
			send_file(out, resource);
	}
	if (out)
		fclose(out);
	if (in)
		fclose(in);
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_ANY),
		.sin_port = htons((uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 8080))
	};
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, conn;

	if (argc > 2)
		root = argv[2];
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(s, 16) < 0) {
		perror("webserver");
		return 1;
	}
	printf("webserver: listening on port %d\n", ntohs(addr.sin_port));
	while ((conn = accept(s, NULL, NULL)) >= 0)
		serve(conn);
	perror("webserver: accept");
	return 1;
}
