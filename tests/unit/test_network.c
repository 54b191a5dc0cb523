/* SPDX-License-Identifier: MIT */
#include "front.h"
#include "../../policy/network.h"

/* "network" or "network|port,port|protocol" to its canonical text, or the problem. */
static void check(const char *text, const char *ports, const char *protocol, const char *expected)
{
	__u16 first[RULE_PORTS_MAX], last[RULE_PORTS_MAX];
	struct rule_network network = {.port_first = first, .port_last = last};
	struct network_problem problem = {""};
	char out[NETWORK_TEXT_BYTES], list[256];
	char *save = NULL;
	int err;

	err = network_parse_cidr(text, &network, &problem);
	snprintf(list, sizeof(list), "%s", ports);
	for (char *port = strtok_r(list, ",", &save); port && !err;
	     port = strtok_r(NULL, ",", &save))
		err = network_add_ports(port, &network, &problem);
	if (err) {
		assert_int_equal(err, -EINVAL);
		assert_string_equal(problem.text, expected);
		return;
	}
	network_sort_ports(&network);
	network.protocol = (__u8)network_parse_protocol(protocol);
	network_format(&network, out);
	assert_string_equal(out, expected);
}

static void test_canonical(void **state)
{
	check("203.0.113.0/24", "", "any", "203.0.113.0/24");
	check("203.0.113.7", "", "any", "203.0.113.7/32");
	check("203.0.113.0/24", "8443,443", "tcp", "203.0.113.0/24 tcp 443,8443");
	check("203.0.113.0/24", "443", "any", "203.0.113.0/24 443");
	check("203.0.113.0/24", "", "udp", "203.0.113.0/24 udp");
	check("203.0.113.0/24", "", "sctp", "203.0.113.0/24 sctp");
	check("2001:DB8:0::/32", "1-65535", "any", "2001:db8::/32 1-65535");
	check("2001:db8::1", "", "any", "2001:db8::1/128");
	check("0.0.0.0/1", "", "any", "0.0.0.0/1");
	check("::/1", "", "any", "::/1");
	check("203.0.113.0/24", "90-100,80,81-89,95,200", "tcp", "203.0.113.0/24 tcp 80-100,200");
	check("203.0.113.0/24", "65535,1,65534", "tcp", "203.0.113.0/24 tcp 1,65534-65535");
}

static void test_mapped(void **state)
{
	struct rule_network network = {0};
	struct network_problem problem;

	check("::ffff:203.0.113.0/120", "", "any", "203.0.113.0/24");
	check("::ffff:203.0.113.9", "", "any", "203.0.113.9/32");
	check("::ffff:0:0/97", "", "any", "0.0.0.0/1");
	check("::/95", "", "any", "::/95");
	assert_int_equal(network_parse_cidr("::ffff:203.0.113.0/120", &network, &problem), 0);
	assert_int_equal(network.family, 4);
	assert_int_equal(network.bits, 24);
	assert_int_equal(network.a, 0xcb007100);
	assert_int_equal(network.b, 0);
	assert_int_equal(network_parse_cidr("2001:db8:1:2:3::/80", &network, &problem), 0);
	assert_int_equal(network.family, 6);
	assert_int_equal(network.a, 0x20010db800010002);
	assert_int_equal(network.b, 0x0003000000000000);
}

static void test_refused(void **state)
{
	struct rule_network network = {.family = 9};
	struct network_problem problem;
	char ports[RULE_PORTS_MAX * 8] = "1";

	check("203.0.113.7/24", "", "any",
	      "'203.0.113.7/24' has host bits set; write the network '203.0.113.0/24', or the address alone");
	check("2001:db8::1/64", "", "any",
	      "'2001:db8::1/64' has host bits set; write the network '2001:db8::/64', or the address alone");
	check("2001:db8:0:0:8000::/64", "", "any",
	      "'2001:db8:0:0:8000::/64' has host bits set; write the network '2001:db8::/64', or the address alone");
	check("0.0.0.0/0", "", "any",
	      "'0.0.0.0/0' is every address; refused, because it would cut the host off: name the networks");
	check("::ffff:0:0/96", "", "any",
	      "'::ffff:0:0/96' is every address; refused, because it would cut the host off: name the networks");
	check("10.0.0.0/8x", "", "any",
	      "'/8x' in '10.0.0.0/8x' is no prefix length; expected a number from 1 to 32");
	check("10.0.0.0/+8", "", "any",
	      "'/+8' in '10.0.0.0/+8' is no prefix length; expected a number from 1 to 32");
	check("::1/129", "", "any",
	      "'/129' in '::1/129' is no prefix length; expected a number from 1 to 128");
	check("", "", "any", "'' is no network; expected 192.0.2.0/24 or 2001:db8::/32");
	check("192.0.2.1", "0", "any",
	      "'0' is no port; expected a number from 1 to 65535, or a range as 8000-8100");
	check("192.0.2.1", "65536", "any",
	      "'65536' is no port; expected a number from 1 to 65535, or a range as 8000-8100");
	check("192.0.2.1", "80-", "any",
	      "'80-' is no port; expected a number from 1 to 65535, or a range as 8000-8100");
	check("192.0.2.1", "90-80", "any", "the port range '90-80' is reversed; write 80-90");
	for (unsigned i = 1; i <= RULE_PORTS_MAX; i++)
		sprintf(ports + strlen(ports), ",%u", 1 + 2 * i);
	check("192.0.2.1", ports, "any",
	      "'65' is one too many: a network can have 32 ports or ranges; write a second entry");

	assert_int_equal(network_parse_cidr("x", &network, &problem), -EINVAL);
	assert_int_equal(network.family, 9);
	assert_int_equal(network_parse_protocol("TCP"), -EINVAL);
	assert_int_equal(network_parse_protocol("sctp"), PROTOCOL_SCTP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
