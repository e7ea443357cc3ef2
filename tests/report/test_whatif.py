"""Figures of what-ifs say the bound by colour and word, and where today is."""

import numpy as np
import pytest

from accelsim.report.whatif import draw_what_if
from accelsim.report.whatif_axes import bounds_of, caption_of, tinted
from accelsim.report.whatif_map import _middle
from accelsim.study.whatif import array_subject, what_if_of

DRAM, BUFFER = "memories.DRAM.bandwidth", "memories.GlobalBuffer.capacity"


@pytest.fixture(scope="module")
def subject():
    return array_subject("attention/one_pass", "fusemax_cloud")


def words(figure):
    every = [text.get_text() for text in figure.texts]
    return every + [text.get_text() for axes in figure.axes for text in axes.texts]


def test_one_number_has_a_strip_for_each_measure_and_bands_that_meet_at_the_crossover(subject):
    found = what_if_of(subject, [f"{DRAM}=0.05x:2x"])
    figure = draw_what_if(found)
    latency, energy = figure.axes
    assert (latency.get_ylabel(), energy.get_ylabel()) == ("latency (ms)", "energy (mJ)")
    assert energy.get_xlabel() == DRAM
    assert "100 GB/s" in [label.get_text() for label in energy.get_xticklabels()]
    told = words(figure)
    assert "54.23 GB/s" in told
    assert {"bound: compute", "bound: DRAM", "today"} <= set(told)
    bands = [patch.get_extents() for patch in latency.patches]
    (place,) = found.along[0].boundaries
    left = latency.transData.transform((place, 1))[0]
    assert bands[0].x1 == pytest.approx(bands[1].x0) == pytest.approx(left)


def test_two_numbers_are_a_map_whose_regions_have_names(subject):
    found = what_if_of(subject, [f"{BUFFER}=256KiB:64MiB:9", f"{DRAM}=0.02x:2x:9"])
    figure = draw_what_if(found)
    (axes,) = figure.axes
    assert {"compute", "DRAM"} <= {text.get_text() for text in axes.texts}
    (today,) = axes.lines
    assert today.get_xydata().tolist() == [[16 * 2**20, 400 * 2**30]]


def test_numbers_of_lines_are_whole_on_the_map_and_no_two_words_meet(subject):
    figure = draw_what_if(what_if_of(subject, [f"{DRAM}=0.1x:10x", "clock=0.5x:2x"]))
    figure.canvas.draw()
    (axes,) = figure.axes
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len([text for text in axes.texts if text.get_text().endswith("×")]) >= 5
    ground = axes.get_window_extent().expanded(1.002, 1.002)
    for number, box in enumerate(boxes):
        assert ground.contains(box.x0, box.y0) and ground.contains(box.x1, box.y1)
        assert not any(box.overlaps(other) for other in boxes[:number])


def test_a_map_has_a_scale_names_that_stay_on_it_and_no_key_without_a_mark(subject):
    # 24 MiB in 436,224 cycles at 940 MHz are 54 GB/s: 0.12 of today's 400 GiB/s.
    found = what_if_of(subject, [f"{DRAM}=0.02x:0.8x:9", f"{BUFFER}=8MiB:64MiB:9"])
    figure = draw_what_if(found)
    figure.canvas.draw()
    (axes,) = figure.axes
    low, high = axes.get_xlim()
    assert sum(low <= tick <= high for tick in axes.get_xticks()) >= 3
    names = [text for text in axes.texts if text.get_text() in ("compute", "DRAM")]
    assert names
    for text in names:
        assert text.get_window_extent().x1 <= axes.get_window_extent().x1 + 1
    assert "today" not in [text.get_text() for text in figure.texts]
    assert not axes.lines


def test_the_label_of_several_numbers_stays_on_the_sheet(subject):
    both = f"{DRAM},memories.GlobalBuffer.bandwidth"
    figure = draw_what_if(what_if_of(subject, [f"{both}=100GB/s:400GB/s:3"]))
    figure.canvas.draw()
    label = figure.axes[-1].xaxis.label
    assert label.get_text() == f"{DRAM} and 1 more"
    assert label.get_window_extent().x1 <= figure.bbox.x1


def test_the_caption_of_a_map_says_who_says_which_number(subject):
    both = what_if_of(subject, [f"{DRAM}=0.1x:10x:3", "clock=0.5x:2x:3"])
    assert f"{DRAM} today: FuseMax artifact" in caption_of(both)
    assert "clock today: Nayak et al." in caption_of(both)
    one = what_if_of(subject, ["clock=0.5x:2x:3"])
    assert "Today's value: Nayak et al." in caption_of(one)


def test_bounds_have_colours_of_their_own_and_todays_is_first(subject):
    found = what_if_of(subject, [f"{DRAM}=0.05x:2x:4"])
    colours = bounds_of(found)
    assert list(colours) == ["compute", "DRAM"]
    assert len(set(map(tinted, colours.values()))) == 2


def test_a_name_stands_in_the_middle_of_its_region_or_nowhere():
    region = np.zeros((9, 9), dtype=bool)
    region[:, :7] = True
    assert _middle(region)[0] == 4
    thin = np.zeros((9, 9), dtype=bool)
    thin[:, 0] = True
    assert _middle(thin) is None
