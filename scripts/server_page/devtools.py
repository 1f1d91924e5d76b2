"""A browser without a window, used as a person would: real clicks and keys, through Chromium's
DevTools protocol over a pair of pipes. Only Python's standard library is needed."""

import base64
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import time

KEYS = {
    "Enter": (13, "\r"), "Escape": (27, ""), "Tab": (9, ""), "Backspace": (8, ""),
    "ArrowUp": (38, ""), "ArrowDown": (40, ""), "Home": (36, ""), "End": (35, ""), " ": (32, " "),
    "Delete": (46, ""),
}
MODIFIERS = {"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}


def find_browser():
    """The path of Chromium or Chrome; None if there is none."""
    named = os.environ.get("SWIFTLET_TEST_BROWSER")
    if named is not None:
        return named or None
    names = ["chromium", "chromium-browser", "google-chrome", "chrome"]
    return next((path for path in map(shutil.which, names) if path), None)


class Browser:
    """A Chromium process; its pages are isolated from each other like private windows."""

    def __init__(self, path):
        self.profile = tempfile.mkdtemp()
        commands_in, self.commands = os.pipe()
        answers, answers_out = os.pipe()
        # Chromium reads commands from 3 and writes answers to 4.
        script = f'exec "$@" 3<&{commands_in} 4>&{answers_out}'
        self.process = subprocess.Popen(
            ["bash", "-c", script, "-", path, "--headless", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
             f"--user-data-dir={self.profile}", "--remote-debugging-pipe", "about:blank"],
            pass_fds=(commands_in, answers_out), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(commands_in)
        os.close(answers_out)
        self.count = 0
        self.waiting = {}
        self.pages = {}
        self.lock = threading.Lock()
        threading.Thread(target=self._read, args=(answers,), daemon=True).start()

    def _read(self, descriptor):
        rest = b""
        while piece := os.read(descriptor, 1 << 16):
            *messages, rest = (rest + piece).split(b"\0")
            for message in map(json.loads, messages):
                if "id" in message:
                    self.waiting.pop(message["id"]).put(message)
                elif page := self.pages.get(message.get("sessionId")):
                    page.heard(message["method"], message["params"])

    def call(self, method, session=None, **parameters):
        """The result of a protocol command."""
        with self.lock:
            self.count += 1
            message = {"id": self.count, "method": method, "params": parameters}
            if session:
                message["sessionId"] = session
            answer = self.waiting[self.count] = queue.Queue()
            os.write(self.commands, json.dumps(message).encode() + b"\0")
        result = answer.get(timeout=60)
        if "error" in result:
            raise RuntimeError(f"{method}: {result['error']['message']}")
        return result["result"]

    def page(self, width=1200, height=800):
        """A new page, with a storage of its own."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        return Page(self, context, width, height)

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


class Page:
    """A page; `faults` are errors of its scripts and breaches of its Content-Security-Policy."""

    def __init__(self, browser, context, width, height):
        self.browser, self.context, self.faults = browser, context, []
        self.expected_statuses = set()
        target = browser.call(
            "Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        self.session = browser.call(
            "Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.target = target
        browser.pages[self.session] = self
        for domain in ["Page", "Runtime", "Log", "DOM"]:
            self.call(domain + ".enable")
        self.call("Browser.grantPermissions", browserContextId=context,
                  permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        self.call("Page.addScriptToEvaluateOnNewDocument", source="""
            addEventListener('securitypolicyviolation', event =>
                console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI));""")
        self.resize(width, height)

    def heard(self, method, parameters):
        """Handles events from the page."""
        if method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.faults.append(details.get("exception", details).get("description", str(details)))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
            self.faults.append(" ".join(str(each.get("value")) for each in parameters["args"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            # Answers that a test makes fail are reported too.
            if parameters["entry"]["source"] != "network":
                self.faults.append(parameters["entry"]["text"])

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def sibling(self):
        """Another tab with the same storage."""
        return Page(self.browser, self.context, 1200, 800)

    def resize(self, width, height, phone=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=2 if phone else 1, mobile=phone)
        # What follows happens in the page at its new size.
        self.js("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def prefer(self, **features):
        """Sets media features, such as prefers_color_scheme='dark'."""
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()])

    def open(self, address):
        self.call("Page.navigate", url=address)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def reload(self):
        self.js("window.isOld = true")
        self.call("Page.reload")
        self.wait("!window.isOld && document.readyState === 'complete'")

    def js(self, expression):
        """The value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True, userGesture=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise RuntimeError(details.get("exception", details).get("description", details))
        return result["result"].get("value")

    def wait(self, expression, seconds=20):
        """Waits until an expression is true."""
        end = time.monotonic() + seconds
        while True:
            try:
                if value := self.js(expression):
                    return value
            except RuntimeError as error:
                # Between two documents there is no context to evaluate in.
                if time.monotonic() > end:
                    raise error
            if time.monotonic() > end:
                shown = self.js("document.body.innerText.slice(-600)")
                raise AssertionError(f"never true: {expression}\nthe page shows: {shown}")
            time.sleep(0.03)

    def click(self, element):
        """Clicks on the middle of an element, given by an expression."""
        x, y = self.wait(f"""(() => {{
            const element = {element};
            if (!element) return null;
            element.scrollIntoView({{ block: 'nearest' }});
            const box = element.getBoundingClientRect();
            return box.width ? [box.x + box.width / 2, box.y + box.height / 2] : null; }})()""")
        for kind in ["mousePressed", "mouseReleased"]:
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def button(self, name, within="document"):
        """Clicks on the visible button with a name."""
        self.click(f"[...{within}.querySelectorAll('button')].findLast(button =>"
                   f" button.textContent === {json.dumps(name)} && button.checkVisibility())")

    def key(self, name, *modifiers):
        code, text = KEYS.get(name, (ord(name.upper()[0]), name))
        mask = sum(MODIFIERS[modifier] for modifier in modifiers)
        text = "" if mask & ~8 and name != "Enter" else text
        common = {"key": name, "code": name if len(name) > 1 else "Key" + name.upper(),
                  "windowsVirtualKeyCode": code, "modifiers": mask}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown",
                  **common, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text):
        """Types a text where the focus is."""
        self.call("Input.insertText", text=text)

    def choose_file(self, selector, path):
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def shoot(self, path):
        """Writes a screenshot to a PNG file."""
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
