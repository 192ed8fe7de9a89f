"""The HTML report in a real browser: filters, keyboard, details, widths, print, and texts that try to be markup."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlaudit.model.report import Report
from mlaudit.reporters._registry import Style, render
from tests.reports import fleet, made_of, of_texts
from tests.test_cases import report_of
from tests.test_reporters import HOSTILE, Page

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium, of the dev extra, is not installed")

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

    def rows(self) -> list[str]:
        """The packages that are shown."""
        found: list[str] = self.run(
            "[...document.querySelectorAll('#grid tbody tr')].filter(row => row.offsetParent !== null)"
            ".map(row => row.cells[0].firstChild.textContent)"
        )
        return found

    def columns(self) -> list[str]:
        found: list[str] = self.run(
            "[...document.querySelectorAll('#grid thead th')].filter(cell => cell.offsetParent !== null)"
            ".map(cell => cell.firstChild.textContent)"
        )
        return found

    def findings(self) -> list[str]:
        found: list[str] = self.run(
            "[...document.querySelectorAll('details.finding')].filter(one => !one.hidden && one.offsetParent !== null)"
            ".map(one => one.querySelector('strong').textContent)"
        )
        return found

    def write(self, field: str, text: str) -> None:
        self.browser.execute_script(
            "const field = document.getElementById(arguments[0]); field.value = arguments[1];"
            "field.dispatchEvent(new Event('input', {bubbles: true}));",
            field,
            text,
        )

    def tick(self, name: str, value: str) -> None:
        self.run(f"document.querySelector(\"input[name='{name}'][value='{value}']\").click()")

    def press(self, *keys: str) -> None:
        webdriver.ActionChains(self.browser).send_keys(*keys).perform()

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.browser.get_log("browser")]


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Opened:
    return Opened(browser, tmp_path / "report.html", made_of(TEXTS))


@pytest.mark.slow
def test_the_page_opens_without_a_complaint_and_hides_what_is_aligned(opened: Opened) -> None:
    assert opened.complaints() == []
    assert opened.columns() == ["package", "training", "serving", "batch"]
    assert opened.rows()[0] == "numpy"
    assert "python" not in opened.rows()
    assert opened.run("document.getElementById('count').textContent") == f"{len(opened.rows())} of 8 packages"


@pytest.mark.slow
def test_the_severity_filter(opened: Opened) -> None:
    every = opened.rows()
    opened.tick("severity", "none")
    with_findings = opened.rows()
    assert "requests" not in with_findings
    assert set(with_findings) < set(every)
    for severity in ("warning", "info"):
        opened.tick("severity", severity)
    assert "numpy" in opened.rows()
    assert all(text.split()[0] in opened.rows() for text in opened.findings())
    opened.tick("severity", "error")
    assert opened.rows() == []
    assert opened.run("document.getElementById('nothing').offsetParent !== null")


@pytest.mark.slow
def test_the_verdict_filter(opened: Opened) -> None:
    opened.tick("verdict", "aligned")
    assert "python" in opened.rows()
    opened.tick("verdict", "differs")
    assert "numpy" not in opened.rows()


@pytest.mark.slow
def test_the_package_filter_takes_globs(opened: Opened) -> None:
    opened.write("package", "num*, TORCH")
    assert opened.rows() == ["numpy", "torch"]
    assert {text.split()[0] for text in opened.findings()} <= {"numpy", "torch"}
    opened.write("package", "(")
    assert opened.rows() == []


@pytest.mark.slow
def test_the_environment_filter_hides_columns_and_judges_what_is_left(opened: Opened) -> None:
    opened.tick("environment", "1")
    assert opened.columns() == ["package", "training", "batch"]
    assert "numpy" not in opened.rows()
    assert "pandas" in opened.rows()
    opened.run("document.getElementById('no-one').click()")
    assert opened.columns() == ["package"]
    opened.run("document.getElementById('every').click()")
    assert opened.columns() == ["package", "training", "serving", "batch"]


@pytest.mark.slow
def test_the_search_finds_versions_and_messages(opened: Opened) -> None:
    opened.write("search", "1.26.0")
    assert opened.rows() == ["numpy"]
    opened.write("search", "batch SCIPY")
    assert opened.rows() == ["scipy"]
    opened.write("search", "no such thing")
    assert opened.rows() == []
    assert opened.findings() == []


@pytest.mark.slow
def test_reset_shows_what_was_shown_first(opened: Opened, browser: Any) -> None:
    before = opened.rows()
    opened.write("search", "numpy")
    opened.tick("environment", "1")
    opened.run("document.querySelector('button[type=reset]').click()")
    browser.execute_async_script("setTimeout(arguments[0], 50)")
    assert opened.rows() == before


@pytest.mark.slow
def test_a_cell_opens_to_places_evidence_and_fix(opened: Opened) -> None:
    opened.run("document.querySelector('#grid tbody tr td:nth-child(3)').click()")
    text = opened.run("document.getElementById('panel').innerText")
    assert opened.run("document.getElementById('panel').open")
    assert "numpy in serving" in text
    assert "serving/requirements.txt:1:1" in text
    assert "training/requirements.txt:1:1" in text
    assert "Source:" in text
    assert "Fix" in text
    assert "training 2.1.3 → serving 1.26.0: differs (major)" in text
    assert opened.complaints() == []


@pytest.mark.slow
def test_the_keyboard_reaches_everything(opened: Opened) -> None:
    keys = webdriver.Keys
    opened.press("/")
    assert opened.run("document.activeElement.id") == "search"
    opened.run("document.querySelector('#grid tbody th').focus()")
    opened.press(keys.ARROW_RIGHT, keys.ARROW_RIGHT, keys.ARROW_DOWN, keys.ARROW_UP, keys.ENTER)
    assert opened.run("document.querySelector('#panel h2').textContent") == "numpy in serving"
    opened.press(keys.ESCAPE)
    assert not opened.run("document.getElementById('panel').open")
    assert opened.run("document.activeElement.firstChild.textContent") == "1.26.0"
    opened.press(keys.HOME, keys.ENTER)
    assert opened.run("document.querySelector('#panel h2').textContent") == "numpy"
    opened.press(keys.ESCAPE)
    opened.press(keys.END)
    assert opened.run("document.activeElement.cellIndex") == 3
    assert opened.run("document.querySelectorAll('#grid [tabindex]').length") == 1


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_markup(browser: Any, tmp_path: Path, text: str) -> None:
    report = of_texts(package=text, version=text, message=text, path=text, environment=text)
    page = Opened(browser, tmp_path / "report.html", report)
    page.run("document.querySelector('#grid tbody td:nth-child(3)').click()")
    assert page.complaints() == []
    assert page.run("document.querySelectorAll('img, svg, iframe, object').length") == 0
    assert page.run("document.scripts.length") == 2
    assert page.run("document.getElementById('panel').open")


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 768, 1400])
@pytest.mark.parametrize("environments", [3, 12])
def test_no_width_needs_sideways_scrolling(browser: Any, tmp_path: Path, width: int, environments: int) -> None:
    measures = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", measures)
    try:
        page = Opened(browser, tmp_path / "report.html", fleet(environments, 30))
        assert page.run("document.documentElement.scrollWidth") <= width
        as_cards = page.run("getComputedStyle(document.querySelector('#grid tbody tr')).display === 'block'")
        assert as_cards == (width < 640)
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.slow
def test_long_texts_wrap_on_a_phone(browser: Any, tmp_path: Path) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    )
    try:
        long = "https://example.com/" + "x" * 300
        report = of_texts(package=long, version=long, message=long, path=long, environment=long)
        assert Opened(browser, tmp_path / "report.html", report).run("document.documentElement.scrollWidth") <= 390
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def _luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_cell_can_be_read(browser: Any, opened: Opened, scheme: str) -> None:
    """Contrast of at least 4.5 (WCAG 2.2, 1.4.3)."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    pairs = opened.run(
        "[...document.querySelectorAll('#grid tbody td, .tag, .quiet, p, summary')].filter(one => one.offsetParent)"
        ".map(one => { let back = one; while (back && getComputedStyle(back).backgroundColor === 'rgba(0, 0, 0, 0)')"
        " back = back.parentElement; return [getComputedStyle(one).color, getComputedStyle(back).backgroundColor]; })"
    )
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert len(pairs) > 20
    for colours in pairs:
        darker, lighter = sorted(map(_luminance, colours))
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, colours


@pytest.mark.slow
def test_it_prints_with_every_finding_open(opened: Opened, browser: Any) -> None:
    document = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert base64.b64decode(document["data"]).startswith(b"%PDF")
    assert opened.run("[...document.querySelectorAll(\"details.finding[id^='f']\")].every(one => one.open)")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert opened.run("document.getElementById('filters').offsetParent === null")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.slow
def test_a_fleet_opens_and_filters(browser: Any, tmp_path: Path) -> None:
    page = Opened(browser, tmp_path / "report.html", fleet(20, 100))
    assert page.complaints() == []
    page.write("package", "numpy")
    assert page.rows() == ["numpy"]
    page.tick("environment", "3")
    assert "serving-3" not in page.columns()
