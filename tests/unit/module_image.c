/* SPDX-License-Identifier: MIT */
/*
 * module_image.c - as much of a kernel module as is read for its name, made by the compiler and the assembler that make
 * modules: test_module_image.c looks into the object, and seeds of tests/fuzz are made of it.
 */
struct module_like {
	unsigned state;
	void *list[2];
	char name
		[56]; /* where struct module has it on 64-bit machines: include/linux/module.h, v6.12 */
	char rest[64];
};

extern struct module_like this_module;
struct module_like this_module
	__attribute__((section(".gnu.linkonce.this_module"))) = {.name = "vendor-sensor"};
