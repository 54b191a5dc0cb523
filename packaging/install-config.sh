#!/bin/sh
# SPDX-License-Identifier: MIT
# Install the default configuration, but never over a file that is there: it is the administrator's.
# Called by "meson install" with the source directory, the target directory, and the directory of the
# schemas as the files name it.
set -eu

source=$1
target=${DESTDIR:-}$2
data=$3

mkdir -p "$target" "$target/catalog"
for name in agent.yaml policy.yaml; do
	if [ -e "$target/$name" ]; then
		echo "keeping $target/$name"
		continue
	fi
	# complete or not at all: an agent may be looking
	sed "s|@data@|$data|" "$source/$name" >"$target/.$name.new"
	chmod 0644 "$target/.$name.new"
	mv "$target/.$name.new" "$target/$name"
	echo "installing $target/$name"
done
