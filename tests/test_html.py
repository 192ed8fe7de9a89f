"""The HTML report in a real browser: filters, keyboard, details, widths, print, and texts that try to be markup."""

from __future__ import annotations

import base64
import contextlib
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mlaudit.model.report import Report
from mlaudit.reporters._registry import Style, render
from tests.reports import fleet, made_of, of_texts
from tests.test_cases import report_of
from tests.test_reporters import HOSTILE, Page

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium, of the dev extra, is not installed")
webdriver_errors = pytest.importorskip("selenium.common.exceptions")

# Selenium leaves sockets of its own to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

TEXTS = {
    "training": "numpy==2.1.3\npandas==2.2.3\nscikit-learn==1.5.2\ntorch==2.5.1+cu124\nrequests==2.32.0\njoblib==1.4.2",
    "serving": "numpy==1.26.0\npandas==2.2.3\nscikit-learn==1.5.1\ntorch==2.5.1+cpu\nrequests==2.31.0\njoblib==1.4.2",
    "batch": "numpy==2.1.3\npandas==1.5.3\nscikit-learn==1.5.2\ntorch==2.5.1+cu124\nrequests==2.32.0\nscipy==${SCIPY}",
}


def page_of(report: Report) -> str:
    return render("html")(report, Style())


# Without a browser


def test_nothing_is_fetched() -> None:
    text = page_of(made_of(TEXTS))
    page = Page(text)
    assert not re.search(r"url\(|@import|<link|<iframe|<img|fetch\(|XMLHttpRequest|import\(", text)
    assert not any("src" in attributes for _, attributes, _ in page.elements)
    (policy,) = [attributes["content"] for tag, attributes, _ in page.elements if "http-equiv" in attributes]
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_everything_is_told_without_a_script(monkeypatch: pytest.MonkeyPatch) -> None:
    report = report_of("drift", monkeypatch)
    text = re.sub(r"(?s)<script.*?</script>", "", page_of(report))
    shown = " ".join("".join(Page(text).texts("body")).split())
    for finding in report.findings:
        assert " ".join(finding.message.replace("`", "").split()) in shown
        assert all(str(one.place) in shown for one in finding.locations)
    assert all(entry.why in shown for one in report.environments for entry in one.unread)


# In Chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("google-chrome")
    if driver is None or chromium is None:
        pytest.skip("chromium and chromedriver are not installed (Debian: chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1400,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    yield running
    running.quit()


class Opened:
    """A report in the browser."""

    def __init__(self, browser: Any, file: Path, report: Report) -> None:
        self.browser = browser
        file.write_text(page_of(report), encoding="utf-8")
        browser.get_log("browser")
        browser.get(file.as_uri())

    def run(self, script: str, *arguments: object) -> Any:
        return self.browser.execute_script(f"return {script}", *arguments)

    def shown(self, selector: str, text: str) -> list[str]:
        """Texts of the elements that are shown; `text` is a JavaScript expression of `one`."""
        found: list[str] = self.run(
            f"[...document.querySelectorAll({selector!r})].filter(one => one.checkVisibility()).map(one => {text})"
        )
        return found

    def pairs(self) -> list[str]:
        """The pairs that are shown, as `writer → reader`."""
        return self.shown("details.pair", "one.querySelector('.names').textContent")

    def rows(self) -> list[str]:
        """The packages of the rows that are shown in open pairs."""
        return self.shown(".matrix tbody tr", "one.dataset.p")

    def findings(self) -> list[str]:
        return self.shown("details.finding", "one.querySelector('strong').textContent")

    def write(self, field: str, text: str) -> None:
        self.browser.execute_script(
            "const field = document.getElementById(arguments[0]); field.value = arguments[1];"
            "field.dispatchEvent(new Event('input', {bubbles: true}));",
            field,
            text,
        )

    def tick(self, name: str, value: str) -> None:
        self.run(f"document.querySelector(\"input[name='{name}'][value='{value}']\").click()")

    def click(self, selector: str) -> None:
        self.run(f"document.querySelector({selector!r}).click()")

    def press(self, *keys: str) -> None:
        webdriver.ActionChains(self.browser).send_keys(*keys).perform()

    def wait_for(self, script: str, expected: object) -> None:
        """Wait until a script answers as expected: a key's effect on the focus comes after the key."""
        deadline = time.monotonic() + 10
        while (answer := self.run(script)) != expected and time.monotonic() < deadline:
            time.sleep(0.05)
        assert answer == expected, script

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.browser.get_log("browser")]


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Opened:
    return Opened(browser, tmp_path / "report.html", made_of(TEXTS))


@pytest.mark.slow
def test_the_worst_pair_comes_first_and_opens_to_its_matrix(opened: Opened) -> None:
    assert opened.complaints() == []
    assert opened.pairs() == ["training → serving", "training → batch"]
    assert opened.shown("details.pair", "one.querySelector('.tag').textContent") == ["error", "warning"]
    assert opened.run("document.querySelectorAll('details.pair[open]').length") == 2
    assert opened.shown("#p0 thead th", "one.firstChild.textContent") == [
        *("package", "training", "serving", "difference", "findings")
    ]
    assert opened.shown("#p0 tbody tr", "one.dataset.p")[0] == "numpy"
    row = opened.run("document.querySelector('#p0 tbody tr').innerText")
    for text in ("2.1.3", "1.26.0", "training/requirements.txt:1:1", "serving/requirements.txt:1:1", "major", "MLA101"):
        assert text in row
    assert "pandas 2.2.3" in opened.run("document.querySelector('#p0 .agree p').textContent")
    assert "requests 2.32.0 → 2.31.0" in opened.run("document.querySelector('#p0 .rest p').textContent")


@pytest.mark.slow
def test_a_row_leads_to_its_finding(opened: Opened) -> None:
    opened.run("document.querySelectorAll('details.finding').forEach(one => { one.open = false; })")
    opened.click("#p0 tbody tr .codes a")
    opened.browser.execute_async_script("setTimeout(arguments[0], 100)")
    assert opened.run("document.activeElement.parentElement.id") == "f0"
    assert opened.run("document.getElementById('f0').open")
    assert "Source:" in opened.run("document.getElementById('f0').innerText")


@pytest.mark.slow
def test_filters_narrow_pairs_rows_and_findings(opened: Opened) -> None:
    """Each filter by itself, then reset; what is shown first is shown again."""
    before = (opened.pairs(), opened.rows(), opened.findings())
    count = "document.getElementById('count').textContent"

    def reset() -> None:
        opened.click("button[type=reset]")
        opened.browser.execute_async_script("setTimeout(arguments[0], 50)")

    opened.write("search", "1.26.0")
    assert (opened.pairs(), opened.rows(), opened.run(count)) == (["training → serving"], ["numpy"], "1 of 2 pairs")
    assert [text.split()[0] for text in opened.findings()] == ["numpy"]
    opened.write("search", "batch SCIPY")
    assert (opened.pairs(), set(opened.rows())) == (["training → batch"], {"scipy"})
    opened.write("search", "no such thing")
    assert (opened.pairs(), opened.findings()) == ([], [])
    assert opened.shown("#nothing", "one.id") == ["nothing"]
    reset()
    opened.write("package", "num*, TORCH")
    assert opened.rows() == ["numpy", "torch"]
    opened.write("package", "(")
    assert opened.pairs() == []
    reset()
    opened.write("environment", "bat*")
    assert opened.pairs() == ["training → batch"]
    reset()
    for severity in ("warning", "info", "none"):
        opened.tick("severity", severity)
    assert opened.pairs() == ["training → serving"]
    assert "numpy" in opened.rows()
    assert "pandas" not in opened.rows()
    reset()
    opened.write("package", "python")
    assert opened.pairs() == []
    opened.tick("agree", "agree")
    assert len(opened.pairs()) == 2
    reset()
    assert (opened.pairs(), opened.rows(), opened.findings()) == before


@pytest.mark.slow
def test_columns_can_be_hidden(opened: Opened) -> None:
    for column in ("at", "apart", "codes"):
        assert opened.shown(f".matrix .{column}", "one.className")
        opened.tick("column", column)
        assert not opened.shown(f".matrix .{column}", "one.className")


@pytest.mark.slow
def test_the_keyboard_reaches_everything(opened: Opened) -> None:
    keys = webdriver.Keys
    focused = "document.activeElement.parentElement?.id"
    opened.press("/")
    opened.wait_for("document.activeElement.id", "search")
    opened.run("document.querySelector('#p0 summary').focus()")
    opened.press(keys.ENTER)
    opened.wait_for("document.getElementById('p0').open", False)
    opened.press(keys.ARROW_DOWN)
    opened.wait_for(focused, "p1")
    opened.press(keys.HOME, keys.ENTER)
    opened.wait_for("document.getElementById('p0').open", True)
    opened.press(keys.TAB)
    opened.wait_for("document.activeElement.getAttribute('href')", "#f0")
    opened.press(keys.ENTER)
    opened.wait_for(focused, "f0")


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_markup(browser: Any, tmp_path: Path, text: str) -> None:
    report = of_texts(package=text, version=text, message=text, path=text, environment=text)
    page = Opened(browser, tmp_path / "report.html", report)
    page.write("search", "x")
    page.click("#p0 summary")
    assert page.complaints() == []
    assert page.run("document.querySelectorAll('img, svg, iframe, object').length") == 0
    assert page.run("document.scripts.length") == 1


@contextmanager
def emulated(browser: Any, *, width: int = 1280, scheme: str = "light", media: str = "") -> Iterator[None]:
    """A device of some width and colours; `print` shows the page as printed."""
    measures = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", measures)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


@pytest.mark.slow
@pytest.mark.parametrize("width", [400, 768, 1280])
@pytest.mark.parametrize("environments", [3, 12])
def test_no_width_needs_sideways_scrolling(browser: Any, tmp_path: Path, width: int, environments: int) -> None:
    with emulated(browser, width=width):
        page = Opened(browser, tmp_path / "report.html", fleet(environments, 30))
        page.run("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert page.run("document.documentElement.scrollWidth") <= width


_BROKEN = """(() => {
  const range = document.createRange();
  const broken = [];
  for (const cell of document.querySelectorAll('.matrix th, .matrix td, .facts th, .facts td, summary')) {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      for (const word of walker.currentNode.data.matchAll(/[A-Za-z0-9]+/g)) {
        range.setStart(walker.currentNode, word.index);
        range.setEnd(walker.currentNode, word.index + word[0].length);
        if (range.getClientRects().length > 1) broken.push(word[0]);
      }
    }
  }
  return broken;
})()"""


@pytest.mark.slow
@pytest.mark.parametrize("width", [400, 1280])
def test_words_stay_whole(browser: Any, tmp_path: Path, width: int) -> None:
    folder = "services/recommendation_engine/environments/"
    with emulated(browser, width=width):
        page = Opened(browser, tmp_path / "report.html", made_of(TEXTS, folder=folder))
        assert folder in page.run("document.querySelector('.at').textContent")
        assert page.run(_BROKEN) == []


@pytest.mark.slow
def test_long_texts_wrap_on_a_phone(browser: Any, tmp_path: Path) -> None:
    long = "https://example.com/" + "x" * 300
    report = of_texts(package=long, version=long, message=long, path=long, environment=long)
    with emulated(browser, width=400):
        assert Opened(browser, tmp_path / "report.html", report).run("document.documentElement.scrollWidth") <= 400


@pytest.mark.slow
@pytest.mark.parametrize("media", ["", "print"])
@pytest.mark.parametrize(("width", "scheme"), [(400, "light"), (400, "dark"), (1280, "light"), (1280, "dark")])
def test_axe_finds_no_violation(browser: Any, tmp_path: Path, width: int, scheme: str, media: str) -> None:
    axe = pytest.importorskip("axe_core_python", reason="axe-core-python, of the dev extra, is not installed")
    script = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    with emulated(browser, width=width, scheme=scheme, media=media):
        page = Opened(browser, tmp_path / "report.html", made_of(TEXTS))
        page.run("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        # Through the debugger, since the page allows no script but its own.
        browser.execute_cdp_cmd("Runtime.evaluate", {"expression": f"{script};null"})
        violations = browser.execute_async_script(
            "axe.run().then(found => arguments[0](found.violations.map(one => "
            "[one.id, one.nodes.map(node => node.html)])))"
        )
        assert violations == []


def printed(browser: Any) -> Any:
    """The page as PDF. Chromium's printing process may fail to answer on a busy machine: not the page's fault."""
    for _ in range(4):
        with contextlib.suppress(webdriver_errors.WebDriverException):
            return browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
        time.sleep(2)
    return browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})


@pytest.mark.slow
def test_it_prints_from_the_first_page_on(opened: Opened, browser: Any) -> None:
    document = printed(browser)
    assert base64.b64decode(document["data"]).startswith(b"%PDF")
    assert opened.run("[...document.querySelectorAll(\"details.finding[id^='f']\")].every(one => one.open)")
    with emulated(browser, width=794, media="print"):
        assert not opened.run("document.getElementById('filters').checkVisibility()")
        # A page of A4 at 96 dots an inch is 1,123 high.
        assert opened.run("document.querySelector('#p0 tbody tr').getBoundingClientRect().bottom") < 1000


@pytest.mark.slow
def test_everything_is_reached_without_scripts(browser: Any, tmp_path: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page = Opened(browser, tmp_path / "report.html", made_of(TEXTS))
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert not page.run("document.getElementById('filters').checkVisibility()")
    assert page.pairs() == ["training → serving", "training → batch"]
    assert "numpy" in page.rows()


@pytest.mark.slow
def test_a_thousand_environments_load_in_a_second(browser: Any, tmp_path: Path) -> None:
    """In processor time of the page, which other processes on the machine do not lengthen."""
    browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    busy = []
    page = None
    for _ in range(2):
        browser.get("about:blank")
        before = _busy(browser)
        page = page or Opened(browser, tmp_path / "report.html", fleet(1001, 60))
        browser.get((tmp_path / "report.html").as_uri())
        busy.append(_busy(browser) - before)
    assert page is not None
    assert min(busy) < 1
    assert page.complaints() == []
    page.write("environment", "serving-77")
    assert page.pairs() == ["training → serving-77"]
    page.write("environment", "")
    assert len(page.pairs()) == 1000
    page.run("document.querySelector('#p0 summary').focus()")
    page.press(webdriver.Keys.END)
    page.wait_for("document.activeElement.parentElement?.id", "p999")


def _busy(browser: Any) -> float:
    metrics = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    seconds: float = next(one["value"] for one in metrics if one["name"] == "TaskDuration")
    return seconds
