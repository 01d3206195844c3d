"""Sizes and fluxes of features by two methods, with the numbers of the paper's Table 2 where it has some."""

import astropy.units as u
import numpy as np
import pytest
from astropy.table import QTable
from astropy.time import Time
from planted import catalog, sequence
from skimage.io import imread

from sunpy_solarunet import FeatureCatalog, Segmenter
from sunpy_solarunet.analysis import QUANTITIES, STATISTICS, compare_features, epps_singleton, feature_values
from sunpy_solarunet.errors import SequenceError, SolarUnetError, SolarUnetWarning
from sunpy_solarunet.segmentation.classical import keep_large, signed_labels
from sunpy_solarunet.tracking.tables import make_table, read_table, write_table

#: Pixels of Table 2: 0.083 arcsec, 725 km/arcsec.
TABLE_2 = (0.083 * 725 * u.km) ** 2


def features(sizes, gauss=100.0, **columns):
    """A table of features of these numbers of pixels, each pixel 0.5 Mm2."""
    sizes = np.asarray(sizes)
    area = 0.5 * sizes * u.Mm**2
    measured = {"n_pixels": sizes, "area": area, "flux": (gauss * u.G * area).to(u.Mx), "mean_field": 0 * sizes + gauss}
    return QTable(measured | columns, units={"mean_field": u.G})


def drawn(seed, number=300, scale=1.0):
    """Sizes that are distributed like those of real features: few large ones."""
    return np.ceil(2 * scale * (1 + np.random.default_rng(seed).pareto(1.2, number))).astype(int)


def row(table, frame, method):
    return table[(table["frame"] == frame) & (table["method"] == method)][0]


def test_the_pixels_of_table_2_give_its_sizes():
    sizes = feature_values(features([2, 57662, 60213]), "area", pixel_area=TABLE_2)
    assert [f"{size:.4g}" for size in sizes.to_value(u.Mm**2)] == ["0.007242", "208.8", "218"]


def test_a_feature_of_two_pixels_just_above_150_gauss_has_the_least_flux_of_table_2():
    least = feature_values(features([2], gauss=-152.6), "flux", pixel_area=TABLE_2)
    assert least.unit == u.Mx
    assert least.value == pytest.approx([0.011051e18], rel=1e-3)


def test_areas_and_unsigned_fluxes_are_those_of_the_catalog():
    scene = catalog([(3, 5, 2, 4, 250), (20, 40, 5, 3, -600)])
    assert feature_values(scene, "area").to_value(u.Mm**2) == pytest.approx(scene.area.to_value(u.Mm**2))
    assert feature_values(scene, "flux").to_value(u.Mx) == pytest.approx(np.abs(scene.flux.to_value(u.Mx)))
    assert scene.flux[1] < 0


def test_another_pixel_area_changes_areas_and_fluxes_alike():
    scene = catalog([(3, 5, 2, 4, 250), (20, 40, 5, 3, -600)])
    area = feature_values(scene, "area", pixel_area=0.01 * u.Mm**2)
    flux = feature_values(scene, "flux", pixel_area=0.01 * u.Mm**2)
    assert area.to_value(u.Mm**2) == pytest.approx([0.08, 0.15])
    assert flux.to_value(u.Mx) == pytest.approx([250 * 0.08 * 1e16, 600 * 0.15 * 1e16])


def test_frames_follow_each_other_and_features_of_one_pixel_are_left_out():
    frames = [features([1, 7]), features([]), features([2, 1, 9])]
    assert feature_values(frames, "area").to_value(u.Mm**2).tolist() == [3.5, 1, 4.5]
    assert feature_values(frames, "area", min_pixels=1).to_value(u.Mm**2).tolist() == [0.5, 3.5, 1, 0.5, 4.5]
    assert feature_values(frames, "area", min_pixels=8).to_value(u.Mm**2).tolist() == [4.5]


def test_the_statistics_are_those_of_table_2():
    # Of 1, 2, 3, 3 and 11 Mm2: mean 4, squares of the deviations 9 + 4 + 1 + 1 + 49 = 64, over n - 1 = 4.
    table = compare_features(features([2, 4, 6, 6, 22]), features(drawn(0)), names=("network", "downhill"))
    found = row(table, "0", "network")
    assert found["n_features"] == 5
    expected = {"minimum": 1, "maximum": 11, "median": 3, "mean": 4, "standard_deviation": 4}
    assert expected.keys() == set(STATISTICS)
    for name, value in expected.items():
        assert found[f"area_{name}"].to_value(u.Mm**2) == pytest.approx(value)
        assert found[f"flux_{name}"].to_value(u.Mx) == pytest.approx(value * 1e18)


def test_each_frame_has_its_rows_and_all_frames_have_theirs():
    first, second = [drawn(1), drawn(2, 40)], [drawn(3, 200), drawn(4, 90)]
    table = compare_features(map(features, first), map(features, second), names=("a", "b"))
    assert table["frame"].tolist() == ["0", "0", "1", "1", "all", "all"]
    assert table["method"].tolist() == ["a", "b"] * 3
    assert table["n_features"].tolist() == [300, 200, 40, 90, 340, 290]
    assert table["area_maximum"][4].value == max(map(max, first)) / 2
    for number, samples in (("0", (first[0], second[0])), ("1", (first[1], second[1]))):
        found = row(table, number, "b")
        assert (found["area_statistic"], found["area_p_value"]) == pytest.approx(epps_singleton(*samples))
    together = epps_singleton(np.concatenate(first), np.concatenate(second))
    for quantity in QUANTITIES:
        for method in ("a", "b"):
            found = row(table, "all", method)
            assert (found[f"{quantity}_statistic"], found[f"{quantity}_p_value"]) == pytest.approx(together)


def test_catalogs_and_their_tables_give_the_same():
    rng = np.random.default_rng(5)
    scenes = [[(4 * k, 5, 2, width, 300) for k, width in enumerate(rng.integers(2, 30, 9))] for _ in range(4)]
    first, second = sequence(*scenes[:2]), sequence(*scenes[2:])
    table = compare_features(first, second)
    again = compare_features([each.to_table() for each in first], [each.to_table() for each in second])
    assert table["time"][::2].tolist() == ["2017-07-13T20:17:41.000", "2017-07-13T20:18:41.000", ""]
    assert table.colnames == again.colnames
    for name in table.colnames:
        assert np.all(table[name] == again[name])


def test_the_features_of_a_tracked_sequence_are_those_of_its_frames():
    sizes = [drawn(6, 50), drawn(7, 60)]
    frames = np.repeat([0, 2], [50, 60])
    tracked = features(np.concatenate(sizes), frame=frames)
    single = [features(sizes[0]), features([]), features(sizes[1])]
    with pytest.warns(SolarUnetWarning, match=r"0 and 0"):
        table = compare_features(tracked, single)
    assert table["n_features"].tolist() == [50, 50, 0, 0, 60, 60, 110, 110]
    assert table["area_mean"][4].to_value(u.Mm**2) == pytest.approx(sizes[1].mean() / 2)


def test_what_cannot_be_computed_is_not_a_number():
    with pytest.warns(SolarUnetWarning, match=r"1 and 0, and 5 are needed"):
        table = compare_features(features([8]), features([]))
    one, none = table[0], table[1]
    assert one["area_mean"] == 4 * u.Mm**2
    assert np.isnan(one["area_standard_deviation"])
    assert none["n_features"] == 0
    assert all(np.isnan(none[f"{quantity}_{name}"]) for quantity in QUANTITIES for name in STATISTICS)
    assert np.isnan(none["flux_p_value"])


def test_empty_tables_of_two_runs_give_all_columns():
    empty = make_table("features", {})
    with pytest.warns(SolarUnetWarning):
        table = compare_features(empty, empty)
    assert table["frame"].tolist() == ["all", "all"]
    assert table["n_features"].tolist() == [0, 0]
    assert table["flux_maximum"].unit == u.Mx


def test_the_table_is_read_back_as_it_was_written(tmp_path):
    settings = {"method": "threshold", "threshold": "150 G"}
    first = features(drawn(8))
    first.meta.update(settings, time="2017-07-13T20:17:41.000", file="a.fits")
    table = compare_features(first, features(drawn(9)), names=("threshold", "b"), pixel_area=TABLE_2)
    assert table.meta["methods"] == {"threshold": settings, "b": {}}
    assert u.Quantity(table.meta["pixel_area"]).to_value(u.km**2) == pytest.approx(3621.03, abs=0.01)
    for suffix in (".ecsv", ".fits"):
        again = read_table(write_table(table, tmp_path / f"compared{suffix}"))
        assert again["frame"].tolist() == table["frame"].tolist()
        assert np.all(again["area_mean"] == table["area_mean"])
        assert again.meta["methods"] == table.meta["methods"]


def test_samples_of_one_distribution_are_seldom_called_different():
    different = [epps_singleton(drawn(2 * seed), drawn(2 * seed + 1))[1] <= 0.05 for seed in range(200)]
    # 5 % of 200 are 10, give or take 3.
    assert 2 <= sum(different) <= 20


def test_samples_of_two_distributions_are_called_different():
    for seed in range(20):
        assert epps_singleton(drawn(seed), drawn(1000 + seed, scale=2))[1] < 1e-3


def test_the_statistic_is_that_of_the_definition():
    """Goerg & Kaiser (2009), equations 1 to 3: a chi-squared of the difference of two characteristic functions."""
    first, second = drawn(11, 120).astype(float), drawn(12, 80, scale=1.3).astype(float)
    both = np.concatenate([first, second])
    lower, upper = np.quantile(both, [0.25, 0.75])
    angles = np.array([0.4, 0.8])[:, np.newaxis] / ((upper - lower) / 2)

    def waves(sample):
        return np.concatenate([np.cos(angles * sample), np.sin(angles * sample)])

    difference = waves(first).mean(axis=1) - waves(second).mean(axis=1)
    spread = sum(len(both) / len(each) * np.cov(waves(each), bias=True) for each in (first, second))
    expected = len(both) * difference @ np.linalg.solve(spread, difference)
    statistic, p_value = epps_singleton(first, second)
    assert statistic == pytest.approx(expected)
    # The upper tail of chi-squared with four degrees of freedom.
    assert p_value == pytest.approx(np.exp(-expected / 2) * (1 + expected / 2))


def test_units_do_not_matter_and_the_two_can_be_exchanged():
    first, second = drawn(13), drawn(14, 90)
    expected = epps_singleton(first * u.Mm**2, second * u.Mm**2)
    assert epps_singleton(first * 1e6 * u.km**2, second * u.Mm**2) == pytest.approx(expected)
    assert epps_singleton(second, first) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ([2, 3, 4, 9], drawn(15), "4 and 300, and 5 are needed"),
        ([2] * 40, [2] * 30 + [3] * 5, "at least half of them are the same"),
        ([2, 3] * 20, [2, 3, 3] * 9, "too few different values"),
    ],
)
def test_samples_that_say_too_little_are_not_tested(first, second, reason):
    with pytest.warns(SolarUnetWarning, match=reason):
        assert np.isnan(epps_singleton(first, second)).all()


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([[6, 9]], [[6, 9], [5, 4]], "1 frames and 2"),
        ([[6, 9], [5, 4]], [[6, 9]], "2 frames and 1"),
    ],
)
def test_the_numbers_of_frames_must_agree(first, second, message):
    with pytest.raises(SequenceError, match=message):
        compare_features(list(map(features, first)), list(map(features, second)))


def test_the_times_of_the_frames_must_agree():
    scene = [(3, 5, 2, 4, 250)]
    with pytest.raises(SequenceError, match=r"frame 0 is of 2017-07-13T20:17:41.000 .* 2017-07-13T20:18:41.000"):
        compare_features(catalog(scene), catalog(scene, minute=1))
    tracked = features([5, 6], frame=[0, 1], time=Time(["2017-07-13T20:17:41", "2017-07-13T20:18:41"]))
    with pytest.raises(SequenceError, match=r"frame 1 is of 2017-07-13T20:18:41"):
        compare_features(tracked, [catalog(scene), catalog(scene, minute=2)])


def test_what_cannot_be_compared_is_refused():
    good = features(drawn(18))
    with pytest.raises(SolarUnetError, match=r"different names"):
        compare_features(good, good, names=("network", "network"))
    with pytest.raises(SolarUnetError, match=r"no column 'flux'; there are n_pixels, area"):
        compare_features(good, good["n_pixels", "area"])
    with pytest.raises(SolarUnetError, match=r"unknown quantity 'size'; choose one of 'area', 'flux'"):
        feature_values(good, "size")
    with pytest.raises(TypeError, match=r"pixel_area needs a unit"):
        feature_values(good, "area", pixel_area=0.0036)
    with pytest.raises(SolarUnetError, match=r"must be finite"):
        epps_singleton([1, 2, 3, 4, np.nan], [1, 2, 3, 4, 5])


def test_section_4_2_on_a_real_frame(gst_frames, data_folder):
    """The network has the sizes and fluxes of the published mask, but not those of one feature a maximum."""
    released = np.flipud(imread(data_folder / "gst-2017-07-13" / "frame_1_three_class_mask.png").astype(int))
    published = FeatureCatalog(gst_frames[0], keep_large(signed_labels(np.sign(released - 127)), 2))
    network = Segmenter(model="solarunet-paper", min_pixels=2)(gst_frames[0])
    downhill = Segmenter("downhill", min_pixels=2)(gst_frames[0])
    agreeing, differing = compare_features(network, published)[0], compare_features(network, downhill)[0]
    for quantity in QUANTITIES:
        assert agreeing[f"{quantity}_p_value"] > 0.8
        assert differing[f"{quantity}_p_value"] < 1e-6
    # Table 2 is of the same region two minutes before.
    largest = feature_values(network, "area", pixel_area=TABLE_2).max()
    assert largest.to_value(u.Mm**2) == pytest.approx(208.80, rel=0.05)
