"""What every scenario gets: the programs, the folder, and how much to do."""

import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True)
class Context:
    """The amounts are those of the long run; `short` is the cut of about a minute."""

    campanile: str
    # The program built with failpoints, and the load generator; the scenarios that need them say so.
    failpoints: str | None
    loadgen: str | None
    folder: pathlib.Path
    seed: int
    short: bool
    # Events a second beside the kills.
    rate: float = 400.0
    # Amounts of the scenarios that only the long run has.
    events: int = 1_000_000
    hole_seconds: int = 600
    flood_seconds: int = 600

    @property
    def kills(self) -> int:
        return 20 if self.short else 250

    @property
    def windows(self) -> int:
        return 6 if self.short else 60

    @property
    def damages(self) -> int:
        return 28 if self.short else 420

    @property
    def restarts(self) -> int:
        return 3 if self.short else 30
