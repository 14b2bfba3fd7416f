#!/usr/bin/env python3
"""Verifies a log, or a bundle about it, without trusting the server and without a line of its code.

    verify_log.py log --key FILE --leaves FILE [--act FILE]... [--proofs FILE] [--events] CHECKPOINT...
    verify_log.py bundle [--key FILE] [--partial] BUNDLE

`log` computes the RFC 6962 root of the first leaves for each checkpoint (C2SP tlog-checkpoint), so that several
checkpoints are shown to be of one log, and checks who signed it. The key file holds a C2SP verifier key. The leaves
lie one after another, each after its length (4 bytes, big-endian). Proofs are JSON, hashes in base64:
{"inclusion": [{"index", "size", "proof"}], "consistency": [{"from", "to", "proof"}]}. With --events the leaves are
lahetti.v1.AuditEvent: their numbers must be their places and their times must not go back.

A log that was brought back from a backup goes on in a new generation, with another origin and key of that name. Operator
acts (signed notes) reach from the key that is given to those of other generations; `bundle` finds them in the bundle. A
checkpoint of an ended generation must be of what was brought back; one of what was lost is told as that.

`bundle` reads a packed lahetti.v1.Bundle. Without --key its log key is its own word. With --partial the lines need
not begin at a client's first and need not open their links.

Each finding is one sentence. Exit code: 0 all of it holds, 1 something does not, 2 it could not be looked at. Needs
Python 3 and the openssl command (3.0 or later), for Ed25519 and ECDSA.
"""

import argparse
import base64
import binascii
import hashlib
import json
import os
import subprocess
import sys
import tempfile

STATEMENT_TYPE = "application/vnd.lahetti.statement.v1+protobuf"
ACTION_ENROL = 3
ACTION_ACCEPT = 10
ACTION_OPEN = 12
OUTCOME_DONE = 1
SALT_LEN = 16
DIGEST_LEN = 32


class Refused(Exception):
    """What was claimed does not hold; the text is the finding."""


class Report:
    def __init__(self):
        self.failed = False

    def holds(self, sentence):
        print("holds: " + sentence)

    def note(self, sentence):
        print("note:  " + sentence)

    def fails(self, sentence):
        print("FAILS: " + sentence)
        self.failed = True

    def check(self, step, *arguments):
        """Runs a step that returns the sentence of its finding, or (sentence, value). None where it is refused."""
        try:
            found = step(*arguments)
        except Refused as refusal:
            self.fails(str(refusal))
            return None
        sentence, value = found if isinstance(found, tuple) else (found, True)
        self.holds(sentence)
        return value


def require(truth, sentence):
    if not truth:
        raise Refused(sentence)


# ---- hashes, trees (RFC 6962, by its definitions) ------------------------------------------------------------------

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_hash(leaf):
    return sha256(b"\x00", leaf)


def node_hash(left, right):
    return sha256(b"\x01", left, right)


def split(size):
    """The greatest power of two below size."""
    return 1 << (size - 1).bit_length() - 1


class Tree:
    """Grows by leaf hashes and holds the roots of its full subtrees, largest first."""

    def __init__(self):
        self.size = 0
        self.peaks = []

    def add(self, leaf):
        self.peaks.append(leaf)
        trailing = self.size
        while trailing & 1:
            right = self.peaks.pop()
            self.peaks.append(node_hash(self.peaks.pop(), right))
            trailing >>= 1
        self.size += 1

    def root(self):
        if not self.peaks:
            return sha256()
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def included_root(leaf, index, size, proof):
    """The root that follows from PATH(index, D[size]) of RFC 6962 2.1.1."""
    require(0 <= index < size, "the leaf is not of the tree")
    if size == 1:
        require(not proof, "the proof is too long")
        return leaf
    require(proof, "the proof is too short")
    left = split(size)
    if index < left:
        return node_hash(included_root(leaf, index, left, proof[:-1]), proof[-1])
    return node_hash(proof[-1], included_root(leaf, index - left, size - left, proof[:-1]))


def consistent_roots(earlier_root, earlier, size, proof, whole=True):
    """The two roots that follow from SUBPROOF(earlier, D[size], whole) of RFC 6962 2.1.2."""
    require(0 < earlier <= size, "the earlier tree is empty or the larger one")
    if earlier == size:
        require(len(proof) == (0 if whole else 1), "the proof has the wrong length")
        root = earlier_root if whole else proof[0]
        return root, root
    require(proof, "the proof is too short")
    left = split(size)
    if earlier <= left:
        old, new = consistent_roots(earlier_root, earlier, left, proof[:-1], whole)
        return old, node_hash(new, proof[-1])
    old, new = consistent_roots(earlier_root, earlier - left, size - left, proof[:-1], False)
    return node_hash(proof[-1], old), node_hash(proof[-1], new)


# ---- signatures ----------------------------------------------------------------------------------------------------

def openssl_verifies(arguments, **files):
    """Runs openssl with {name} in its arguments replaced by a file that holds those bytes."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for name, content in files.items():
            paths[name] = os.path.join(folder, name)
            with open(paths[name], "wb") as file:
                file.write(content)
        command = ["openssl"] + [argument.format(**paths) for argument in arguments]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def ed25519_verifies(key, message, signature):
    spki = bytes.fromhex("302a300506032b6570032100") + key
    return len(signature) == 64 and openssl_verifies(
        ["pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "{spki}", "-rawin", "-in", "{message}",
         "-sigfile", "{signature}"], spki=spki, message=message, signature=signature)


def der_integer(number):
    digits = number.lstrip(b"\x00") or b"\x00"
    if digits[0] >= 0x80:
        digits = b"\x00" + digits
    return bytes([0x02, len(digits)]) + digits


def p256_verifies(spki, message, signature):
    """ECDSA P-256 with SHA-256; the signature is r and s, 32 bytes each."""
    head = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
    if len(signature) != 64 or len(spki) != len(head) + 64 or not spki.startswith(head):
        return False
    both = der_integer(signature[:32]) + der_integer(signature[32:])
    return openssl_verifies(
        ["dgst", "-sha256", "-keyform", "DER", "-verify", "{spki}", "-signature", "{signature}", "{message}"],
        spki=spki, message=message, signature=bytes([0x30, len(both)]) + both)


# ---- notes, checkpoints (C2SP signed-note, tlog-checkpoint) --------------------------------------------------------

def base64_bytes(text, what):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = None
    require(data is not None and base64.b64encode(data).decode() == text, f"{what} is not base64.")
    return data


def key_hash(name, typed):
    return sha256(name.encode(), b"\n", typed)[:4]


def is_key_name(name):
    return name != "" and "+" not in name and not any(c.isspace() for c in name)


class LogKey:
    def __init__(self, text):
        parts = text.split("+", 2)
        require(len(parts) == 3 and is_key_name(parts[0]), "The log's key is not a C2SP verifier key.")
        self.text = text
        self.name = parts[0]
        typed = base64_bytes(parts[2], "The log's key")
        require(len(typed) == 33 and typed[0] == 1, "The log's key is not one of Ed25519.")
        self.hash = key_hash(self.name, typed)
        require(parts[1] == self.hash.hex(), "The hash in the log's key is another key's.")
        self.key = typed[1:]


def open_note(note, key, what):
    """The text of a note that the key has signed."""
    try:
        text = note.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(f"{what} is not UTF-8.") from None
    require(not any(c < " " and c != "\n" for c in text), f"{what} has control characters.")
    at = text.rfind("\n\n")
    require(at >= 0 and text.endswith("\n") and len(text) > at + 2, f"{what} is not a signed note.")
    body, lines = text[:at + 1], text[at + 2:-1].split("\n")
    known = False
    for line in lines:
        parts = line.split(" ")
        require(len(parts) == 3 and parts[0] == "\u2014" and is_key_name(parts[1]),
                f"{what} has a line that is not a signature.")
        signature = base64_bytes(parts[2], f"A signature of {what}")
        require(len(signature) > 4, f"{what} has a signature that is too short.")
        if parts[1] != key.name or signature[:4] != key.hash:
            continue
        require(ed25519_verifies(key.key, body.encode(), signature[4:]),
                f"{what} is not what {key.name} has signed.")
        known = True
    require(known, f"{what} is not signed by {key.name}.")
    return body


class Checkpoint:
    def __init__(self, note, key, what):
        lines = open_note(note, key, what).split("\n")
        require(len(lines) >= 4 and all(lines[:-1]), f"{what} has not the lines of a checkpoint.")
        self.origin = lines[0]
        require(len(lines[1]) <= 20 and lines[1].isascii() and lines[1].isdecimal()
                and str(int(lines[1])) == lines[1], f"{what} has no size.")
        self.size = int(lines[1])
        self.root = base64_bytes(lines[2], f"The root of {what}")
        require(len(self.root) == DIGEST_LEN, f"{what} has no root.")
        self.finding = f"{what} is of {self.origin} with {self.size} leaves, signed by {key.name}."


def read_checkpoint(note, key, what):
    checkpoint = Checkpoint(note, key, what)
    return checkpoint.finding, checkpoint


ACT_TITLE = "lahetti operator act v1"


def generation_of(name):
    """The log's name without its generation, and that; 0 where it has none."""
    base, _, number = name.rpartition("/")
    if base and number.isascii() and number.isdecimal() and str(int(number)) == number:
        return base, int(number)
    return name, 0


class Act:
    """An operator act that the key has signed: the log goes on after the first `size` leaves of the ended generation."""

    def __init__(self, note, key):
        lines = open_note(note, key, "An operator act").split("\n")
        require(lines[0] == ACT_TITLE and lines[-1] == "" and len(lines) >= 10, "An operator act has not its lines.")
        self.log_key = LogKey(lines[1])
        self.ended = [LogKey(line) for line in lines[8:-1]]
        self.origin = lines[2]
        require(lines[3].isascii() and lines[3].isdecimal(), "An operator act has no size.")
        self.size = int(lines[3])
        self.root = base64_bytes(lines[4], "The root of an operator act")
        base, number = generation_of(self.log_key.name)
        require(number > 0 and all(generation_of(k.name)[0] == base and 0 < generation_of(k.name)[1] < number
                                   for k in self.ended), "An operator act ends generations of another log.")
        require(self.origin == self.ended[0].name, "An operator act goes on from a generation that it does not end.")
        require(key.text in [k.text for k in self.keys()], "An operator act does not name who signed it.")

    def keys(self):
        return [self.log_key, *self.ended]


class Generations:
    """The keys that hang together with the trusted one by acts."""

    def __init__(self, key, acts, report):
        self.trusted = key
        self.keys = {key.name: key}
        self.ends = {}
        acts = list(acts)
        while (act := self.reach(acts)) is not None:
            report.holds(f"{act.log_key.name} goes on after the first {act.size} leaves of {act.origin}.")
            self.ends.setdefault(act.origin, act)
            for each in act.keys():
                self.keys.setdefault(each.name, each)
        for _ in acts:
            report.fails("An operator act is not signed by a generation of the log that is trusted.")

    def reach(self, acts):
        """Takes an act out of the list that a trusted key has signed."""
        for note in acts:
            for key in self.keys.values():
                try:
                    act = Act(note, key)
                except Refused:
                    continue
                acts.remove(note)
                return act
        return None

    def key_of(self, note):
        """The key of the generation that a note says it is of; the trusted one where it is none that is known."""
        return self.keys.get(note.split(b"\n", 1)[0].decode("utf-8", "replace"), self.trusted)

    def lost(self, checkpoint):
        """Whether a checkpoint is of what was not brought back."""
        act = self.ends.get(checkpoint.origin)
        return act is not None and checkpoint.size > act.size


def read_key(path):
    with open(path, encoding="utf-8") as file:
        return LogKey(file.read().strip())


# ---- protobuf: as much of it as is needed --------------------------------------------------------------------------

def take_varint(data, at):
    value = 0
    for shift in range(0, 70, 7):
        require(at < len(data), "A message ends inside a number.")
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        if byte < 0x80:
            require(value < 1 << 64, "A message has a number of more than 64 bits.")
            return value, at
    raise Refused("A message has a number of more than ten bytes.")


def wire_fields(data):
    """Each field as number, wire type, value."""
    at = 0
    while at < len(data):
        tag, at = take_varint(data, at)
        number, kind = tag >> 3, tag & 7
        require(number > 0, "A message has a field of number 0.")
        if kind == 0:
            value, at = take_varint(data, at)
        elif kind in (1, 2, 5):
            length = 8 if kind == 1 else 4
            if kind == 2:
                length, at = take_varint(data, at)
            require(length <= len(data) - at, "A message ends inside a field.")
            value, at = data[at:at + length], at + length
        else:
            raise Refused("A message has a field of a type that is not used.")
        yield number, kind, value


class Message:
    """What is wanted of a message: number -> (name, type); a type is int, bytes, str, a Message, or [one of them].

    A message whose bytes are hashed may have fields that this program does not know; a wrapper may not."""

    def __init__(self, fields, wrapper=True):
        self.fields = fields
        self.wrapper = wrapper

    def read(self, data):
        out = {name: self.empty(kind) for name, kind in self.fields.values()}
        seen = set()
        for number, wire, value in wire_fields(data):
            if number not in self.fields:
                require(not self.wrapper, f"A message has the field {number}, which is not known.")
                continue
            name, kind = self.fields[number]
            repeated = isinstance(kind, list)
            require(repeated or number not in seen, f"A message has its field {name} twice.")
            seen.add(number)
            value = self.convert(kind[0] if repeated else kind, wire, value, name)
            if repeated:
                out[name].append(value)
            else:
                out[name] = value
        return out

    @staticmethod
    def empty(kind):
        if isinstance(kind, list):
            return []
        return None if isinstance(kind, Message) else kind()

    @staticmethod
    def convert(kind, wire, value, name):
        require((wire == 0) == (kind is int) and wire in (0, 2), f"The field {name} has the wrong type.")
        if isinstance(kind, Message):
            return kind.read(value)
        if kind is str:
            try:
                return value.decode("utf-8")
            except UnicodeDecodeError:
                raise Refused(f"The field {name} is not UTF-8.") from None
        return value


EVENT = Message({1: ("number", int), 2: ("time_us", int), 3: ("action", int), 4: ("outcome", int),
                 16: ("actor", bytes), 17: ("subjects", [bytes])}, wrapper=False)
ACTOR = Message({1: ("user", bytes), 2: ("device", bytes)}, wrapper=False)
SUBJECT = Message({1: ("client", bytes), 3: ("statement", bytes), 4: ("statement_sha256", bytes),
                   10: ("link", bytes), 11: ("by", bytes), 12: ("by_sha256", bytes)}, wrapper=False)
STATEMENT = Message({1: ("header", Message({1: ("id", bytes), 6: ("author", bytes), 7: ("device", bytes)},
                                           wrapper=False))}, wrapper=False)
OPENED_PART = Message({1: ("salt", bytes), 2: ("part", bytes)})
OPENED_LINK = Message({1: ("salt", bytes), 2: ("number", int), 3: ("previous", bytes)})
RECEIPT = Message({1: ("event", bytes), 2: ("subject", OPENED_PART), 3: ("inclusion", [bytes]),
                   4: ("checkpoint", bytes)})
LINE = Message({1: ("event", bytes), 2: ("actor", OPENED_PART), 3: ("subject", OPENED_PART),
                4: ("link", OPENED_LINK), 5: ("inclusion", [bytes]), 6: ("user_name", str),
                7: ("unit_name", str), 8: ("organisation_name", str)})
ENVELOPE = Message({1: ("payload", bytes), 2: ("payload_type", str),
                    3: ("signatures", [Message({1: ("key_id", bytes), 2: ("sig", bytes)})])})
BUNDLE = Message({1: ("log_key", str), 2: ("checkpoint", bytes), 3: ("lines", [LINE]), 4: ("envelope", ENVELOPE),
                  5: ("spki", bytes), 6: ("receipt", RECEIPT), 7: ("enrolment", LINE), 8: ("acts", [bytes])})


# ---- a whole log ---------------------------------------------------------------------------------------------------

def read_leaves(path):
    with open(path, "rb") as file:
        while head := file.read(4):
            length = int.from_bytes(head, "big")
            leaf = file.read(length)
            require(len(head) == 4 and len(leaf) == length, "The file of leaves ends inside a leaf.")
            yield leaf


class Log:
    """The leaf hashes, and the roots of the sizes that somebody asks for."""

    def __init__(self, path, sizes, events):
        tree = Tree()
        time = 0
        self.leaves = []
        self.roots = {0: tree.root()}
        for leaf in read_leaves(path):
            if events:
                time = self.check_event(EVENT.read(leaf), time)
            self.leaves.append(leaf_hash(leaf))
            tree.add(self.leaves[-1])
            if tree.size in sizes:
                self.roots[tree.size] = tree.root()
        self.size = tree.size

    def check_event(self, event, time):
        place = len(self.leaves)
        require(event["number"] == place, f"The event at {place} has the number {event['number']}.")
        require(event["time_us"] >= time, f"The time of event {place} is before that of the event before it.")
        return event["time_us"]


def check_root(checkpoint, log, what):
    require(checkpoint.size <= log.size,
            f"{what} has {checkpoint.size} leaves, but there are only {log.size}.")
    require(log.roots[checkpoint.size] == checkpoint.root,
            f"{what} has another root than the first {checkpoint.size} leaves.")
    return f"The first {checkpoint.size} leaves have the root of {what}."


def check_act(act, log):
    what = f"what was brought back of {act.origin}"
    require(act.size <= log.size and log.roots[act.size] == act.root, f"The log does not begin with {what}.")
    return f"The log begins with {what}."


def proof_hashes(proof):
    hashes = [base64_bytes(text, "A hash of a proof") for text in proof]
    require(all(len(h) == DIGEST_LEN for h in hashes), "A hash of a proof has not 32 bytes.")
    return hashes


def check_inclusion(claim, log):
    index, size = claim["index"], claim["size"]
    what = f"The proof that leaf {index} is among the first {size}"
    require(0 <= index < size <= log.size, f"{what} is about leaves that are not there.")
    try:
        root = included_root(log.leaves[index], index, size, proof_hashes(claim["proof"]))
    except Refused as refusal:
        raise Refused(f"{what} fails: {refusal}") from None
    require(root == log.roots[size], f"{what} leads to another root.")
    return f"{what} leads to their root."


def check_consistency(claim, log):
    earlier, size = claim["from"], claim["to"]
    what = f"The proof that {size} leaves begin with the first {earlier}"
    require(0 < earlier <= size <= log.size, f"{what} is about leaves that are not there.")
    try:
        old, new = consistent_roots(log.roots[earlier], earlier, size, proof_hashes(claim["proof"]))
    except Refused as refusal:
        raise Refused(f"{what} fails: {refusal}") from None
    require(old == log.roots[earlier] and new == log.roots[size], f"{what} leads to other roots.")
    return f"{what} leads to both roots."


def read_proofs(path):
    """The inclusion and the consistency proofs of a file, once they have the right form."""
    with open(path, encoding="utf-8") as file:
        proofs = json.load(file)
    require(isinstance(proofs, dict), "The file of proofs has the wrong form.")
    out = []
    for kind, numbers in (("inclusion", ("index", "size")), ("consistency", ("from", "to"))):
        claims = proofs.get(kind, [])
        require(isinstance(claims, list), "The file of proofs has the wrong form.")
        for claim in claims:
            require(isinstance(claim, dict) and all(type(claim.get(n)) is int for n in numbers)
                    and isinstance(claim.get("proof"), list) and all(isinstance(h, str) for h in claim["proof"]),
                    "The file of proofs has the wrong form.")
        out.append(claims)
    return out


def verify_log(options, report):
    acts = []
    for path in options.act:
        with open(path, "rb") as file:
            acts.append(file.read())
    keys = Generations(read_key(options.key), acts, report)
    inclusions, consistencies = read_proofs(options.proofs) if options.proofs else ([], [])
    checkpoints = []
    for path in options.checkpoints:
        what = f"The checkpoint {os.path.basename(path)}"
        with open(path, "rb") as file:
            note = file.read()
        checkpoint = report.check(read_checkpoint, note, keys.key_of(note), what)
        if checkpoint is not None and keys.lost(checkpoint):
            report.note(f"{what} is of leaves that were lost when the log was brought back.")
        elif checkpoint is not None:
            checkpoints.append((checkpoint, what[0].lower() + what[1:]))
    sizes = {c.size for c, _ in checkpoints} | {p["size"] for p in inclusions}
    sizes |= {size for p in consistencies for size in (p["from"], p["to"])} | {act.size for act in keys.ends.values()}

    log = Log(options.leaves, sizes, options.events)
    if options.events:
        report.holds(f"The {log.size} events are numbered by their places and their times do not go back.")
    for checkpoint, what in checkpoints:
        report.check(check_root, checkpoint, log, what)
    for act in keys.ends.values():
        report.check(check_act, act, log)
    if len({generation_of(c.origin)[0] for c, _ in checkpoints}) > 1:
        report.fails("The checkpoints are of different logs.")
    if checkpoints and max(c.size for c, _ in checkpoints) < log.size:
        report.fails("There are leaves after the last that a checkpoint covers.")
    for claim in inclusions:
        report.check(check_inclusion, claim, log)
    for claim in consistencies:
        report.check(check_consistency, claim, log)


# ---- a bundle ------------------------------------------------------------------------------------------------------

def commitment(opened):
    require(len(opened["salt"]) == SALT_LEN, "A part has no salt of 16 bytes.")
    return sha256(b"\x02", opened["salt"], opened["part"])


def link_of(opened):
    require(len(opened["salt"]) == SALT_LEN, "A link has no salt of 16 bytes.")
    require(len(opened["previous"]) == DIGEST_LEN, "A link does not name what is before it.")
    return sha256(b"\x03", opened["salt"], opened["number"].to_bytes(8, "big"), opened["previous"])


def included_event(packed, proof, checkpoint, what):
    """The event, once its packed bytes are shown to be the leaf of its number."""
    event = EVENT.read(packed)
    try:
        require(all(len(h) == DIGEST_LEN for h in proof), "a hash of it has not 32 bytes")
        root = included_root(leaf_hash(packed), event["number"], checkpoint.size, proof)
    except Refused as refusal:
        raise Refused(f"The inclusion proof of {what} fails: {refusal}.") from None
    require(root == checkpoint.root,
            f"Event {event['number']}, as {what} gives it, is not in the tree of {checkpoint.size} leaves.")
    return event


def check_line(line, checkpoint, what):
    """The event and its opened parts."""
    event = included_event(line["event"], line["inclusion"], checkpoint, what)
    actor = subject = None
    opened = []
    if line["actor"] is not None:
        require(commitment(line["actor"]) == event["actor"], f"The actor of {what} is not the one committed to.")
        actor = ACTOR.read(line["actor"]["part"])
        opened.append("its actor")
    if line["subject"] is not None:
        require(commitment(line["subject"]) in event["subjects"],
                f"The subject of {what} is not one committed to.")
        subject = SUBJECT.read(line["subject"]["part"])
        opened.append("its subject")
    if line["link"] is not None:
        require(subject is not None, f"The link of {what} is opened without its subject.")
        require(link_of(line["link"]) == subject["link"], f"The link of {what} is not the subject's.")
        opened.append("its link")
    sentence = f"Event {event['number']} is a leaf of the tree"
    if opened:
        sentence += ", and it committed to " + " and ".join(opened)
    return sentence + ".", {"event": event, "actor": actor, "subject": subject}


def check_chain(client, links, partial):
    """links: (number, previous, commitment) of one client, in any order."""
    who = f"client {client.hex()}"
    links.sort()
    first, before, _ = links[0]
    if first == 1:
        require(before == bytes(DIGEST_LEN), f"The first link of {who} names one before it.")
    else:
        require(partial, f"The chain of {who} begins at number {first}, not at 1: what came before is missing.")
    for (number, _, part), (following, previous, _) in zip(links, links[1:]):
        require(following == number + 1,
                f"The chain of {who} is broken: number {following} follows number {number}.")
        require(previous == part, f"The chain of {who} is broken: number {following} names another part before it.")
    return f"The chain of {who} is unbroken from number {first} to {links[-1][0]}."


def check_chains(lines, found, partial, report):
    chains = {}
    for line, checked in zip(lines, found):
        if checked is None or checked["subject"] is None:
            continue
        number = checked["event"]["number"]
        if line["link"] is not None:
            chains.setdefault(checked["subject"]["client"], []).append(
                (line["link"]["number"], line["link"]["previous"], commitment(line["subject"])))
        elif partial:
            report.note(f"Event {number} does not open its link, so that nothing shows what is missing beside it.")
        else:
            report.fails(f"Event {number} does not open its link, so that nothing shows what is missing beside it.")
    for client, links in sorted(chains.items()):
        report.check(check_chain, client, links, partial)


def pae(payload_type, payload):
    name = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)


def check_envelope(envelope, spki):
    """The header of the statement, once its signature holds."""
    require(envelope["payload_type"] == STATEMENT_TYPE, "The envelope does not hold a statement.")
    require(len(envelope["signatures"]) == 1, "The envelope has not exactly one signature.")
    signature = envelope["signatures"][0]
    require(signature["key_id"] == sha256(spki), "The envelope names another key than the bundle.")
    require(p256_verifies(spki, pae(STATEMENT_TYPE, envelope["payload"]), signature["sig"]),
            "The signature of the statement does not hold.")
    header = STATEMENT.read(envelope["payload"])["header"]
    require(header is not None, "The statement has no header.")
    require(header["device"] == sha256(spki), "The statement names another device than the one that signed it.")
    return f"The statement {header['id'].hex()} is what the key {sha256(spki).hex()} has signed.", header


def check_receipt(receipt, checkpoint, header, payload):
    event = included_event(receipt["event"], receipt["inclusion"], checkpoint, "the receipt")
    require(event["action"] in (ACTION_ACCEPT, ACTION_OPEN) and event["outcome"] == OUTCOME_DONE,
            "The event of the receipt accepted nothing.")
    require(receipt["subject"] is not None,
            "The receipt has no subject: it does not show which statement was accepted.")
    require(commitment(receipt["subject"]) in event["subjects"],
            "The subject of the receipt is not one that its event committed to.")
    subject = SUBJECT.read(receipt["subject"]["part"])
    # An opening names two statements: the one that was opened, and the signed one that opened it.
    name, digest = ("by", "by_sha256") if event["action"] == ACTION_OPEN else ("statement", "statement_sha256")
    require(subject[digest] == sha256(payload), "The receipt is of another payload.")
    require(header is None or subject[name] == header["id"], "The receipt is of another statement.")
    done = "opened by" if event["action"] == ACTION_OPEN else "accepted"
    return f"Event {event['number']} {done} exactly this statement.", event


def check_enrolment(line, checkpoint, spki, header, accepted):
    _, checked = check_line(line, checkpoint, "the enrolment")
    event, actor = checked["event"], checked["actor"]
    require(event["action"] == ACTION_ENROL and event["outcome"] == OUTCOME_DONE,
            "The event given as enrolment enrolled nothing.")
    require(actor is not None and actor["device"] == sha256(spki), "The enrolment is of another key.")
    require(header is None or actor["user"] == header["author"], "The key was enrolled by another user.")
    require(accepted is None or event["number"] < accepted["number"],
            "The key was enrolled after the statement was accepted.")
    return f"Event {event['number']} enrolled the key for the author."


def check_one_view(one, other):
    require(one.origin != other.origin or one.size != other.size or one.root == other.root,
            "The two checkpoints have one size and two roots: the log was shown in two versions.")
    return "The two checkpoints do not contradict each other."


def bundle_keys(bundle, options, report):
    if not options.key:
        report.note("The log's key is the bundle's own word: compare " + bundle["log_key"])
        return Generations(LogKey(bundle["log_key"]), bundle["acts"], report)
    keys = Generations(read_key(options.key), bundle["acts"], report)
    if bundle["log_key"] not in [key.text for key in keys.keys.values()]:
        report.fails("The bundle names another log key than the one that is trusted.")
    return keys


def verify_lines(bundle, checkpoint, options, report):
    found = []
    for place, line in enumerate(bundle["lines"], 1):
        found.append(report.check(check_line, line, checkpoint, f"line {place}"))
    check_chains(bundle["lines"], found, options.partial, report)


def verify_statement(bundle, checkpoint, keys, report):
    envelope, receipt, spki = bundle["envelope"], bundle["receipt"], bundle["spki"]
    accepted = None
    if envelope is None or receipt is None:
        report.fails("The bundle has a statement without a receipt or a receipt without its statement.")
        return
    header = report.check(check_envelope, envelope, spki)
    seen = report.check(read_checkpoint, receipt["checkpoint"], keys.key_of(receipt["checkpoint"]),
                        "The checkpoint of the receipt")
    if seen is not None and keys.lost(seen):
        report.note("The receipt is of an event that was lost when the log was brought back.")
    if seen is not None:
        accepted = report.check(check_receipt, receipt, seen, header, envelope["payload"])
        if checkpoint is not None:
            report.check(check_one_view, seen, checkpoint)
    if bundle["enrolment"] is None:
        report.note("The bundle does not show who enrolled the key.")
    elif checkpoint is not None:
        report.check(check_enrolment, bundle["enrolment"], checkpoint, spki, header, accepted)


def verify_bundle(options, report):
    with open(options.bundle, "rb") as file:
        bundle = BUNDLE.read(file.read())
    keys = bundle_keys(bundle, options, report)
    checkpoint = None
    if bundle["checkpoint"] or bundle["lines"] or bundle["enrolment"] is not None:
        checkpoint = report.check(read_checkpoint, bundle["checkpoint"], keys.key_of(bundle["checkpoint"]),
                                  "The checkpoint of the bundle")
    if bundle["lines"] and checkpoint is not None:
        verify_lines(bundle, checkpoint, options, report)
    if any(bundle[name] is not None for name in ("envelope", "receipt", "enrolment")):
        verify_statement(bundle, checkpoint, keys, report)
    elif not bundle["lines"]:
        report.fails("The bundle claims nothing.")


# ---- the command ---------------------------------------------------------------------------------------------------

def main(arguments):
    parser = argparse.ArgumentParser(description="Verifies a log or a bundle about it.")
    commands = parser.add_subparsers(dest="command", required=True)
    log = commands.add_parser("log", help="all leaves and one or more checkpoints")
    log.add_argument("--key", required=True, help="file with the C2SP verifier key of the log")
    log.add_argument("--act", action="append", default=[], help="operator act by which the log went on; may be given again")
    log.add_argument("--leaves", required=True, help="file of leaves, each after its length")
    log.add_argument("--proofs", help="JSON file of inclusion and consistency proofs")
    log.add_argument("--events", action="store_true", help="the leaves are audit events: check number and time")
    log.add_argument("checkpoints", nargs="+", metavar="CHECKPOINT")
    log.set_defaults(run=verify_log)
    bundle = commands.add_parser("bundle", help="a packed lahetti.v1.Bundle")
    bundle.add_argument("--key", help="file with the verifier key that is trusted")
    bundle.add_argument("--partial", action="store_true", help="the lines need not be all of a client")
    bundle.add_argument("bundle", metavar="BUNDLE")
    bundle.set_defaults(run=verify_bundle)
    options = parser.parse_args(arguments)

    report = Report()
    try:
        options.run(options, report)
    except Refused as refusal:
        report.fails(str(refusal))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        print(f"verify_log: it could not be read: {error}", file=sys.stderr)
        return 2
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
