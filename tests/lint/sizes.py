"""No .c file over 600 lines, no function over 80, no folder over 40 files: the smell of several concerns. Asks ctags for functions."""

import collections
import os
import subprocess
import sys

FILE_LINES, FUNCTION_LINES, FOLDER_FILES = 600, 80, 40


def files():
    return subprocess.run(["git", "ls-files", "*.c"], capture_output=True, text=True, check=True).stdout.split()


def functions(names):
    command = ["ctags", "-L", "-", "--fields=+ne", "--c-kinds=f", "-f", "-"]
    done = subprocess.run(command, input="\n".join(names), capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        parts = line.split("\t")
        place = dict(part.split(":", 1) for part in parts[3:] if part.startswith(("line:", "end:")))
        yield parts[1], parts[0], int(place["line"]), int(place.get("end", place["line"]))


def folders():
    names = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.split()
    return collections.Counter(map(os.path.dirname, names))


def main():
    names, wrong = files(), []
    for folder, count in folders().items():
        if count > FOLDER_FILES:
            wrong.append(f"{folder}: {count} files, more than {FOLDER_FILES}")
    for name in names:
        with open(name, encoding="utf-8") as file:
            lines = sum(1 for _ in file)
        if lines > FILE_LINES:
            wrong.append(f"{name}: {lines} lines, more than {FILE_LINES}")
    counted = 0
    for name, function, first, last in functions(names):
        counted += 1
        if last - first + 1 > FUNCTION_LINES:
            wrong.append(f"{name}:{first}: {function}: {last - first + 1} lines, more than {FUNCTION_LINES}")
    if not counted:
        wrong.append("ctags found no function")
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


sys.exit(main())
