"""Two builds of the program in turns on one machine: the medians of what an event costs in each, and their ratio."""

import argparse
import statistics
from collections.abc import Callable

from instance import Row, is_whole

# What one turn of one build gives: events as fast as they are taken, and events at a fixed rate.
Turn = tuple[Row, Row]
Run = Callable[..., Row]

SATURATING, FIXED, RATE = 40_000, 500, 50

MEASURES: list[tuple[str, Callable[[Turn], float]]] = [
    ("delivered/s", lambda turn: turn[0]["delivered_per_s"]),
    ("CPU s per 100,000", lambda turn: turn[0]["cpu"]),
    (f"end to end p50 ms at {RATE}/s", lambda turn: turn[1]["e2e_ms"]["p50"]),
    (f"end to end p99 ms at {RATE}/s", lambda turn: turn[1]["e2e_ms"]["p99"]),
    ("RSS idle MiB", lambda turn: turn[0]["idle"]),
    ("RSS after MiB", lambda turn: turn[0]["after"]),
    ("RSS peak MiB", lambda turn: turn[0]["peak"]),
]


def beside(args: argparse.Namespace, through: Run) -> tuple[int, list[str]]:
    """Prints how `args.campanile` compares with `args.beside`.

    Returns how many turns there were, and those in which events were lost, doubled or refused.
    """
    builds = {"beside": args.beside, "this": args.campanile}
    turns: dict[str, list[Turn]] = {name: [] for name in builds}
    for number in range(args.rounds):
        # The order changes, so that a machine that gets slower or faster favours neither.
        for name in sorted(builds, reverse=number % 2 == 1):
            build = argparse.Namespace(loadgen=args.loadgen, campanile=builds[name])
            turns[name].append((through(build, SATURATING, 1), through(build, FIXED, 1, rate=RATE)))
    print_comparison(turns)
    bad = [
        f"{name}, turn {number}"
        for name, rows in turns.items()
        for number, turn in enumerate(rows, 1)
        if not all(map(is_whole, turn))
    ]
    return 2 * args.rounds, bad


def print_comparison(turns: dict[str, list[Turn]]) -> None:
    print("| measure | beside: median (least to most) | this: median (least to most) | this / beside |")
    print("|---|---|---|---|")
    for name, measure in MEASURES:
        cells, medians = [], []
        for build in ("beside", "this"):
            values = [measure(turn) for turn in turns[build]]
            medians.append(statistics.median(values))
            cells.append(f"{medians[-1]:,.1f} ({min(values):,.1f} to {max(values):,.1f})")
        ratio = f"{medians[1] / medians[0]:.3f}" if medians[0] else "–"
        print(f"| {name} | {cells[0]} | {cells[1]} | {ratio} |")
