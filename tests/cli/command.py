"""Runs lahetti as a person would: in an environment that has nothing of the machine's user."""

import json
import os
import subprocess

LANGUAGES = ("en", "fi", "sv")
PASSPHRASE = "only for this test"


class Result:
    def __init__(self, run):
        self.status = run.returncode
        self.out = run.stdout
        self.err = run.stderr

    @property
    def json(self):
        return json.loads(self.out)


class Person:
    """One device folder."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = str(folder)
        self.home = os.path.join(self.folder, "home")
        self.passphrase_file = os.path.join(self.folder, "passphrase")
        os.makedirs(self.folder, exist_ok=True)
        with open(self.passphrase_file, "w", encoding="utf-8") as file:
            file.write(PASSPHRASE + "\n")

    def environment(self):
        kept = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        return kept | {"PATH": os.environ["PATH"], "HOME": self.folder, "LC_ALL": "en",
                       "LAHETTI_HOME": self.home, "LAHETTI_PASSPHRASE_FILE": self.passphrase_file}

    def start(self, *arguments):
        return subprocess.Popen([self.program, *arguments], env=self.environment(), cwd=self.folder, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *arguments, given="", **environment):
        return Result(subprocess.run([self.program, *arguments], env=self.environment() | environment, cwd=self.folder,
                                     input=given, capture_output=True, text=True, timeout=120, check=False))

    def __call__(self, *arguments, **others):
        """What must succeed, as JSON."""
        result = self.run(*arguments, "--json", **others)
        assert result.status == 0, f"lahetti {' '.join(arguments)}: exit {result.status}: {result.err}"
        return result.json if result.out else None
