"""A page in headless Chromium, driven from Python (clients/drive.js)."""
import json
import subprocess
from pathlib import Path

from daemon import NODE, RESULTS, environment

SCRIPT = Path(__file__).parent / "clients" / "drive.js"


class Browser:
    """One page at a time; each open() begins a fresh one."""

    def __init__(self):
        RESULTS.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            ["node", str(SCRIPT)],
            env=environment(NODE_PATH=str(NODE / "node_modules")),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _do(self, verb, **wanted):
        self.process.stdin.write(json.dumps({"do": verb, **wanted}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"error": "the browser has ended"}')
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def open(self, url, **options):
        """Options are those of a context of Playwright's: colorScheme, viewport, reducedMotion, …"""
        self._do("open", url=url, options=options)

    def read(self, expression):
        """What a JavaScript expression says now."""
        return self._do("read", expression=expression)

    def wait(self, expression):
        """What it says once that is true."""
        return self._do("wait", expression=expression)

    def text(self, selector):
        return self.read(f"document.querySelector({json.dumps(selector)}).innerText")

    def texts(self, selector):
        """The texts of all that match."""
        return self.read(f"[...document.querySelectorAll({json.dumps(selector)})].map((one) => one.innerText)")

    def wait_for_texts(self, selector, texts):
        self.wait(
            f"JSON.stringify([...document.querySelectorAll({json.dumps(selector)})].map((one) => one.innerText))"
            f" === {json.dumps(json.dumps(texts, separators=(',', ':'), ensure_ascii=False))}"
        )

    def click(self, selector):
        self._do("click", selector=selector)

    def fill(self, selector, text):
        self._do("fill", selector=selector, text=text)

    def press(self, *keys):
        for key in keys:
            self._do("press", key=key)

    def audit(self):
        """What axe-core finds against the page: [[rule, [where, …]], …]"""
        return self._do("audit")

    def seen(self):
        """{"requests": [URL, …], "complaints": [text, …]} of the page that is open."""
        return self._do("seen")

    def picture(self, name, **options):
        self._do("picture", path=str(RESULTS / f"{name}.png"), options=options)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        finally:
            self.process.kill()
