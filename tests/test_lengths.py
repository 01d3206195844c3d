"""
Lengths on the Sun: oblong pixels, equal-area maps far from the equator, pointing that moves, and motions.
"""

import itertools
import warnings

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time
from sunpy.coordinates import HeliographicCarrington
from sunpy.map import Map, make_fitswcs_header

from sunpy_solarunet import FeatureCatalog, Segmenter, Tracker, magnetogram
from sunpy_solarunet.errors import SolarUnetWarning
from sunpy_solarunet.tracking.motion import Motion
from sunpy_solarunet.tracking.regions import feature_distances, features_in_reach
from sunpy_solarunet.tracking.rules import RULES

START = Time("2017-07-13T20:00")
#: Kilometers of an arcsecond on that day, at the distance of the Sun's center.
ARCSEC = 737.2
SHAPE = (60, 80)
SEGMENTER = Segmenter("threshold", threshold=100 * u.G, min_pixels=2)


def field(*patches, shape=SHAPE):
    """A weak field, not symmetric in any way, with patches of (first row, first column, height, width, gauss)."""
    result = np.random.default_rng(4).normal(3, 3, shape)
    for row, column, height, width, gauss in patches:
        result[row : row + height, column : column + width] = gauss
    return result


def frame(data, minute=0, *, scale=(0.5, 0.5), center=(0, 0)):
    time = START + minute * u.min
    return magnetogram(data * u.G, time=time, scale=scale * u.arcsec, center=center * u.arcsec)


def catalogs(*scenes, **options):
    return [SEGMENTER(frame(field(*patches), minute, **options)) for minute, patches in enumerate(scenes)]


def equal_area_frame(data, latitude, minute=0, *, longitude=40.0, degree=0.03):
    """A map in a cylindrical equal-area projection, its rows evenly spaced in the sine of the latitude."""
    time = START + minute * u.min
    center = SkyCoord(longitude, latitude, unit="deg", frame=HeliographicCarrington(obstime=time, observer="earth"))
    header = make_fitswcs_header(
        np.zeros(data.shape), center, scale=[degree, degree] * u.deg / u.pix, projection_code="CEA"
    )
    # The reference point of the projection lies on the equator; the frame's middle is at the latitude.
    header["crval2"] = 0.0
    header["crpix2"] -= np.rad2deg(np.sin(np.deg2rad(latitude))) / degree
    return Map(data, header | {"bunit": "G"})


# Features


def test_the_radius_of_a_feature_of_oblong_pixels_is_that_on_the_sun():
    wide = FeatureCatalog(
        frame(field((20, 30, 4, 1, 300)), scale=(2, 0.5)), (field((20, 30, 4, 1, 300)) > 100).astype(int)
    )
    # Four rows of half an arcsecond, one column of two: a square.
    assert wide.radius[0].to_value(u.km) == pytest.approx(np.sqrt(2) * ARCSEC, rel=1e-3)


def test_distances_between_features_of_oblong_pixels_are_those_on_the_sun():
    (found,) = catalogs([(20, 20, 4, 4, 300), (20, 28, 4, 4, 300), (28, 20, 4, 4, 300)], scale=(2, 0.5))
    distance = feature_distances(found, 0, np.array([1, 2]))
    # Five columns of two arcseconds, five rows of a half; the unit is a square pixel of one arcsecond.
    assert distance == pytest.approx([10, 2.5])


def test_the_region_of_a_feature_is_a_circle_on_the_sun():
    (found,) = catalogs([(20, 20, 4, 1, 300), (20, 23, 4, 1, 300), (31, 20, 4, 1, 300)], scale=(2, 0.5))
    # A radius of 1.4 and a reach of 3.5 arcsec; to the nearest pixel centers it is 6 along x, and 4.75 along y.
    first, second = features_in_reach(found, found, 3.5)
    assert second[first == 0].tolist() == [0, 2]


def test_a_circle_far_from_the_equator_is_one_on_the_sun():
    data = field((20, 30, 8, 2, 300))
    catalog = SEGMENTER(equal_area_frame(data, 60))
    # At a latitude of 60 degrees rows are twice as high as they are at the equator, and columns half as wide.
    row, column = 0.03 * np.pi / 180 * 695.7 * np.array([1 / 0.5, 0.5])
    assert catalog.radius[0].to_value(u.Mm) == pytest.approx(np.hypot(8 * row, 2 * column) / 2, rel=0.02)


def test_places_across_the_seam_of_a_synoptic_map_are_near_each_other():
    time = START.isot
    header = {
        "ctype1": "CRLN-CEA", "ctype2": "CRLT-CEA", "cunit1": "deg", "cunit2": "deg", "cdelt1": 1.0, "cdelt2": 1.0,
        "crpix1": 180.5, "crpix2": 57.5, "crval1": 180.0, "crval2": 0.0, "date-obs": time, "bunit": "G",
        "hgln_obs": 0.0, "hglt_obs": 0.0, "dsun_obs": 1.5e11,
    }  # fmt: skip
    data = field((60, 0, 3, 3, 300), (60, 357, 3, 3, 300), (60, 100, 3, 3, 300), shape=(114, 360))
    catalog = SEGMENTER(Map(data, header))
    distance = np.linalg.norm(catalog.places[:, np.newaxis] - catalog.places, axis=-1)
    first, other, second = np.argsort(catalog.x.value)
    assert distance[first, second] == pytest.approx(3, rel=0.02)
    assert distance[first, other] > 80


# Motion


def test_a_steady_way_has_its_velocity_and_no_error():
    motion = Motion()
    for _ in range(5):
        motion.go_on(12.0, -9.0, 60.0)
    assert motion.displacement == pytest.approx(75)
    assert motion.velocity == pytest.approx((0.2, -0.15))
    assert motion.velocity_error == pytest.approx(0, abs=1e-6)


def test_the_velocity_is_that_of_a_least_squares_line_at_uneven_times():
    rng = np.random.default_rng(3)
    time = np.concatenate([[0], np.cumsum(rng.uniform(40, 90, 9))])
    west, north = 0.7 * time + rng.normal(0, 20, 10), -0.2 * time + rng.normal(0, 20, 10)
    motion = Motion()
    for step in range(9):
        motion.go_on(west[step + 1] - west[step], north[step + 1] - north[step], time[step + 1] - time[step])
    fits = [np.polyfit(time, places, 1, full=True) for places in (west, north)]
    assert motion.velocity == pytest.approx([fit[0][0] for fit in fits])
    scatter = sum(fit[1][0] for fit in fits) / (2 * 8)
    assert motion.velocity_error == pytest.approx(np.sqrt(scatter / np.sum((time - time.mean()) ** 2)))


def test_the_error_of_the_velocity_is_how_much_it_scatters():
    rng = np.random.default_rng(8)
    velocities, errors = [], []
    for _ in range(400):
        motion, places = Motion(), rng.normal(0, 30, (8, 2))
        for before, after in itertools.pairwise(places):
            motion.go_on(*(after - before), 60.0)
        velocities.append(motion.velocity[0])
        errors.append(motion.velocity_error)
    assert np.std(velocities) == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=0.1)


def test_a_jump_is_no_motion_but_the_line_goes_on_beyond_it():
    motion = Motion()
    for west, jump in ((30, False), (32, False), (5000, True), (28, False), (30, False)):
        motion.go_on(west, 0.0, 60.0, jump=jump)
    # A line of one slope through two stretches of three places each.
    time, first, second = np.array([-60.0, 0, 60]), np.array([0.0, 30, 62]), np.array([0.0, 28, 58])
    slope = (time @ first + time @ second) / (2 * time @ time)
    assert motion.velocity == pytest.approx((slope, 0))
    assert motion.displacement == pytest.approx(120)


def test_a_single_place_has_no_velocity_and_two_have_no_error():
    motion = Motion()
    assert np.isnan(motion.velocity).all()
    motion.go_on(6.0, 0.0, 60.0)
    assert motion.velocity == pytest.approx((0.1, 0))
    assert np.isnan(motion.velocity_error)


# Tracks


def test_a_feature_moves_toward_west_and_north_as_it_does_on_the_sun():
    tracker = Tracker()
    tracker.track(catalogs(*([(20 + 2 * step, 30 + step, 4, 4, 300)] for step in range(4)), scale=(0.25, 0.1)))
    (track,) = tracker.tracks
    west, north = 0.25 * ARCSEC / 60, 2 * 0.1 * ARCSEC / 60
    assert track["velocity_west"].to_value(u.km / u.s) == pytest.approx(west, rel=1e-3)
    assert track["velocity_north"].to_value(u.km / u.s) == pytest.approx(north, rel=1e-3)
    assert track["velocity"].to_value(u.km / u.s) == pytest.approx(np.hypot(west, north), rel=1e-3)
    assert track["displacement"].to_value(u.km) == pytest.approx(180 * np.hypot(west, north), rel=1e-3)


def test_a_map_turned_upside_down_shows_the_same_motion():
    scenes = [[(20 + step, 30 + 2 * step, 4, 5, 300)] for step in range(3)]
    upright, turned = Tracker(), Tracker()
    found = catalogs(*scenes, scale=(0.2, 0.1), center=(100, -40))
    upright.track(found)
    maps = [each.map.rotate(180 * u.deg, order=0, missing=0, method="scipy") for each in found]
    turned.track([SEGMENTER(magnetogram(each)) for each in maps])
    assert maps[0].rotation_matrix[0, 0] == pytest.approx(-1)
    for name in ("velocity_west", "velocity_north", "displacement"):
        assert turned.tracks[name].value == pytest.approx(upright.tracks[name].value, rel=1e-3)


@pytest.mark.parametrize("rule", ["likelihood", "paper", "assignment", "overlap"])
def test_how_far_a_feature_may_move_is_a_length_on_the_sun(rule):
    # The region has a radius of 1.3 arcsec; five columns are 0.5 or 2 arcsec.
    fine, coarse = (0.1, 0.4), (0.4, 0.1)
    across = [(20, 30, 3, 3, 300)], [(20, 36, 3, 3, 300)]
    assert len(Tracker(rule, max_speed=4 * u.km / u.s).track(catalogs(*across, scale=fine))) == 0
    assert len(Tracker(rule, max_speed=4 * u.km / u.s).track(catalogs(*across, scale=coarse))) == 2


def test_far_from_the_equator_columns_are_short():
    step = [field((20, 30, 3, 6, 300)), field((20, 40, 3, 6, 300))]
    # The region has a radius of 2.2 Mm; 7.5 columns are 2.7 Mm at the equator and 1.4 Mm at 60 degrees.
    for latitude, n_events in ((0, 2), (60, 0)):
        found = [SEGMENTER(equal_area_frame(data, latitude, 2 * minute)) for minute, data in enumerate(step)]
        assert len(Tracker("paper", max_speed=4 * u.km / u.s).track(found)) == n_events


@pytest.mark.parametrize("rule", RULES)
def test_pointing_that_moves_while_the_features_rest(rule):
    """The field of view moves by 6 columns and 3 rows a frame, more than features may move."""
    elements = [(20, 30, 5, 4, 300), (34, 44, 4, 6, -300), (26, 60, 4, 5, 250)]
    found = []
    for minute in range(3):
        patches = [(row - 3 * minute, column - 6 * minute, *rest) for row, column, *rest in elements]
        center = (3.0 * minute, 1.5 * minute)
        found.append(SEGMENTER(frame(field(*patches), minute, center=center)))
    tracker = Tracker(rule, max_speed=1 * u.km / u.s)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        events = tracker.track(found)
    assert len(events) == 0
    assert tracker.tracks["lifetime"].tolist() == [3, 3, 3]
    assert tracker.tracks["displacement"].to_value(u.km) == pytest.approx([0, 0, 0], abs=5)
    assert tracker.tracks["velocity"].to_value(u.km / u.s) == pytest.approx([0, 0, 0], abs=0.05)


def test_what_the_pointing_moves_out_of_view_is_censored():
    elements = [(20, 2, 5, 4, 300), (34, 44, 4, 6, -300)]
    later = [(34, 34, 4, 6, -300)]
    found = [SEGMENTER(frame(field(*elements), 0)), SEGMENTER(frame(field(*later), 1, center=(5, 0)))]
    tracker = Tracker("paper", max_speed=1 * u.km / u.s)
    assert len(tracker.track(found)) == 0
    assert tracker.tracks["death_censored"].tolist() == [True, True]
    assert tracker.tracks["lifetime"].tolist() == [1, 2]


def test_a_frame_that_is_turned_against_the_one_before_is_told():
    first = frame(field((20, 30, 4, 4, 300)))
    plain = {key: value for key, value in first.meta.items() if not key.startswith("pc")}
    turned = Map(first.data, plain | {"crota2": 20.0, "date-obs": "2017-07-13T20:01:00"})
    with pytest.warns(SolarUnetWarning, match=r"is turned or scaled .* align"):
        Tracker(drift=False).track([SEGMENTER(first), SEGMENTER(turned)])


def test_the_drift_that_is_taken_out_is_in_no_velocity():
    crowd = [(4, 4, 3, 4, 300), (8, 40, 4, 3, -260), (20, 24, 3, 3, 410), (40, 12, 4, 4, -330), (45, 50, 3, 5, 280)]
    crowd += [(30, 60, 4, 3, 520)]
    scenes = [[(row + 2 * step, column + 3 * step, *rest) for row, column, *rest in crowd] for step in range(3)]
    # One of them moves a pixel a frame toward west besides.
    scenes = [[*scene[:5], (scene[5][0], scene[5][1] + step, *scene[5][2:])] for step, scene in enumerate(scenes)]
    tracker = Tracker()
    tracker.track(catalogs(*scenes, scale=(0.1, 0.1)))
    order = np.argsort(tracker.tracks["velocity"].value)
    assert tracker.tracks["lifetime"].tolist() == [3] * 6
    assert tracker.tracks["velocity_west"].to_value(u.km / u.s)[order[:5]] == pytest.approx([0] * 5, abs=0.05)
    assert tracker.tracks["velocity_west"].to_value(u.km / u.s)[order[5]] == pytest.approx(0.1 * ARCSEC / 60, rel=0.05)


def test_a_merger_does_not_move_the_track_that_goes_on():
    before = [(20, 20, 6, 6, 400), (20, 27, 6, 5, 400)]
    scenes = [before, before, [(20, 20, 6, 12, 400 * 66 / 72)], [(20, 20, 6, 12, 400 * 66 / 72)]]
    tracker = Tracker()
    events = tracker.track(catalogs(*scenes, scale=(0.1, 0.1)))
    assert events["kind"].tolist() == ["merging"]
    whole = tracker.tracks[tracker.tracks["lifetime"] == 4]
    assert len(whole) == 1
    assert whole["displacement"].to_value(u.km)[0] == pytest.approx(0, abs=1)
    assert whole["velocity"].to_value(u.km / u.s)[0] == pytest.approx(0, abs=0.01)
