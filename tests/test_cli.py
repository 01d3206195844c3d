import json
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits

import sunpy_solarunet
from sunpy_solarunet import Segmenter
from sunpy_solarunet.cli import main
from sunpy_solarunet.cli.words import in_options
from sunpy_solarunet.errors import DescriptionMissing, SolarUnetError
from sunpy_solarunet.runs import inputs
from sunpy_solarunet.segmentation import weights
from sunpy_solarunet.synthetic import six_events
from sunpy_solarunet.tracking.tables import SCHEMAS, read_table

GEOMETRY = ["--unit", "G", "--scale", "0.0833", "--extent", "413", "428", "-204", "-194"]
TIMES = ["--times", "2017-07-13T20:17:41", "2017-07-13T20:18:38", "2017-07-13T20:19:34"]
METHOD = ["--method", "threshold", "--threshold", "100"]
CLASSICAL = [*METHOD, "--quiet"]


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
    assert main(["track", *bare_files, *GEOMETRY, *TIMES, *METHOD, "--output", str(output)]) == 0
    assert sorted(path.name for path in output.iterdir() if path.name[0] != ".") == sorted(
        [f"{name}.ecsv" for name in SCHEMAS]
        + [f"frame_{number:04d}.png" for number in range(3)]
        + ["run.json", "frames", "pairs"]
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
    assert main(["track", *map_files[::-1], *METHOD, "--no-plots", "--output", str(tmp_path / "run")]) == 0
    assert "merging              1" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["ecsv", "fits", "hdf5", "parquet", "asdf", "csv"])
def test_tables_are_written_in_the_format_asked_for(map_files, tmp_path, name):
    output = tmp_path / "run"
    assert main(["track", *map_files, *CLASSICAL, "--no-plots", "--format", name, "--output", str(output)]) == 0
    assert len(read_table(output / f"events.{name}")) == 7


def test_results_are_not_replaced_unasked(map_files, tmp_path, capsys):
    arguments = ["track", *map_files, *CLASSICAL, "--no-plots", "--output", str(tmp_path / "run")]
    assert main(arguments) == 0
    assert main([*arguments, "--min-pixels", "12"]) == 1
    assert "min_pixels was 10 and is now 12" in (message := capsys.readouterr().err)
    assert "--overwrite" in message
    assert main([*arguments, "--min-pixels", "12", "--overwrite"]) == 0


def test_a_broken_file_is_skipped_and_told_of(map_files, tmp_path, capsys):
    with open(map_files[4], "r+b") as file:  # noqa: PTH123
        file.truncate(40_000)
    output = tmp_path / "run"
    times = [f"2024-05-01T16:0{minute}:00" for minute in range(8)]
    arguments = ["track", *map_files, *CLASSICAL, "--no-plots", "--times", *times, "--output", str(output)]
    assert main(arguments) == 3
    told = capsys.readouterr()
    assert told.err.count("\n") == 1
    assert "map_4.fits: not a complete FITS file" in told.err
    assert told.out == ""
    assert main([*arguments, "--no-quiet"]) == 3
    assert "8 frames, 1 of them skipped" in capsys.readouterr().out
    frames = read_table(output / "frames.ecsv")
    assert frames["frame"][frames["skipped"] != ""].tolist() == [4]
    assert len(read_table(output / "events.ecsv")) > 0


def test_one_magnetogram_is_segmented_drawn_and_measured(map_files, tmp_path, capsys):
    plot, table, mask = (tmp_path / name for name in ("one.png", "one.ecsv", "mask.fits"))
    arguments = [
        "segment",
        map_files[3],
        *METHOD,
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


WEAK, STRONG = "threshold,threshold=100", "threshold,threshold=250,polarity-threshold=350"
COMPARED = ["--first", WEAK, "--second", STRONG, "--quiet"]


def test_two_methods_are_compared_with_one_command(bare_files, tmp_path, capsys):
    """Patches of 400 G, 10 by 10 pixels, in all frames; one of -300 G, 6 by 10, in the middle one."""
    table, plot = tmp_path / "compared.ecsv", tmp_path / "compared.png"
    options = [*COMPARED, "--output", str(table), "--plot", str(plot)]
    assert main(["compare", *bare_files, *GEOMETRY, *TIMES, *options]) == 0
    compared = read_table(table)
    assert compared["method"].tolist() == [WEAK, STRONG] * 4
    assert compared["n_features"].tolist() == [1, 1, 2, 1, 1, 1, 4, 3]
    sizes = compared["area_minimum"] / compared["area_maximum"]
    assert sizes.to_value(u.one) == pytest.approx([1, 1, 0.6, 1, 1, 1, 0.6, 1])
    fluxes = compared["flux_minimum"] / compared["flux_maximum"]
    assert fluxes[2].to_value(u.one) == pytest.approx(0.6 * 300 / 400)
    assert np.isnan(compared["area_p_value"]).all()
    assert compared.meta["methods"][STRONG]["polarity_threshold"] == "350 G"
    printed = capsys.readouterr()
    assert "frame 1, 2017-07-13T20:18:38.000: 2 features by threshold,threshold=100, 1 features by" in printed.out
    assert "all frames: 4 features" in printed.out
    assert "note: two samples of features are not tested: there are 2 and 1, and 5 are needed" in printed.err
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert main(["compare", *bare_files, *GEOMETRY, *TIMES, *options]) == 1
    assert "--overwrite" in capsys.readouterr().err


def test_the_network_is_compared_with_downhill_where_nothing_else_is_said(map_files, tmp_path, capsys, monkeypatch):
    asked = []

    class Recorder(Segmenter):
        def __init__(self, method, **settings):
            asked.append((method, settings["min_pixels"]))
            super().__init__("threshold" if method == "network" else method, **settings)

    monkeypatch.setattr(sunpy_solarunet, "Segmenter", Recorder)
    table = tmp_path / "compared.ecsv"
    assert main(["compare", map_files[3], "--quiet", "--output", str(table)]) == 0
    assert asked == [("network", 2), ("downhill", 2)]
    compared = read_table(table)
    assert compared["method"].tolist() == ["network", "downhill"] * 2
    assert compared["n_features"][0] == 15
    assert (compared["area_p_value"] >= 0).all()
    assert "all frames" not in capsys.readouterr().out


def test_a_model_and_its_threshold_can_be_named(map_files, capsys):
    arguments = ["compare", map_files[3], "--first", "network:solarunet-paper", "--second", "threshold", "--quiet"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "features by network:solarunet-paper, 15 features by threshold\n" in printed
    assert printed.count("Epps-Singleton statistic") == 2


def test_the_pixel_area_of_table_2_can_be_asked_for(bare_files, tmp_path):
    table = tmp_path / "compared.ecsv"
    arguments = ["compare", bare_files[0], *GEOMETRY, *TIMES[:2], *COMPARED]
    assert main([*arguments, "--pixel-area", "3621.03 km2", "--output", str(table)]) == 0
    assert read_table(table)["area_maximum"][0].to_value(u.Mm**2) == pytest.approx(0.362103)


def test_the_features_of_two_runs_are_compared_as_they_are(bare_files, tmp_path, capsys):
    for name, gauss in (("weak", "100"), ("strong", "350")):
        run = ["--method", "threshold", "--threshold", gauss, "--no-plots", "--quiet", "--output", str(tmp_path / name)]
        assert main(["track", *bare_files, *GEOMETRY, *TIMES, *run]) == 0
    table = tmp_path / "compared.ecsv"
    folders = [str(tmp_path / "weak"), str(tmp_path / "strong")]
    assert main(["compare", *folders, "--output", str(table)]) == 0
    compared = read_table(table)
    assert compared["n_features"].tolist() == [1, 1, 2, 1, 1, 1, 4, 3]
    assert compared["method"].tolist() == folders * 4
    capsys.readouterr()
    assert main(["compare", *folders, "--first", "threshold"]) == 1
    assert "leave out --first" in capsys.readouterr().err
    assert main(["compare", folders[0], bare_files[0]]) == 1
    assert "two runs' folders or two tables of features, or magnetograms" in capsys.readouterr().err
    short = ["--method", "threshold", "--no-plots", "--quiet", "--output", str(tmp_path / "short")]
    assert main(["track", *bare_files[:2], *GEOMETRY, *TIMES[:3], *short]) == 0
    capsys.readouterr()
    assert main(["compare", folders[0], str(tmp_path / "short")]) == 1
    assert "3 and 2 frames" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("downhill:300", "downhill has no model; thresholds are written downhill,threshold=300"),
        ("threshold,hight=300", "'hight=300' is not one of threshold=, low=, polarity_threshold=, probability="),
        ("threshold,threshold=strong", "'strong' is not a number or a value in G"),
        ("network,probability=half", "half"),
        ("network:solarunt", "did you mean 'solarunet'?"),
    ],
)
def test_a_method_that_is_not_written_as_it_should_be_ends_with_2(method, message, capsys):
    with pytest.raises(SystemExit) as end:
        main(["compare", "one.fits", "--first", method])
    assert end.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["track", "nowhere/*.fits"], "no file fits it"),
        (["compare", "nowhere/*.fits", "--first", "threshold"], "no file fits it"),
        (["compare", "{bare}", "--first", "threshold,low=90"], "has no low"),
        (["segment", "nowhere.fits"], "no such file"),
        (["segment", "{bare}", "--unit", "G", "--extent", "0", "15", "0", "10"], "time of observation is missing"),
        (["segment", "{bare}", "--unit", "G", "--time", "2017-07-13"], "coordinates are missing"),
        (
            ["segment", "{bare}", "--extent", "0", "15", "0", "10", "--time", "2017-07-13"],
            "unit of the field is missing",
        ),
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["segment", "{nothing}", "--plot", "a.xyz"], "a.xyz: unknown suffix '.xyz'"),
        (["segment", "{nothing}", "--plot", "nowhere/a.png"], "there is no folder"),
        (["segment", "{nothing}", "--table", "a.ecvs"], "did you mean '.ecsv'"),
        (["segment", "{nothing}", "--mask", "a.png"], "a.png: unknown suffix '.png'"),
        (["segment", "{nothing}", "--min-pixels", "0"], "--min-pixels must be a whole number"),
        (["segment", "{nothing}", "--probability", "1.5"], "--probability must be a number from 0 to 1"),
        (["segment", "{nothing}", "--scale", "1", "1", "1"], "--scale takes one number, or two"),
        (["track", "{nothing}", "--output", "{file}"], "is a file: a folder is needed"),
        (["track", "{nothing}", "--output", "{file}/run"], "is a file: a folder is needed"),
        (["track", "{nothing}", "--max-speed", "-1"], "--max-speed must not be negative"),
        (["track", "{nothing}", "--times", "noon"], "--times: 'noon' is not a time"),
        (["compare", "{nothing}", "--output", "a.txt"], "a.txt: unknown suffix '.txt'"),
        (["compare", "{nothing}", "--plot", "a.xyz"], "a.xyz: unknown suffix '.xyz'"),
        (["compare", "{nothing}", "--min-pixels", "0"], "--min-pixels must be"),
        (["compare", "{nothing}", "--pixel-area", "-1"], "--pixel-area must not be negative"),
        (["train", "--output", "m", "--steps", "0"], "--steps must be a whole number of at least 1, got 0"),
        (["train", "--output", "m", "--batch", "-2"], "--batch must be a whole number from 1"),
        (["train", "--output", "m", "--crop", "100"], "--crop must be a multiple of 8"),
        (["train", "--output", "m", "--learning-rate", "nan"], "--learning-rate must be a number"),
        (["train", "--output", "m", "--set", "kernels=3"], "kernels must be a list"),
        (["train", "--output", "m", "--resume"], "no checkpoint to resume from"),
        (["train", "--output", "m", "--logs", "{file}"], "is a file: a folder is needed"),
        (["train", "--output", "{file}"], "is a file: a folder is needed"),
        (["train", "--output", "m", "--images", "."], "give --labels, or --label-method"),
        (["train", "--output", "m", "--label-low", "3"], "belong to --label-method"),
        (["train", "--output", "m", "--validation", "-1"], "--validation must be"),
        (["demo", "--output", "{file}"], "is a file: a folder is needed"),
        (["demo", "--seed", "-1"], "--seed must be"),
    ],
)
def test_what_is_asked_for_is_checked_before_files_are_read(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    known = {"{nothing}": "nothing.fits", "{file}": "file", "{file}/run": "file/run"}
    assert main([known.get(argument, argument) for argument in arguments]) == 1
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_is_asked_for_is_checked_before_tensorflow_is_imported(tmp_path):
    script = (
        "import sys; from sunpy_solarunet.cli import main; "
        f"ends = [main(['train', '--output', {str(tmp_path / 'model')!r}, '--steps', '0']), "
        "main(['segment', 'nothing.fits', '--table', 'a.csv']), main(['track', 'nothing.fits'])]; "
        "sys.exit(ends != [1, 1, 1] or 'tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["segmnt", "one.fits"], "did you mean 'segment'?"),
        (["segment", "one.fits", "--method", "treshold"], "unknown method 'treshold'; did you mean 'threshold'?"),
        (["segment", "one.fits", "--method", "watershed"], "'network', 'threshold', 'hysteresis', 'downhill'"),
        (["segment", "one.fits", "--model", "solarunt"], "file; did you mean 'solarunet'?"),
        (["segment", "one.fits", "--area", "surfaces"], "unknown area 'surfaces'; did you mean 'surface'?"),
        (["segment", "one.fits", "--precision", "bfloat"], "did you mean 'bfloat16'?"),
        (["track", "one.fits", "--format", "ecvs"], "unknown table format 'ecvs'; did you mean 'ecsv'?"),
        (["track", "one.fits", "--association", "likelyhood"], "did you mean 'likelihood'?"),
        (["track", "one.fits", "--event-rules", "swami"], "unknown event rules 'swami'; did you mean 'swamis'?"),
        (["track", "one.fits", "--identity", "old"], "unknown identity 'old'; choose one of 'largest_flux', 'new'"),
        (["train", "--output", "m", "--precision", "float23"], "did you mean 'float32'?"),
        (["train", "--output", "m", "--recipe", "papr"], "did you mean 'paper'?"),
        (["train", "--output", "m", "--initial", "nowhere"], "unknown model 'nowhere'"),
        (["compare", "one.fits", "--first", "watershed"], "'network', 'threshold', 'hysteresis', 'downhill'"),
        (["segment", "one.fits", "--treshold", "100"], "did you mean '--threshold'?"),
        (["segment", "one.fits", "--unit", "gauze"], "'gauze' is not a unit"),
        (["segment", "one.fits", "--unit", "km"], "'km' is not a unit of a magnetic field"),
        (["segment", "one.fits", "--time", "noon"], "'noon' is not a time"),
        (["track", "one.fits", "--start", "noon"], "'noon' is not a time"),
        (["train", "--output", "m", "--set", "step=3"], "did you mean 'steps'?"),
        (["train", "--output", "m", "--set", "output=3"], "'output' is no entry of a recipe"),
        (["compare", "one.fits", "--first", "threshold,treshold=3"], "did you mean 'threshold'?"),
    ],
)
def test_wrong_options_say_what_was_probably_meant(arguments, message, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("center", "expected"),
    [(["-1e1", "5"], (-10, 5)), (["-.5E1", "-2e-1"], (-5, -0.2)), (["-10 arcsec", "-0.1arcmin"], (-10, -6))],
)
def test_negative_numbers_may_be_written_in_any_way(bare_files, tmp_path, center, expected):
    """The patch of rows 30 to 39 and columns 50 to 59 lies 35 columns and 25 rows from the middle."""
    table = tmp_path / "one.ecsv"
    where = ["--unit", "G", "--time", TIMES[1], "--scale", "1", "--center", *center]
    assert main(["segment", bare_files[0], *where, *METHOD, "--table", str(table)]) == 0
    found = read_table(table)
    assert found["Tx"][0].to_value("arcsec") == pytest.approx(expected[0] + 54.5 - 89.5, abs=1e-3)
    assert found["Ty"][0].to_value("arcsec") == pytest.approx(expected[1] + 34.5 - 59.5, abs=1e-3)


@pytest.mark.parametrize("suffix", [".ecsv", ".fits", ".hdf5", ".parquet", ".asdf"])
def test_the_features_of_one_magnetogram_are_written_in_any_format(map_files, tmp_path, suffix):
    table = tmp_path / f"one{suffix}"
    assert main(["segment", map_files[3], *METHOD, "--table", str(table)]) == 0
    assert len(read_table(table)) == 15


def test_a_run_that_fails_before_its_first_frame_leaves_nothing_in_the_way(map_files, tmp_path, monkeypatch, capsys):
    arguments = ["track", *map_files, *CLASSICAL, "--no-plots", "--output", str(tmp_path / "run")]

    def fail(*_):
        raise SolarUnetError("no luck")

    with monkeypatch.context() as broken:
        broken.setattr(Segmenter, "__call__", fail)
        assert main(arguments) == 1
    assert not (tmp_path / "run").exists()
    assert main(arguments) == 0


@pytest.mark.parametrize(
    ("missing", "command", "expected"),
    [
        (("unit",), "segment", "one.fits: the unit of the field is missing; give --unit"),
        (("time", "coordinates"), "segment", "the coordinates are missing; give --time; --scale and --center or"),
        (("time",), "track", "time of observation is missing; give --times or --start and --cadence or --time-pattern"),
        (("unit", "time", "coordinates"), "track", "the time of observation and the coordinates are missing"),
    ],
)
def test_what_a_description_lacks_is_told_in_options(missing, command, expected, tmp_path, monkeypatch, capsys):
    def fail(*_, **__):
        raise DescriptionMissing("one.fits", missing)

    (tmp_path / "one.fits").touch()
    monkeypatch.setattr(sunpy_solarunet, "magnetogram", fail)
    monkeypatch.setattr(inputs, "read_magnetograms", fail)
    monkeypatch.chdir(tmp_path)
    assert main([command, "one.fits", "--method", "threshold"]) == 1
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "an image needs field_range=, for example field_range=300 * u.G",
            "needs --field-range, for example --field-range '300 G'",
        ),
        ("missing; give it, for example unit=u.G", "for example --unit G"),
        ("give it as time=", "give it as --time"),
        ("min_pixels must be 3", "--min-pixels must be 3"),
        ("speed=3 is none of its options", "speed=3 is none"),
        ("padding=True confirms it, padding=False does not", "--padding confirms it, --no-padding does not"),
        ("has no probability: use method='network'", "use --method network"),
    ],
)
def test_errors_speak_in_options(text, expected):
    options = Namespace(field_range=None, unit=None, time=None, min_pixels=3, padding=None, method=None)
    assert expected in in_options(ValueError(text), options)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"temperature": "hot"}, "temperature must be"),
        ({"temperature": 0}, "temperature must be"),
        ({"input": {}}, "input must have an entry"),
        ({"input": 5}, "input must name"),
        ({"input": {"scale_gauss": 300.0}}, "its input is that of another architecture"),
        ({"network": 5}, "network must name"),
        ({"network": {"architecture": "polarity_blind", "kernels": [0]}}, "cannot be built"),
        ({"network": {"architecture": "polarityblind"}}, "did you mean 'polarity_blind'?"),
        ({"probability": 7}, "probability must be"),
        ({"polarity_threshold_gauss": "a"}, "polarity_threshold_gauss must be"),
        ({"sha256": "0"}, "not the weights of the specification"),
    ],
)
def test_a_model_whose_specification_is_damaged_is_told(map_files, tmp_path, capsys, entries, message):
    model = tmp_path / "model"
    shutil.copytree(weights.BUNDLED / "solarunet", model)
    stored = json.loads((model / "specification.json").read_text())
    (model / "specification.json").write_text(json.dumps(stored | entries))
    assert main(["segment", map_files[0], "--model", str(model)]) == 1
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1


def test_a_model_is_not_trained_over_unasked(tmp_path, capsys):
    model = shutil.copytree(weights.BUNDLED / "solarunet", tmp_path / "model")
    before = {path.name: path.read_bytes() for path in model.iterdir()}
    scenes = ["--recipe", "solarunet", "--set", "scenes=1", "--validation", "0", "--steps", "1"]
    assert main(["train", "--output", str(model), *scenes]) == 1
    told = capsys.readouterr().err
    assert "exists: go on with this training (--resume), replace it by a new one (--overwrite)" in told
    assert told.count("\n") == 1
    assert {path.name: path.read_bytes() for path in model.iterdir()} == before


@pytest.mark.parametrize("content", [b"", b"junk" * 100, b"PK\x03\x04junk"])
def test_a_damaged_checkpoint_is_told(tmp_path, capsys, content):
    (tmp_path / "checkpoint.npz").write_bytes(content)
    scenes = ["--recipe", "solarunet", "--set", "scenes=1", "kernels=[2,2]", "--crop", "32", "--steps", "1", "--quiet"]
    assert main(["train", "--output", str(tmp_path), "--resume", *scenes]) == 1
    assert "checkpoint.npz: the checkpoint is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["track", "segment", "compare", "train", "demo"])
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
    assert not (tmp_path / "run").exists()


def test_the_demonstration_finds_what_it_planted(tmp_path, capsys, monkeypatch):
    from sunpy_solarunet import demo

    monkeypatch.setattr(demo, "_sample_file", lambda: None)
    assert main(["demo", "--output", str(tmp_path / "demo")]) == 0
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
