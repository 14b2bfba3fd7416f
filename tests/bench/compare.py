#!/usr/bin/env python3
"""All shapes of the bench, one after another, and what they give against the goals of docs/performance.md.

    compare.py [OPTIONS] [RUN...]   those runs, by name; all of them where none is named
    compare.py --list               the names of the runs
    compare.py --self-test          tables with planted figures must give the verdicts they should

A goal is told where the runs it needs were made. Exit: 0 whatever the figures are; 1 where a run has failed.
"""

import argparse
import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).resolve().parent / "run"
LEAST_ROUNDS = 5
LONGEST_S = 6 * 3600  # a run; each wait within it has a bound of its own

CROWD = 9000
FEW, MANY = "1000", "1000000"

# What each run asks of the bench.
RUNS = {
    "32x4": ["--senders", "32", "--window", "4"],
    "256x1": ["--senders", "256", "--window", "1"],
    "1x16": ["--senders", "1", "--window", "16"],
    "500": ["--rate", "500"],
    "2000": ["--rate", "2000"],
    "decided": ["--decided"],
    "away": ["--away"],
    "crowd": ["--crowd", str(CROWD), "--rate", "500"],
    "few": ["--alone", "--stored", FEW],
    "many": ["--alone", "--stored", MANY],
}

MESSAGES, ACK_P50, ACK_P99, END = "messages/s", "ack p50 ms", "ack p99 ms", "end to end p50 ms"
BESIDE, VERIFICATIONS = "end to end p50 ms beside it", "server verifications/message"
COLD = "cold start ms"


class Goal:
    """A figure of lahettid, or its ratio to another figure, and what it is to be."""

    def __init__(self, words, figure, against, at_least, reach, aim):
        self.words, self.figure, self.against = words, figure, against
        self.at_least, self.reach, self.aim = at_least, reach, aim

    def value(self, figures):
        """None where it was not measured."""
        value = figures.get(self.figure)
        if self.against is None or value is None:
            return value
        other = figures.get(self.against)
        return value / other if other else None

    def verdict(self, value):
        def met(bound):
            return value >= bound if self.at_least else value <= bound

        return "aim met" if met(self.aim) else "reached" if met(self.reach) else "short"


def us(run, words):
    return (run, words, "lahettid")


GOALS = (
    Goal("messages/s against Redis, 32x4", us("32x4", MESSAGES), ("32x4", MESSAGES, "redis"), True, 0.25, 0.35),
    Goal("messages/s against Redis, 256x1", us("256x1", MESSAGES), ("256x1", MESSAGES, "redis"), True, 0.60, 0.80),
    Goal("messages/s against Redis, 1x16", us("1x16", MESSAGES), ("1x16", MESSAGES, "redis"), True, 0.65, 1.0),
    Goal("messages/s against Mosquitto, 32x4", us("32x4", MESSAGES), ("32x4", MESSAGES, "mosquitto"), True, 0.25, 0.35),
    Goal("messages/s against Mosquitto, 256x1", us("256x1", MESSAGES), ("256x1", MESSAGES, "mosquitto"), True, 0.40,
         0.55),
    Goal("server's time a message, in verifications", us("32x4", VERIFICATIONS), None, False, 2.6, 2.0),
    Goal("the same, opened and decided", us("decided", VERIFICATIONS), None, False, 4.6, 4.0),
    Goal("ack p50 against Redis at 500/s", us("500", ACK_P50), ("500", ACK_P50, "redis"), False, 2, 1.3),
    Goal("ack p99 ms at 500/s", us("500", ACK_P99), None, False, 5, 2),
    Goal("ack p99 ms at 2,000/s", us("2000", ACK_P99), None, False, 10, 3),
    Goal("server us a message at 500/s", us("500", "server us/message"), None, False, 600, 350),
    Goal("end to end beside a crowd, against without", us("crowd", BESIDE), us("crowd", END), False, 1.5, 1.1),
    Goal("end to end beside a crowd, against Mosquitto", us("crowd", BESIDE), ("crowd", BESIDE, "mosquitto"), False,
         0.5, 0.2),
    Goal("KiB an idle session", us("crowd", "KiB an idle session"), None, False, 22, 16),
    Goal("connects/s", us("crowd", "connects/s"), None, True, 650, 1500),
    Goal("ack p99 ms while a crowd connects", us("crowd", "ack p99 ms meanwhile"), None, False, 50, 50),
    Goal("stored for absent, against on line", us("away", "stored for absent/s"), us("away", MESSAGES), True, 1, 1.5),
    Goal("drained on return, against on line", us("away", "drained on return/s"), us("away", MESSAGES), True, 1.5, 3),
    Goal("cold start ms with few stored", us("few", COLD), None, False, 100, 50),
    Goal("cold start ms with many stored", us("many", COLD), None, False, 200, 100),
    Goal("MiB with few stored", us("few", "MiB after cold start"), None, False, 20, 10),
    Goal("messages/s with many stored against few", us("many", MESSAGES), us("few", MESSAGES), True, 0.8, 0.9),
)


def read_table(run, text):
    """The medians of a run's table: by run, figure and server."""
    figures = {}
    for line in text.splitlines():
        words, rest = line[:30].strip(), line[30:].split()
        if words and len(rest) >= 4 and rest[0] in ("lahettid", "redis", "mosquitto"):
            figures[run, words, rest[0]] = float(rest[1])
    return figures


def tell(figures):
    lines = []
    for goal in GOALS:
        value = goal.value(figures)
        if value is not None:
            lines.append(f"{goal.words:<46} {value:9.2f} {goal.reach:9g} {goal.aim:9g}  {goal.verdict(value)}")
    return lines


def measure(run, options):
    """Prints what the bench prints, while it does."""
    print(f"\n== {run}: tests/bench/run {' '.join(options)}", flush=True)
    done = subprocess.run([str(RUN), *options], stdout=subprocess.PIPE, text=True, timeout=LONGEST_S, check=False)
    print(done.stdout, end="", flush=True)
    if done.returncode != 0:
        sys.exit(f"compare.py: the run {run} has failed")
    return read_table(run, done.stdout)


PLANTED = """\
messages/s                     lahettid        1500      1400      1600
messages/s                     redis           5000      4900      5100      0.30
messages/s                     mosquitto       7500      7400      7600      0.20
server verifications/message   lahettid        2.00      1.90      2.10
"""


def self_test():
    told = tell(read_table("32x4", PLANTED))
    wanted = [("Redis, 32x4", "0.30", "reached"), ("Mosquitto, 32x4", "0.20", "short"),
              ("in verifications", "2.00", "aim met")]
    for (words, value, verdict), line in zip(wanted, told, strict=True):
        if words not in line or f" {value} " not in line or not line.endswith(verdict):
            sys.exit(f"compare.py: {words} should be {value}, {verdict}: {line}")
    table = (Path(__file__).resolve().parent / "figures.def").read_text(encoding="utf-8")
    for goal in GOALS:
        for run, words, _ in filter(None, (goal.figure, goal.against)):
            if run not in RUNS or f'"{words}")' not in table:
                sys.exit(f"compare.py: nothing measures {words} in {run}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--rounds", type=int, default=LEAST_ROUNDS)
    parser.add_argument("--messages", type=int, help="of a round, where it is not the bench's own number")
    parser.add_argument("run", nargs="*")
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    if arguments.list:
        return print("\n".join(RUNS))
    for run in arguments.run:
        if run not in RUNS:
            parser.error(f"there is no run {run}")
    figures = {}
    for run in arguments.run or RUNS:
        options = [*RUNS[run], "--rounds", str(arguments.rounds)]
        if arguments.messages is not None:
            options += ["--messages", str(arguments.messages)]
        figures |= measure(run, options)
    print(f"\n{'':<46} {'measured':>9} {'to reach':>9} {'aim':>9}")
    print("\n".join(tell(figures)))
    return None


if __name__ == "__main__":
    main()
