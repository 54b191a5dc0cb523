# SPDX-License-Identifier: MIT
"""The test of the test: what check_catalog.py must refuse, and what it must not.

check_catalog.py --self-test runs it.
"""
import ipaddress

from check_catalog import CLASSES, NEVER, Checker

# What must be refused, each for its own reason, and what must not. A check that lets one of the
# first through, or stops one of the second, is broken.
BAD = [
    ("commercial", "paths", "/usr/bin/**"), ("commercial", "paths", "/usr/bin"), ("commercial", "paths", "/opt/**"),
    ("commercial", "paths", "/usr/bin/*"), ("commercial", "paths", "/usr/*/sshd"), ("commercial", "paths", "/bin/sh"),
    ("commercial", "paths", "/usr/lib*/**"), ("commercial", "paths", "/*/x"), ("commercial", "paths", "**/sensor"),
    ("commercial", "paths", "/etc/init.d/*"), ("commercial", "paths", "/usr/lib/**"), ("commercial", "paths", "opt/x"),
    ("commercial", "paths", "/usr/lib/*/libbpf.so*"), ("commercial", "paths", "/opt/x/../y"),
    ("commercial", "paths", "/usr/lib/systemd/systemd*"), ("commercial", "paths", "/usr/bin/a*"),
    ("commercial", "paths", "/var/lib/**"), ("commercial", "paths", "/**"), ("commercial", "paths", "/opt/<x>/y"),
    ("commercial", "domains", "amazonaws.com"), ("commercial", "domains", "*.us-gov-west-1.elb.amazonaws.com"),
    ("commercial", "domains", "s3.eu-central-1.amazonaws.com"), ("commercial", "domains", "storage.googleapis.com"),
    ("commercial", "domains", "*.incapdns.net"), ("commercial", "domains", "com"), ("commercial", "domains", "*.co.uk"),
    ("commercial", "domains", "x.<region>.example.net"), ("commercial", "domains", "*.azurecr.io"),
    ("commercial", "networks", "0.0.0.0/0"), ("commercial", "networks", "45.60.1.0/24"),
    ("commercial", "networks", "10.1.0.0/16"), ("commercial", "networks", "8.8.8.8/24"),
    ("commercial", "modules", "vmxnet3"), ("commercial", "modules", "vmw_*"), ("commercial", "modules", "hns*"),
    ("commercial", "packages", "open-vm-tools"), ("commercial", "packages", "open-vm-tools-desktop"),
    ("commercial", "packages", "open-*"), ("open-source", "packages", "orca"), ("commercial", "packages", "*"),
    ("commercial", "package-vendors", "VMware, Inc."), ("open-source", "package-vendors", "Omnibus <omnibus@getchef.com>"),
    ("commercial", "digests", "sha256:12"), ("open-source", "package-vendors", "VMware, Inc."),
    ("legacy", "package-vendors", "open*"), ("commercial", "units", "open-vm-tools*"),
    ("legacy", "markers", "/etc/vmware-tools"), ("commercial", "repositories", "*.broadcom.com"),
    ("commercial", "paths", "/sbin/ip"), ("legacy", "paths", "/usr/bin/vmtools*"),
    ("commercial", "domains", "s3.us-east-2.amazonaws.com"), ("commercial", "domains", "x.incapdns.net"),
]
GOOD = [
    ("commercial", "paths", "/opt/CrowdStrike/**"), ("commercial", "paths", "/usr/bin/snx"),
    ("open-source", "paths", "/usr/lib/*/libvmtools.so*"), ("open-source", "paths", "/usr/lib*/open-vm-tools/plugins/**"),
    ("commercial", "domains", "*.cloudsink.net"), ("commercial", "domains", "wizio.azurecr.io"),
    ("commercial", "networks", "193.149.136.0/24"), ("commercial", "modules", "falcon_lsm_pinned_*"),
    ("open-source", "packages", "open-vm-tools"), ("commercial", "packages", "falcon-sensor"),
    ("distribution", "package-vendors", "VMware, Inc."), ("open-source", "paths", "/usr/bin/vmtoolsd"),
    ("commercial", "modules", "vmmon"), ("commercial", "domains", "*.rest.gti.mcafee.com"),
    ("commercial", "domains", "liveupdate.symantec.com"), ("commercial", "packages", "FortiEDRCollector*"),
    ("open-source", "package-vendors", "CyberArk"), ("commercial", "units", "falcon-sensor.service"),
]


# Lines of a policy, and whether they are refused; the catalogue is that of example_cases().
EXAMPLES = [
    ([{"vendor": "v"}], False),
    ([{"vendor": "v", "products": ["tools"]}], False),
    ([{"vendor": "holding", "subsidiaries": True}], False),
    ([{"vendor": "w"}], True),
    ([{"vendor": "w", "products": ["sensor"]}], True),
    ([{"vendor": "holding", "subsidiaries": True}, {"vendor": "other"}], True),
    ([{"name": "own", "paths": ["/opt/x/**"], "networks": [{"cidr": "198.18.0.0/24"}]}], False),
    ([{"name": "own", "paths": ["/usr/bin/o*"]}], True),
    ([{"name": "own", "paths": ["/usr/**/sshd"]}], True),
    ([{"name": "own", "networks": [{"cidr": "45.60.1.0/24", "ports": [443]}]}], True),
    ([{"name": "own", "packages": ["open-vm-tools"]}], True),
]


def one_product(cls, kind, value):
    checker = Checker()
    product = {"id": "p", "name": "P", "class": cls, kind: [value], "sources": ["https://example.net"],
               "confidence": "seen"}
    checker.check_vendor("v", "v", {"kind": "Vendor", "id": "v", "name": "V", "products": [product]})
    return checker


def never_cases():
    """For each thing of the list: it itself, and a wildcard that reaches it, of each class that may not."""
    for kind, value, only, below in NEVER.all():
        classes = [c for c in CLASSES if c != only]
        if kind == "directories":
            yield "paths", "commercial", value if value == "/" else value + "/**"
        elif kind == "domains":
            yield kind, "commercial", value
            yield kind, "legacy", "*." + value
            if below != "any":
                yield kind, "commercial", "*.sub." + value
            if below == "never":
                yield kind, "commercial", "sub." + value
        elif kind == "networks":
            yield kind, "commercial", value
            yield kind, "legacy", str(ipaddress.ip_network(value).supernet())
        else:
            for cls in classes:
                yield kind, cls, value
            yield kind, "commercial", value[:-1] + "*"


def example_cases():
    """Policies that reach the free tools of a vendor, or everybody's things, by a line that names a vendor alone."""
    failed = []
    for lines, refused in EXAMPLES:
        checker = Checker()
        tools = {"id": "tools", "class": "open-source", "packages": ["open-vm-tools"]}
        sensor = {"id": "sensor", "class": "commercial", "paths": ["/opt/v/**"]}
        checker.vendors = {
            "holding": {"products": []},
            "v": {"parent": "holding", "products": [tools, sensor]},
            "w": {"products": [{"id": "sensor", "class": "legacy", "modules": ["vmw_*"]}]},
            "other": {"products": [{"id": "cloud", "domains": ["*.incapdns.net"]}]},
        }
        checker.policy("p", {"kind": "Policy", "name": "p", "revision": 1, "mode": "audit", "embargo": lines})
        if bool(checker.findings) != refused:
            failed.append("example %r: %s" % (lines, checker.findings or "was not refused"))
    return failed


def hole_cases():
    """A weaker path inside of a better one of the same product."""
    failed = []
    for inner, outer, refused in (("unverified", "documented", True), ("documented", "unverified", False),
                                  ("seen", "seen", False)):
        checker = Checker()
        checker.holes("p", {"confidence": outer, "paths": ["/opt/x/**", {"value": "/opt/x/bin/y", "confidence": inner}]})
        if bool(checker.findings) != refused:
            failed.append("%s in %s: %s" % (inner, outer, checker.findings or "was not refused"))
    return failed


def self_test():
    failed = []
    for expect, cases in ((True, BAD), (False, GOOD)):
        for cls, kind, value in cases:
            checker = one_product(cls, kind, value)
            if bool(checker.findings) != expect:
                failed.append("%s %s %s: %s" % (cls, kind, value, checker.findings or "was not refused"))
    cases = len(BAD) + len(GOOD)
    for kind, cls, value in never_cases():
        cases += 1
        if not NEVER.hits(kind, value, cls):
            failed.append("never-denied.yaml: %s %s %s: was not refused" % (cls, kind, value))
    failed += example_cases()
    failed += hole_cases()
    shape = [{"kind": "Vendor", "id": "v", "name": "V", "products": [], "caveats": ["c"], "x": 1},
             {"kind": "Vendor", "id": "w", "name": "V", "products": [], "caveats": ["c"]},
             {"kind": "Vendor", "id": "v", "name": "V", "products": []},
             {"kind": "Vendor", "id": "v", "name": "V", "products": [], "caveats": ["c"], "parent": "none"},
             {"kind": "Vendor", "id": "v", "name": "V", "products": [], "caveats": ["c"], "parent": "v"}]
    for vendor in shape:
        checker = Checker()
        checker.check_vendor("v", "v", vendor)
        checker.parents()
        if len(checker.findings) != 1:
            failed.append("%r: %s" % (vendor, checker.findings))
    print("\n".join(failed) or "%d cases" % (cases + len(shape) + len(EXAMPLES)))
    return 1 if failed else 0
