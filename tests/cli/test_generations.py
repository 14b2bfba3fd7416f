#!/usr/bin/env python3
"""What devices do when a server comes back that is not the one they knew: forked, put back, restored from a backup.

    test_generations.py LAHETTI LAHETTID VERIFY_LOG [CLASS…]
"""

import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

from test_flow import LAHETTID, VERIFY_LOG, County, Server


class Changing(County):
    """A county whose operator exchanges what the server runs on."""

    @property
    def data(self):
        return self.folder / "data"

    def put_in_place(self, other):
        """With the server stopped: runs it on another data folder from here on; the one before is moved away."""
        self.server.stop()
        shutil.move(self.data, self.folder / f"before-{other.name}")
        shutil.copytree(other, self.data)
        self.server.start()

    def copy(self, name):
        """The data folder of the stopped server."""
        self.server.stop()
        shutil.copytree(self.data, self.folder / name)
        self.server.start()
        return self.folder / name

    def lahettid(self, *arguments):
        return subprocess.run([LAHETTID, arguments[0], "--config", "lahettid.conf", *arguments[1:]], cwd=self.folder,
                              capture_output=True, text=True, timeout=300, check=False)

    def statements(self):
        return int(re.search(r"(\d+) statements", self.lahettid("fsck").stdout)[1])

    def shows_and_sends_nothing(self, person, says):
        """Whatever is asked: exit code 6, one sentence, nothing on standard output, nothing on the server."""
        before = self.statements()
        for command in (["sent"], ["inbox"], ["clients", "--json"], ["audit", "verify"],
                        ["refer", "--client", self.client[-8:], "--to", "queue:Valmennus", "--client-agrees", "--words",
                         "Haluan töihin.", "--ask", "job-coaching"]):
            result = person.run(*command)
            self.assertEqual(result.status, 6, (command, result.out, result.err))
            self.assertEqual(result.out, "", command)
            self.assertRegex(result.err, r"\Alahetti: [^\n]+\n\Z")
            self.assertIn(says, result.err)
        self.assertEqual(self.statements(), before)


class ForkedServer(Changing):
    def test_p5_server_that_goes_on_from_a_copy_is_refused(self):
        fork = self.copy("fork")
        self.refer()
        self.put_in_place(fork)
        # The other branch grows longer than the one that the sender has seen; whoever saw no other goes on.
        for _ in range(12):
            self.officer("audit", "list")
        self.shows_and_sends_nothing(self.sender, "another log than this device has seen")
        seen, shown = (Path(self.sender.home, name).read_text(encoding="utf-8") for name in ("fork-seen", "fork-shown"))
        self.assertEqual(seen.splitlines()[0], shown.splitlines()[0])
        self.assertLess(int(seen.splitlines()[1]), int(shown.splitlines()[1]))

    def test_p5_server_that_was_put_back_is_refused(self):
        older = self.copy("older")
        for _ in range(8):
            self.coach("inbox")
        self.put_in_place(older)
        result = self.coach.run("inbox")
        self.assertEqual((result.status, result.out), (6, ""))
        self.shows_and_sends_nothing(self.coach, "another log than this device has seen")


class Restored(Changing):
    def restore(self, *more, lost="lost", act="act"):
        """The data folder is lost; what the console says, and the act in a file."""
        self.server.stop()
        shutil.move(self.data, self.folder / lost)
        restored = self.lahettid("restore", "backup", "--keys", "backup-keys", *more)
        self.assertEqual(restored.returncode, 0, restored.stderr)
        Path(self.folder, act).write_text(restored.stdout, encoding="utf-8")
        self.server.start()
        return restored.stderr


class RestoredTwice(Restored):
    def test_p5_generation_that_was_lost_is_never_used_again(self):
        kept = self.refer("Ennen varmuuskopiota.")
        self.lahettid("backup", "backup", "--keys", "backup-keys")
        self.assertIn("generation 2 of the log", self.restore(lost="first", act="act-2"))
        self.lahettid("backup", "--keys", "backup-keys")
        self.sender("audit", "accept-generation", str(self.folder / "act-2"), "--yes")
        lost = self.refer("Toisessa sukupolvessa.")

        # The same backup again: the key folder knows that the second generation was used.
        self.assertIn("generation 3 of the log", self.restore(lost="second", act="act-3"))
        self.assertEqual(self.lahettid("fsck").returncode, 0)
        self.shows_and_sends_nothing(self.sender, "generation 3")
        # An act that was accepted before does not do; the new one does, for devices of either generation.
        self.refused(self.sender, "audit", "accept-generation", str(self.folder / "act-2"), "--yes", status=2)
        for person, seen_lost in ((self.sender, True), (self.coach, False)):
            facts = person("audit", "accept-generation", str(self.folder / "act-3"), "--yes")
            self.assertEqual((facts["generation"], facts["seen-lost"]), (3, seen_lost))
        self.refused(self.coach, "audit", "accept-generation", str(self.folder / "act-2"), "--yes", status=5)
        self.sender("outbox", "send")
        self.assertEqual(self.sender("receipt", kept["statement"])["event"], kept["event"])
        self.assertEqual(self.sender("receipt", lost["statement"])["log"], "localhost/lahetti/3")
        self.assertEqual(len(self.coach("inbox")), 2)


class RestoredLog(Restored):
    """A backup is restored; two referrals came after it."""

    def false_act(self):
        """Of a server that says that it is ours: the same name, keys of its own."""
        false = Server(self.folder / "false")
        false.console("init", "--organisation", "Esimerkkilä", "--administrator", "Pia Pääkäyttäjä")
        false.console("backup", "backup", "--keys", "backup-keys")
        shutil.move(false.folder / "data", false.folder / "lost")
        act = false.console("restore", "backup", "--keys", "backup-keys")
        return self.written("false-act", act + "\n")

    def written(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def test_p5_restored_log_is_followed_by_the_operators_act_alone(self):
        Path(self.folder, "false").mkdir()
        kept = self.refer("Ennen varmuuskopiota.")
        self.lahettid("backup", "backup", "--keys", "backup-keys")
        backed_up = int((self.folder / "backup" / "manifest").read_text(encoding="utf-8").splitlines()[2])
        lost = [self.refer(words) for words in ("Sen jälkeen.", "Myös sen jälkeen.")]
        seen = str(self.folder / "seen")
        self.assertEqual(self.sender.run("audit", "checkpoint", "--out", seen).status, 0)
        newest = int(Path(seen).read_text(encoding="utf-8").splitlines()[1])
        old_key = self.written("old-key", self.profile_key())
        self.assertGreater(newest, backed_up)

        told = self.restore("--newest", seen)
        self.assertIn(f"Events {backed_up} to {newest - 1} are known to be lost.", told)
        self.assertEqual(self.lahettid("act").stdout, (self.folder / "act").read_text(encoding="utf-8"))
        self.assertEqual(self.lahettid("fsck").returncode, 0)
        self.shows_and_sends_nothing(self.sender, "generation 2")

        # No other act will do, and none without a person.
        act = str(self.folder / "act")
        self.assertIn("not signed", self.refused(self.sender, "audit", "accept-generation", self.false_act(), "--yes",
                                                 status=5))
        text = (self.folder / "act").read_text(encoding="utf-8")
        changed = self.written("changed-act", text.replace(f"\n{newest}\n", f"\n{newest + 1}\n"))
        self.refused(self.sender, "audit", "accept-generation", changed, "--yes", status=5)
        self.refused(self.sender, "audit", "accept-generation", seen, "--yes", status=2)
        result = self.sender.run("audit", "accept-generation", act)
        self.assertEqual(result.status, 2, result.err)
        self.assertIn(f"the first {backed_up} is lost", result.out)
        self.shows_and_sends_nothing(self.sender, "generation 2")

        facts = self.sender("audit", "accept-generation", act, "--yes")
        self.assertEqual(facts, {"generation": 2, "restored": backed_up, "newest": newest, "seen": newest,
                                 "seen-lost": True})
        self.refused(self.sender, "audit", "accept-generation", act, "--yes", status=2)
        # What was sent waits to be sent again: what was there answers with its first receipt.
        self.assertEqual({s["statement"] for s in self.sender("outbox")},
                         {kept["statement"], *(s["statement"] for s in lost)})
        self.sender("outbox", "send")
        self.assertEqual(self.sender("outbox"), [])
        self.assertEqual({s["statement"] for s in self.sender("sent")},
                         {kept["statement"], *(s["statement"] for s in lost)})
        self.assertEqual(self.statements(), 3)
        self.assertEqual(self.sender("receipt", kept["statement"])["event"], kept["event"])
        self.assertEqual(self.sender("audit", "verify")["log"], "localhost/lahetti/2")

        # Somebody who had seen nothing of what was lost is told so.
        self.assertFalse(self.officer("audit", "accept-generation", act, "--yes")["seen-lost"])
        restores = self.officer("audit", "list", "--action", "restore")
        self.assertEqual([r["event"] for r in restores], [backed_up])
        # One key reaches both generations, for us and for the verifier that shares no code.
        bundles = [str(self.folder / name) for name in ("kept.bundle", "lost.bundle", "report.bundle")]
        self.sender("receipt", kept["statement"], "--out", bundles[0])
        self.sender("receipt", lost[0]["statement"], "--out", bundles[1])
        self.officer("audit", "who-saw", self.client, "--out", bundles[2])
        keys = [old_key, self.written("new-key", self.profile_key())]
        for bundle in bundles:
            for key in keys:
                text = Path(key).read_text(encoding="utf-8")
                self.assertEqual(self.sender.run("verify", bundle, "--log-key", text).status, 0, bundle)
                self.verified_by_both(bundle, "--key", key)
        self.refused(self.sender, "verify", bundles[2], "--log-key", self.false_key(), status=5)

        # The old server, should it come back, is not taken for the new one.
        self.put_in_place(self.folder / "lost")
        self.shows_and_sends_nothing(self.sender, "an old server has come back")
        self.coach("inbox")

    def profile_key(self):
        text = Path(self.sender.home, "profile.json").read_text(encoding="utf-8")
        return re.search(r'"log_key": "([^"]+)"', text)[1]

    def false_key(self):
        return (self.folder / "false-act").read_text(encoding="utf-8").splitlines()[1]


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
