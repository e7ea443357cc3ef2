"""The file in a real browser, without a network."""

from shutil import which

import pytest

CHROMIUM = which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE_MS = 20_000
DRAWN = "figure.is-live .live svg.main-svg"

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def file(text, tmp_path_factory):
    found = tmp_path_factory.mktemp("report") / "report.html"
    found.write_text(text, encoding="utf-8")
    return found


@pytest.fixture
def opened(browser, file):
    """A function that opens the file in a window, and what the page said or fetched."""

    def open_page(width=1280, **context):
        page = browser.new_context(
            viewport={"width": width, "height": 900}, offline=True, **context
        ).new_page()
        said = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: said.append(request.url))
        page.goto(file.as_uri())
        return page, said

    return open_page


def test_it_draws_sorts_and_toggles_without_a_network(opened, file):
    page, said = opened()
    page.wait_for_function(
        "document.querySelectorAll('figure.is-live').length === 4", timeout=PATIENCE_MS
    )
    page.wait_for_selector("#figure-4 .live svg.main-svg", timeout=PATIENCE_MS, state="attached")
    assert page.locator(DRAWN).count() >= 4
    assert not page.locator("figure.is-live .still").first.is_visible()
    offered = page.locator(".modebar-btn").evaluate_all("all => all.map(b => b.ariaLabel)")
    assert "Zoom" in offered and not any("Share" in each for each in offered)

    latency = page.locator("th button[title=latency_s]")
    column = "table.sortable >> nth=0 >> tbody tr td:nth-child(4)"
    latency.click()
    numbers = [float(n) for n in page.locator(column).evaluate_all("e => e.map(c => c.dataset.n)")]
    assert numbers == sorted(numbers) and len(set(numbers)) > 5
    latency.press("Enter")
    numbers = [float(n) for n in page.locator(column).evaluate_all("e => e.map(c => c.dataset.n)")]
    assert numbers == sorted(numbers, reverse=True)
    assert page.locator("th[aria-sort=descending]").inner_text().strip().startswith("latency")

    axis = "document.querySelector('#figure-2 .live')._fullLayout.yaxis.type"
    toggle = page.locator("#figure-2 .tools button[data-axis=y]")
    assert (page.evaluate(axis), toggle.get_attribute("aria-pressed")) == ("log", "true")
    for kind, is_pressed in (("linear", "false"), ("log", "true")):
        toggle.click()
        page.wait_for_function(f"{axis} === '{kind}'", timeout=PATIENCE_MS)
        assert toggle.get_attribute("aria-pressed") == is_pressed

    assert said == [file.as_uri()]


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(opened, width):
    page, _ = opened(width)
    page.wait_for_selector(DRAWN, timeout=PATIENCE_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_and_on_paper_the_pictures_stand(opened):
    page, _ = opened(java_script_enabled=False)
    assert page.locator(".still").first.is_visible()
    assert page.locator(".still").first.evaluate("image => image.naturalWidth") > 100
    page, _ = opened()
    page.wait_for_selector(DRAWN, timeout=PATIENCE_MS)
    page.emulate_media(media="print")
    assert page.locator(".still").first.is_visible()
    assert not page.locator("figure.is-live .live").first.is_visible()
    assert len(page.pdf(format="A4")) > 10_000


def test_a_legend_is_worked_by_the_keyboard(opened):
    page, said = opened()
    page.wait_for_selector("#figure-2 .legend button", timeout=PATIENCE_MS)
    first = page.locator("#figure-2 .legend button").first
    place = int(first.get_attribute("data-places").split()[0])
    visible = f"document.querySelector('#figure-2 .live').data[{place}].visible"
    assert first.get_attribute("aria-pressed") == "true"
    for key, is_shown in (("Enter", False), ("Space", True)):
        first.press(key)
        page.wait_for_function(f"() => {visible} === {str(is_shown).lower()}", timeout=PATIENCE_MS)
        assert first.get_attribute("aria-pressed") == str(is_shown).lower()
    assert page.locator("#figure-2 .live g.legend").count() == 0
    assert len(said) == 1


def test_it_is_dark_where_it_is_asked_to_be_and_light_on_paper(opened):
    page, _ = opened(color_scheme="dark")
    page.wait_for_selector("#figure-4 .live svg.main-svg", timeout=PATIENCE_MS, state="attached")
    ground = "getComputedStyle(document.body).backgroundColor"
    paper = "document.querySelector('#figure-2 .live').layout.paper_bgcolor"
    assert (page.evaluate(ground), page.evaluate(paper)) == ("rgb(21, 24, 27)", "#15181B")
    hidden = page.locator("#figure-2 .legend button").first
    hidden.click()
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"() => {paper} === 'white'", timeout=PATIENCE_MS)
    place = int(hidden.get_attribute("data-places").split()[0])
    assert (
        page.evaluate(f"document.querySelector('#figure-2 .live').data[{place}].visible") is False
    )
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
