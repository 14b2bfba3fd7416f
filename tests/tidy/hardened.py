#!/usr/bin/env python3
"""Whether what a release build made is hardened, read from the files themselves.

    hardened.py --self-test      a program built without any of it must fail on every point
    hardened.py DIR              a release build's folder: its programs lahettid and lahetti, and its object files

Exit: 0 hardened, 1 not, 77 there is no release build (the test is then skipped).
"""

import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAMS = ("lahettid", "lahetti")

# What readelf says of object files compiled with the processor's branch protection. The linked program says it only where
# the C library's start files do too, which Debian's do not.
BRANCH_PROTECTION = {"x86_64": ("IBT", "SHSTK"), "aarch64": ("BTI", "PAC")}.get(platform.machine(), ())


def readelf(*arguments):
    return subprocess.run(["readelf", "-W", *arguments], capture_output=True, text=True, check=True,
                          env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}).stdout


def faults_of_program(program):
    """What a linked program lacks, one word or two each."""
    text = readelf("-h", "-l", "-d", "--dyn-syms", program)
    segments = re.findall(r"^ +(LOAD|GNU_STACK) .* ([RWE ]{3}) +0x", text, re.M)
    checks = {
        "position independent": re.search(r"FLAGS_1.*\bPIE\b", text),
        "read-only after relocation": "GNU_RELRO" in text,
        "bound at start": re.search(r"BIND_NOW|FLAGS_1.*\bNOW\b", text),
        "protected on the stack": "__stack_chk_fail" in text,
        "fortified": re.search(r" __(?!stack)\w+_chk@", text),
        "free of memory to write and execute": "GNU_STACK" in dict(segments)
        and not any({"W", "E"} <= set(flags) for _, flags in segments),
    }
    return [name for name, holds in checks.items() if not holds]


def faults_of_objects(objects):
    """The object files without branch protection."""
    for name in objects:
        notes = readelf("-n", name)
        for feature in BRANCH_PROTECTION:
            if not re.search(rf"feature:.*\b{feature}\b", notes):
                yield f"{name}: no {feature}"


def self_test():
    plain = ["-O0", "-no-pie", "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-fcf-protection=none"]
    if platform.machine() != "x86_64":
        plain[-1] = "-mbranch-protection=none"
    hard = ["-O2", "-fPIE", "-pie", "-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2",
            "-Wl,-z,relro,-z,now,-z,noexecstack"]
    loose = ["-Wl,-z,norelro,-z,lazy,-z,execstack"]
    source = ("#include <stdio.h>\nint main(int c, char **v) { char b[64];\n"
              "snprintf(b, 64u - (unsigned)c, \"%s\", v[0]); return puts(b) < 0; }\n")
    with tempfile.TemporaryDirectory(prefix="lahetti-hardened-") as folder:
        path = Path(folder)
        (path / "main.c").write_text(source)
        for name, flags in (("plain", plain + loose), ("hard", hard)):
            subprocess.run(["gcc", *flags, path / "main.c", "-o", path / name], check=True)
        subprocess.run(["gcc", *plain[-1:], "-c", path / "main.c", "-o", path / "main.o"], check=True)
        found, clean = faults_of_program(path / "plain"), faults_of_program(path / "hard")
        objects = list(faults_of_objects([path / "main.o"]))
    if len(found) != 6 or clean or len(objects) != len(BRANCH_PROTECTION):
        print(f"a plain program lacks {found}, a hardened one {clean}, an object file {objects}")
        return 1
    return 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    build = Path(sys.argv[1])
    programs = [p for p in build.rglob("*") if p.name in PROGRAMS and p.is_file()]
    objects = sorted(o for o in build.rglob("*.c.o") if "CMakeFiles" in o.parts and "generated" not in o.parts)
    if not programs:
        print(f"no release build in {build}: cmake --preset release && cmake --build --preset release")
        return 77
    faults = [f"{p}: not {fault}" for p in programs for fault in faults_of_program(p)]
    faults += faults_of_objects(objects)
    print("\n".join(faults))
    print(f"{len(programs)} programs and {len(objects)} object files of {build}: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
