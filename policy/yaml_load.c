/* SPDX-License-Identifier: MIT */
/*
 * yaml_load.c - documents from files.
 */
#include "load.h"
#include "yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int yaml_tree_load(const char *path, struct diagnostics *diags, struct yaml_tree **out_tree)
{
	char *data = NULL;
	size_t bytes = 0;
	int err;

	err = load_file(path, YAML_DOCUMENT_BYTES_MAX, &data, &bytes);
	if (err < 0) {
		diagnostics_add(diags, SEVERITY_ERROR, (struct place){.file = path},
				"cannot be read: %s",
				err == -EINVAL ? "it is no regular file" : strerror(-err));
		return err;
	}
	err = yaml_tree_parse(path, data, bytes, diags, out_tree);
	free(data);
	return err;
}
