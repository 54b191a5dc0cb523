/* SPDX-License-Identifier: MIT */
/*
 * listen.c - listens on IPv4 addresses, on one free TCP port for all of them, prints the port and takes
 * connections in and closes them until it is ended: so that a connection that is let through succeeds.
 *
 * usage: listen ADDRESS...
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADDRESSES_MAX 8
#define TRIES         20 /* a port that is free on the first address can be taken on another */

/* Return: a socket that listens, or a negative errno; *port 0 is filled with what the kernel chose. */
static int listen_on(const char *text, in_port_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = *port};
	socklen_t size = sizeof(address);
	int fd, err;

	if (inet_pton(AF_INET, text, &address.sin_addr) != 1)
		return -EINVAL;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, size) || listen(fd, 16) ||
	    getsockname(fd, (struct sockaddr *)&address, &size)) {
		err = -errno;
		close(fd);
		return err;
	}
	*port = address.sin_port;
	return fd;
}

static int listen_on_all(char **addresses, int count, struct pollfd *out_polled,
			 in_port_t *out_port)
{
	in_port_t port = 0;
	int made = 0, err = 0;

	for (; made < count; made++) {
		err = listen_on(addresses[made], &port);
		if (err < 0)
			break;
		out_polled[made] = (struct pollfd){.fd = err, .events = POLLIN};
	}
	if (made == count) {
		*out_port = port;
		return 0;
	}
	while (made > 0)
		close(out_polled[--made].fd);
	return err;
}

int main(int argc, char **argv)
{
	struct pollfd polled[ADDRESSES_MAX];
	int count = argc - 1, err = -EADDRINUSE;
	in_port_t port = 0;

	if (count < 1 || count > ADDRESSES_MAX) {
		fprintf(stderr, "usage: listen ADDRESS...\n");
		return 2;
	}
	for (int i = 0; i < TRIES && err == -EADDRINUSE; i++)
		err = listen_on_all(argv + 1, count, polled, &port);
	if (err < 0) {
		fprintf(stderr, "listen: %s\n", strerror(-err));
		return 3;
	}
	printf("%u\n", (unsigned)ntohs(port));
	fflush(stdout);
	while (poll(polled, count, -1) > 0 || errno == EINTR)
		for (int i = 0; i < count; i++)
			if (polled[i].revents & POLLIN)
				close(accept(polled[i].fd, NULL, NULL));
	return 3;
}
