"""
Catalogs and features as they show themselves in a notebook.
"""

from html.parser import HTMLParser

import numpy as np
import pytest
from helpers import frame_of, two_elements
from scipy import ndimage

from sunpy_solarunet import FeatureCatalog


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
