# SPDX-License-Identifier: MIT
#
# attempt.sh - carries one trick out, if it is none of those in C. A function try_NAME ("-" in a name is "_") is the
# trick, in a directory of its own, in a mount namespace of its own. before_NAME comes before the agent starts. What runs inherits descriptor 9, where the embargoed thing
# leaves its mark. POSIX sh, also busybox's.
#
# usage: sh attempt.sh try|before NAME FILE     FILE: the embargoed file
# environment: BIN (programs), CG (the cgroup of the attempts), BYPASS (this directory)
step=$1 NAME=$2 FILE=$3
DIR=${FILE%/*}

# ---------------------------------------------------------------- other names for the same file

try_plain() { "$FILE"; }

try_symlink() {
	ln -s "$FILE" link
	./link
}

try_symlink_chain() {
	ln -s "$FILE" link0
	i=0
	while [ $i -lt 30 ]; do
		ln -s "link$i" "link$((i + 1))"
		i=$((i + 1))
	done
	./link30
}

try_dot_dot() { "$DIR/.././${DIR##*/}//agent"; }

try_relative() {
	cd "$DIR" && ./agent
}

try_proc_self_root() { "/proc/self/root$FILE"; }

try_proc_self_cwd() {
	cd "$DIR" && /proc/self/cwd/agent
}

try_hard_link() {
	ln "$FILE" tool && ./tool
}

try_rename() {
	mv "$FILE" tool && ./tool
}

try_rename_directory() {
	mv "$DIR" elsewhere && elsewhere/agent
}

# Neither its path nor its content tells: it is still the same file.
try_edited_renamed() {
	printf x >>"$FILE" && mv "$FILE" tool && ./tool
}

# below NAME: a copy that is as new as can be, below the embargoed directory
below() {
	mkdir -p "$DIR/$1" && cp "$FILE" "$DIR/$1/$2" && cd "$DIR/$1" && "./$2"
}

try_newline() {
	below . 'a
b'
}

try_odd_name() { below . "$(printf 'a\377\001b')"; }

try_spaces() { below . '   '; }

try_components_30() { below 1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30 tool; }

# long DEPTH: go down as many directories with names of 200 bytes
long() {
	part=$(printf '%0200d' 0)
	cd "$DIR" || exit 3
	i=0
	while [ $i -lt "$1" ]; do
		mkdir "$part" && cd "$part" || exit 3
		i=$((i + 1))
	done
}

try_path_4000() {
	long 19
	last=$(printf '%0*d' $((3999 - 19 * 201 - ${#DIR})) 0)
	cp "$FILE" "$last" && "./$last"
}

# A shell asks for the whole path of where it is; one that cannot have it may still have programs run there.
try_path_too_long() { exec "$BIN/attempt" path-too-long "$FILE"; }

# ---------------------------------------------------------------- copies of it

try_copy() {
	cp "$FILE" tool && ./tool
}

try_cat() {
	cat "$FILE" >tool && chmod 755 tool && ./tool
}

try_append_byte() {
	cp "$FILE" tool && printf x >>tool && ./tool
}

try_dev_shm() {
	cp "$FILE" /dev/shm/embargo-bypass-tool && /dev/shm/embargo-bypass-tool
	status=$?
	rm -f /dev/shm/embargo-bypass-tool
	return $status
}

# ---------------------------------------------------------------- scripts

# script LINE...: a script of our own, in place
script() {
	printf '%s\n' "$@" >start && chmod 755 start && ./start
}

try_script() { "$FILE"; }
try_shebang_nested() { script "#!$FILE"; }
try_shebang_interpreter() { script "#!$FILE"; }
try_env_s() { script "#!/usr/bin/env -S $FILE"; }
try_interpreter_argument() { sh "$FILE"; }
try_source() { sh -c ". '$FILE'"; }
try_interpreter_stdin() { sh <"$FILE"; }

try_interpreter_strict() { sh "$FILE"; }
try_source_strict() { sh -c ". '$FILE'"; }
try_interpreter_copy_strict() { cp "$FILE" tool && sh tool; }
try_interpreter_stdin_strict() { cat "$FILE" | sh; }

# A busybox that is named so is told by its first argument what to be.
try_interpreter_renamed() {
	cp "$(readlink -f /bin/sh)" busybox-copy
	./busybox-copy sh "$FILE" 2>/dev/null || ./busybox-copy "$FILE"
}

# ---------------------------------------------------------------- loaded, not executed

LOADER=/lib64/ld-linux-x86-64.so.2
[ -e "$LOADER" ] || LOADER=/lib/ld-linux-aarch64.so.1

try_ld_so() { "$LOADER" "$FILE"; }

try_ld_so_copied() {
	cp "$LOADER" loader && ./loader "$FILE"
}

try_ld_so_copy() {
	cp "$FILE" tool && "$LOADER" ./tool
}

try_ld_so_preload() { "$LOADER" --preload "$FILE" "$BIN/dynamic"; }

try_ld_library_path() {
	ln -s "$FILE" libinnocent.so && LD_LIBRARY_PATH=. "$BIN/dynamic" libinnocent.so
}

try_musl_loader() { /lib/ld-musl-*.so.1 "$FILE"; }
try_loader_32() { /lib/ld-linux.so.2 "$FILE"; }
try_program_32() { "$FILE"; }
try_ld_preload() { LD_PRELOAD=$FILE "$BIN/dynamic"; }
try_ld_audit() { LD_AUDIT=$FILE "$BIN/dynamic"; }
try_dlopen() { "$BIN/dynamic" "$FILE"; }

try_dlopen_fd() { "$BIN/dynamic" /proc/self/fd/3 3<"$FILE"; }

try_dlopen_copy() {
	cp "$FILE" ./innocent.so && "$BIN/dynamic" ./innocent.so
}

# For every dynamic program of the guest, until it is taken back.
try_ld_so_preload_file() {
	echo "$FILE" >/etc/ld.so.preload
	"$BIN/dynamic"
	status=$?
	rm -f /etc/ld.so.preload
	return $status
}

# ---------------------------------------------------------------- where it seems to lie

try_bind_mount() {
	: >tool && mount --bind "$FILE" tool && ./tool
}

try_bind_mount_directory() {
	mkdir m && mount --bind "$DIR" m && m/agent
}

# An allowed file is at that path, and still is outside this mount namespace.
try_bind_over_allowed() {
	mount --bind "$FILE" "$ALLOWED/$NAME" && "$ALLOWED/$NAME"
}

try_bind_over_allowed_userns() {
	unshare -U -r -m sh -c 'mount --bind "$1" "$2" && "$2"' sh "$FILE" "$ALLOWED/$NAME"
}

# What the policy allows at that path is another file.
try_chroot_to_allowed() {
	mkdir -p "root$ALLOWED" && ln "$FILE" "root$ALLOWED/$NAME" && chroot root "$ALLOWED/$NAME"
}

try_mount_move() {
	mkdir a b && mount --bind "$DIR" a && mount --move a b && b/agent
}

try_mount_namespace() {
	mkdir m
	unshare -m sh -c 'mount --bind "$1" m && m/agent' sh "$DIR"
}

try_user_namespace() { unshare -U -r "$FILE"; }
try_chroot() { chroot "$DIR" /agent; }

# The path that the rule names is there only as seen from the new root.
try_chroot_path() { chroot "${FILE%/bypass/*}" "/bypass/${FILE#*/bypass/}"; }

# A file that only the rule's path could tell, and the new root hides that; the agent has a moment to find it.
try_chroot_new() {
	cp "$FILE" "$DIR/new" && printf x >>"$DIR/new" && sleep 1 && chroot "$DIR" /new
}

try_tmpfs() {
	mkdir m && mount -t tmpfs tmpfs m && cp "$FILE" m/tool && m/tool
}

# overlay LOWER [OPTION]: mounted on m
overlay() {
	mkdir -p upper work m && mount -t overlay -o "lowerdir=$1,upperdir=$PWD/upper,workdir=$PWD/work${2:-}" overlay m
}

try_overlay_lower() { overlay "$DIR" && m/agent; }

# Written to, it goes up: a file of the upper directory with the content of the lower one.
try_overlay_upper() { overlay "$DIR" && : >>m/agent && touch m/agent && m/agent; }

try_overlay_renamed() { overlay "$DIR" && mv m/agent m/tool && m/tool; }

# Only its metadata goes up.
try_overlay_metacopy() { overlay "$DIR" ,metacopy=on && chmod 700 m/agent && m/agent; }

try_mmap_mprotect_copy() {
	cp "$FILE" tool && exec "$BIN/attempt" mmap-mprotect "$PWD/tool"
}

try_mmap_mprotect_overlay() {
	mkdir lower && cp "$FILE" lower/tool && overlay "$PWD/lower" && exec "$BIN/attempt" mmap-mprotect "$PWD/m/tool"
}

# As an image of a container: the upper directory of an overlay is the root.
try_overlay_root() {
	mkdir lower && overlay "$PWD/lower" && mkdir -p "m/bypass/$NAME" && cp "$FILE" "m/bypass/$NAME/agent" &&
		chroot m "/bypass/$NAME/agent"
}

loop() {
	mkdir m && mount -t "$1" -o loop,ro "/embargo/images/loop.$1" m && m/agent
}

try_loop_ext4() { loop ext4; }
try_loop_squashfs() { loop squashfs; }

# ---------------------------------------------------------------- the kernel as the helper

# register FLAGS: the embargoed file interprets files that begin with "BYPASS"
register() {
	[ -e /proc/sys/fs/binfmt_misc/register ] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || return
	echo ":bypass:M::BYPASS::$FILE:$1" >/proc/sys/fs/binfmt_misc/register || return
	echo "BYPASS $NAME" >data && chmod 755 data
	${2:-:}
	./data
	status=$?
	echo -1 >/proc/sys/fs/binfmt_misc/bypass
	return $status
}

try_binfmt_misc() { register ''; }

away() { mv "$FILE" moved-away; }

# Opened when it is registered: nothing needs to be at the path any more.
try_binfmt_misc_fixed() { register F away; }

# The kernel starts this with descriptors of its own: the thing leaves its mark in a file instead.
helped() {
	: >/run/embargo-bypass.ran
	"$@"
	i=0
	while [ ! -s /run/embargo-bypass.ran ] && [ $i -lt 10 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	cat /run/embargo-bypass.ran >&9
	rm -f /run/embargo-bypass.ran
}

crash() {
	ulimit -c unlimited
	sh -c 'kill -SEGV $$'
}

try_core_pattern() {
	before=$(cat /proc/sys/kernel/core_pattern)
	echo "|$FILE" >/proc/sys/kernel/core_pattern
	helped crash
	echo "$before" >/proc/sys/kernel/core_pattern
}

unknown_type() { mount -t "nosuch$NAME" none . 2>/dev/null; }

try_modprobe_path() {
	before=$(cat /proc/sys/kernel/modprobe)
	echo "$FILE" >/proc/sys/kernel/modprobe
	helped unknown_type
	echo "$before" >/proc/sys/kernel/modprobe
}

# ---------------------------------------------------------------- in time

# It runs since before the agent.
before_running_exe() {
	mkfifo "$WORK/running"
	"$FILE" 8<>"$WORK/running" 9>/dev/null &
	# until then it is still the shell
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(readlink "/proc/$!/exe")" != "$FILE" ] || break
		sleep 0.1
	done
	echo $! >"$WORK/running.pid"
}

try_running_exe() {
	if [ ! -e "$WORK/running.pid" ]; then
		before_running_exe
	fi
	pid=$(cat "$WORK/running.pid")
	rm -f "$WORK/running.pid" "$WORK/running"
	"/proc/$pid/exe"
	status=$?
	kill "$pid"
	return $status
}

# Whoever is let run once, because nobody knew the file, is not let run twice.
try_copy_again() {
	cp "$FILE" tool
	./tool 9>/dev/null
	./tool
}

# ---------------------------------------------------------------- recognised by other facts

try_digest() { "$FILE"; }
try_digest_renamed() { mv "$FILE" tool && ./tool; }
try_digest_memfd() { exec "$BIN/attempt" memfd "$FILE"; }
try_digest_ld_so() { "$LOADER" "$FILE"; }
try_digest_again() {
	"$FILE" 9>/dev/null
	"$FILE"
}
try_package() { "$FILE"; }
try_package_renamed() { mv "$FILE" tool && ./tool; }
try_package_copy() { cp "$FILE" tool && ./tool; }

# ---------------------------------------------------------------- file systems

# The directory of the trick is on the file system that it names.
fs_path() { "$FILE"; }
fs_rename() { printf x >>"$FILE" && mv "$FILE" "$DIR/../$NAME.moved" && "$DIR/../$NAME.moved"; }
fs_copy() { cp "$FILE" "$DIR/../$NAME.copied" && "$DIR/../$NAME.copied"; }
try_rootfs_path() { fs_path; }
try_rootfs_rename() { fs_rename; }
try_rootfs_copy() { fs_copy; }
try_ext4_path() { fs_path; }
try_ext4_rename() { fs_rename; }
try_ext4_copy() { fs_copy; }
try_xfs_path() { fs_path; }
try_xfs_rename() { fs_rename; }
try_xfs_copy() { fs_copy; }
try_btrfs_path() { fs_path; }
try_btrfs_rename() { fs_rename; }
try_btrfs_rename_untold() { fs_rename; }
try_btrfs_copy() { fs_copy; }
try_xfs_reflink() { exec "$BIN/attempt" reflink "$FILE"; }
try_btrfs_reflink() { exec "$BIN/attempt" reflink "$FILE"; }

before_btrfs_subvolume() { "$BIN/attempt" make-subvolume "$FILE"; }
before_btrfs_subvolume_untold() { "$BIN/attempt" make-subvolume "$FILE"; }

# On squashfs it is part of the image.
try_squashfs_path() { "$FILE"; }
try_squashfs_bind() { : >tool && mount --bind "$FILE" tool && ./tool; }
try_squashfs_copy() { cp "$FILE" tool && ./tool; }

# The directory's names have no case: the rule names AGENT, the file is called agent.
try_case_insensitive() { "$DIR/AGENT"; }

# ----------------------------------------------------------------

"${step}_$(echo "$NAME" | tr - _)"
