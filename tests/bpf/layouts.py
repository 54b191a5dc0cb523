#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
layouts.py - names of the structs of bpf/abi.h and of their members, as the type information of the built
object lists them, for layouts.c to ask the host's compiler about. So no list is kept by hand.

usage: layouts.py BPFTOOL OBJECT ABI.H >layouts.inc
"""
import json
import re
import subprocess
import sys


def main():
    bpftool, built, header = sys.argv[1:]
    dump = subprocess.run([bpftool, "btf", "dump", "file", built, "-j"], check=True, capture_output=True)
    types = {(t["kind"], t["name"]): t for t in json.loads(dump.stdout)["types"] if t["name"] != "(anon)"}
    with open(header, encoding="utf-8") as text:
        names = re.findall(r"^(struct|union) (\w+) \{", text.read(), re.MULTILINE)
    if not names:
        sys.exit(f"layouts.py: there is no struct in {header}")
    for kind, name in names:
        found = types.get((kind.upper(), name))
        if not found:
            print(f"ABSENT({kind}, {name})")
            continue
        print(f"LAYOUT({kind}, {name})")
        for member in found["members"]:
            print(f"MEMBER({kind}, {name}, {member['name']})")


main()
