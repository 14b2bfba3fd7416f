#!/usr/bin/env python3
"""What people do with lahetti, against the real lahettid: in a folder and on a port of its own.

    test_flow.py LAHETTI LAHETTID VERIFY_LOG [CLASS…]
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
import uuid
from pathlib import Path

from command import LANGUAGES, Person

LAHETTI, LAHETTID, VERIFY_LOG = sys.argv[1:4]
CONFIG = """
server-name = "localhost/lahetti"
listen-port = {port}
origins = "https://localhost:{port}"
ops-port = 0
data = "data"
certificate = "server.pem"
private-key = "server.key"
client-ca = "authority.pem"
master-key = "master.key"
"""


def free_port():
    with socket.socket() as s:
        s.bind(("localhost", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.port = free_port()
        self.process = None
        Path(self.folder, "lahettid.conf").write_text(CONFIG.format(port=self.port), encoding="utf-8")

    def console(self, *arguments):
        run = subprocess.run([LAHETTID, arguments[0], "--config", "lahettid.conf", *arguments[1:]], cwd=self.folder,
                             capture_output=True, text=True, timeout=120, check=False)
        assert run.returncode == 0, run.stderr
        return run.stdout.strip()

    def start(self):
        self.process = subprocess.Popen([LAHETTID, "run", "--config", "lahettid.conf"], cwd=self.folder, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        assert line.startswith("ready"), line

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            status = self.process.wait(timeout=60)
            self.process.stdout.close()
            self.process = None
            assert status == 0, status


class County(unittest.TestCase):
    """A clinic that sends, a team that receives, an officer who watches."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="lahetti-flow-")
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = Path(cls.scratch.name)
        cls.server = Server(cls.folder)
        code = cls.server.console("init", "--organisation", "Esimerkkilä", "--business-id", "0000000-0",
                                  "--administrator", "Pia Pääkäyttäjä")
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        cls.administrator, key = cls.enrol("administrator", code)
        cls.confirm([key])
        keys = []
        for unit in ("Klinikka", "Valmennus", "Tietosuoja"):
            cls.administrator("admin", "unit", "--name", unit)
        for short, name, unit, role in (("sender", "Sanna Lähettäjä", "Klinikka", "social-worker"),
                                        ("coach", "Ville Valmentaja", "Valmennus", "job-coach"),
                                        ("officer", "Tiina Tietosuoja", "Tietosuoja", "data-protection-officer")):
            cls.administrator("admin", "user", "--name", name)
            cls.administrator("admin", "role", "--user", name, "--unit", unit, "--role", role)
            person, key = cls.enrol(short, cls.administrator("admin", "code", name)["code"])
            setattr(cls, short, person)
            keys.append(key)
        cls.confirm(keys)
        cls.client = cls.sender("client", "add", "--family-name", "Esimerkki", "--given-names", "Eeva",
                                "--hetu", "131052-9993", "--language", "fi")["client"]

    @classmethod
    def enrol(cls, name, code):
        person = Person(LAHETTI, cls.folder / "people" / name)
        enrolled = person("enrol", "--server", f"localhost:{cls.server.port}", "--ca", str(cls.folder / "authority.pem"),
                          "--code", code.lower(), "--name", "test")
        assert not enrolled["confirmed"]
        return person, enrolled["key"]

    @classmethod
    def confirm(cls, keys):
        cls.server.stop()
        cls.server.console("confirm", *keys)
        cls.server.start()

    def refer(self, words="Haluan töihin.", to="queue:Valmennus"):
        return self.sender("refer", "--client", self.client[-8:], "--to", to, "--client-agrees", "--words", words,
                           "--ask", "job-coaching")

    def delivered(self, statement, person=None):
        """The newest delivery that its sender is shown of a statement."""
        return next(s for s in (person or self.sender)("sent") if s["statement"] == statement)["delivery"]

    def refused(self, person, *arguments, status=3, **others):
        result = person.run(*arguments, **others)
        self.assertEqual(result.status, status, (arguments, result.out, result.err))
        self.assertRegex(result.err, r"\Alahetti: [^\n]+\n\Z")
        return result.err

    def taken(self):
        delivery = self.delivered(self.refer()["statement"])
        self.coach("claim", delivery)
        self.coach("open", delivery)
        self.coach("take", delivery)
        return delivery

    def verified_by_both(self, bundle, *options):
        self.assertEqual(self.sender.run("verify", str(bundle)).status, 0)
        run = subprocess.run([sys.executable, "-B", VERIFY_LOG, "bundle", *options, str(bundle)], capture_output=True, text=True,
                             timeout=60, check=False)
        self.assertEqual(run.returncode, 0, run.stdout)


class Flow(County):
    # ---- a referral ----

    def test_referral_travels_and_its_sender_is_told(self):
        statement = self.refer("Ensimmäinen rivi\ntoinen rivi")["statement"]
        notice = next(n for n in self.coach("inbox") if n["delivery"] == self.delivered(statement))
        self.assertEqual((notice["kind"], notice["from"], notice["urgency"]), ("referral", "Klinikka", "normal"))
        self.assertNotIn("Eeva", str(notice))
        self.assertNotIn(self.client, str(notice))
        self.refused(self.coach, "open", notice["delivery"])
        self.coach("claim", notice["delivery"][-8:])
        opened = self.coach("open", notice["delivery"][-8:])
        self.assertEqual(opened["referral"]["own_words"], "Ensimmäinen rivi\ntoinen rivi")
        self.assertEqual(opened["identity"]["family_name"], "Esimerkki")
        self.assertEqual(opened["header"]["client"], self.client)
        self.assertEqual((opened["opening"]["client"], opened["opening"]["state"]), (self.client, "opened"))
        self.assertIn("take", opened["opening"]["steps"])
        page = self.coach.run("open", notice["delivery"], "--lang", "fi").out
        self.assertIn("toinen rivi", page)
        self.assertIn("Avaaminen ei tarkoita, että asia on otettu hoidettavaksi.", page)
        self.coach("take", notice["delivery"], "--sentence", "Tervetuloa.")
        self.assertEqual(next(s for s in self.sender("sent") if s["statement"] == statement)["state"], "taken")
        steps = [s["step"] for s in self.sender("timeline", statement[-8:])]
        self.assertEqual(steps, ["hand-over", "open", "take"])

    def test_service_goes_its_way_to_the_end(self):
        delivery = self.taken()
        for step in (["schedule", delivery, "--date", "2027-01-07"], ["no-show", delivery],
                     ["schedule", delivery, "--date", "2027-01-14"], ["meet", delivery], ["begin", delivery],
                     ["hold", delivery, "--cause", "kela-decision"],
                     ["report", delivery, "--report", "Odotetaan.", "--phase", "profiling"],
                     ["close", delivery, "--outcome", "employed", "--sentence", "Löysi työn."]):
            self.coach(*step)
        self.refused(self.coach, "begin", delivery)
        told = [n for n in self.sender("inbox", "--all") if n["kind"] == "closing"]
        self.assertEqual(self.sender("open", told[-1]["delivery"])["closing"]["sentence_back"], "Löysi työn.")
        self.coach("reopen", delivery, "--sentence", "Työ päättyi.")

    def test_question_is_answered(self):
        delivery = self.taken()
        self.coach("ask", delivery, "--question", "Milloin sopii?")
        question = next(n for n in self.sender("inbox") if n["kind"] == "information-request" and n["state"] == "requested")
        self.refused(self.sender, "answer", "0000", "--answer", "x", status=2)
        self.sender("answer", question["delivery"], "--answer", "Aamulla.")
        answer = next(n for n in self.coach("inbox") if n["kind"] == "information-answer" and n["state"] == "requested")
        self.assertEqual(self.coach("open", answer["delivery"])["information-answer"]["answer"], "Aamulla.")

    def test_matter_is_returned_recalled_and_cancelled(self):
        delivery = self.delivered(self.refer()["statement"])
        self.sender("recall", delivery)
        self.coach.run("claim", delivery)
        self.refused(self.coach, "open", delivery)
        delivery = self.taken()
        self.sender("request-cancel", delivery, "--sentence", "Ei tarvitakaan.")
        self.coach("confirm-cancel", delivery)
        delivery = self.taken()
        self.coach("return", delivery, "--reason", "no-capacity", "--sentence", "Täynnä.")
        status = next(s for s in self.sender("sent") if s["delivery"] == delivery)
        self.assertEqual((status["state"], status["reason"]), ("returned", "no-capacity"))

    def test_form_is_as_good_as_options(self):
        form = f"""# a remark
client: {self.client[-8:]}
to: queue:valmennus
client-agrees: kyllä
words: Rivi
  toinen

  neljäs
ask: studies
ask: job-coaching
urgency: soon
"""
        made = [self.sender("refer", "--file", "-", given=form)["statement"],
                self.sender("refer", "--file", "-", given='{"client": "%s", "to": ["queue:Valmennus"], "client-agrees": true,'
                            '"words": "Rivi\\ntoinen\\n\\nneljäs", "ask": ["studies", "job-coaching"], "urgency": "soon"}'
                            % self.client)["statement"]]
        bodies = []
        for statement in made:
            delivery = self.delivered(statement)
            self.coach("claim", delivery)
            bodies.append(self.coach("open", delivery)["referral"])
        self.assertEqual(bodies[0], bodies[1])
        self.assertEqual(bodies[0]["own_words"], "Rivi\ntoinen\n\nneljäs")
        self.assertEqual(bodies[0]["asked"], ["studies", "job-coaching"])

    def test_what_is_missing_is_told_before_anything_is_sent(self):
        before = self.sender("sent")
        result = self.refused(self.sender, "refer", "--client", self.client, "--to", "queue:Valmennus", "--words", "x",
                              "--ask", "studies", status=2)
        self.assertIn("agreement", result)
        self.assertIn("Tietosuoja", self.refused(self.sender, "refer", "--client", self.client, "--to", "queue:i",
                                                 "--client-agrees", "--words", "x", "--ask", "studies", status=2))
        self.assertEqual(len(self.sender("sent")), len(before))

    def test_who_would_see_is_told_before_sending(self):
        seen = self.sender("who-would-see", "--client", self.client, "--to", "queue:Valmennus", "--to",
                           "user:Valmennus/Ville", "--to", "role:Valmennus/job-coach")
        self.assertEqual([(v["user"], v["basis"]) for v in seen], [("Ville Valmentaja", "own-register")] * 3)

    def test_watching_shows_what_comes(self):
        watcher = self.coach.start("inbox", "--watch", "--json")
        try:
            statement = self.refer()["statement"]
            delivery = self.delivered(statement)
            for line in watcher.stdout:
                if delivery in line:
                    break
            else:
                self.fail(watcher.stderr.read())
        finally:
            watcher.send_signal(signal.SIGTERM)
            watcher.wait(timeout=60)
            watcher.stdout.close()
            watcher.stderr.close()

    # ---- consents ----

    def test_consent_is_recorded_relied_on_and_withdrawn(self):
        consent = self.sender("consent", "--client", self.client, "--giver", "client", "--purpose", "employment-support",
                              "--category", "contact", "--category", "service-need", "--party", "unit:Valmennus",
                              "--from", "2026-01-01", "--until", "2099-12-31", "--how", "oral", "--leaflet", "1",
                              "--kanta-checked", "--covers-feedback")["statement"]
        self.sender("refer", "--client", self.client, "--to", "queue:Valmennus", "--client-agrees", "--words", "x",
                    "--ask", "studies", "--consent", consent[-8:])
        self.sender("withdraw", consent[-8:], "--how", "Puhelimitse.")
        self.refused(self.sender, "withdraw", "ffffffff", "--how", "x", status=2)

    # ---- proofs ----

    def test_receipt_is_verified_without_the_server(self):
        statement = self.refer()["statement"]
        bundle = self.folder / "receipt.bundle"
        receipt = self.sender("receipt", statement[-8:], "--out", str(bundle))
        self.assertEqual(self.sender("receipt", statement)["event"], receipt["event"])
        self.assertEqual(os.stat(bundle).st_mode & 0o777, 0o600)
        self.verified_by_both(bundle)
        spoiled = bytearray(bundle.read_bytes())
        spoiled[len(spoiled) // 3] ^= 1
        bundle.write_bytes(spoiled)
        self.assertIn(self.sender.run("verify", str(bundle)).status, (2, 5))

    def test_report_on_a_client_is_whole_and_verified(self):
        client = self.sender("client", "add", "--family-name", "Toinen", "--given-names", "Taavi")["client"]
        for _ in range(3):
            self.sender("clients", "Toinen")
        bundle = self.folder / "report.bundle"
        lines = self.officer("audit", "who-saw", client, "--out", str(bundle))
        self.assertEqual([line["action"] for line in lines], ["add-client", "search", "search", "search"])
        self.assertEqual({(line["user"], line["unit"], line["outcome"]) for line in lines},
                         {("Sanna Lähettäjä", "Klinikka", "done")})
        self.verified_by_both(bundle)
        # The reading is on record too.
        self.assertEqual(self.officer("audit", "who-saw", client)[-1]["action"], "read-trail")
        self.refused(self.sender, "audit", "who-saw", client)
        self.refused(self.administrator, "audit", "who-saw", client)
        self.refused(self.officer, "audit", "who-saw", str(uuid.UUID(int=uuid.uuid4().int & ~(0xF << 76) | 7 << 76)))

    def test_trail_is_listed_by_filters(self):
        self.refused(self.coach, "open", self.delivered(self.refer()["statement"]))
        refusals = self.officer("audit", "list", "--outcome", "refused", "--user", "Ville", "--limit", "3")
        self.assertEqual({(r["user"], r["outcome"]) for r in refusals}, {("Ville Valmentaja", "refused")})
        self.assertIn("claim-first", [r["reason"] for r in refusals])
        self.assertEqual(self.officer("audit", "list", "--until", "2020-01-01"), [])
        self.assertEqual(len(self.officer("audit", "list", "--from", "2020-01-01", "--limit", "150")), 150)

    # ---- the log ----

    def test_p5_forked_server_is_refused_by_who_has_seen_more(self):
        data = self.folder / "data"
        self.server.stop()
        shutil.copytree(data, self.folder / "before")
        self.server.start()
        self.coach("audit", "verify")
        self.server.stop()
        data.rename(self.folder / "after")
        shutil.copytree(self.folder / "before", data)
        self.server.start()
        try:
            self.refused(self.coach, "inbox", status=6)
            # The other log grows past the one that was seen: it is no continuation of it.
            for _ in range(5):
                self.administrator("whoami")
            sentences = {self.refused(self.coach, "audit", "verify", "--lang", language, status=6) for language in LANGUAGES}
            self.assertEqual(len(sentences), len(LANGUAGES))
            seen, shown = (Path(self.coach.home, name).read_text(encoding="utf-8") for name in ("fork-seen", "fork-shown"))
            self.assertEqual(seen.splitlines()[0], shown.splitlines()[0])
            self.assertNotEqual(seen.splitlines()[1:3], shown.splitlines()[1:3])
        finally:
            self.server.stop()
            shutil.rmtree(data)
            (self.folder / "after").rename(data)
            Path(self.administrator.home, "checkpoint").unlink()
            self.server.start()
        self.coach("audit", "verify")

    def test_other_log_key_is_refused(self):
        profile = Path(self.officer.home, "profile.json")
        kept = profile.read_text(encoding="utf-8")
        try:
            profile.write_text(re.sub(r'"log_key": "[^"]*"', '"log_key": "%s"' % (
                "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"), kept), encoding="utf-8")
            self.refused(self.officer, "whoami", status=6)
        finally:
            profile.write_text(kept, encoding="utf-8")

    # ---- without a connection ----

    def test_outbox_waits_sends_in_order_and_sets_aside(self):
        ghost = [str(uuid.UUID(int=uuid.uuid4().int & ~(0xF << 76) | 7 << 76)) for _ in range(2)]  # version 7
        cases = Path(self.sender.home, "cases")
        kept = cases.read_text(encoding="utf-8")
        cases.write_text(kept + " ".join(ghost) + "\n", encoding="utf-8")
        self.sender("who")
        self.server.stop()
        consent = ["consent", "--giver", "client", "--purpose", "rehabilitation", "--category", "contact", "--party",
                   "unit:Valmennus", "--from", "2026-01-01", "--until", "2099-12-31", "--how", "oral", "--leaflet", "1",
                   "--kanta-checked", "--client", ghost[0]]
        refer = ["refer", "--to", "queue:Valmennus", "--client-agrees", "--words", "x", "--ask", "studies", "--client"]
        try:
            self.refused(self.sender, "inbox", status=4)
            self.refused(self.sender, *consent, status=4)
            waits = [row["statement"] for row in self.sender("outbox")]
            self.refused(self.sender, *refer, self.client, "--consent", waits[0][-8:], status=4)
            self.refused(self.sender, *refer, self.client, status=4)
            self.refused(self.sender, *refer, "Eeva", status=4)
        finally:
            self.server.start()
        waits = [row["statement"] for row in self.sender("outbox")]
        self.assertEqual(len(waits), 3)
        self.assertNotIn(b"Valmennus", b"".join(p.read_bytes() for p in Path(self.sender.home, "outbox").iterdir()))
        told = self.sender.run("outbox", "send").out.splitlines()
        self.assertEqual([waits[i] in told[i] for i in range(3)], [True] * 3, told)
        self.assertEqual({(r["statement"], r["state"]) for r in self.sender("outbox")}, {(w, "aside") for w in waits[:2]})
        self.assertIn(waits[2], [s["statement"] for s in self.sender("sent")])
        for statement in waits[:2]:
            self.assertEqual(self.sender.run("outbox", "drop", statement[-8:]).status, 0)
        self.assertEqual(self.sender("outbox"), [])
        cases.write_text(kept, encoding="utf-8")

    # ---- devices ----

    def test_second_device_is_confirmed_by_the_first_and_revoked(self):
        code = self.administrator("admin", "code", "Ville")["code"]
        second, key = self.enrol("second", code)
        self.refused(second, "inbox")
        self.refused(self.administrator, "confirm", key)
        self.assertEqual(self.coach.run("confirm", key).status, 0)
        second("inbox")
        self.assertEqual({d["key"]: d["confirmed"] for d in self.coach("devices")}[key], True)
        self.coach.run("revoke", key)
        sentences = {self.refused(second, "inbox", "--lang", language) for language in LANGUAGES}
        self.assertEqual(len(sentences), len(LANGUAGES))
        self.refused(second, "enrol", "--server", f"localhost:{self.server.port}", "--ca", "x", "--code", code, status=2)
        third = Person(LAHETTI, self.folder / "people" / "third")
        self.refused(third, "enrol", "--server", f"localhost:{self.server.port}", "--ca",
                     str(self.folder / "authority.pem"), "--code", code)
        self.assertFalse(Path(third.home, "profile.json").exists())

    def test_device_folder_is_its_owners(self):
        for path in Path(self.coach.home).rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)
        key = Path(self.coach.home, "key.pem")
        self.assertIn("ENCRYPTED", key.read_text(encoding="utf-8"))
        self.refused(self.coach, "inbox", status=2, LAHETTI_PASSPHRASE_FILE=str(self.folder / "lahettid.conf"))
        key.chmod(0o640)
        self.refused(self.coach, "inbox", status=2)
        key.chmod(0o600)

    def test_server_of_another_authority_is_refused(self):
        other = self.folder / "other"
        other.mkdir()
        Server(other).console("init", "--organisation", "X", "--business-id", "0000000-0", "--administrator", "Y")
        stranger = Person(LAHETTI, self.folder / "people" / "stranger")
        self.refused(stranger, "enrol", "--server", f"localhost:{self.server.port}", "--ca", str(other / "authority.pem"),
                     "--code", "AB12-CD34-EF56-GH78", status=4)

    def test_roles_are_chosen(self):
        self.administrator("admin", "role", "--user", "Sanna", "--unit", "Valmennus", "--role", "social-counsellor")
        # The role of last time goes on; another is for once, or from now on.
        self.assertIn("Klinikka", self.acting("whoami"))
        self.assertIn("Valmennus", self.acting("whoami", "--as", "valm/social-counsellor"))
        self.assertIn("Klinikka", self.acting("whoami"))
        self.assertIn("Valmennus", self.acting("act", "Valmennus/social-counsellor"))
        self.assertIn("Valmennus", self.acting("whoami"))
        self.assertIn("Klinikka", self.acting("act", "Klinikka/social-worker"))
        self.refused(self.sender, "inbox", "--as", "Tietosuoja/social-worker", status=2)
        self.administrator("admin", "role", "--user", "Sanna", "--unit", "Valmennus", "--role", "social-counsellor", "--ended")
        self.assertEqual(len(self.sender("whoami")), 1)

    def acting(self, *arguments):
        return [row["unit"] for row in self.sender(*arguments) if row["acting"]]


class LongReport(County):
    def test_long_report_stands_on_one_head_of_the_log(self):
        client = self.sender("client", "add", "--family-name", "Kolmas", "--given-names", "Kaisa")["client"]
        for _ in range(110):
            self.officer("audit", "list", "--client", client, "--limit", "1")
        bundle = self.folder / "long.bundle"
        lines = self.officer("audit", "who-saw", client, "--out", str(bundle))
        self.assertGreater(len(lines), 110)
        self.verified_by_both(bundle)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
