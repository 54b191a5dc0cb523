#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is every diagnostic of the policy library explained in policy/README.md, and none that is gone?

The format strings are read from the C files: what is handed to the functions below, and the sentences that
the checks of paths and lists return. In the part "Every diagnostic" a message stands in a code span at the
beginning of a row of a table, with '...' for what differs: `unknown vendor '...'; did you mean '...'?`.

usage: check_diagnostics.py POLICY-DIRECTORY        compare
       check_diagnostics.py --list POLICY-DIRECTORY print the messages of the C files, by file
Exit status: 0 nothing to say; 1 findings, one a line; 2 usage.
"""
import pathlib
import re
import sys

# Which argument is the format, counted from 0. Files have functions of their own with one name.
FORMATS = {"reader_error": 2, "diagnostics_add": 3, "diagnostics_remark": 2, "problem_set": 1, "rule_found": 2,
           "refuse_keys": 3, "refuse": {"network.c": 1, "list.c": 2}, "snprintf": {"list.c": 2}}
# Functions that return a sentence, or put one into a variable of this name.
SENTENCES = {"paths.c": {"component_check", "path_pattern_check"}, "list.c": {"yaml_in_line"}, "rule_order.c": {"rule_check"}}
TOKEN = re.compile(r'/\*.*?\*/|"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|[A-Za-z_]\w*|\d\w*|->|\S', re.S)
ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "'": "'"}


def unquote(token):
    return re.sub(r"\\(.)", lambda m: ESCAPES.get(m.group(1), m.group(0)), token[1:-1])


def tokens_of(text):
    """Tokens without remarks; adjacent strings, also from macros of the file, are one."""
    macros = {}
    for name, body in re.findall(r"^#define\s+(\w+)\s+((?:\\\n|.)*)$", text, re.M):
        parts = [t for t in TOKEN.findall(body.replace("\\\n", " ")) if not t.startswith("/*")]
        if parts and all(p.startswith('"') or p in macros for p in parts):
            macros[name] = "".join(macros[p] if p in macros else unquote(p) for p in parts)
    text = re.sub(r"^#.*(?:\\\n.*)*$", "", text, flags=re.M)
    out = []
    for token in TOKEN.findall(text):
        if token.startswith("/*"):
            continue
        literal = unquote(token) if token.startswith('"') else macros.get(token)
        if literal is None:
            out.append((token, None))
        elif out and out[-1][1] is not None:
            out[-1] = ("", out[-1][1] + literal)
        else:
            out.append(("", literal))
    return out


def arguments(tokens, start):
    """The arguments of the call whose '(' is at @start, each a list of tokens."""
    depth, out = 0, [[]]
    for token, literal in tokens[start:]:
        if literal is None and token in "([{":
            depth += 1
            if depth == 1:
                continue
        if literal is None and token in ")]}":
            depth -= 1
            if not depth:
                return out
        if literal is None and token == "," and depth == 1:
            out.append([])
        else:
            out[-1].append((token, literal))
    return out


def messages(path):
    """Every format string of a file that becomes a diagnostic."""
    tokens = tokens_of(path.read_text(encoding="utf-8"))
    function, depth, found = None, 0, []
    for at, (token, literal) in enumerate(tokens):
        if literal is not None:
            continue
        after = tokens[at + 1][0] if at + 1 < len(tokens) else ""
        depth += (token == "{") - (token == "}")
        if not depth and after == "(" and re.fullmatch(r"\w+", token):
            function = token
        index = FORMATS.get(token)
        if isinstance(index, dict):
            index = index.get(path.name)
        if index is not None and after == "(" and depth:
            given = arguments(tokens, at + 1)
            found += [text for _, text in (given[index] if index < len(given) else []) if text is not None]
        if function in SENTENCES.get(path.name, ()) and token in ("return", "="):
            for follow, text in tokens[at + 1:at + 200]:
                if follow == ";":
                    break
                if text is not None and " " in text:
                    found.append(text)
    return found


def normal(text):
    """A message with '...' for what differs; the form in which both sides are compared."""
    text = re.sub(r"%(?:[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|j)?[diouxXcsp])", "...", text)
    text = re.sub(r"\.{3,}", "...", text.replace("%%", "%").replace("\t", "\\t"))
    return " ".join(text.split())


def generic(text):
    """Only a frame for another message: "'...': ...", '"...": ...', "...", "'...' ..."."""
    return not re.search(r"[a-z]{2}", text.replace("...", ""))


def documented(path):
    """Messages of the document: the code span that begins a row."""
    found, inside = {}, False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("## "):
            inside = line == "## Every diagnostic"
        row = inside and re.match(r"\| (`+)(.+?)\1 \|", line)
        if row:
            found.setdefault(" ".join(row.group(2).replace("\\|", "|").split()), number)
    return found


def main(args):
    if len(args) == 2 and args[0] == "--list":
        for path in sorted(pathlib.Path(args[1]).glob("*.c")):
            for text in dict.fromkeys(map(normal, messages(path))):
                print("%s\t%s" % (path.name, text))
        return 0
    if len(args) != 1 or not pathlib.Path(args[0]).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    room = pathlib.Path(args[0])
    said = {}
    for path in sorted(room.glob("*.c")):
        for text in map(normal, messages(path)):
            if not generic(text):
                said.setdefault(text, path.name)
    known = documented(room / "README.md")
    findings = ["%s: not in README.md: %s" % (said[text], text) for text in said if text not in known]
    findings += ["README.md:%d: nothing says this any more: %s" % (known[t], t) for t in known if t not in said]
    print("%d messages of %d files, %d explained" % (len(said), len(set(said.values())), len(known)))
    print("\n".join(findings), end="\n" if findings else "")
    return 1 if findings or not said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
