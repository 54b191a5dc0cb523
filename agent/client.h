/* SPDX-License-Identifier: MIT */
/*
 * client.h - the command's side of the control socket.
 */
#ifndef EMBARGO_CLIENT_H
#define EMBARGO_CLIENT_H

#include <jansson.h>

#define CLIENT_PATIENCE_S 60

/**
 * client_call() - ask the agent
 * @run:       directory of its socket
 * @request:   borrowed
 * @out_reply: new reference; the answer, with "ok" true or false; untouched on failure
 *
 * Return: 0; -ENOENT (no agent runs there); -EACCES; -ETIMEDOUT; -EPROTO (what came is no answer);
 * -ENOMEM; other errno of the socket.
 */
int client_call(const char *run, const json_t *request, json_t **out_reply);

#endif
