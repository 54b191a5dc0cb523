#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ask the product itself: do all vendors of the catalogue together refuse anything of never-denied.yaml?

A policy names every vendor, enforces, and takes facts of any confidence; "embargo policy test" then tries each
thing of the list. check_catalog.py asks the same without the product: if one of the two is wrong about
what a wildcard means, they differ.

usage: check_never_denied.py EMBARGO CATALOG-DIRECTORY
Exit status: 0 nothing is refused; 1 something is; 2 usage; 77 PyYAML is not installed, or EMBARGO is not built.
"""
import ipaddress
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError:
    print("skipped: python3-yaml is not installed")
    sys.exit(77)

# Kinds of the list, and what the product calls them when they are tried.
TRIED = {"paths": "exec", "modules": "module", "packages": "package", "package-vendors": "package-vendor"}


def policy(catalog):
    lines = []
    for path in sorted(catalog.glob("*.yaml")):
        vendor = yaml.safe_load(path.read_text(encoding="utf-8"))
        if any(p.get("class", "commercial") in ("commercial", "legacy") for p in vendor.get("products") or []):
            lines.append("  - vendor: %s\n" % vendor["id"])
    head = "kind: Policy\nname: everybody\nrevision: 1\nmode: enforce\nmin-confidence: unverified\nembargo:\n"
    return head + "".join(lines), len(lines)


def cases(things):
    tried = []
    for kind, word in TRIED.items():
        tried += [(word, e["value"] if isinstance(e, dict) else e) for e in things[kind]]
    tried += [("load", value) for word, value in tried if word == "exec"]
    for entry in things["domains"]:
        # a suffix that the customers of a cloud share is no name that could be tried
        shared = entry.get("below", "never") != "any"
        tried.append(("domain", "this-is-nobody." + entry["value"] if shared else entry["value"]))
    for text in things["networks"].split():
        network = ipaddress.ip_network(text)
        tried += [("connect", "[%s]:443" % a if network.version == 6 else "%s:443" % a)
                  for a in {network[0], network[-1]}]
    return "kind: Cases\ncases:\n" + "".join("  - {%s: %s, expect: none}\n" % (w, json.dumps(v)) for w, v in tried), len(tried)


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    if not pathlib.Path(arguments[0]).exists():
        print("skipped: %s is not built" % arguments[0])
        return 77
    catalog = pathlib.Path(arguments[1])
    things = yaml.safe_load(pathlib.Path(__file__).with_name("never-denied.yaml").read_text(encoding="utf-8"))
    rules, vendors = policy(catalog)
    tries, count = cases(things)
    with tempfile.TemporaryDirectory() as directory:
        files = [pathlib.Path(directory, name) for name in ("policy.yaml", "cases.yaml")]
        files[0].write_text(rules)
        files[1].write_text(tries)
        done = subprocess.run([arguments[0], "policy", "test", "--catalog", catalog, *files], check=False)
    print("%d vendors, %d things tried" % (vendors, count))
    return 1 if done.returncode else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
