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
from collections.abc import Callable

from campanile import Figures, Violation
from context import Context
from damage import damage
from disk import disk
from endurance import down, hole
from flood import flood
from isolation import isolation
from kills import kills
from neighbour import neighbour
from outage import outage
from restarts import restarts

# What takes too long for the short cut.
LONG = {"flood", "down", "hole"}
SCENARIOS = [
    ("kills", "kill -9 at random moments under load", kills),
    ("restarts", "SIGTERM under load", restarts),
    ("damage", "a damaged state folder", damage),
    ("isolation", "a hundred Providers, seventy of them broken", isolation),
    ("neighbour", "a namespace whose patterns are as dear as they get", neighbour),
    ("outage", "a destination that is away for a while", outage),
    ("flood", "a namespace with 2,000 Providers whose destination is gone", flood),
    ("disk", "a full disk, and a state folder that is held", disk),
    ("down", "a million events beside a destination that is down", down),
    ("hole", "ten minutes beside a black hole", hole),
]


def main() -> None:
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
    failed: list[str] = []
    ran = 0
    with tempfile.TemporaryDirectory(prefix="campanile-faults-") as name:
        context = Context(args.campanile, args.failpoints, args.loadgen, pathlib.Path(name), args.seed, args.short)
        for scenario, title, run in SCENARIOS:
            if scenario in args.scenario or not (args.scenario or (args.short and scenario in LONG)):
                ran += 1
                failed += [] if one(title, run, context) else [title]
    for title in failed:
        print(f"violated: {title}")
    print(f"{ran - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


def one(title: str, run: Callable[[Context], Figures], context: Context) -> bool:
    """Runs a scenario and prints its figures. True if all its promises held."""
    begin = time.monotonic()
    figures: Figures = []
    complaint = None
    try:
        figures = run(context)
    except Violation as violation:
        complaint = str(violation)
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
