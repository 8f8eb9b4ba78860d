"""Every program and Python module that the tests and ./dev call comes from a package that ./dev deps names.

Reads package names on standard input. The calls are found in the sources: the first word of each command that a Python
file gives to a function, each command of a shell script and of a recipe of make, each import. Words that are no program
on this machine do not count. Debian's database says which package has the program. That package must be named, be
essential, or be one that a named package depends on. A program that is here only by chance is not there on another
machine.
"""

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

PATH = ("/usr/bin", "/usr/sbin", "/bin", "/sbin")
# After one of these words comes another command.
PREFIXES = {"as_root", "sudo", "env", "exec", "command", "nice", "setpriv", "timeout", "xargs", "without_services", "if", "then",
            "else", "elif", "do", "while", "until", "!", "{", "(", "time", "trap", "check", "-v"}
# Builtins of bash that are programs as well.
BUILTINS = {"[", "test", "echo", "printf", "true", "false", "kill", "pwd"}
# Either program will do: Debian's, or one that came with Node.js. ./dev fresh itself installs what makes systems.
ELSEWHERE = {"npm", "mmdebstrap", "sudo", "apt-config", "npx", "node"}


def tracked(*patterns):
    done = subprocess.run(["git", "ls-files", *patterns], capture_output=True, text=True, check=True)
    return [Path(line) for line in done.stdout.splitlines()]


def program_of(word):
    """The place of the program in Debian, if the word is one."""
    if word in ELSEWHERE or not re.fullmatch(r"[a-z][a-z0-9+._-]*", word):
        return None
    return next((f"{folder}/{word}" for folder in PATH if os.access(f"{folder}/{word}", os.X_OK)), None)


# ---- Calls in Python


def first_text(node):
    """The first word of a command: a list, arguments in order, or a script for a shell's -c."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def is_caller(call):
    """Calls such as run(...), Popen(...) and which(...), whose first argument is a program's name."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name in ("run", "Popen", "which", "check_output", "check_call", "call", "execvp")


def commands_of_python(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.List) and node.elts:
            yield first_text(node.elts[0]), node.lineno
        elif isinstance(node, ast.Call) and node.args and is_caller(node):
            yield first_text(node.args[0]), node.lineno


def imports_of(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((name.name.split(".")[0], node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0], node.lineno


# ---- Calls in shell scripts


def without_texts(script):
    """The script without comments, quoted texts and here-documents. The commands inside "$(...)" are kept."""
    script = re.sub(r"<<-?(['\"]?)(\w+)\1(.*)\n(?:.*\n)*?\t*\2\n", r"\3\n", script)
    script = re.sub(r"\\\n", " ", script)
    script = re.sub(r"(?m)(^|\s)#.*$", r"\1", script)
    script = re.sub(r"'[^']*'", "_", script)
    script = re.sub(r'"[^"$]*"', "_", script)
    return script.replace('"', "")


def commands_of_shell(script, first_line=1):
    """The words in the place of a command, line by line."""
    for number, line in enumerate(without_texts(script).split("\n")):
        for piece in re.split(r"\$\(|<\(|\|\||&&|[|;&`]|(?<!\$)\(|\)", line):
            words = piece.split()
            while words and (words[0] in PREFIXES or re.match(r"\w+=|-", words[0])):
                words.pop(0)
            if words and words[0] not in BUILTINS:
                yield words[0], first_line + number


def recipes_of(text):
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("\t"):
            yield from commands_of_shell(line.lstrip("\t@-").replace("$$", "$"), number)


# ---- Debian


class Debian:
    """The installed packages, and the packages that came with each."""

    def __init__(self):
        fields = "${binary:Package}\t${Essential}\t${Provides}\t${Pre-Depends}, ${Depends}\n"
        done = subprocess.run(["dpkg-query", "-W", "-f", fields], capture_output=True, text=True, check=True)
        self.depends, self.essential, self.provided = {}, set(), {}
        for line in done.stdout.splitlines():
            name, essential, provides, depends = line.split("\t")
            name = name.split(":")[0]
            self.depends[name] = [[self.bare(one) for one in entry.split("|")] for entry in depends.split(",") if entry.strip()]
            if essential == "yes":
                self.essential.add(name)
            for other in provides.split(","):
                self.provided.setdefault(self.bare(other), name)

    @staticmethod
    def bare(name):
        return re.split(r"[ :(]", name.strip())[0]

    def installed(self, alternatives):
        """The package that satisfies a|b here."""
        for name in alternatives:
            if name in self.depends:
                return name
            if name in self.provided:
                return self.provided[name]
        return None

    def closure(self, names):
        found, waiting = set(), [*names, *self.essential, "apt"]
        while waiting:
            name = waiting.pop()
            if name and name not in found:
                found.add(name)
                waiting.extend(self.installed(alternatives) for alternatives in self.depends.get(name, ()))
        return found

    @staticmethod
    def owners(paths):
        """{path: package}. A path may be recorded as it was before /bin became /usr/bin, or behind a link."""
        asked = {}
        for path in paths:
            for one in (path, os.path.realpath(path)):
                for name in (one, one.removeprefix("/usr"), "/usr" + one):
                    asked.setdefault(name, set()).add(path)
        done = subprocess.run(["dpkg-query", "-S", *asked], capture_output=True, text=True, check=False)
        found = {}
        for line in done.stdout.splitlines():
            packages, _, name = line.rpartition(": ")
            if not line.startswith("diversion "):
                for path in asked.get(name, ()):
                    found.setdefault(path, packages.split(",")[0].split(":")[0])
        return found


# ---- All calls


def read_all():
    """({word: where}, {module: where}) of the programs and modules that are called."""
    words, modules = {}, {}
    for path in [*tracked("*.py"), *(p for p in tracked("tests/tools/*", "docs/*") if p.suffix == "" and is_script(p, "python"))]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        note(words, path, commands_of_python(tree))
        note(modules, path, imports_of(tree))
    for path in [*tracked("dev", ".ci/*", "*.sh"), *(p for p in tracked("tests/tools/*") if is_script(p, "bash"))]:
        note(words, path, commands_of_shell(path.read_text(encoding="utf-8")))
    for path in tracked("*.inc", "*.am"):
        note(words, path, recipes_of(path.read_text(encoding="utf-8")))
    return words, modules


def is_script(path, language):
    with open(path, "rb") as file:
        first = file.readline()
    return first.startswith(b"#!") and language.encode() in first


def note(found, path, pairs):
    for word, line in pairs:
        if word:
            found.setdefault(word, f"{path}:{line}")


def file_of_module(name):
    spec = importlib.util.find_spec(name)
    return spec and spec.origin and spec.origin.startswith("/usr/") and spec.origin or None


def package_of_module(name):
    """Debian's name for it, where the module is not installed: some parts of ./dev install their packages themselves."""
    return "python3-" + name.lower().replace("_", "-")


def main():
    named = sys.stdin.read().split()
    words, modules = read_all()
    places = {program_of(word): (word, where) for word, where in words.items() if program_of(word)}
    known = sys.stdlib_module_names | {path.stem for path in tracked("*.py")}
    for name in modules.keys() - known:
        place, where = file_of_module(name), modules[name]
        if place or package_of_module(name) not in named:
            places[place or name] = (f"Python's {name}", where)
    debian = Debian()
    owners, allowed = debian.owners(places), debian.closure(named)
    wrong = []
    for place, (word, where) in sorted(places.items()):
        owner = owners.get(place)
        if owner not in allowed:
            wrong.append(f"{where}: {word} comes from {owner or 'no package'}, which ./dev deps does not install")
    if len(places) < 20:
        wrong.append(f"only {len(places)} programs and modules were found in the sources")
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


sys.exit(main())
