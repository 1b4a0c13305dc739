"""Which cases of the suite run."""

import collections
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

# What can be left out: one of the two kinds of case, or the cases of a broker that the machine may lack.
KINDS = ("setups", "receivers", "nats", "pubsub")


class Case(Protocol):
    """What a selection looks at."""

    @property
    def name(self) -> str: ...

    @property
    def kinds(self) -> frozenset[str]:
        """The kind of case and the broker it needs."""

    @property
    def labels(self) -> frozenset[str]:
        """What `--only` can choose it by: kinds, case file, type and name."""

    @property
    def drivers(self) -> Sequence[str]:
        """The ways to start the program in which it makes sense."""

    @property
    def versions(self) -> Sequence[str]:
        """The API versions of Alerts and Providers that know all that it uses; none if it has neither."""


C = TypeVar("C", bound=Case)


class Selection:
    """The cases that `--only` names (all, if none) without the kinds of `--without`, as driver and version allow."""

    def __init__(self, driver: str, version: str, only: Iterable[str], without: Iterable[str]) -> None:
        self._driver = driver
        self._version = version
        self._only = frozenset(only)
        self._without = frozenset(without)
        self._matched: set[str] = set()
        self.left_out: collections.Counter[str] = collections.Counter()

    def take(self, cases: Iterable[C]) -> list[C]:
        """The cases that run; the others that were asked for are counted in `left_out` by the reason."""
        return [case for case in cases if self._takes(case)]

    def _takes(self, case: Case) -> bool:
        self._matched |= self._only & case.labels
        if self._only and not self._only & case.labels:
            return False
        reasons = [f"--without {kind}" for kind in sorted(self._without & case.kinds)]
        if self._driver not in case.drivers:
            reasons.append(f"--driver {self._driver}")
        if case.versions and self._version not in case.versions:
            reasons.append(f"--api-version {self._version}")
        self.left_out.update(reasons[:1])
        return not reasons

    def unmatched(self) -> list[str]:
        """Values of `--only` that named no case."""
        return sorted(self._only - self._matched)
