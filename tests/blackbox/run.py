#!/usr/bin/env python3
"""Runs the program as a black box and compares what it sends with the golden files.

run.py --driver standalone --controller CMD    objects from files
run.py --driver cluster    --controller CMD    objects in the cluster of KUBECONFIG
"""

import argparse
import io
import pathlib
import shutil
import signal
import sys
import tempfile
import time

import brokers
from certs import Authority
from compare import Divergences, Outcomes, Report, load_golden
from drivers import ClusterDriver, ControllerError, StandaloneDriver
from harness import Harness
from receivers import HOSTS, Bench, load_receivers
from selection import KINDS, Selection
from setups import API_VERSIONS, load_events, load_setups

HERE = pathlib.Path(__file__).resolve().parent
CRDS = [HERE.parents[1] / "deploy" / "crds" / f"{kind}.yaml" for kind in ("alerts", "providers", "receivers")]


def main() -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    args = arguments()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="blackbox-") as name:
        directory = pathlib.Path(name)
        try:
            failed = check(args, directory)
        except (ControllerError, brokers.BrokerError) as error:
            print(error, file=sys.stderr)
            failed = True
        finally:
            if args.log and (directory / "controller.log").exists():
                shutil.copy(directory / "controller.log", args.log)
    print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    sys.exit(1 if failed else 0)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", choices=["cluster", "standalone"], required=True)
    parser.add_argument("--controller", required=True, metavar="CMD", help="command line that starts the program")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="a case file, a kind, a provider or receiver type, or a case (repeatable)",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=KINDS,
        metavar="KIND",
        help="leave out cases of this kind: %(choices)s (repeatable)",
    )
    parser.add_argument(
        "--api-version",
        choices=API_VERSIONS,
        default=API_VERSIONS[0],
        help="of Alerts and Providers (default %(default)s)",
    )
    parser.add_argument(
        "--crds",
        action="append",
        type=pathlib.Path,
        metavar="FILE",
        help="definitions to apply in place of deploy/crds (cluster, repeatable)",
    )
    parser.add_argument("--log", metavar="FILE", help="keep the program's output here")
    parser.add_argument("--reads", action="store_true", help="compare reads (GET) as well as writes")
    parser.add_argument("--quiet", action="store_true", help="print failures and the last lines only")
    parser.add_argument(
        "--propose",
        type=pathlib.Path,
        metavar="FILE",
        help="write what differs in the form of divergences.json, reasons left empty",
    )
    return parser.parse_args()


def check(args: argparse.Namespace, directory: pathlib.Path) -> bool:
    """Runs the chosen cases and compares; returns whether anything differs."""
    golden = load_golden(HERE / "golden")
    divergences = Divergences(HERE / "divergences.json", golden)
    selection = Selection(args.driver, args.api_version, args.only, args.without)
    setups = selection.take(load_setups(HERE / "cases", load_events(HERE / "events.json")))
    receivers = selection.take(load_receivers(HERE / "cases"))
    if selection.unmatched():
        sys.exit(f"no case, type, file or kind is called {', '.join(selection.unmatched())}")
    authority = Authority(directory)
    running = brokers.start({each.needs for each in setups if each.needs}, directory, authority)
    try:
        driver = (
            ClusterDriver(args.controller, directory, args.crds or CRDS)
            if args.driver == "cluster"
            else StandaloneDriver(args.controller, directory)
        )
        harness = Harness(driver, setups, authority, running, HOSTS)
        bench = Bench(receivers, harness, driver, directory) if isinstance(driver, ClusterDriver) else None
        outcomes = execute(harness, bench, golden, args.api_version)
    finally:
        for broker in running.values():
            broker.stop()
    report = Report(golden, divergences, reads=args.reads, quiet=args.quiet)
    report.refused(harness.refused)
    notes = {setup.name: setup.informative for setup in harness.setups}
    for name, results in outcomes.items():
        report.case(name, results, notes.get(name, {}))
    if args.propose:
        divergences.propose(args.propose)
    for reason, count in sorted(selection.left_out.items()):
        print(f"left out by {reason}: {count} cases")
    print(f"{report.passed} passed, {report.failed} failed")
    return bool(report.failed) or not report.passed


def execute(harness: Harness, bench: Bench | None, golden: Outcomes, version: str) -> Outcomes:
    """Runs the set-ups, then the receivers beside a process of their own."""
    harness.prepare(version)
    if bench:
        bench.prepare()
    outcomes = harness.run(golden)
    if bench:
        with harness.controller() as controller:
            outcomes |= bench.run(controller)
            bench.clean()
    for request in harness.proxy.strays.take():
        print(f"stray request: {request['method']} {request.get('host')}{request['path']}", file=sys.stderr)
    return outcomes


if __name__ == "__main__":
    main()
