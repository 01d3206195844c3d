"""
What files say of themselves, what users say of them, and what is told where neither says enough.
"""

import gzip
import pickle
import random

import astropy.units as u
import headers
import numpy as np
import pytest
from astropy.io import fits
from helpers import CENTER, SCALE, TIME, frame_of, write_fits
from skimage.io import imsave
from sunpy.map import GenericMap, Map

from sunpy_solarunet import Segmenter, magnetogram, read_magnetograms
from sunpy_solarunet.errors import DescriptionMissing, MagnetogramError
from sunpy_solarunet.magnetograms import field_strength, read_array, read_field, read_levels

FIELD = np.arange(12.0).reshape(3, 4) + 1
DESCRIPTION = {"time": TIME, "scale": SCALE, "center": CENTER}

# sunpy tells of what it assumes where a header says nothing of the observer.
pytestmark = pytest.mark.filterwarnings("ignore:Missing metadata for observer")


# What the user says counts more than an instrument's rules


@pytest.mark.parametrize("name", headers.ALL)
def test_what_the_user_says_counts_for_every_instrument(tmp_path, name):
    path = headers.write_real(tmp_path / "frame.fits", headers.real_header(name))
    frame = magnetogram(path, observer="mars", **DESCRIPTION)
    frame.save(tmp_path / "again.fits")
    for same in (frame, magnetogram(frame), Map(frame.data, frame.meta), magnetogram(tmp_path / "again.fits")):
        middle = same.pixel_to_world(14.5 * u.pix, 9.5 * u.pix)
        assert u.Quantity([middle.Tx, middle.Ty]).to_value(u.arcsec) == pytest.approx([120, -80], abs=1e-6)
        beside = same.pixel_to_world(15.5 * u.pix, 10.5 * u.pix)
        assert (beside.Tx - middle.Tx).to_value(u.arcsec) == pytest.approx(0.5, abs=1e-5)
        assert (beside.Ty - middle.Ty).to_value(u.arcsec) == pytest.approx(0.4, abs=1e-5)
        # Mars stood 1.65 au from the Sun in July 2017.
        assert same.observer_coordinate.radius.to_value(u.au) == pytest.approx(1.65, abs=0.02)
        assert same.date.isot == same.reference_date.isot == f"{TIME}.000"


@pytest.mark.parametrize("name", headers.ALL)
def test_a_file_that_sunpy_understands_is_read_as_sunpy_does(tmp_path, name):
    header = headers.real_header(name)
    frame = magnetogram(headers.write_real(tmp_path / "frame.fits", header))
    expected = Map(headers.planted(), header)
    for column, row in [(0, 0), (14.5, 9.5), (29, 3)]:
        place, same = (one.pixel_to_world(column * u.pix, row * u.pix) for one in (frame, expected))
        assert np.allclose(place.spherical.lon.deg, same.spherical.lon.deg, equal_nan=True)
        assert np.allclose(place.spherical.lat.deg, same.spherical.lat.deg, equal_nan=True)
    assert frame.observer_coordinate.separation_3d(expected.observer_coordinate).to_value(u.km) < 1


def test_gong_says_where_its_pixels_are_without_their_unit(tmp_path):
    header = headers.real_header(headers.GONG)
    assert not {"CUNIT1", "CUNIT2"} & set(header)
    frame = magnetogram(headers.write_real(tmp_path / "frame.fits", header))
    assert len(Segmenter("threshold", threshold=100 * u.G)(frame)) == 1


@pytest.mark.parametrize("instrument", ["HMI_SIDE1", "MDI", "SOT/NB", ""])
@pytest.mark.parametrize(
    ("unit", "gauss"),
    [
        ("Mx/cm^2", 1),
        ("Mx/cm2", 1),
        ("Mx cm-2", 1),
        ("Gauss", 1),
        ("gauss", 1),
        ("GAUSS", 1),
        (" G ", 1),
        ("mT", 10),
        ("T", 1e4),
        ("Tesla", 1e4),
        ("kG", 1e3),
        ("Wb/m2", 1e4),
    ],
)
def test_the_unit_is_read_from_every_instrument(tmp_path, instrument, unit, gauss):
    path = write_fits(tmp_path / "frame.fits", FIELD, BUNIT=unit, INSTRUME=instrument)
    assert np.allclose(field_strength(magnetogram(path, **DESCRIPTION)), gauss * FIELD)
    assert np.allclose(read_field(path), gauss * FIELD)


@pytest.mark.parametrize("unit", ["nonsense", "K", "10**"])
def test_a_unit_that_is_none_of_a_field_is_named(tmp_path, unit):
    path = write_fits(tmp_path / "frame.fits", FIELD, BUNIT=unit)
    for read in (read_field, lambda path: magnetogram(path, **DESCRIPTION)):
        with pytest.raises(MagnetogramError, match=r"frame\.fits: .*(not a unit.*unit=|is not one of a mag)"):
            read(path)
    with pytest.raises(MagnetogramError, match="not a unit"):
        magnetogram(FIELD, unit="nonsense", **DESCRIPTION)


# Kinds of numbers


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, ">f2", ">f4", ">f8", "<i2", ">i4", "u1"])
def test_features_are_found_in_maps_of_all_kinds_of_numbers(dtype):
    field = headers.planted().round().clip(0, 250).astype(dtype)
    segmenter = Segmenter("downhill", threshold=100 * u.G)
    made = magnetogram(field * (-1 if np.dtype(dtype).kind == "f" else 1), unit=u.G, **DESCRIPTION)
    raw = Map(field, made.meta)
    for frame in (made, raw):
        assert segmenter(frame).n_pixels.tolist() == [24]
    assert made.data.dtype in (np.float32, np.float64)


# All that is missing, at once


def test_one_error_names_all_that_is_missing(tmp_path):
    path = write_fits(tmp_path / "frame.fits", FIELD)
    for read in (magnetogram, read_magnetograms):
        with pytest.raises(DescriptionMissing, match=r"frame\.fits: .*unit.*time.*coordinates are missing") as error:
            read(path)
        assert error.value.missing == ("unit", "time", "coordinates")
        assert all(argument in str(error.value) for argument in ("unit=", "time=", "scale=", "center=", "extent="))


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"unit": u.G}, ("time", "coordinates")),
        ({"time": TIME}, ("unit", "coordinates")),
        ({"scale": SCALE, "center": CENTER}, ("unit", "time")),
        ({"unit": u.G, "time": TIME}, ("coordinates",)),
        (DESCRIPTION, ("unit",)),
    ],
)
def test_what_is_missing_is_what_is_not_given(given, missing):
    with pytest.raises(DescriptionMissing) as error:
        magnetogram(FIELD, **given)
    assert error.value.missing == missing
    assert error.value.file == "array"


def test_the_error_can_be_sent_to_another_process():
    error = DescriptionMissing("frame.fits", ["time"], ["DATE-OBS is 'MISSING'"])
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.file, again.missing) == (str(error), "frame.fits", ("time",))


def test_a_sequence_fails_before_any_frame_is_read(tmp_path):
    files = [write_fits(tmp_path / f"{name}.fits", FIELD) for name in "ab"]
    times = [f"{TIME}.{number}" for number in range(2)]
    with pytest.raises(DescriptionMissing, match=r"a\.fits: the unit of the field and the coordinates are missing"):
        read_magnetograms(files, times=times)
    imsave(tmp_path / "a.png", np.full((4, 5), 7, np.uint8), check_contrast=False)
    with pytest.raises(DescriptionMissing, match=r"a\.png: the coordinates are missing"):
        read_magnetograms(tmp_path / "a.png", times=[TIME], field_range=300 * u.G)
    with pytest.raises(MagnetogramError, match=r"a\.png.*field_range="):
        read_magnetograms(tmp_path / "a.png", times=[TIME], scale=SCALE, center=CENTER)


# Order and choice of files


def numbered(folder, suffix=".fits"):
    folder.mkdir(exist_ok=True, parents=True)
    for number in (10, 9, 1, 12, 2, 11):
        write_fits(folder / f"frame_{number}{suffix}", FIELD + number)
    return [f"frame_{number}{suffix}" for number in (1, 2, 9, 10, 11, 12)]


def test_numbers_in_names_count_as_numbers(tmp_path):
    names = numbered(tmp_path / "run_2")
    options = {"unit": u.G, "scale": SCALE, "center": CENTER, "start": TIME, "cadence": 1 * u.min}
    for paths in (tmp_path / "run_2", tmp_path / "run_2" / "frame_*.fits", tmp_path / "**" / "*.fits"):
        maps = read_magnetograms(paths, **options)
        assert maps.files == names
        assert [frame.data[0, 0] for frame in maps] == [2, 3, 10, 11, 12, 13]
        assert maps[::-1].files == names[::-1]


def test_a_pattern_looks_into_folders_of_folders_and_at_home(tmp_path, monkeypatch):
    for name in ("day_10/late", "day_9"):
        (tmp_path / name).mkdir(parents=True)
        frame_of(FIELD, time=f"2017-07-13T20:17:{10 + len(name)}").save(tmp_path / name / f"{name[:6].strip('/')}.fits")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_magnetograms("~/**/*.fits").files == ["day_9.fits", "day_10.fits"]
    assert magnetogram("~/day_9/day_9.fits").data[0, 0] == 1
    assert np.array_equal(read_array("~/day_9/day_9.fits"), FIELD)


# Damage


def test_no_pixel_of_a_damaged_gzip_file_is_believed(tmp_path):
    field = np.random.default_rng(0).normal(0, 50, (64, 64)).round()
    packed = gzip.compress(write_fits(tmp_path / "frame.fits", field).read_bytes())
    # The sum of all bytes stands at the end, four bytes before its last four.
    for place in (-5, -8, len(packed) // 2):
        damaged = bytearray(packed)
        damaged[place] ^= 0xFF
        path = tmp_path / "damaged.fits.gz"
        path.write_bytes(damaged)
        for read in (read_array, read_field, lambda path: magnetogram(path, unit=u.G, **DESCRIPTION)):
            with pytest.raises(MagnetogramError, match=r"damaged\.fits\.gz"):
                read(path)


@pytest.mark.parametrize("kind", ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1"])
def test_damaged_tiles_are_refused(tmp_path, kind):
    field = np.random.default_rng(0).normal(0, 50, (64, 64)).round().astype(np.int32)
    path = tmp_path / "frame.fits.fz"
    image = fits.CompImageHDU(field, compression_type=kind)
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(path, checksum=True)
    assert np.array_equal(read_array(path), field)
    damaged = bytearray(path.read_bytes())
    damaged[-1500] ^= 0xFF
    path.write_bytes(damaged)
    with pytest.raises(MagnetogramError, match=r"frame\.fits\.fz.*(damaged|not a complete)"):
        read_array(path)


# Errors of libraries


@pytest.mark.parametrize(
    "change",
    [
        {"CTYPE1": "LINEAR"},
        {"CUNIT1": "arcsecs"},
        {"CUNIT1": "m", "CUNIT2": "m"},
        {"CRVAL1": "MISSING"},
        {"CDELT1": 0.0},
        {"CDELT2": "nan"},
        {"CROTA2": "north"},
        {"DSUN_OBS": 0.0},
        {"DSUN_OBS": "MISSING"},
        {"CTYPE1": "HPLN-TAN", "CTYPE2": "HPLN-TAN"},
    ],
)
def test_coordinates_that_cannot_be_used_are_refused_with_the_file_s_name(tmp_path, change):
    header = headers.real_header(headers.SHARP) | change
    path = headers.write_real(tmp_path / "frame.fits", header)
    for read in (magnetogram, read_magnetograms):
        with pytest.raises(MagnetogramError, match=r"frame\.fits: .*scale= and center="):
            read(path)
    assert magnetogram(path, **DESCRIPTION).scale.axis2.value == pytest.approx(0.4)


@pytest.mark.parametrize("keyword", ["crval1", "crpix2", "cdelt1", "crota2", "dsun_obs", "rsun_ref"])
def test_not_a_number_is_no_coordinate(keyword):
    header = {key.lower(): value for key, value in headers.real_header(headers.SHARP).items()}
    with pytest.raises(MagnetogramError, match="coordinates cannot be used"):
        magnetogram(GenericMap(FIELD, header | {keyword: np.nan}))


def test_a_keyword_without_a_value_is_absent(tmp_path):
    header = headers.real_header(headers.SHARP)
    plain = magnetogram(headers.write_real(tmp_path / "plain.fits", header | {"CROTA2": 0.0}))
    frame = magnetogram(headers.write_real(tmp_path / "frame.fits", header | {"CROTA2": fits.card.Undefined()}))
    assert frame.wcs.wcs.compare(plain.wcs.wcs)


def test_files_that_are_not_there_are_not_found(tmp_path):
    for read in (magnetogram, read_array, read_field, read_levels, read_magnetograms):
        with pytest.raises(FileNotFoundError, match="gone"):
            read(tmp_path / "gone.png")


#: Keywords to damage, and what to damage them with.
KEYWORDS = "CTYPE1 CTYPE2 CUNIT1 CUNIT2 CRVAL1 CRPIX2 CDELT1 CROTA2 PC1_1 CD1_1 PV2_1 LONPOLE DSUN_OBS CRLN_OBS"
KEYWORDS += " DATE-OBS TIME-OBS T_OBS TIMESYS BUNIT INSTRUME TELESCOP CONTENT WAVEUNIT BSCALE BLANK SEMIDIAM LAT"
VALUES = [None, 0, -1, 1e30, "", "MISSING", "LINEAR", "arcsecs", "m", "HPLN-XXX", "CRLN-CEA", "Sine Latitude", True]
VALUES += ["MDI", "NSO-GONG", "15/02/98", "UTC (TBR)", "Mx/cm^2", "K", fits.card.Undefined(), 1 + 2j, 57947.8]


def damaged_header(rng):
    header = headers.real_header(rng.choice(headers.ALL))
    for _ in range(rng.choice([1, 1, 2, 3])):
        keyword, value = rng.choice(KEYWORDS.split()), rng.choice(VALUES)
        header[keyword] = value
        if value is None:
            del header[keyword]
    return header


# sunpy tells of the oddities that it mends.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(60))
def test_damaged_headers_are_read_or_refused_with_the_file_s_name(tmp_path, seed):
    path = headers.write_real(tmp_path / "frame.fits", damaged_header(random.Random(seed)))
    try:
        maps = read_magnetograms(path)
        found = Segmenter("threshold", threshold=100 * u.G)(maps[0])
    except MagnetogramError as error:
        problem = str(error)
    else:
        problem = None
        assert abs((maps.times[0] - found.time).sec) < 1e-3
    assert problem is None or "frame.fits" in problem
