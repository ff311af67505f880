"""A tab that notices what a person would suffer from: script errors, policy violations, sideways scrolling, axe findings."""

from __future__ import annotations

import os
import pathlib
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]
AXE = (ROOT / "tests/vendor/axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SHOTS = ROOT / "var/shots"
COLOURS = ["color-contrast", "link-in-text-block"]  # what the other theme can change about the same elements
RUN = "options => axe.run(options.within || (options.exclude.length ? {exclude: options.exclude} : document), {runOnly: options.rules})"
TURN = "() => { const root = document.documentElement; root.dataset.bsTheme = root.dataset.bsTheme === 'dark' ? 'light' : 'dark'; }"


class Tab:
    """One browser tab. `errors`: what the console, the policy and the network reported since the last `settle`."""

    def __init__(self, page: Any, base: str) -> None:
        self.page, self.base = page, base
        self.errors: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(f"script: {error}"))
        page.on("requestfailed", self._failed)

    def _console(self, message: Any) -> None:
        # a refused page (403, 404) is reported by the browser itself; the page's own status is asserted where it matters
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.errors.append(f"console {message.type}: {message.text[:300]}")

    def _failed(self, request: Any) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):
            self.errors.append(f"request failed: {request.url} {request.failure}")

    def goto(self, path: str, *, status: int = 200) -> Any:
        """Open a path; wait until it is drawn and quiet; its HTTP status must be `status`."""
        response = self.page.goto(self.base + path, wait_until="load")
        assert response is not None and response.status == status, f"{path}: {response and response.status}"
        self.settle()
        return response

    def settle(self) -> None:
        """Fonts are there and no fragment is on its way."""
        self.page.evaluate("() => document.fonts.ready.then(() => null)")
        self.page.wait_for_function("() => !document.querySelector('.htmx-request, .skel')", timeout=10_000)

    def turn(self) -> None:
        """The other theme, as the switch in the shell shows it."""
        self.page.evaluate(TURN)

    def findings(self, *, exclude: list[str] | None = None, axe: bool = True) -> list[str]:
        """Errors so far, sideways overflow and (unless `axe` is off) axe violations of what is shown now."""
        found = list(self.errors)
        over = self.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            found.append(f"sideways overflow of {over} px: {self._widest()}")
        return found + (self.violations(exclude=exclude) if axe else [])

    def violations(self, *, exclude: list[str] | None = None, within: str = "", rules: list[str] = RULES) -> list[str]:
        """What axe says about the page, or about the one element `within`."""
        found = []
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE)
        skip = [[selector] for selector in exclude or []]
        result = self.page.evaluate(RUN, {"rules": rules, "exclude": skip, "within": within})
        for violation in result["violations"]:
            nodes = [" ".join(map(str, node["target"])) for node in violation["nodes"][:3]]
            data = [str(check.get("data"))[:160] for node in violation["nodes"][:1] for check in node["any"][:1]]
            found.append(f"axe {violation['id']} x{len(violation['nodes'])}: {nodes} {data}")
        return found

    def _widest(self) -> str:
        return str(
            self.page.evaluate(
                "() => [...document.body.querySelectorAll('*')]"
                ".filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.tbl-wrap,.board,.chips,.at-tabs,.hscroll'))"
                ".slice(0, 4).map(e => e.tagName + '.' + e.className).join(' | ')"
            )
        )

    def shot(self, name: str, *, full: bool = False) -> None:
        """A picture into var/shots, for people who look: only with ATRIUM_SHOTS=1."""
        if not os.environ.get("ATRIUM_SHOTS"):
            return
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(SHOTS / f"{name}.png"), full_page=full, caret="initial")
