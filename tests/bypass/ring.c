/* SPDX-License-Identifier: MIT */
/* ring.c - one request by io_uring, without its library. See reach.h. */
#include "reach.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *map_ring(int ring, size_t size, off_t offset)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, offset);

	if (at == MAP_FAILED)
		quit("mmap");
	return at;
}

/* The kernel's thread that takes requests may sleep already, and must be told. */
static int ring_do(int fd, struct io_uring_sqe request, int how)
{
	struct io_uring_params params = { .flags = how & RING_SQPOLL ? IORING_SETUP_SQPOLL : 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 2, &params);
	unsigned enter = IORING_ENTER_GETEVENTS | (how & RING_SQPOLL ? IORING_ENTER_SQ_WAKEUP : 0);
	struct io_uring_sqe *entries;
	char *submitted, *completed;

	if (ring < 0)
		quit("io_uring_setup");
	submitted = map_ring(ring, params.sq_off.array + params.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	completed = map_ring(ring, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe),
			     IORING_OFF_CQ_RING);
	entries = map_ring(ring, params.sq_entries * sizeof(*entries), IORING_OFF_SQES);
	/* kernels before 5.11 let that thread use registered files only */
	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &fd, 1))
		quit("io_uring_register");
	request.fd = 0;
	request.flags = IOSQE_FIXED_FILE | (how & RING_ASYNC ? IOSQE_ASYNC : 0);
	entries[0] = request;
	*(unsigned *)(submitted + params.sq_off.array) = 0;
	__atomic_store_n((unsigned *)(submitted + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, enter, NULL, 0) < 0)
		quit("io_uring_enter");
	return ((struct io_uring_cqe *)(completed + params.cq_off.cqes))->res;
}

int ring_connect(int fd, const struct place *place, int how)
{
	return ring_do(fd, (struct io_uring_sqe){ .opcode = IORING_OP_CONNECT, .addr = (uintptr_t)&place->any,
						  .off = place->size }, how);
}

int ring_sendmsg(int fd, const struct msghdr *message, int how)
{
	return ring_do(fd, (struct io_uring_sqe){ .opcode = IORING_OP_SENDMSG, .addr = (uintptr_t)message,
						  .len = 1 }, how);
}
