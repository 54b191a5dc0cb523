/* SPDX-License-Identifier: MIT */
/*
 * denied.c - a program whose first act leaves a trace: it adds one byte to the file that its first
 * argument names and exits with 0. It has no C library and no start-up code, so nothing of it can run
 * without the trace: the size of that file is the number of times that it ran. Built a second time it
 * is the innocent program of the same tests.
 */
#include <fcntl.h>
#include <sys/syscall.h>

static long call(long number, long a, long b, long c, long d)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
#else
#error "not ported to this processor"
#endif
}

/* The stack as the kernel makes it: argument count, arguments, NULL. */
__attribute__((noreturn, used)) static void begin(const long *stack)
{
	if (stack[0] > 1) {
		long fd = call(SYS_openat, AT_FDCWD, stack[2], O_WRONLY | O_CREAT | O_APPEND, 0666);

		(void)call(SYS_write, fd, (long)"x", 1, 0);
	}
	for (;;)
		(void)call(SYS_exit_group, 0, 0, 0, 0);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall begin\n");
#else
__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tbl begin\n");
#endif
