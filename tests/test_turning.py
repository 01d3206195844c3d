"""Which way a frame is turned, or whether it is seen in a mirror, says nothing about what happens in it."""

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time, TimeDelta
from planted import catalog
from scipy import ndimage

from sunpy_solarunet import Segmenter, Tracker, magnetogram
from sunpy_solarunet.synthetic import simulate
from sunpy_solarunet.tracking.association import ASSOCIATIONS, features_in_reach
from sunpy_solarunet.tracking.events import compare_frames
from sunpy_solarunet.tracking.rules import RULES

pytestmark = pytest.mark.filterwarnings("ignore:.*neighbors that could share")

#: Quarter turns, without and with a mirror before them.
TURNS = [(quarters, mirrored) for mirrored in (False, True) for quarters in range(4)]
#: All but the released code's, which takes the first label.
BLIND = [rule for rule in RULES if rule != "overlap"]


def turned(image, quarters, mirrored):
    return np.ascontiguousarray(np.rot90(image.T if mirrored else image, quarters))


def happenings(fields, turn, segmenter, tracker):
    """Events with their features, each named by the smallest number of its pixels before the turn."""
    names, catalogs = [], []
    for number, field in enumerate(fields):
        time = Time("2017-07-13T20:17:41") + TimeDelta(57 * number, format="sec")
        rows, columns = turned(field, *turn).shape
        extent = np.array([-columns, columns, -rows, rows]) * 0.0416 * u.arcsec
        catalogs.append(segmenter(magnetogram(turned(field, *turn) * u.G, time=time, extent=extent)))
        pixels = turned(np.arange(field.size).reshape(field.shape), *turn)
        names.append(ndimage.minimum(pixels, catalogs[-1].labels, catalogs[-1].label))
    result = set()
    for event in tracker.track(catalogs):
        first = event["frame"] - (event["category"] == "birth")
        sides = [
            frozenset(names[first + later][int(label) - 1] for label in event[side].split())
            for later, side in enumerate(("parents", "children"))
        ]
        result.add((event["kind"], int(first), *sides))
    return result


@pytest.mark.parametrize("rule", BLIND)
@pytest.mark.parametrize("turn", [(1, False), (2, False), (1, True)])
def test_real_frames_that_are_turned_have_the_same_events(gst_frames, rule, turn):
    fields = [frame.data for frame in gst_frames[:2]]
    segmenter = Segmenter(method="threshold", threshold=90 * u.G, min_pixels=4)
    found = [happenings(fields, each, segmenter, Tracker(rule, max_partners=4)) for each in (TURNS[0], turn)]
    assert len(found[0]) > 300
    assert found[0] == found[1]


@pytest.mark.parametrize("rule", BLIND)
def test_simulated_frames_that_are_turned_have_the_same_events(rule):
    fields = [frame.data for frame in simulate("crowded_plage", seed=5, shape=(144, 192)).maps[:3]]
    segmenter = Segmenter(method="threshold", threshold=120 * u.G, min_pixels=2)
    tracker = Tracker(rule, max_partners=3)
    found = [happenings(fields, turn, segmenter, tracker) for turn in TURNS]
    assert len(found[0]) > 20
    assert all(each == found[0] for each in found[1:])


@pytest.mark.parametrize("turn", TURNS)
def test_of_equal_overlaps_the_stronger_feature_counts(turn):
    # Two pixels in common with either: the western one has more flux.
    before, after = np.zeros((9, 14), int), np.zeros((9, 14), int)
    before[3:5, 4:9] = 1
    after[3:5, 3:5] = 1
    after[3:5, 8:12] = 2
    catalogs = []
    for labels in (before, after):
        labels = turned(labels, *turn)
        frame = magnetogram((labels > 0) * 100.0 * u.G, time="2017-07-13", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
        catalogs.append(Segmenter(method="threshold", threshold=50 * u.G, min_pixels=1)(frame))
    chosen = ASSOCIATIONS["dual_overlap"](*catalogs, 6.0, 0.33).successor
    assert catalogs[1].n_pixels[chosen].tolist() == [8]


def test_a_region_with_its_center_between_pixels_lies_in_the_feature_on_either_side():
    small = catalog([(20, 30, 2, 2, 200)])
    for rectangle in ((5, 5, 16, 50, 200), (21, 5, 16, 50, 200), (5, 5, 30, 26, 200), (5, 31, 30, 26, 200)):
        assert [list(side) for side in features_in_reach(small, catalog([rectangle]), 0.0)] == [[0], [0]]


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1)])
def test_of_equally_near_partners_the_stronger_one_is_combined(order):
    # Both lie one pixel beside the first; with the stronger alone, its flux is that of what follows.
    features = [(10, 20, 4, 4, 100), (10, 15, 4, 4, 200), (10, 25, 4, 4, 90)]
    before, after = [features[number] for number in order], [(9, 16, 5, 8, 120)]
    options = {"association": "paper", "flux_tolerance": 0.33, "balance_tolerance": 0.2, "max_partners": 1}
    found = compare_frames(catalog(before), catalog(after), 9.0, **options)
    members = {order[member] for death in found.deaths if death.kind == "merging" for member in death.members}
    assert members == {0, 1}
