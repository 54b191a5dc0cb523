/* SPDX-License-Identifier: MIT */
/*
 * host_networks.c - addresses that this host cannot do without: its own, its resolvers, its default gateways.
 */
#include "host_text.h"
#include "internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

struct collect {
	struct inventory *inventory;
	inventory_network_fn fn;
	void *context;
	const char *why;
};

static int tell(const struct collect *collect, const char *text)
{
	struct inventory_network network = {.text = text, .why = collect->why};

	if (!address_parse(text, &network.family, &network.a, &network.b))
		return 0;
	return collect->fn(collect->context, &network);
}

static int resolver(void *context, const char *word)
{
	return tell(context, word);
}

static int read_resolvers(struct collect *collect, const char *path)
{
	const struct inventory_place place = inventory_root_place(collect->inventory);
	char why[64];
	size_t bytes;
	AUTO_FREE char *text = place_read(&place, INVENTORY_HOST, path, INVENTORY_TEXT_MAX, &bytes);

	snprintf(why, sizeof(why), "resolver (%s)", path);
	collect->why = why;
	return text ? resolvers(text, bytes, resolver, collect) : 0;
}

static int own_addresses(struct collect *collect)
{
	struct ifaddrs *list, *one;
	int err = 0;

	if (getifaddrs(&list) < 0) {
		inventory_missed(collect->inventory, INVENTORY_HOST, "own addresses", -errno);
		return 0;
	}
	for (one = list; one && !err; one = one->ifa_next) {
		char text[INET6_ADDRSTRLEN], why[IFNAMSIZ + 32];
		const void *address;

		if (!one->ifa_addr ||
		    (one->ifa_addr->sa_family != AF_INET && one->ifa_addr->sa_family != AF_INET6))
			continue;
		address =
			one->ifa_addr->sa_family == AF_INET
				? (const void *)&((struct sockaddr_in *)one->ifa_addr)->sin_addr
				: (const void *)&((struct sockaddr_in6 *)one->ifa_addr)->sin6_addr;
		inet_ntop(one->ifa_addr->sa_family, address, text, sizeof(text));
		snprintf(why, sizeof(why), "own address of %s", one->ifa_name);
		collect->why = why;
		err = tell(collect, text);
	}
	freeifaddrs(list);
	return err;
}

static int gateway(void *context, const struct route *route)
{
	struct collect *collect = context;
	char text[INET6_ADDRSTRLEN], why[96];
	struct inventory_network network = {
		.family = route->family,
		.a = route->a,
		.b = route->b,
		.text = text,
		.why = why,
	};
	struct in_addr v4 = {.s_addr = htonl(route->a)};
	struct in6_addr v6;

	for (int i = 0; i < 8; i++) {
		v6.s6_addr[i] = route->a >> (56 - 8 * i);
		v6.s6_addr[8 + i] = route->b >> (56 - 8 * i);
	}
	inet_ntop(route->family == 4 ? AF_INET : AF_INET6,
		  route->family == 4 ? (void *)&v4 : (void *)&v6, text, sizeof(text));
	snprintf(why, sizeof(why), "default gateway of %s", route->device);
	return collect->fn(collect->context, &network);
}

static int read_routes(struct collect *collect, const char *path, unsigned family)
{
	AUTO_FREE char *text = NULL;
	size_t bytes;
	int err = host_read(path, INVENTORY_JSON_MAX, &text, &bytes);

	if (err) {
		inventory_missed(collect->inventory, INVENTORY_HOST, path, err);
		return 0;
	}
	return routes_parse(text, bytes, family, gateway, collect);
}

int inventory_host_networks(struct inventory *inventory, inventory_network_fn fn, void *context)
{
	struct collect collect = {.inventory = inventory, .fn = fn, .context = context};
	int err = read_resolvers(&collect, "/etc/resolv.conf");

	if (!err) /* those that the resolver on loopback asks */
		err = read_resolvers(&collect, "/run/systemd/resolve/resolv.conf");
	if (err || !inventory->live)
		return err;
	err = own_addresses(&collect);
	if (!err)
		err = read_routes(&collect, "/proc/net/route", 4);
	if (!err)
		err = read_routes(&collect, "/proc/net/ipv6_route", 6);
	return err;
}
