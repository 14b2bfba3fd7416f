#!/usr/bin/env python3
"""What people and operators get wrong: files, passphrases, flags, and programs that are stopped in the middle.

    test_wrong_input.py LAHETTI LAHETTID VERIFY_LOG
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from test_flow import CONFIG, LAHETTI, LAHETTID, County, free_port
from command import LANGUAGES

KILLS = 5
CLIENT_FILES = {  # a file that a person names: the command in which it stands, with {} in its place
    "form": ["refer", "--file", "{}"],
    "client form": ["client", "add", "--file", "{}"],
    "bundle": ["verify", "{}"],
    "passphrase": ["--passphrase-file", "{}", "inbox"],
}
HOME_FILES = ("profile.json", "key.pem", "certificate.pem", "ca.pem", "checkpoint", "position", "cases", "directory")
SERVER_FILES = ("certificate", "private-key", "master-key", "data", "database", "page")


def one_sentence(test, result, program, about):
    test.assertRegex(result.stderr, rf"(?m)\A(?:time_us=.*\n)*{program}: [^\n]+\n\Z", about)


class Files:
    """Kinds of wrong files, made in a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)
        (self.folder / "a-folder").mkdir()
        (self.folder / "empty").write_bytes(b"")
        (self.folder / "another-kind").write_bytes(b"\x7fELF\x02\x01\x00" + bytes(range(256)) * 4)
        with open(self.folder / "too-large", "wb") as file:
            file.truncate(1 << 31)
        (self.folder / "unreadable").write_text("words: x\n", encoding="utf-8")
        (self.folder / "unreadable").chmod(0)
        (self.folder / "link-to-nothing").symlink_to(self.folder / "nowhere")

    def kinds(self):
        for name in ("a-folder", "empty", "another-kind", "too-large", "link-to-nothing", "missing", "unreadable"):
            if name == "unreadable" and os.access(self.folder / name, os.R_OK):
                continue  # root reads all
            yield str(self.folder / name)


class Wrong(County):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.files = Files(cls.folder / "wrong")

    def refused(self, person, *arguments, status=(2,), **others):
        result = person.run(*arguments, **others)
        self.assertIn(result.status, status, (arguments, result.err))
        self.assertRegex(result.err, r"\Alahetti: [^\n]+\n\Z", arguments)
        return result.err

    # ---- files that a person names ----

    def test_every_file_that_is_none_is_told(self):
        for what, command in CLIENT_FILES.items():
            for path in self.files.kinds():
                with self.subTest(what=what, file=Path(path).name):
                    self.refused(self.sender, *[word.replace("{}", path) for word in command])

    def test_reasons_are_told_in_the_language_of_the_run(self):
        for path in ("a-folder", "missing"):
            told = {self.refused(self.sender, "refer", "--file", str(self.files.folder / path), "--lang", language)
                    for language in LANGUAGES}
            self.assertEqual(len(told), len(LANGUAGES))

    def test_what_is_no_plain_file_is_not_replaced(self):
        statement = self.refer("Kuitti.")["statement"]
        link = self.folder / "out-link"
        link.symlink_to("/dev/null")
        for path in (str(self.files.folder / "a-folder"), "/dev/null", str(link), str(self.folder / "no" / "where"),
                     "x" * 5000):
            result = self.sender.run("receipt", statement, "--out", path)
            self.assertEqual(result.status, 2, (path, result.err))
            self.assertRegex(result.err, r"\Alahetti: [^\n]+\n\Z")
        self.assertTrue(link.is_symlink())

    def test_wrong_passphrase(self):
        other = self.folder / "other-passphrase"
        other.write_text("not this one at all\n", encoding="utf-8")
        for language in LANGUAGES:
            self.refused(self.sender, "inbox", "--passphrase-file", str(other), "--lang", language)
        windows = self.folder / "windows-passphrase"
        windows.write_text(Path(self.sender.passphrase_file).read_text(encoding="utf-8").strip() + "\r\n", encoding="utf-8")
        self.assertEqual(self.sender.run("inbox", "--passphrase-file", str(windows)).status, 0)

    def test_key_that_others_can_read(self):
        key = Path(self.sender.home, "key.pem")
        for mode in (0o640, 0o604, 0o660, 0o666):
            key.chmod(mode)
            self.addCleanup(key.chmod, 0o600)
            self.assertIn("key.pem", self.refused(self.sender, "inbox"))
        key.chmod(0o600)

    def test_enrolment_with_wrong_files_and_codes_leaves_no_device(self):
        newcomer = type(self.sender)(LAHETTI, self.folder / "people" / "newcomer")
        server = f"localhost:{self.server.port}"
        ca = str(self.folder / "authority.pem")
        for path in self.files.kinds():
            self.refused(newcomer, "enrol", "--server", server, "--ca", path, "--code", "AB12-CD34-EF56-GH78",
                         status=(2, 4))
        self.refused(newcomer, "enrol", "--server", server, "--ca", ca, "--code", "AB12-CD34-EF56-GH78", status=(3,))
        self.refused(newcomer, "enrol", "--server", "localhost:1", "--ca", ca, "--code", "AB12-CD34-EF56-GH78", status=(4,))
        self.assertFalse(Path(newcomer.home, "profile.json").exists())

    # ---- the device folder ----

    def test_damaged_device_folder_is_told_and_mended_by_what_was_there(self):
        self.assertEqual(self.sender.run("inbox").status, 0)
        home = Path(self.sender.home)
        whole = self.folder / "whole-home"
        shutil.copytree(home, whole, symlinks=True)
        for name in HOME_FILES:
            for kind in ("missing", "another-kind", "a-folder"):
                with self.subTest(file=name, kind=kind):
                    shutil.rmtree(home)
                    shutil.copytree(whole, home, symlinks=True)
                    (home / name).unlink()
                    if kind == "a-folder":
                        (home / name).mkdir()
                    elif kind != "missing":
                        shutil.copy(self.files.folder / kind, home / name)
                        (home / name).chmod(0o600)
                    result = self.sender.run("inbox")
                    self.assertIn(result.status, (0, 1, 2, 4, 5), result.err)
                    if result.status != 0:
                        self.assertRegex(result.err, r"\Alahetti: [^\n]+\n\Z")
        shutil.rmtree(home)
        shutil.copytree(whole, home, symlinks=True)
        self.assertEqual(self.sender.run("inbox").status, 0)

    def test_damaged_document_in_the_outbox_holds_up_nothing(self):
        self.sender("who")  # names are looked up in the directory as it was last read
        self.server.stop()
        try:
            for words in ("Ensimmäinen.", "Toinen."):
                self.refused(self.sender, "refer", "--client", self.client[-8:], "--to", "queue:Valmennus", "--client-agrees",
                             "--words", words, "--ask", "job-coaching", status=(4,))
        finally:
            self.server.start()
        first, second = sorted(Path(self.sender.home, "outbox").iterdir())
        first.write_bytes(b"spoiled")
        self.assertEqual({row["state"] for row in self.sender("outbox")}, {"damaged", "outbox"})
        self.assertEqual(self.sender.run("outbox", "send").status, 0)
        self.assertIn(second.name, {row["statement"] for row in self.sender("sent")})
        self.assertEqual([(row["statement"], row["state"]) for row in self.sender("outbox")], [(first.name, "damaged")])
        self.sender.run("outbox", "drop", first.name)
        self.assertEqual(self.sender("outbox"), [])

    def test_outbox_goes_out_in_the_role_in_which_it_was_signed(self):
        self.administrator("admin", "role", "--user", "Sanna", "--unit", "Valmennus", "--role", "social-worker")
        self.sender("act", "Klinikka/social-worker")
        self.sender("who")
        self.server.stop()
        try:
            self.refused(self.sender, "refer", "--client", self.client[-8:], "--to", "queue:Valmennus", "--client-agrees",
                         "--words", "Klinikalta.", "--ask", "job-coaching", status=(4,))
        finally:
            self.server.start()
        self.sender("act", "Valmennus/social-worker")
        self.assertEqual(self.sender.run("outbox", "send").status, 0)
        self.assertEqual(self.sender("outbox"), [])
        acting = [row["unit"] for row in self.sender("whoami") if row["acting"]]
        self.assertEqual(acting, ["Valmennus"])
        self.sender("act", "Klinikka/social-worker")
        self.administrator("admin", "role", "--user", "Sanna", "--unit", "Valmennus", "--role", "social-worker", "--ended")

    # ---- stopped in the middle ----

    def kept(self, place):
        """What the device has of its own documents; what is being written has a dot in its name."""
        folder = Path(self.sender.home, place)
        return {name for name in os.listdir(folder) if "." not in name} if folder.exists() else set()

    def test_p7_killed_while_it_sends_it_sends_once(self):
        """Killed as soon as the outbox has the document: whatever the server knew by then, it has it once in the end."""
        before = {row["statement"] for row in self.sender("sent")}
        kept = set()
        for i in range(KILLS):
            run = self.sender.start("refer", "--client", self.client[-8:], "--to", "queue:Valmennus", "--client-agrees",
                                    "--words", f"Kerran {i}.", "--ask", "job-coaching")
            while run.poll() is None and not self.kept("outbox") - kept:
                pass
            for _ in range(50 * i):  # a little later each time
                self.kept("outbox")
            run.send_signal(signal.SIGKILL)
            run.communicate(timeout=60)
            kept |= self.kept("outbox") | self.kept("sent")
        self.assertEqual(self.sender.run("outbox", "send").status, 0)
        self.assertEqual(self.sender("outbox"), [])
        rows = [row["statement"] for row in self.sender("sent") if row["statement"] not in before]
        self.assertEqual(len(rows), len(set(rows)))
        self.assertEqual(len(rows), KILLS)
        self.assertLessEqual(set(rows), kept)
        self.assertLessEqual(set(rows), self.kept("sent"))
        for path in Path(self.sender.home).rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_two_runs_at_once_break_nothing(self):
        watch = self.coach.start("inbox", "--watch", "--json")
        try:
            runs = [self.coach.start("inbox", "--new", "--json") for _ in range(4)]
            for run in runs:
                out, err = run.communicate(timeout=120)
                self.assertEqual(run.returncode, 0, err)
        finally:
            watch.kill()
            watch.communicate(timeout=60)
        self.assertEqual(self.coach.run("whoami").status, 0)

    # ---- what others wrote ----

    def test_control_characters_never_reach_the_terminal(self):
        """The server takes none; what comes out of it is cleaned all the same."""
        for text in ("\x1b[2J", "\x9b2J", "\u202e"):
            self.refused(self.administrator, "admin", "unit", "--name", "A" + text, status=(3,))
            self.refused(self.sender, "client", "add", "--family-name", "A" + text, "--given-names", "B", status=(3,))
            self.refused(self.sender, "refer", "--client", self.client[-8:], "--to", "queue:Valmennus", "--client-agrees",
                         "--words", "A" + text, "--ask", "job-coaching")


class Console(unittest.TestCase):
    """lahettid, as an operator gets it wrong."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="lahetti-console-")
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = Path(cls.scratch.name)
        cls.files = Files(cls.folder / "wrong")
        (cls.folder / "lahettid.conf").write_text(CONFIG.format(port=free_port()), encoding="utf-8")
        done = cls.run_console("init", "--organisation", "Esimerkkilä", "--administrator", "Pia")
        assert done.returncode == 0, done.stderr

    @classmethod
    def run_console(cls, *arguments):
        return subprocess.run([LAHETTID, *arguments], cwd=cls.folder, capture_output=True, text=True, timeout=120, check=False)

    def refused(self, *arguments, status=2):
        result = self.run_console(*arguments)
        self.assertEqual(result.returncode, status, (arguments, result.stderr))
        one_sentence(self, result, "lahettid", arguments)
        return result.stderr

    def commands(self):
        return re.findall(r"(?m)^  ([a-z]+)  ", self.run_console("help").stdout)

    def test_every_command_has_help(self):
        self.assertIn("fsck", self.commands())
        for command in self.commands():
            for words in (["help", command], [command, "--help"], [command, "-h"]):
                result = self.run_console(*words)
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                self.assertIn(f"lahettid {command}", result.stdout)

    def test_every_wrong_flag_is_told(self):
        for command in self.commands():
            for words in (["--nonsense"], ["--config"], ["--config", "a", "--config", "b"], ["-c", "a", "--config=b"], ["-x"]):
                with self.subTest(command=command, words=words):
                    self.refused(command, *words)
        for command in ("check", "fsck", "run", "version", "init"):
            self.refused(command, "word")
        self.refused("nonsense")
        self.assertEqual(self.run_console().returncode, 2)

    def test_what_is_missing_is_told(self):
        self.refused("init")
        self.refused("organisation", "--organisation", "A")
        self.refused("organisation", "--organisation", "A", "--administrator", "B", "--type", "castle")
        self.refused("confirm")
        self.refused("confirm", "abcd")
        self.refused("confirm", "ab" * 32, status=1)
        self.refused("init", "--organisation", "A", "--administrator", "B", status=1)

    def test_every_file_that_is_none_is_told(self):
        good = (self.folder / "lahettid.conf").read_text(encoding="utf-8")
        for key in SERVER_FILES:
            for path in self.files.kinds():
                if key == "data" and path.endswith("a-folder"):
                    continue
                with self.subTest(key=key, file=Path(path).name):
                    line = f'{key} = "{path}"'
                    text = re.sub(rf"(?m)^{key} = .*$", line, good) if f"\n{key} = " in good else good + line + "\n"
                    (self.folder / "wrong.conf").write_text(text, encoding="utf-8")
                    self.refused("run", "--config", "wrong.conf", status=1)
        for path in self.files.kinds():
            if not path.endswith("empty"):  # an empty configuration is one: all has its default
                self.refused("check", "--config", path, status=1)

    def test_page_that_is_none_is_told_by_check(self):
        good = (self.folder / "lahettid.conf").read_text(encoding="utf-8")
        page = self.folder / "page"
        page.mkdir()

        def check():
            (self.folder / "page.conf").write_text(good + f'page = "{page}"\n', encoding="utf-8")
            return ("check", "--config", "page.conf")

        self.assertIn("there is no index.html in it", self.refused(*check(), status=1))
        (page / "index.html").write_bytes(b"x")
        self.assertEqual(self.run_console(*check()).returncode, 0)
        (page / "big.png").write_bytes(bytes(32 << 20))
        self.assertIn("more than 32 MiB", self.refused(*check(), status=1))
        (page / "big.png").unlink()
        (page / "index.js.map").write_bytes(b"{}")
        self.assertIn("index.js.map has an ending that is none of a page", self.refused(*check(), status=1))
        page = self.folder / "nowhere"
        self.assertIn("No such file", self.refused(*check(), status=1))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
