#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
oracle - the decision about an attempt, written a second time: slowly, plainly and from the words of the
design (sections 2, 5 and 7), never from the product's code. There are no tables, numbers or automata here:
every attempt is held against every fact, one after the other.

It takes valid documents for granted; refusing bad ones is tested elsewhere. Where the words leave open
which of several rules names an attempt, it answers with all that would be right.

usage: oracle.py POLICY.yaml CATALOGUE.yaml... < ATTEMPTS.yaml      prints the right answers, for people
"""
import datetime
import functools
import hashlib
import ipaddress
import re
import socket
import sys

import yaml

# Every scalar stays the text that was written, so that no idea of YAML 1.1 ("on" is a truth) gets in.
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

CONFIDENCES = ["unverified", "seen", "documented"]  # the weakest first
PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132}

# "Its commercial and legacy products; other classes only when named."
REACHED_UNNAMED = ["commercial", "legacy"]


# ---------------------------------------------------------------- paths

def component_matches(pattern, name):
    """'*' stands for any run of characters within one component, also for none; all else for itself."""
    pieces = pattern.split("*")
    if len(pieces) == 1:
        return pattern == name
    first, last = pieces[0], pieces[-1]
    if len(name) < len(first) + len(last):
        return False
    if not name.startswith(first) or not name.endswith(last):
        return False
    at, end = len(first), len(name) - len(last)
    for piece in pieces[1:-1]:
        found = name.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def components_match(pattern, names):
    """Does a list of pattern components describe a list of names?

    '**' inside a pattern stands for any number of components, also none: "that name anywhere". At the end
    it stands for at least one: "the whole subtree" is what is in the directory, not the directory.
    """
    if not pattern:
        return not names
    if pattern == ("**",):
        return len(names) > 0
    if pattern[0] == "**":
        return any(components_match(pattern[1:], names[skip:]) for skip in range(len(names) + 1))
    if not names:
        return False
    return component_matches(pattern[0], names[0]) and components_match(pattern[1:], names[1:])


@functools.lru_cache(maxsize=None)
def split_path(path):
    """'/usr//bin/x/' and '/usr/bin/x' are one path; '**/x' means the same as '/**/x'."""
    return tuple(component for component in path.split("/") if component)


# Where a merged /usr made links of directories the resolved file lies in the second place. A pattern that
# names the first means the second, too; not the other way round.
MOVED = [("bin", "usr/bin"), ("sbin", "usr/sbin"), ("lib", "usr/lib"), ("lib32", "usr/lib32"), ("lib64", "usr/lib64"),
         ("libx32", "usr/libx32"), ("usr/sbin", "usr/bin"), ("var/run", "run")]


@functools.lru_cache(maxsize=None)
def places(pattern):
    """The pattern, and where else it applies on a host with a merged /usr; each a tuple of components."""
    found = [split_path(pattern)]
    for old, new in MOVED:
        old, new = split_path(old), split_path(new)
        for place in list(found):
            if len(place) > len(old) and place[:len(old)] == old:
                found.append(new + place[len(old):])
    return found


@functools.lru_cache(maxsize=200000)
def path_matches(pattern, path):
    return any(components_match(place, split_path(path)) for place in places(pattern))


def canonical_path(pattern):
    text = "/".join(split_path(pattern))
    return text if pattern.startswith("**/") else "/" + text


# Two characters that no document has: what a wildcard stands for when nothing is known of it.
SOMETHING = "\x01"
NAME = "\x02"


def examples(pattern, most):
    """Lists of names that a pattern describes; another pattern that describes all of them is as wide.

    Each '*' became a character that only a '*' can match, each '**' every number of names up to 'most' that
    only a '*' or a '**' can match. Whoever matches all of these matches everything the pattern does.
    """
    if not pattern:
        return [()]
    rest = examples(pattern[1:], most)
    if pattern[0] != "**":
        return [(pattern[0].replace("*", SOMETHING),) + names for names in rest]
    fewest = 1 if len(pattern) == 1 else 0
    return [(NAME,) * number + names for number in range(fewest, most + 1) for names in rest]


@functools.lru_cache(maxsize=200000)
def path_covers(wide, narrow):
    """Is everything that 'narrow' describes as it is written described by 'wide' as it is written?"""
    wide, narrow = split_path(wide), split_path(narrow)
    return all(components_match(wide, names) for names in examples(narrow, len(wide) + 1))


@functools.lru_cache(maxsize=200000)
def path_order(pattern):
    """How specific a pattern is; smaller is more."""
    components = split_path(pattern)
    depth = 2 if "**" in components else 1 if "*" in pattern else 0
    named = [component for component in components if component != "**"]
    if "**" in components[:-1] and not named[-1].strip("*"):
        named.pop()  # '/dir/**/*' says no more than '/dir/**'
    fixed = sum(len(component.replace("*", "").encode()) for component in named)
    stars = sum(len(re.findall(r"\*+", component)) for component in named)
    return depth, -len(named), -fixed, stars


# ---------------------------------------------------------------- networks

@functools.lru_cache(maxsize=200000)
def parse_network(text):
    """'192.0.2.0/24'; a v4-mapped network is the IPv4 network that it stands for."""
    network = ipaddress.ip_network(text)
    if network.version == 6 and network.network_address.ipv4_mapped is not None and network.prefixlen >= 96:
        return ipaddress.ip_network((network.network_address.ipv4_mapped, network.prefixlen - 96))
    return network


@functools.lru_cache(maxsize=200000)
def parse_address(text):
    """v4-mapped addresses are IPv4 addresses wherever they appear."""
    address = ipaddress.ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def parse_ports(texts):
    """Ranges, both ends belong to them; sorted, and those that touch or overlap are one. None: every port."""
    if texts is None:
        return None
    ranges = []
    for text in texts:
        first, _, last = str(text).partition("-")
        ranges.append((int(first), int(last or first)))
    merged = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


class Network:
    """A network with its ports and protocol."""

    def __init__(self, written):
        if isinstance(written, str):
            written = {"cidr": written}
        self.network = parse_network(written["cidr"])
        self.ports = parse_ports(written.get("ports"))
        protocol = written.get("protocol", "any")
        self.protocol = None if protocol == "any" else PROTOCOLS[protocol]
        self.value = self.canonical(protocol)

    def order(self):
        """How specific it is; smaller is more."""
        ports = 65536 if self.ports is None else sum(last - first + 1 for first, last in self.ports)
        return -self.network.prefixlen, ports, self.protocol is None

    def canonical(self, protocol):
        """'203.0.113.0/24 tcp 443,8000-8100', '192.0.2.1/32'; what is not said is left out."""
        family = socket.AF_INET if self.network.version == 4 else socket.AF_INET6
        address = socket.inet_ntop(family, self.network.network_address.packed)
        words = [f"{address}/{self.network.prefixlen}"]
        if protocol != "any":
            words.append(protocol)
        if self.ports is not None:
            words.append(",".join(str(a) if a == b else f"{a}-{b}" for a, b in self.ports))
        return " ".join(words)

    def matches(self, address, port, protocol):
        if address.version != self.network.version or address not in self.network:
            return False
        if self.protocol is not None and protocol != self.protocol:
            return False
        return self.ports is None or any(first <= port <= last for first, last in self.ports)

    def covers(self, other):
        """Is everything that 'other' describes described by this one, too?"""
        if self.network.version != other.network.version or not other.network.subnet_of(self.network):
            return False
        if self.protocol is not None and other.protocol != self.protocol:
            return False
        if self.ports is None:
            return True
        if other.ports is None:
            return False
        return all(any(a <= first and last <= b for a, b in self.ports) for first, last in other.ports)


# ---------------------------------------------------------------- names of packages, their makers, modules

@functools.lru_cache(maxsize=200000)
def text_matches(pattern, text):
    """'*' stands for any run of characters, '?' for one, all else for itself."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(text_matches(pattern[1:], text[skip:]) for skip in range(len(text) + 1))
    if not text or pattern[0] not in ("?", text[0]):
        return False
    return text_matches(pattern[1:], text[1:])


@functools.lru_cache(maxsize=200000)
def text_covers(wide, narrow):
    """Is everything that 'narrow' describes described by 'wide', too? Each wildcard became what only a wildcard matches:
    a '?' one such character, a '*' none of them and more than 'wide' has '?'."""
    texts = [""]
    for character in narrow:
        if character == "?":
            texts = [text + SOMETHING for text in texts]
        elif character == "*":
            texts = [text + NAME * number for text in texts for number in (0, len(wide) + 1)]
        else:
            texts = [text + character for text in texts]
    return all(text_matches(wide, text) for text in texts)


@functools.lru_cache(maxsize=200000)
def text_order(pattern):
    """How specific it is; smaller is more."""
    gaps = re.findall(r"[*?]+", pattern)
    fixed = len(pattern.replace("*", "").replace("?", "").encode())
    return bool(gaps), -fixed, sum("*" in gap for gap in gaps), -pattern.count("?")


# ---------------------------------------------------------------- domains

def domain_matches(pattern, name):
    """'*.' at the beginning is everything below the domain, at any depth, and not the domain itself."""
    labels, parts = name.split("."), pattern.split(".")
    if parts[0] != "*":
        return labels == parts
    return len(labels) > len(parts) - 1 and labels[-(len(parts) - 1):] == parts[1:]


def domain_covers(wide, narrow):
    if not narrow.startswith("*."):
        return domain_matches(wide, narrow)
    return wide.startswith("*.") and (wide == narrow or domain_matches(wide, narrow[2:]))


def domain_order(pattern):
    """'The name itself; then the longest "*." that it is below.'"""
    return pattern.startswith("*."), -len(pattern)


# ---------------------------------------------------------------- facts

# The kinds, by what says more about a file: its content, its name, where it was installed from. Then about a connection.
KINDS = {"digest": "digests", "path": "paths", "module": "modules", "package": "packages",
         "package-vendor": "package-vendors", "domain": "domains", "network": "networks"}
RANKS = list(KINDS)
PROGRAM_KINDS = ["digest", "path", "package", "package-vendor"]  # what an interpreter could open, and what can be contained


class Fact:
    """One matcher. 'value' is canonical, rule ids are digests of it."""

    def __init__(self, kind, written, confidence):
        self.kind = kind
        self.confidence = confidence
        # "A digest needs the size of its file ... Without one it is listed and not enforced."
        self.enforced = kind != "digest" or isinstance(written, dict) and "size" in written
        if kind == "network":
            self.network = Network(written)
            self.value = self.network.value
            return
        text = written["value"] if isinstance(written, dict) else written
        if kind == "path":
            text = canonical_path(text)
        elif kind == "module":
            text = text.replace("-", "_")
        elif kind == "digest":
            text = "sha256:" + text.rpartition(":")[2].lower()
        elif kind == "domain":
            text = text.lower().removesuffix(".")
        self.value = text

    def matches(self, attempt, exception=False, copies=True):
        """An exception covers the matched object only: not a copy of it, and for a path not another file that has this
        path elsewhere."""
        if self.kind == "network":
            return attempt.address is not None and self.network.matches(
                attempt.address, attempt.port, attempt.protocol)
        if self.kind == "domain":
            return attempt.domain is not None and domain_matches(self.value, attempt.domain)
        if self.kind == "digest":
            return attempt.digest == self.value
        if self.kind == "module":
            return attempt.module is not None and text_matches(self.value, attempt.module)
        texts = attempt.known[self.kind] + ([] if exception or not copies else attempt.copied[self.kind])
        if self.kind == "path":
            if attempt.path is not None and not (exception and attempt.away):
                texts = texts + [attempt.path]
            return any(path_matches(self.value, path) for path in texts)
        return any(text_matches(self.value, text) for text in texts)

    def covers(self, other):
        if self.kind != other.kind:
            return False
        if self.kind == "path":
            return path_covers(self.value, other.value)
        if self.kind == "network":
            return self.network.covers(other.network)
        if self.kind == "digest":
            return self.value == other.value
        if self.kind == "domain":
            return domain_covers(self.value, other.value)
        return text_covers(self.value, other.value)

    def order(self):
        if self.kind == "path":
            within = path_order(self.value)
        elif self.kind == "network":
            within = self.network.order()
        elif self.kind == "domain":
            within = domain_order(self.value)
        else:
            within = () if self.kind == "digest" else text_order(self.value)
        return RANKS.index(self.kind), within

    def id(self, owner):
        return f"{owner}/{self.kind}/{hashlib.sha256(self.value.encode()).hexdigest()[:8]}"


def read_facts(mapping, default_confidence):
    """The facts of a product or of a policy's own line that are decided on."""
    facts = []
    for kind, key in KINDS.items():
        for written in mapping.get(key) or []:
            confidence = default_confidence
            if isinstance(written, dict):
                confidence = written.get("confidence", confidence)
            facts.append(Fact(kind, written, confidence))
    return [fact for fact in facts if fact.enforced]


def narrower(one, other):
    """Does one rule (or entry) mean less than another, in the plainest sense: a part of it?"""
    return other.fact.covers(one.fact) and not one.fact.covers(other.fact)


def first_of(candidates, order):
    """Those that come first in an order."""
    least = min(order(one) for one in candidates)
    return [one for one in candidates if order(one) == least]


def check_order(named, candidates):
    """The order of rules must never prefer a rule to one that means a part of it."""
    for other in candidates:
        if narrower(other, named):
            raise AssertionError(f"{other.fact.value!r} is narrower than {named.fact.value!r}, but comes later")


# ---------------------------------------------------------------- catalogue

class Product:
    def __init__(self, vendor, mapping):
        self.vendor = vendor
        self.id = mapping["id"]
        self.product_class = mapping.get("class", "commercial")
        self.facts = read_facts(mapping, mapping.get("confidence", "seen"))


class Vendor:
    def __init__(self, mapping):
        self.id = mapping["id"]
        self.parent = mapping.get("parent")
        self.products = [Product(self, product) for product in mapping.get("products") or []]


class Catalogue:
    def __init__(self, documents):
        self.vendors = {}
        for mapping in documents:
            self.vendors[mapping["id"]] = Vendor(mapping)

    def distance(self, vendor, ancestor):
        """Steps from a vendor up to an ancestor; 0 is the vendor itself, None: it is not below it."""
        steps = 0
        while vendor is not None:
            if vendor == ancestor:
                return steps
            vendor = self.vendors[vendor].parent
            steps += 1
        return None


# ---------------------------------------------------------------- policy

class Rule:
    def __init__(self, vendor, product, fact, line, policy):
        self.vendor = vendor
        self.fact = fact
        self.id = fact.id(f"{vendor}/{product}")
        self.target = line.get("mode", policy.mode)
        # "Networks and domains of the line are refused to everybody": only what runs is contained, and its modules with it.
        self.contains = line.get("action") == "contain" and fact.kind not in ("network", "domain")
        self.strict = line.get("scripts") == "strict" and line.get("action") != "contain" and fact.kind in PROGRAM_KINDS
        # "Weaker matchers stay in audit", whatever a line says.
        self.too_weak = CONFIDENCES.index(fact.confidence) < CONFIDENCES.index(policy.min_confidence)

    def order(self):
        """Which of several matching rules names an attempt: the first in this order."""
        audit = self.target == "audit" or self.too_weak
        return self.fact.order(), audit, self.contains, self.id


class Allow:
    def __init__(self, fact, until):
        self.fact = fact
        self.id = fact.id("allow/-")
        self.until = until  # Unix time at which it ends; None: never

    def order(self):
        """Which of several is named: what lasts longest, then the most specific."""
        return self.until is not None, -(self.until or 0), self.fact.order(), self.id

    def holds(self, now):
        """'The end of that day, UTC; then it stops applying.' An unknown time is before every end."""
        return self.until is None or now is None or now < self.until


def end_of_day(text):
    days = datetime.date.fromisoformat(text).toordinal() - datetime.date(1970, 1, 1).toordinal()
    return (days + 1) * 86400


def narrowness(catalogue, line, product):
    """How narrowly a line means a product, 0 the narrowest; None: it does not reach it."""
    if line.get("vendor") is None:
        return None
    if "products" in line:
        return 0 if line["vendor"] == product.vendor.id and product.id in line["products"] else None
    if product.product_class not in REACHED_UNNAMED:
        return None
    steps = catalogue.distance(product.vendor.id, line["vendor"])
    if steps is None or (steps > 0 and line.get("subsidiaries") != "true"):
        return None
    return 1 + steps


class Policy:
    def __init__(self, mapping, catalogue, host):
        self.mode = mapping["mode"]
        self.min_confidence = mapping.get("min-confidence", "seen")
        self.requires = bool(mapping.get("requires"))
        self.internal = [Network(written) for written in mapping.get("internal") or []]
        self.rules = []
        self.allows = []
        lines = mapping.get("embargo") or []
        for vendor in catalogue.vendors.values():
            for product in vendor.products:
                self.add_product(catalogue, product, lines)
        for line in lines:
            if "name" in line:
                for fact in read_facts(line, "documented"):
                    self.rules.append(Rule(line["name"], "-", fact, line, self))
        for entry in mapping.get("allow") or []:
            self.add_allow(catalogue, entry, host)
        self.scope = Scope(mapping.get("scope") or {}, host)

    def add_product(self, catalogue, product, lines):
        """'When several lines reach one product the narrowest decides, whatever their order.'"""
        reaching = [(narrowness(catalogue, line, product), line) for line in lines]
        reaching = [(rank, line) for rank, line in reaching if rank is not None]
        if not reaching:
            return
        least = min(rank for rank, line in reaching)
        for rank, line in reaching:
            if rank == least:
                for fact in product.facts:
                    self.rules.append(Rule(product.vendor.id, product.id, fact, line, self))

    def add_allow(self, catalogue, entry, host):
        if not labels_fit(entry.get("hosts"), host):
            return
        until = end_of_day(entry["until"]) if "until" in entry else None
        kind = next((kind for kind in KINDS if kind in entry), None)
        if kind:
            facts = [Fact(kind, entry[kind], "documented")]
        else:
            vendor, _, name = entry["product"].partition("/")
            facts = [fact for product in catalogue.vendors[vendor].products if product.id == name
                     for fact in product.facts]
        self.allows.extend(Allow(fact, until) for fact in facts if fact.enforced)


def labels_fit(wanted, host):
    """The host has each label of 'hosts', with the value or one of the values. Where nobody knows the host's labels the
    entry is kept."""
    if not wanted or host.labels is None:
        return True
    return all(host.labels.get(name) in (value if isinstance(value, list) else [value])
               for name, value in wanted.items())


# ---------------------------------------------------------------- scope

@functools.lru_cache(maxsize=200000)
def cgroup_covered(pattern, cgroup):
    """A pattern covers the cgroups that it describes and all below them."""
    names = split_path(cgroup)
    return any(components_match(split_path(pattern), names[:length]) for length in range(len(names) + 1))


# Some of the names that managers of containers give to cgroups; generate.py uses only these.
CONTAINERS = ["/docker/*", "/system.slice/docker-*.scope", "/kubepods.slice", "/machine.slice/*"]


class Scope:
    """Whose attempts are decided. Everything that is said has to be so."""

    def __init__(self, mapping, host):
        self.only = mapping.get("only-cgroups")
        self.exclude = mapping.get("exclude-cgroups") or []
        self.containers = mapping.get("containers", "all")
        self.users = None
        if "users" in mapping:  # one whom this host does not know is nobody
            self.users = [int(user) if user.isdigit() else host.users.get(user) for user in mapping["users"]]

    def contains(self, attempt):
        def in_one_of(patterns):
            return any(cgroup_covered(pattern, attempt.cgroup) for pattern in patterns)

        if self.only is not None and not in_one_of(self.only):
            return False
        if in_one_of(self.exclude):
            return False
        if self.containers == "only" and not in_one_of(CONTAINERS):
            return False
        if self.containers == "none" and in_one_of(CONTAINERS):
            return False
        return self.users is None or attempt.uid in self.users


# ---------------------------------------------------------------- the decision

# By which a file can be known besides its path and content: the kind of fact, and the key of an attempt.
KNOWN = {"path": "known-as", "package": "packages", "package-vendor": "package-vendors"}

class Host:
    """What is known where the policy is read. Labels: None when nobody knows them."""

    def __init__(self, labels=None, users=None):
        self.labels = labels
        self.users = users or {}


class Attempt:
    """Who tries what, when, what is known of the file, and what holds back on this host.

    "known" and "copied" have what the file itself, and what a file with the same content, is known as: packages, their
    makers, other paths. "away" is a file that has its path in a container or below another mount.
    """

    def __init__(self, mapping):
        self.path = mapping.get("exec", mapping.get("open"))
        if self.path is not None and not self.path.startswith("/"):
            self.path = None  # a memfd
        self.opened = "open" in mapping  # by an interpreter, and not executed
        self.module = mapping.get("module")
        self.digest = mapping.get("digest")
        self.away = mapping.get("away") in (True, "true")
        self.protected = mapping.get("protected") in (True, "true")
        copied = mapping.get("copy-of") or {}
        self.known = {kind: mapping.get(key) or [] for kind, key in KNOWN.items()}
        self.copied = {kind: copied.get(key) or [] for kind, key in KNOWN.items()}
        self.address = self.port = self.protocol = None
        if "connect" in mapping:
            self.address = parse_address(mapping["connect"])
            self.port = int(mapping["port"])
            protocol = mapping["protocol"]
            self.protocol = PROTOCOLS[protocol] if protocol in PROTOCOLS else int(protocol)
        self.domain = mapping.get("domain")
        self.by = mapping.get("by")  # of a connection: the program that makes it, by the path of its file
        self.cgroup = mapping.get("cgroup", "/")
        self.uid = int(mapping.get("uid", 0))
        self.now = int(mapping["now"]) if int(mapping.get("now", 0)) else None
        self.paused = mapping.get("paused") or []  # vendors, or "everything"
        held = mapping.get("held") or []
        self.capped = "cap" in held
        self.breaker_open = "breaker" in held
        self.stage_held = "stage" in held
        self.requirement_unmet = "requirement" in held


def effective_mode(target, cap, pause, breaker, requirement, stage, too_weak):
    """The weakest of everything that has a say, and the first of what holds it in audit."""
    reasons = [("cap", cap), ("pause", pause), ("breaker", breaker), ("requirement", requirement),
               ("stage", stage), ("confidence", too_weak), ("policy", target == "audit")]
    for reason, holds in reasons:
        if holds:
            return "audit", reason
    return "enforce", "nothing"


def decided(policy, attempt, rule, allows, refused):
    """The answers when a rule decides: it refuses (or contains: 'refused' is the word) in its mode, if nothing lets it through."""
    paused = rule.vendor in attempt.paused or "everything" in attempt.paused
    unmet = policy.requires and attempt.requirement_unmet
    mode, held_by = effective_mode(rule.target, attempt.capped, paused, attempt.breaker_open, unmet,
                                   attempt.stage_held, rule.too_weak)
    if attempt.protected:
        return {("in", rule.id, "-", "allow", mode, held_by, "protected")}
    if allows:
        return {("in", rule.id, allow.id, "allow", mode, held_by, "allowed") for allow in first_of(allows, Allow.order)}
    return {("in", rule.id, "-", refused if mode == "enforce" else "allow", mode, held_by, "not")}


def containing(policy, attempt):
    """The rules one of which contains the program that connects: what decided when it was executed."""
    if attempt.by is None:
        return []
    program = Attempt({"exec": attempt.by})
    matching = [rule for rule in policy.rules if rule.fact.matches(program)]
    if not matching or any(allow.holds(attempt.now) and allow.fact.matches(program, True) for allow in policy.allows):
        return []
    return [rule for rule in first_of(matching, Rule.order) if rule.contains]


def decide(policy, attempt):
    """All right answers: (in scope, rule, allow, verdict, mode, held by, let through).

    "Programs of the line run ... they and all that they start reach the networks of 'internal' and nothing else."
    What nobody may reach they may not reach either, and then that rule is the one to name.
    """
    answers = decide_by_what_is_tried(policy, attempt)
    internal = any(network.matches(attempt.address, attempt.port, attempt.protocol) for network in policy.internal
                   if attempt.address is not None)
    if internal or not policy.scope.contains(attempt):
        return answers
    allows = [allow for allow in policy.allows if allow.holds(attempt.now) and allow.fact.matches(attempt, True)]
    for rule in containing(policy, attempt):
        answers = {answer for answer in answers if answer[3] == "deny"} or decided(policy, attempt, rule, allows, "deny")
    return answers


def decide_by_what_is_tried(policy, attempt):
    if not policy.scope.contains(attempt):
        return {("out", "-", "-", "allow", "-", "-", "-")}
    # what a file with the same content is known as says something only where nothing does of this one itself
    matching = [rule for rule in policy.rules if rule.fact.matches(attempt, copies=False)]
    matching = matching or [rule for rule in policy.rules if rule.fact.matches(attempt)]
    if not matching:
        return {("in", "-", "-", "allow", "-", "-", "-")}
    allows = [allow for allow in policy.allows if allow.holds(attempt.now) and allow.fact.matches(attempt, True)]
    answers = set()
    for rule in first_of(matching, Rule.order):
        check_order(rule, matching)
        if attempt.opened and not rule.strict:  # the rule that decides says whether opening counts
            answers.add(("in", "-", "-", "allow", "-", "-", "-"))
            continue
        # "Kernel modules of the line are let through and recorded."
        refused = "deny" if not rule.contains else "contain" if attempt.module is None else "allow"
        answers |= decided(policy, attempt, rule, allows, refused)
    return answers


def load(text):
    return yaml.load(text, Loader=LOADER)


def main():
    documents = []
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8") as file:
            documents.append(load(file.read()))
    policy = Policy(documents[0], Catalogue(documents[1:]), Host())
    for mapping in load(sys.stdin.read()):
        print(mapping, sorted(decide(policy, Attempt(mapping))))


if __name__ == "__main__":
    main()
