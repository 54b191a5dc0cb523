/* SPDX-License-Identifier: MIT */
/*
 * payload.c - the embargoed thing of every trick: its first act is to write one byte to file descriptor 9,
 * which the test has opened and everything inherits, through every namespace and root. So not one of its
 * instructions can run unseen. Then it waits for the end of file descriptor 8: the test holds that open
 * where a program is expected to be ended soon after its start. No C library, no start-up code, no data of
 * its own: its one executable segment is enough to run it, which some tricks make use of.
 *
 * Built as a static and as a dynamic program, both also for 32 bits, and (LIBRARY) as a shared object.
 */
enum { FD_WAIT = 8, FD_MARK = 9 };

/* What has no descriptor 9 because the kernel started it: this file, if the test has made it. */
#define FALLBACK "/run/embargo-bypass.ran"

#if defined(__x86_64__)
enum { CALL_READ = 0, CALL_WRITE = 1, CALL_OPEN = 257, CALL_EXIT = 231 };

static long call(long number, long a, long b, long c)
{
	register long r10 __asm__("r10") = 0;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__i386__)
enum { CALL_READ = 3, CALL_WRITE = 4, CALL_OPEN = 295, CALL_EXIT = 252 };

static long call(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(0)
			 : "memory");
	return result;
}
#elif defined(__aarch64__)
enum { CALL_READ = 63, CALL_WRITE = 64, CALL_OPEN = 56, CALL_EXIT = 94 };

static long call(long number, long a, long b, long c)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = 0;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}
#else
#error "not ported to this processor"
#endif

/* openat(AT_FDCWD, FALLBACK, O_WRONLY | O_APPEND): numbers, because no header fits 64 and 32 bits alike. */
static inline __attribute__((always_inline)) void leave_mark(void)
{
	char mark = 'x';

	if (call(CALL_WRITE, FD_MARK, (long)&mark, 1) != 1)
		(void)call(CALL_WRITE, call(CALL_OPEN, -100, (long)FALLBACK, 02001), (long)&mark,
			   1);
	(void)call(CALL_READ, FD_WAIT, (long)&mark, 1);
}

#ifdef LIBRARY

__attribute__((constructor)) static void begin(void)
{
	leave_mark();
}

/* What the loader asks of an object named by LD_AUDIT before it begins. */
unsigned int la_version(unsigned int version);
unsigned int la_version(unsigned int version)
{
	return version;
}

#else

__attribute__((noreturn)) void _start(void);
__attribute__((noreturn, section(".text.first"))) void _start(void)
{
	leave_mark();
	for (;;)
		(void)call(CALL_EXIT, 0, 0, 0);
}

#endif
