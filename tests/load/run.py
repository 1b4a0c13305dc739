#!/usr/bin/env python3
"""Load runs: Campanile between the load generator's posts and its own sink, on loopback, bounded in count and time.

Prints a table of figures beside the machine's own limit (the generator into its own sink) taken in the same run, and
fails if an accepted event is missing or doubled. `--short` is the cut of about a minute for continuous integration.
"""
import argparse
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

NAMESPACE = "flux-system"
API = "notification.toolkit.fluxcd.io/v1beta3"
TICKS = os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loadgen", required=True)
    parser.add_argument("--campanile", required=True)
    parser.add_argument("--short", action="store_true", help="fewer events")
    args = parser.parse_args()
    total = 40_000 if args.short else 200_000
    rows = [
        ("generator alone", alone(args, total)),
        (f"saturating, {total} events, 1 Alert", through(args, total, alerts=1)),
        (f"saturating, {total} events, 1,000 Alerts", through(args, total, alerts=1_000)),
        ("50 events/s, 1 Alert", through(args, 500 if args.short else 3_000, alerts=1, rate=50)),
    ]
    if not args.short:
        rows.insert(3, (f"saturating, {total} events, 10,000 Alerts", through(args, total, alerts=10_000)))
        rows.append((f"saturating, {total} events, 256 loops", through(args, total, alerts=1, concurrency=256)))
        rows.append(("50 events/s, 10,000 Alerts", through(args, 3_000, alerts=10_000, rate=50)))
    print_table(rows)
    bad = [name for name, row in rows if row["missing"] or row["duplicates"] or row["accepted"] != row["posted"]]
    passed = len(rows) - len(bad)
    for name in bad:
        print(f"events lost, doubled or refused: {name}")
    print(f"{passed} passed, {len(bad)} failed")
    sys.exit(1 if bad else 0)


def alone(args, total):
    port = free_port()
    return generate(args, f"http://127.0.0.1:{port}/", port, total)


def through(args, total, alerts, rate=0, concurrency=32):
    """One run through an instance of its own."""
    sink = free_port()
    with tempfile.TemporaryDirectory(prefix="campanile-load-") as name:
        folder = pathlib.Path(name)
        write_manifests(folder / "manifests", sink, alerts)
        with Instance(args.campanile, folder) as instance:
            idle = instance.memory("VmRSS")
            before = instance.cpu()
            row = generate(args, instance.events, sink, total, rate, concurrency)
            cpu = instance.cpu() - before
            instance.await_empty()
            row.update(cpu=cpu * 100_000 / total, idle=idle, after=instance.memory("VmRSS"), peak=instance.memory("VmHWM"))
    return row


def generate(args, events, sink, total, rate=0, concurrency=32):
    command = [args.loadgen, "--events", events, "--sink-ports", str(sink), "--total", str(total),
               "--rate", str(rate), "--concurrency", str(concurrency), "--limit", "300"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=400)
    if done.returncode:
        sys.exit(f"the load generator failed:\n{done.stderr}")
    return {"posted": total, **json.loads(done.stdout)}


class Instance:
    """A Campanile process in standalone mode."""

    def __init__(self, command, folder):
        ports = [free_port() for _ in range(4)]
        self.events = f"http://127.0.0.1:{ports[0]}/"
        self._health = f"http://127.0.0.1:{ports[1]}/readyz"
        self._state = f"http://127.0.0.1:{ports[2]}/v1/state"
        self._log = open(folder / "log", "wb")
        self._process = subprocess.Popen(
            [command, "run", f"--manifests={folder / 'manifests'}", f"--state-dir={folder / 'state'}",
             f"--events-addr=127.0.0.1:{ports[0]}", f"--health-addr=127.0.0.1:{ports[1]}",
             f"--admin-addr=127.0.0.1:{ports[2]}", "--metrics-addr=0"],
            stdout=self._log, stderr=subprocess.STDOUT)

    def __enter__(self):
        wait(lambda: fetch(self._health) is not None, 60, "it is not ready")
        return self

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._log.close()

    def await_empty(self):
        def empty():
            text = fetch(self._state)
            return text is not None and json.loads(text)["outbox"]["total"]["pending"] == 0
        wait(empty, 60, "the outbox does not empty")

    def memory(self, field):
        """MiB of resident memory, now (VmRSS) or at its peak (VmHWM)."""
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(field))
        return int(line.split()[1]) / 1024

    def cpu(self):
        """Seconds of processor time so far."""
        fields = pathlib.Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


def write_manifests(folder, sink, alerts):
    """One Alert that matches; the others name other objects, one in ten with a pattern."""
    folder.mkdir()
    documents = [manifest("Provider", "sink", {"type": "generic", "address": f"http://127.0.0.1:{sink}/hook"}),
                 alert("every", "*", {})]
    for number in range(1, alerts):
        extra = {"inclusionList": [f"error {number}.*timeout"]} if number % 10 == 0 else {}
        documents.append(manifest("Provider", f"p-{number}", {"type": "generic", "address": f"http://127.0.0.1:{sink}/{number}"}))
        documents.append(alert(f"a-{number}", f"other-{number}", extra, f"p-{number}"))
    (folder / "all.yaml").write_text("\n---\n".join(json.dumps(document) for document in documents))


def alert(name, source, extra, provider="sink"):
    sources = [{"kind": "Kustomization", "name": source}]
    return manifest("Alert", name, {"providerRef": {"name": provider}, "eventSources": sources, **extra})


def manifest(kind, name, spec):
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}


def print_table(rows):
    print("| run | delivered/s | accept p50 / p99 ms | end to end p50 / p99 ms | CPU s per 100,000 | RSS idle / after / peak MiB | missing | doubled |")
    print("|---|---|---|---|---|---|---|---|")
    for name, row in rows:
        accept, whole = row["accept_ms"], row["e2e_ms"]
        memory = f"{row['idle']:.0f} / {row['after']:.0f} / {row['peak']:.0f}" if "idle" in row else "–"
        cpu = f"{row['cpu']:.1f}" if "cpu" in row else "–"
        print(f"| {name} | {row['delivered_per_s']:,.0f} | {accept['p50']} / {accept['p99']} | {whole['p50']} / {whole['p99']} "
              f"| {cpu} | {memory} | {row['missing']} | {row['duplicates']} |")


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read()
    except OSError:
        return None


def wait(condition, seconds, complaint):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"{complaint} after {seconds} s")
        time.sleep(0.05)


def free_port():
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        return each.getsockname()[1]


if __name__ == "__main__":
    main()
