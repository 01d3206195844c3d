"""
Cancellation, emergence and merging beside a giant: what is exchanged, where, and what is drawn.
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
from planted import SCALE, catalog, sequence

from sunpy_solarunet import Tracker
from sunpy_solarunet.plotting import draw_events
from sunpy_solarunet.synthetic import simulate
from sunpy_solarunet.tracking.association import ASSOCIATIONS
from sunpy_solarunet.tracking.exchange import contact, exchanged_flux, lesser_members, minority_share

#: A plage of 30 rows and 24 columns in the south-west, and a spot of the other sign at its eastern edge.
GIANT, SPOT = (5, 30, 30, 24, 500), (12, 26, 3, 4, -400)
#: Gauss with which the giant has lost the spot's flux.
LOST = 500 - 12 * 400 / 720


def only(events, kind):
    (event,) = [event for event in events if event["kind"] == kind]
    return event


def flux_of(rectangles, index):
    return abs(catalog(rectangles).flux[index].to_value(u.Mx))


# Who gives and takes


def test_of_two_signs_the_lesser_members_are_those_that_the_product_has_not():
    flux = np.array([9.0, -8.0, -4.0])
    assert lesser_members([0, 1, 2], flux, product=-3.0) == [0]
    assert lesser_members([0, 1], flux, product=1.0) == [1]


def test_without_a_product_the_lesser_members_are_of_the_sign_with_less_flux():
    assert lesser_members([0, 1, 2], np.array([9.0, -8.0, -4.0])) == [0]
    assert lesser_members([0, 1], np.array([-9.0, 8.0])) == [1]


def test_of_one_sign_all_but_the_largest_are_lesser():
    assert lesser_members([0, 1, 2], np.array([-2.0, -8.0, -3.0]), product=-13.0) == [0, 2]
    assert lesser_members([1], np.array([-2.0, -8.0])) == [1]


def test_the_share_of_the_minority_is_at_most_a_half():
    flux = np.array([6.0, -2.0, -4.0])
    assert minority_share([0, 1, 2], [0], flux) == pytest.approx(0.5)
    assert minority_share([0, 1], [1], flux) == pytest.approx(0.25)
    assert np.isnan(minority_share([1, 2], [1], flux))


def test_errors_of_exchanged_fluxes_add_in_squares():
    assert exchanged_flux([0, 2], np.array([3.0, 9.0, -4.0]), np.array([0.6, 5.0, 0.8])) == pytest.approx((7.0, 1.0))


# Where


def test_the_contact_lies_midway_between_the_nearest_pixels():
    found = catalog([GIANT, SPOT])
    # The spot's last column is 29, the giant's first 30; of the spot's rows 12 to 14 all touch.
    assert contact(found, [0, 1], [1]) == pytest.approx([29.5, 13])
    assert contact(found, [0, 1], [0]) == pytest.approx([29.5, 13])


def test_the_contact_of_several_is_weighted_by_what_they_exchange():
    found = catalog([GIANT, SPOT, (20, 26, 3, 4, -100)])
    assert contact(found, [0, 1, 2], [1, 2]) == pytest.approx([29.5, (13 * 400 + 21 * 100) / 500])


def test_a_single_member_is_where_its_center_is():
    assert contact(catalog([GIANT, SPOT]), [1], [1]) == pytest.approx([27.5, 13])


# The default rule


def test_a_spot_that_takes_its_flux_from_the_giant_has_cancelled():
    events = Tracker().track(sequence([GIANT, SPOT], [(*GIANT[:4], LOST)]))
    event = only(events, "cancellation")
    assert event["balance"] == "unbalanced"
    assert event["flux_exchanged"].to_value(u.Mx) == pytest.approx(flux_of([SPOT], 0))
    assert event["minority_share"] == pytest.approx(4800 / (4800 + 360000))
    assert 0 < event["flux_exchanged_error"] < 0.1 * event["flux_exchanged"]
    place = catalog([GIANT, SPOT]).map.pixel_to_world(29.5 * u.pix, 13 * u.pix)
    assert abs(event["Tx"] - place.Tx) < 0.01 * SCALE
    assert abs(event["Ty"] - place.Ty) < 0.01 * SCALE


def test_time_reversal_makes_it_an_emergence_of_the_same_flux_at_the_same_place():
    there = only(Tracker().track(sequence([GIANT, SPOT], [(*GIANT[:4], LOST)])), "cancellation")
    back = only(Tracker().track(sequence([(*GIANT[:4], LOST)], [GIANT, SPOT])), "emergence")
    for name in ("flux_exchanged", "Tx", "Ty"):
        assert back[name].value == pytest.approx(there[name].value, rel=1e-5)
    assert back["minority_share"] == pytest.approx(there["minority_share"])


def test_a_spot_far_from_the_giant_only_fades():
    events = Tracker().track(sequence([GIANT, (12, 5, 3, 4, -400)], [(*GIANT[:4], LOST)]))
    assert events["kind"].tolist() == ["disappearance"]


def test_where_the_partner_is_told_to_be_unchanged_nothing_has_cancelled():
    """A partner of twice the flux that loses none of it: its change would be seen."""
    pair = (10, 10, 4, 12, 300), (10, 22, 4, 6, -300)
    assert Tracker().track(sequence(pair, pair[:1]))["kind"].tolist() == ["disappearance"]
    cancelled = (10, 10, 4, 12, 150)
    assert Tracker().track(sequence(pair, [cancelled]))["kind"].tolist() == ["cancellation"]


def test_beside_a_giant_the_event_stands_on_contact_and_its_confidence_says_so():
    """Whether the giant has lost the spot's flux cannot be told; beside an equal partner it can."""
    weak = (36, 3, 2, 2, 100)  # a spot is the less likely to vanish by itself, the stronger it is than this
    untold = only(Tracker().track(sequence([GIANT, SPOT, weak], [GIANT, weak])), "cancellation")
    lost = only(Tracker().track(sequence([GIANT, SPOT, weak], [(*GIANT[:4], LOST), weak])), "cancellation")
    both = only(Tracker().track(sequence([(12, 22, 3, 4, 400), SPOT, weak], [weak])), "cancellation")
    assert untold["confidence"] == pytest.approx(lost["confidence"], abs=0.1)
    assert both["confidence"] > untold["confidence"] + 2


# Tables and figures


def test_appearance_and_merging_exchange_what_came_and_what_joined():
    appeared = only(Tracker().track(sequence([GIANT], [GIANT, (12, 5, 3, 4, -400)])), "appearance")
    assert appeared["flux_exchanged"].to_value(u.Mx) == pytest.approx(flux_of([SPOT], 0), rel=1e-5)
    before = [(10, 10, 8, 8, 400), (10, 19, 4, 3, 300)]
    merged = only(Tracker().track(sequence(before, [(10, 10, 8, 9, 405)])), "merging")
    assert merged["flux_exchanged"].to_value(u.Mx) == pytest.approx(flux_of(before, 1))
    assert np.isnan(merged["minority_share"])


@pytest.mark.parametrize("rule", ASSOCIATIONS)
def test_every_rule_tells_what_was_exchanged(rule):
    pair = (10, 10, 4, 4, 200), (10, 15, 4, 4, -210)
    event = only(Tracker(rule).track(sequence(pair, [])), "cancellation")
    assert event["flux_exchanged"].to_value(u.Mx) == pytest.approx(flux_of(pair, 0))
    assert event["minority_share"] == pytest.approx(200 / 410)


def test_beside_a_giant_only_the_spot_is_marked():
    catalogs = sequence([GIANT, SPOT], [(*GIANT[:4], LOST)])
    events = Tracker().track(catalogs)
    borders = draw_events(catalogs[0], events, axes=plt.subplot(projection=catalogs[0].map), legend=False)
    marked = borders.get_segments()[-1]
    assert marked[:, 0].min() == pytest.approx(26 - 0.5 + 0.15)
    assert marked[:, 0].max() == pytest.approx(29 + 0.5 - 0.15)
    names = {tuple(color) for color in borders.get_edgecolor()}
    assert len(names) == 2
    plt.close()


def test_the_true_events_of_a_simulated_sun_are_described_alike():
    truth = simulate("emerging_region", seed=11, n_frames=6, shape=(96, 96)).tables()["events"]
    exchanging = truth[np.isin(truth["kind"], ("cancellation", "emergence"))]
    assert len(exchanging)
    assert (exchanging["flux_exchanged"] > 0).all()
    assert ((exchanging["minority_share"] > 0) & (exchanging["minority_share"] <= 0.5)).all()
