"""Prints the cases of tests/conformance/standalone.args, set-up by set-up, as arguments of the black-box suite.

    cases.py CASES plain            those that choose no case of a Receiver
    cases.py CASES like-receivers   those that bear the name of a Receiver type, which chooses the Receiver's cases, too

CASES is the suite's folder of case files.
"""
import json
import pathlib
import sys


def main():
    folder, which = sys.argv[1:]
    contents = {path.stem: json.loads(path.read_text()) for path in sorted(pathlib.Path(folder).glob("*.json"))}
    receivers = {case["receiver"]["type"] for content in contents.values() for case in content.get("receivers", [])}
    for name in chosen(contents):
        if (name in receivers) == (which == "like-receivers"):
            print("--only", name)


def chosen(contents):
    """Names of the set-ups that the arguments choose by file, type or name."""
    words = (pathlib.Path(__file__).parent / "standalone.args").read_text().split()
    wanted = set(words) - {"--only"}
    for group, content in contents.items():
        for setup in content.get("setups", []):
            setup = {**content.get("defaults", {}), **setup}
            if {group, setup["name"], setup["provider"]["type"]} & wanted:
                yield setup["name"]


main()
