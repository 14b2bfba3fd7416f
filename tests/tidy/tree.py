"""The source tree as the tidy tests see it: its text files, and how a C file is compiled."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path, PurePosixPath

# Where git is missing or refuses: what .gitignore leaves out.
NOT_SOURCE = {".git", "build", "demo", "node_modules", "dist", "__pycache__"}

# A comment, or a string or character literal, whichever begins first.
LEXEME = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""", re.S
)


class Tree:
    """The files that are, or would be, committed."""

    def __init__(self, root, build=None):
        self.root = Path(root).resolve()
        self.build = Path(build) if build else None
        self.files = sorted(self._list())
        self._texts = {}

    def _list(self):
        try:
            git = subprocess.run(
                ["git", "-c", "safe.directory=*", "-C", self.root, "ls-files", "-z",
                 "--cached", "--others", "--exclude-standard"],
                capture_output=True, check=True)
            names = git.stdout.decode().split("\0")
            return {n for n in names if n and (self.root / n).is_file()}
        except (OSError, subprocess.CalledProcessError):
            return set(self._walk())

    def _walk(self):
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if f not in NOT_SOURCE]
            for name in names:
                yield (Path(folder) / name).relative_to(self.root).as_posix()

    def matching(self, *patterns, under=("",)):
        """The files with one of these suffixes below one of these folders."""
        return [f for f in self.files if f.endswith(patterns) and f.startswith(under)]

    def text(self, name):
        """A file's text; "" when it is not text."""
        if name not in self._texts:
            data = (self.root / name).read_bytes()
            self._texts[name] = "" if b"\0" in data else data.decode("utf-8", "replace")
        return self._texts[name]

    def code(self, name):
        """A C file without its comments and with its literals empty; lines keep their numbers."""
        def blank(found):
            if found["comment"]:
                return re.sub(r"[^\n]+", " ", found["comment"])
            return found["text"][0] * 2
        return LEXEME.sub(blank, self.text(name))

    def literals(self, name):
        """(line, literal) of each string literal of a C file; literals side by side are one."""
        text, line, at, last, joined = self.text(name), 1, 0, None, ""
        for found in LEXEME.finditer(text):
            between = text[at:found.start()]
            line += between.count("\n")
            if found["text"] and found["text"][0] == '"':
                if last is not None and between.strip():
                    yield last, joined
                    last, joined = None, ""
                last = line if last is None else last
                joined += found["text"][1:-1]
            line += found[0].count("\n")
            at = found.end()
        if last is not None:
            yield last, joined

    def includes(self, name):
        """(line, included name) of each #include of a C file, in order."""
        for number, line in enumerate(self.text(name).splitlines(), 1):
            found = re.match(r'\s*#\s*include\s*["<]([^">]+)[">]', line)
            if found:
                yield number, found[1]

    def commands(self):
        """{file: compiler arguments without source and output} of the files that are ours, or None without a build."""
        database = self.build / "compile_commands.json" if self.build else None
        if not database or not database.is_file():
            return None
        commands = {}
        for entry in json.loads(database.read_text()):
            source = Path(entry["directory"], entry["file"]).resolve()
            try:
                name = source.relative_to(self.root).as_posix()
            except ValueError:
                continue
            if name in self.files:
                commands[name] = _bare(shlex.split(entry["command"]))
        return commands


def _bare(arguments):
    kept, skip = [], False
    for argument in arguments:
        if skip or argument in ("-c", "-o"):
            skip = argument == "-o"
        elif PurePosixPath(argument).name != "ccache":
            kept.append(argument)
    return kept[:-1] if kept[-1].endswith(".c") else kept
