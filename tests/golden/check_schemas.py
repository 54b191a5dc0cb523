#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check the JSON Schemas against an independent validator, and against the product's own readers.

- Every schema is one (draft 7), and each of its mappings refuses unknown keys.
- What the product accepts validates: catalogue, examples, default configuration, tests/golden/accepted.
  It does accept them, and of those that are shipped it has nothing to complain. So it is with the
  documents that the READMEs show, which name every key.
- What the product refuses does not validate, but for the documents of refused/schema-cannot-know.txt,
  each with the reason why a schema cannot know.
- Both know the same keys: in each mapping the keys that the product lists are those of the schema, and
  every key of every schema is tried on the product.

usage: check_schemas.py GOLDEN-REFUSED TOP
GOLDEN-REFUSED is the test program of that name; TOP the source tree.
Exit status: 0 nothing to say; 1 findings, one a line; 2 usage; 77 a Python module is not installed.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

try:
    import jsonschema
    import yaml
except ImportError as error:
    print("skipped: python3-%s is not installed" % error.name)
    sys.exit(77)

warnings.simplefilter("ignore", DeprecationWarning)  # RefResolver: what replaces it is not in Debian 12

KINDS = ("vendor", "policy", "agent", "cases")
NAMES = (*KINDS, "matchers")


class Core(yaml.SafeLoader):
    """YAML 1.2 as the product reads it: PyYAML alone would make dates, and booleans of "yes" and "on"."""


Core.yaml_implicit_resolvers = {}
for tag, pattern, first in (
        ("null", r"(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
        ("bool", r"(?:true|false)$", ["t", "f"]),
        ("int", r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
        ("float", r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
         list("-+.0123456789"))):
    Core.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(pattern), first)


def integer(loader, node):
    text = loader.construct_scalar(node)
    return int(text, 0) if text[:2] in ("0x", "0o") else int(text)


def mapping(loader, node, deep=False):
    """As the product: a key twice is a mistake."""
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    if len({str(key) for key in keys}) < len(keys):
        raise yaml.YAMLError("a key twice")
    return yaml.SafeLoader.construct_mapping(loader, node, deep)


Core.add_constructor("tag:yaml.org,2002:int", integer)
Core.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)


class Schemas:
    def __init__(self, directory):
        self.documents = {n: json.loads((directory / (n + ".schema.json")).read_text()) for n in NAMES}
        base = directory.absolute().as_uri() + "/"
        store = {base + n + ".schema.json": d for n, d in self.documents.items()}
        self.validators = {}
        for name in NAMES:
            jsonschema.Draft7Validator.check_schema(self.documents[name])
            resolver = jsonschema.RefResolver(base + name + ".schema.json", self.documents[name], store)
            self.validators[name] = jsonschema.Draft7Validator(self.documents[name], resolver=resolver)

    def errors(self, kind, path):
        """What a validator says of a file; also when it is no YAML."""
        try:
            text = path.read_bytes().decode("utf-8")
            if "\ufeff" in text or "\t" in text:
                return ["a byte order mark or a tab"]
            if any(isinstance(t, (yaml.AnchorToken, yaml.AliasToken, yaml.TagToken, yaml.DirectiveToken))
                   for t in yaml.scan(text)):
                return ["anchors, aliases, tags and directives are not part of the format"]
            document = yaml.load(text, Loader=Core)
        except (yaml.YAMLError, UnicodeDecodeError, ValueError, TypeError) as error:
            return [" ".join(str(error).split())]
        return ["%s: %s" % (e.json_path, e.message[:200]) for e in self.validators[kind].iter_errors(document)]

    def mappings(self):
        """Each mapping with a fixed set of keys: (schema, pointer, mapping)."""
        for name in NAMES:
            stack = [("", self.documents[name])]
            while stack:
                pointer, node = stack.pop()
                if isinstance(node, list):
                    stack += [("%s/%d" % (pointer, i), n) for i, n in enumerate(node)]
                elif isinstance(node, dict):
                    if node.get("type") == "object" and "properties" in node:
                        yield name, pointer, node
                    stack += [("%s/%s" % (pointer, k), n) for k, n in node.items() if k not in ("if", "then", "else")]


# Texts that are tried on both: all that can be made of a few parts. Where the product takes one, an editor
# must not underline it; where only the schema takes it, the reason must be one that a schema cannot know.
def words(parts, most):
    found = [""]
    for _ in range(most):
        found = sorted({a + b for a in found for b in parts} | set(found))
    return [f for f in found if f]


SPELLINGS = {
    "paths": words(["/", "**", "a", ".."], 5) + words(["/", "*", ".", "a"], 4),
    "networks": ["%s%s" % (a, p) for a in ("198.18.0.0", "0.0.0.0", "::", "2001:db8::", "::ffff:198.18.0.0", "1::2::3", "198.18.0",
                                           "198.18.0.256", "198.18.00.1", "2001:db8", "1:2:3:4:5:6:7:8", "12345::", ":1", "fe80::1%lo",
                                           " 198.18.0.0", "198.18.0.0.", "", "::1.2.3.4")
                 for p in ("", "/0", "/1", "/16", "/32", "/33", "/128", "/129", "/", "/016", "/-1", "/24 ", "/a")],
    "domains": words(["a", ".", "*", "-"], 5) + ["*.a.b", "a_b.c.d", "A.B", "a.b:1", "a/b.c", "a b.c", "192.0.2.1", "%s.example" % ("x" * 63),
                                                 "%s.example" % ("x" * 64), "straße.example.net", "a.b\\n"],
    "digests": ["sha256:" + "0" * n for n in (0, 63, 64, 65)] + ["0" * 64, "sha1:" + "0" * 40, "SHA256:" + "0" * 64, "sha256:" + "g" * 64],
    "modules": words(["a", "-", "*", "."], 3) + ["a b", "a/b", "ä"],
    "packages": words(["a", "*", "?", " ", "/"], 3) + ["a=1", "a:amd64"],
    "package-vendors": words(["a", "*", "?", " "], 3),
}
PORTS = [0, 1, 65535, 65536, -1, 1.5, "0", "1", "65535", "65536", "1-2", "2-1", "0-1", "1-65536", "1-", "-1", "a", "01", "1 - 2", "", True]
ONLY_PRODUCT_KNOWS = ("host bits", "reversed", "public suffix", "shared by many", "is no network", "no domain name that",
                      "cannot be a domain name", "to 'accept-risk'")

# Each mapping of the schemas, as a place in a document: {} is where the key goes.
POLICY = "kind: Policy\nname: keys\nrevision: 1\nmode: audit\n"
LINE = POLICY + "embargo:\n  - name: local\n    "
VENDOR = "kind: Vendor\nid: keys\nname: Keys\n"
PRODUCT = VENDOR + "products:\n  - id: sensor\n    name: Sensor\n    "
ALLOW = POLICY + "embargo: []\nallow:\n  - "
PLACES = {
    ("policy", ""): [POLICY + "embargo: []\n{}\n"],
    ("policy", "/definitions/line"): [LINE + "paths: [/srv/x]\n    {}\n"],
    ("policy", "/definitions/list-file"): [LINE + "%s: {{{}}}\n" % k for k in (
        "paths", "networks", "digests", "domains", "modules", "packages", "package-vendors")],
    ("policy", "/definitions/network"): [LINE + "networks: [{{{}}}]\n", ALLOW + "{{reason: x, network: {{{}}}}}\n"],
    ("policy", "/definitions/internal-network"): [POLICY + "embargo: []\ninternal: [{{{}}}]\n"],
    ("policy", "/definitions/exception"): [ALLOW + "reason: x\n    {}\n"],
    ("policy", "/definitions/scope"): [POLICY + "embargo: []\nscope: {{{}}}\n"],
    ("policy", "/definitions/requires"): [POLICY + "embargo: []\nrequires: {{{}}}\n"],
    ("policy", "/definitions/names"): [POLICY + "embargo: []\nnames: {{{}}}\n"],
    ("vendor", ""): [VENDOR + "{}\n"],
    ("vendor", "/definitions/product"): [PRODUCT + "{}\n"],
    ("vendor", "/definitions/network"): [PRODUCT + "networks: [{{{}}}]\n"],
    ("cases", ""): ["kind: Cases\ncases: [{{exec: /x, expect: none}}]\n{}\n"],
    ("cases", "/definitions/case"): ["kind: Cases\ncases:\n  - {}\n"],
    ("cases", "/definitions/as"): ["kind: Cases\nas: {{{}}}\ncases: [{{exec: /x, expect: none}}]\n",
                                   "kind: Cases\ncases: [{{exec: /x, expect: none, as: {{{}}}}}]\n"],
    ("cases", "/definitions/address-parts"): ["kind: Cases\ncases: [{{connect: {{{}}}, expect: none}}]\n",
                                              "kind: Cases\ncases: [{{connect: [{{{}}}], expect: none}}]\n"],
    ("agent", ""): ["kind: Agent\n{}\n"],
    ("agent", "/definitions/sink"): ["kind: Agent\nevents: [{{{}}}]\n"],
}
for key in ("path", "digest", "domain", "module", "package", "package-vendor"):
    PLACES["policy", "/definitions/%s-matcher" % key] = [LINE + "%ss: [{{{}}}]\n" % key,
                                                         ALLOW + "{{reason: x, %s: {{{}}}}}\n" % key]
    PLACES["vendor", "/definitions/%s-fact" % key] = [PRODUCT + "%ss: [{{{}}}]\n" % key]
PLACES["vendor", "/definitions/line-fact"] = [PRODUCT + "%s: [{{{}}}]\n" % k
                                              for k in ("units", "images", "markers", "repositories")]
NOBODY = "this-is-no-key-of-anything"


class Product:
    """The readers of the product, asked many documents at a time."""

    def __init__(self, program, catalog):
        self.command = [program, "--report", str(catalog)]

    def reports(self, paths):
        """For each file its lines and whether it was accepted."""
        answers, lines = [], []
        for start in range(0, len(paths), 200):
            output = subprocess.run([*self.command, *map(str, paths[start:start + 200])], check=True,
                                    capture_output=True, text=True).stdout
            for line in output.splitlines():
                if line.startswith(("= accepted ", "= refused ")):
                    answers.append((line.startswith("= accepted "), lines))
                    lines = []
                else:
                    lines.append(line)
        if len(answers) != len(paths):
            raise RuntimeError("%d reports for %d files" % (len(answers), len(paths)))
        return answers


def verdict(key, lines):
    """What the product knows of a key: it is known, unknown, or for later."""
    text = "\n".join(lines)
    if any(one % key in text for one in ("unknown key '%s'", "'%s' among values", "'%s' in 'internal'")):
        return "unknown"
    return "later" if "'%s' is not supported yet" % key in text else "known"


def check_keys(schemas, product, say):
    mappings = {(n, p): m for n, p, m in schemas.mappings()}
    for place in mappings.keys() ^ PLACES.keys():
        say("%s%s: %s" % (*place, "not tried on the product" if place in mappings else "not in the schema"))
    everything = sorted({k for m in mappings.values() for k in m["properties"]} | {NOBODY})
    questions = [(place, template, key) for place in mappings.keys() & PLACES.keys()
                 for template in PLACES[place] for key in everything]
    with tempfile.TemporaryDirectory() as directory:
        paths = []
        for number, (place, template, key) in enumerate(questions):
            path = pathlib.Path(directory, "%s-%d.yaml" % (place[0], number))
            path.write_text(template.format("%s: x" % key))
            paths.append(path)
        for ((name, pointer), template, key), (_, lines) in zip(questions, product.reports(paths)):
            known = mappings[name, pointer]["properties"].get(key)
            schema = "unknown" if known is None else "later" if known.get("not") == {} else "known"
            if key == NOBODY:
                listed = {k for line in lines if key in line for k in line.partition("expected one of: ")[2].split(", ")}
                own = {k for k, v in mappings[name, pointer]["properties"].items() if v.get("not") != {}}
                for one in sorted(own ^ listed):
                    say("%s%s: '%s' is not %s" % (name, pointer, one, "in the schema" if one in listed else
                                                  "among the keys that the product lists"))
            if verdict(key, lines) != schema:
                say("%s%s: '%s' is %s to the schema, %s to the product" %
                    (name, pointer, key, schema, verdict(key, lines)))
    for (name, pointer), node in mappings.items():
        if node.get("additionalProperties") is not False:
            say("%s%s: unknown keys are not refused" % (name, pointer))
    return len(questions)


def check_spellings(schemas, product, say):
    """Texts of matchers in place: what one of the two takes and the other does not."""
    documents = [(k, LINE + "%s: [%s]\n" % (k, json.dumps(v, ensure_ascii=False))) for k, vs in SPELLINGS.items() for v in vs]
    documents += [("ports", LINE + "networks: [{cidr: 198.18.0.0/24, ports: [%s]}]\n" % json.dumps(v)) for v in PORTS]
    with tempfile.TemporaryDirectory() as directory:
        paths = [pathlib.Path(directory, "policy-%d.yaml" % n) for n in range(len(documents))]
        for path, (_, text) in zip(paths, documents):
            path.write_text(text)
        for path, (kind, text), (taken, lines) in zip(paths, documents, product.reports(paths)):
            errors = schemas.errors("policy", path)
            value = text.splitlines()[-1].strip()
            if taken and errors:
                say("%s: the product takes it, the schema does not: %s" % (value, errors[0]))
            elif not taken and not errors and not any(w in line for line in lines for w in ONLY_PRODUCT_KNOWS):
                say("%s: the schema takes it, the product does not: %s" % (value, lines))
    return len(documents)


def check_described(schemas, say):
    """What an editor shows: every key, or the definition that it refers to, says what it means."""
    def described(name, node):
        reference = node.get("$ref")
        if "description" in node or not reference:
            return "description" in node
        file, _, pointer = reference.partition("#")
        target = schemas.documents[file.removesuffix(".schema.json") or name]
        for part in pointer.strip("/").split("/"):
            target = target[part]
        return described(file.removesuffix(".schema.json") or name, target)

    for name, pointer, node in schemas.mappings():
        for key, value in node["properties"].items():
            if not described(name, value):
                say("%s%s: '%s' has no description" % (name, pointer, key))


def cannot_know(path):
    """The documents that a schema cannot refuse: NAME: reason."""
    known = {}
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, reason = line.partition(":")
            known[name.strip()] = reason.strip()
    return known


def shown(top, directory):
    """The documents in the READMEs, as files of their own: (kind, where it is shown, path)."""
    for readme in ("README.md", "policy/README.md", "policy/CASES.md"):
        text = (top / readme).read_text(encoding="utf-8")
        for number, block in enumerate(re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S), 1):
            kind = re.search(r"^kind: (\w+)", block, re.M)
            if not kind or kind.group(1).lower() not in KINDS:
                continue
            path = pathlib.Path(directory, "%s-shown-%s-%d.yaml" % (kind.group(1).lower(), readme.replace("/", "-"), number))
            path.write_text(block, encoding="utf-8")
            yield kind.group(1).lower(), "%s, document %d" % (readme, number), path


def check_shown(schemas, product, top, say):
    """What people copy works."""
    product = Product(product.command[0], top / "policy/catalog")
    with tempfile.TemporaryDirectory() as directory:
        pathlib.Path(directory, "digests.txt").write_text("0" * 64 + "\n")
        documents = list(shown(top, directory))
        for (kind, where, path), (taken, lines) in zip(documents, product.reports([p for _, _, p in documents])):
            for error in schemas.errors(kind, path):
                say("%s: %s" % (where, error))
            # a vendor's parent is in another file
            lines = [line for line in lines if ": note: " not in line and "unknown parent" not in line]
            if lines or not (taken or kind == "vendor"):
                say("%s: the product says %s" % (where, lines))
    text = (top / "policy/README.md").read_text(encoding="utf-8") + (top / "policy/CASES.md").read_text(encoding="utf-8")
    for name, pointer, node in schemas.mappings():
        for key in node["properties"]:
            if "`%s`" % key not in text and not re.search(r"\{[^}`]*\b%s\b[^}`]*\}" % re.escape(key), text):
                say("policy/README.md: the key '%s' of %s%s is not explained" % (key, name, pointer))
    return len(documents)


def check_shipped(product, top, say):
    """Examples and default configuration, read by the product with the catalogue that ships: no error and no warning."""
    shipped = [("policy", p) for p in sorted((top / "policy/examples").glob("*.yaml"))]
    shipped += [("policy", top / "packaging/etc/policy.yaml"), ("agent", top / "packaging/etc/agent.yaml")]
    product = Product(product.command[0], top / "policy/catalog")
    with tempfile.TemporaryDirectory() as directory:
        copies = []
        for number, (kind, path) in enumerate(shipped):
            copies.append(pathlib.Path(directory, "%s-%d.yaml" % (kind, number)))
            copies[-1].write_bytes(path.read_bytes())
        for (_, path), (taken, lines) in zip(shipped, product.reports(copies)):
            for line in lines:
                if ": note: " not in line:
                    say("%s: %s" % (path.relative_to(top), line))
            if not taken:
                say("%s: the product refuses it" % path.relative_to(top))


def check_documents(schemas, product, top, say):
    good = [("vendor", p) for d in ("policy/catalog", "tests/golden/catalog") for p in sorted((top / d).glob("*.yaml"))]
    good += [("policy", p) for p in sorted((top / "policy/examples").glob("*.yaml"))]
    good += [("policy", top / "packaging/etc/policy.yaml"), ("agent", top / "packaging/etc/agent.yaml")]
    accepted = sorted((top / "tests/golden/accepted").glob("*.yaml"))
    good += [(p.name.partition("-")[0], p) for p in accepted]
    for kind, path in good:
        for error in schemas.errors(kind, path):
            say("%s is good, but %s" % (path.relative_to(top), error))
    for path, (taken, lines) in zip(accepted, product.reports(accepted)):
        if not taken:
            say("%s: the product refuses it: %s" % (path.relative_to(top), lines))

    check_shipped(product, top, say)
    check_shown(schemas, product, top, say)
    refused = top / "tests/golden/refused"
    bad = [p for p in sorted(refused.glob("*.yaml"))]
    known = cannot_know(refused / "schema-cannot-know.txt")
    for name in known.keys() - {p.stem for p in bad}:
        say("schema-cannot-know.txt: there is no %s.yaml" % name)
    for path in bad:
        errors = schemas.errors(path.name.partition("-")[0], path)
        if not errors and path.stem not in known:
            say("%s is refused by the product, and a schema could know it" % path.relative_to(top))
        if errors and path.stem in known:
            say("schema-cannot-know.txt: %s: the schema does know: %s" % (path.stem, errors[0]))
        if path.stem in known and not known[path.stem]:
            say("schema-cannot-know.txt: %s: without a reason" % path.stem)
    return len(good), len(bad), len(known)


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    top = pathlib.Path(arguments[1]).resolve()
    findings = []
    schemas = Schemas(top / "policy/schema")
    product = Product(arguments[0], top / "tests/golden/catalog")
    tried = check_keys(schemas, product, findings.append)
    check_described(schemas, findings.append)
    spelt = check_spellings(schemas, product, findings.append)
    good, bad, unknown = check_documents(schemas, product, top, findings.append)
    print("%d good documents, %d refused ones (%d of them a schema cannot know), %d keys and %d values tried" %
          (good, bad, unknown, tried, spelt))
    print("\n".join(findings), end="\n" if findings else "")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
