#!/usr/bin/env python3
"""The documents say what is: the reference, the examples, the links, the manual page.

Run by `make check` in the build folder; or by hand: FLOW_EXPORTER_BUILD=build docs/test_docs.py
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

SOURCE = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("FLOW_EXPORTER_BUILD", ".")).resolve()
PROGRAM = BUILD / "core" / "flow-exporter"
PLUGINS = ["input-kafka", "input-stdin", "resolver-whois", "output-prometheus"]
# Rooms of a plugin, from the top: each includes only those before it. Headers of the plugin's folder that come before them all.
ROOMS = {"output-prometheus": ["base", "metric", "series", "kept", "page", "web", "http", "live"],
         "resolver-whois": ["base", "names", "dialect", "table", "server"]}
WORDS = {"output-prometheus": {"options.h", "self_metrics.h"}, "resolver-whois": {"metrics.h"}}
FOLDERS = ["util", "log", "metrics", "state", "config", "decode", "plugin", "checkpoint", "pipeline", "cli"]


def pages():
    return [SOURCE / "README.md", SOURCE / "CONTRIBUTING.md", *sorted((SOURCE / "docs").glob("*.md")),
            *sorted(SOURCE.glob("plugins/*/README.md"))]


def run(*args):
    command = [PROGRAM, "--plugin-dir", BUILD / "plugins", *args]
    # Kubernetes gives a process the name of its pod: examples in docs/scaling.md use it.
    environment = {**os.environ, "POD_NAME": "flow-exporter-0"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


def is_built(plugin):
    return (BUILD / "plugins" / plugin / f"{plugin}.la").exists()


class Documents(unittest.TestCase):
    def test_reference_is_that_of_the_plugins(self):
        reference = (SOURCE / "docs/reference.md").read_text()
        built = [plugin for plugin in PLUGINS if is_built(plugin)]
        if not built:
            self.skipTest("no plugin is built")
        for plugin in built:
            with self.subTest(plugin):
                shown = run("plugin", plugin, "--markdown").stdout
                self.assertTrue(shown.startswith(f"## {plugin}\n"))
                self.assertTrue(shown in reference, "make update-reference")

    def test_metrics_are_those_of_the_tables(self):
        if not all(map(is_built, PLUGINS)):
            self.skipTest("some plugins are not built")
        shown = run("metrics").stdout
        self.assertIn("process_open_fds", shown)
        self.assertTrue((SOURCE / "docs/metrics.md").read_text().endswith(shown), "make update-reference")

    def test_the_plugin_in_the_readme_is_the_tested_one(self):
        code = (SOURCE / "tests/plugin/output-sum.c").read_text()
        self.assertTrue(f"```c\n{code}```\n" in (SOURCE / "README.md").read_text())

    def test_code_in_the_manual_is_from_the_plugins(self):
        plugins = "".join(file.read_text() for file in sorted((SOURCE / "tests/plugin").glob("*.c")))
        text = (SOURCE / "docs/plugins.md").read_text()
        blocks = re.findall(r"^```c\n((?:FX_PLUGIN|struct [a-z]+_options).*?)```", text, re.M | re.S)
        self.assertTrue(blocks)
        for part in "\n\n".join(blocks).split("\n\n"):
            self.assertTrue(part.strip() in plugins, part)

    def examples(self):
        shipped = (SOURCE / "etc/flow-exporter.yaml").read_text()
        yield "etc/flow-exporter.yaml", shipped.replace("# asn: ", "asn: ")  # as its reader edits it
        manual = (SOURCE / "docs/flow-exporter.8").read_text()
        yield "flow-exporter.8", re.search(r"^\.Bd -literal\n(.*?)^\.Ed", manual, re.M | re.S).group(1)
        for page in pages():
            for block in re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.M | re.S):
                yield page.name, block

    def test_configurations_are_valid(self):
        if not all(map(is_built, PLUGINS)):
            self.skipTest("some plugins are not built")
        rest = {"inputs": "input-stdin", "outputs": "output-prometheus\n    asn: 64500"}
        with tempfile.TemporaryDirectory() as folder:
            for name, text in self.examples():
                with self.subTest(name, text=text):
                    text += "".join(f"{section}:\n  - plugin: {plugin}\n" for section, plugin in rest.items()
                                    if not re.search(f"^{section}:", text, re.M))
                    file = pathlib.Path(folder) / "config.yaml"
                    file.write_text(text)
                    result = run("--config", file, "--check")
                    self.assertEqual(result.returncode, 0, result.stderr)

    def test_links_lead_somewhere(self):
        for page in pages():
            for link in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
                if not link.startswith("http"):
                    self.assertTrue((page.parent / link).exists(), f"{page.name}: {link}")

    def test_anchors_are_headings(self):
        for page in pages():
            for path, anchor in re.findall(r"\]\(([^)#]*)#([^)]*)\)", page.read_text()):
                target = page.parent / path if path else page
                headings = re.findall(r"^#+ (.*)$", target.read_text(), re.M)
                slugs = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
                self.assertIn(anchor, slugs, f"{page.name}: {path}#{anchor}")

    def test_files_in_the_architecture_exist(self):
        text = (SOURCE / "docs/architecture.md").read_text()
        files = re.findall(r"`((?:core|plugins|tests)/[a-z0-9_/.-]+)`", text)
        self.assertGreater(len(files), 10)
        for file in files:
            self.assertTrue((SOURCE / file).exists(), file)

    def test_folders_depend_one_way(self):
        for rank, folder in enumerate(FOLDERS):
            for file in [*SOURCE.glob(f"core/{folder}/*.c"), *SOURCE.glob(f"core/{folder}/*.h")]:
                for other in re.findall(r'^#include "([a-z]+)/', file.read_text(), re.M):
                    self.assertIn(other, FOLDERS[:rank + 1], file.relative_to(SOURCE))

    def test_the_progress_of_checkpoints_has_one_writer(self):
        members = re.findall(r"(\w+);", (SOURCE / "core/checkpoint/progress.h").read_text().partition("struct fxi_progress {")[2]
                             .partition("};")[0])
        self.assertIn("doubtful", members)
        writes = re.compile(rf"progress(?:\.|->)(?:{'|'.join(members)})(?: [-+|&]?= |\+\+|--)|"
                            rf"atomic_(?:store|exchange|fetch)\w*\(&[\w>.-]*progress(?:\.|->)\w+")
        writers = [file.name for file in (SOURCE / "core").rglob("*.[ch]") if writes.search(file.read_text())]
        self.assertEqual(writers, ["progress.c"])

    def test_rooms_of_plugins_depend_one_way(self):
        for folder in sorted(SOURCE.glob("plugins/*/")):
            plugin, rooms = folder.name, ROOMS.get(folder.name, [])
            found = {file.relative_to(folder).parts[0] for file in folder.glob("*/*.[ch]")}
            self.assertEqual(found, set(rooms), plugin)
            for file in folder.rglob("*.[ch]"):
                place = file.relative_to(folder).parts[0]
                above = rooms[:rooms.index(place) + 1] if place in rooms else rooms
                if file.name in WORDS.get(plugin, ()) and place == file.name:
                    above = []
                for other in re.findall(r'^#include "([^"]+)"', file.read_text(), re.M):
                    room = other.partition("/")[0] if "/" in other else "."
                    if other not in WORDS.get(plugin, ()) and (room != "." or place in rooms):
                        self.assertIn(room, above, f"{file.relative_to(SOURCE)}: {other}")

    def test_all_threads_are_in_the_table(self):
        table = (SOURCE / "docs/architecture.md").read_text().partition("## Threads")[2].partition("##")[0]
        starts = re.compile(r"\b(pthread_create|prom_thread_start|fxi_thread_start)\(")
        files = [file for part in ("core", "plugins") for file in (SOURCE / part).rglob("*.c") if file.name != "thread.c"]
        makers = [file.relative_to(SOURCE) for file in files if starts.search(file.read_text())]
        self.assertGreater(len(makers), 8)
        for file in makers:
            self.assertIn(f"`{file}`", table)

    def test_lines_are_short(self):
        """At most 120 characters, but in tables, in code and by the target of a link."""
        for page in [*pages(), *sorted((SOURCE / "docs").glob("*.8"))]:
            text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.M | re.S)
            for line in text.split("\n"):
                if not re.match(r" *\||    ", line):
                    shown = re.sub(r"\]\([^)]*\)", "]", line)
                    self.assertLessEqual(len(shown), 120, f"{page.relative_to(SOURCE)}: {line}")

    def test_decisions_have_one_form(self):
        text = (SOURCE / "docs/decisions.md").read_text()
        records = re.findall(r"^### ([^\n]*)\n(.*?)(?=^##|\Z)", text, re.M | re.S)
        self.assertGreater(len(records), 40)
        for title, record in records:
            self.assertEqual(re.findall(r"^- (.*?\*\*) ", record, re.M), ["**Decision.**", "**Reason.**", "**Rejected.**"], title)

    def recipes(self):
        text = (SOURCE / "CONTRIBUTING.md").read_text().partition("## Recipes")[2]
        return dict(zip(re.findall(r"^### (.*)$", text, re.M), re.split(r"^### .*$", text, flags=re.M)[1:]))

    def test_files_in_the_recipes_exist(self):
        for title, recipe in self.recipes().items():
            files = re.findall(r"`((?:core|docs|etc|plugins|tests)/[\w/.-]+)`", recipe)
            self.assertGreater(len(files), 2, title)
            for file in files:
                self.assertTrue((SOURCE / file).exists(), f"{title}: {file}")

    def test_commands_in_the_recipes_exist(self):
        script = (SOURCE / "dev").read_text()
        targets = {"check", *re.findall(r"^([a-z-]+):", (SOURCE / "docs/Makefile.inc").read_text(), re.M)}
        recipes = self.recipes()
        self.assertEqual(len(recipes), 6)
        for title, recipe in recipes.items():
            for command, part in re.findall(r"`\./dev ([a-z0-9]+) ?([a-z0-9]*)", recipe):
                self.assertRegex(script, rf"(?m)^  {command}\b")
                self.assertTrue(not part or f"\ntest_{part}()" in script, part)
            for target, test in re.findall(r"`make -C build ([a-z-]+)(?: TESTS=)?([^`]*)`", recipe):
                self.assertIn(target, targets, title)
                if test:
                    self.assertTrue((SOURCE / test).with_suffix(pathlib.Path(test).suffix or ".c").exists(), test)

    def test_pictures_are_sound(self):
        for file in (SOURCE / "docs").glob("*.svg"):
            root = xml.etree.ElementTree.parse(file).getroot()
            self.assertTrue(root.findtext("{http://www.w3.org/2000/svg}title"), file.name)

    def test_the_picture_shows_every_folder(self):
        self.assertEqual({folder.parent.name for folder in SOURCE.glob("core/*/Makefile.inc")}, set(FOLDERS))
        root = xml.etree.ElementTree.parse(SOURCE / "docs/architecture.svg").getroot()
        texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
        first = texts.index(FOLDERS[0])
        self.assertEqual(texts[first:first + len(FOLDERS)], FOLDERS)
        for plugin in PLUGINS:
            rooms = ROOMS.get(plugin, [])
            first = texts.index(f"plugins/{plugin}") + 1
            self.assertEqual(texts[first:first + len(rooms)], rooms)
        shown = [(folder, file) for folder, file in zip(texts, texts[1:]) if file.endswith(".c")]
        self.assertGreater(len(shown), 9)
        for folder, file in shown:
            folder = folder if folder.startswith("core/") else f"plugins/{folder}"
            self.assertTrue((SOURCE / folder / file).exists(), f"{folder}/{file}")

    def test_every_flag_is_in_the_manual_page(self):
        manual = (SOURCE / "docs/flow-exporter.8").read_text()
        flags = re.findall(r"--([a-z-]+)", run("--help").stdout)
        self.assertIn("config", flags)
        for flag in flags:
            self.assertIn(f"Fl Fl {flag}", manual)

    def test_manual_page_is_clean(self):
        groff = shutil.which("groff")
        if not groff:
            self.skipTest("there is no groff")
        command = [groff, "-ww", "-mandoc", "-Tutf8", SOURCE / "docs/flow-exporter.8"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("flow-exporter", result.stdout)


if __name__ == "__main__":
    unittest.main()
