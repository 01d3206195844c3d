import subprocess
import sys
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits

from sunpy_solarunet.cli import main
from sunpy_solarunet.synthetic import six_events
from sunpy_solarunet.tracking.tables import SCHEMAS, read_table

GEOMETRY = ["--unit", "G", "--scale", "0.0833", "--extent", "413", "428", "-204", "-194"]
TIMES = ["--times", "2017-07-13T20:17:41", "2017-07-13T20:18:38", "2017-07-13T20:19:34"]
CLASSICAL = ["--method", "threshold", "--threshold", "100", "--quiet"]


@pytest.fixture
def bare_files(tmp_path):
    """Three files without coordinates, unit or time, of 120 rows and 180 columns."""
    paths = []
    for number in range(3):
        field = np.full((120, 180), 3.0, np.float32)
        field[30:40, 50 + 2 * number : 60 + 2 * number] = 400
        if number == 1:
            field[80:86, 140:150] = -300
        path = tmp_path / f"frame_{number}.fits"
        fits.PrimaryHDU(field).writeto(path)
        paths.append(str(path))
    return paths


@pytest.fixture
def map_files(tmp_path):
    """The frames of the six events as complete FITS files."""
    maps, _ = six_events()
    paths = []
    for number, frame in enumerate(maps):
        path = tmp_path / f"map_{number}.fits"
        frame.save(path)
        paths.append(str(path))
    return paths


def test_files_without_coordinates_are_described_on_the_command_line(bare_files, tmp_path, capsys):
    output = tmp_path / "run"
    assert main(["track", *bare_files, *GEOMETRY, *TIMES, *CLASSICAL, "--output", str(output)]) == 0
    assert sorted(path.name for path in output.iterdir()) == sorted(
        [f"{name}.ecsv" for name in SCHEMAS] + [f"frame_{number:04d}.png" for number in range(3)]
    )
    features = read_table(output / "features.ecsv")
    assert features["Tx"][0].to_value("arcsec") == pytest.approx(413 + 55 / 12, abs=1e-3)
    assert features["Ty"][0].to_value("arcsec") == pytest.approx(-204 + 35 / 12, abs=1e-3)
    assert features["time"][-1].isot == "2017-07-13T20:19:34.000000000"
    events = read_table(output / "events.ecsv")
    assert events["kind"].tolist() == ["appearance", "disappearance"]
    assert "appearance           1" in capsys.readouterr().out


@pytest.mark.parametrize("way", ["file", "start", "pattern"])
def test_times_come_from_a_file_or_a_cadence_or_the_names(bare_files, tmp_path, way):
    if way == "file":
        (tmp_path / "times.txt").write_text("\n".join(TIMES[1:]) + "\n")
        options = ["--times", str(tmp_path / "times.txt")]
    elif way == "start":
        options = ["--start", "2017-07-13T20:17:41", "--cadence", "1 min"]
    else:
        names = [path.replace("frame_", "frame_20170713_20170") for path in bare_files]
        bare_files = [str(Path(path).rename(name)) for path, name in zip(bare_files, names, strict=True)]
        options = ["--time-pattern", "frame_%Y%m%d_%H%M%S"]
    arguments = ["track", *bare_files, *GEOMETRY, *options, *CLASSICAL, "--no-plots", "--output", str(tmp_path / "run")]
    assert main(arguments) == 0
    times = read_table(tmp_path / "run" / "frames.ecsv")["time"]
    expected = {"file": [0, 57, 113], "start": [0, 60, 120], "pattern": [0, 1, 2]}[way]
    assert (times - times[0]).to_value(u.s) == pytest.approx(expected)


def test_complete_files_need_no_description(map_files, tmp_path, capsys):
    assert main(["track", *map_files[::-1], *CLASSICAL, "--no-plots", "--output", str(tmp_path / "run")]) == 0
    assert "merging              1" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["ecsv", "fits", "hdf5", "parquet", "asdf"])
def test_tables_are_written_in_the_format_asked_for(map_files, tmp_path, name):
    output = tmp_path / "run"
    assert main(["track", *map_files, *CLASSICAL, "--no-plots", "--format", name, "--output", str(output)]) == 0
    assert len(read_table(output / f"events.{name}")) == 7


def test_results_are_not_replaced_unasked(map_files, tmp_path, capsys):
    arguments = ["track", *map_files, *CLASSICAL, "--no-plots", "--output", str(tmp_path / "run")]
    assert main(arguments) == 0
    assert main(arguments) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert main([*arguments, "--overwrite"]) == 0


def test_what_was_found_before_a_broken_file_is_kept(map_files, tmp_path, capsys):
    with open(map_files[4], "r+b") as file:  # noqa: PTH123
        file.truncate(40_000)
    output = tmp_path / "run"
    times = [f"2024-05-01T16:0{minute}:00" for minute in range(8)]
    assert main(["track", *map_files, *CLASSICAL, "--no-plots", "--times", *times, "--output", str(output)]) == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "map_4.fits: not a complete FITS file" in message
    assert len(read_table(output / "frames.ecsv")) == 4
    assert len(read_table(output / "events.ecsv")) > 0


def test_one_magnetogram_is_segmented_drawn_and_measured(map_files, tmp_path, capsys):
    plot, table, mask = (tmp_path / name for name in ("one.png", "one.ecsv", "mask.fits"))
    arguments = [
        "segment",
        map_files[3],
        *CLASSICAL[:-1],
        "--plot",
        str(plot),
        "--table",
        str(table),
        "--mask",
        str(mask),
    ]
    assert main(arguments) == 0
    assert "15 features" in capsys.readouterr().out
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert len(read_table(table)) == 15
    assert set(np.unique(fits.getdata(mask))) == {-1, 0, 1}
    assert main(arguments) == 1
    assert "exists" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["track", "nowhere/*.fits"], "no file fits it"),
        (["segment", "nowhere.fits"], "no such file"),
        (["segment", "{bare}", "--unit", "G", "--extent", "0", "15", "0", "10"], "time of observation is missing"),
        (["segment", "{bare}", "--unit", "G", "--time", "2017-07-13"], "coordinates are missing"),
        (
            ["segment", "{bare}", "--extent", "0", "15", "0", "10", "--time", "2017-07-13"],
            "unit of the field is missing",
        ),
        (["segment", "{bare}", "--method", "watershed"], "'network', 'threshold', 'hysteresis', 'downhill'"),
        (["segment", "{bare}", "--model", "solarnet"], "unknown model 'solarnet'"),
        (["train", "--images", "nowhere", "--labels", "nowhere", "--output", "{folder}"], "no such folder"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(arguments, message, bare_files, tmp_path, capsys):
    known = {"{bare}": bare_files[0], "{folder}": str(tmp_path / "model")}
    assert main([known.get(argument, argument) for argument in arguments]) == 1
    told = capsys.readouterr().err
    assert message in told
    assert told.startswith("solarunet: error:")
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["follow"],
        ["segment"],
        ["segment", "one.fits", "--threshold", "100 km"],
        ["track", "a", "--extent", "1", "2"],
    ],
)
def test_wrong_options_end_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "solarunet" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["track", "segment", "train", "demo"])
def test_each_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) > 8


def test_an_interruption_ends_with_130(map_files, tmp_path, monkeypatch):
    from sunpy_solarunet import Segmenter

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Segmenter, "__call__", interrupt)
    assert main(["track", *map_files, *CLASSICAL, "--no-plots", "--output", str(tmp_path / "run")]) == 130
    assert (tmp_path / "run" / "events.ecsv").is_file()


def test_the_demonstration_finds_what_it_planted(tmp_path, capsys, monkeypatch):
    from sunpy_solarunet import demo

    monkeypatch.setattr(demo, "_sample_file", lambda: None)
    assert main(["demo", "--output", str(tmp_path / "demo"), "--quiet"]) == 0
    printed = capsys.readouterr().out
    assert "7 of 7 found, 0 others" in printed
    assert str(tmp_path / "demo") in printed
    names = {path.name for path in (tmp_path / "demo").iterdir()}
    assert {"events.ecsv", "frame_0007.png"} <= names
    assert names & {"movie.mp4", "movie.gif"}
    assert sum(name.startswith("event_") for name in names) == 7


def test_the_demonstration_segments_a_real_magnetogram_where_there_is_one(tmp_path, capsys, monkeypatch, hmi_frames):
    from sunpy_solarunet import demo

    hmi_frames[0].save(tmp_path / "sample.fits")
    monkeypatch.setattr(demo, "_sample_file", lambda: tmp_path / "sample.fits")
    demo._real_magnetogram(demo.Segmenter("threshold", threshold=20 * u.G), tmp_path)
    assert "hmi.png" in capsys.readouterr().out
    assert (tmp_path / "hmi.png").is_file()


def test_the_classical_way_never_imports_tensorflow(map_files, tmp_path):
    script = (
        "import sys; from sunpy_solarunet.cli import main; "
        f"main({['track', *map_files, *CLASSICAL, '--output', str(tmp_path / 'run')]!r}); "
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
