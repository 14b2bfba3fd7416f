#!/usr/bin/env python3
"""Runs one analyser over our C files.

    analysis.py format                  clang-format: is each file formatted as .clang-format says
    analysis.py tidy --build DIR        clang-tidy: the checks of .clang-tidy, for every source of the build in DIR
    analysis.py cppcheck --build DIR    cppcheck, but for what tests/tidy/cppcheck.txt leaves out
    analysis.py memcheck PROGRAM        valgrind on a program of tests: it sees what gcc's sanitizers do not, reads of memory
                                        that nobody wrote
    analysis.py self-test               each analyser must find what is planted for it

Debian 12's versions decide on form and warnings. Findings of another version are printed, and the test is then skipped: each
version has an opinion of its own, and nobody should be kept from building by a newer one.

Exit: 0 clean, 1 findings, 77 what it takes is not there, or findings of a version that does not decide.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path
from shutil import which

from tree import Tree

ROOT = Path(__file__).resolve().parents[2]
DECIDES = {"clang-format": "14.", "clang-tidy": "14.", "cppcheck": "2.10"}


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)


def decides(tool):
    """Whether this version's findings count."""
    version = re.search(r"\d+\.[\d.]+", run(tool, "--version").stdout)[0]
    print(f"{tool} {version}")
    return version.startswith(DECIDES.get(tool, ""))


def in_parallel(function, items):
    with ThreadPoolExecutor(cpu_count()) as pool:
        return [finding for finding in pool.map(function, items) if finding]


def clang_format(tree):
    def check(name):
        result = run("clang-format", "--dry-run", "-Werror", "--style=file", tree.root / name)
        return result.stdout if result.returncode else None
    return in_parallel(check, tree.matching(".c", ".h"))


def clang_tidy(tree):
    def check(name):
        result = run("clang-tidy", "--quiet", "-p", tree.build,
                     f"--header-filter={re.escape(str(tree.root))}/(lib|server|client-cli|web|tests)/",
                     # gcc's own warning flags are unknown to clang
                     "--extra-arg=-Wno-unknown-warning-option", tree.root / name)
        return result.stdout if result.returncode else None
    return in_parallel(check, tree.commands() or [])


def cppcheck(tree):
    with tempfile.TemporaryDirectory(prefix="lahetti-cppcheck-") as cache:
        result = run("cppcheck", f"--project={tree.build / 'compile_commands.json'}", f"--cppcheck-build-dir={cache}",
                     "--enable=warning,performance,portability", "--inline-suppr", "--error-exitcode=1", "--quiet",
                     f"--suppressions-list={ROOT / 'tests/tidy/cppcheck.txt'}", "-i", tree.build,
                     "-j", str(cpu_count()), "--template=gcc")
    return [result.stdout] if result.returncode else []


def memcheck(program):
    result = run("valgrind", "--quiet", "--error-exitcode=9", "--track-origins=yes", "--child-silent-after-fork=yes",
                 program, cwd=program.parent)
    return [result.stdout] if result.returncode else []


ANALYSERS = {
    "format": ("clang-format", clang_format),
    "tidy": ("clang-tidy", clang_tidy),
    "cppcheck": ("cppcheck", cppcheck),
    "memcheck": ("valgrind", memcheck),
}

# A write past the end and one through NULL, so that each analyser has one it knows, in a form that is nobody's; the same
# done right; and a read of what was never written.
WRONG = "int main(void) {\nint table[4] = {0}, *none = 0;\n  table[4] = 1; *none = 2; return table[0]; }\n"
RIGHT = "int main(void)\n{\n\tint table[4] = {0};\n\n\ttable[3] = 1;\n\treturn table[0];\n}\n"
UNWRITTEN = "int main(int c, char **v) { int t[4]; t[0] = c; return t[c] ? v == 0 : 0; }"


def self_test():
    """Whether each analyser that is here tells wrong from right."""
    good = True
    for wrong in (True, False):
        with tempfile.TemporaryDirectory(prefix="lahetti-analysis-") as folder:
            tree, program = plant(Path(folder), WRONG if wrong else RIGHT, UNWRITTEN if wrong else RIGHT)
            for tool, analyser in ANALYSERS.values():
                findings = analyser(program if analyser is memcheck else tree) if which(tool) else None
                if findings is not None and bool(findings) != wrong:
                    print(f"{tool} finds {findings or 'nothing'} in what is {'wrong' if wrong else 'right'}")
                    good = False
    return 0 if good else 1


def plant(root, source, program):
    """A tree of one file with its build, and a program that ends well when it runs by itself."""
    for style in (".clang-format", ".clang-tidy"):
        (root / style).write_text((ROOT / style).read_text())
    (root / "main.c").write_text(source)
    (root / "build").mkdir()
    (root / "build/compile_commands.json").write_text(json.dumps(
        [{"directory": f"{root}/build", "file": f"{root}/main.c", "command": f"gcc -c {root}/main.c"}]))
    subprocess.run(["gcc", "-w", "-O0", "-g", "-x", "c", "-", "-o", root / "program"], input=program, text=True, check=True)
    return Tree(root, root / "build"), root / "program"


def main():
    parser = argparse.ArgumentParser(description="Runs one analyser over our C files.")
    parser.add_argument("analyser", choices=[*ANALYSERS, "self-test"])
    parser.add_argument("program", nargs="?", type=Path)
    parser.add_argument("--build", help="a build's folder")
    options = parser.parse_args()
    if options.analyser == "self-test":
        return self_test()

    tool, analyser = ANALYSERS[options.analyser]
    if not which(tool):
        print(f"{tool} is not installed")
        return 77
    if options.program and not options.program.is_file():
        print(f"{options.program} is not built: cmake --preset release && cmake --build --preset release")
        return 77
    decisive = decides(tool)
    findings = analyser(options.program or Tree(ROOT, options.build))
    print("\n".join(findings))
    return 0 if not findings else 1 if decisive else 77


if __name__ == "__main__":
    sys.exit(main())
