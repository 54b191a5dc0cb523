#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check every file of the vendor catalogue and of the examples, independently of the product's own reader.

The reader of the product says whether a file can be read. This says whether it may be shipped: that
no rule of it could hurt a host or cut off people who have nothing to do with the vendor. It knows
nothing of the C code, so that a mistake there is not repeated here. What must never be denied is in
never-denied.yaml: each matcher of the catalogue, and each rule that an example makes, is held against it.

usage: check_catalog.py CATALOG-DIRECTORY [EXAMPLES-DIRECTORY]
       check_catalog.py --self-test
Exit status: 0 nothing to say; 1 findings, one a line; 2 usage; 77 PyYAML is not installed.
"""
import ipaddress
import pathlib
import re
import sys

try:
    import yaml
except ImportError:
    print("skipped: python3-yaml is not installed")
    sys.exit(77)

sys.dont_write_bytecode = True  # a test leaves nothing in the source tree
from never_denied import NeverDenied, path_covers, star

CONFIDENCE = ("documented", "seen", "unverified")
CLASSES = ("commercial", "legacy", "open-source", "distribution")
VENDOR_KEYS = {"kind", "id", "name", "aliases", "parent", "country", "products", "sources", "caveats"}
RULE_KINDS = ("packages", "package-vendors", "paths", "digests", "modules", "domains", "networks")
FIND_KINDS = ("units", "images", "markers", "repositories")
PRODUCT_KEYS = {"id", "name", "class", "sources", "confidence", "note", *RULE_KINDS, *FIND_KINDS}
VALUE_KEYS = {"value", "confidence", "sources", "note"}
NETWORK_KEYS = {"cidr", "ports", "protocol", "confidence", "sources", "note"}

WIDEST = {4: 16, 6: 32}  # shortest prefix that one vendor's service is believed to have

# What packaging tools and distributions write, whatever the package is.
NO_IDENTITY = re.compile(r"omnibus|getchef|fpm|goreleaser|@debian\.org|@ubuntu\.com|red hat|fedora|suse", re.I)


def schema_of(path):
    """What is wrong with the line that tells editors where the schema is; None: nothing."""
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    mark = "# yaml-language-server: $schema="
    if not first.startswith(mark):
        return "the first line does not say where the schema is: %s..." % mark
    return None if (path.parent / first[len(mark):]).is_file() else "%s: there is no such file" % first[len(mark):]


class UniqueLoader(yaml.SafeLoader):
    """A loader that refuses a key given twice; plain PyYAML keeps the last one in silence."""


def unique_mapping(loader, node, deep=False):
    seen = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, "key %r given twice" % key, key_node.start_mark)
        seen.add(key)
    return yaml.SafeLoader.construct_mapping(loader, node, deep)


UniqueLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, unique_mapping)


def load(path):
    """One document without anchors, aliases and repeated keys."""
    text = path.read_text(encoding="utf-8")
    for token in yaml.scan(text):
        if isinstance(token, (yaml.AnchorToken, yaml.AliasToken, yaml.TagToken)):
            raise yaml.YAMLError("anchors, aliases and tags are not part of the format")
    return yaml.load(text, Loader=UniqueLoader)


def check_path(value):
    if value.startswith("**/"):
        return "a shipped rule must name a directory"
    if not value.startswith("/") or "//" in value or (value != "/" and value.endswith("/")):
        return "not an absolute path"
    if any(part in (".", "..", "") for part in value.split("/")[1:]):
        return "a component that never matches"
    body = value[:-3] if value.endswith("/**") else value
    if "**" in body or "***" in value or any(c in value for c in "?[]{}<>"):
        return "not a pattern of the format"
    if re.fullmatch(star(body), "/") or body.strip("/").split("/")[0] in ("", "*"):
        return "matches at the root"
    return None


def check_domain(value):
    name = value[2:] if value.startswith("*.") else value
    if name != name.lower() or not re.fullmatch(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]+", name):
        return "not a host name"
    if name.count(".") == 1 and name.split(".")[0] in ("co", "com", "org", "net", "gov"):
        return "a public suffix"
    return None


def check_network(value):
    try:
        network = ipaddress.ip_network(value)
    except ValueError as error:
        return str(error)
    if network.prefixlen < WIDEST[network.version]:
        return "wider than any one vendor's network"
    return None


def check_module(value):
    if not re.fullmatch(r"[A-Za-z0-9_]+\*?", value) or len(value) < 4:
        return "not a module name, as in /proc/modules"
    return None


def check_package(value):
    if not re.fullmatch(r"[A-Za-z0-9*][A-Za-z0-9+._*-]*", value) or len(value.replace("*", "")) < 4:
        return "not a package name"
    return None


def check_package_vendor(value):
    return "does not identify a vendor" if NO_IDENTITY.search(value) or "*" in value else None


def check_digest(value):
    return None if re.fullmatch(r"sha256:[0-9a-f]{64}", value) else "not sha256: and 64 hex digits"


CHECKS = {
    "packages": check_package,
    "package-vendors": check_package_vendor,
    "paths": check_path,
    "digests": check_digest,
    "modules": check_module,
    "domains": check_domain,
    "networks": check_network,
}


def strings(value):
    return isinstance(value, list) and all(isinstance(v, str) and v.strip() for v in value)


NEVER = NeverDenied(load(pathlib.Path(__file__).with_name("never-denied.yaml")))


class Checker:
    def __init__(self):
        self.findings = []
        self.vendors = {}
        self.matchers = {}

    def say(self, where, text):
        self.findings.append("%s: %s" % (where, text))

    def matcher(self, where, kind, item, product):
        """One element of a list of matchers: a plain string, or a mapping with its own confidence."""
        confidence = product.get("confidence")
        if isinstance(item, dict):
            allowed = NETWORK_KEYS if kind == "networks" else VALUE_KEYS
            name = "cidr" if kind == "networks" else "value"
            for key in item.keys() - allowed:
                self.say(where, "%s: unknown key %r" % (kind, key))
            if "confidence" in item and item["confidence"] not in CONFIDENCE:
                self.say(where, "%s: confidence %r" % (kind, item["confidence"]))
            if "sources" in item and not strings(item["sources"]):
                self.say(where, "%s: sources must be a list of texts" % kind)
            confidence = item.get("confidence", confidence)
            item = item.get(name)
        if not isinstance(item, str) or not item:
            self.say(where, "%s: %r is not a text" % (kind, item))
            return None
        if any(ord(c) < 32 for c in item) or item != item.strip():
            self.say(where, "%s: %r has blanks or control characters" % (kind, item))
        wrong = CHECKS[kind](item) if kind in CHECKS else None
        for reason in [wrong] if wrong else NEVER.hits(kind, item, product.get("class")):
            self.say(where, "%s: %s: %s" % (kind, item, reason))
        if kind in RULE_KINDS and confidence != "unverified" and self.unsourced(product):
            self.say(where, "%s: %s: %s without a source" % (kind, item, confidence))
        count = self.matchers.setdefault(kind, dict.fromkeys(CONFIDENCE, 0))
        if confidence in count:
            count[confidence] += 1
        return item

    @staticmethod
    def unsourced(product):
        weak = ("address not kept", "general knowledge")
        return all(any(w in s for w in weak) for s in product.get("sources") or [])

    def product(self, where, product):
        if not isinstance(product, dict):
            self.say(where, "a product must be a mapping")
            return
        where = "%s: %s" % (where, product.get("id"))
        for key in product.keys() - PRODUCT_KEYS:
            self.say(where, "unknown key %r" % key)
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", str(product.get("id"))):
            self.say(where, "id must be lower case letters, digits and single hyphens")
        if not isinstance(product.get("name"), str):
            self.say(where, "name is missing")
        if product.get("class") not in CLASSES:
            self.say(where, "class %r" % product.get("class"))
        if product.get("confidence") not in CONFIDENCE:
            self.say(where, "confidence %r" % product.get("confidence"))
        if "note" in product and not strings([product["note"]]):
            self.say(where, "note must be a text")
        if "sources" in product and not strings(product["sources"]):
            self.say(where, "sources must be a list of texts")
        for kind in (*RULE_KINDS, *FIND_KINDS):
            if kind not in product:
                continue
            if not isinstance(product[kind], list) or not product[kind]:
                self.say(where, "%s must be a list with something in it" % kind)
                continue
            values = [self.matcher(where, kind, item, product) for item in product[kind]]
            for value in {v for v in values if v and values.count(v) > 1}:
                self.say(where, "%s: %s is there twice" % (kind, value))
        self.holes(where, product)

    def holes(self, where, product):
        """The most specific rule decides: a weaker fact inside of a better one would switch that off there."""
        paths = [(item.get("value"), item.get("confidence", product.get("confidence"))) if isinstance(item, dict)
                 else (item, product.get("confidence")) for item in product.get("paths") or []]
        for inner, weak in paths:
            for outer, strong in paths:
                if inner != outer and path_covers(str(outer), str(inner).removesuffix("/**")) and \
                        weak in CONFIDENCE and strong in CONFIDENCE and \
                        CONFIDENCE.index(weak) > CONFIDENCE.index(strong):
                    self.say(where, "paths: %s (%s) is inside of %s (%s) and would weaken it there" %
                             (inner, weak, outer, strong))

    def vendor(self, path):
        where = path.name
        try:
            vendor = load(path)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            self.say(where, " ".join(str(error).split()))
            return
        wrong = schema_of(path)
        if wrong:
            self.say(where, wrong)
        self.check_vendor(where, path.stem, vendor)

    def check_vendor(self, where, stem, vendor):
        if not isinstance(vendor, dict) or vendor.get("kind") != "Vendor":
            self.say(where, "not a document of kind Vendor")
            return
        for key in vendor.keys() - VENDOR_KEYS:
            self.say(where, "unknown key %r" % key)
        if vendor.get("id") != stem:
            self.say(where, "id %r is not the name of the file" % vendor.get("id"))
        if vendor.get("id") in self.vendors:
            self.say(where, "id %r is there twice" % vendor.get("id"))
        self.vendors[vendor.get("id")] = vendor
        if not isinstance(vendor.get("name"), str):
            self.say(where, "name is missing")
        if "country" in vendor and not re.fullmatch(r"[A-Z]{2}(/[A-Z]{2})*", str(vendor["country"])):
            self.say(where, "country %r is not a code of two letters" % vendor["country"])
        for key in ("aliases", "sources", "caveats"):
            if key in vendor and not strings(vendor[key]):
                self.say(where, "%s must be a list of texts" % key)
        products = vendor.get("products")
        if not isinstance(products, list):
            self.say(where, "products must be a list")
            return
        ids = [p.get("id") for p in products if isinstance(p, dict)]
        for double in {i for i in ids if ids.count(i) > 1}:
            self.say(where, "product %s is there twice" % double)
        for product in products:
            self.product(where, product)
        hosts = [p for p in products if isinstance(p, dict) and
                 any(k in p for k in (*RULE_KINDS, *FIND_KINDS)) and p.get("id") != "cloud"]
        if not hosts and not vendor.get("caveats"):
            self.say(where, "has no host software and no caveat that says so")

    def parents(self):
        for name, vendor in self.vendors.items():
            seen = {name}
            parent = vendor.get("parent")
            while parent is not None:
                if parent not in self.vendors:
                    self.say(name, "parent %r is not in the catalogue" % parent)
                    break
                if parent in seen:
                    self.say(name, "is its own parent")
                    break
                seen.add(parent)
                parent = self.vendors[parent].get("parent")

    def example(self, path):
        """An example may only name what the catalogue has."""
        where = path.name
        try:
            policy = load(path)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            self.say(where, " ".join(str(error).split()))
            return
        wrong = schema_of(path)
        if wrong:
            self.say(where, wrong)
        self.policy(where, policy)

    def policy(self, where, policy):
        if not isinstance(policy, dict) or policy.get("kind") != "Policy":
            self.say(where, "not a document of kind Policy")
            return
        if policy.get("mode") not in ("audit", "enforce"):
            self.say(where, "mode %r" % policy.get("mode"))
        if not isinstance(policy.get("revision"), int) or policy["revision"] < 1:
            self.say(where, "revision %r" % policy.get("revision"))
        named = []
        for line in policy.get("embargo") or []:
            vendor = line.get("vendor")
            if vendor is None:
                self.rules(where, str(line.get("name")), line, None)
                continue
            if vendor not in self.vendors:
                self.say(where, "vendor %r is not in the catalogue" % vendor)
                continue
            products = {p["id"]: p for p in self.vendors[vendor]["products"]}
            for product in line.get("products") or []:
                if product not in products:
                    self.say(where, "%s has no product %r" % (vendor, product))
                else:
                    # named: what belongs to products of its class may be hit
                    self.rules(where, "%s/%s" % (vendor, product), products[product], products[product].get("class"))
            if "products" not in line:
                named.append(vendor)
                for one in self.reached(vendor, line.get("subsidiaries") is True):
                    self.rules(where, "%s/%s" % (vendor, one["id"]), one, None)
        for double in {v for v in named if named.count(v) > 1}:
            self.say(where, "vendor %s is there twice" % double)

    def reached(self, vendor, subsidiaries):
        """The products that a line with a vendor alone means."""
        below = [vendor]
        for one in below if subsidiaries else []:
            below += [v for v, d in self.vendors.items() if d.get("parent") == one and v not in below]
        return [p for v in below for p in self.vendors[v]["products"]
                if p.get("class", "commercial") in ("commercial", "legacy")]

    def rules(self, where, who, facts, cls):
        """Each rule of a product or of a line's own matchers, held against what must never be denied."""
        for kind in RULE_KINDS:
            items = facts.get(kind)
            for item in items if isinstance(items, list) else []:
                value = item.get("cidr", item.get("value")) if isinstance(item, dict) else item
                for reason in NEVER.hits(kind, str(value), cls):
                    self.say(where, "%s: %s: %s: %s" % (who, kind, value, reason))

    def summary(self):
        products = [p for v in self.vendors.values() for p in v.get("products") or []]
        lines = ["%d vendors, %d products" % (len(self.vendors), len(products))]
        for kind in (*RULE_KINDS, *FIND_KINDS):
            if kind in self.matchers:
                count = self.matchers[kind]
                lines.append("%-16s %4d: %s" % (kind, sum(count.values()),
                                                ", ".join("%d %s" % (count[c], c) for c in CONFIDENCE)))
        return "\n".join(lines)


def main(arguments):
    if arguments == ["--self-test"]:
        from check_catalog_cases import self_test
        return self_test()
    if not 1 <= len(arguments) <= 2 or not all(pathlib.Path(a).is_dir() for a in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    checker = Checker()
    for path in sorted(pathlib.Path(arguments[0]).glob("*.yaml")):
        checker.vendor(path)
    if not checker.vendors:
        checker.say(arguments[0], "there is no vendor in it")
    checker.parents()
    examples = sorted(pathlib.Path(arguments[1]).glob("*.yaml")) if len(arguments) > 1 else []
    if len(arguments) > 1 and not examples:
        checker.say(arguments[1], "there is no example in it")
    for path in examples:
        checker.example(path)
    print(checker.summary())
    if checker.findings:
        print("\n".join(checker.findings))
    return 1 if checker.findings else 0


if __name__ == "__main__":
    sys.modules["check_catalog"] = sys.modules["__main__"]
    sys.exit(main(sys.argv[1:]))
