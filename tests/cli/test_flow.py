#!/usr/bin/env python3
"""What people do with lahetti, against the real lahettid: in a folder and on a port of its own.

    test_flow.py LAHETTI LAHETTID VERIFY_LOG [CLASS…]
"""

import hashlib
import io
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import uuid
import zipfile
from pathlib import Path

from command import LANGUAGES, Person

LAHETTI, LAHETTID, VERIFY_LOG = sys.argv[1:4]
LIMIT = 1_500_000  # bytes of an attachment that the server takes
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
    def __init__(self, folder, configuration=""):
        self.folder = Path(folder)
        self.port = free_port()
        self.process = None
        Path(self.folder, "lahettid.conf").write_text(CONFIG.format(port=self.port) + configuration, encoding="utf-8")

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

    configuration = ""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="lahetti-flow-")
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = Path(cls.scratch.name)
        cls.server = Server(cls.folder, cls.configuration)
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
        self.refused(self.sender, "who-would-see", "--client", self.client, "--to", "queue:Valmennus", "--section", "SHL 49 §",
                     "--necessity", "Palvelutarpeen arvioimiseksi.")

    def test_team_is_gathered_written_to_and_left(self):
        client = self.sender("client", "add", "--family-name", "Tiimiläinen")["client"]
        refer = ("refer", "--client", client, "--client-agrees", "--words", "Haluan töihin.", "--ask", "job-coaching", "--to")
        self.refused(self.sender, *refer, "care-team")
        self.refused(self.coach, "team", "list", "Tiimiläinen", status=2)
        add = ("team", "add", "--client", client, "--unit", "Valmennus", "--user", "Ville")
        self.assertGreater(self.sender(*add)["event"], 0)
        self.assertGreater(self.sender(*add, "--case-manager")["event"], 0)
        self.assertEqual(self.sender(*add, "--case-manager")["event"], 0)
        members = self.sender("team", "list", client)
        self.assertEqual([(m["user"], m["role"], m["unit"], m["case-manager"], m["gone"]) for m in members],
                         [("Ville Valmentaja", "job-coach", "Valmennus", True, False)])
        self.assertEqual([c["client"] for c in self.coach("clients", "Tiimiläinen")], [client])
        seen = self.sender("who-would-see", "--client", client, "--to", "care-team", "--to", "case-manager")
        self.assertEqual([(v["user"], v["basis"]) for v in seen], [("Ville Valmentaja", "own-register")])
        for to in ("care-team", "case-manager"):
            statement = self.sender(*refer, to)["statement"]
            self.assertIn(statement, [n["statement"] for n in self.coach("inbox")])
        self.refused(self.sender, *refer, "care-team:Valmennus", status=2)
        self.assertGreater(self.sender("team", "remove", "--client", client, "--user", "Ville")["event"], 0)
        self.assertEqual(self.sender("team", "list", client), [])
        self.refused(self.sender, *refer, "case-manager")
        self.assertIn("Asiakkaan tiimiä muutettiin", self.officer.run("audit", "who-saw", client, "--lang", "fi").out)

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

    def test_case_is_listed_and_read_again(self):
        made = self.sender("client", "add", "--family-name", "Luettava", "--given-names", "Liisa Maria")
        consent = self.sender("consent", "--client", made["client"], "--giver", "client", "--purpose", "employment-support",
                              "--category", "contact", "--party", "unit:Valmennus", "--from", "2026-01-01",
                              "--until", "2099-12-31", "--how", "oral", "--leaflet", "1", "--kanta-checked")["statement"]
        statement = self.sender("refer", "--client", made["client"], "--to", "queue:Valmennus", "--client-agrees",
                                "--words", "Luen tämän uudelleen.", "--ask", "job-coaching")["statement"]
        for name in (made["case"], made["case"][-8:], "Luettava"):
            rows = self.sender("case", name)
            self.assertEqual([r["statement"] for r in rows], [statement, consent])
            self.assertEqual((rows[0]["state"], rows[0]["unit"]), ("requested", "Klinikka"))
        self.assertEqual([r["statement"] for r in self.sender("consents", "--client", "Luettava")], [consent])
        for options in ((statement,), (statement[-8:],), (statement[-8:], "--client", "Luettava")):
            read = self.sender("read", *options)
            self.assertIn("Luen tämän uudelleen.", read["referral"].values())
            self.assertEqual(read["opening"]["client"], made["client"])
        # The team has the case, and so the consent; the referral it must open.
        self.assertIn("consent", self.coach("read", consent[-8:], "--client", "Luettava"))
        self.refused(self.coach, "read", statement)
        self.refused(self.coach, "read", statement[-8:], "--client", "Luettava", status=2)
        self.coach("withdraw", consent[-8:], "--client", "Luettava", "--how", "Puhelimitse.")
        self.assertTrue(self.sender("consents", "--client", "Luettava")[0]["ended"])
        # The officer finds who asks, and reports.
        self.refused(self.officer, "clients", "Luettava")
        self.refused(self.officer, "clients")
        found = self.officer("clients", "liisa maria LUETTAVA")
        self.assertEqual([f["client"] for f in found], [made["client"]])
        actions = [line["action"] for line in self.officer("audit", "who-saw", made["client"][-8:])]
        self.assertEqual(actions.count("open"), 4)
        self.assertIn("list", actions)
        self.refused(self.officer, "case", made["case"])
        self.refused(self.officer, "read", consent)

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


class Relay:
    """Stands between device and server; cuts the connection when the device has sent so many bytes."""

    def __init__(self, port, most=None):
        self.port, self.most, self.sent, self.sockets = port, most, 0, []
        self.listener = socket.create_server(("localhost", 0))
        self.own_port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self.serve, daemon=True)]
        self.threads[0].start()

    def serve(self):
        while True:
            try:
                device, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("localhost", self.port))
            self.sockets += device, server
            for pair in ((device, server), (server, device)):
                self.threads.append(threading.Thread(target=self.pump, args=(*pair, pair[0] is device), daemon=True))
                self.threads[-1].start()

    def pump(self, source, sink, counted):
        try:
            while data := source.recv(65536):
                if counted:
                    self.sent += len(data)
                    if self.most is not None and self.sent > self.most:
                        break
                sink.sendall(data)
        except OSError:
            pass
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(timeout=60)
        for each in self.sockets:
            each.close()


class Attachments(County):
    """Files that go with documents."""

    configuration = f"attachment-bytes = {LIMIT}\nrequests-a-second = 1000\n"

    def file(self, name, content):
        path = self.folder / "files" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return str(path)

    def attach(self, *files, person=None):
        arguments = [word for file in files for word in ("--attach", file)]
        return (person or self.sender)("refer", "--client", self.client, "--to", "queue:Valmennus", "--client-agrees",
                                       "--words", "x", "--ask", "studies", *arguments)["statement"]

    def claimed(self, statement):
        delivery = self.delivered(statement)
        self.coach("claim", delivery)
        return delivery

    def copies(self, person=None):
        return sorted(Path((person or self.sender).home, "attachments").glob("*"))

    def paper(self, scan, client=None, **others):
        return self.sender.run("consent", "--client", client or self.client, "--giver", "client", "--purpose", "rehabilitation",
                               "--category", "contact", "--party", "unit:Valmennus", "--from", "2026-01-01", "--until",
                               "2099-12-31", "--how", "paper", "--leaflet", "1", "--kanta-checked", *scan, "--json", **others)

    def test_attachment_is_listed_fetched_and_never_overwrites(self):
        content = random.Random(1).randbytes(200_000)
        files = [self.file("lausunto.bin", content), self.file("kirje.txt", "Hyvää päivää\n".encode())]
        statement = self.attach(*files)
        delivery = self.claimed(statement)
        header = self.coach("open", delivery)["header"]
        self.assertEqual([(a["name"], a["size"]) for a in header["attachments"]], [("lausunto.bin", 200_000), ("kirje.txt", 18)])
        self.assertEqual(header["attachments"][0]["sha256"], hashlib.sha256(content).hexdigest())
        shown = self.coach.run("open", delivery).out
        self.assertRegex(shown, rf"(?m)^{header['attachments'][0]['id'][-8:]} +lausunto.bin +\S+ +196 KiB$")
        # By digits, by name into the folder one is in; the sender's own.
        target = self.folder / "saapunut.bin"
        fetched = self.coach("fetch", delivery, header["attachments"][0]["id"][-8:], "--out", str(target))
        self.assertEqual((fetched["size"], fetched["file"]), (200_000, str(target)))
        self.assertEqual(target.read_bytes(), content)
        self.assertEqual(target.stat().st_mode & 0o777, 0o600)
        self.coach("fetch", delivery[-8:], "kirje.txt")
        self.assertEqual(Path(self.coach.folder, "kirje.txt").read_text(encoding="utf-8"), "Hyvää päivää\n")
        self.sender("fetch", statement, "lausunto.bin", "--out", str(self.folder / "oma.bin"))
        self.assertEqual((self.folder / "oma.bin").read_bytes(), content)
        # Again: nothing is overwritten, and nothing is asked for.
        target.write_bytes(b"mine")
        events = len(self.officer("audit", "list", "--action", "read-attachment"))
        self.assertIn("saapunut.bin", self.refused(self.coach, "fetch", delivery, "lausunto.bin", "--out", str(target), status=2))
        self.refused(self.coach, "fetch", delivery, "kirje.txt", status=2)
        self.assertEqual(target.read_bytes(), b"mine")
        self.assertEqual(len(self.officer("audit", "list", "--action", "read-attachment")), events)
        # One event for each reading, however many pieces it took.
        self.assertEqual(events, 3)
        self.refused(self.coach, "fetch", delivery, status=2)
        self.refused(self.coach, "fetch", delivery, "ffffffff", status=2)
        self.assertEqual(self.copies(), [])
        self.assertEqual([p.name for p in self.folder.glob("*.??????") if p.name.startswith("saapunut")], [])

    def test_attachment_is_not_read_before_its_document_is_opened(self):
        delivery = self.delivered(self.attach(self.file("a.txt", b"a\n")))
        self.refused(self.coach, "fetch", delivery, "--out", str(self.folder / "nothing"))
        self.refused(self.officer, "fetch", delivery, "--out", str(self.folder / "nothing"))
        self.assertFalse((self.folder / "nothing").exists())

    def test_what_was_damaged_on_the_server_is_not_shown(self):
        before = {p for p in (self.folder / "data" / "attachments").rglob("*") if p.is_file()}
        delivery = self.claimed(self.attach(self.file("vaurio.bin", b"\0" * 70_000)))
        damaged, = {p for p in (self.folder / "data" / "attachments").rglob("*") if p.is_file()} - before
        spoiled = bytearray(damaged.read_bytes())
        spoiled[len(spoiled) - 100] ^= 1
        damaged.write_bytes(spoiled)
        target = self.folder / "vaurio.bin"
        result = self.coach.run("fetch", delivery, "--out", str(target))
        self.assertNotEqual(result.status, 0)
        self.assertEqual(list(self.folder.glob("vaurio.bin*")), [])
        spoiled[len(spoiled) - 100] ^= 1
        damaged.write_bytes(spoiled)
        self.coach("fetch", delivery, "--out", str(target))

    def test_types_are_what_the_bytes_look_like(self):
        def archive(*members):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w") as z:
                for name, text in members:
                    z.writestr(name, text)
            return out.getvalue()
        odt = "application/vnd.oasis.opendocument.text"
        docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        files = {
            "a.pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "application/pdf"),
            "b.txt": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0", "image/png"),
            "c": (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0", "image/jpeg"),
            "d.exe": ("Työkyky\n".encode(), "text/plain"),
            "e.html": (b"<!DOCTYPE html><html><script>alert(1)</script></html>\n", "text/plain"),
            "f.odt": (archive(("mimetype", odt), ("content.xml", "<x/>")), odt),
            "g.docx": (archive(("[Content_Types].xml", "<Types/>"), ("_rels/.rels", "<x/>"), ("word/document.xml", "<x/>")), docx),
            "h.zip": (archive(("x", "y")), "application/octet-stream"),
            "i": (bytes(range(256)), "application/octet-stream"),
        }
        delivery = self.claimed(self.attach(*(self.file(name, content) for name, (content, _) in files.items())))
        found = {a["name"]: a["media_type"] for a in self.coach("open", delivery)["header"]["attachments"]}
        self.assertEqual(found, {name: kind for name, (_, kind) in files.items()})

    def test_what_cannot_be_attached_is_told_before_anything_is_sent(self):
        before = len(self.sender("sent"))
        os.mkfifo(self.folder / "pipe")
        wrong = {self.file("large", b"x" * (LIMIT + 1)): "MiB", self.file("empty", b""): "empty", str(self.folder): "ordinary",
                 str(self.folder / "nowhere"): "nowhere", str(self.folder / "pipe"): "ordinary",
                 self.file(".hidden", b"x"): "name"}
        for path, word in wrong.items():
            self.assertIn(word, self.refused(self.sender, "refer", "--client", self.client, "--to", "queue:Valmennus",
                                             "--client-agrees", "--words", "x", "--ask", "studies", "--attach", path, status=2))
        small = self.file("small", b"x")
        self.refused(self.sender, "refer", "--client", self.client, "--to", "queue:Valmennus", "--client-agrees", "--words", "x",
                     "--ask", "studies", *["--attach", small] * 21, status=2)
        self.assertEqual(self.paper([]).status, 2)
        self.assertEqual(len(self.sender("sent")), before)
        self.assertEqual(self.sender("outbox"), [])
        self.assertEqual(self.copies(), [])
        self.attach(self.file("largest", b"x" * LIMIT))

    def test_reply_brings_files_back(self):
        delivery = self.claimed(self.attach())
        self.coach("open", delivery)
        self.coach("take", delivery)
        profile = self.file("profiili.pdf", b"%PDF-1.7\n" + b"x" * 100_000)
        report = self.coach("report", delivery, "--report", "Profiili on valmis.", "--attach", profile)["statement"]
        arrived = next(n["delivery"] for n in self.sender("inbox", "--all") if n["statement"] == report)
        self.sender("fetch", arrived, "--out", str(self.folder / "profiili.pdf"))
        self.assertEqual((self.folder / "profiili.pdf").read_bytes(), Path(profile).read_bytes())

    # ---- paper ----

    def test_paper_consent_brings_its_scan(self):
        scan = self.file("suostumus.pdf", b"%PDF-1.7\n" + b"allekirjoitettu " * 10_000)
        result = self.paper(["--scan", scan])
        self.assertEqual(result.status, 0, result.err)
        consent = result.json["statement"]
        self.sender("fetch", consent, "--out", str(self.folder / "kopio.pdf"))
        self.assertEqual((self.folder / "kopio.pdf").read_bytes(), Path(scan).read_bytes())
        withdrawn = self.sender("withdraw", consent, "--how", "Paperilla.", "--attach", self.file("peruutus.txt", b"Perun.\n"))
        self.assertEqual(withdrawn["disclosed"], [])

    # ---- without a connection ----

    def test_outbox_keeps_files_sealed_and_sends_them_first(self):
        content = b"%PDF-1.7\n" + b"salaisuus " * 20_000
        ghost = [str(uuid.UUID(int=uuid.uuid4().int & ~(0xF << 76) | 7 << 76)) for _ in range(2)]
        cases = Path(self.sender.home, "cases")
        kept = cases.read_text(encoding="utf-8")
        cases.write_text(kept + " ".join(ghost) + "\n", encoding="utf-8")
        self.sender("who")
        self.server.stop()
        try:
            scan = self.file("offline.pdf", content)
            for client in [None] * 4 + [ghost[0]]:
                self.assertEqual(self.paper(["--scan", scan], client=client).status, 4)
            Path(scan).unlink()
            self.assertEqual([row["attachments"] for row in self.sender("outbox")], [1] * 5)
        finally:
            self.server.start()
            cases.write_text(kept, encoding="utf-8")
        self.assertEqual(len(self.copies()), 5)
        for copy in self.copies():
            self.assertNotIn(b"salaisuus", copy.read_bytes())
            self.assertEqual(copy.stat().st_mode & 0o777, 0o600)
        # One whose copy was changed on the device is not sent, and holds up nothing.
        waiting = [row["statement"] for row in self.sender("outbox")]
        whole = [copy.read_bytes() for copy in self.copies()]
        self.copies()[0].write_bytes(whole[0][:-1] + bytes([whole[0][-1] ^ 1]))
        self.copies()[1].write_bytes(whole[1][65564:] + whole[1][:65564])
        self.copies()[2].write_bytes(whole[2][:-1])
        result = self.sender.run("outbox", "send")
        self.assertEqual(result.status, 0, result.err)
        left = [row["statement"] for row in self.sender("outbox") if row["state"] == "aside"]
        self.assertEqual(left, waiting[:3] + waiting[4:])
        self.assertEqual(len(self.sender("outbox")), len(left))
        self.sender("fetch", waiting[3], "--out", str(self.folder / "offline.pdf"))
        self.assertEqual((self.folder / "offline.pdf").read_bytes(), content)
        self.assertEqual(len(self.copies()), len(left))
        for statement in left:
            self.assertEqual(self.sender.run("outbox", "drop", statement).status, 0)
        self.assertEqual((self.sender("outbox"), self.copies()), ([], []))

    def test_broken_upload_goes_on_where_it_stopped(self):
        content = random.Random(2).randbytes(LIMIT)
        path = self.file("suuri.bin", content)
        profile = Path(self.sender.home, "profile.json")
        kept = profile.read_text(encoding="utf-8")
        sent = []
        try:
            for most in (LIMIT // 2, None):
                relay = Relay(self.server.port, most)
                profile.write_text(re.sub(r'"port": \d+', f'"port": {relay.own_port}', kept), encoding="utf-8")
                if most is None:
                    result = self.sender.run("outbox", "send")
                    self.assertEqual(result.status, 0, result.err)
                else:
                    self.refused(self.sender, "refer", "--client", self.client, "--to", "queue:Valmennus", "--client-agrees",
                                 "--words", "x", "--ask", "studies", "--attach", path, status=4)
                    self.assertEqual([row["attachments"] for row in self.sender("outbox")], [1])
                    Path(path).unlink()
                relay.close()
                sent.append(relay.sent)
        finally:
            profile.write_text(kept, encoding="utf-8")
        self.assertLess(sent[1], LIMIT * 3 // 4)
        self.assertEqual(self.sender("outbox"), [])
        statement = self.sender("sent")[0]["statement"]
        self.sender("fetch", statement, "--out", str(self.folder / "suuri.bin"))
        self.assertEqual((self.folder / "suuri.bin").read_bytes(), content)

    def test_upload_that_the_server_forgot_is_sent_again(self):
        content = random.Random(3).randbytes(LIMIT)
        path = self.file("unohtui.bin", content)
        relay = Relay(self.server.port, LIMIT // 2)
        profile = Path(self.sender.home, "profile.json")
        kept = profile.read_text(encoding="utf-8")
        try:
            profile.write_text(re.sub(r'"port": \d+', f'"port": {relay.own_port}', kept), encoding="utf-8")
            self.refused(self.sender, "refer", "--client", self.client, "--to", "queue:Valmennus", "--client-agrees",
                         "--words", "x", "--ask", "studies", "--attach", path, status=4)
        finally:
            profile.write_text(kept, encoding="utf-8")
        relay.close()
        self.server.stop()
        self.server.start()
        # The next document takes along what waits.
        self.refer()
        self.assertEqual((self.sender("outbox"), self.copies()), ([], []))


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
