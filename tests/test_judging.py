import astropy.units as u
import numpy as np
import pytest
from planted import frame
from sequences import planted_map, table_files, track, write_sequence

from sunpy_solarunet import read_magnetograms
from sunpy_solarunet.errors import SolarUnetWarning
from sunpy_solarunet.runs.judging import Judge, look_at
from sunpy_solarunet.synthetic import PRESETS, simulate

SHAPE, NOISE = (40, 60), 10.0

#: Eight elements of 4 x 5 pixels, in two rows.
MANY = [(row, column, 4, 5, 300.0) for row in (6, 25) for column in (5, 20, 35, 50)]


def seen(rectangles=MANY, *, number=0, noise=NOISE, center=(30, -50) * u.arcsec, change=lambda field: None):
    """What is seen of a frame with elements and noise, which a function changes in place."""
    planted, _ = frame(rectangles, center=center)
    field = planted.data + np.random.default_rng(number).normal(0, noise, SHAPE)
    change(field)
    return look_at(planted._new_instance(field, planted.meta))


def judged(look, before=None):
    """The fault of a frame that comes after five usual ones."""
    judge = Judge()
    for number in range(1, 6):
        judge.remember(seen(number=number) if before is None else before)
    return judge.fault(look)


def test_elements_and_signal_are_counted():
    look = seen(change=lambda field: field[:4].fill(0))
    assert (look.elements, look.area) == (8, pytest.approx(8 * 20 / 2400))
    assert look.signal == pytest.approx(0.9)


def zero_in_the_middle(field):
    field[3:-3, 4:-4] = 0


def without_light(field):
    field *= 0.02


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (seen(change=zero_in_the_middle), "a field of 0 G in all but 26% of its pixels, before in all but 100%"),
        (seen(change=without_light), "noise of 0.2"),
        (seen([]), "elements in 0.00% of its pixels, where the frames before have them in 6.67%"),
    ],
)
def test_a_frame_that_has_lost_its_signal_is_told(look, reason):
    assert f"as in an eclipse: {reason}" in judged(look)


def test_a_frame_is_only_beside_its_own_sequence():
    """A quiet sequence, one whose weak fields were taken away, and one without noise."""
    quiet = seen([])
    assert judged(quiet, before=quiet) == ""
    masked = seen(MANY[:2], noise=0, change=lambda field: np.putmask(field, np.abs(field) < 50, 0))
    gone = seen(MANY[:1], noise=0, change=lambda field: np.putmask(field, np.abs(field) < 50, 0))
    assert judged(gone, before=masked) == ""


def test_few_elements_may_end_at_once():
    assert judged(seen([]), before=seen(MANY[:4])) == ""


def test_elements_that_noise_hides_or_that_are_elsewhere_are_no_eclipse():
    assert judged(seen([], noise=2 * NOISE)) == ""
    assert judged(seen([], center=(31.2, -50) * u.arcsec)) == ""


def test_most_of_the_elements_may_be_gone():
    assert judged(seen(MANY[:1])) == ""


def test_a_lasting_change_is_taken_for_what_it_is():
    judge, dark = Judge(), seen([])
    for number in range(6):
        judge.remember(seen(number=number))
    faults = []
    for _ in range(8):
        faults.append(judge.fault(dark))
        judge.remember(dark)
    assert faults[0].startswith("no signal")
    assert faults[-1] == ""


@pytest.mark.parametrize("preset", PRESETS)
def test_no_frame_of_a_simulated_sun_is_refused(preset):
    judge = Judge()
    for observed in simulate(preset, n_frames=8, shape=(64, 96)).maps:
        look = look_at(observed)
        assert judge.fault(look) == ""
        judge.remember(look)


def test_no_frame_of_a_night_is_refused(data_folder):
    """Every tenth of the 176 frames of the quiet Sun, as images of 8 bits."""
    images = sorted((data_folder / "gst-2018-06-07" / "image").glob("*.png"))[::10]
    place = {"scale": 0.083 * u.arcsec, "center": (0, 0) * u.arcsec, "field_range": 300 * u.G}
    judge = Judge()
    for night in read_magnetograms(images, time_pattern="intgr_%y%m%d_%H%M%S", **place):
        look = look_at(night)
        assert judge.fault(look) == ""
        judge.remember(look)


def test_a_dark_frame_of_a_run_is_skipped_also_where_the_run_was_taken_up_there(tmp_path):
    """The frames before it that are in the folder already are remembered."""
    paths = write_sequence(tmp_path / "frames")
    planted = planted_map(4)
    field = planted.data.copy()
    zero_in_the_middle(field)
    planted._new_instance(field, planted.meta).save(paths[4], overwrite=True)
    track(tmp_path / "again", paths[:4])
    for folder in ("again", "once"):
        with pytest.warns(SolarUnetWarning, match=r"frame_04\.fits: no signal, as in an eclipse"):
            run = track(tmp_path / folder, paths)
        assert [bool(reason) for reason in run.frames["skipped"]] == [False, False, False, False, True, False]
    assert table_files(tmp_path / "again") == table_files(tmp_path / "once")
