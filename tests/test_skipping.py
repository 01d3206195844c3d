import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits
from planted import frame
from sequences import field_of, planted_map, track, write_sequence
from skimage.io import imsave

from sunpy_solarunet import Run
from sunpy_solarunet.cli import main
from sunpy_solarunet.errors import DescriptionMissing, SequenceError, SolarUnetWarning

BAD = 4


@pytest.fixture
def paths(tmp_path):
    return write_sequence(tmp_path / "frames")


def cut(path):
    path.write_bytes(path.read_bytes()[:4000])


def empty(path):
    path.write_bytes(b"")


def text(path):
    path.write_text("no magnetogram")


def blind(path):
    planted = planted_map(BAD)
    planted._new_instance(np.full_like(planted.data, np.nan), planted.meta).save(path, overwrite=True)


def constant(path):
    planted = planted_map(BAD)
    planted._new_instance(np.full_like(planted.data, 7.0), planted.meta).save(path, overwrite=True)


def noisy(path):
    planted = planted_map(BAD)
    noise = np.random.default_rng(9).normal(0, 30, planted.data.shape)
    planted._new_instance(planted.data + noise, planted.meta).save(path, overwrite=True)


def narrow(path):
    planted, _ = frame(field_of(BAD), minute=BAD, shape=(40, 61))
    planted.save(path, overwrite=True)


def astray(path):
    planted, _ = frame(field_of(BAD), minute=BAD, center=(300, -50) * u.arcsec)
    noise = np.random.default_rng(9).normal(0, 5, planted.data.shape)
    planted._new_instance(planted.data + noise, planted.meta).save(path, overwrite=True)


def again(path):
    planted = planted_map(BAD)
    planted._new_instance(planted.data, planted_map(BAD - 1).meta).save(path, overwrite=True)


def without_coordinates(path):
    fits.PrimaryHDU(planted_map(BAD).data, fits.Header({"DATE-OBS": "2017-07-13T20:21:41", "BUNIT": "G"})).writeto(
        path, overwrite=True
    )


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (cut, "not a complete FITS file"),
        (empty, "not a complete FITS file"),
        (text, "not a complete FITS file"),
        (blind, "no data"),
        (constant, "all pixels are alike"),
        (noisy, "noise of 30"),
        (narrow, "40 x 61 pixels in place of 40 x 60"),
        (astray, "points 2700 pixels away"),
        (again, "has the time of frame_03.fits"),
        (without_coordinates, "the coordinates are missing"),
    ],
)
def test_a_bad_frame_is_skipped_with_its_reason(paths, tmp_path, spoil, reason):
    spoil(paths[BAD])
    with pytest.warns(SolarUnetWarning, match=r"1 of 6 frames could not be used.*frame_04\.fits"):
        run = track(tmp_path / "run", paths)
    skipped = run.frames["skipped"]
    assert [bool(one) for one in skipped] == [False, False, False, False, True, False]
    assert reason in skipped[BAD]
    assert run.frames["file"].tolist() == [path.name for path in paths]
    wanderer = run.track(int(run.features["track_id"][run.features["flux"] > 0][0]))
    assert wanderer.features["frame"].tolist() == [0, 1, 2, 3, 5]


def test_strict_names_all_that_headers_betray_before_it_begins(paths, tmp_path):
    narrow(paths[BAD])
    cut(paths[1])
    with pytest.raises(SequenceError, match=r"2 of 6 frames cannot be used: .*frame_01\.fits.*frame_04\.fits"):
        track(tmp_path / "run", paths, strict=True)
    assert not (tmp_path / "run").exists()


def test_strict_stops_at_what_only_the_data_betray(paths, tmp_path):
    blind(paths[BAD])
    with pytest.raises(SequenceError, match=r"frame 4, frame_04\.fits: no data"):
        track(tmp_path / "run", paths, strict=True)


def test_skipped_frames_end_the_command_with_3(paths, tmp_path, capsys):
    noisy(paths[BAD])
    arguments = ["track", str(paths[0].parent), "--method", "threshold", "--threshold", "100", "--no-plots"]
    assert main([*arguments, "--output", str(tmp_path / "run")]) == 3
    assert "6 frames, 1 of them skipped" in capsys.readouterr().out
    assert main([*arguments, "--output", str(tmp_path / "strict"), "--strict"]) == 1
    assert "frame_04.fits: noise of 30" in capsys.readouterr().err


def test_files_of_which_none_can_be_used_are_an_error(paths, tmp_path):
    for path in paths:
        without_coordinates(path)
    with pytest.raises(DescriptionMissing, match=r"frame_00\.fits: the coordinates are missing"):
        track(tmp_path / "run", paths)
    assert not (tmp_path / "run").exists()


def test_the_first_gap_is_a_gap_too(tmp_path):
    """Four times the median cadence of the headers is 4 minutes; the second frame comes after 10."""
    maps = [planted_map(number) for number in (0, 10, 11, 12, 13)]
    with pytest.warns(SolarUnetWarning, match="no frame for 600 s"):
        run = track(tmp_path / "run", maps)
    assert set(run.tracks["last_frame"][run.tracks["first_frame"] == 0].tolist()) == {0}
    assert Run.read(run.folder).tracks["first_frame"].max() >= 1


def test_an_image_of_another_shape_is_skipped_though_no_header_tells(tmp_path):
    for number, rows in enumerate((40, 40, 45, 40)):
        image = np.full((rows, 60), 128, np.uint8)
        image[5:12, 10 + number : 18 + number] = 220
        image[30, number] = 130
        imsave(tmp_path / f"frame_{number}.png", image, check_contrast=False)
    described = {"field_range": 1000 * u.G, "scale": 0.5 * u.arcsec, "center": (0, 0) * u.arcsec}
    times = {"start": "2017-07-13", "cadence": 1 * u.min}
    with pytest.warns(SolarUnetWarning, match="1 of 4 frames"):
        run = track(tmp_path / "run", tmp_path / "frame_*.png", **described, **times)
    assert run.frames["skipped"].tolist() == ["", "", "45 x 60 pixels in place of 40 x 60", ""]
    assert run.tracks["lifetime"].tolist() == [4]
