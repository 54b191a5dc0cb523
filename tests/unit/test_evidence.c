/* SPDX-License-Identifier: MIT */
/*
 * test_evidence.c - from the counters of a TCP socket to payload (bpf/bytes.h), and when an event of what leaves is due. That the
 * numbers are those of a real kernel is shown by tests/e2e/32-evidence.sh.
 */
#include "../../agent/evidence.h"
#include "../../bpf/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND 1000000000ull
#define MIB    (1ull << 20)

static void a_syn_and_a_fin_are_no_payload(void **state)
{
	static const struct {
		struct tcp_counters at;
		__u64 sent, received;
	} rows[] = {
		/* only the SYN, on its way; and with data in it (Fast Open) */
		{{0, 0, 100, 101, STATE_SYN_SENT, 0}, 0, 0},
		{{0, 0, 100, 111, STATE_SYN_SENT, 0}, 10, 0},
		/* nothing sent; 50 bytes acknowledged; 20 more on their way */
		{{1, 0, 101, 101, STATE_ESTABLISHED, 0}, 0, 0},
		{{51, 7, 151, 151, STATE_ESTABLISHED, 0}, 50, 7},
		{{51, 7, 151, 171, STATE_ESTABLISHED, 0}, 70, 7},
		/* the numbers wrap */
		{{51, 0, 0xfffffff0, 16, STATE_ESTABLISHED, 0}, 82, 0},
		/* the other side has finished, then we have, too */
		{{51, 8, 151, 151, 8, 1}, 50, 7},
		{{51, 8, 151, 152, STATE_LAST_ACK, 1}, 50, 7},
		{{52, 8, 152, 152, STATE_CLOSE, 1}, 50, 7},
		/* we first */
		{{51, 7, 151, 152, STATE_FIN_WAIT1, 0}, 50, 7},
		{{52, 7, 152, 152, STATE_FIN_WAIT2, 0}, 50, 7},
		{{52, 8, 152, 152, STATE_CLOSING, 1}, 50, 7},
		/* a reset: what was on its way is lost, and there was no FIN of ours */
		{{51, 7, 151, 171, STATE_CLOSE, 0}, 50, 7},
		{{51, 8, 151, 171, STATE_CLOSE, 1}, 50, 7},
		/* refused */
		{{0, 0, 0, 0, STATE_CLOSE, 0}, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (tcp_payload_sent(&rows[i].at) != rows[i].sent)
			fail_msg("row %zu: sent %llu, not %llu", i, (unsigned long long)tcp_payload_sent(&rows[i].at),
				 (unsigned long long)rows[i].sent);
		if (tcp_payload_received(&rows[i].at) != rows[i].received)
			fail_msg("row %zu: received %llu", i, (unsigned long long)tcp_payload_received(&rows[i].at));
	}
}

static struct evidence_row new_row(void)
{
	return (struct evidence_row){
		.sums = {.connections = 1, .sent = 100, .first_boot_ns = 1000 * SECOND, .last_boot_ns = 1000 * SECOND}};
}

static void is_told(struct evidence_row *row, __u64 now, bool final)
{
	row->told_connections = row->sums.connections;
	row->told_sent = row->sums.sent;
	row->told_received = row->sums.received;
	row->told_boot_ns = now;
	row->told_final = final;
}

static void what_is_over_is_told_once(void **state)
{
	struct evidence_row row = new_row();

	assert_int_equal(evidence_due(&row, 1001 * SECOND), EVIDENCE_NOT_YET);
	assert_int_equal(evidence_due(&row, 1006 * SECOND), EVIDENCE_FINAL);
	is_told(&row, 1006 * SECOND, true);
	assert_int_equal(evidence_due(&row, 9000 * SECOND), EVIDENCE_NOT_YET);
}

static void what_comes_again_is_told_within_the_hour(void **state)
{
	struct evidence_row row = new_row();

	is_told(&row, 1006 * SECOND, true);
	row.sums.connections++;
	row.sums.sent += 50;
	row.sums.last_boot_ns = 1100 * SECOND;
	assert_int_equal(evidence_due(&row, 1200 * SECOND), EVIDENCE_NOT_YET);
	assert_int_equal(evidence_due(&row, (1006 + 3600) * SECOND), EVIDENCE_FINAL);
	row.sums.sent += 2 * MIB;
	assert_int_equal(evidence_due(&row, 1200 * SECOND), EVIDENCE_FINAL);
}

static void what_goes_on_is_told_each_hour_or_when_it_grows(void **state)
{
	struct evidence_row row = new_row();

	row.open = 1;
	assert_int_equal(evidence_due(&row, 1600 * SECOND), EVIDENCE_NOT_YET);
	assert_int_equal(evidence_due(&row, 4600 * SECOND), EVIDENCE_GOES_ON);
	row.sums.sent = 3 * MIB;
	assert_int_equal(evidence_due(&row, 1600 * SECOND), EVIDENCE_GOES_ON);
	is_told(&row, 1600 * SECOND, false);
	row.sums.sent += 2 * MIB;	/* less than was told */
	assert_int_equal(evidence_due(&row, 1700 * SECOND), EVIDENCE_NOT_YET);
	row.sums.sent += 2 * MIB;
	assert_int_equal(evidence_due(&row, 1700 * SECOND), EVIDENCE_GOES_ON);
}

static void the_end_of_what_was_told_is_told(void **state)
{
	struct evidence_row row = new_row();

	row.open = 1;
	is_told(&row, 1600 * SECOND, false);
	row.open = 0;
	row.sums.last_boot_ns = 1700 * SECOND;
	assert_int_equal(evidence_due(&row, 1701 * SECOND), EVIDENCE_NOT_YET);
	assert_int_equal(evidence_due(&row, 1706 * SECOND), EVIDENCE_FINAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_syn_and_a_fin_are_no_payload),
		cmocka_unit_test(what_is_over_is_told_once),
		cmocka_unit_test(what_comes_again_is_told_within_the_hour),
		cmocka_unit_test(what_goes_on_is_told_each_hour_or_when_it_grows),
		cmocka_unit_test(the_end_of_what_was_told_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
