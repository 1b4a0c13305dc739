#!/usr/bin/env python3
"""Load runs: Campanile between the load generator's posts and its own sink, on loopback, bounded in count and time.

Prints two tables: runs beside the machine's own limit (the generator into its own sink) taken in the same run, and
single figures beside their goals. Fails if an accepted event is missing or doubled. `--short` is the cut of about a
minute for continuous integration; `--only WORD` keeps the rows whose name holds the word.
"""

import argparse
import functools
import pathlib
import resource
import sys
from collections.abc import Callable, Iterator

import manifests
import single
import webhooks
from beside import beside
from instance import Instance, Row, folder, free_port, generate, is_whole
from single import Figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loadgen", required=True)
    parser.add_argument("--campanile", required=True)
    parser.add_argument("--short", action="store_true", help="fewer events")
    parser.add_argument("--only", default="", help="only rows whose name holds this, for example 'Providers'")
    parser.add_argument("--beside", metavar="PROGRAM", help="another build, which takes turns with this one")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each build with --beside")
    args = parser.parse_args()
    # A socket for each of 1,000 Providers, at both ends.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    done, bad = beside(args, through) if args.beside else table(args)
    for name in bad:
        print(f"events lost, doubled or refused: {name}")
    print(f"{done - len(bad)} passed, {len(bad)} failed")
    sys.exit(1 if bad else 0)


def table(args: argparse.Namespace) -> tuple[int, list[str]]:
    """Prints the rows and figures. Returns how many runs there were, and those that lost or doubled events."""
    rows = [(name, run()) for name, run in runs(args) if args.only in name]
    figures = [figure for name, measure in singles(args) if args.only in name for figure in measure()]
    print_runs(rows)
    print_singles(figures)
    return len(rows), [name for name, row in rows if not is_whole(row)]


def runs(args: argparse.Namespace) -> Iterator[tuple[str, Callable[[], Row]]]:
    """Names and functions of the runs, in their order."""
    total, few = (40_000, 500) if args.short else (200_000, 3_000)
    many = [1, 1_000] if args.short else [1, 1_000, 10_000]
    yield "generator alone", lambda: alone(args, total)
    for alerts in many:
        yield f"saturating, {total} events, {counted(alerts)}", functools.partial(through, args, total, alerts)
    for alerts in many[::2]:
        yield f"50 events/s, {counted(alerts)}", functools.partial(through, args, few, alerts, rate=50)
    if not args.short:
        yield f"saturating, {total} events, 256 loops", lambda: through(args, total, 1, concurrency=256)


def singles(args: argparse.Namespace) -> Iterator[tuple[str, Callable[[], list[Figure]]]]:
    """Names and functions of the single figures."""
    yield "disk", lambda: [single.disk()]
    yield "binary", lambda: [single.binary(args)]
    yield "start", lambda: [single.start(args)]
    yield "1,000 Providers", lambda: [single.fan_out(args)]
    yield "1,000 Providers, eight senders", lambda: [single.crowd(args, 40 if args.short else 200)]
    yield "GitHub", lambda: [single.git_calls(args)]
    yield "black-holed", lambda: [single.black_hole(args, 10 if args.short else 60)]
    yield "forged webhooks", lambda: [webhooks.forged(args, *((1, 5) if args.short else (5, 20)))]
    yield "tokens of webhooks", lambda: webhooks.tokens(args, 1_000 if args.short else 10_000)


def counted(alerts: int) -> str:
    return f"{alerts:,} Alert" + ("s" if alerts > 1 else "")


def alone(args: argparse.Namespace, total: int) -> Row:
    """The generator into its own sink."""
    port = free_port()
    return generate(args.loadgen, f"http://127.0.0.1:{port}/", port, total)


def through(args: argparse.Namespace, total: int, alerts: int, rate: int = 0, concurrency: int = 32) -> Row:
    """One run through an instance of its own."""
    sink = free_port()
    with folder() as name:
        where = pathlib.Path(name)
        manifests.one_matches(where / "manifests", sink, alerts)
        with Instance(args.campanile, where) as instance:
            instance.await_alerts(alerts)
            idle, before = instance.memory("VmRSS"), instance.cpu()
            row = generate(args.loadgen, instance.events, sink, total, f"--rate={rate}", f"--concurrency={concurrency}")
            cpu = instance.cpu() - before
            instance.await_empty()
            row.update(
                cpu=cpu * 100_000 / total,
                state=instance.state_mib(),
                idle=idle,
                after=instance.memory("VmRSS"),
                peak=instance.memory("VmHWM"),
            )
    return row


def print_runs(rows: list[tuple[str, Row]]) -> None:
    print(
        "| run | delivered/s | accept p50 / p99 ms | end to end p50 / p99 ms | CPU s per 100,000 "
        "| RSS idle / after / peak MiB | state MiB | missing | doubled |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, row in rows:
        accept, whole = row["accept_ms"], row["e2e_ms"]
        memory = f"{row['idle']:.0f} / {row['after']:.0f} / {row['peak']:.0f}" if "idle" in row else "–"
        cpu, state = (f"{row[key]:.1f}" if key in row else "–" for key in ("cpu", "state"))
        latency = f"{accept['p50']} / {accept['p99']} | {whole['p50']} / {whole['p99']}"
        lost = f"{row['missing']} | {row['duplicates']}"
        print(f"| {name} | {row['delivered_per_s']:,.0f} | {latency} | {cpu} | {memory} | {state} | {lost} |")


def print_singles(figures: list[Figure]) -> None:
    print("\n| figure | value | goal |\n|---|---|---|")
    for figure in figures:
        print("| " + " | ".join(figure) + " |")


if __name__ == "__main__":
    main()
