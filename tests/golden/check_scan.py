#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run embargo scan over roots that are made here, and hold what it says against the schema and the facts.

check_scan.py EMBARGO SCHEMA CATALOG
Exit status 0 all is as expected, 1 not, 77 cannot run.
"""
import json
import os
import pathlib
import pty
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

STATUS = """Package: example-sensor
Status: install ok installed
Maintainer: Example Vendor, Inc.
Architecture: amd64
Version: 7.1

"""


class Scans:
    """What is run, and what of it was wrong."""

    def __init__(self, embargo, schema, catalog):
        self.embargo, self.catalog = embargo, catalog
        with open(schema, encoding="utf-8") as file:
            document = json.load(file)
        jsonschema.Draft202012Validator.check_schema(document)
        self.validator = jsonschema.Draft202012Validator(document)
        self.count = self.bad = 0

    def check(self, what, good, why=""):
        self.count += 1
        if not good:
            self.bad += 1
            print(f"{what}: not so. {why}")

    def run(self, *arguments):
        return subprocess.run([self.embargo, "scan", "--catalog", self.catalog, *arguments],
                              capture_output=True, timeout=60, check=False)

    def document(self, what, status, *arguments):
        """One that is valid, with this exit status and nothing on standard error."""
        done = self.run("--json", *arguments)
        self.check(f"{what}: exit status {status}", done.returncode == status,
                   f"{done.returncode}: {done.stderr.decode(errors='replace')}")
        self.check(f"{what}: nothing on standard error", not done.stderr, done.stderr)
        try:
            document = json.loads(done.stdout)
        except ValueError as error:
            self.check(f"{what}: is JSON", False, error)
            return {"findings": [], "not_looked_at": []}
        errors = [f"{'/'.join(map(str, error.path))}: {error.message}" for error in self.validator.iter_errors(document)]
        self.check(f"{what}: is what the schema says", not errors, errors[:3])
        return document


def write(root, path, data):
    target = os.fsencode(str(root)) + (path if isinstance(path, bytes) else path.encode())
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def make_findings(root):
    """One of each kind that a root can have."""
    write(root, "/var/lib/dpkg/status", STATUS)
    write(root, "/opt/example/bin/agent", "x")
    write(root, "/opt/example/state", "x")
    write(root, b"/opt/example/bin/\xff\x1b[31m", "x")
    write(root, "/usr/bin/example-tool", "x")
    write(root, "/usr/lib/systemd/system/example-sensor.service", "[Service]\nExecStart=/opt/example/bin/agent\n")
    write(root, "/usr/lib/modules/6.1/extra/example-kmod.ko", "x")
    write(root, "/etc/crontab", "@daily root /usr/bin/examplectl\n")
    write(root, "/etc/apt/sources.list", "deb https://packages.example.com/ x y\n")
    write(root, "/var/lib/docker/image/overlay2/repositories.json",
          json.dumps({"Repositories": {"x": {"registry.example.com/sensor:7": "x"}}}))
    write(root, "/var/lib/docker/overlay2/abc/diff/opt/example/bin/agent", "x")
    write(root, "/empty", "")


def found(document):
    return {(finding["product"], finding["source"], finding["matcher"]) for finding in document["findings"]}


def check_findings(scans, root):
    document = scans.document("everything", 1, "--root", str(root), "--vendor", "example-vendor", "--digests")
    expected = {
        ("sensor", "packages", "package"), ("sensor", "packages", "package-vendor"), ("sensor", "files", "path"),
        ("sensor", "files", "marker"), ("tools", "files", "path"), ("sensor", "units", "unit"),
        ("sensor", "autostart", "path"), ("sensor", "modules", "module"), ("sensor", "repositories", "repository"),
        ("sensor", "images", "image"), ("sensor", "files", "digest"),
    }
    scans.check("everything: each kind once", found(document) == expected, found(document) ^ expected)
    scans.check("everything: complete", document.get("complete") is True, document["not_looked_at"])
    classes = {finding["product"]: finding.get("class") for finding in document["findings"]}
    scans.check("everything: classes", classes == {"sensor": "commercial", "tools": "open-source"}, classes)
    layers = [finding["layer"]["path"] for finding in document["findings"] if "layer" in finding]
    scans.check("everything: the layer is named", layers == ["/var/lib/docker/overlay2/abc/diff"], layers)
    order = [(finding["vendor"], finding["product"]) for finding in document["findings"]]
    scans.check("everything: sorted", order == sorted(order), order)
    quick = scans.document("quick", 1, "--root", str(root), "--vendor", "example-vendor", "--quick")
    scans.check("quick: all but digests", found(quick) == expected - {("sensor", "files", "digest")},
                found(quick) ^ expected)
    scans.check("quick: not complete without digests", quick.get("complete") is False)
    text = scans.run("--root", str(root), "--vendor", "example-vendor", "--digests")
    lines = text.stdout.decode().splitlines()
    scans.check("text: within 100 columns", max(map(len, lines)) <= 100, max(lines, key=len))
    scans.check("text: no control characters", b"\x1b" not in text.stdout)
    scans.check("text: the class is told", b"open-source: not part of a policy unless named" in text.stdout)


def check_others(scans, directory):
    clean, damaged = directory / "clean", directory / "damaged"
    write(clean, "/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
    document = scans.document("clean", 0, "--root", str(clean), "--vendor", "found-only")
    scans.check("clean: complete, nothing found", document["complete"] and not document["findings"])
    write(damaged, "/usr/lib/sysimage/rpm/rpmdb.sqlite", "x")
    document = scans.document("damaged", 3, "--root", str(damaged), "--vendor", "found-only")
    scans.check("damaged: not complete", document["complete"] is False)
    scans.check("damaged: told", any(problem["gap"] == "missed" for problem in document["not_looked_at"]))
    scans.check("no such vendor", scans.run("--vendor", "nobody").returncode == 3)
    scans.check("no such root", scans.run("--root", str(directory / "none")).returncode == 3)
    scans.check("no such option", scans.run("--nonsense").returncode == 2)
    scans.check("policy and vendor", scans.run("--policy", "x", "--vendor", "y").returncode == 2)
    scans.check("left out must be absolute", scans.run("--leave-out", "x").returncode == 2)
    empty = directory / "no-catalog"
    empty.mkdir()
    done = subprocess.run([scans.embargo, "scan", "--catalog", str(empty), "--root", str(clean)], capture_output=True,
                          timeout=60, check=False)
    scans.check("an empty catalogue finds nothing and says so", done.returncode == 3 and b"nothing to look for" in done.stderr,
                done.stderr)


def check_progress(scans, directory):
    """On a terminal it tells how far it is, and takes that away again; document() has seen that nothing else does."""
    root = directory / "many"
    root.mkdir()
    for number in range(5000):
        (root / str(number)).touch()
    ours, theirs = pty.openpty()
    done = subprocess.run([scans.embargo, "scan", "--catalog", scans.catalog, "--root", str(root), "--vendor", "found-only"],
                          stdout=subprocess.PIPE, stderr=theirs, timeout=60, check=False)
    os.close(theirs)
    try:
        told = os.read(ours, 65536)
    except OSError:  # nothing was written
        told = b""
    os.close(ours)
    scans.check("progress: exit status 0", done.returncode == 0, done.returncode)
    scans.check("progress: told", b"4096 files, " in told and told.endswith(b"\r\x1b[K"), told)
    scans.check("progress: not on standard output", b"\x1b" not in done.stdout)


def check_schema(scans, root):
    """A schema that takes everything would prove nothing."""
    document = json.loads(scans.run("--json", "--root", str(root), "--vendor", "example-vendor").stdout)
    for what, change in {
        "an unknown key": lambda d: d.update(more=1),
        "a missing key": lambda d: d.pop("complete"),
        "a finding of no source": lambda d: d["findings"][0].update(source="somewhere"),
        "a finding without examples": lambda d: d["findings"][0].update(examples=[]),
        "a problem of no kind": lambda d: d["not_looked_at"][0].update(gap="perhaps"),
    }.items():
        broken = json.loads(json.dumps(document))
        change(broken)
        scans.check(f"the schema refuses {what}", not scans.validator.is_valid(broken))


def main():
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    scans = Scans(*sys.argv[1:])
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        make_findings(directory / "findings")
        check_findings(scans, directory / "findings")
        check_others(scans, directory)
        check_schema(scans, directory / "findings")
        check_progress(scans, directory)
    print(f"{scans.count} checks, {scans.bad} not as expected")
    return 1 if scans.bad else 0


if __name__ == "__main__":
    sys.exit(main())
