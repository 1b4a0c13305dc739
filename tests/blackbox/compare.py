"""Compares what was sent with the golden files, and reports it."""

import difflib
import json
import pathlib
from typing import Any, TypeAlias

# What a step led to: `writes`, `reads`, and `response` where the case looks at it; or a receiver's answer.
Outcome: TypeAlias = dict[str, Any]
# Case -> step -> outcome.
Outcomes: TypeAlias = dict[str, dict[str, Outcome]]


def load_golden(directory: pathlib.Path) -> Outcomes:
    """The outcomes of all cases as they should be."""
    golden: Outcomes = {}
    for path in sorted(directory.glob("*.json")):
        golden.update(json.loads(path.read_text()))
    return golden


class Divergences:
    """Steps in which the program is meant to differ from the golden files.

    The file maps "CASE STEP" to {"reason": TEXT, "outcome": what is right instead}. An entry without a reason, and
    one whose step agrees with the golden files, is a failure: the list stays as short as it can be.
    """

    def __init__(self, path: pathlib.Path, golden: Outcomes) -> None:
        self.entries: dict[str, Any] = json.loads(path.read_text())
        self._differing: dict[str, Any] = {}
        unknown = self.entries.keys() - {f"{name} {step}" for name in golden for step in golden[name]}
        if unknown:
            raise ValueError(f"{path} names {sorted(unknown)}, which are no steps of the golden files")

    def judge(self, key: str, differences: list[str], actual: Outcome, reads: bool) -> list[str]:
        """The differences that remain for the step `key` once its entry, if any, is taken into account."""
        entry = self.entries.get(key)
        if entry is None:
            if differences:
                outcome = {part: value for part, value in actual.items() if part != "reads"}
                self._differing[key] = {"reason": "", "outcome": outcome}
            return differences
        if not differences:
            return ["divergences.json has an entry that is no longer needed"]
        if not entry.get("reason"):
            return ["divergences.json gives no reason"]
        return compare({**actual, **entry["outcome"]}, actual, reads)

    def propose(self, path: pathlib.Path) -> None:
        """Writes entries for what differs and has none."""
        text = json.dumps(self._differing, indent=1, ensure_ascii=False, sort_keys=True)
        path.write_text(text + "\n", errors="backslashreplace")


class Report:
    """Prints how each step compares, and counts."""

    def __init__(self, golden: Outcomes, divergences: Divergences, *, reads: bool, quiet: bool) -> None:
        self._golden = golden
        self._divergences = divergences
        self._reads = reads
        self._quiet = quiet
        self.passed = 0
        self.failed = 0

    def refused(self, reasons: dict[str, str]) -> None:
        """Counts cases whose objects the API server refuses as failures."""
        for name, reason in reasons.items():
            print(f"DIFF {name}: objects refused: {reason}")
            self.failed += 1

    def case(self, name: str, results: dict[str, Outcome], notes: dict[str, str]) -> None:
        """Judges all steps of a case; `notes` holds those whose difference fails nothing."""
        golden = self._golden.get(name, {})
        for step in golden.keys() - results.keys():
            self._print(f"{name} {step}", ["the step did not run"])
        for step, actual in results.items():
            differences = compare(golden.get(step), actual, self._reads)
            differences = self._divergences.judge(f"{name} {step}", differences, actual, self._reads)
            if differences and step in notes:
                print(f"note {name} {step}: {notes[step]}")
                continue
            self._print(f"{name} {step}", differences)

    def _print(self, key: str, differences: list[str]) -> None:
        self.passed, self.failed = self.passed + (not differences), self.failed + bool(differences)
        if differences:
            print(f"DIFF {key}")
            print("\n".join("    " + line for line in differences))
        elif not self._quiet:
            print(f"ok   {key}")


def compare(golden: Outcome | None, actual: Outcome, reads: bool) -> list[str]:
    """Lines that show how `actual` differs from `golden`; empty if it does not."""
    if golden is None:
        return ["no golden outcome"]
    parts = [key for key in sorted(golden.keys() | actual.keys()) if key != "reads" or reads]
    if all(golden.get(part) == actual.get(part) for part in parts):
        return []
    if golden.get("writes") and not actual["writes"]:
        return [f"nothing was sent, expected {_summary(golden)}"]
    if actual.get("writes") and not golden["writes"]:
        return [f"nothing was to be sent, got {_summary(actual)}"]
    sides = [
        json.dumps({part: side.get(part) for part in parts}, indent=1, ensure_ascii=False, sort_keys=True)
        for side in (golden, actual)
    ]
    lines = difflib.unified_diff(sides[0].split("\n"), sides[1].split("\n"), "golden", "actual", lineterm="", n=2)
    return list(lines)[2:]


def _summary(outcome: Outcome) -> str:
    return ", ".join(f"{write['method']} {write['path']}" for write in outcome["writes"])
