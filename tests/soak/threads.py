#!/usr/bin/env python3
"""The tests in which several threads meet, as the build with the thread sanitizer has them.

    threads.py DIR               that build's folder
    threads.py --self-test CC    a program that races must be found out

Exit: ctest's own; 77 there is no such build (the test is then skipped).
"""

import subprocess
import sys
import tempfile
from pathlib import Path

# The server's loop, writer and workers under load and in every state; the desk under faults; what is shared behind locks.
TESTS = ("bench_smoke", "fault_r1", "integration_p3_p4_attacks", "integration_r1", "net_certificates", "net_drain",
         "net_peer", "soak_crowd", "store_vault", "unit_trust_keyring")

RACE = """
#include <pthread.h>
static int counted;
static void *count(void *unused)
{
	(void)unused;
	for (int i = 0; i < 1000; i++)
		counted++;
	return 0;
}
int main(void)
{
	pthread_t a, b;
	return pthread_create(&a, 0, count, 0) || pthread_create(&b, 0, count, 0) || pthread_join(a, 0) || pthread_join(b, 0);
}
"""


def self_test(compiler):
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "race.c"), Path(folder, "race")
        source.write_text(RACE)
        subprocess.run([compiler, "-fsanitize=thread", "-g", source, "-o", program, "-pthread"], check=True)
        done = subprocess.run([program], capture_output=True, text=True)
    if done.returncode == 0 or "data race" not in done.stderr:
        sys.exit(f"threads: a race was not found: {done.stderr}")


def main():
    if sys.argv[1] == "--self-test":
        self_test(sys.argv[2])
        return 0
    build = Path(sys.argv[1])
    if not (build / "CTestTestfile.cmake").exists():
        print(f"{build} is not there: cmake --preset tsan && cmake --build --preset tsan")
        return 77
    return subprocess.run(["ctest", "--test-dir", build, "-R", f"^({'|'.join(TESTS)})$", "--output-on-failure",
                           "--no-tests=error"]).returncode


if __name__ == "__main__":
    sys.exit(main())
