#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The commands of "embargo policy", the real program, compared with what is written down.

usage: check_commands.py EMBARGO SOURCE transcripts|compiled|cases

transcripts  tests/golden/commands/*.transcript: "$ embargo ..." lines, what they print, and "[N]" for an exit status
             that is not 0. They run in a copy of that directory with tests/golden/catalog in catalog/, and with
             --catalog catalog --config agent.yaml where those are not given. What --json prints must be JSON.
compiled     every example is compiled, as text and as JSON, in the tree and in a copy elsewhere, and compared with
             tests/golden/compiled/.
cases        every example does what policy/examples/cases/ expects, and has such a file.

With EMBARGO_UPDATE_GOLDEN=1 the files are written instead: read the difference before you commit it.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

UPDATE = bool(os.environ.get("EMBARGO_UPDATE_GOLDEN"))
LIMIT_S = 60


def run(command, directory):
    """Output and exit status. Both streams are one: who reads a terminal sees them so."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "Antarctica/Troll"}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
        if name in os.environ:
            environment[name] = os.environ[name]
    done = subprocess.run(command, cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S, check=False)
    return done.stdout.decode(), done.returncode


class Report:
    """One line of TAP for each thing that is compared."""

    def __init__(self):
        self.count = self.failed = 0

    def say(self, good, what, detail=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {what}")
        for line in detail.splitlines() if not good else []:
            print(f"# {line}")

    def end(self):
        print(f"1..{self.count}")
        return 1 if self.failed or not self.count else 0


def differences(expected, got):
    with tempfile.TemporaryDirectory() as directory:
        for name, text in (("expected", expected), ("got", got)):
            pathlib.Path(directory, name).write_text(text)
        return subprocess.run(["diff", "-u", "expected", "got"], cwd=directory, capture_output=True, text=True,
                              check=False).stdout


def compare(report, path, text, what):
    if UPDATE:
        path.write_text(text)
    expected = path.read_text() if path.exists() else ""
    report.say(expected == text, what, f"{path} differs:\n" + differences(expected, text))


# ---------------------------------------------------------------- transcripts

def full_command(embargo, line):
    words = shlex.split(line)
    if words[0] != "embargo":
        raise SystemExit(f"a transcript runs embargo only, not '{line}'")
    words[0] = embargo
    if "--help" not in words and len(words) > 2:
        if "--catalog" not in words:
            words += ["--catalog", "catalog"]
        if "--config" not in words and "--label" not in words:
            words += ["--config", "agent.yaml"]
    return words


def answer(report, embargo, line, directory):
    output, status = run(full_command(embargo, line), directory)
    if "--json" in line:
        try:
            json.loads(output)
            report.say(True, f"JSON: {line}")
        except ValueError as error:
            report.say(False, f"JSON: {line}", str(error))
    # messages are sentences of any length, and the dump is for programs too
    wide = [one for one in output.splitlines() if len(one) > 100 and not re.match(r"embargo: |\S+: (error|warning):", one)]
    if "--json" not in line and " compile " not in line:
        report.say(not wide, f"at most 100 columns: {line}", "\n".join(wide))
    if output and not output.endswith("\n"):
        output += "\n"
    return output + (f"[{status}]\n" if status else "")


def transcripts(report, embargo, source):
    golden = source / "tests/golden"
    for path in sorted((golden / "commands").glob("*.transcript")):
        lines = path.read_text().splitlines()
        remarks = [line for line in lines if line.startswith("# ")]
        got = "".join(line + "\n" for line in remarks)
        with tempfile.TemporaryDirectory() as directory:
            place = pathlib.Path(directory, "commands")
            shutil.copytree(golden / "commands", place)
            shutil.copytree(golden / "catalog", place / "catalog")
            for line in lines:
                if line.startswith("$ "):
                    got += line + "\n" + answer(report, embargo, line[2:], place)
        compare(report, path, got, path.name)


# ---------------------------------------------------------------- compiled examples

SECTIONS = {"rules": "rule", "unenforced": "unenforced", "findings": "finding"}


def check_json(report, text, output, name):
    """The same content: as many of each, and the same ids in the same order."""
    made = json.loads(output)
    for key, word in SECTIONS.items():
        at = 2 if word == "rule" else 1
        ids = [line.split(" ")[at] for line in text.splitlines() if line.startswith(word + " ")]
        report.say(ids == [rule["id"] for rule in made[key]], f"{name}: {key} as JSON")
    words = {"generation", "requires", *SECTIONS.values()}
    entries = [line.split(" ")[0] for line in text.splitlines() if line.split(" ")[0] not in words]
    report.say(entries == [entry["kind"] for entry in made["entries"]], f"{name}: entries as JSON")
    report.say(made["generation"] == text.split(" ")[1], f"{name}: number as JSON")


def compiled(report, embargo, source):
    options = ["--label", "role=payment"]
    for example in sorted((source / "policy/examples").glob("*.yaml")):
        catalog = source / "policy/catalog"
        command = [embargo, "policy", "compile", str(example), "--catalog", str(catalog), *options]
        text, status = run(command, source)
        report.say(status == 0, f"{example.name} compiles", text[:2000])
        compare(report, source / "tests/golden/compiled" / (example.stem + ".txt"), text, f"{example.name}: the dump")
        output, _ = run(command + ["--json"], source)
        check_json(report, text, output, example.name)
        with tempfile.TemporaryDirectory() as directory:
            shutil.copytree(source / "policy/examples", pathlib.Path(directory, "elsewhere"))
            shutil.copytree(catalog, pathlib.Path(directory, "vendors"))
            again, _ = run([embargo, "policy", "compile", "elsewhere/" + example.name, "--catalog", "vendors", "-o",
                            "dump", *options], directory)
            again += pathlib.Path(directory, "dump").read_text()
        report.say(again == text, f"{example.name}: the same bytes elsewhere", differences(text, again))


# ---------------------------------------------------------------- cases of the examples

def cases(report, embargo, source):
    examples = source / "policy/examples"
    for example in sorted(examples.glob("*.yaml")):
        path = examples / "cases" / example.name
        report.say(path.exists(), f"{example.name} has cases")
        if not path.exists():
            continue
        output, status = run([embargo, "policy", "test", str(example), str(path), "--catalog",
                              str(source / "policy/catalog"), "--label", "role=server"], source)
        report.say(status == 0, f"{example.name}: {output.splitlines()[-1] if output else ''}", output)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    report = Report()
    jobs = {"transcripts": transcripts, "compiled": compiled, "cases": cases}
    jobs[sys.argv[3]](report, os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve())
    sys.exit(report.end())


if __name__ == "__main__":
    main()
