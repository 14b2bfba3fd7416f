"""The trail of a real store, checked by verify_log.py, which shares no code with it; and refused where it was changed.

    p5_independent_verifier.py EXPORT_LOG VERIFY_LOG
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

VERIFY_LOG = sys.argv.pop()
EXPORT_LOG = sys.argv.pop()


def export(folder):
    subprocess.run([EXPORT_LOG, folder], check=True, capture_output=True)


def changed(data, at):
    out = bytearray(data)
    out[at] ^= 1
    return bytes(out)


class ExportedTrail(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made, cls.other = tempfile.mkdtemp(), tempfile.mkdtemp()
        export(cls.made)
        export(cls.other)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.made)
        shutil.rmtree(cls.other)

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.checkpoints = sorted((n for n in os.listdir(self.made) if n.startswith("checkpoint_")),
                                  key=lambda name: int(name.split("_")[1]))
        for name in ["key", "act", "lost", "leaves", "proofs", "checkpoint", *self.checkpoints]:
            shutil.copy(os.path.join(self.made, name), self.folder)

    def read(self, name, folder=None):
        with open(os.path.join(folder or self.folder, name), "rb") as file:
            return file.read()

    def write(self, name, data):
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(data)

    def leaves(self):
        data, leaves = self.read("leaves"), []
        while data:
            end = 4 + int.from_bytes(data[:4], "big")
            leaves.append(data[4:end])
            data = data[end:]
        return leaves

    def put_leaves(self, leaves):
        self.write("leaves", b"".join(len(leaf).to_bytes(4, "big") + leaf for leaf in leaves))

    def verify(self, *checkpoints, proofs=False, act=True):
        paths = {name: os.path.join(self.folder, name) for name in ("key", "act", "leaves", "proofs")}
        command = [sys.executable, "-B", VERIFY_LOG, "log", "--key", paths["key"], "--leaves", paths["leaves"],
                   "--events"] + (["--act", paths["act"]] if act else []) + (["--proofs", paths["proofs"]] if proofs else [])
        done = subprocess.run(command + [os.path.join(self.folder, c) for c in checkpoints or ("checkpoint",)],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def refused(self, *checkpoints):
        code, printed = self.verify(*checkpoints)
        self.assertEqual(code, 1, printed)
        self.assertIn("FAILS: ", printed)

    def test_whole_trail_holds(self):
        self.assertGreater(len(self.leaves()), 300)
        self.assertGreater(len(self.checkpoints), 10)
        code, printed = self.verify("checkpoint", *self.checkpoints, proofs=True)
        self.assertEqual(code, 0, printed)
        self.assertNotIn("FAILS", printed)
        for size in (len(self.leaves()), 2):
            self.assertIn(f"The first {size} leaves have the root", printed)
        self.assertIn("are numbered by their places and their times do not go back", printed)

    def test_no_changed_leaf_passes(self):
        leaves = self.leaves()
        dice = random.Random(5)
        for number in (0, 255, 256, len(leaves) - 1, *(dice.randrange(len(leaves)) for _ in range(8))):
            spoiled = list(leaves)
            spoiled[number] = changed(leaves[number], dice.randrange(len(leaves[number])))
            self.put_leaves(spoiled)
            self.refused()

    def test_missing_exchanged_and_added_leaves_are_refused(self):
        leaves = self.leaves()
        for spoiled in (leaves[:100] + leaves[101:], leaves[:-1], leaves + leaves[-1:],
                        leaves[:40] + [leaves[41], leaves[40]] + leaves[42:]):
            self.put_leaves(spoiled)
            self.refused()

    def test_no_changed_checkpoint_passes(self):
        for name in ("checkpoint", self.checkpoints[3]):
            note = self.read(name)
            for at in range(0, len(note), 23):
                self.write(name, changed(note, at))
                self.refused("checkpoint", name)
            self.write(name, note)

    def test_other_log_is_refused(self):
        for name in ("key", "act", "leaves", "checkpoint"):
            mine = self.read(name)
            self.write(name, self.read(name, self.other))
            self.refused()
            self.write(name, mine)

    def test_generations_hang_together_by_the_act_alone(self):
        code, printed = self.verify("checkpoint", *self.checkpoints, "lost")
        self.assertEqual(code, 0, printed)
        self.assertIn("lahetti.example.fi/lahetti/2 goes on after the first", printed)
        self.assertIn("The log begins with what was brought back", printed)
        self.assertRegex(printed, r"note: .*checkpoint lost is of leaves that were lost")
        code, printed = self.verify("checkpoint", *self.checkpoints, act=False)
        self.assertEqual(code, 1, printed)
        self.assertIn("not signed by lahetti.example.fi/lahetti/1", printed)

    def test_no_changed_act_passes(self):
        act = self.read("act")
        for at in range(0, len(act) - 150, 19):  # behind is the other generation's signature
            self.write("act", changed(act, at))
            self.refused()
        self.write("act", self.read("act", self.other))
        self.refused()

    def test_changed_proof_is_refused(self):
        proofs = self.read("proofs")
        for at in (proofs.index(b'": ["') + 6, proofs.rindex(b'": ["') + 6):
            letter = b"B" if proofs[at:at + 1] == b"A" else b"A"
            self.write("proofs", proofs[:at] + letter + proofs[at + 1:])
            code, printed = self.verify("checkpoint", proofs=True)
            self.assertEqual(code, 1, printed)


if __name__ == "__main__":
    unittest.main()
