/* SPDX-License-Identifier: MIT */
/*
 * dynamic.c - an ordinary dynamic program that does nothing, for tricks with the loader: it loads the shared
 * objects that its arguments name, and says if it could not.
 */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!dlopen(argv[i], RTLD_NOW)) {
			fprintf(stderr, "dynamic: %s\n", dlerror());
			return 1;
		}
	}
	return 0;
}
