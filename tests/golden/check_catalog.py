#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check every file of the vendor catalogue and of the examples, independently of the product's own reader.

The reader of the product says whether a file can be read. This says whether it may be shipped: that
no rule of it could hurt a host or cut off people who have nothing to do with the vendor. It knows
nothing of the C code, so that a mistake there is not repeated here.

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

CONFIDENCE = ("documented", "seen", "unverified")
CLASSES = ("commercial", "legacy", "open-source", "distribution")
VENDOR_KEYS = {"kind", "id", "name", "aliases", "parent", "country", "products", "sources", "caveats"}
RULE_KINDS = ("packages", "package-vendors", "paths", "digests", "modules", "domains", "networks")
FIND_KINDS = ("units", "images", "markers", "repositories")
PRODUCT_KEYS = {"id", "name", "class", "sources", "confidence", "note", *RULE_KINDS, *FIND_KINDS}
VALUE_KEYS = {"value", "confidence", "sources", "note"}
NETWORK_KEYS = {"cidr", "ports", "protocol", "confidence", "sources", "note"}

# Directories that belong to the system: no rule may name one or everything below one.
SYSTEM_DIRECTORIES = """
/ /bin /sbin /lib /lib32 /lib64 /libx32 /usr /usr/bin /usr/sbin /usr/lib /usr/lib32 /usr/lib64
/usr/lib/x86_64-linux-gnu /usr/lib/aarch64-linux-gnu /usr/libexec /usr/share /usr/src /usr/src/app
/usr/local /usr/local/bin /usr/local/sbin /usr/local/lib /usr/local/libexec /usr/local/share /etc
/etc/init.d /etc/systemd /etc/systemd/system /etc/opt /usr/lib/systemd /usr/lib/systemd/system
/lib/systemd /usr/lib/modules /lib/modules /opt /var /var/lib /var/log /var/opt /var/cache /var/tmp
/home /root /run /tmp /srv /mnt /media /boot /dev /proc /sys /usr/include /usr/games
""".split()

# Programs without which a host does not start, cannot be reached or cannot be repaired.
SYSTEM_FILES = """
/bin/sh /bin/bash /bin/dash /usr/bin/sh /usr/bin/bash /usr/bin/dash /sbin/init /usr/sbin/init
/lib/systemd/systemd /usr/lib/systemd/systemd /usr/lib/systemd/systemd-logind /usr/bin/systemctl
/usr/lib/systemd/systemd-journald /usr/lib/systemd/systemd-udevd /usr/bin/dbus-daemon /bin/mount
/usr/bin/mount /usr/sbin/mount.nfs /sbin/mount.nfs /usr/sbin/sshd /usr/lib/openssh/sftp-server
/usr/libexec/openssh/sftp-server /usr/lib/openssh/sshd-session /usr/bin/ssh /usr/bin/sudo /usr/bin/su
/usr/bin/login /bin/login /usr/bin/passwd /sbin/agetty /usr/sbin/agetty
/lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1 /usr/lib64/ld-linux-x86-64.so.2
/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 /usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1
/usr/lib/x86_64-linux-gnu/libc.so.6 /usr/lib64/libc.so.6 /usr/lib/libc.so.6 /usr/lib64/libbpf.so.1
/usr/lib/x86_64-linux-gnu/libbpf.so.1 /usr/lib/x86_64-linux-gnu/libpam.so.0 /usr/lib64/libpam.so.0
/usr/lib/x86_64-linux-gnu/security/pam_unix.so /usr/lib64/security/pam_unix.so
/usr/bin/dpkg /usr/bin/apt /usr/bin/apt-get /usr/lib/apt/methods/https /usr/bin/rpm /usr/bin/dnf
/usr/bin/yum /usr/bin/zypper /usr/bin/python3 /usr/bin/perl /usr/bin/env /usr/bin/kmod /sbin/modprobe
/usr/sbin/update-initramfs /usr/bin/dracut /usr/sbin/grub-install /usr/bin/orca /usr/bin/openvpn
/usr/bin/embargo /usr/sbin/embargod /usr/bin/openconnect /usr/bin/openfortivpn
/etc/init.d/ssh /etc/init.d/networking /etc/init.d/dbus
""".split()

# Names that many organisations share. The name and everything below it may not be denied; one exact
# host below it may, unless it is in SHARED_HOSTS.
SHARED_DOMAINS = """
amazonaws.com amazon.com cloudfront.net storage.googleapis.com googleapis.com google.com gstatic.com
googleusercontent.com pkg.dev gcr.io azurecr.io azurecr.us azure.com windows.net azureedge.net
microsoft.com jfrog.io quay.io ghcr.io github.io github.com githubusercontent.com docker.io docker.com
incapdns.net impervadns.net symantec.com symantecliveupdate.com symauth.com symcb.com symcd.com
pki.symantec.com ws.symantec.com vmware.com broadcom.com bitnami.com mcafee.com huaweicloud.com
myhuaweicloud.com cloudflare.com akamai.net akamaized.net akamaiedge.net fastly.net debian.org
ubuntu.com redhat.com fedoraproject.org suse.com kernel.org pypi.org npmjs.org digicert.com
letsencrypt.org
""".split()
SHARED_HOSTS = re.compile(r"^s3([.-][a-z0-9-]+)?\.amazonaws\.com$|^(packages|support)\.(broadcom|vmware)\.com$")

# Reverse proxies in front of other companies' web sites, documentation addresses, everything.
SHARED_NETWORKS = [ipaddress.ip_network(n) for n in """
199.83.128.0/21 198.143.32.0/19 149.126.72.0/21 103.28.248.0/22 45.64.64.0/22 185.11.124.0/22
192.230.64.0/18 107.154.0.0/16 45.60.0.0/16 45.223.0.0/16 2a02:e980::/29 10.0.0.0/8 172.16.0.0/12
192.168.0.0/16 127.0.0.0/8 169.254.0.0/16 100.64.0.0/10 224.0.0.0/4 ::1/128 fc00::/7 fe80::/10
ff00::/8 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32
""".split()]
WIDEST = {4: 16, 6: 32}  # shortest prefix that one vendor's service is believed to have

MAINLINE_MODULES = """
vmxnet3 vmw_pvscsi vmw_vmci vmw_balloon vmwgfx vmw_vsock_vmci_transport vsock bnxt_en bnxt_re tg3
bnx2 bnx2x be2net lpfc megaraid_sas mpt3sas brcmfmac brcmsmac brcmutil hns3 hnae3 hclge hinic hibmc_drm
hisi_sas_main wireguard tun bpf overlay fuse vfat ext4 xfs nf_tables cfg80211
""".split()

# Vendor strings that a whole distribution, or everybody who uses one packaging tool, carries.
SYSTEM_PACKAGE_VENDORS = {"VMware, Inc.": "distribution"}
NO_IDENTITY = re.compile(r"omnibus|getchef|fpm|goreleaser|@debian\.org|@ubuntu\.com|red hat|fedora|suse", re.I)

SYSTEM_PACKAGES = """
bash dash libc6 glibc systemd openssh-server sudo dpkg apt rpm dnf yum linux-image-amd64 kernel orca
openconnect openvpn openfortivpn wireguard-tools osquery python3 perl containerd docker.io embargo
""".split()


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


def path_regex(pattern):
    """The paths that a pattern of the product matches."""
    if pattern.startswith("**/"):
        return re.compile(r"/(?:.*/)?" + star(pattern[3:]) + r"\Z")
    if pattern.endswith("/**"):
        return re.compile(star(pattern[:-3]) + r"/.+\Z")
    return re.compile(star(pattern) + r"\Z")


def star(text):
    return "".join("[^/]*" if c == "*" else re.escape(c) for c in text)


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
    regex = path_regex(value)
    body_regex = re.compile(star(body) + r"\Z")
    for directory in SYSTEM_DIRECTORIES:
        if regex.match(directory) or body_regex.match(directory):
            return "names or covers the system directory %s" % directory
        # a whole component of stars would also be anything else that is put into that directory
        if re.fullmatch(re.escape(directory.rstrip("/")) + r"/\*+", body):
            return "everything in the system directory %s" % directory
    for name in SYSTEM_FILES:
        if regex.match(name):
            return "matches %s" % name
    return None


def check_domain(value):
    name = value[2:] if value.startswith("*.") else value
    if name != name.lower() or not re.fullmatch(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]+", name):
        return "not a host name"
    if name.count(".") == 1 and name.split(".")[0] in ("co", "com", "org", "net", "gov"):
        return "a public suffix"
    for shared in SHARED_DOMAINS:
        if name == shared or shared.endswith("." + name):
            return "covers %s, which others share" % shared
        if value.startswith("*.") and name.endswith("." + shared) and shared.endswith(
                ("amazonaws.com", "googleapis.com", "azurecr.io", "azurecr.us", "pkg.dev", "github.io", "jfrog.io")):
            return "a wildcard below %s, which others share" % shared
    if SHARED_HOSTS.match(name):
        return "a host that others share"
    return None


def check_network(value):
    try:
        network = ipaddress.ip_network(value)
    except ValueError as error:
        return str(error)
    if network.prefixlen < WIDEST[network.version]:
        return "wider than any one vendor's network"
    for shared in SHARED_NETWORKS:
        if shared.version == network.version and shared.overlaps(network):
            return "overlaps %s, which others share" % shared
    return None


def check_module(value):
    if not re.fullmatch(r"[A-Za-z0-9_]+\*?", value) or len(value) < 4:
        return "not a module name, as in /proc/modules"
    regex = re.compile(star(value) + r"\Z")
    hits = [name for name in MAINLINE_MODULES if regex.match(name)]
    return "matches %s of the mainline kernel" % hits[0] if hits else None


def check_package(value, product):
    if not re.fullmatch(r"[A-Za-z0-9*][A-Za-z0-9+._*-]*", value) or len(value.replace("*", "")) < 4:
        return "not a package name"
    regex = re.compile(star(value) + r"\Z")
    hits = [name for name in SYSTEM_PACKAGES if regex.match(name)]
    if hits:
        return "matches the package %s" % hits[0]
    # every distribution's own package of this name starts so
    if product.get("class") != "open-source" and regex.match("open-vm-tools"):
        return "open-vm-tools belongs to a product of class open-source"
    if product.get("class") != "open-source" and value.startswith("open-vm-tools"):
        return "open-vm-tools belongs to a product of class open-source"
    return None


def check_package_vendor(value, product):
    needed = SYSTEM_PACKAGE_VENDORS.get(value)
    if needed and product.get("class") != needed:
        return "a whole distribution carries this vendor; only a product of class %s may" % needed
    if NO_IDENTITY.search(value) or "*" in value:
        return "does not identify a vendor"
    return None


def check_digest(value, _product):
    return None if re.fullmatch(r"sha256:[0-9a-f]{64}", value) else "not sha256: and 64 hex digits"


CHECKS = {
    "packages": check_package,
    "package-vendors": check_package_vendor,
    "paths": lambda value, product: check_path(value),
    "digests": check_digest,
    "modules": lambda value, product: check_module(value),
    "domains": lambda value, product: check_domain(value),
    "networks": lambda value, product: check_network(value),
}


def strings(value):
    return isinstance(value, list) and all(isinstance(v, str) and v.strip() for v in value)


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
        wrong = CHECKS[kind](item, product) if kind in CHECKS else None
        if wrong:
            self.say(where, "%s: %s: %s" % (kind, item, wrong))
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

    def vendor(self, path):
        where = path.name
        try:
            vendor = load(path)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            self.say(where, " ".join(str(error).split()))
            return
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
                continue
            if vendor not in self.vendors:
                self.say(where, "vendor %r is not in the catalogue" % vendor)
                continue
            products = {p["id"] for p in self.vendors[vendor]["products"]}
            for product in line.get("products") or []:
                if product not in products:
                    self.say(where, "%s has no product %r" % (vendor, product))
            named.append(vendor)
        for double in {v for v in named if named.count(v) > 1}:
            self.say(where, "vendor %s is there twice" % double)

    def summary(self):
        products = [p for v in self.vendors.values() for p in v.get("products") or []]
        lines = ["%d vendors, %d products" % (len(self.vendors), len(products))]
        for kind in (*RULE_KINDS, *FIND_KINDS):
            if kind in self.matchers:
                count = self.matchers[kind]
                lines.append("%-16s %4d: %s" % (kind, sum(count.values()),
                                                ", ".join("%d %s" % (count[c], c) for c in CONFIDENCE)))
        return "\n".join(lines)


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
    ("commercial", "digests", "sha256:12"),
]
GOOD = [
    ("commercial", "paths", "/opt/CrowdStrike/**"), ("commercial", "paths", "/usr/bin/snx"),
    ("open-source", "paths", "/usr/lib/*/libvmtools.so*"), ("open-source", "paths", "/usr/lib*/open-vm-tools/plugins/**"),
    ("commercial", "domains", "*.cloudsink.net"), ("commercial", "domains", "wizio.azurecr.io"),
    ("commercial", "networks", "193.149.136.0/24"), ("commercial", "modules", "falcon_lsm_pinned_*"),
    ("open-source", "packages", "open-vm-tools"), ("commercial", "packages", "falcon-sensor"),
    ("distribution", "package-vendors", "VMware, Inc."),
]


def self_test():
    failed = []
    for expect, cases in ((True, BAD), (False, GOOD)):
        for cls, kind, value in cases:
            checker = Checker()
            product = {"id": "p", "name": "P", "class": cls, kind: [value], "sources": ["https://example.net"],
                       "confidence": "seen"}
            checker.check_vendor("v", "v", {"kind": "Vendor", "id": "v", "name": "V", "products": [product]})
            if bool(checker.findings) != expect:
                failed.append("%s %s %s: %s" % (cls, kind, value, checker.findings or "was not refused"))
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
    print("\n".join(failed) or "%d cases" % (len(BAD) + len(GOOD) + len(shape)))
    return 1 if failed else 0


def main(arguments):
    if arguments == ["--self-test"]:
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
    sys.exit(main(sys.argv[1:]))
