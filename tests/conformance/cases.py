"""Prints all set-ups of Alerts and Providers as arguments of the black-box suite: named one by one, they leave Receivers out.

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
    names = [setup["name"] for content in contents.values() for setup in content.get("setups", [])]
    if not names:
        sys.exit(f"{folder} has no set-ups")
    for name in names:
        if (name in receivers) == (which == "like-receivers"):
            print("--only", name)


main()
