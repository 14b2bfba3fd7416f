"""Tries verify_log.py on what lahetti_core writes: the whole is accepted, and whatever is changed is refused.

    test_verify_log.py WRITE_LOG
"""

import contextlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

HERE = os.path.dirname(os.path.abspath(__file__))
VERIFIER = os.path.join(HERE, "verify_log.py")
WRITE_LOG = sys.argv.pop()

# Fields of Bundle, ReportLine, Receipt, OpenedPart, OpenedLink, Envelope, Signature.
LOG_KEY, CHECKPOINT, LINES, ENVELOPE, SPKI, RECEIPT, ENROLMENT = 1, 2, 3, 4, 5, 6, 7
LINE_EVENT, LINE_ACTOR, LINE_SUBJECT, LINE_LINK, LINE_INCLUSION = 1, 2, 3, 4, 5
RECEIPT_EVENT, RECEIPT_SUBJECT, RECEIPT_INCLUSION, RECEIPT_CHECKPOINT = 1, 2, 3, 4
SALT, PART = 1, 2
LINK_SALT, LINK_NUMBER, LINK_PREVIOUS = 1, 2, 3
PAYLOAD, PAYLOAD_TYPE, SIGNATURES = 1, 2, 3
KEY_ID, SIG = 1, 2


def load_verifier():
    spec = importlib.util.spec_from_file_location("verify_log", VERIFIER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class Editable:
    """A message as the list of its fields, to be changed and packed again."""

    def __init__(self, data):
        self.fields = []
        at = 0
        while at < len(data):
            tag, at = self.take(data, at)
            value, at = self.take(data, at)
            if tag & 7 == 2:
                value, at = data[at:at + value], at + value
            self.fields.append([tag >> 3, value])

    @staticmethod
    def take(data, at):
        value = shift = 0
        while True:
            value |= (data[at] & 0x7f) << shift
            at, shift = at + 1, shift + 7
            if data[at - 1] < 0x80:
                return value, at

    def pack(self):
        out = b""
        for number, value in self.fields:
            if isinstance(value, int):
                out += varint(number << 3) + varint(value)
            else:
                out += varint(number << 3 | 2) + varint(len(value)) + value
        return out

    def places(self, number):
        return [i for i, field in enumerate(self.fields) if field[0] == number]

    def get(self, number, nth=0):
        return self.fields[self.places(number)[nth]][1]

    def put(self, number, value, nth=0):
        self.fields[self.places(number)[nth]][1] = value

    def drop(self, number, nth=0):
        return self.fields.pop(self.places(number)[nth])


def changed(data, at=-1):
    """The same bytes with one bit flipped."""
    out = bytearray(data)
    out[at] ^= 1
    return bytes(out)


def put_in(data, path, change):
    """Packs data again with the field that path leads to changed: [(number, nth), ...]."""
    message = Editable(data)
    (number, nth), rest = path[0], path[1:]
    value = message.get(number, nth)
    message.put(number, put_in(value, rest, change) if rest else change(value), nth)
    return message.pack()


class WithLog(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.mkdtemp()
        subprocess.run([WRITE_LOG, cls.made], check=True)
        cls.verifier = load_verifier()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.made)

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        for name in os.listdir(self.made):
            shutil.copy(os.path.join(self.made, name), self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)

    def run_verifier(self, *arguments):
        """Exit code and what was printed, in this process: openssl is started often enough."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = self.verifier.main(list(arguments))
        return code, out.getvalue()

    def assert_holds(self, result, sentence=""):
        code, printed = result
        self.assertEqual(code, 0, printed)
        self.assertNotIn("FAILS", printed)
        self.assertIn(sentence, printed)

    def assert_refused(self, result, sentence):
        code, printed = result
        self.assertEqual(code, 1, printed)
        failures = "\n".join(line for line in printed.splitlines() if line.startswith("FAILS: "))
        self.assertIn(sentence, failures)


class LogTest(WithLog):
    def verify(self, *checkpoints, proofs=True, events=True, key="key"):
        arguments = ["log", "--key", self.path(key), "--leaves", self.path("leaves")]
        arguments += ["--proofs", self.path("proofs")] if proofs else []
        arguments += ["--events"] if events else []
        return self.run_verifier(*arguments, *(self.path(c) for c in checkpoints or ("checkpoint",)))

    def leaves(self):
        data, leaves = self.read("leaves"), []
        while data:
            end = 4 + int.from_bytes(data[:4], "big")
            leaves.append(data[4:end])
            data = data[end:]
        return leaves

    def put_leaves(self, leaves):
        self.write("leaves", b"".join(len(leaf).to_bytes(4, "big") + leaf for leaf in leaves))

    def test_whole_log_holds(self):
        self.assert_holds(self.verify("checkpoint", "checkpoint_earlier", "checkpoint_empty"),
                          "The first 250 leaves have the root of the checkpoint checkpoint_earlier.")

    def test_command_says_so_by_its_exit_code(self):
        command = [sys.executable, "-B", VERIFIER, "log", "--key", self.path("key"), "--leaves", self.path("leaves")]
        for arguments, code in (([self.path("checkpoint")], 0), ([self.path("checkpoint_other")], 1),
                                ([self.path("nowhere")], 2), ([], 2)):
            done = subprocess.run(command + arguments, capture_output=True, check=False)
            self.assertEqual(done.returncode, code, done)

    def test_changed_leaf_is_refused(self):
        leaves = self.leaves()
        leaves[17] = changed(leaves[17])
        self.put_leaves(leaves)
        self.assert_refused(self.verify("checkpoint", "checkpoint_earlier", events=False), "has another root")

    def test_missing_leaf_is_refused(self):
        leaves = self.leaves()
        del leaves[42]
        self.put_leaves(leaves)
        self.assert_refused(self.verify(events=False), "there are only 299")
        self.assert_refused(self.verify("checkpoint_earlier"), "The event at 42 has the number 43.")

    def test_exchanged_leaves_are_refused(self):
        leaves = self.leaves()
        leaves[3], leaves[4] = leaves[4], leaves[3]
        self.put_leaves(leaves)
        self.assert_refused(self.verify(events=False), "has another root")

    def test_leaf_beyond_the_checkpoint_is_refused(self):
        self.put_leaves(self.leaves() + [b"one more"])
        self.assert_refused(self.verify(events=False), "leaves after the last")

    def test_cut_file_of_leaves_is_refused(self):
        data = self.read("leaves")
        for end in (len(data) - 1, 2):
            self.write("leaves", data[:end])
            self.assert_refused(self.verify(events=False), "ends inside a leaf")

    def test_checkpoint_of_another_key_is_refused(self):
        self.assert_refused(self.verify("checkpoint_other"), "is not signed by")
        self.assert_refused(self.verify(key="key_other"), "is not signed by")

    def test_forked_checkpoint_is_refused(self):
        self.assert_refused(self.verify("checkpoint", "checkpoint_forked"),
                            "checkpoint_forked has another root than the first 250 leaves.")

    def test_no_bit_of_a_checkpoint_can_change(self):
        note = self.read("checkpoint")
        for at in range(0, len(note), 5):
            self.write("checkpoint", changed(note, at))
            self.assert_refused(self.verify(proofs=False, events=False), "The checkpoint checkpoint")

    def test_checkpoint_without_signature_is_refused(self):
        text = self.read("checkpoint").split(b"\n\n", maxsplit=1)[0] + b"\n"
        for note in (text, text + b"\n", b""):
            self.write("checkpoint", note)
            self.assert_refused(self.verify(), "is not a signed note")

    def test_changed_key_is_refused(self):
        key = self.read("key")
        self.write("key", changed(key, key.index(b"+") + 1))
        self.assert_refused(self.verify(), "another key's")

    def test_changed_proofs_are_refused(self):
        proofs = json.loads(self.read("proofs"))
        for kind, nth, numbers in (("inclusion", 1, ("index",)), ("consistency", 0, ("from", "to"))):
            claim = proofs[kind][nth]
            whole = dict(claim)
            wrong = [{name: claim[name] + 1} for name in numbers]
            wrong += [{"proof": claim["proof"][1:]}, {"proof": claim["proof"][:-1]}, {"proof": []},
                      {"proof": claim["proof"] + claim["proof"][:1]},
                      {"proof": [claim["proof"][1]] + claim["proof"][1:]},
                      {"proof": ["AAAA"] + claim["proof"][1:]}, {"proof": ["?"] + claim["proof"][1:]}]
            for change in wrong:
                claim.update(change)
                self.write("proofs", json.dumps(proofs).encode())
                self.assert_refused(self.verify(), "proof")
                claim.update(whole)
        self.write("proofs", b'{"inclusion": [{"index": "0"}]}')
        self.assert_refused(self.verify(), "wrong form")

    def test_flaws_that_are_signed_are_refused(self):
        for flaw, sentence in (("number", "The event at 77 has the number 78."),
                               ("time", "The time of event 77 is before")):
            subprocess.run([WRITE_LOG, self.folder, flaw], check=True)
            self.assert_refused(self.verify(), sentence)
            self.assert_holds(self.verify(events=False))


class BundleTest(WithLog):
    def setUp(self):
        super().setUp()
        self.bundle = self.read("bundle")

    def verify(self, data, *options, key="key"):
        data = data.pack() if isinstance(data, Editable) else data
        self.write("bundle", data)
        options += ("--key", self.path(key)) if key else ()
        return self.run_verifier("bundle", *options, self.path("bundle"))

    def verify_changed(self, *path, change=changed):
        return self.verify(put_in(self.bundle, path, change))

    def test_whole_bundle_holds(self):
        result = self.verify(self.bundle)
        for sentence in ("is unbroken from number 1 to 12", "Event 120 accepted exactly this statement.",
                         "Event 1 enrolled the key for the author."):
            self.assert_holds(result, sentence)

    def test_command_says_so_by_its_exit_code(self):
        self.write("other", changed(self.bundle, len(self.bundle) // 2))
        for name, code in (("bundle", 0), ("other", 1), ("nowhere", 2)):
            done = subprocess.run([sys.executable, "-B", VERIFIER, "bundle", self.path(name)], capture_output=True,
                                  check=False)
            self.assertEqual(done.returncode, code, done)

    def test_key_of_the_bundle_is_its_own_word(self):
        self.assert_holds(self.verify(self.bundle, key=None), "own word")
        self.assert_refused(self.verify(self.bundle, key="key_other"), "another log key")

    def test_missing_line_is_refused(self):
        for nth, sentence in ((0, "begins at number 2"), (5, "is broken: number 7 follows number 5")):
            bundle = Editable(self.bundle)
            bundle.drop(LINES, nth)
            self.assert_refused(self.verify(bundle), sentence)
        bundle = Editable(self.bundle)
        bundle.drop(LINES, 0)
        self.assert_holds(self.verify(bundle, "--partial"), "unbroken from number 2 to 12")

    def test_newest_line_is_vouched_for_by_the_log_alone(self):
        bundle = Editable(self.bundle)
        bundle.drop(LINES, 11)
        self.assert_holds(self.verify(bundle), "unbroken from number 1 to 11")

    def test_order_of_lines_does_not_matter(self):
        bundle = Editable(self.bundle)
        bundle.fields.append(bundle.drop(LINES, 4))
        self.assert_holds(self.verify(bundle))

    def test_repeated_line_is_refused(self):
        bundle = Editable(self.bundle)
        bundle.fields.append([LINES, bundle.get(LINES, 3)])
        self.assert_refused(self.verify(bundle), "number 4 follows number 4")

    def test_line_without_its_link_is_refused(self):
        def drop(line):
            line = Editable(line)
            line.drop(LINE_LINK)
            return line.pack()
        bundle = put_in(self.bundle, [(LINES, 11)], drop)
        self.assert_refused(self.verify(bundle), "does not open its link")
        self.assert_holds(self.verify(bundle, "--partial"), "does not open its link")

    def test_changed_lines_are_refused(self):
        for path, sentence in (([(LINE_EVENT, 0)], "is not in the tree"),
                               ([(LINE_ACTOR, 0), (PART, 0)], "The actor of line 3"),
                               ([(LINE_ACTOR, 0), (SALT, 0)], "The actor of line 3"),
                               ([(LINE_SUBJECT, 0), (PART, 0)], "The subject of line 3"),
                               ([(LINE_SUBJECT, 0), (SALT, 0)], "The subject of line 3"),
                               ([(LINE_LINK, 0), (LINK_SALT, 0)], "The link of line 3"),
                               ([(LINE_LINK, 0), (LINK_PREVIOUS, 0)], "The link of line 3"),
                               ([(LINE_INCLUSION, 0)], "is not in the tree"),
                               ([(LINE_INCLUSION, 8)], "is not in the tree")):
            self.assert_refused(self.verify_changed((LINES, 2), *path), sentence)
        self.assert_refused(self.verify_changed((LINES, 2), (LINE_LINK, 0), (LINK_NUMBER, 0), change=lambda n: n + 1),
                            "The link of line 3")
        self.assert_refused(self.verify_changed((LINES, 2), (LINE_SUBJECT, 0), (SALT, 0), change=lambda s: s[1:]),
                            "no salt of 16 bytes")

    def test_proofs_of_the_wrong_length_are_refused(self):
        for nth in (0, 8):
            line = Editable(Editable(self.bundle).get(LINES, 2))
            line.drop(LINE_INCLUSION, nth)
            self.assert_refused(self.verify_changed((LINES, 2), change=lambda _: line.pack()), "inclusion proof")
        line.fields += [[LINE_INCLUSION, bytes(32)]] * 2
        self.assert_refused(self.verify_changed((LINES, 2), change=lambda _: line.pack()), "inclusion proof")

    def test_parts_of_another_event_are_refused(self):
        other = Editable(Editable(self.bundle).get(LINES, 6))
        for number in (LINE_EVENT, LINE_ACTOR, LINE_SUBJECT, LINE_LINK):
            code, printed = self.verify_changed((LINES, 2), (number, 0), change=lambda _: other.get(number))
            self.assertEqual(code, 1, printed)

    def test_changed_statement_is_refused(self):
        self.assert_refused(self.verify_changed((ENVELOPE, 0), (PAYLOAD, 0)), "signature of the statement")
        self.assert_refused(self.verify_changed((ENVELOPE, 0), (PAYLOAD_TYPE, 0)), "does not hold a statement")
        self.assert_refused(self.verify_changed((ENVELOPE, 0), (SIGNATURES, 0), (SIG, 0)), "signature of the statement")
        self.assert_refused(self.verify_changed((ENVELOPE, 0), (SIGNATURES, 0), (KEY_ID, 0)), "names another key")
        self.assert_refused(self.verify_changed((SPKI, 0)), "names another key")
        envelope = Editable(Editable(self.bundle).get(ENVELOPE))
        envelope.fields.append([SIGNATURES, envelope.get(SIGNATURES)])
        self.assert_refused(self.verify_changed((ENVELOPE, 0), change=lambda _: envelope.pack()), "exactly one")

    def test_statement_signed_again_by_another_key_is_refused(self):
        envelope = Editable(Editable(self.bundle).get(ENVELOPE))
        signature = Editable(envelope.get(SIGNATURES))
        spki, sig = self.sign_with_new_key(self.verifier.pae(self.verifier.STATEMENT_TYPE, envelope.get(PAYLOAD)))
        signature.put(KEY_ID, self.verifier.sha256(spki))
        signature.put(SIG, sig)
        envelope.put(SIGNATURES, signature.pack())
        bundle = Editable(self.bundle)
        bundle.put(ENVELOPE, envelope.pack())
        bundle.put(SPKI, spki)
        self.assertTrue(self.verifier.p256_verifies(
            spki, self.verifier.pae(self.verifier.STATEMENT_TYPE, envelope.get(PAYLOAD)), sig))
        self.assert_refused(self.verify(bundle), "names another device")

    def sign_with_new_key(self, message):
        """SubjectPublicKeyInfo of a new key, and r and s of its signature."""
        self.write("message", message)
        for command in (["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "new.pem"],
                        ["pkey", "-in", "new.pem", "-pubout", "-outform", "DER", "-out", "new.der"],
                        ["dgst", "-sha256", "-sign", "new.pem", "-out", "sig.der", "message"]):
            subprocess.run(["openssl"] + command, cwd=self.folder, check=True, capture_output=True)
        der, numbers, at = self.read("sig.der"), b"", 2
        for _ in range(2):
            length = der[at + 1]
            numbers += der[at + 2:at + 2 + length].lstrip(b"\x00").rjust(32, b"\x00")
            at += 2 + length
        return self.read("new.der"), numbers

    def test_changed_receipt_is_refused(self):
        for number, sentence in ((RECEIPT_EVENT, "is not in the tree"), (RECEIPT_INCLUSION, "is not in the tree"),
                                 (RECEIPT_CHECKPOINT, "The checkpoint of the receipt")):
            self.assert_refused(self.verify_changed((RECEIPT, 0), (number, 0), change=lambda v: changed(v, 9)),
                                sentence)
        for number in (SALT, PART):
            self.assert_refused(self.verify_changed((RECEIPT, 0), (RECEIPT_SUBJECT, 0), (number, 0)),
                                "The subject of the receipt")

    def test_receipt_of_another_statement_is_refused(self):
        other = Editable(Editable(self.bundle).get(LINES, 6))
        receipt = Editable(b"")
        receipt.fields = [[RECEIPT_EVENT, other.get(LINE_EVENT)], [RECEIPT_SUBJECT, other.get(LINE_SUBJECT)]]
        receipt.fields += [[RECEIPT_INCLUSION, other.get(LINE_INCLUSION, i)]
                           for i in range(len(other.places(LINE_INCLUSION)))]
        receipt.fields.append([RECEIPT_CHECKPOINT, self.read("checkpoint")])
        self.assert_refused(self.verify_changed((RECEIPT, 0), change=lambda _: receipt.pack()),
                            "The receipt is of another payload.")

    def test_receipt_without_subject_does_not_show_which_statement(self):
        receipt = Editable(Editable(self.bundle).get(RECEIPT))
        receipt.drop(RECEIPT_SUBJECT)
        self.assert_refused(self.verify_changed((RECEIPT, 0), change=lambda _: receipt.pack()), "has no subject")

    def test_receipt_of_an_opening_is_of_what_opened(self):
        """Not of the statement that was opened: that one has a receipt of its own."""
        verifier = load_verifier()
        opened, opening = b"what was opened", b"what opened it"
        subject = Editable(b"")
        subject.fields = [[3, b"1" * 16], [4, verifier.sha256(opened)], [10, bytes(32)], [11, b"2" * 16],
                          [12, verifier.sha256(opening)]]
        part = {"salt": bytes(16), "part": subject.pack()}
        event = b"".join(varint(n << 3) + varint(v) for n, v in ((3, verifier.ACTION_OPEN), (4, verifier.OUTCOME_DONE)))
        commitment = verifier.commitment(part)
        event += varint(17 << 3 | 2) + varint(len(commitment)) + commitment
        checkpoint = unittest.mock.Mock(size=1, root=verifier.leaf_hash(event))
        receipt = {"event": event, "inclusion": [], "subject": part}
        verifier.check_receipt(receipt, checkpoint, {"id": b"2" * 16}, opening)
        for header, payload in (({"id": b"1" * 16}, opened), ({"id": b"1" * 16}, opening), ({"id": b"2" * 16}, opened)):
            with self.assertRaises(verifier.Refused):
                verifier.check_receipt(receipt, checkpoint, header, payload)

    def test_receipt_of_a_forked_log_is_refused(self):
        self.assert_refused(self.verify_changed((RECEIPT, 0), (RECEIPT_CHECKPOINT, 0),
                                                change=lambda _: self.read("checkpoint_forked")), "is not in the tree")

    def test_half_a_claim_is_refused(self):
        for number in (ENVELOPE, RECEIPT):
            bundle = Editable(self.bundle)
            bundle.drop(number)
            self.assert_refused(self.verify(bundle), "without")
        self.assert_refused(self.verify(put_in(self.bundle, [(SPKI, 0)], lambda _: b"")), "names another key")
        bundle = Editable(self.bundle)
        bundle.drop(CHECKPOINT)
        self.assert_refused(self.verify(bundle), "The checkpoint of the bundle")
        bundle.fields = [[LOG_KEY, bundle.get(LOG_KEY)]]
        self.assert_refused(self.verify(bundle), "claims nothing")

    def test_enrolment_of_another_key_is_refused(self):
        other = Editable(self.bundle).get(LINES, 2)
        self.assert_refused(self.verify_changed((ENROLMENT, 0), change=lambda _: other), "enrolled nothing")
        self.assert_refused(self.verify_changed((ENROLMENT, 0), (LINE_ACTOR, 0), (PART, 0)),
                            "The actor of the enrolment")
        line = Editable(Editable(self.bundle).get(ENROLMENT))
        line.drop(LINE_ACTOR)
        self.assert_refused(self.verify_changed((ENROLMENT, 0), change=lambda _: line.pack()), "of another key")
        bundle = Editable(self.bundle)
        bundle.drop(ENROLMENT)
        self.assert_holds(self.verify(bundle), "does not show who enrolled the key")

    def test_lines_alone_and_statement_alone_hold(self):
        bundle = Editable(self.bundle)
        for number in (ENVELOPE, SPKI, RECEIPT, ENROLMENT):
            bundle.drop(number)
        self.assert_holds(self.verify(bundle), "unbroken")
        bundle = Editable(self.bundle)
        bundle.fields = [field for field in bundle.fields if field[0] not in (LINES, CHECKPOINT, ENROLMENT)]
        self.assert_holds(self.verify(bundle), "accepted exactly this statement")

    def test_malformed_bundles_are_refused(self):
        for data in (self.bundle[:-1], self.bundle[:100], self.bundle + b"\x00", self.bundle + b"\x42\x01x",
                     self.bundle + b"\x0b\x0c", self.bundle + b"\x80" * 11, self.bundle + b"\x0a\x01x", b""):
            code, printed = self.verify(data)
            self.assertEqual(code, 1, printed)

    def test_no_bit_of_a_bundle_can_change(self):
        for at in range(0, len(self.bundle), 67):
            code, printed = self.verify(changed(self.bundle, at))
            self.assertEqual(code, 1, f"byte {at}: {printed}")


if __name__ == "__main__":
    unittest.main()
