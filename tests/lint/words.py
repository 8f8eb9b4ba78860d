#!/usr/bin/env python3
"""Signs of English that makes a reader stumble: in comments, messages, documents and scripts. See CONTRIBUTING.md, Words."""

import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
SUFFIXES = {".c", ".h", ".cc", ".py", ".md", ".js", ".html", ".yaml", ".yml", ".in", ".inc", ".am", ".ac", ".8", ".sh", ""}
EXCLUDED = ("tests/data/", "tests/fuzz/", "tests/lint/words.py", "debian/", "LICENSE")

# Each sign, and what to write instead. Only signs that have no right use in this project.
SIGNS = [
    (r"of late(?= ?[.,;:)])", "recently"),
    (r"held against", "compared with"),
    (r"in line [0-9]", "on line N"),
    (r"And:", "a sentence of its own"),
    (r"(?:leave|leaves|leaving|left) (?:it|them|that|this|one|away) away", "remove, or leave out"),
    (r"(?:leave|leaves|leaving|left) away", "remove, or leave out"),
    (r"is (?:nobody's|anybody's)\b", "name the owner, or say that there is none"),
    (r"(?:to|by|from|of|with|against) who\b", "whoever, or the noun"),
]
# Words may stand on several lines, with the comment's leader between.
BREAK = r"(?:\s+|\s*\n\s*(?:\*|#|//)\s*)"


def patterns():
    for sign, better in SIGNS:
        yield re.compile(r"(?<![\w'])" + sign.replace(" ", BREAK)), better


def main():
    names = subprocess.run(["git", "ls-files"], cwd=TOP, capture_output=True, text=True, check=True).stdout.split("\n")
    found = 0
    for name in names:
        path = TOP / name
        if not name or name.startswith(EXCLUDED) or path.suffix not in SUFFIXES or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for pattern, better in patterns():
            for match in pattern.finditer(text):
                found += 1
                line = text.count("\n", 0, match.start()) + 1
                print(f"{name}:{line}: '{' '.join(match[0].split())}': {better}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
