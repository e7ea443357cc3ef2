from html.parser import HTMLParser

import numpy as np

from accelsim.base.notebook import heading, shown, table, text_block


class Tags(HTMLParser):
    """The tags and the text of a page, as a browser takes them."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


BAD = '<script>alert("x")</script> & <b>'


def test_no_text_is_taken_as_html():
    page = Tags(heading(BAD, BAD) + table((BAD,), [(BAD,)], BAD) + text_block(BAD))
    assert "script" not in page.tags
    assert page.texts == [BAD] * 6


def test_quantities_have_units_and_those_of_a_sweep_two_ends():
    assert shown(2048, "B") == "2 KiB"
    assert shown(np.array([1e6, 5e6, 3e6]), "Hz") == "1 MHz to 5 MHz"
    assert shown(np.array([2.0, 2.0]), "s") == "2 s"
    assert shown(None, "s") == ""
