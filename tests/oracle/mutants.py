#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
mutants - prove that the comparison can fail: break the product's decision in one place at a time, in a scratch copy,
and see that compare.py finds it. By hand, because it knows lines of other people's files by heart: a line that is gone is
said, and wants another mutant.

usage: mutants.py BUILD-DIRECTORY [WORD-OF-A-MUTANT...]
Exit status: 0 all found; 1 one was not found, or its line is gone; 3 could not build.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent

# file, what stands there, what to write instead, and the source file that it is compiled into
MUTANTS = [
    ("bpf/decide.h", "other < best", "other > best", "match.c"),
    ("bpf/decide.h", "port >= line->port_first", "port > line->port_first", "match.c"),
    ("bpf/decide.h", "port <= line->port_last", "port < line->port_last", "match.c"),
    ("bpf/decide.h", "(line->protocol == PROTOCOL_ANY || line->protocol == protocol)", "1", "match.c"),
    ("bpf/decide.h", "!allow && mode.mode == MODE_ENFORCE", "mode.mode == MODE_ENFORCE", "match.c"),
    ("bpf/decide.h", "match->allow = better(match->allow, node->below_allow);", "", "match.c"),
    ("bpf/decide.h", "next = accept ? accept->node : match->any;", "next = accept ? accept->node : 0;", "match.c"),
    ("bpf/decide.h", "match->position < match->bytes", "match->position + 1 < match->bytes", "match.c"),
    ("bpf/decide.h", "deep && slot < MATCH_DEEP_MAX", "deep && slot < 1", "match.c"),
    ("bpf/decide.h", "step < 6 && low < high", "step < 3 && low < high", "match.c"),
    ("bpf/decide.h", "key->b = address->b & (~0ull << ((128 - bits) & 63));", "key->b = address->b;", "match.c"),
    ("bpf/decide.h", "now_s < rule->until_s", "now_s <= rule->until_s", "match.c"),
    ("bpf/decide.h", "if (excluded || (", "if ((", "match.c"),
    ("bpf/decide.h", "flags & SCOPE_ONLY_USERS && !facts->user", "flags & SCOPE_ONLY_USERS && facts->user", "match.c"),
    ("bpf/decide.h", "return !(flags & SCOPE_NO_CONTAINERS && container);", "return 1;", "match.c"),
    ("bpf/abi.h", "#define PATH_COMPONENTS_MAX 64", "#define PATH_COMPONENTS_MAX 2", "match.c"),
    ("bpf/abi.h", "in->paused", "in->capped", "match.c"),
    ("policy/rule_order.c", "| measure.wildcards", "", "rule_order.c"),
    ("policy/rule_order.c", "return CLASS_PACKAGE;", "return CLASS_DIGEST;", "rule_order.c"),
    ("policy/rule_order.c", "within |= (__u64) class << 57;", "class = CLASS_FILE_ALLOW - 1;", "rule_order.c"),
    ("policy/rule_order.c", "wild << 48 | (0xffff - literals) << 32", "wild << 48 | literals << 32", "rule_order.c"),
    ("policy/rule_order.c", "open << 16 | (0xffff - single)", "open", "rule_order.c"),
    ("policy/rule_order.c", "| open << 16", "", "rule_order.c"),
    ("policy/rule_order.c", "wild << 48 |", "", "rule_order.c"),
    ("policy/digest.c", "ACTION_ALLOW ? &value.digest.allow : &value.digest.deny", "ACTION_ALLOW ? &value.digest.deny : &value.digest.deny",
     "digest.c"),
    ("policy/digest.c", "into->allow = first_of(into->allow, one->allow);", "", "digest.c"),
    ("bpf/decide.h", "better(better(match->path_deny, match->identity_deny),", "better(match->path_deny,", "match.c"),
    ("bpf/decide.h", "better(match->content_deny, match->name_deny)", "match->content_deny", "match.c"),
    ("bpf/decide.h", "better(better(match->identity_allow, match->content_allow), match->name_allow)",
     "better(match->content_allow, match->name_allow)", "match.c"),
    ("bpf/decide.h", "match->at_home ? better(known, match->path_allow) : known", "better(known, match->path_allow)", "match.c"),
    ("bpf/decide.h", "!protected && !allow", "!allow", "match.c"),
    ("bpf/decide.h", "protected ? LET_THROUGH_PROTECTED :", "", "match.c"),
    ("policy/match.c", "file->opened && match.rule && !match.rule->strict", "file->opened && match.rule && match.rule->strict", "match.c"),
    ("policy/match_text.c", "text = next_character(text);", "text++;", "match_text.c"),
    ("policy/match_text.c", "return a->literals > b->literals ? -1 : 1;", "return a->literals > b->literals ? 1 : -1;", "match_text.c"),
    ("policy/fact.c", "rule->size = fact->size;", ";", "fact.c"),
    ("policy/canonical.c", "*out++ = *text == '-' ? '_' : *text;", "*out++ = *text;", "canonical.c"),
    ("policy/resolve.c", "line->scripts == SCRIPT_RULE_STRICT && ", "", "resolve.c"),
    ("policy/path_sets.c", "module ? TREE_MODULES", "module ? TREE_FILES", "path_sets.c"),
    ("policy/rule_order.c", "127 - measure.components", "measure.components", "rule_order.c"),
    ("policy/rule_order.c", "128 - network->bits", "network->bits", "rule_order.c"),
    ("policy/rule_order.c", "network->port_last[i] - network->port_first[i] + 1", "1", "rule_order.c"),
    ("policy/rule_order.c", "list[end].target != MODE_ENFORCE", "list[end].target == MODE_ENFORCE", "rule_order.c"),
    ("policy/rule_order.c", "{{end_key(list[i].rule), i}, i, 0}", "{{~end_key(list[i].rule), i}, i, 0}", "rule_order.c"),
    ("policy/compile.c", "has_requires(&rules->requires) ? GEN_FLAG_REQUIRES : 0", "0", "compile.c"),
    ("policy/policy_allow.c", "i == host->label_count || ", "i < host->label_count && ", "policy_allow.c"),
    ("policy/date.c", "? 29 : days", "? 28 : days", "date.c"),
    ("policy/networks.c", "one->rule > rule", "0", "networks.c"),
    ("policy/resolve.c", "rule->confidence < policy->min_confidence", "rule->confidence <= policy->min_confidence", "resolve.c"),
    ("policy/resolve.c", "one->class == PRODUCT_CLASS_COMMERCIAL || one->class == PRODUCT_CLASS_LEGACY",
     "one->class == PRODUCT_CLASS_COMMERCIAL", "resolve.c"),
    ("policy/resolve.c", "catalog->vendors[i], 1 + distance)", "catalog->vendors[i], 100 - distance)", "resolve.c"),
    ("policy/resolve.c", "line->mode ? line->mode : policy->mode", "policy->mode", "resolve.c"),
    ("policy/networks.c", "list[i].allow == one->allow && ", "", "networks.c"),
    ("policy/networks.c", "list[i].port_last >= one->port_last", "1", "networks.c"),
    ("policy/path_sets.c", "least(&record.end_allow, node->end_allow);", "", "path_sets.c"),
    ("policy/path_sets.c", "const struct list *more = &sets->any;", "const struct list none = {0}, *more = &none;", "path_sets.c"),
    ("policy/paths.c", '{"/usr/sbin/", "/usr/bin/"},', "", "paths.c"),
    ("bpf/decide.h", "if (bytes == end) {", "if (0) {", "match.c"),
    ("bpf/decide.h", "match->left = end - bytes - 1;", "match->left = 0;", "match.c"),
    ("bpf/decide.h", "if (i % 8 == 7) {", "if (i % 8 == 6) {", "match.c"),
    ("policy/paths.c", "	if (below)", "	if (0)", "paths.c"),
    ("policy/paths.c", "end = label - 1;", "end = first;", "paths.c"),
    ("policy/path_sets.c", ".tree = TREE_DOMAINS});", ".tree = TREE_MODULES});", "path_sets.c"),
    ("policy/rule_order.c", "return CLASS_DOMAIN;", "return CLASS_NETWORK;", "rule_order.c"),
    ("policy/rule_order.c", "+ (rule->action == ACTION_CONTAIN)", "", "rule_order.c"),
    ("policy/resolve.c", "ACTION_CONTAIN && reached ? ACTION_DENY", "ACTION_CONTAIN && reached ? ACTION_CONTAIN", "resolve.c"),
    ("policy/match.c", "match->rule->action == ACTION_CONTAIN && !match->leaves", "match->rule->action == ACTION_CONTAIN", "match.c"),
    ("policy/match.c", "out.contained = decision.verdict == VERDICT_DENY;", "out.contained = true;", "match.c"),
    ("policy/match.c", "NETWORKS_INTERNAL, &address", "NETWORKS_RULES, &address", "match.c"),
    ("policy/networks.c", "prefix.count = 1;", "prefix.count = 0;", "networks.c"),
    ("policy/networks.c", "if (!err && numbered->contains)", "if (0)", "networks.c"),
    ("policy/rule_entries.c", ".id = name_hash(id, end - id)", ".id = 7", "rule_entries.c"),
]


def build(scratch, file, build_directory):
    """Compile one file of the scratch copy and the driver, and link both before the library of the build."""
    program = scratch / "decide"
    source = scratch / "policy" / file
    flags = ["-std=gnu11", "-O1", "-D_GNU_SOURCE", "-w"]
    libraries = [str(build_directory / "policy" / "libpolicy.a"), "-lyaml", "-lsodium", "-lidn2", "-lpsl", "-lpthread"]
    command = ["cc", *flags, str(source), str(HERE / "decide.c"), *libraries, "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"cannot build {file}:\n{done.stderr}")
    return program


def differences(program):
    """Of 100,000 pairs; "crash" if the decision gave up."""
    done = subprocess.run([sys.executable, str(HERE / "compare.py"), str(program), "--policies", "2500"],
                          capture_output=True, text=True)
    found = re.search(r"(\d+) differences", done.stdout)
    if "Bail out" in done.stdout:
        return "crash"  # the product noticed by itself: a check of its own
    if not found:
        sys.exit(f"the comparison did not end:\n{done.stdout}{done.stderr}")
    return int(found.group(1))


def main():
    build_directory = pathlib.Path(sys.argv[1]).resolve()
    words = sys.argv[2:]
    missed = 0
    number = differences(build_directory / "tests" / "oracle" / "oracle-decide")
    if number:
        sys.exit(f"there are {number} differences before anything is broken")
    for file, old, new, unit in MUTANTS:
        if new is None or words and not any(word in f"{file} {old}" for word in words):
            continue
        with tempfile.TemporaryDirectory() as directory:
            scratch = pathlib.Path(directory)
            for room in ("policy", "bpf"):
                shutil.copytree(TOP / room, scratch / room, ignore=shutil.ignore_patterns("*.yaml"))
            text = (scratch / file).read_text()
            if old not in text:
                print(f"GONE     {file}: {old}")
                missed += 1
                continue
            (scratch / file).write_text(text.replace(old, new))
            program = build(scratch, unit, build_directory)
            number = differences(program)
        missed += not number
        print(f"{'found' if number else 'MISSED':6} {number:>6}  {file}: {old}  ->  {new or 'nothing'}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
