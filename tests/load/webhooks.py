"""Single figures of the webhook endpoint, standalone: forged webhooks beside events, right tokens beside wrong ones."""

import argparse
import itertools
import json
import pathlib
import statistics
import subprocess
from typing import Self

import hooks
import manifests
from hooks import Hook
from instance import Instance, Row, folder, free_port, generate, wait
from single import Figure

FORGED, EVENTS = 5_000, 50
KINDS = ("github", "gitlab", "generic-hmac")


def site(where: pathlib.Path, sink: int) -> None:
    """An Alert that matches every event, and a Receiver of each kind."""
    receivers = [hooks.receiver(kind, manifests.NAMESPACE, kind, ["fleet"]) for kind in KINDS]
    provider = manifests.provider("sink", f"http://127.0.0.1:{sink}/hook")
    documents = [provider, manifests.alert("every", "sink"), hooks.secret(manifests.NAMESPACE), *receivers]
    manifests.write(where / "manifests", documents)


def started(args: argparse.Namespace, where: pathlib.Path, sink: int) -> Instance:
    site(where, sink)
    return Instance(args.campanile, where)


def ready(instance: Instance) -> None:
    """Waits until all Receivers answer."""
    wait(lambda: instance.reads("webhooks", "paths") == len(KINDS), 60, "not all Receivers are ready")


def forged(args: argparse.Namespace, rounds: int, seconds: int) -> Figure:
    """Events at a fixed rate, in turns alone and beside webhooks that are signed with a wrong token."""
    sink, turns = free_port(), itertools.count()
    quiet: list[Row] = []
    loud: list[Row] = []
    floods: list[Row] = []
    with folder() as name:
        where = pathlib.Path(name)
        with started(args, where, sink) as instance:
            ready(instance)

            def events() -> Row:
                more = ["--concurrency=8", f"--rate={EVENTS}", f"--first={next(turns) * 1_000_000}"]
                return generate(args.loadgen, instance.events, sink, EVENTS * seconds, *more)

            events()
            for _ in range(rounds):
                quiet.append(events())
                with Flood(args, where, instance, seconds) as flood:
                    loud.append(events())
                floods.append(flood.row)
    name = f"{EVENTS} events/s, {rounds} × {seconds} s: p99 to the 202 alone / beside {FORGED:,} forged webhooks/s"
    return name, beside(quiet, loud, floods), "≤ 1.5 ×"


def beside(quiet: list[Row], loud: list[Row], floods: list[Row]) -> str:
    """The medians of all turns, in words."""
    alone, among = (statistics.median(row["accept_ms"]["p99"] for row in rows) for rows in (quiet, loud))
    statuses = sorted({status for row in floods for found in row["labels"].values() for status in found["statuses"]})
    rate = statistics.median(row["per_s"] for row in floods)
    missing = sum(row["missing"] for row in [*quiet, *loud])
    events = f"{alone:.1f} / {among:.1f} ms, {among / alone:.2f} ×, {missing} missing"
    return f"{events}; {rate:,.0f} webhooks/s answered {', '.join(statuses)}"


class Flood:
    """Forged webhooks, which begin before what is done `with` them, and end after it."""

    def __init__(self, args: argparse.Namespace, where: pathlib.Path, instance: Instance, seconds: int) -> None:
        hook = [hooks.hook(url(instance, kind), kind, kind, "not" + hooks.TOKEN[3:]) for kind in KINDS]
        total = FORGED * (seconds + 2)
        self._call = hooks.command(args.loadgen, where, hook, total, f"--rate={FORGED}", "--concurrency=64")
        self._instance = instance
        self.row: Row = {}

    def __enter__(self) -> Self:
        before = counted(self._instance)
        self._process = subprocess.Popen(self._call, stdout=subprocess.PIPE, text=True)
        wait(lambda: counted(self._instance) > before + FORGED // 10, 30, "no webhook comes")
        return self

    def __exit__(self, *_: object) -> None:
        self.row = json.loads(self._process.communicate(timeout=120)[0])


def counted(instance: Instance) -> int:
    """Webhooks that were answered."""
    requests = instance.reads("webhooks", "requests") or []
    return sum(sum(series["buckets"]) for series in requests)


def url(instance: Instance, kind: str) -> str:
    return instance.webhooks + hooks.path(kind, manifests.NAMESPACE)


def tokens(args: argparse.Namespace, rounds: int) -> list[Figure]:
    """Right and wrong tokens in turns, one request at a time: the medians, and how far they are from each other."""
    figures = []
    with folder() as name:
        where = pathlib.Path(name)
        with started(args, where, free_port()) as instance:
            ready(instance)
            for kind in KINDS:
                # In every order, so that none pays for what another leaves behind.
                orders = itertools.permutations(guess(url(instance, kind), kind))
                guesses = [each for order in orders for each in order]
                hooks.post(args.loadgen, where, guesses, 3_000, "--concurrency=1")
                row = hooks.post(args.loadgen, where, guesses, 3 * rounds, "--concurrency=1")
                figures.append(compared(kind, row, rounds))
    return figures


def guess(address: str, kind: str) -> list[Hook]:
    """The same request with the right secret, one that differs in every character, and one that differs in the last."""
    right = hooks.hook(address, kind, "right")
    name = {"github": "X-Hub-Signature-256", "gitlab": "X-Gitlab-Token", "generic-hmac": "X-Signature"}[kind]
    text: str = right["headers"][name]
    begin = text.index("=") + 1 if "=" in text else 0
    none = text[:begin] + "".join("0" if each != "0" else "1" for each in text[begin:])
    most = text[:-1] + ("0" if text[-1] != "0" else "1")
    wrong = [{**right, "headers": {**right["headers"], name: value}} for value in (none, most)]
    return [right, {**wrong[0], "label": "none"}, {**wrong[1], "label": "most"}]


def compared(kind: str, row: Row, rounds: int) -> Figure:
    right, none, most = (row["labels"][label]["median_us"] for label in ("right", "none", "most"))
    words = f"{right} / {none} / {most} µs: {abs(right - none)} and {abs(none - most)} µs apart"
    name = f"`{kind}`, {rounds:,} each: median with the right secret / one without / with all but its last character"
    return name, words, "< 50 µs"
