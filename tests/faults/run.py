#!/usr/bin/env python3
"""The fault suite: strikes a running Campanile and its state folder, and fails on any promise that does not hold.

    tests/faults/run.py --campanile BINARY [--failpoints BINARY] [--loadgen BINARY] [--short] [SCENARIO…]

`--failpoints` is a build with the cargo feature of that name, for destinations whose exchange panics. Prints a table of
figures in Markdown; docs/reliability.md says what they mean. Loopback only; the state lives in a temporary folder.
"""
import argparse
import pathlib
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from campanile import Violation  # noqa: E402
from damage import damage  # noqa: E402
from disk import disk  # noqa: E402
from endurance import down, hole  # noqa: E402
from isolation import isolation  # noqa: E402
from kills import kills  # noqa: E402
from restarts import restarts  # noqa: E402


class Context:
    """What every scenario gets: the programs, the folder, and how much to do."""

    def __init__(self, args, folder):
        self.campanile, self.failpoints, self.loadgen = args.campanile, args.failpoints, args.loadgen
        self.folder, self.seed, self.short = folder, args.seed, args.short
        self.kills = 20 if args.short else 250
        self.rate = 400.0
        self.events, self.hole_seconds = 1_000_000, 600
        self.windows = 6 if args.short else 60
        self.damages = 28 if args.short else 420
        self.restarts = 3 if args.short else 30


# What takes too long for the short cut.
LONG = {"down", "hole"}
SCENARIOS = [
    ("kills", "kill -9 at random moments under load", kills),
    ("restarts", "SIGTERM under load", restarts),
    ("damage", "a damaged state folder", damage),
    ("isolation", "a hundred Providers, seventy of them broken", isolation),
    ("disk", "a full disk, and a state folder that is held", disk),
    ("down", "a million events beside a destination that is down", down),
    ("hole", "ten minutes beside a black hole", hole),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campanile", required=True, help="the program")
    parser.add_argument("--failpoints", help="the program, built with the cargo feature `failpoints`")
    parser.add_argument("--loadgen", help="the load generator, for the long runs")
    parser.add_argument("--short", action="store_true", help="the cut of about a minute")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of all random choices")
    parser.add_argument("scenario", nargs="*", choices=[[], *(name for name, *_ in SCENARIOS)], help="only these")
    args = parser.parse_args()
    # A run that is ended leaves no process and no mount behind either.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    print(f"seed {args.seed}", flush=True)
    failed, ran = [], 0
    with tempfile.TemporaryDirectory(prefix="campanile-faults-") as name:
        context = Context(args, pathlib.Path(name))
        for scenario, title, run in SCENARIOS:
            if scenario in args.scenario or not (args.scenario or args.short and scenario in LONG):
                ran += 1
                failed += [] if one(title, run, context) else [title]
    for title in failed:
        print(f"violated: {title}")
    print(f"{ran - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


def one(title, run, context):
    """Runs a scenario and prints its figures. True if all its promises held."""
    begin = time.monotonic()
    try:
        figures, complaint = run(context), None
    except Violation as violation:
        figures, complaint = [], str(violation)
    print(f"\n## {title} ({time.monotonic() - begin:.0f} s)\n")
    if complaint:
        print(f"VIOLATED: {complaint}", flush=True)
        return False
    print("| figure | value |\n|---|---|")
    for figure, value in figures:
        print(f"| {figure} | {value:,} |" if isinstance(value, int) else f"| {figure} | {value} |")
    sys.stdout.flush()
    return True


if __name__ == "__main__":
    main()
