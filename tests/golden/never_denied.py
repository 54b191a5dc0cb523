# SPDX-License-Identifier: MIT
"""Does a matcher hit something that must never be denied? The list is never-denied.yaml.

Written from the words of the design, without a look at the C code: paths with their four forms and the
links of a merged /usr, '*' and '?' of text matchers, "*." of domains, networks as ranges.
"""
import ipaddress
import re

# A rule for the left also matches on a host where the left is a link to the right.
LINKS = [("/bin/", "/usr/bin/"), ("/sbin/", "/usr/sbin/"), ("/lib/", "/usr/lib/"), ("/lib32/", "/usr/lib32/"),
         ("/lib64/", "/usr/lib64/"), ("/libx32/", "/usr/libx32/"), ("/usr/sbin/", "/usr/bin/"), ("/var/run/", "/run/")]
TEXT_KINDS = ("packages", "package-vendors", "modules", "units", "images", "markers", "repositories")


def star(text):
    """'*' within one component of a path."""
    return "".join("[^/]*" if c == "*" else re.escape(c) for c in text)


def glob(text):
    """'*' and '?' in a text that has no components."""
    return re.compile("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in text) + r"\Z", re.S)


def path_regex(pattern):
    """The paths that a pattern of the product matches: exact, /dir/**, *, **/name, /dir/**/name."""
    head, deep, tail = pattern.partition("**")
    if not deep:
        return re.compile(star(pattern) + r"\Z")
    if not tail:
        return re.compile(star(head) + r".+\Z")
    return re.compile(star(head or "/") + "(?:.*/)?" + star(tail.lstrip("/")) + r"\Z")


def spellings(pattern):
    """The pattern, and what it becomes on a host with links where it has directories."""
    seen = [pattern]
    for old, new in LINKS:
        seen += [new + one[len(old):] for one in seen if one.startswith(old)]
    return seen


def path_matches(pattern, path):
    return any(path_regex(one).match(path) for one in spellings(pattern))


def path_covers(pattern, directory):
    """Does it name a directory, all of it, or everything that is put into it?"""
    for one in spellings(pattern):
        body = one[:-3] if one.endswith("/**") else one
        if re.fullmatch(star(body), directory) or path_regex(one).match(directory):
            return True
        if re.fullmatch(re.escape(directory.rstrip("/")) + r"/\*+", body):
            return True
    return False


def domain_hit(pattern, shared, below):
    """What is wrong with a domain beside one that others share; None: nothing."""
    wild, name = pattern.startswith("*."), pattern[2:] if pattern.startswith("*.") else pattern
    if name == shared or shared.endswith("." + name) and wild:
        return "covers %s, which others share" % shared
    if not name.endswith("." + shared) or below == "any":
        return None
    if below == "never":
        return "below %s, where nothing is one vendor's" % shared
    return "a wildcard below %s, which others share" % shared if wild else None


class NeverDenied:
    """The list, ready to be asked."""

    def __init__(self, document):
        self.things = {}
        for kind in (*TEXT_KINDS, "paths", "domains"):
            entries = [e if isinstance(e, dict) else {"value": e} for e in document.get(kind, [])]
            self.things[kind] = [(e["value"], e.get("only"), e.get("below", "never")) for e in entries]
            if not entries:
                raise ValueError("nothing in the list for %s" % kind)
        self.directories = document["directories"].split()
        self.networks = [ipaddress.ip_network(n) for n in document["networks"].split()]

    def hits(self, kind, value, cls):
        """Reasons why a matcher may not be, for a product of class @cls; None: only whole vendors are meant."""
        if kind == "networks":
            network = ipaddress.ip_network(value, strict=False)
            return ["overlaps %s, where nobody is one vendor" % n for n in self.networks
                    if n.version == network.version and n.overlaps(network)]
        found = []
        if kind == "paths":
            found += ["names or covers the system directory %s" % d for d in self.directories if path_covers(value, d)]
        regex = glob(value) if kind in TEXT_KINDS else None
        for thing, only, below in self.things.get(kind, []):
            if only is not None and only == cls:
                continue
            if kind == "domains":
                wrong = domain_hit(value, thing, below)
                found += [wrong] if wrong else []
            elif path_matches(value, thing) if kind == "paths" else regex.match(thing):
                found.append("hits %s, which %s" % (thing, "belongs to products of class %s" % only if only
                                                    else "must never be denied"))
        return found

    def all(self):
        """Every thing of the list as (kind, value, only, below), for the test of the test."""
        for kind, things in self.things.items():
            for value, only, below in things:
                yield kind, value, only, below
        for directory in self.directories:
            yield "directories", directory, None, None
        for network in self.networks:
            yield "networks", str(network), None, None
