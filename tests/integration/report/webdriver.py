"""A browser for tests: Debian's chromium through chromedriver, spoken to over HTTP (W3C WebDriver) with the standard
library only."""
import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request


# Heads and visible rows of the table whose id is the argument.
TABLE = """
const table = document.getElementById(arguments[0]);
const text = (cell) => cell.textContent.trim();
return {heads: [...table.tHead.rows[0].cells].map(text),
        rows: [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => [...row.cells].map(text))};
"""


def missing():
    """A sentence that says what is not there, or None."""
    for program, package in (("chromium", "chromium"), ("chromedriver", "chromium-driver")):
        if shutil.which(program) is None:
            return f"no browser: {program} is not installed (package {package}), so the page was not opened"
    return None


class Browser:
    def __init__(self, width=1280, height=900, dark=False):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.driver = subprocess.Popen(["chromedriver", f"--port={self.port}"], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        self.session = None
        try:
            self.wait_for_driver()
            arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                         f"--window-size={width},{height}"]
            capabilities = {"browserName": "chrome", "goog:chromeOptions": {"args": arguments},
                            "unhandledPromptBehavior": "ignore",
                            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
            self.session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})["sessionId"]
            self.resize(width, height, dark)
        except BaseException:
            self.close()
            raise

    def wait_for_driver(self):
        for _ in range(300):
            try:
                if self.call("GET", "/status")["ready"]:
                    return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        raise RuntimeError("chromedriver did not start within 30 s")

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method, data=data,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {json.load(error)['value']['message']}") from None

    def command(self, method, path, body=None):
        return self.call(method, f"/session/{self.session}{path}", body)

    def devtools(self, name, **parameters):
        return self.command("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def resize(self, width, height=900, dark=False, media=""):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.devtools("Emulation.setEmulatedMedia", media=media, features=[theme])

    def open(self, path):
        """Opens a file and waits until its script has drawn everything."""
        self.logs()
        self.command("POST", "/url", {"url": f"file://{path}"})
        if not self.comes("return document.documentElement.dataset.ready !== undefined"):
            raise RuntimeError(f"{path} was not drawn in time: {self.logs()}")

    def run(self, script, *arguments):
        return self.command("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def comes(self, script, *arguments):
        """Whether the script returns something true within the time that a busy browser may need."""
        deadline = time.monotonic() + 60
        while not (answer := self.run(script, *arguments)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return bool(answer)

    def fits(self, width):
        """Whether nothing of the page is wider than a window of that width. Charts follow it a frame later."""
        self.resize(width=width)
        return self.comes("return document.documentElement.scrollWidth <= arguments[0]", width)

    def strangers(self, path):
        """What the page that was opened last said, asked for or holds beside the file itself; empty when it is alone."""
        holds = self.run("return [...document.querySelectorAll('img, iframe, object, link, script[src]')].map((one) => one.outerHTML)")
        asked = set(self.requests())
        unseen = [] if f"file://{path}" in asked else [f"{path} itself was not asked for"]
        return self.logs() + sorted(asked - {f"file://{path}"}) + unseen + holds

    def hover(self, x, y):
        move = {"type": "pointerMove", "duration": 0, "x": int(x), "y": int(y), "origin": "viewport"}
        self.command("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"},
                                                       "actions": [move]}]})

    def press(self, *keys):
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.command("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def logs(self):
        """What the page said on its console since the last call."""
        return [entry["message"] for entry in self.command("POST", "/se/log", {"type": "browser"})]

    def requests(self):
        """Addresses that were asked for since the last call."""
        found = []
        for entry in self.command("POST", "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def screenshot(self, path, width, height):
        shot = self.devtools("Page.captureScreenshot", captureBeyondViewport=True,
                             clip={"x": 0, "y": 0, "width": width, "height": height, "scale": 1})
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def close(self):
        if self.session is not None:
            try:
                self.command("DELETE", "")
            except (RuntimeError, urllib.error.URLError, ConnectionError):
                pass
        self.driver.terminate()
        self.driver.wait()
