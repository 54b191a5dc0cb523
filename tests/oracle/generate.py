#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
generate - random but interesting rounds: a catalogue, a policy, a host and attempts. The alphabets are small
so that things collide: nested prefixes, wildcards beside literals, overlapping networks, ports at their
borders, one fact in two products, exceptions inside what is denied that end at the very second.

The same seed and number give the same round on every machine.

usage: generate.py SEED NUMBER      prints one round
"""
import datetime
import ipaddress
import random
import sys

NAMES = ["a", "b", "ab", "aab", "ba", "lib", "lib.so", "libx.so", "x", "opt"]
MOVED_NAMES = ["usr", "bin", "sbin", "lib", "lib64", "var", "run"]  # where a merged /usr has links
ODD_NAMES = ["a b", "[a]", "a?", "\\a", "ä", "aä", ".a", "..a", "-", "a" * 255, "b" * 254, "abababab",
             "ababababa", "aaaaaaaaaaaaaaaa", "#a", "a:"]
GLOBS = ["*", "a*", "*a", "*b", "a*b", "*a*", "lib*", "lib*.so", "*.so", "*x*", "**a", "a*a*b", "*.*", "?*"]
VENDORS = ["acme", "bolt", "crux", "dyne", "evil"]
PRODUCTS = ["agent", "cloud", "sensor"]
CONFIDENCES = ["documented", "seen", "unverified"]
CLASSES = ["commercial", "legacy", "open-source", "distribution"]
BASES = ["192.0.2.0", "192.0.2.128", "192.0.3.0", "10.0.0.0", "10.128.0.0", "203.0.113.77", "127.0.0.1",
         "255.255.255.255", "2001:db8::", "2001:db8::8000:0:0:1", "2001:db8:0:1::", "2001:db9::", "fe80::",
         "::102:304", "ffff:ffff:ffff:ffff::"]
LENGTHS = {4: [1, 7, 8, 9, 16, 22, 23, 24, 25, 30, 31, 32], 6: [1, 16, 32, 33, 48, 63, 64, 65, 96, 127, 128]}
PORTS = [1, 2, 22, 442, 443, 444, 1024, 8000, 8080, 65534, 65535]
PROTOCOLS = ["tcp", "udp", "sctp"]
PACKAGES = ["acme", "acme-*", "acme-?", "acme-??", "acme-?*", "*-agent", "acme-a*", "*a*", "b?", "acme-agent", "a-b", "äb*"]
PACKAGE_VENDORS = ["Acme", "Acme, Inc.", "Acme*", "* Inc.", "Acme ?nc?", "*Bolt*", "Bolt <b@bolt.example>", "?cme"]
MODULES = ["acme", "acme_*", "acme-*", "acme_kmod", "acme-kmod", "*_kmod", "a*", "*me*o*", "a*m*", "bolt"]
DIGESTS = ["sha256:" + f"{number:x}" * 64 for number in range(1, 7)]  # the size of each is in digest_fact()
DOMAINS = ["acme.example", "*.acme.example", "api.acme.example", "*.api.acme.example", "*.x.api.acme.example", "x.api.acme.example",
           "*.b.acme.example", "bolt.example", "*.bolt.example", "Acme.example.", "*.eightbyt.example", "a-b.eightbyte.example",
           "xn--4ca.acme.example"]
LABELS = ["a", "b", "x", "api", "eightbyt", "eightbyte", "xn--4ca", "-", "acme", "a" * 63]
FILLERS = ["", "", "a", "b", "x", "ab", "-", "ä", "agent", "kmod"]
EPOCH = datetime.date(1970, 1, 1).toordinal()
ROLES = ["hypervisor", "web", "db"]
CGROUPS = ["/", "/system.slice", "/system.slice/a.service", "/system.slice/a.service/b", "/system.slice/docker-1.scope",
           "/system.slice/docker-1.scope/a", "/system.slice/docker.service", "/system.slice/xdocker-1.scope",
           "/docker", "/docker/a", "/docker/a/b", "/kubepods.slice", "/kubepods.slice/a/b", "/kubepods.slices",
           "/machine.slice", "/machine.slice/a.scope", "/user.slice", "/user.slice/user-1000.slice",
           "/user.slice/user-1000.slice/b", "/user.slice/user-1001.slice/a.service", "/a", "/a/b", "/a/b/a", "/b/a",
           "/a.service", "/x/system.slice"]
CGROUP_GLOBS = ["*", "a*", "*.slice", "*.service", "user-*.slice", "*-1*", "docker*"]
USERS = ["root", "alice", "bob", "carol", "nobodyknows", 0, 1000, 1001, 2000, 4294967294, "1000"]
UIDS = [0, 1000, 1001, 2000, 4294967294, 4294967295]
DAYS = ["2026-12-31", "2027-01-01", "2027-03-31", "2028-02-28", "2028-02-29", "2038-01-19", "2100-02-28", "9999-12-31"]


def some(rng, values, fewest, most):
    return [rng.choice(values) for _ in range(rng.randint(fewest, most))]


# ---------------------------------------------------------------- facts

def random_name(rng):
    """Each round has few names of its own; see make_round()."""
    return rng.choice(ODD_NAMES) if rng.random() < 0.06 else rng.choice(rng.names)


def random_component(rng):
    return rng.choice(GLOBS) if rng.random() < 0.3 else random_name(rng)


def random_pattern(rng):
    """One of the forms of the language; at least one component that is not only '*', which would be everything."""
    while True:
        components = [random_component(rng) for _ in range(rng.choice([1, 1, 2, 2, 2, 3, 3, 4]))]
        form = rng.random()
        if form < 0.35:
            components.append("**")
        elif form < 0.55:
            components.insert(-1, "**")
        elif form < 0.65:
            components = ["**", components[0]]
        if rng.random() < 0.05:
            components[-1] = "*" if components[-1] != "**" else "**"
        if any(component.strip("*") for component in components):
            break
    text = "/".join(components)
    return text if components[0] == "**" and rng.random() < 0.8 else "/" + text


def network_text(base, bits):
    network = ipaddress.ip_network((base, bits), strict=False)
    return str(network.network_address) if bits == network.max_prefixlen else str(network)


def random_cidr(rng):
    base = rng.choice(BASES)
    version = ipaddress.ip_address(base).version
    bits = rng.choice(LENGTHS[version])
    if version == 4 and rng.random() < 0.15:
        network = ipaddress.ip_network((base, bits), strict=False)
        return f"::ffff:{network.network_address}/{96 + bits}"
    return network_text(base, bits)


def random_network(rng, text):
    if rng.random() < 0.45:
        return text
    written = {"cidr": text}
    if rng.random() < 0.7:
        written["ports"] = [random_ports(rng) for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.6:
        written["protocol"] = rng.choice(PROTOCOLS + ["any"])
    return written


def cidr_of(written):
    return written["cidr"] if isinstance(written, dict) else written


def random_ports(rng):
    if rng.random() < 0.6:
        return str(rng.choice(PORTS))
    first, last = sorted(some(rng, PORTS, 2, 2))
    return f"{first}-{last}"


def confident(rng, written, key):
    """Sometimes a fact states its own confidence."""
    if rng.random() < 0.7:
        return written
    mapping = dict(written) if isinstance(written, dict) else {key: written}
    mapping["confidence"] = rng.choice(CONFIDENCES)
    return mapping


class Pool:
    """The facts of one round; several products take from the same few."""

    def __init__(self, rng):
        self.rng = rng
        self.paths = [random_pattern(rng) for _ in range(rng.choice([2, 4, 8, 14]))]
        self.networks = []
        for _ in range(rng.choice([1, 3, 6, 10])):
            again = self.networks and rng.random() < 0.4
            self.networks.append(random_network(rng, cidr_of(rng.choice(self.networks)) if again else random_cidr(rng)))
        if rng.random() < 0.08:
            self.networks = self.many_lengths()

        self.names = {key: rng.sample(values, rng.choice([1, 2, 4, len(values)])) for key, values in
                      (("packages", PACKAGES), ("package-vendors", PACKAGE_VENDORS), ("modules", MODULES), ("digests", DIGESTS),
                       ("domains", DOMAINS))}

    def name_facts(self, in_catalogue):
        """Of the kinds that are names, and of digests."""
        rng, mapping = self.rng, {}
        for key, values in self.names.items():
            found = unique_names(key, some(rng, values, 0, 3)) if rng.random() < 0.45 else []
            if key == "digests":
                found = [digest_fact(rng, value) for value in found]
            if found:
                mapping[key] = [confident(rng, one, "value") if in_catalogue else one for one in found]
        return mapping

    def many_lengths(self):
        """One address below networks of many lengths: up to as many as the format can hold, 32 of a family."""
        base = self.rng.choice(BASES)
        most = ipaddress.ip_address(base).max_prefixlen
        lengths = self.rng.sample(range(1, most + 1), self.rng.randint(8, 24))
        return [network_text(base, bits) for bits in lengths]

    def facts(self, in_catalogue, fewest):
        """'paths' and 'networks' of a product or a line."""
        rng = self.rng
        mapping = {}
        paths = some(rng, self.paths, 0, 4)
        networks = some(rng, self.networks, 0, 3 if len(self.networks) < 12 else 12)
        if not paths and not networks and fewest:
            paths = [rng.choice(self.paths)]
        if paths:
            mapping["paths"] = [confident(rng, p, "value") if in_catalogue else p for p in unique(paths)]
        if networks:
            mapping["networks"] = [confident(rng, n, "cidr") if in_catalogue else n for n in unique(networks)]
        mapping.update(self.name_facts(in_catalogue))
        return mapping


def digest_fact(rng, value):
    """Mostly with the size of its file, which is the same wherever the digest is named."""
    text = value.upper().replace("SHA256", "sha256") if rng.random() < 0.1 else value
    return {"value": text, "size": 1000 + int(value[-1], 16)} if rng.random() < 0.85 else text


def unique_names(key, values):
    """'acme-x' and 'acme_x' are one module."""
    kept = {}
    for value in values:
        kept.setdefault(normal_name(key, value), value)
    return list(kept.values())


def normal_name(key, value):
    if key == "domains":
        return value.lower().removesuffix(".")
    return value.replace("-", "_") if key == "modules" else value


def unique(values):
    """A fact that one list has twice is a warning of the reader, and nothing to decide."""
    kept = []
    for value in values:
        if value not in kept:
            kept.append(value)
    return kept


# ---------------------------------------------------------------- documents

def random_catalogue(rng, pool):
    documents = []
    for number, vendor in enumerate(VENDORS[:rng.choice([1, 2, 3, 5])]):
        document = {"kind": "Vendor", "id": vendor, "name": vendor.title()}
        if number and rng.random() < 0.8:
            document["parent"] = VENDORS[max(0, number - rng.choice([1, 1, 2, 3]))]
        products = []
        for product in PRODUCTS[:rng.choice([0, 1, 2, 3])]:
            mapping = {"id": product, "name": product.title()}
            if rng.random() < 0.6:
                mapping["class"] = rng.choice(CLASSES)
            if rng.random() < 0.6:
                mapping["confidence"] = rng.choice(CONFIDENCES)
            mapping.update(pool.facts(True, 0))
            products.append(mapping)
        if products:
            document["products"] = products
        documents.append(document)
    return documents


def reached(catalogue, line):
    """The products that a line reaches, with its narrowness: what the reader refuses is left out here."""
    parents = {document["id"]: document.get("parent") for document in catalogue}
    found = []
    for document in catalogue:
        for product in document.get("products", []):
            if "products" in line:
                if document["id"] == line["vendor"] and product["id"] in line["products"]:
                    found.append(((document["id"], product["id"]), 0))
                continue
            if product.get("class", "commercial") not in ("commercial", "legacy"):
                continue
            steps, vendor = 0, document["id"]
            while vendor is not None and vendor != line["vendor"]:
                steps, vendor = steps + 1, parents[vendor]
            if vendor is not None and (steps == 0 or line.get("subsidiaries")):
                found.append(((document["id"], product["id"]), 1 + steps))
    return found


def random_lines(rng, catalogue, pool):
    lines, taken = [], set()
    for _ in range(rng.choice([1, 2, 3, 5])):
        document = rng.choice(catalogue)
        line = {"vendor": document["id"]}
        kind = rng.random()
        if kind < 0.25 and document.get("products"):
            line["products"] = unique(product["id"] for product in some(rng, document["products"], 1, 2))
        elif kind < 0.75:
            line["subsidiaries"] = True
        found = reached(catalogue, line)
        if not found or any(place in taken for place in found):
            continue  # reaches nothing, or two equally narrow lines: an error
        taken.update(found)
        lines.append(line)
    for number in range(rng.choice([0, 1, 1, 2])):
        lines.append({"name": f"local-{number}", **pool.facts(False, 1)})
    if not lines:
        lines.append({"name": "local", **pool.facts(False, 1)})
    for line in lines:
        if rng.random() < 0.5:
            line["mode"] = rng.choice(["audit", "enforce", "enforce"])
        if rng.random() < 0.3:
            line["scripts"] = "strict"
        if rng.random() < rng.contain:
            line["action"] = rng.choice(["contain", "contain", "contain", "deny"])
    rng.shuffle(lines)
    return lines


def narrower_path(rng, pattern):
    """A path or a pattern inside a pattern, or around it."""
    components = [c for c in pattern.split("/") if c]
    if rng.random() < 0.3:
        return pattern
    if components[0] in MOVED_NAMES and rng.random() < 0.5:
        components.insert(0, "usr")
    if rng.random() < 0.2 and len(components) > 1 and components[0].strip("*"):
        return "/" + components[0] + "/**"
    return "/" + "/".join(instance(rng, components))


def random_allows(rng, catalogue, pool):
    entries = []
    for _ in range(rng.choice([0, 1, 2, 4])):
        kind = rng.random()
        entry = {}
        products = [(d["id"], p["id"]) for d in catalogue for p in d.get("products", [])]
        if kind < 0.2 and products:
            entry["product"] = "/".join(rng.choice(products))
        elif kind < 0.55:
            entry["path"] = narrower_path(rng, rng.choice(pool.paths))
        elif kind < 0.8:
            key = rng.choice(list(pool.names))
            value = rng.choice(pool.names[key])
            if key == "digests":
                value = digest_fact(rng, value)
            elif key == "domains":
                near = domain_name(rng, value)
                value = rng.choice([value, near, "*." + near]) if near.count(".") < 20 else value  # a rule has at most 64 labels
            elif rng.random() < 0.6:
                value = (module_name if key == "modules" else text_instance)(rng, value)
            entry[key[:-1]] = value
        else:
            entry["network"] = rng.choice([rng.choice(pool.networks), random_network(rng, random_cidr(rng))])
        entry["reason"] = "because"
        if rng.random() < 0.5:
            entry["until"] = rng.choice(rng.days)
        if rng.random() < 0.35:
            entry["hosts"] = random_hosts(rng)
        entries.append(entry)
        if rng.random() < 0.2:  # the same once more, for other hosts
            entries.append({**entry, "hosts": random_hosts(rng)})
    return unique_entries(entries)


def random_hosts(rng):
    hosts = {"role": rng.choice([rng.choice(ROLES), unique(some(rng, ROLES, 1, 2))])}
    if rng.random() < 0.3:
        hosts["ring"] = rng.choice(["canary", "main"])
    if rng.random() < 0.05:
        hosts["unheard-of"] = "x"
    return hosts


def unique_entries(entries):
    """The same thing allowed twice for the same hosts is an error."""
    kept = {}
    for entry in entries:
        hosts = {name: sorted(v if isinstance(v, list) else [v]) for name, v in sorted(entry.get("hosts", {}).items())}
        kept.setdefault(repr((canonical(entry), hosts)), entry)
    return list(kept.values())


def canonical(entry):
    if "path" in entry:
        return "path", [c for c in entry["path"].split("/") if c]
    for kind in ("digest", "module", "package", "package-vendor", "domain"):
        if kind in entry:
            value = entry[kind]["value"] if isinstance(entry[kind], dict) else entry[kind]
            return kind, value.lower() if kind == "digest" else normal_name(kind + "s", value)
    if "network" not in entry:
        return "product", entry["product"]
    network = entry["network"] if isinstance(entry["network"], dict) else {"cidr": entry["network"]}
    ports = set()
    for text in network.get("ports", []):
        first, _, last = text.partition("-")
        ports.update(range(int(first), int(last or first) + 1))
    cidr = ipaddress.ip_network(network["cidr"])
    if cidr.version == 6 and cidr.network_address.ipv4_mapped:
        cidr = ipaddress.ip_network((cidr.network_address.ipv4_mapped, cidr.prefixlen - 96))
    return "network", str(cidr), network.get("protocol", "any"), len(ports), sum(ports)


def random_cgroup_pattern(rng):
    """A cgroup, or one with wildcards; the pattern that is every cgroup is refused."""
    components = [c for c in rng.choice(CGROUPS[1:]).split("/") if c]
    for number in range(len(components)):
        if rng.random() < 0.25:
            components[number] = rng.choice(CGROUP_GLOBS)
    if not any(component.strip("*") for component in components):
        components.append("a")
    return "/" + "/".join(components)


def random_scope(rng):
    scope = {}
    if rng.random() < 0.5:
        scope["only-cgroups"] = unique(random_cgroup_pattern(rng) for _ in range(rng.randint(1, 3)))
    if rng.random() < 0.5:
        patterns = unique(random_cgroup_pattern(rng) for _ in range(rng.randint(0, 3)))
        scope["exclude-cgroups"] = [p for p in patterns if p not in scope.get("only-cgroups", [])]
    if rng.random() < 0.3:
        scope["users"] = some(rng, USERS, 1, 3)
    if rng.random() < 0.3:
        scope["containers"] = rng.choice(["all", "none", "only"])
    return scope


def random_internal(rng):
    """Whole networks, some inside of others."""
    texts = unique(random_cidr(rng) for _ in range(rng.choice([1, 2, 4, 8])))
    return [{"cidr": text, "note": "inside"} if rng.random() < 0.1 else text for text in texts]


def random_policy(rng, catalogue, pool):
    policy = {"kind": "Policy", "name": "test", "revision": rng.randint(1, 9)}
    policy["mode"] = rng.choice(["audit", "enforce", "enforce"])
    if rng.random() < 0.7:
        policy["min-confidence"] = rng.choice(CONFIDENCES)
    policy["embargo"] = random_lines(rng, catalogue, pool)
    if any(line.get("action") == "contain" for line in policy["embargo"]) or rng.random() < 0.05:
        policy["internal"] = random_internal(rng)
    if rng.random() < 0.2:
        policy["names"] = {key: rng.choice(["allow", "deny"]) for key in ("no-name", "quic") if rng.random() < 0.7}
    allows = random_allows(rng, catalogue, pool)
    if allows:
        policy["allow"] = allows
    scope = random_scope(rng) if rng.random() < 0.35 else {}
    if scope:
        policy["scope"] = scope
    if rng.random() < 0.15:
        policy["requires"] = rng.choice([{"package": "other-agent"}, {"unit": "other.service"}, {"exec": "prevent"},
                                         {"package": "other-agent", "exec": "prevent"}])
    return policy


# ---------------------------------------------------------------- attempts

def text_instance(rng, pattern):
    """A text that a pattern describes, or nearly; never empty."""
    text = "".join(rng.choice(FILLERS) if c == "*" else rng.choice(["a", "x", "-", "ä"]) if c == "?" else c for c in pattern)
    change = rng.random()
    if change < 0.1:
        text = text[:-1]
    elif change < 0.2:
        text += rng.choice(["a", "x", "-b"])
    return text or "x"


def module_name(rng, pattern):
    """As the kernel shows it."""
    return text_instance(rng, pattern).replace("-", "_").replace("ä", "z")


def domain_name(rng, pattern):
    """A name that a pattern means, or nearly."""
    labels = pattern.lower().removesuffix(".").split(".")
    if labels[0] == "*":
        labels[:1] = some(rng, LABELS, rng.choice([0, 1, 1, 1, 2]), 3)
    change = rng.random()
    if change < 0.1:
        labels.insert(rng.randrange(len(labels) + 1), rng.choice(LABELS))
    elif change < 0.2 and len(labels) > 2:
        del labels[rng.randrange(len(labels))]
    elif change < 0.3:
        labels[rng.randrange(len(labels))] = rng.choice(LABELS)
    elif change < 0.32:
        labels[:0] = some(rng, ["a", "b"], 60, 80)
    if len(labels) < 2:
        labels.append("example")
    while len(".".join(labels)) > 250:  # RFC 1035 allows 253, and an exception may put "*." before it
        del labels[0]
    return ".".join(labels)


def random_known(rng, pool, paths):
    """What a file is known as, besides its path and its content."""
    known = {}
    if rng.random() < 0.5:
        known["packages"] = [text_instance(rng, rng.choice(pool.names["packages"])) for _ in range(rng.choice([1, 1, 2]))]
    if rng.random() < 0.35:
        known["package-vendors"] = [text_instance(rng, rng.choice(pool.names["package-vendors"]))]
    if rng.random() < 0.4:
        found = [random_path(rng, paths) for _ in range(rng.choice([1, 1, 2]))]
        known["known-as"] = [path for path in found if is_short(path)]
    return {key: value for key, value in known.items() if value}


def is_short(path):
    """Far from the limits of one look at a path."""
    names = path.split("/")
    return len(names) < 20 and all(len(name) < 40 for name in names)


def random_file(rng, pool, paths):
    """An attempt on a file of which several things may be known."""
    path = random_path(rng, paths) if rng.random() < 0.9 else "memfd:x"
    attempt = {}
    kind = rng.random()
    if not is_short(path):
        path = "/x"
    if kind < 0.7:
        attempt["exec"] = path
    elif kind < 0.9:
        attempt["open"] = path
    else:
        attempt["module"] = module_name(rng, rng.choice(pool.names["modules"]))
        if rng.random() < 0.4:
            attempt["exec"] = path
    attempt.update(random_known(rng, pool, paths))
    if rng.random() < 0.35:
        attempt["digest"] = rng.choice(pool.names["digests"] + DIGESTS)
    if rng.random() < 0.2:
        attempt["copy-of"] = random_known(rng, pool, paths) or {"packages": ["acme"]}
    if rng.random() < 0.2:
        attempt["away"] = True
    if rng.random() < 0.08:
        attempt["protected"] = True
    return attempt

def instance(rng, components):
    """A path that a pattern describes, or nearly: each wildcard becomes something."""
    names = []
    for number, component in enumerate(components):
        if component == "**":
            fewest = 1 if number == len(components) - 1 else 0
            names += [random_name(rng) for _ in range(rng.choice([fewest, fewest, 1, 2, 3]))]
        else:
            name = "".join(rng.choice(["", "", "a", "b", "x", ".so", "ab"]) if c == "*" else c for c in component)
            names.append(name or "x")
    return [name if name not in (".", "..") else "x" for name in names]


def random_path(rng, patterns):
    if patterns and rng.random() < 0.85:
        names = instance(rng, [c for c in rng.choice(patterns).split("/") if c])
    else:
        names = [random_name(rng) for _ in range(rng.randint(1, 5))]
    if names[0] in MOVED_NAMES and rng.random() < 0.4:
        names[:2 if names[:2] == ["usr", "sbin"] else 1] = rng.choice([["usr", names[0]], ["usr", "bin"], ["run"]])
    change = rng.random()
    if change < 0.1:
        names.append(random_name(rng))
    elif change < 0.2 and len(names) > 1:
        del names[rng.randrange(len(names))]
    elif change < 0.3:
        names[rng.randrange(len(names))] = random_name(rng)
    elif change < 0.35:
        names.insert(rng.randrange(len(names) + 1), random_name(rng))
    elif change < 0.38:
        at = rng.randrange(len(names))
        names[at] = (names[at] + rng.choice(["a", "b", "*", "\udcff"]))[:255]
    elif change < 0.385:
        names[1:1] = [random_name(rng) for _ in range(rng.choice([58, 62, 63, 64, 65, 100]))]
    return "/" + "/".join(names)


def random_address(rng, networks):
    """Within a network of the policy, at its borders, or just beyond."""
    written = rng.choice(networks) if networks and rng.random() < 0.8 else rng.choice(BASES)
    network = ipaddress.ip_network(cidr_of(written))
    first, last = int(network.network_address), int(network.broadcast_address)
    number = rng.choice([first, last, first - 1, last + 1, rng.randint(first, last), rng.randint(first, last)])
    number %= 2 ** network.max_prefixlen
    address = (ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address)(number)
    if network.version == 4 and rng.random() < 0.2:
        return f"::ffff:{address}"
    return str(address)


def random_port(rng, networks):
    return rng.choice([rng.choice(PORTS), (rng.choice(PORTS) + rng.choice([-1, 1])) % 65536, rng.randrange(65536)])


def random_times(rng, host):
    """The second before an exception ends, that second, the one after, and an unknown time; none before the reading."""
    ends = [(datetime.date.fromisoformat(day).toordinal() + 1 - EPOCH) * 86400 for day in rng.days]
    times = sorted({end + other for end in ends for other in (-86400, -1, 0, 1)})
    if rng.random() < 0.7:
        return times + [0]
    host["read-at"] = rng.choice(times[:-2])
    return [time for time in times if time >= host["read-at"]]


def facts_of(catalogue, policy, key, single):
    owners = [p for d in catalogue for p in d.get("products", [])] + policy["embargo"]
    written = [fact for owner in owners for fact in owner.get(key, [])]
    values = [fact["value"] if isinstance(fact, dict) and "value" in fact else fact for fact in written]
    return values + [entry[single] for entry in policy.get("allow", []) if single in entry]


def random_attempts(rng, number, catalogue, policy, host, pool):
    paths, networks = facts_of(catalogue, policy, "paths", "path"), facts_of(catalogue, policy, "networks", "network")
    vendors = [d["id"] for d in catalogue] + [line["name"] for line in policy["embargo"] if "name" in line]
    times = random_times(rng, host)
    attempts = []
    for _ in range(number):
        attempt = {}
        kind = rng.random()
        if kind < 0.25:
            attempt["exec"] = random_path(rng, paths)
        elif kind < 0.6:
            attempt = random_file(rng, pool, paths)
        elif kind < 0.72:
            attempt["domain"] = domain_name(rng, rng.choice(pool.names["domains"]))
        else:
            attempt["connect"] = random_address(rng, networks + policy.get("internal", []))
            attempt["port"] = random_port(rng, networks)
            attempt["protocol"] = rng.choice(PROTOCOLS + ["tcp", "tcp", "udp", "1", "136"])
            by = random_path(rng, paths)
            if rng.random() < 0.5 and is_short(by):
                attempt["by"] = by
        attempt["now"] = rng.choice(times)
        if "scope" in policy or rng.random() < 0.1:
            attempt["cgroup"] = rng.choice(CGROUPS)
            attempt["uid"] = rng.choice(UIDS)
        if rng.random() < 0.12:
            attempt["paused"] = some(rng, vendors + ["everything"], 1, 2)
        if rng.random() < 0.12:
            attempt["held"] = unique(some(rng, ["cap", "breaker", "stage", "requirement"], 1, 2))
        attempts.append(attempt)
    return attempts


def attempts_of(documents, rng):
    """Attempts at what whole documents name: their paths and networks, what is in them and just beside."""
    rng.names = NAMES
    owners = [product for one in documents for product in one.get("products", [])]
    owners += [line for one in documents for line in one.get("embargo", [])]
    written = [fact for owner in owners for fact in owner.get("paths", [])]
    paths = [fact["value"] if isinstance(fact, dict) else fact for fact in written]
    networks = [fact for owner in owners for fact in owner.get("networks", [])]
    attempts = [{"exec": random_path(rng, [path])} for path in paths for _ in range(4)]
    domains = [fact["value"] if isinstance(fact, dict) else fact for owner in owners for fact in owner.get("domains", [])]
    attempts += [{"domain": domain_name(rng, domain)} for domain in domains for _ in range(4)]
    for network in networks:
        for _ in range(6):
            ports = parse_some(network)
            attempts.append({"connect": random_address(rng, [network]), "port": rng.choice(ports),
                             "protocol": rng.choice(PROTOCOLS)})
    attempts += [{"connect": random_address(rng, []), "port": 443, "protocol": "tcp", "by": random_path(rng, [path])} for path in paths]
    return attempts


def parse_some(network):
    """Ports at the borders of what a network names."""
    ports = [443]
    for text in network.get("ports", []) if isinstance(network, dict) else []:
        first, _, last = text.partition("-")
        ports += [int(first), int(first) - 1, int(last or first), (int(last or first) + 1) % 65536]
    return ports


class Round:
    """Documents as mappings, what is known of the host, and attempts."""

    def __init__(self, catalogue, policy, host, attempts):
        self.catalogue = catalogue
        self.policy = policy
        self.host = host
        self.attempts = attempts


def make_round(seed, number, attempts=40):
    rng = random.Random(f"{seed}/{number}")
    rng.names = rng.sample(NAMES, rng.choice([2, 3, 5, len(NAMES)]))
    if rng.random() < 0.15:
        rng.names = rng.sample(MOVED_NAMES, rng.choice([3, len(MOVED_NAMES)])) + rng.names[:2]
    rng.days = rng.sample(DAYS, rng.choice([1, 2, 3]))
    if rng.random() < 0.3:
        rng.days.append(datetime.date.fromordinal(rng.randint(EPOCH + 1, EPOCH + 100000)).isoformat())
    rng.contain = rng.choice([0, 0, 0.3, 0.8])
    pool = Pool(rng)
    catalogue = random_catalogue(rng, pool)
    policy = random_policy(rng, catalogue, pool)
    host = {"keep": True} if number % 100 == 50 else {}
    if rng.random() < 0.8:
        host["labels"] = {"role": rng.choice(ROLES), "ring": rng.choice(["canary", "main"])}
    return Round(catalogue, policy, host, random_attempts(rng, attempts, catalogue, policy, host, pool))


def shuffled(round_, rng):
    """The same documents in another order; the policy stays as it is where order says something: nowhere."""
    def mixed(value):
        if isinstance(value, dict):
            return {key: mixed(member) for key, member in value.items()}
        if isinstance(value, list):
            return rng.sample([mixed(member) for member in value], len(value))
        return value

    return Round(mixed(round_.catalogue), mixed(round_.policy), round_.host, round_.attempts)


# ---------------------------------------------------------------- YAML

PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-_.")


def scalar(value):
    if value is True:
        return "true"
    if isinstance(value, int):
        return str(value)
    if value and (value[0].isalpha() or value[0] == "/") and set(value) <= PLAIN and value not in ("true", "false", "null"):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def to_yaml(value, indent=0):
    """Block style for what holds others, flow style for the leaves, as people write it."""
    space = "  " * indent
    lines = []
    if isinstance(value, dict):
        for key, member in value.items():
            if isinstance(member, (dict, list)) and member and not flat(member):
                lines += [f"{space}{key}:"] + to_yaml(member, indent + 1)
            else:
                lines.append(f"{space}{key}: {flow(member)}")
    else:
        for member in value:
            if isinstance(member, dict) and not flat(member):
                inner = to_yaml(member, indent + 1)
                lines += [space + "- " + inner[0].lstrip()] + inner[1:]
            else:
                lines.append(f"{space}- {flow(member)}")
    return lines


def flat(value):
    """Short enough for one line."""
    return len(flow(value)) <= 60


def flow(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(member) for member in value) + "]"
    if isinstance(value, str) and not value.replace("-", "").isdigit() and scalar(value) == value:
        return value
    return scalar(value)


def document(mapping):
    return "\n".join(to_yaml(mapping)) + "\n"


def main():
    made = make_round(sys.argv[1], int(sys.argv[2]))
    for mapping in made.catalogue + [made.policy, {"host": made.host, "attempts": made.attempts}]:
        print("---")
        print(document(mapping), end="")


if __name__ == "__main__":
    main()
