"""One run of the program through the steps of many set-ups.

All set-ups advance together: every set-up's first step is posted, the sinks fall quiet, what they
recorded is attributed to that step, and then comes the second step.
"""

import contextlib
import datetime
import itertools
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from brokers import Broker
from certs import Authority, rsa_key
from compare import Outcome, Outcomes
from drivers import ClusterDriver, Controller, ControllerError, StandaloneDriver
from kube import KubeError
from normalise import normalise_request, normalise_response
from proxy import ConnectProxy, Route
from request import Answer, exchange
from setups import Event, SetUp, Spec, Step, fill
from sink import Recorder, Sink

# Seconds without a request after which a step is over.
QUIET = 0.35
# Seconds to wait for writes that are due and do not come.
PATIENCE = 5.0
CANARY: Spec = {
    "name": "blackbox-canary",
    "provider": {"type": "generic", "address": "${SINK}"},
    "steps": [],
}
CANARY_EVENT: Event = {
    "involvedObject": {"kind": "Kustomization", "namespace": CANARY["name"], "name": "canary"},
    "severity": "info",
    "timestamp": "2026-08-07T10:15:30Z",
    "reason": "Canary",
    "reportingController": "suite",
}


class Harness:
    """The sinks, the proxy and the objects of `setups`, and the way to run their steps."""

    def __init__(
        self,
        driver: ClusterDriver | StandaloneDriver,
        setups: list[SetUp],
        authority: Authority,
        brokers: dict[str, Broker],
        hosts: Iterable[str],
    ) -> None:
        self.driver = driver
        self.canary = SetUp(CANARY, "canary", {})
        self.setups = setups
        self.refused: dict[str, str] = {}  # set-up -> what the API server had against its objects
        self.brokers = brokers
        self.proxy = ConnectProxy(
            authority,
            {"localhost", *hosts} | {route["host"] for setup in setups for route in setup.spec.get("hosts", [])},
        )
        self.server_certificate = authority.issue("127.0.0.1", ["127.0.0.1"])
        self.client_certificate = authority.issue("blackbox-client", ["client.example"], client=True)
        self.authority = authority
        self.foreign = authority.another("foreign")
        self.environment = {
            "HTTPS_PROXY": self.proxy.url,
            "NO_PROXY": "127.0.0.1,localhost",
            "HTTP_PROXY": "",
            "SSL_CERT_FILE": str(authority.certificate),
            "TZ": "UTC",
        }
        for broker in brokers.values():
            self.environment.update(broker.environment)

    def prepare(self, version: str) -> None:
        """Opens the sinks and hands the objects, Alerts and Providers of `version`, to the driver."""
        for setup in [self.canary, *self.setups]:
            setup.recorder = self._recorder(setup.spec)
            for route in setup.spec.get("hosts", []):
                self.proxy.routes.append(Route(route["host"], route.get("path", ""), setup.recorder))
        shared = {
            "CA_CERT": self.authority.certificate.read_text(),
            "OTHER_CA_CERT": self.foreign.certificate.read_text(),
            "CLIENT_CERT": self.client_certificate[0].read_text(),
            "CLIENT_KEY": self.client_certificate[1].read_text(),
            "RSA_KEY": rsa_key(),
        }
        for broker in self.brokers.values():
            shared.update(broker.values)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda setup: self._hand_over(setup, version, shared), [self.canary, *self.setups]))
        if self.canary.name in self.refused:
            raise ControllerError(f"the API server refuses a plain provider: {self.refused[self.canary.name]}")
        self.setups = [setup for setup in self.setups if setup.name not in self.refused]
        for setup in self.setups:
            if setup.needs:
                self.brokers[setup.needs].attach(setup.spec["subject"], setup.recorder)

    def _hand_over(self, setup: SetUp, version: str, shared: dict[str, str]) -> None:
        """Gives the set-up's objects to the driver and notes their uids."""
        setup.placeholders(shared)
        try:
            uids = self.driver.apply(setup.objects(version))
        except KubeError as error:
            self.refused[setup.name] = str(error)
            return
        setup.provider_uid = uids.get(("Provider", setup.name), "")
        setup.alert_uid = uids.get(("Alert", setup.name), "")

    def _recorder(self, spec: Spec) -> Recorder:
        """A sink for the set-up, or a plain recorder where a broker delivers."""
        if spec.get("needs"):
            return Recorder()
        sink = dict(spec.get("sink", {}))
        in_one_hour = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
        sink["replies"] = fill(sink.get("replies"), {"IN_ONE_HOUR": in_one_hour.strftime("%Y-%m-%dT%H:%M:%SZ")})
        sink["tls"] = {
            None: None,
            "server": self.server_certificate,
            "mutual": (*self.server_certificate, self.authority.certificate),
        }[sink.get("tls")]
        return Sink(**sink)

    @contextlib.contextmanager
    def controller(self, flags: tuple[str, ...] = ()) -> Iterator[Controller]:
        """A started process that has seen all objects."""
        controller = self.driver.start(flags, self.environment)
        try:
            controller.wait_ready()
            self._await_canary(controller)
            yield controller
        finally:
            controller.stop()

    def _await_canary(self, controller: Controller, timeout: float = 60) -> None:
        """Posts until a notification comes back: then the program knows the objects."""
        end = time.monotonic() + timeout
        self.canary.recorder.take()
        for number in itertools.count():
            if time.monotonic() > end:
                raise ControllerError("the program does not deliver to a plain generic provider")
            event = {**CANARY_EVENT, "message": f"canary {number}"}
            post(controller.url("events"), Step("canary", event))
            for _ in range(10):
                if self.canary.recorder.take():
                    return
                time.sleep(0.05)

    def run(self, expected: Outcomes) -> Outcomes:
        """Runs all steps, one process for each set of flags."""
        outcomes: Outcomes = {setup.name: {} for setup in self.setups}
        for flags in sorted({setup.flags for setup in self.setups}):
            chosen = [setup for setup in self.setups if setup.flags == flags]
            with self.controller(flags) as controller:
                impatient: set[str] = set()
                for setup in chosen:
                    setup.recorder.take()
                for index in range(max(len(setup.steps) for setup in chosen)):
                    active = [setup for setup in chosen if index < len(setup.steps)]
                    for setup, outcome in self._run_step(controller, active, index, expected, impatient):
                        outcomes[setup.name][setup.steps[index].name] = outcome
        return outcomes

    def _run_step(
        self, controller: Controller, active: list[SetUp], index: int, expected: Outcomes, impatient: set[str]
    ) -> Iterator[tuple[SetUp, Outcome]]:
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda setup: post(controller.url("events"), setup.steps[index]), active))
        self._await_quiet(active, index, expected, impatient)
        for setup, answer in zip(active, answers, strict=True):
            outcome: Outcome = {"writes": [], "reads": []}
            for request in setup.recorder.take():
                kind = "reads" if setup.is_read(request) else "writes"
                outcome[kind].append(normalise_request(request, setup, setup.steps[index].event))
            if setup.records_responses:
                outcome["response"] = normalise_response(answer)
            yield setup, outcome

    def _await_quiet(self, active: list[SetUp], index: int, expected: Outcomes, impatient: set[str]) -> None:
        """Waits until the expected writes are there and nothing more comes."""
        start = time.monotonic()
        while True:
            time.sleep(0.03)
            now = time.monotonic()
            last = max(start, *(setup.recorder.last for setup in active))
            missing = [
                setup
                for setup in active
                if now - start < self._limit(setup, impatient) and self._lacks(setup, index, expected)
            ]
            if not missing and now - last >= QUIET:
                break
        impatient.update(setup.name for setup in active if self._lacks(setup, index, expected))

    @staticmethod
    def _limit(setup: SetUp, impatient: set[str]) -> float:
        """Seconds that writes may take: a set-up in which some did not come is not waited for again."""
        return QUIET if setup.name in impatient else PATIENCE + setup.settle

    @staticmethod
    def _lacks(setup: SetUp, index: int, expected: Outcomes) -> bool:
        """Whether writes of this step are still due."""
        golden = expected.get(setup.name, {}).get(setup.steps[index].name, {"writes": []})
        seen = sum(not setup.is_read(request) for request in setup.recorder.peek())
        return seen < len(golden["writes"])


def post(url: str, step: Step) -> Answer:
    """Posts a step's body to the event endpoint."""
    return exchange(url, step.method, step.path, step.payload(), {"Content-Type": "application/json"})
