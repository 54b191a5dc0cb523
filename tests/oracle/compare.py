#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
compare - decide the same attempts by the oracle and by the product, and print every difference as the
smallest case that still shows it.

usage: compare.py PROGRAM [--policies N] [--attempts N] [--first N] [--seed TEXT] [--jobs N] [--figures]
       compare.py PROGRAM --cases FILE-OR-DIRECTORY...   the cases that were written down, against both
       compare.py PROGRAM --examples DIRECTORY --catalogue DIRECTORY    whole policies, their facts as attempts
       compare.py PROGRAM --modes                        the whole truth table of the effective mode

PROGRAM is oracle-decide of the build. ORACLE_SEED and ORACLE_POLICIES in the environment go before the options.
Exit status: 0 equal; 1 differences; 3 could not compare; 77 there is no PyYAML.
"""
import argparse
import collections
import copy
import itertools
import multiprocessing
import os
import pathlib
import random
import re
import subprocess
import sys
import time

try:
    import generate
    import oracle
except ImportError as missing:
    print(f"1..0 # SKIP {missing}: python3-yaml is not installed")
    sys.exit(77)

USERS = {"root": 0, "alice": 1000, "bob": 1001, "carol": 4294967294}  # as in decide.c
CHUNK = 100  # policies that a worker takes at a time; attempts of an example
SHUFFLE_EACH = 8  # of so many policies one is also tried in another order
SHOWN = 10  # differences that are shrunk and printed
KNOWN_KEYS = {"known-as": "known", "packages": "package", "package-vendors": "vendor"}
FILE_KEYS = {"open", "away", "protected", "digest", "module", "copy-of", *KNOWN_KEYS}
TRIED = ["exec", "open", "module", "connect", "domain"]  # what an attempt is
FIELDS = ["scope", "rule", "allow", "verdict", "mode", "held-by", "let-through"]  # of an answer


# ---------------------------------------------------------------- the product

class Product:
    """The running oracle-decide."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def ask(self, text, answers):
        """Write a whole round, then read its answers: the program answers when the round ends."""
        self.process.stdin.write(text.encode("utf-8", "surrogateescape"))
        self.process.stdin.flush()
        lines = [self.line()]
        if not lines[0].startswith("refused"):
            lines += [self.line() for _ in range(answers - 1)]
        return lines

    def line(self):
        line = self.process.stdout.readline()
        if not line.endswith(b"\n"):
            status = self.process.wait()
            raise RuntimeError(f"the product's decision ended with status {status}")
        return line[:-1].decode("utf-8", "surrogateescape")


def write_known(mapping, prefix):
    for key, word in KNOWN_KEYS.items():
        for value in mapping.get(key) or []:
            yield f"{prefix}{word}={value}"


def write_facts(attempt):
    """What is known of a file, a word each."""
    if "exec" in attempt or "open" in attempt:
        yield f"path={attempt.get('exec', attempt.get('open'))}"
    if "open" in attempt:
        yield "opened="
    for flag in ("away", "protected"):
        if attempt.get(flag) in (True, "true"):
            yield f"{flag}="
    for word in ("digest", "module"):
        if word in attempt:
            yield f"{word}={attempt[word]}"
    yield from write_known(attempt, "")
    yield from write_known(attempt.get("copy-of") or {}, "copy-")


def write_attempt(attempt):
    held = "".join(word[0] for word in attempt.get("held", [])) or "-"
    paused = ",".join(attempt.get("paused", [])) or "-"
    words = [attempt.get("cgroup", "/"), str(attempt.get("uid", 0)), str(attempt.get("now", 0)), held, paused]
    if FILE_KEYS & set(attempt):
        return "\t".join(["file"] + words + list(write_facts(attempt))) + "\n"
    if "exec" in attempt:
        return "\t".join(["exec"] + words + [attempt["exec"]]) + "\n"
    if "domain" in attempt:
        return "\t".join(["domain"] + words + [attempt["domain"]]) + "\n"
    protocol = str(oracle.PROTOCOLS.get(attempt["protocol"], attempt["protocol"]))
    by = [attempt["by"]] if "by" in attempt else []
    return "\t".join(["connect"] + words + [attempt["connect"], str(attempt["port"]), protocol] + by) + "\n"


def write_round(texts, host, attempts):
    """'texts': the documents, the policy last."""
    parts = []
    for number, text in enumerate(texts):
        kind = "policy" if number == len(texts) - 1 else "catalog"
        parts.append(f"{kind}\t{len(text.encode())}\n{text}")
    if "labels" in host:
        parts.append("\t".join(["labels"] + [f"{name}={value}" for name, value in host["labels"].items()]) + "\n")
    if "read-at" in host:
        parts.append(f"read-at\t{host['read-at']}\n")
    if host.get("keep"):
        parts.append("keep\n")
    parts.append("go\n")
    parts.extend(write_attempt(attempt) for attempt in attempts)
    parts.append("end\n")
    return "".join(parts)


# ---------------------------------------------------------------- one round

def documents_of(round_):
    """The texts, the policy last, and the oracle's reading of them. The policy accepts the risk of each of its rules,
    because the generator asks nobody whether a rule would hurt a host; so the id of each rule is compared, too: an id
    that no rule has is refused."""
    texts = [generate.document(mapping) for mapping in round_.catalogue + [round_.policy]]
    policy = read_policy(texts, round_.host)
    ids = sorted({rule.id for rule in policy.rules})
    texts[-1] += generate.document({"accept-risk": ids}) if ids else ""
    return texts, policy


def read_policy(texts, host):
    """As the oracle reads it."""
    documents = [oracle.load(text) for text in texts]
    known = oracle.Host(host.get("labels"), USERS)
    return oracle.Policy(documents[-1], oracle.Catalogue(documents[:-1]), known)


def product_answers(product, texts, host, attempts):
    """A list of answers, or the text of a refusal."""
    lines = product.ask(write_round(texts, host, attempts), 1 + len(attempts))
    if lines[0] != "ready":
        return lines[0]
    return [tuple(line.split("\t")) for line in lines[1:]]


def oracle_answers(policy, attempts):
    return [oracle.decide(policy, oracle.Attempt(attempt)) for attempt in attempts]


def simplify(answer):
    """What a difference is about: out of scope, and where no rule matched, nothing else has a meaning."""
    scope, rule, allow, verdict, mode, held_by, let_through = answer
    if scope == "out":
        return ("out", "-", "-", verdict, "-", "-", "-")
    if rule == "-":
        return (scope, "-", "-", verdict, "-", "-", "-")
    if let_through != "allowed":
        allow = "-"
    return (scope, rule, allow, verdict, mode, held_by, let_through)


def compare_round(product, round_, counts=None):
    """The differences: (number of the attempt or None, right answers, the product's answer)."""
    texts, policy = documents_of(round_)
    given = product_answers(product, texts, round_.host, round_.attempts)
    if isinstance(given, str):
        return [(None, "a policy that is valid", given)]
    differences = []
    rights = oracle_answers(policy, round_.attempts)
    for number, (attempt, right, answer) in enumerate(zip(round_.attempts, rights, given)):
        if answer[0] == "undecided" and may_be_undecided(attempt):
            answer = ("undecided", "-", "-", "allow", "-", "-", "-")
        else:
            answer = simplify(answer)
            if answer not in right:
                differences.append((number, right, answer))
        if counts is not None:
            count(counts, attempt, answer)
    return differences


def may_be_undecided(attempt):
    """The limits that the product admits: very deep paths, and very long names that several wildcards look at."""
    names = attempt.get("exec", "").split("/")
    return len(names) > 250 or any(len(name.encode("utf-8", "surrogateescape")) > 200 for name in names)


def compare_order(product, round_, rng):
    """'The verdict does not depend on order in the file': the product's answers must be the same to the letter."""
    answers = []
    for one in (round_, generate.shuffled(round_, rng)):
        answers.append(product_answers(product, documents_of(one)[0], one.host, one.attempts))
    if isinstance(answers[0], str) or isinstance(answers[1], str):
        return []  # a refusal is a difference already
    return [(number, "the same in another order", second)
            for number, (first, second) in enumerate(zip(*answers)) if first != second]


def count(counts, attempt, answer):
    counts["pairs"] += 1
    counts[next(kind for kind in TRIED if kind in attempt)] += 1
    for key in (FILE_KEYS | {"by"}) & set(attempt):
        counts["with " + key] += 1
    counts["scope " + answer[0]] += 1
    if answer[1] != "-":
        counts["verdict " + answer[3]] += 1
        counts["held by " + answer[5]] += 1
        counts["let through " + answer[6]] += 1
        counts["by " + answer[1].split("/")[2] + (" that contains" if "by" in attempt and "/network/" not in answer[1] else "")] += 1


# ---------------------------------------------------------------- shrinking

def removals(value, path=()):
    """Every member of mappings and lists, the largest first: where something can be left out."""
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    else:
        return
    for key, member in members:
        yield path + (key,)
    for key, member in members:
        yield from removals(member, path + (key,))


def without(value, path):
    smaller = copy.deepcopy(value)
    at = smaller
    for key in path[:-1]:
        at = at[key]
    del at[path[-1]]
    return smaller


def sort_of(difference):
    """A refusal for some reason, or another decision; a smaller case must show the same sort of difference."""
    number, _, answer = difference
    return re.sub(r"'[^']*'|\d", "", answer) if number is None else "decision"


def still_differs(product, round_, sort):
    try:
        differences = compare_round(product, round_)
    except (KeyError, ValueError, AttributeError, TypeError, IndexError):
        return False  # no valid document any more
    return any(sort_of(difference) == sort for difference in differences)


def shrink(product, round_, difference):
    sort, number = sort_of(difference), difference[0]
    refused = number is None
    round_ = generate.Round(round_.catalogue, round_.policy, round_.host, [] if refused else [round_.attempts[number]])
    whole = {"catalogue": round_.catalogue, "policy": round_.policy, "host": round_.host, "attempts": round_.attempts}
    shrunk = True
    while shrunk:
        shrunk = False
        for path in removals(whole):
            if len(path) < 2 or path[0] == "attempts" and path[-1] in (*TRIED, "port", "protocol") or path == ("attempts", 0):
                continue
            smaller = without(whole, path)
            candidate = generate.Round(smaller["catalogue"], smaller["policy"], smaller["host"], smaller["attempts"])
            if still_differs(product, candidate, sort):
                whole, shrunk = smaller, True
                break
    return generate.Round(whole["catalogue"], whole["policy"], whole["host"], whole["attempts"])


def describe(product, name, round_):
    """A case in the form of those in cases/, with what both said."""
    lines = [f"# {name}"]
    for number, right, answer in compare_round(product, round_):
        lines.append(f"# the product: {answer}")
        lines.append(f"# the oracle:  {sorted(right) if isinstance(right, set) else right}")
    *catalogue, policy = documents_of(round_)[0]
    lines += ["policy: |"] + ["  " + line for line in policy.splitlines()]
    if catalogue:
        lines.append("catalogue:")
    for text in catalogue:
        lines += ["  - |"] + ["    " + line for line in text.splitlines()]
    rest = {key: value for key, value in (("host", round_.host), ("attempts", round_.attempts)) if value}
    return "\n".join(lines + generate.to_yaml(rest)).encode("utf-8", "backslashreplace").decode() + "\n"


# ---------------------------------------------------------------- many rounds

def work(task):
    """One chunk of rounds, in a process of its own: (counts, descriptions of differences, how many)."""
    program, seed, first, policies, attempts = task
    product = Product(program)
    counts, found, number_found = collections.Counter(), [], 0
    for number in range(first, first + policies):
        round_ = generate.make_round(seed, number, attempts)
        counts["policies"] += 1
        try:
            differences = compare_round(product, round_, counts)
        except AssertionError as error:  # the order of rules contradicts itself; see oracle.check_order()
            number_found += 1
            found.append(f"# seed {seed}, policy {number}: {error}")
            continue
        number_found += len(differences)
        if differences and not found:
            small = shrink(product, round_, differences[0])
            found.append(describe(product, f"seed {seed}, policy {number}", small))
        if number % SHUFFLE_EACH == 0:
            moved = compare_order(product, round_, random.Random(number))
            counts["pairs in another order, too"] += len(round_.attempts)
            number_found += len(moved)
            found.extend(f"# seed {seed}, policy {number}: order matters: {one}" for one in moved[:1])
    product.close()
    return counts, found, number_found


def run(options):
    began = time.monotonic()
    end = options.first + options.policies
    tasks = [(options.program, options.seed, first, min(CHUNK, end - first), options.attempts)
             for first in range(options.first, end, CHUNK)]
    counts, found, number_found = collections.Counter(), [], 0
    with multiprocessing.Pool(options.jobs) as pool:
        for some_counts, some_found, some_number in pool.imap_unordered(work, tasks):
            counts.update(some_counts)
            found.extend(some_found)
            number_found += some_number
    for text in found[:SHOWN]:
        print(text)
    if options.figures:
        for name, value in sorted(counts.items()):
            print(f"# {value:9} {name}")
    ok = "not ok" if number_found else "ok"
    print("1..1")
    print(f"{ok} 1 - {counts['pairs']} pairs of policy and attempt, {counts['policies']} policies, "
          f"{number_found} differences, {time.monotonic() - began:.0f} s")
    return 1 if number_found else 0


# ---------------------------------------------------------------- cases and modes

def run_cases(options):
    """Each file: policy, catalogue, host, attempts; each attempt has what is 'expected' of both."""
    names = []
    for name in map(pathlib.Path, options.cases):
        names += sorted(name.glob("*.yaml")) if name.is_dir() else [name]
    product = Product(options.program)
    failed = 0
    print(f"1..{len(names)}")
    for number, name in enumerate(names, 1):
        with open(name, encoding="utf-8") as file:
            case = oracle.load(file.read())
        messages = check_case(product, case)
        print(f"{'not ok' if messages else 'ok'} {number} - {name.stem}")
        for message in messages:
            print(f"# {message}")
        failed += bool(messages)
    product.close()
    return 1 if failed else 0


def run_examples(options):
    """The policies of a directory with a real catalogue: every fact that both know is attempted, and what is beside it."""
    catalogue = [path.read_text(encoding="utf-8") for path in sorted(pathlib.Path(options.catalogue).glob("*.yaml"))]
    names = sorted(pathlib.Path(options.examples).glob("*.yaml"))
    product = Product(options.program)
    failed = 0
    print(f"1..{len(names)}")
    for number, name in enumerate(names, 1):
        texts = catalogue + [name.read_text(encoding="utf-8")]
        attempts = generate.attempts_of([oracle.load(text) for text in texts], random.Random(options.seed))
        given = []
        # not all at once: what waits to be read must fit the pipe, for the program answers while it reads
        for first in range(0, len(attempts), CHUNK):
            answers = product_answers(product, texts, {}, attempts[first:first + CHUNK])
            if isinstance(answers, str):
                break
            given += answers
        if isinstance(answers, str):
            messages, given = [answers], []
        else:
            messages = [f"{attempt}: the product {simplify(answer)}, the oracle {sorted(right)}"
                        for attempt, right, answer in zip(attempts, oracle_answers(read_policy(texts, {}), attempts), given)
                        if simplify(answer) not in right]
        matched = sum(answer[1] != "-" for answer in given)
        print(f"{'not ok' if messages else 'ok'} {number} - {name.stem}: {len(attempts)} attempts, {matched} matched")
        for message in messages[:SHOWN]:
            print(f"# {message}")
        failed += bool(messages)
    product.close()
    return 1 if failed else 0


def check_case(product, case):
    """What is wrong with a case. 'expected' has some of the names of FIELDS; where the product has a limit that it
    admits, 'product' says what it answers instead."""
    texts = case.get("catalogue", []) + [case["policy"]]
    host, attempts = case.get("host", {}), case["attempts"]
    given = product_answers(product, texts, host, attempts)
    if isinstance(given, str):
        return [given]
    messages = []
    for attempt, right, answer in zip(attempts, oracle_answers(read_policy(texts, host), attempts), given):
        product_expected = attempt.get("product", attempt["expected"])
        for who, expected, answers in (("the product", product_expected, {simplify(answer)}),
                                       ("the oracle", attempt["expected"], right)):
            said = {name: {one[number] for one in answers} for number, name in enumerate(FIELDS)}
            wrong = {name: sorted(said[name]) for name, value in expected.items() if said[name] != {value}}
            if wrong:
                messages.append(f"{attempt}: {who} says {wrong}")
    return messages


MODES = {"none": 0, "audit": 1, "enforce": 2}
HELD_BY = ["nothing", "cap", "pause", "breaker", "requirement", "stage", "confidence", "policy"]


def run_modes(options):
    """Every combination of the inputs."""
    product = Product(options.program)
    wrong = pairs = 0
    for target, too_weak in itertools.product(("audit", "enforce"), (False, True)):
        for held in itertools.product((False, True), repeat=5):
            # The compiler's part of the border: a weak fact's target is audit, and the reason says so.
            written = "audit" if too_weak else target
            why = "confidence" if too_weak else "policy" if target == "audit" else "nothing"
            words = [str(MODES[written]), str(HELD_BY.index(why))] + [str(int(one)) for one in held]
            answer = tuple(product.ask("mode\t" + "\t".join(words) + "\nend\n", 1)[0].split("\t"))
            right = oracle.effective_mode(target, *held, too_weak)
            pairs += 1
            if answer != right:
                wrong += 1
                print(f"# target {target}, weak {too_weak}, held {held}: the product {answer}, the oracle {right}")
    product.close()
    print("1..1")
    print(f"{'not ok' if wrong else 'ok'} 1 - {pairs} combinations of the inputs of the effective mode, {wrong} differences")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--policies", type=int, default=1000)
    parser.add_argument("--attempts", type=int, default=40)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", default="embargo")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--figures", action="store_true")
    parser.add_argument("--cases", nargs="+")
    parser.add_argument("--examples")
    parser.add_argument("--catalogue")
    parser.add_argument("--modes", action="store_true")
    options = parser.parse_args()
    options.seed = os.environ.get("ORACLE_SEED", options.seed)
    options.policies = int(os.environ.get("ORACLE_POLICIES", options.policies))
    try:
        if options.cases:
            return run_cases(options)
        if options.examples:
            return run_examples(options)
        if options.modes:
            return run_modes(options)
        return run(options)
    except (OSError, RuntimeError) as error:
        print(f"Bail out! {error}")
        return 3


if __name__ == "__main__":
    sys.exit(main())
