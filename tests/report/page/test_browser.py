"""The page in a real browser: what is moved by the keyboard is what the command prints."""

import threading
from shutil import which

import pytest
from werkzeug.serving import make_server

from accelsim.report.page.choices import offered
from accelsim.report.page.server import HOST, application
from accelsim.report.page.state import MachineState, State

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = which("chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
SETTLED = ".js-plotly-plot .main-svg"
WAIT_MS = 60_000

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")


@pytest.fixture(scope="module")
def address():
    start = State("attention/one_pass", (MachineState("fusemax_cloud"),))
    server = make_server(HOST, 0, application(offered(), start).server, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://{HOST}:{server.port}/"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        # One for all, so that scripts are read once.
        yield chromium.new_context(accept_downloads=True)
        chromium.close()


class Opened:
    """A page with what went wrong on it, and whom it asked."""

    def __init__(self, browser, address, query, width, height):
        self.page = browser.new_page()
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.set_default_timeout(WAIT_MS)
        self.complaints, self.hosts = [], set()
        self.page.on("console", lambda message: self._noted(message))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        self.page.goto(address + query)
        self.page.wait_for_selector(SETTLED)

    def _noted(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def figure(self, label, side="a"):
        return self.page.locator(f'[data-figure="{label} {side}"]')

    def list(self, key):
        """The list of a key of the link."""
        return f"button[id*='\"{key}\"']"

    def choose(self, of, name):
        """An entry of a list, found by typing its name."""
        self.page.locator(of).press("Enter")
        # What is chosen has the focus, or the search if nothing is.
        self.page.wait_for_function("['search', 'radio'].includes(document.activeElement.type)")
        self.page.locator("input[type=search]").focus()
        self.page.keyboard.type(name)
        self.page.wait_for_function("document.querySelectorAll('[role=option]').length === 1")
        self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Enter")

    def slider(self, key, of):
        return self.page.locator(f'input[type="range"][id*=\'"{key}"\'][id*=\'"{of}"\']')


@pytest.fixture
def opened(browser, address):
    pages = []

    def open_page(query="", width=1280, height=900):
        pages.append(Opened(browser, address, query, width, height))
        return pages[-1]

    yield open_page
    for each in pages:
        each.page.close()


def test_a_slider_moved_by_the_keyboard_shows_what_the_command_prints(opened, printed, tmp_path):
    here = opened()
    before = here.figure("latency").inner_text()
    slider = here.slider("a.clock", "fusemax_cloud")
    slider.focus()
    outline = slider.evaluate("each => getComputedStyle(each).outlineWidth")
    for _ in range(8):
        here.page.keyboard.press("ArrowRight")
    here.page.wait_for_function("window.location.search.includes('a.clock=1.88')")
    command = here.page.locator("#command-a").inner_text()
    assert command == ("accelsim evaluate attention/one_pass fusemax_cloud --set 'clock=1.88 GHz'")
    told = printed(command)
    assert here.figure("latency").inner_text() == told["latency"] != before
    for label in ("bound", "energy", "power", "area"):
        assert here.figure(label).inner_text() == told[label]
    assert outline == "3px"
    assert slider.get_attribute("aria-valuetext") == "1.88 GHz"
    assert here.page.evaluate("document.activeElement.type") == "range"
    picture = tmp_path / "page.png"
    here.page.screenshot(path=picture, full_page=True)
    assert picture.stat().st_size > 50_000
    assert here.complaints == []
    assert len(here.hosts) == 1


def test_a_link_opens_two_machines_and_says_what_it_cannot_read(opened):
    here = opened("?a=fusemax_cloud&b=h100_sxm&b.bandwidth=4.8 TB/s&a.clock=soon&c=3")
    notices = here.page.locator("#notices").inner_text()
    assert "'soon' is not a quantity in Hz" in notices
    assert "there is nothing called 'c' here" in notices
    assert here.page.locator(SETTLED).count() >= 5
    assert here.slider("b.array", "h100_sxm").count() == 1
    assert here.page.get_by_text("Array2D columns").count() == 2  # of machine a: label and text
    assert "'memories.HBM.bandwidth=4.8 TB/s'" in here.page.locator("#command-b").inner_text()
    assert here.complaints == []


def test_a_machine_is_chosen_by_the_keyboard_and_a_number_is_typed(opened):
    here = opened()
    here.choose("#b", "NVIDIA L40S")
    here.figure("latency", "b").wait_for()
    written = here.page.locator('input[type="text"][id*=\'"b.bandwidth"\']')
    written.fill("1 TB/s")
    written.press("Enter")
    here.page.wait_for_function("window.location.search.includes('b.bandwidth=1')")
    # 864 GB/s by 2^(n/8): the second position above the middle is 1.03 TB/s.
    assert here.slider("b.bandwidth", "l40s").input_value() == "34"
    assert here.complaints == []


def test_a_system_is_chosen_by_the_keyboard_and_serves_what_the_command_prints(opened, printed):
    here = opened("?context=4K&a=fusemax_cloud&b=h100_sxm")
    here.choose("#a", "two_h100_tensor")
    here.figure("throughput").wait_for()
    for name, chosen in (("#workload", "whole model, served"), ("#b", "none")):
        here.page.wait_for_function(
            "([of, text]) => document.querySelector(of).innerText.includes(text)",
            arg=[name, chosen],
        )
    before = here.figure("a million tokens").inner_text()
    slider = here.slider("a.H100.price", "two_h100_tensor")
    slider.focus()
    for _ in range(4):
        here.page.keyboard.press("ArrowLeft")
    here.page.wait_for_function("window.location.search.includes('a.H100.price=2+')")
    told = printed(here.page.locator("#command-a").inner_text())
    assert before != told["a million tokens"]
    here.page.wait_for_function(
        "text => document.querySelector('[data-figure=\"a million tokens a\"]').innerText === text",
        arg=told["a million tokens"],
    )
    for label in ("time between tokens", "bound", "throughput", "energy a token", "price"):
        assert here.figure(label).inner_text() == told[label]
    with here.page.expect_download() as download:
        here.page.get_by_text("YAML of machine").click()
    assert download.value.suggested_filename == "two_h100_tensor.yaml"
    here.choose("#workload", "one_pass_causal")
    here.figure("latency").wait_for()
    assert "fusemax_cloud" in here.page.locator("#a").inner_text()
    assert here.complaints == []


def test_tiles_follow_the_slider_by_themselves(opened):
    here = opened("?a=fusemax_cloud&tiles=4")
    told = here.page.locator("#tiles .note")
    told.wait_for()
    before = told.inner_text()
    assert before.startswith("4 of 3,072 tiles played")
    slider = here.slider("a.bandwidth", "fusemax_cloud")
    slider.focus()
    for _ in range(26):
        here.page.keyboard.press("ArrowLeft")
    here.page.wait_for_function(
        "text => document.querySelector('#tiles .note').innerText !== text", arg=before
    )
    assert "--tiles 4" in here.page.locator("#command-tiles-a").inner_text()
    assert here.page.evaluate("document.activeElement.type") == "range"
    with here.page.expect_download() as download:
        here.page.get_by_title("Download Tiles on fusemax_cloud, as simulated as SVG").click()
    assert download.value.suggested_filename == "accelsim-tiles-a.svg"
    here.choose(here.list("tiles"), "by the formula")
    here.page.wait_for_function("!document.querySelector('#tiles').children.length")
    assert "tiles=" not in here.page.evaluate("window.location.search")
    assert here.complaints == []


DRAWN = """name => JSON.stringify(
  document.querySelector(`.dash-graph[id*='"${name}"'] .js-plotly-plot`).data)"""


def test_figures_out_of_sight_follow_when_nothing_moves_or_when_they_are_scrolled_to(opened):
    query = "?a=eight_h100&b=two_h100_tensor"
    here, names = opened(query), ("roofline-a", "time-a", "parts-all", "energy-all")
    slider = here.slider("a.H100.bandwidth", "eight_h100")
    slider.evaluate("each => each.focus({ preventScroll: true })")
    here.page.evaluate("window.scrollTo(0, 0)")
    before = {name: here.page.evaluate(DRAWN, name) for name in names}
    here.page.keyboard.press("ArrowRight")
    here.page.wait_for_function("window.location.search.includes('a.H100.bandwidth=')")
    here.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    for name in names:
        here.page.wait_for_function(f"([name, before]) => ({DRAWN})(name) !== before",
                                    arg=[name, before[name]])  # fmt: skip
    moved = {name: here.page.evaluate(DRAWN, name) for name in names}
    anew = opened(here.page.evaluate("window.location.search"))
    assert {name: anew.page.evaluate(DRAWN, name) for name in names} == moved
    assert here.complaints == []


def test_figures_and_tables_are_downloaded(opened):
    here = opened()
    for title, ending in (("Energy as SVG", "svg"), ("Energy as PNG", "png")):
        with here.page.expect_download() as download:
            here.page.get_by_title(f"Download {title}").click()
        assert download.value.suggested_filename == f"accelsim-energy-all.{ending}"
    links = {
        "Table (CSV)": "accelsim.csv",
        "Commands (sh)": "accelsim.sh",
        "YAML of the workload": "one_pass.yaml",
        "YAML of machine": "fusemax_cloud.yaml",
    }
    for text, name in links.items():
        with here.page.expect_download() as download:
            here.page.get_by_text(text).click()
        assert download.value.suggested_filename == name
    assert here.complaints == []


@pytest.mark.parametrize(
    "query",
    [
        "?workload=heads/grouped&form=decode&model=qwen3_8b&a=h100_sxm&b=fusemax_cloud",
        "?workload=whole_model&model=llama3_70b&batch=32&a=eight_h100&b=lamina_2h100_4h20",
    ],
)
def test_a_phone_scrolls_down_only(opened, query):
    here = opened(query, width=390, height=844)
    assert here.page.evaluate("document.documentElement.scrollWidth") == 390
    assert here.page.locator("#headline").is_visible()
    here.page.locator("#more").click()
    here.page.locator("#details table").first.wait_for()
    assert here.page.evaluate("document.documentElement.scrollWidth") == 390
    assert here.complaints == []
