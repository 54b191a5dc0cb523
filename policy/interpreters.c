/* SPDX-License-Identifier: MIT */
/*
 * interpreters.c - a table. A name counts where the program runs a file that it is given as its argument. It is the
 * name of the resolved program: "python3" is a link to "python3.11", "awk" one to "mawk", so the names with
 * versions and the real names are what counts. A program that is not here opens what it likes; a program that
 * is here and opens an embargoed file for another reason (sh to source a list, perl to edit) is refused, too.
 */
#include "interpreters.h"

static const char *const patterns[] = {
	/*
	 * Shells. Each name by itself: "sh*" would be sha256sum and shred, which an administrator needs to look at
	 * an embargoed file. The last four hold a shell among other programs and are one file for all of them.
	 */
	"sh",
	"bash",
	"rbash",
	"dash",
	"ash",
	"zsh",
	"zsh-*",
	"zsh5*",
	"yash",
	"fish",
	"csh",
	"tcsh",
	"bsd-csh",
	"ksh",
	"ksh93",
	"ksh2020",
	"mksh",
	"mksh-static",
	"lksh",
	"pdksh",
	"oksh",
	"rc",
	"es",
	"elvish",
	"nu",
	"xonsh",
	"pwsh",
	"busybox",
	"busybox.static",
	"toybox",
	"toybox-*",

	/*
	 * Languages whose interpreters bear a version in their name: python3.11, perl5.36.0, ruby3.1, php8.2,
	 * lua5.4, tclsh8.6, guile-3.0. "python*-config" and "perldoc" are scripts of such an interpreter and never the
	 * program itself.
	 */
	"python*",
	"pypy*",
	"perl*",
	"ruby*",
	"jruby*",
	"php*",
	"lua*",
	"texlua*",
	"tclsh*",
	"wish*",
	"expect",
	"guile*",
	"node",
	"nodejs",
	"bun",
	"deno",
	"qjs",
	"gjs*",

	/* awk, under the names of those that there are: gawk-5.2.1 is the same program as gawk. */
	"awk",
	"gawk",
	"gawk-*",
	"mawk",
	"nawk",
	"original-awk",

	/*
	 * Runtimes that are given a file with bytecode or a program: "java -jar x.jar", "dotnet x.dll", "mono x.exe".
	 * Agents of vendors are shipped like that. "R" is a shell script that runs exec/R, Rscript starts it.
	 */
	"java",
	"dotnet",
	"mono",
	"mono-sgen*",
	"R",
	"Rscript",
	"groovy",
	"escript",
	"erl",
	"beam.smp",
	"julia",
	"octave-cli*",
	"sbcl",
	"clisp",
	"make",
	"gmake",
};

const char *interpreter_pattern(size_t index)
{
	return index < sizeof(patterns) / sizeof(*patterns) ? patterns[index] : (void *)0;
}
