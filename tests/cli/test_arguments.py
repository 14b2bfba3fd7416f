#!/usr/bin/env python3
"""What the command line makes of its arguments, before any server is asked.

    test_arguments.py LAHETTI WRITE_LOG VERIFY_LOG SOURCE
"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from command import LANGUAGES, Person

LAHETTI, WRITE_LOG, VERIFY_LOG, SOURCE = sys.argv[1:5]
FLIPS = 60


def literals(text):
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text))


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def split_fields(data):
    """(number, bytes) of each field of a bundle: all have lengths."""
    at, fields = 0, []

    def take():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        number, length = take() >> 3, take()
        fields.append((number, data[at:at + length]))
        at += length
    return fields


def read_commands():
    """(name, usage, function) of each row of commands.def."""
    text = Path(SOURCE, "client-cli/commands.def").read_text(encoding="utf-8")
    rows = re.findall(r'^COMMAND\("([^"]+)",\s*((?:"[^"]*"\s*)+),\s*(\w+)\)', text, re.M)
    return [(name, literals(usage), function) for name, usage, function in rows]


COMMANDS = read_commands()


class Arguments(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="lahetti-cli-")
        self.addCleanup(self.folder.cleanup)
        self.person = Person(LAHETTI, self.folder.name)

    def lahetti(self, *arguments, **others):
        return self.person.run(*arguments, **others)

    def refused(self, *arguments, status=2, **others):
        """One sentence, on the right channel, with the right exit code."""
        result = self.lahetti(*arguments, **others)
        self.assertEqual(result.status, status, (arguments, result.err))
        self.assertRegex(result.err, r"\Alahetti: .+\n\Z", arguments)
        self.assertEqual(result.err.count("\n"), 1, arguments)
        return result.err

    # ---- help ----

    def test_help_lists_every_command_in_each_language(self):
        pages = set()
        for language in LANGUAGES:
            result = self.lahetti("--help", "--lang", language)
            self.assertEqual((result.status, result.err), (0, ""))
            for name, _, _ in COMMANDS:
                self.assertRegex(result.out, rf"(?m)^  {re.escape(name)}  +\S")
            pages.add(result.out)
        self.assertEqual(len(pages), len(LANGUAGES))

    def test_each_command_has_help_in_each_language(self):
        for name, usage, _ in COMMANDS:
            pages = set()
            for language in LANGUAGES:
                result = self.lahetti(*name.split(), "--help", "--lang", language)
                self.assertEqual((result.status, result.err), (0, ""), name)
                self.assertIn(f": lahetti {name} {usage}".rstrip() + "\n", result.out)
                for option in re.findall(r"--[a-z0-9-]+", usage):
                    self.assertRegex(result.out, rf"(?m)^  {option}\b.*  \S")
                pages.add(result.out)
            self.assertEqual(len(pages), len(LANGUAGES), name)
            self.assertIn(self.lahetti("help", *name.split()).out, pages)

    def test_help_lists_the_words_that_may_stand(self):
        page = self.lahetti("help", "refer", "--lang", "fi").out
        self.assertRegex(page, r"(?m)^      job-coaching +Työhönvalmennus$")
        self.assertRegex(page, r"(?m)^      wants-to-work +Haluaa työhön$")

    def test_help_on_the_first_word_lists_its_family(self):
        page = self.lahetti("help", "audit").out
        self.assertEqual([line.split("  ")[1] for line in page.splitlines()],
                         ["audit who-saw", "audit list", "audit verify", "audit checkpoint", "audit accept-generation"])

    def test_language_comes_from_the_option_then_the_environment(self):
        swedish = self.lahetti("help", "inbox", "--lang", "sv").out
        self.assertEqual(self.lahetti("help", "inbox", LC_ALL="sv_FI.UTF-8").out, swedish)
        self.assertEqual(self.lahetti("help", "inbox", LC_ALL="", LANG="sv_FI.UTF-8").out, swedish)
        self.assertEqual(self.lahetti("help", "inbox", "--lang=sv", LC_ALL="fi").out, swedish)
        self.assertNotEqual(self.lahetti("help", "inbox", LC_ALL="C").out, swedish)

    def test_version_is_one_line(self):
        self.assertRegex(self.lahetti("--version").out, r"\Alahetti \d+\.\d+\.\d+\n\Z")

    # ---- wrong use ----

    def test_no_command_shows_help_and_fails(self):
        result = self.lahetti()
        self.assertEqual(result.status, 2)
        self.assertIn("who-would-see", result.out)

    def test_wrong_use_is_told_in_each_language(self):
        for wrong in (["nonsense"], ["client"], ["inbox", "--nonsense"], ["open"], ["enrol", "--server", "host:1"],
                      ["open", "a", "b"], ["inbox", "--watch=yes"], ["take", "abcd", "--sentence"],
                      ["close", "abcd", "--outcome", "employed", "--outcome", "studies", "--sentence", "x"],
                      ["verify", "/nonexistent"], ["help", "nonsense"]):
            sentences = {self.refused(*wrong, "--lang", language) for language in LANGUAGES}
            self.assertEqual(len(sentences), len(LANGUAGES), wrong)

    def test_every_option_wants_its_value_once(self):
        """Of every command: without its value, twice, with a value that it does not take."""
        for name, usage, _ in COMMANDS:
            for bracket, option, value, dots in re.findall(r"(\[?)--([a-z0-9-]+)(?: ([A-Z][^\]\s.]*))?\]?(\.\.\.)?", usage):
                with self.subTest(command=name, option=option):
                    words = name.split()
                    if value:
                        self.assertIn("--" + option, self.refused(*words, "--" + option))
                        given = ["--" + option, "x"]
                    else:
                        self.assertIn(option, self.refused(*words, f"--{option}=x"))
                        given = ["--" + option]
                    if not dots:
                        self.assertIn("given twice", self.refused(*words, *given, *given))

    def test_every_word_of_a_list_is_checked(self):
        """Options whose values are words of a list answer another word with the list."""
        lists = set(re.findall(r'^\t\{"([A-Z=-]+)", &lahetti__v1__', Path(SOURCE, "client-cli/args.c").read_text(encoding="utf-8"),
                               re.M))
        page = self.lahetti("help", "audit", "list").out
        self.assertIn("ACTION", lists)
        self.assertIn("break-glass", page)
        for option, place in (("--action", "ACTION"), ("--outcome", "EVENT-OUTCOME")):
            self.assertIn(place, lists)
            self.assertIn("x1", self.refused("audit", "list", option, "x1"))

    def test_what_is_missing_is_named(self):
        self.assertIn("DELIVERY", self.refused("open"))
        self.assertIn("--reason REASON", self.refused("return", "abcd", "--sentence", "x"))
        self.assertIn("--kanta-checked", self.refused(
            "consent", "--client", "a", "--giver", "client", "--purpose", "rehabilitation", "--category", "contact",
            "--party", "x", "--from", "2026-01-01", "--until", "2026-02-01", "--how", "oral", "--leaflet", "1"))

    def test_unknown_words_are_answered_with_the_known(self):
        self.assertIn("employed-with-subsidy", self.refused("close", "a", "--outcome", "happy", "--sentence", "x"))
        self.assertIn("kela-decision", self.refused("hold", "abcd", "--cause", "weather"))
        self.assertIn("fi, sv", self.refused("inbox", "--lang", "de"))
        self.assertIn("break-glass", self.refused("audit", "list", "--action", "peeped"))

    def test_days_that_are_none_are_refused(self):
        for day in ("2026-02-30", "2026-2-03", "20260203", "tomorrow", "2026-02-031", "", "2026-13-01", "2026-02-0x", "30.2.2026",
                    "1.2.26", "1.2.", "1.2.2026.", "1-2-2026", "2026.2.1", "01.13.2026", "001.2.2026"):
            self.refused("schedule", "abcd", "--date", day)

    def test_numbers_that_are_none_are_refused(self):
        for number in ("0", "-1", "x", "12x", "", "100001", "99999999999999999999"):
            self.refused("audit", "list", "--limit", number)

    def test_servers_that_are_none_are_refused(self):
        for server in ("host", "host:", "host:0", "host:65536", "host:x", ":1", "host:1x", "a:b:1", "host:+1"):
            self.refused("enrol", "--server", server, "--ca", "x", "--code", "AB12-CD34-EF56-GH78")

    def test_codes_that_are_none_are_refused_before_anything_is_sent(self):
        for code in ("AB12-CD34-EF56-GH7", "AB12-CD34-EF56-GH789", "AB12-CD34-EF56-GH7U", "", "!"):
            self.refused("enrol", "--server", "localhost:1", "--ca", "x", "--code", code)

    def test_personal_identity_code_is_checked_here(self):
        sentence = self.refused("client", "add", "--family-name", "Esimerkki", "--given-names", "Eeva",
                                "--hetu", "131052-9992")
        self.assertNotIn("9992", sentence)

    def test_keys_are_named_in_full(self):
        for key in ("abcd", "x" * 64, "ab" * 31, "ab" * 33):
            self.refused("confirm", key)

    def test_without_a_device_the_folder_is_named(self):
        for command in (["inbox"], ["whoami"], ["audit", "verify"], ["outbox", "send"]):
            self.assertIn(self.person.home, self.refused(*command))

    def test_form_says_which_line_is_wrong(self):
        self.assertIn("nonsense", self.refused("refer", "--file", "-", given="nonsense\n"))
        self.assertIn("colour", self.refused("refer", "--file", "-", given="colour: blue\n"))
        self.assertIn("urgency", self.refused("refer", "--file", "-", given='{"urgency": 3}'))
        self.refused("refer", "--file", "-", given='{"words": "a", "words": "b"}')
        self.refused("refer", "--file", "-", given='{"words": ')
        self.assertIn("given twice", self.refused("refer", "--file", "-", given="words: a\nwords: b\n"))

    def test_text_of_others_cannot_steer_the_terminal(self):
        for evil in ("\x1b[2J", "\u202e", "\x9b", "\r"):
            self.assertNotIn(evil, self.refused("open" + evil))

    # ---- verification without a server ----

    def bundle(self):
        """A log, its bundle and its keys, as lib/core writes them."""
        folder = Path(self.folder.name, "log")
        folder.mkdir(exist_ok=True)
        subprocess.run([WRITE_LOG, str(folder)], check=True, timeout=60)
        return folder

    def test_bundle_is_verified_without_a_device(self):
        folder = self.bundle()
        key = (folder / "key").read_text(encoding="utf-8")
        rows = self.person("verify", str(folder / "bundle"))
        self.assertTrue(all(row["result"] != "Does not hold" for row in rows))
        self.assertEqual([row["result"] for row in rows].count("Not shown"), 1)
        rows = self.person("verify", str(folder / "bundle"), "--log-key", key)
        self.assertEqual({row["result"] for row in rows}, {"Holds"})

    def test_bundle_of_another_log_is_refused(self):
        folder = self.bundle()
        other = (folder / "key_other").read_text(encoding="utf-8")
        self.refused("verify", str(folder / "bundle"), "--log-key", other, status=5)
        self.refused("verify", str(folder / "bundle"), "--log-key", "nonsense")

    def test_what_is_no_bundle_is_wrong_use(self):
        folder = self.bundle()
        self.refused("verify", str(folder / "key"))
        self.refused("verify", "/dev/null")

    def test_two_verifiers_agree_on_bundles_that_were_changed(self):
        """verify_log.py shares no code with lahetti. A change that both let through must be one that claims less."""
        folder = self.bundle()
        whole = (folder / "bundle").read_bytes()
        key = (folder / "key").read_text(encoding="utf-8")
        changed = folder / "changed"
        for i in range(FLIPS):
            spoiled = bytearray(whole)
            place = (i * 7919) % len(whole)
            spoiled[place] ^= 1 << (i % 8)
            changed.write_bytes(spoiled)
            ours = self.lahetti("verify", str(changed), "--log-key", key).status
            theirs = subprocess.run([sys.executable, "-B", VERIFY_LOG, "bundle", "--key", str(folder / "key"), str(changed)],
                                    capture_output=True, timeout=60, check=False).returncode
            self.assertIn(ours, (0, 2, 5), place)
            self.assertEqual(ours == 0, theirs == 0, f"bit {i % 8} of byte {place}")


    def agree(self, folder, fields, about):
        """Both verifiers say the same of a bundle that was put together anew."""
        changed = folder / "changed"
        changed.write_bytes(b"".join(varint(number << 3 | 2) + varint(len(value)) + value for number, value in fields))
        key = (folder / "key").read_text(encoding="utf-8")
        ours = self.lahetti("verify", str(changed), "--log-key", key)
        theirs = subprocess.run([sys.executable, "-B", VERIFY_LOG, "bundle", "--key", str(folder / "key"), str(changed)],
                                capture_output=True, text=True, timeout=60, check=False)
        self.assertIn(ours.status, (0, 2, 5), about)
        self.assertEqual(ours.status == 0, theirs.returncode == 0, f"{about}: {ours.err}{ours.out}{theirs.stdout}")
        if ours.status != 0:
            self.assertRegex(ours.err, r"\Alahetti: [^\n]+\n\Z", about)
        return ours

    def test_two_verifiers_agree_on_bundles_that_were_forged(self):
        """Parts left out, doubled, exchanged, of another bundle: what holds says so, what doesn't says why."""
        folder = self.bundle()
        fields = split_fields((folder / "bundle").read_bytes())
        lines = [i for i, (number, _) in enumerate(fields) if number == 3]
        whole = self.agree(folder, fields, "whole")
        self.assertEqual(whole.status, 0)
        self.assertIn("All that the file claims holds.", whole.out)
        for i, (number, value) in enumerate(fields):
            if number != 3 or i in (lines[0], lines[-1], lines[len(lines) // 2]):
                self.agree(folder, fields[:i] + fields[i + 1:], f"without {number} at {i}")
                self.agree(folder, fields[:i] + [(number, value)] * 2 + fields[i + 1:], f"{number} doubled")
                self.agree(folder, fields[:i] + [(number, b"")] + fields[i + 1:], f"{number} empty")
        for kept in ({1, 2, 3}, {1, 4, 5, 6}, {1, 2, 4, 5, 6, 7}, {1, 2}, {1}, {2, 3}, {1, 2, 3, 7}, {1, 3}):
            self.agree(folder, [f for f in fields if f[0] in kept], f"only {kept}")
        swapped = list(fields)
        swapped[lines[0]], swapped[lines[1]] = swapped[lines[1]], swapped[lines[0]]
        self.agree(folder, swapped, "two lines exchanged")
        self.agree(folder, fields[:lines[-1]] + fields[lines[-1] + 1:], "the last line left out")

    def test_bundle_says_in_one_sentence_what_holds(self):
        folder = self.bundle()
        for language in LANGUAGES:
            sentences = {self.lahetti("verify", str(folder / "bundle"), "--lang", language, *more).out.splitlines()[-1]
                         for more in ([], ["--log-key", (folder / "key").read_text(encoding="utf-8")])}
            self.assertEqual(len(sentences), 2)


class Tables(unittest.TestCase):
    """What stands in one table and must fit another."""

    def read(self, name):
        return Path(SOURCE, name).read_text(encoding="utf-8")

    def test_steps_take_what_the_life_of_a_referral_asks_for(self):
        needs = {"REASON": "--reason REASON", "SENTENCE": "--sentence TEXT", "CAUSE": "--cause CAUSE",
                 "DATE": "--date DATE", "REDIRECT": "--to RECIPIENT"}
        steps = {}
        for name, by, asked, kinds in re.findall(r"^STEP\((\w+), [^,]+, (\w+), ([^,]+), ([^,]+),",
                                                 self.read("lib/core/include/lahetti/steps.def"), re.M):
            if by != "SERVER" and "A(ACKNOWLEDGEMENT)" in kinds and name != "OPEN":
                steps[name.lower().replace("_", "-")] = {needs[n.strip()] for n in asked.split("|") if n.strip() in needs}
        commands = {name: usage for name, usage, function in COMMANDS if function == "step"}
        self.assertEqual(set(commands), set(steps))
        for name, usage in commands.items():
            required = re.sub(r"\[[^]]*\](\.\.\.)?", "", usage)
            self.assertEqual(set(re.findall(r"--\S+ \S+", required)), steps[name], name)

    def used_keys(self):
        sources = "".join(p.read_text(encoding="utf-8") for p in sorted(Path(SOURCE, "client-cli").glob("*.c")))
        keys = set(re.findall(r'(?<!#include )"(cli\.[a-z0-9.-]*[a-z0-9])"', sources))
        keys |= {"cli.column." + name for name in re.findall(r'\btable_[a-z]+\((?:r->table|t),\s*"([a-z0-9-]+)"', sources)}
        for name, usage, _ in COMMANDS:
            keys.add("cli.command." + name.replace(" ", "-"))
            keys |= {"cli.option." + option for option in re.findall(r"--([a-z0-9-]+)", usage)}
            words = re.sub(r"--[a-z0-9-]+(?: [A-Z][A-Z0-9:=/-]*)?", "", usage)
            keys |= {"cli.option." + word for word in re.findall(r"[A-Z][A-Z0-9/-]*", words)}
        everywhere = literals(re.search(r'args_global\[\] =\s*((?:"[^"]*"\s*)+);', sources)[1])
        keys |= {"cli.option." + option for option in re.findall(r"--([a-z0-9-]+)", everywhere)}
        keys |= {"cli.group." + g for g in re.findall(r'^GROUP\("([^"]+)"\)', self.read("client-cli/commands.def"), re.M)}
        keys |= {f"cli.exit-{status}" for status in range(7)}
        claims = re.findall(r'\[LAHETTI_CLAIM_\w+\] = "([a-z-]+)"', sources)
        keys |= {"cli.claim." + claim for claim in claims}
        keys |= {f"cli.claim.{claim}-unproved" for claim in ("log-key", "line", "enrolment")}
        return keys | {"cli.field." + field for field in self.shown_fields()}

    def shown_fields(self):
        """Of what a person is shown of an opened statement, and of what stands inside it."""
        protos = "".join(p.read_text(encoding="utf-8") for p in sorted(Path(SOURCE, "proto/lahetti/v1").glob("*.proto")))
        messages = {name: re.findall(r"^\s+(?:repeated )?(\w+) (\w+) = \d+;", body, re.M)
                    for name, body in re.findall(r"^message (\w+) \{(.*?)^\}", protos, re.S | re.M)}
        bodies = re.findall(r'^KIND\(\d+, \w+, "[^"]+", \d+, (\w+)', self.read("lib/core/include/lahetti/kinds.def"), re.M)
        todo = ["ClientIdentity", *("".join(w.title() for w in body.split("_")) for body in bodies)]
        seen, fields = set(), set()
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            for kind, field in messages[name]:
                fields.add(field.replace("_", "-"))
                if kind in messages:
                    todo.append(kind)
        return fields

    def test_every_text_that_is_used_is_there_and_no_other(self):
        there = set(re.findall(r'^TEXT\(\s*"(cli\.[^"]+)"', self.read("lib/core/include/lahetti/texts.def"), re.M))
        self.assertEqual(self.used_keys() - there, set(), "without a text")
        self.assertEqual(there - self.used_keys(), set(), "used by nobody")

    def test_texts_have_their_places_in_each_language(self):
        rows = re.findall(r'^TEXT\(\s*("cli\.[^"]+"(?:,\s*"(?:[^"\\]|\\.)*"){3})\)', self.read("lib/core/include/lahetti/texts.def"),
                          re.M)
        self.assertGreater(len(rows), 300)
        for row in rows:
            key, *texts = re.findall(r'"((?:[^"\\]|\\.)*)"', row)
            self.assertEqual(len({text.count("{}") for text in texts}), 1, key)
            self.assertLessEqual(texts[0].count("{}"), 2, key)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
