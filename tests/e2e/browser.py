"""Drives Debian's Chromium, without a window, by its driver: what a page requests, what it shows, how it looks."""

import json
import os
import urllib.parse

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from programs import BUILD, SOURCE, wait_until

SCREENSHOTS = BUILD / "screenshots"
AXE = SOURCE / "build" / "npm" / "node_modules" / "axe-core" / "axe.min.js"
WIDE, PHONE = (1280, 900), (360, 740)


class Browser:
    def __init__(self):
        options = webdriver.ChromeOptions()
        flags = ["--headless=new", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")  # as root, Chromium does not start with its sandbox
        for flag in flags:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_script_timeout(60)
        self.events, self.console = [], []

    def end(self):
        self.driver.quit()

    def look(self, size=WIDE, scheme="light", motion="no-preference"):
        """Sets the width and the colour scheme of pages from now on."""
        features = [{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": motion}]
        self.command("Emulation.setEmulatedMedia", features=features)
        self.resize(*size)

    def resize(self, width, height):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                     mobile=width < 500)

    def command(self, name, **arguments):
        return self.driver.execute_cdp_cmd(name, arguments)

    def open(self, url):
        self.driver.get(url)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def wait_for(self, script, what, seconds=40):
        return wait_until(lambda: self.run(f"return {script}"), what, seconds)

    def collect(self):
        """Takes the log entries since the last call."""
        self.console += self.driver.get_log("browser")
        for entry in self.driver.get_log("performance"):
            self.events.append(json.loads(entry["message"])["message"])

    def requests(self):
        self.collect()
        return [event["params"]["request"]["url"] for event in self.events
                if event["method"] == "Network.requestWillBeSent"]

    def hosts(self):
        return {urllib.parse.urlsplit(url).netloc for url in self.requests() if not url.startswith("data:")}

    def last_answer(self, path):
        """The JSON that the page last received from this path."""
        self.collect()
        for event in reversed(self.events):
            if event["method"] == "Network.responseReceived" and path in event["params"]["response"]["url"]:
                body = self.command("Network.getResponseBody", requestId=event["params"]["requestId"])
                return json.loads(body["body"])
        raise AssertionError(f"nothing was asked for at {path}")

    def screenshot(self, name):
        """The whole page, not only the visible part."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        width, height = self.run("return [innerWidth, document.documentElement.scrollHeight]")
        before = self.run("return innerHeight")
        self.resize(width, height)
        self.driver.save_screenshot(str(SCREENSHOTS / f"{name}.png"))
        self.resize(width, before)

    def axe(self):
        """The faults that axe finds, one in each line."""
        self.driver.execute_script(AXE.read_text())
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document).then(done, (error) => done({violations: [{id: `${error}`, nodes: []}]}))")
        return [f"{rule['id']}: {node['html'][:200]} {node['failureSummary']}" for rule in found["violations"]
                for node in rule["nodes"] or [{"html": "", "failureSummary": ""}]]
