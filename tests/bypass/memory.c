/* SPDX-License-Identifier: MIT */
/*
 * memory.c - tricks that run the code of the embargoed file without executing the file: its executable
 * segment is brought into a process and jumped into.
 */
#include "attempt.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define IMAGE_MAX 65536

extern char **environ;

/* The file as it is mapped: it has one segment, which begins with the file. */
struct image {
	int fd;
	size_t size;
	size_t entry; /* offset of its first instruction, in bytes from the file's begin */
};

static struct image image_open(const char *file)
{
	struct image image = {.fd = open(file, O_RDONLY)};
	Elf64_Phdr segment;
	Elf64_Ehdr header;

	if (image.fd < 0 || pread(image.fd, &header, sizeof(header), 0) != sizeof(header) ||
	    pread(image.fd, &segment, sizeof(segment), (off_t)header.e_phoff) != sizeof(segment))
		die(file);
	image.entry = header.e_entry - segment.p_vaddr + segment.p_offset;
	image.size = segment.p_offset + segment.p_filesz;
	return image;
}

/* Does not come back: the program ends the process. */
static int jump(char *memory, const struct image *image)
{
	if (memory == MAP_FAILED) {
		perror("attempt: mmap");
		return 126;
	}
	__builtin___clear_cache(memory, memory + image->size);
	((void (*)(void))(memory + image->entry))();
	return 0;
}

static int mmap_exec(const char *file)
{
	struct image image = image_open(file);

	return jump(mmap(NULL, image.size, PROT_READ | PROT_EXEC, MAP_PRIVATE, image.fd, 0),
		    &image);
}

static int mmap_shared(const char *file)
{
	struct image image = image_open(file);

	return jump(mmap(NULL, image.size, PROT_READ | PROT_EXEC, MAP_SHARED, image.fd, 0), &image);
}

static int mmap_memfd(const char *file)
{
	struct image image = image_open(file);
	int fd = memfd_create("library", 0);

	if (fd < 0)
		die("memfd_create");
	copy_to(file, fd);
	return jump(mmap(NULL, image.size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0), &image);
}

static int mmap_mprotect(const char *file)
{
	struct image image = image_open(file);
	char *memory = mmap(NULL, image.size, PROT_READ, MAP_PRIVATE, image.fd, 0);

	if (memory != MAP_FAILED && mprotect(memory, image.size, PROT_READ | PROT_EXEC)) {
		perror("attempt: mprotect");
		return 126;
	}
	return jump(memory, &image);
}

/* The same through the newer system call; -1 is no key. */
static int mmap_pkey_mprotect(const char *file)
{
	struct image image = image_open(file);
	char *memory = mmap(NULL, image.size, PROT_READ, MAP_PRIVATE, image.fd, 0);

	if (memory != MAP_FAILED &&
	    syscall(SYS_pkey_mprotect, memory, image.size, PROT_READ | PROT_EXEC, -1)) {
		perror("attempt: pkey_mprotect");
		return 126;
	}
	return jump(memory, &image);
}

/* A process with this personality gets executable memory whenever it asks for readable memory. */
static int read_implies_exec(const char *file)
{
	struct image image = image_open(file);

	if (personality(READ_IMPLIES_EXEC) < 0)
		die("personality");
	return jump(mmap(NULL, image.size, PROT_READ, MAP_PRIVATE, image.fd, 0), &image);
}

/* Private pages that were written to are the process's own, but the mapping is still the file's. */
static int mprotect_written(const char *file)
{
	struct image image = image_open(file);
	char *memory = mmap(NULL, image.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, image.fd, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	memory[image.size - 1] ^= 1;
	if (mprotect(memory, image.size, PROT_READ | PROT_EXEC)) {
		perror("attempt: mprotect");
		return 126;
	}
	return jump(memory, &image);
}

/* Innocent when it was mapped, and not when it becomes executable. In the current directory. */
static int mmap_written_between(const char *file)
{
	struct image image = image_open(file);
	int fd = open("tool", O_RDWR | O_CREAT | O_TRUNC, 0755);
	char last, *memory;
	off_t size;

	if (fd < 0)
		die("tool");
	copy_to(file, fd);
	size = lseek(fd, 0, SEEK_END);
	if (pread(fd, &last, 1, size - 2) != 1 || pwrite(fd, "#", 1, size - 2) != 1)
		die("tool");
	close(fd);
	fd = open("tool", O_RDONLY);
	memory = mmap(NULL, image.size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	fd = open("tool", O_WRONLY);
	if (pwrite(fd, &last, 1, size - 2) != 1 || close(fd))
		die("tool");
	if (memory != MAP_FAILED && mprotect(memory, image.size, PROT_READ | PROT_EXEC)) {
		perror("attempt: mprotect");
		return 126;
	}
	return jump(memory, &image);
}

static int anonymous(const char *file)
{
	struct image image = image_open(file);
	char *memory = mmap(NULL, image.size, PROT_READ | PROT_WRITE | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || pread(image.fd, memory, image.size, 0) != (ssize_t)image.size)
		die("read");
	return jump(memory, &image);
}

#if defined(__x86_64__)
/* The code of the file poked over an innocent process's own, at the place where it is about to go on. */
static int inject(const char *file)
{
	struct image image = image_open(file);
	struct user_regs_struct registers;
	char bytes[IMAGE_MAX] = {0};
	pid_t child = fork();
	int status;

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	if (child < 0 || image.size > sizeof(bytes) - 8 ||
	    pread(image.fd, bytes, image.size, 0) != (ssize_t)image.size)
		die("read");
	if (waitpid(child, &status, 0) != child || ptrace(PTRACE_GETREGS, child, NULL, &registers))
		die("ptrace");
	/* whole pages of this program's text, which is bigger than the file */
	for (size_t i = 0; i < image.size; i += 8) {
		long word;

		memcpy(&word, bytes + i, sizeof(word));
		if (ptrace(PTRACE_POKETEXT, child, (char *)(registers.rip & ~0xfffull) + i, word))
			die("PTRACE_POKETEXT");
	}
	registers.rip = (registers.rip & ~0xfffull) + image.entry;
	registers.orig_rax = (unsigned long long)-1;
	if (ptrace(PTRACE_SETREGS, child, NULL, &registers) ||
	    ptrace(PTRACE_DETACH, child, NULL, NULL))
		die("PTRACE_SETREGS");
	return wait_for(child);
}
#else
static int inject(const char *file)
{
	(void)file;
	die("not written for this processor");
}
#endif

/* An innocent program that names the embargoed file as its loader: the path is put behind its end. */
static int elf_interpreter(const char *file)
{
	const char *programs = getenv("BIN");
	char innocent[4096], *const arguments[] = {"tool", NULL};
	int fd = open("tool", O_RDWR | O_CREAT | O_TRUNC, 0755);
	Elf64_Phdr segment;
	Elf64_Ehdr header;
	off_t end;

	snprintf(innocent, sizeof(innocent), "%s/payload-dynamic", programs ? programs : ".");
	copy_to(innocent, fd);
	end = lseek(fd, 0, SEEK_END);
	if (pread(fd, &header, sizeof(header), 0) != sizeof(header))
		die(innocent);
	for (int i = 0; i < header.e_phnum; i++) {
		off_t place = (off_t)(header.e_phoff + (size_t)i * sizeof(segment));

		if (pread(fd, &segment, sizeof(segment), place) != sizeof(segment))
			die(innocent);
		if (segment.p_type != PT_INTERP)
			continue;
		segment.p_offset = (Elf64_Off)end;
		segment.p_filesz = segment.p_memsz = strlen(file) + 1;
		if (pwrite(fd, &segment, sizeof(segment), place) != sizeof(segment) ||
		    pwrite(fd, file, strlen(file) + 1, end) < 0)
			die("tool");
	}
	close(fd);
	execve("./tool", arguments, environ);
	perror("attempt: execve");
	return 126;
}

const struct trick memory_tricks[] = {
	{"elf-interpreter", elf_interpreter},
	{"mmap-exec", mmap_exec},
	{"mmap-shared", mmap_shared},
	{"mmap-memfd", mmap_memfd},
	{"mmap-mprotect", mmap_mprotect},
	{"mmap-pkey-mprotect", mmap_pkey_mprotect},
	{"mprotect-written", mprotect_written},
	{"read-implies-exec", read_implies_exec},
	{"mmap-written-between", mmap_written_between},
	{"anonymous", anonymous},
	{"inject", inject},
	{NULL, NULL},
};
