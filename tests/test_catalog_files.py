"""
Catalogs as FITS files: what is read is what was written, or an error.
"""

import threading

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits
from helpers import frame_of, two_elements
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import ndimage
from sunpy.map import Map

from sunpy_solarunet import FeatureCatalog, magnetogram
from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.features import MEASUREMENTS
from sunpy_solarunet.features import files as catalog_files


def labels_of(field, threshold=100):
    """Labels of strong pixels, every third label left out."""
    labels = ndimage.label(np.abs(np.nan_to_num(field)) > threshold)[0]
    return np.where(labels % 3 == 2, 0, labels)


def catalog_of(field=None, **options):
    field = two_elements() if field is None else field
    labels = ndimage.label(np.abs(np.nan_to_num(field)) > 100)[0] * 5
    return FeatureCatalog(frame_of(field), labels, **options)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "catalog.fits"


def assert_same(again, catalog):
    assert again == catalog
    assert again.noise == catalog.noise
    assert again.area_kind == catalog.area_kind
    assert again.map.data.dtype == catalog.map.data.dtype
    assert type(again.map) is type(catalog.map)
    for name in MEASUREMENTS:
        assert np.array_equal(getattr(again, name), getattr(catalog, name), equal_nan=True), name


# There and back


def test_a_catalog_comes_back_as_it_was(path):
    probability = np.random.default_rng(3).random((24, 40))
    catalog = catalog_of(probability=probability, meta={"method": "by hand", "threshold": "100.0 G"}, area="surface")
    assert catalog.write(path) == path
    again = FeatureCatalog.read(path)
    assert_same(again, catalog)
    assert again.meta == catalog.meta
    assert again.label.tolist() == [5, 10]
    assert np.array_equal(again[0].mask, catalog[0].mask)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.int32, np.uint8])
def test_no_number_is_lost(path, dtype):
    field = np.random.default_rng(2).normal(50, 40, (24, 40)).astype(dtype)
    catalog = FeatureCatalog(Map(field, frame_of(field.astype(float)).meta), labels_of(field, 60))
    catalog.write(path)
    assert_same(FeatureCatalog.read(path), catalog)


def test_missing_data_stay_missing(path):
    field = two_elements()
    field[20:, 30:] = np.nan
    catalog = catalog_of(field)
    catalog.write(path)
    assert_same(FeatureCatalog.read(path), catalog)
    masked = frame_of(two_elements())
    masked = Map(masked.data, masked.meta, mask=np.arange(24 * 40).reshape(24, 40) > 900)
    hidden = FeatureCatalog(masked, catalog.labels)
    hidden.write(path, overwrite=True)
    again = FeatureCatalog.read(path)
    assert again == hidden
    assert np.array_equal(again.has_data, hidden.has_data)
    assert not again.has_data[23, 39]


@pytest.mark.parametrize("choice", [slice(1, None), []])
def test_a_selection_comes_back_with_the_noise_of_the_whole(path, choice):
    part = catalog_of()[choice]
    part.write(path)
    assert_same(FeatureCatalog.read(path), part)


def test_large_labels_come_back(path):
    labels = catalog_of().labels.astype(np.int64) * 2**33
    catalog = FeatureCatalog(frame_of(two_elements()), labels)
    catalog.write(path)
    assert FeatureCatalog.read(path).label.tolist() == [5 * 2**33, 10 * 2**33]


@pytest.mark.parametrize("name", ["gst_frames", "hmi_frames", "sharp_map"])
def test_real_magnetograms_come_back(path, name, request):
    frame = request.getfixturevalue(name)
    frame = frame[0] if isinstance(frame, list) else frame
    catalog = FeatureCatalog(frame, labels_of(frame.data))
    catalog.write(path)
    assert_same(FeatureCatalog.read(path), catalog)
    # Noise does not shrink, but a file of real numbers and labels is no larger than the numbers.
    assert path.stat().st_size < 1.2 * frame.data.nbytes


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(), st.text(alphabet="'& \"\\é\n/=ab", max_size=200) | st.floats() | st.none()))
def test_any_text_in_the_meta_comes_back(path, meta):
    catalog = catalog_of(meta=meta)
    catalog.write(path, overwrite=True)
    again = FeatureCatalog.read(path).meta
    assert again.keys() == meta.keys()
    assert all(again[key] == value or value != value for key, value in meta.items())


def test_numbers_in_the_meta_stay_numbers(path):
    meta = {"share": np.float32(0.5), "levels": np.array([1, 2]), "threshold": 3 * u.G, "sides": (1, 2)}
    catalog_of(meta=meta).write(path)
    assert FeatureCatalog.read(path).meta == {"share": 0.5, "levels": [1, 2], "threshold": "3.0 G", "sides": [1, 2]}


def test_what_a_fits_header_cannot_hold_comes_back(path):
    frame = frame_of(two_elements())
    odd = {"filename": "Größe.fits", "a_long_keyword": "x", "comment": "first\nsecond", "bscale": 0.5, "blank": -9}
    odd["note"] = "a & b's'/" * 20
    catalog = FeatureCatalog(Map(frame.data, dict(frame.meta) | odd), catalog_of().labels)
    catalog.write(path)
    again = FeatureCatalog.read(path)
    assert_same(again, catalog)
    for key in ("filename", "a_long_keyword", "comment", "note"):
        assert again.map.meta[key] == odd[key]
    assert again.to_table().meta["file"] == "Größe.fits"


# Other readers


def test_the_first_image_is_the_magnetogram_for_everyone(path):
    catalog = catalog_of(probability=np.full((24, 40), 0.25))
    catalog.write(path)
    first, labels, probability = Map(path)
    assert np.array_equal(first.data, catalog.map.data)
    assert first.date == catalog.time
    assert first.unit == u.G
    assert np.array_equal(labels.data, catalog.labels)
    assert set(np.unique(probability.data)) == {0, 0.25}
    for image in (labels, probability):
        assert image.center.Tx == first.center.Tx
        assert image.center.Ty == first.center.Ty
    assert np.array_equal(magnetogram(path).data, catalog.map.data)
    with fits.open(path) as hdus:
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "MAGNETOGRAM", "LABELS", "PROBABILITY"]


# Files that are there, and files that are broken


def test_a_file_is_replaced_only_if_that_is_wanted(path):
    catalog_of().write(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match=r"catalog.fits exists"):
        catalog_of()[:1].write(path)
    assert path.read_bytes() == before
    catalog_of()[:1].write(path, overwrite=True)
    assert len(FeatureCatalog.read(path)) == 1


@pytest.mark.parametrize("exists", [True, False])
def test_where_writing_fails_everything_is_as_before(path, exists, monkeypatch):
    if exists:
        catalog_of().write(path)
    before = {each.name: each.read_bytes() for each in path.parent.iterdir()}

    def fail(descriptor):
        raise OSError("No space left on device")

    monkeypatch.setattr(catalog_files.os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        catalog_of()[:1].write(path, overwrite=True)
    assert {each.name: each.read_bytes() for each in path.parent.iterdir()} == before


def test_under_its_name_a_file_is_always_whole(path):
    catalogs = [catalog_of(), catalog_of()[:1]]
    catalogs[0].write(path)
    done = threading.Event()

    def rewrite():
        for turn in range(10):
            catalogs[turn % 2].write(path, overwrite=True)
        done.set()

    writer = threading.Thread(target=rewrite)
    writer.start()
    seen = set()
    while not done.is_set():
        seen.add(len(FeatureCatalog.read(path)))
    writer.join()
    assert seen <= {1, 2}
    assert [each.name for each in path.parent.iterdir()] == ["catalog.fits"]


@pytest.mark.parametrize("name", ["catalog", "catalog.ecsv", "catalog.fits.gz"])
def test_the_suffix_says_that_it_is_fits(tmp_path, name):
    with pytest.raises(SolarUnetError, match=r"unknown suffix .*choose one of \.fits, \.fit, \.fts"):
        catalog_of().write(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_there_must_be_a_folder_and_a_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing: no such folder"):
        catalog_of().write(tmp_path / "missing" / "catalog.fits")
    with pytest.raises(FileNotFoundError, match=r"missing.fits: no such file"):
        FeatureCatalog.read(tmp_path / "missing.fits")


def test_a_magnetogram_is_no_catalog(path):
    frame_of(two_elements()).save(path)
    with pytest.raises(SolarUnetError, match=r"catalog.fits: not a catalog that FeatureCatalog.write has written"):
        FeatureCatalog.read(path)


@pytest.mark.parametrize("share", [0, 0.02, 0.2, 0.5, 0.9, 0.999])
def test_a_file_that_is_cut_is_refused(path, share):
    catalog_of().write(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(SolarUnetError, match=r"catalog.fits: not a"):
        FeatureCatalog.read(path)


@pytest.mark.parametrize("extension", [1, 2])
def test_a_flipped_bit_is_seen(path, extension):
    catalog_of().write(path)
    with fits.open(path, disable_image_compression=True) as hdus:
        info = hdus[extension].fileinfo()
        place = info["datLoc"] + hdus[extension].header["NAXIS1"] * hdus[extension].header["NAXIS2"] + 5
    damaged = bytearray(path.read_bytes())
    damaged[place] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(SolarUnetError, match=r"catalog.fits: not a complete catalog"):
        FeatureCatalog.read(path)
