#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Validate events against the schema.

check_events.py SCHEMA FILE...   FILE is *.json (one event) or *.jsonl (an event a line).
Prints each event that is not valid, and a closing line. Exit status 0 all valid, 1 not, 77 cannot run.
"""
import json
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)


def events(name):
    with open(name, encoding="utf-8") as file:
        if name.endswith(".jsonl"):
            for number, line in enumerate(file, 1):
                yield f"{name}:{number}", line
        else:
            yield name, file.read()


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    count = bad = 0
    for name in sys.argv[2:]:
        for place, text in events(name):
            count += 1
            try:
                errors = list(validator.iter_errors(json.loads(text)))
            except json.JSONDecodeError as error:
                bad += 1
                print(f"{place}: not JSON: {error}")
                continue
            bad += bool(errors)
            for error in errors:
                print(f"{place}: {error.json_path}: {error.message[:300]}")
    print(f"{count} events, {bad} not valid")
    return 1 if bad or not count else 0


if __name__ == "__main__":
    sys.exit(main())
