"""
How objects show themselves, in a line and in a notebook.
"""

from html.parser import HTMLParser
from inspect import signature

import astropy.units as u
import numpy as np
import pytest
from helpers import frame_of, two_elements
from hypothesis import given
from hypothesis import strategies as st
from planted import sequence
from scipy import ndimage

from sunpy_solarunet import FeatureCatalog, Run, Segmenter, Tracker
from sunpy_solarunet.display import html_table, settings_text
from sunpy_solarunet.tracking.rules import RULES


class Cells(HTMLParser):
    """The texts of the cells of a table, row by row; complains where tags do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.rows, self.tags = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1].append(data)


@pytest.fixture(scope="module")
def two():
    field = two_elements()
    return FeatureCatalog(frame_of(field), 4 * ndimage.label(np.abs(field) > 100)[0])


def test_a_catalog_is_a_table_of_its_features(two):
    head, first, second = Cells(two._repr_html_()).rows
    assert head[:5] == ["label", "polarity", "n_pixels", "area (Mm2)", "flux (Mx)"]
    assert first[:3] == ["4", "+1", "21"]
    assert second[:3] == ["8", "-1", "12"]
    # 0.5 by 0.4 arcsec of 737 km a pixel.
    assert first[3] == f"{21 * 0.5 * 0.4 * 0.737**2:.2f}"


def test_of_many_features_the_first_are_shown():
    labels = np.zeros((24, 40), int)
    labels[::2, ::4] = np.arange(1, 121).reshape(12, 10)
    text = FeatureCatalog(frame_of(np.ones((24, 40))), labels)._repr_html_()
    assert [row[0] for row in Cells(text).rows[1:]] == [str(label) for label in range(1, 11)]
    assert "and 110 more" in text


def test_an_empty_catalog_has_a_head_alone(two):
    assert len(Cells(two[:0]._repr_html_()).rows) == 1


def test_a_feature_is_a_table_of_its_measurements(two):
    rows = dict(Cells(two[1]._repr_html_()).rows)
    assert rows["label"] == "8"
    assert rows["n_pixels"] == "12"
    assert rows["peak_field"] == "-300 G"
    assert rows["flags"] == "none"
    assert rows["probability"] == "nan"


def test_names_of_files_are_text_and_no_tags(two):
    frame = two.map
    frame = type(frame)(frame.data, dict(frame.meta) | {"filename": "<script>alert(1)</script>&.fits"})
    text = FeatureCatalog(frame, two.labels)._repr_html_()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;.fits" in text
    assert "script" not in Cells(text).tags


def test_the_short_form_is_one_line(two):
    for each in (two, two[:0], two[0], two[1]):
        assert "\n" not in repr(each)
        assert len(repr(each)) < 120


def test_a_tracker_tells_in_a_line_what_differs_from_the_default():
    assert repr(Tracker()) == "<Tracker(): 0 frames, 0 tracks, 0 events>"
    assert repr(Tracker("paper", memory=2)).startswith("<Tracker(association='paper', memory=2): ")
    tracker = Tracker(max_speed=7000 * u.m / u.s, flux_tolerance=1 / 3)
    assert repr(tracker).startswith("<Tracker(max_speed=7 km / s, flux_tolerance=0.333333): ")


def test_what_a_rule_chooses_itself_does_not_differ():
    for rule in RULES:
        alike = Tracker(rule, memory=RULES[rule].memory, identity=RULES[rule].identity, drift=RULES[rule].drift)
        assert repr(alike) == repr(Tracker(rule))


def test_every_parameter_of_a_tracker_is_read_under_its_name():
    chosen = {
        "association": "overlap",
        "max_speed": 3 * u.km / u.s,
        "flux_tolerance": 0.25,
        "balance_tolerance": 0.75,
        "max_partners": 5,
        "max_gap": 300 * u.s,
        "memory": 3,
        "identity": "new",
        "event_rules": "swamis",
        "drift": True,
        "pixel_length": 60 * u.km,
    }
    assert list(chosen) == list(signature(Tracker).parameters)
    tracker = Tracker(**chosen)
    assert {name: getattr(tracker, name) for name in chosen} == chosen
    rows = dict(Cells(tracker._repr_html_()).rows)
    assert list(rows) == list(chosen)
    assert rows["max_gap"] == "300 s"
    assert rows["pixel_length"] == "60 km"


def test_a_tracker_tells_what_it_has_found_so_far():
    tracker = Tracker()
    catalogs = sequence([(3, 4, 4, 3, 300), (20, 40, 4, 4, -300)], [(3, 4, 4, 3, 300)], [(3, 4, 4, 3, 300)])
    for catalog in catalogs:
        tracker.update(catalog)
        told = f"{len(tracker.frames)} frames, {len(tracker.tracks)} tracks, {len(tracker.events)} events"
        assert repr(tracker) == f"<Tracker(): {told}>"
        assert told in tracker._repr_html_()
    assert repr(tracker) == "<Tracker(): 3 frames, 2 tracks, 1 events>"


def test_all_tables_of_a_tracker_are_those_that_it_gives_one_by_one():
    tracker = Tracker()
    for catalog in sequence([(3, 4, 4, 3, 300), (20, 40, 4, 4, -300)], [(3, 4, 4, 3, 300)]):
        tracker.update(catalog)
    tables = tracker.tables()
    assert list(tables) == ["events", "members", "features", "tracks", "frames"]
    for name, table in tables.items():
        assert table.meta == getattr(tracker, name).meta
        assert table.pformat(-1, -1) == getattr(tracker, name).pformat(-1, -1)
    assert len(tables["events"]) == 1


def test_a_run_shows_its_state_its_times_and_its_parameters(tmp_path):
    folder = tmp_path / "<b>run</b>&"
    run = Run(folder)
    assert "not begun" in run._repr_html_()
    frames = [one.map for one in sequence([(3, 4, 4, 3, 300)], [(3, 5, 4, 3, 300)])]
    run.track(frames, Segmenter("threshold", threshold=150 * u.G), Tracker("overlap"))
    text = run._repr_html_()
    rows = dict(Cells(text).rows)
    assert rows["folder"] == str(folder)
    assert rows["times"] == "2017-07-13 20:17:41 to 2017-07-13 20:18:41"
    assert "method='threshold'" in rows["segmenter"]
    assert "association='overlap'" in rows["tracker"]
    assert "Run: whole, 2 frames, 1 tracks, 0 events" in text


def test_settings_tell_none_only_where_it_is_no_default():
    assert settings_text({"low": None, "high": None, "flips": 1}, {"high": 3, "flips": 1}) == "high=None"


@given(st.lists(st.text(), min_size=1), st.text())
def test_no_text_becomes_a_tag(texts, caption):
    tags = set(Cells(html_table([texts], caption=caption, head=texts)).tags)
    assert tags <= {"table", "caption", "thead", "tbody", "tr", "th", "td"}
