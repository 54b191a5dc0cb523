/* SPDX-License-Identifier: MIT */
/*
 * test_control.c - the control socket over a real socket in a real loop: who may do what, hostile bytes,
 * clients that do not read or do not end.
 */
#include "../../agent/clean.h"
#include "../../agent/client.h"
#include "../../agent/control.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

static json_t *on_echo(void *context, const json_t *request, const struct control_peer *peer)
{
	(*(int *)context)++;
	return json_pack("{s:b, s:O}", "ok", 1, "you", json_object_get(request, "text"));
}

static json_t *on_large(void *context, const json_t *request, const struct control_peer *peer)
{
	AUTO_FREE char *text = malloc(900000);

	memset(text, 'x', 900000);
	return json_pack("{s:b, s:s#}", "ok", 1, "text", text, 900000);
}

static json_t *on_huge(void *context, const json_t *request, const struct control_peer *peer)
{
	AUTO_FREE char *text = malloc(2000000);

	memset(text, 'x', 2000000);
	return json_pack("{s:b, s:s#}", "ok", 1, "text", text, 2000000);
}

static const struct control_request table[] = {
	{"echo", false, on_echo},
	{"large", false, on_large},
	{"huge", false, on_huge},
	{"change", true, on_echo},
};

static const struct control_peer root = {.reads = true, .changes = true};
static const struct control_peer reader = {.uid = 1000, .reads = true};
static const struct control_peer stranger = {.uid = 1001};

static json_t *ask(const struct control_peer *peer, const char *line)
{
	int calls = 0;

	return control_answer(table, ARRAY_LENGTH(table), &calls, peer, line, strlen(line));
}

static void assert_refused(const struct control_peer *peer, const char *line)
{
	AUTO_JSON json_t *answer = ask(peer, line);

	assert_true(json_is_false(json_object_get(answer, "ok")));
	assert_true(strlen(json_string_value(json_object_get(answer, "error"))) > 20);
}

static void rights_decide(void **state)
{
	AUTO_JSON json_t *by_root = ask(&root, "{\"do\":\"change\",\"text\":1}");
	AUTO_JSON json_t *by_reader = ask(&reader, "{\"do\":\"echo\",\"text\":1}");

	assert_true(json_is_true(json_object_get(by_root, "ok")));
	assert_true(json_is_true(json_object_get(by_reader, "ok")));
	assert_refused(&reader, "{\"do\":\"change\",\"text\":1}");
	assert_refused(&stranger, "{\"do\":\"echo\",\"text\":1}");
	assert_refused(&stranger, "{\"do\":\"change\",\"text\":1}");
}

static void nonsense_is_answered(void **state)
{
	static const char *const lines[] = {"",
					    "x",
					    "[]",
					    "{\"do\":1}",
					    "{\"do\":\"\"}",
					    "{\"do\":\"none\"}",
					    "{\"do\":\"echo\",\"do\":\"echo\"}",
					    "{\"do\":\"echo\"",
					    "\xff\xfe",
					    "null"};

	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++)
		assert_refused(&root, lines[i]);
}

/* ---------------------------------------------------------------- over the socket */

struct served {
	sd_event *loop;
	struct control *control;
	int calls;
	char run[64];
};

static int set_up(void **state)
{
	struct served *served = calloc(1, sizeof(*served));

	strcpy(served->run, "/tmp/test-control-XXXXXX");
	if (!mkdtemp(served->run) || sd_event_new(&served->loop) < 0 ||
	    control_open(served->loop, served->run, table, ARRAY_LENGTH(table), &served->calls,
			 &served->control) < 0)
		return -1;
	*state = served;
	return 0;
}

static int tear_down(void **state)
{
	struct served *served = *state;

	control_close(served->control);
	sd_event_unref(served->loop);
	(void)rmdir(served->run);
	free(served);
	return 0;
}

/* Let the loop work until a child, which is the client, ends. Return: its exit status. */
static int serve(struct served *served, pid_t child)
{
	int status;

	while (waitpid(child, &status, WNOHANG) == 0)
		assert_true(sd_event_run(served->loop, 10000) >= 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int call(const char *run, const char *what, const char *text)
{
	AUTO_JSON json_t *request = json_pack("{s:s, s:s}", "do", what, "text", text);
	AUTO_JSON json_t *reply = NULL;

	if (client_call(run, request, &reply) < 0)
		return 2;
	return json_is_true(json_object_get(reply, "ok")) ? 0 : 1;
}

static void question_and_answer(void **state)
{
	struct served *served = *state;
	pid_t child = fork();

	if (!child)
		_exit(call(served->run, "echo", "hello"));
	assert_int_equal(serve(served, child), 0);
	assert_int_equal(served->calls, 1);
}

static void large_answer_arrives_whole(void **state)
{
	struct served *served = *state;
	pid_t child = fork();

	if (!child)
		_exit(call(served->run, "large", ""));
	assert_int_equal(serve(served, child), 0);
	child = fork();
	if (!child)
		_exit(call(served->run, "huge", ""));
	assert_int_equal(serve(served, child), 1);
}

static void stranger_is_told(void **state)
{
	struct served *served = *state;
	pid_t child;

	if (getuid()) {
		print_message("skipped: only root can become somebody else\n");
		skip();
	}
	assert_int_equal(chmod(served->run, 0755), 0);
	child = fork();
	if (!child)
		_exit(setgid(65534) || setuid(65534) ? 3 : call(served->run, "echo", "hello"));
	assert_int_equal(serve(served, child), 1);
	assert_int_equal(served->calls, 0);
}

static int connect_raw(const struct served *served)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", served->run, CONTROL_SOCKET);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void turn(struct served *served, int times)
{
	while (times--)
		assert_true(sd_event_run(served->loop, 1000) >= 0);
}

static void endless_line_ends_the_conversation(void **state)
{
	struct served *served = *state;
	static char noise[CONTROL_REQUEST_BYTES];
	char answer[512] = "";
	int fd = connect_raw(served);

	memset(noise, 'a', sizeof(noise));
	assert_int_equal(send(fd, noise, sizeof(noise), 0), sizeof(noise));
	turn(served, 5);
	assert_true(recv(fd, answer, sizeof(answer) - 1, 0) > 0);
	assert_non_null(strstr(answer, "longer than"));
	assert_int_equal(recv(fd, answer, sizeof(answer), 0), 0);
	assert_int_equal(close(fd), 0);
}

/* Fifteen clients that never read their large answers do not keep the sixteenth waiting. */
static void slow_clients_hold_nobody_up(void **state)
{
	static const char question[] = "{\"do\":\"large\"}\n{\"do\":\"large\"}\n";
	struct served *served = *state;
	int fds[CONTROL_CLIENTS_MAX - 1];
	pid_t child;

	for (size_t i = 0; i < ARRAY_LENGTH(fds); i++) {
		fds[i] = connect_raw(served);
		assert_int_equal(send(fds[i], question, sizeof(question) - 1, 0),
				 sizeof(question) - 1);
		turn(served, 3);
	}
	child = fork();
	if (!child)
		_exit(call(served->run, "echo", "hello"));
	assert_int_equal(serve(served, child), 0);
	assert_int_equal(served->calls, 1);
	for (size_t i = 0; i < ARRAY_LENGTH(fds); i++)
		assert_int_equal(close(fds[i]), 0);
	turn(served, 2 * ARRAY_LENGTH(fds));
}

static void one_too_many_is_told(void **state)
{
	struct served *served = *state;
	int fds[CONTROL_CLIENTS_MAX + 1];
	char answer[512] = "";

	for (size_t i = 0; i < ARRAY_LENGTH(fds); i++) {
		fds[i] = connect_raw(served);
		turn(served, 2);
	}
	assert_true(recv(fds[CONTROL_CLIENTS_MAX], answer, sizeof(answer) - 1, 0) > 0);
	assert_non_null(strstr(answer, "try again"));
	for (size_t i = 0; i < ARRAY_LENGTH(fds); i++)
		assert_int_equal(close(fds[i]), 0);
}

static void second_agent_is_refused(void **state)
{
	struct served *served = *state;
	struct control *other = NULL;

	assert_int_equal(control_open(served->loop, served->run, table, 1, NULL, &other),
			 -EADDRINUSE);
	assert_null(other);
}

static void no_agent_is_said(void **state)
{
	AUTO_JSON json_t *request = json_pack("{s:s}", "do", "status");
	json_t *reply = NULL;

	assert_int_equal(client_call("/nonexistent", request, &reply), -ENOENT);
	assert_null(reply);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rights_decide),
		cmocka_unit_test(nonsense_is_answered),
		cmocka_unit_test(no_agent_is_said),
		TEST(question_and_answer),
		TEST(large_answer_arrives_whole),
		TEST(stranger_is_told),
		TEST(endless_line_ends_the_conversation),
		TEST(slow_clients_hold_nobody_up),
		TEST(one_too_many_is_told),
		TEST(second_agent_is_refused),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
