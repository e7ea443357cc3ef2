"""The file, as an HTML parser sees it."""

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pandas as pd
import pytest

from accelsim.report.html.write import report_html

LARGEST_BYTES = 5_000_000
VOID = {"meta", "link", "img", "br"}


@dataclass
class Page(HTMLParser):
    """Elements and texts of a page; every element that is opened is closed."""

    text: str
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()
        self.feed(self.text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.said.append((self.open[-1], data))

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def texts(self, tag):
        return [data.strip() for name, data in self.said if name == tag]


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_it_has_the_question_figures_tables_inputs_and_sources(page):
    assert page.texts("h1") == ["How large? <script>alert('x')</script>"]
    heads = [text for text in page.texts("h2") if text]
    assert heads[0].startswith("How far the models")
    assert heads[1:] == ["designs", "Inputs", "Constants and their sources"]
    assert len(page.of("figure")) == 4
    assert len(page.of("table")) == 2
    assert "clock: 1 GHz" in page.texts("pre")
    assert "datasheet, p. 3" in page.texts("td")
    assert page.texts("dd") == ["0.1.0", "77"]


def test_every_figure_is_there_as_data_and_as_a_picture(page):
    assert all(each["src"].startswith("data:image/svg+xml;base64,") for each in page.of("img"))
    data = [text for (tag, text) in page.said if tag == "script" and text.startswith("{")]
    assert len(data) == len(page.of("img")) == 4
    assert all({"data", "layout"} <= set(json.loads(text)) for text in data)


def test_what_looks_like_html_is_text(page):
    """The question, and a value of a column that is a name in figures and tables."""
    scripts = [text for tag, text in page.said if tag == "script"]
    assert len(page.of("script")) == len(scripts) == 4 + 2
    assert not any("<script" in text for text in scripts)
    assert "<script>alert('x')</script>" in page.texts("td")


def test_nothing_is_fetched(page):
    for tag, attributes in page.elements:
        for name in ("src", "href", "action", "data"):
            assert attributes.get(name, "data:").startswith("data:"), (tag, attributes)
    policy = next(each for each in page.of("meta") if "http-equiv" in each)["content"]
    assert policy.startswith("default-src 'none';")
    assert "@import" not in page.text and not re.search(r"url\(\s*['\"]?http", page.text)


def test_columns_sort_by_buttons(page):
    buttons = [each for each in page.of("button") if "title" in each]
    assert [each["title"] for each in buttons][:3] == ["config", "pes", "capacity"]
    assert {each["aria-sort"] for each in page.of("th")} == {"none"}


def test_it_is_small_however_much_there_is(results):
    names = {f"c{n}": ["some text"] * 400 for n in range(50)}
    frame = pd.DataFrame(names | {"latency_s": [1 / (n + 1) for n in range(400)]})
    folder = results({f"t{n}": frame for n in range(20)})
    (folder / "large.svg").write_bytes(b"<svg/>" + b" " * 4_000_000)
    (folder / "small.svg").write_bytes(b"<svg/>")
    text = report_html(folder)
    assert len(text.encode()) < LARGEST_BYTES
    assert "in the results&#39; folder: large.svg." in text
    assert "small" in Page(text).texts("figcaption")


def test_without_provenance_it_says_what_it_does_not_know(results):
    frame = pd.DataFrame({"name": ["a"], "said": ["b"]})
    page = Page(report_html(results({"t": frame}), question="Why?"))
    assert page.texts("h1") == ["Why?"]
    said = " ".join(page.texts("p"))
    assert "The results do not say on which machines they rest" in said
    assert "their inputs are not known" in said


def test_the_same_results_give_the_same_file(made, text):
    assert report_html(made) == text


def test_figures_that_a_study_declares_are_drawn_and_its_pictures_are_not_shown_twice(
    results, designs, told
):
    declares = (
        "figures:\n- {name: own, kind: lines, table: designs, where: {config: flat}, x: pes,"
        " series: capacity, value: latency_s, axis: PEs, title: Time, source: Ours.}\n"
        "- {name: none, kind: lines, table: other, x: a, series: b, value: c, axis: d, title: e}\n"
    )
    study = {"kind": "Study", "sha256": "1", "quantities": {}, "yaml": declares}
    folder = results({"designs": designs}, told | {"inputs": told["inputs"] | {"study": study}})
    for name in ("own", "other"):
        (folder / f"{name}.svg").write_bytes(b"<svg/>")
    page = Page(report_html(folder))
    captions = page.texts("figcaption")
    assert captions[0] == "Figure 1. Time. Ours."
    assert "other" in captions and "own" not in captions
    assert "The study's figures" in page.texts("h2")


def test_a_long_table_says_how_many_rows_are_not_printed(results):
    rows = pd.DataFrame({"n": range(200), "said": ["x"] * 200})
    said = " ".join(Page(report_html(results({"t": rows}))).texts("p"))
    assert "Printed are the first 120 of these 200 rows; 80 are left out" in said
