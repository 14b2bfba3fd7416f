#!/usr/bin/env python3
"""The rules of docs/style.md that a program can check, one function a rule.

    house_rules.py --list                     the rules' names
    house_rules.py --self-test [RULE…]        each rule must find what is planted for it, and nothing in the model beside it
    house_rules.py [--build DIR] [RULE…]      check the tree; DIR is a build's folder, for how files are compiled

Exit: 0 kept, 1 broken, 77 what a rule needs is missing (the test is then skipped).
"""

import argparse
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from os import cpu_count
from pathlib import Path

from tree import Tree

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("lib/", "server/", "client-cli/", "web/")

# Each floor, and the floors whose headers it may include besides its own. What lies higher is not named.
FLOORS = {
    "lib/core": [],
    "lib/peer": ["lib/core"],
    "client-cli": ["lib/core", "lib/peer"],
    "web": ["lib/core"],
    "server/policy": ["lib/core"],
    "server/store": ["lib/core"],
    "server/audit": ["lib/core", "server/store"],
    "server/trust": ["lib/core", "server/store"],
    "server/job": ["lib/core"],
    "server/routing": ["lib/core", "server/store", "server/audit", "server/policy", "server/trust", "server/job"],
}
FLOORS["server/desk"] = FLOORS["server/routing"] + ["server/routing"]
FLOORS["server/net"] = FLOORS["server/desk"] + ["server/desk"]
FLOORS["server"] = FLOORS["server/net"] + ["server/net"]

# Libraries that one place each knows.
KNOWN_TO = {
    "libwebsockets.h": ("server/net/", "lib/peer/"),
    "sqlite3.h": ("server/store/",),
}

# Policy is pure: of the C library it has what computes, not what asks the world.
PURE = {"assert.h", "inttypes.h", "limits.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "string.h"}

FORBIDDEN_CALLS = {
    "strcpy": "snprintf or a buffer", "strcat": "a buffer", "sprintf": "snprintf", "vsprintf": "vsnprintf",
    "gets": "getline", "strtok": "a span", "strtok_r": "a span", "alloca": "an arena",
}

HETU_CHECK = "0123456789ABCDEFHJKLMNPRSTUVWXY"

RULES = {}
PLANTED = {}


class Missing(Exception):
    """What a rule needs to look at is not there."""


def rule(*planted):
    """Registers a rule. Each planted (file, content) put alone into the model tree must give it a finding."""
    def register(function):
        RULES[function.__name__] = function
        PLANTED[function.__name__] = planted
        return function
    return register


def c_files(tree, under=("",)):
    return tree.matching(".c", ".h", ".def", under=under)


def floor_of(name):
    inside = [floor for floor in FLOORS if name.startswith(floor + "/")]
    return max(inside, key=len, default=None)


@rule(("server/net/frame.h", "size_t frame_length(const struct frame *frame);\n"))
def headers_compile_alone(tree):
    """A header compiles alone, and twice in a row, with the flags of the sources beside it."""
    commands = tree.commands()
    if commands is None:
        raise Missing("no compile_commands.json: build first")

    def check(name):
        flags = flags_near(name, commands)
        if flags is None:
            return None
        include = f'#include "{tree.root / name}"\n' * 2
        run = subprocess.run([*flags, "-fsyntax-only", "-x", "c", "-"], input=include, cwd=tree.build,
                             capture_output=True, text=True, check=False)
        return (name, 1, run.stderr.strip()) if run.returncode else None

    with ThreadPoolExecutor(cpu_count()) as pool:
        yield from filter(None, pool.map(check, tree.matching(".h")))


def flags_near(name, commands):
    """How the nearest source is compiled: one of the same folder, else of a folder above."""
    for folder in Path(name).parents:
        inside = "" if folder == Path(".") else folder.as_posix() + "/"
        for source in sorted(commands):
            if inside and source.startswith(inside):
                return commands[source]
    return None


@rule(("server/net/frame.c", '#include "../store/record.h"\n'))
def includes_never_climb(tree):
    for name in c_files(tree):
        for line, included in tree.includes(name):
            if ".." in Path(included).parts:
                yield name, line, f"{included}: no .. in an include; link the floor it belongs to"


@rule(
    ("server/store/upward.c", '#include "session.h"\n'),
    ("server/policy/facts.c", '#include "record.h"\n'),
    ("server/policy/clock.c", "#include <time.h>\n"),
    ("lib/core/shortcut.c", '#include "record.h"\n'),
    ("client-cli/shortcut.c", '#include "session.h"\n'),
    ("server/desk/socket.c", "#include <libwebsockets.h>\n"),
    ("server/audit/query.c", "#include <sqlite3.h>\n"),
)
def includes_go_down(tree):
    """A floor includes its own headers and those of floors below; some libraries are known to one place."""
    headers = {}
    for name in tree.matching(".h", ".def", under=PRODUCT):
        parts = Path(name).parts
        for depth in range(1, len(parts)):
            headers.setdefault("/".join(parts[-depth:]), []).append(floor_of(name))
    for name in c_files(tree, PRODUCT):
        floor = floor_of(name)
        for line, included in tree.includes(name):
            owners = headers.get(included, [])
            if owners and not any(o == floor or o in FLOORS.get(floor, []) for o in owners):
                yield name, line, f"{included} belongs to {owners[0]}, which is not below {floor}"
            if included in KNOWN_TO and not name.startswith(KNOWN_TO[included]):
                yield name, line, f"{included} is known to {' and '.join(KNOWN_TO[included])} alone"
            if floor == "server/policy" and not (
                    owners or included in PURE or included.startswith("lahetti/")):
                yield name, line, f"{included}: policy is pure, it asks nobody"


@rule(("server/net/session.c", '#include <stddef.h>\n#include "session.h"\n'),
      ("lib/core/span.c", '#include <stddef.h>\n'))
def own_header_comes_first(tree):
    for name in tree.matching(".c"):
        path = Path(name)
        own = path.stem + ".h"
        if not any(f == str(path.with_name(own)) or f.startswith(f"{path.parent}/include/")
                   and Path(f).name == own for f in tree.files):
            continue
        line, first = next(tree.includes(name), (1, "nothing"))
        if Path(first).name != own:
            yield name, line, f"{own} comes first, not {first}"


@rule(("server/desk/list.c", 'const char *q = "SELECT id"\n " FROM statement";\n'),
      ("server/audit/trail.def", 'ROW(append, "INSERT INTO event VALUES (?)")\n'))
def sql_stays_in_the_store(tree):
    sql = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE)\s+\S")
    for name in c_files(tree, PRODUCT):
        if not name.startswith("server/store/"):
            for line, literal in tree.literals(name):
                if sql.search(literal):
                    yield name, line, f'"{literal[:40]}": SQL is known to server/store alone'


@rule(("lib/core/copy.c", "void f(char *a) { strcpy(a, a); }\n"),
      ("tests/unit/print.c", "int f(char *a) { return sprintf (a, a); }\n"))
def no_dangerous_calls(tree):
    calls = re.compile(r"(?<![\w.>])(" + "|".join(FORBIDDEN_CALLS) + r")\s*\(")
    for name in c_files(tree):
        for line, text in enumerate(tree.code(name).splitlines(), 1):
            for found in calls.finditer(text):
                yield name, line, f"{found[1]}: use {FORBIDDEN_CALLS[found[1]]}"


@rule(("tests/unit/wait.c", "void f(void) { usleep(1000); }\n"),
      ("tests/integration/wait.py", "time.sleep(1)\n"),
      ("tests/integration/wait.sh", "start & sleep 1\n"))
def tests_never_sleep(tree):
    """A test waits for the thing itself."""
    c = re.compile(r"(?<!\w)(?:sleep|usleep|nanosleep|clock_nanosleep)\s*\(")
    python = re.compile(r"(?:\b(?:time|asyncio)\.)sleep\s*\((?!0\))")
    shell = re.compile(r"(?:^|[;&|(]|\bdo\b|\bthen\b)\s*sleep\s+[\d.$]")
    for name in tree.matching(".c", ".h", ".py", ".sh", under=("tests/",)):
        if name.startswith("tests/tidy/"):
            continue  # speaks of it
        is_c = name.endswith((".c", ".h"))
        text = tree.code(name) if is_c else tree.text(name)
        pattern = c if is_c else python if name.endswith(".py") else shell
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line):
                yield name, number, "no sleep in a test: wait for the thing itself"


@rule(("lib/core/later.c", "/* TO" + "DO: the rest */\n"),
      ("docs/later.md", "FIX" + "ME\n"))
def nothing_is_left_for_later(tree):
    words = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    for name, number, line in lines(tree):
        found = words.search(line)
        if found:
            yield name, number, f"{found[0]}: do it, or open an issue"


@rule(("docs/install.md", "cd /ho" + "me/anna/lahetti\n"),
      ("tests/unit/data.c", 'const char *p = "/ro' + 'ot/corpus";\n'))
def no_path_of_one_machine(tree):
    """No absolute path that is there on one machine only: home folders, workspaces."""
    paths = re.compile(r"(?<![\w./:~$}-])(?:/(?:ho" r"me|ro" r"ot|Us" r"ers|wo" r"rk|fa" r"rm|builds?|workspace)/\w"
                       r"|/tmp/(?:bash|build)[\w-]*)")
    for name, number, line in lines(tree):
        found = paths.search(line)
        if found:
            yield name, number, f"{found[0]}: a path of one machine"


def lines(tree):
    for name in tree.files:
        if name != "LICENSE" and not name.endswith("package-lock.json"):
            for number, line in enumerate(tree.text(name).splitlines(), 1):
                yield name, number, line


def hetu(individual, birth="131052", sign="-"):
    """A personal identity code with a valid check character."""
    return f"{birth}{sign}{individual:03}{HETU_CHECK[int(f'{birth}{individual:03}') % 31]}"


@rule(("tests/unit/people.c", f'const char *who = "{hetu(308)}";\n'),
      ("docs/example.md", f"Example: {hetu(52, '010203', 'A')}.\n"))
def personal_identity_codes_are_nobodys(tree):
    """A valid personal identity code has an individual number of the range that is given to nobody, 900-999."""
    codes = re.compile(r"(?<![0-9A-Za-z])(\d\d)(\d\d)(\d\d)[-+A-FU-Y](\d{3})([0-9A-Y])(?![0-9A-Za-z])")
    for name, number, line in lines(tree):
        for day, month, year, individual, check in codes.findall(line):
            if int(individual) < 900 and is_date(day, month, year) and \
                    check == HETU_CHECK[int(day + month + year + individual) % 31]:
                yield name, number, "a personal identity code that may be somebody's: use 900-999"


def is_date(day, month, year):
    for century in (1800, 1900, 2000):
        try:
            date(century + int(year), int(month), int(day))
            return True
        except ValueError:
            pass
    return False


@rule(("README.md", "## Code map\n\n- `lib/core` the core\n- `server/nowhere/` gone\n"),
      ("README.md", "# The code: a map\n\n```\nlib/core   the core\nlib/gone   gone\n```\n"),
      ("docs/links.md", "See [the rules](sytle.md).\n"))
def maps_show_what_is_there(tree):
    """What README's code map names exists, and what a Markdown page links to."""
    there = {str(p) for f in tree.files for p in (Path(f), *Path(f).parents)}
    if "README.md" in tree.files:
        for line, path in code_map(tree.text("README.md")):
            if not any(Path(t).match(path) for t in there) and path.rstrip("/") not in there:
                yield "README.md", line, f"{path} is on the code map and not in the tree"
    for name in tree.matching(".md"):
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", line):
                if re.match(r"[a-z]+:", target):
                    continue
                found = (tree.root / name).parent.joinpath(target).resolve()
                if not found.exists():
                    yield name, number, f"{target} is linked to and not in the tree"


def code_map(text):
    """(line, path) for each path in the section whose heading speaks of a map: in backticks, or first in a line of a block."""
    inside = block = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            block = not block
        elif not block and re.match(r"#+\s", line):
            inside = bool(re.search(r"\bmap\b", line, re.I))
        elif inside:
            words = line.split()[:1] if block else re.findall(r"`([^`\s]+)`", line)
            for word in words:
                if re.fullmatch(r"[\w.*-]+(?:/[\w.*-]+)*/?", word) and ("/" in word or "." in word):
                    yield number, word


# A small tree that keeps every rule, into which violations are planted.
MODEL = {
    "README.md": "# Model\n\n## Code map\n\n```\nlib/core   the core\nserver/    the server\n```\nSee [style](docs/style.md).\n",
    "docs/style.md": f"No strcpy. Example: {hetu(999)}.\n",
    "lib/core/include/lahetti/span.h": "#include <stddef.h>\nstruct span { size_t len; };\n".replace(
        "#include", "#ifndef S\n#define S\n#include") + "#endif\n",
    "lib/core/span.c": '#include "lahetti/span.h"\n',
    "server/store/record.h": "struct record;\n",
    "server/store/record.c": '#include "record.h"\n#include <sqlite3.h>\nconst char *q = "SELECT 1";\n',
    "server/policy/policy.h": "struct policy;\n",
    "server/policy/policy.c": '#include "policy.h"\n#include "lahetti/span.h"\n#include <stdint.h>\n',
    "server/net/session.h": "struct session;\n",
    "server/net/session.c": '#include "session.h"\n#include "record.h"\n#include <libwebsockets.h>\n/* strcpy() */\n'
                            'const char *a = "gets(SELECT)";\n',
    "client-cli/main.c": '#include "lahetti/span.h"\n',
    "tests/unit/span.c": '#include "lahetti/span.h"\nint asleep(void);\n',
}


def plant(folder, files):
    for name, content in files.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    entries = ", ".join(
        f'{{"directory": "{folder}", "file": "{folder}/{name}", "command": "cc -I{folder}/lib/core/include -c {name}"}}'
        for name in files if name.endswith(".c"))
    build = Path(folder, "build")
    build.mkdir()
    Path(build, "compile_commands.json").write_text(f"[{entries}]", encoding="utf-8")
    return Tree(folder, build)


def self_test(names):
    """Whether each rule finds what is planted, there and nowhere else, and leaves the model in peace."""
    good = True
    for name in names:
        for planted in (None, *PLANTED[name]):
            with tempfile.TemporaryDirectory(prefix="lahetti-rules-") as folder:
                tree = plant(folder, MODEL | ({planted[0]: planted[1]} if planted else {}))
                found = {file for file, _, _ in RULES[name](tree)}
            if found != ({planted[0]} if planted else set()):
                print(f"{name}: planted {planted}, found in {found or 'no file'}", file=sys.stderr)
                good = False
        if not PLANTED[name]:
            print(f"{name}: nothing is planted for it", file=sys.stderr)
            good = False
    return good


def main():
    parser = argparse.ArgumentParser(description="The rules of docs/style.md that a program can check.")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--build", help="a build's folder")
    parser.add_argument("--root", default=ROOT)
    parser.add_argument("rules", nargs="*", metavar="RULE")
    options = parser.parse_args()
    names = options.rules or list(RULES)
    if options.list:
        print("\n".join(names))
        return 0
    if options.self_test:
        return 0 if self_test(names) else 1

    tree = Tree(options.root, options.build)
    status = 0
    for name in names:
        try:
            for file, line, what in RULES[name](tree):
                print(f"{file}:{line}: {what} [{name}]")
                status = 1
        except Missing as missing:
            print(f"{name}: {missing}")
            status = status or 77
    return status


if __name__ == "__main__":
    sys.exit(main())
