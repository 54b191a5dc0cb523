# SPDX-License-Identifier: MIT
#
# attempt.sh - carries one trick out. A function try_NAME ("-" in a name is "_") is the trick, in a
# directory of its own, in a mount namespace of its own; without one the program "attempt" does it.
# before_NAME comes before the agent starts. What runs inherits descriptor 9, where the embargoed thing
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

# long DEPTH: as many directories of 200 bytes, one in the other, as one path could not name
long() {
	name=$(printf '%0200d' 0)
	cd "$DIR" || exit 3
	i=0
	while [ $i -lt "$1" ]; do
		mkdir "$name" && cd "$name" || exit 3
		i=$((i + 1))
	done
}

try_path_4000() {
	long 19
	last=$(printf '%0*d' $((3999 - 19 * 201 - ${#DIR})) 0)
	cp "$FILE" "$last"
	"./$last"
}

try_path_too_long() {
	long 18
	name=deep
	mkdir deep

	cp "$FILE" tool
	./tool
}

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

# ----------------------------------------------------------------

function=${step}_$(echo "$NAME" | tr - _)
if grep -q "^$function()" "$BYPASS"/attempt.sh; then
	"$function"
elif [ "$step" = try ]; then
	exec "$BIN/attempt" "$NAME" "$FILE"
fi
