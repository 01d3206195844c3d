"""
The shell around the commands: what is imported, completed and said.
"""

import json
import subprocess
import sys

import numpy as np
import pytest
from astropy.io import fits
from helpers import CENTER, SCALE, TIME, frame_of, refused, two_elements

from sunpy_solarunet import Run
from sunpy_solarunet.cli import main
from sunpy_solarunet.cli.command import make_parser
from sunpy_solarunet.names import ASSOCIATIONS, METHODS, PALETTES, SUFFIXES

COMMANDS = ["track", "draw", "movie", "segment", "info", "compare", "train", "demo"]
WHERE = ["--unit", "G", "--scale", "0.5", "0.4", "--center", "120", "-80"]
METHOD = ["--method", "threshold", "--threshold", "100"]


@pytest.fixture
def one_file(tmp_path):
    """A complete file of 24 rows and 40 columns with a positive and a negative element."""
    path = tmp_path / "one.fits"
    frame_of(two_elements()).save(path)
    return path


@pytest.fixture
def bare_file(tmp_path):
    """A file with nothing but the field."""
    path = tmp_path / "bare.fits"
    fits.PrimaryHDU(two_elements().astype(np.float32)).writeto(path)
    return path


@pytest.fixture
def sequence(tmp_path):
    """A folder of four frames, 60 s apart but for the last, which comes 180 s after the third."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for minute in (0, 1, 2, 5):
        frame_of(two_elements(), time=f"2017-07-13T20:1{minute}:00").save(folder / f"frame_{minute}.fits")
    return folder


def run_of(folder, sequence, *options):
    assert main(["track", str(sequence), *METHOD, "--no-plots", "--quiet", "--output", str(folder), *options]) == 0
    return folder


def as_json(arguments, capsys):
    """The one object that a command prints, and its exit status."""
    capsys.readouterr()
    status = main([*map(str, arguments), "--json"])
    (line,) = capsys.readouterr().out.splitlines()
    facts = json.loads(line)
    assert (facts["status"], facts["command"]) == (status, arguments[0])
    return facts


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["track", "--help"], ["segment", "--methd", "x"]])
def test_help_version_and_wrong_options_import_nothing_that_takes_long(arguments):
    heavy = {"numpy", "astropy", "sunpy", "scipy", "skimage", "matplotlib", "keras", "tensorflow"}
    script = (
        "import sys\n"
        "from sunpy_solarunet.cli import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit: pass\n"
        f"sys.exit(bool({heavy!r} & {{name.partition('.')[0] for name in sys.modules}}))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, capture_output=True).returncode == 0


def test_the_help_lists_all_names(capsys):
    with pytest.raises(SystemExit):
        main(["track", "--help"])
    told = capsys.readouterr().out
    for names in (METHODS, ASSOCIATIONS, SUFFIXES):
        assert f"{{{','.join(names)}}}" in "".join(told.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_can_be_quiet_speak_json_and_take_options_from_a_file(command):
    options = set(make_parser().commands()[command].names())
    assert {"--quiet", "--json", "--config"} <= options


def test_exit_statuses_are_in_the_help(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    for status in ("0 if all went well", "1 if the input", "2 if the options", "3 if frames were skipped", "130 if"):
        assert status in told


class TestCompletion:
    @pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
    def test_a_script_is_printed_for_each_shell(self, shell, capsys):
        pytest.importorskip("shtab")
        with pytest.raises(SystemExit) as end:
            main(["--print-completion", shell])
        assert end.value.code == 0
        script = capsys.readouterr().out
        for word in (*COMMANDS, "dual_overlap", "hysteresis"):
            assert word in script

    @pytest.mark.parametrize(
        ("typed", "expected"),
        [
            (["tr"], {"track", "train"}),
            (["track", "--method", ""], set(METHODS)),
            (["track", "--model", ""], {"solarunet", "solarunet-paper", "one.fits", "run"}),
            (["track", "o"], {"one.fits"}),
            (["track", "--output", ""], {"run"}),
            (["draw", ""], {"run"}),
            (["segment", "--config", "o"], {"one.fits"}),
        ],
    )
    def test_names_files_and_folders_are_completed_where_they_are_due(self, typed, expected, tmp_path, capsys):
        pytest.importorskip("shtab")
        with pytest.raises(SystemExit):
            main(["--print-completion", "bash"])
        (tmp_path / "run").mkdir()
        (tmp_path / "one.fits").touch()
        words = " ".join(f"'{word}'" for word in ["solarunet", *typed])
        script = (
            f"{capsys.readouterr().out}\nCOMP_WORDS=({words}); COMP_CWORD={len(typed)}; _shtab_solarunet 2>/dev/null; "
            'printf "%s\\n" "${COMPREPLY[@]}"'
        )
        found = subprocess.run(["bash"], input=script, cwd=tmp_path, check=True, capture_output=True, text=True)
        assert set(found.stdout.split()) == expected

    def test_what_completion_needs_is_told_where_it_is_missing(self, monkeypatch, capsys):
        monkeypatch.setitem(sys.modules, "shtab", None)
        assert 'pip install "sunpy_solarunet[completion]"' in refused(["--print-completion", "bash"], capsys)


def test_a_run_is_the_same_with_options_from_a_file(sequence, tmp_path):
    run_of(tmp_path / "one", sequence)
    path = tmp_path / "options.toml"
    path.write_text(f'files = "{sequence}"\nmethod = "threshold"\nthreshold = 100\nplots = false\nquiet = true')
    assert main(["track", "--config", str(path), "--output", str(tmp_path / "two")]) == 0
    one, two = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("one", "two"))
    assert one == two


class TestQuietAndJson:
    def test_a_quiet_run_says_nothing(self, sequence, tmp_path, capsys):
        run_of(tmp_path / "run", sequence)
        assert capsys.readouterr() == ("", "")
        assert main(["draw", str(tmp_path / "run"), "--quiet"]) == 0
        assert capsys.readouterr() == ("", "")

    def test_what_a_command_is_asked_for_is_said_nevertheless(self, one_file, capsys):
        assert main(["info", str(one_file), "--quiet"]) == 0
        assert "24 rows, 40 columns" in capsys.readouterr().out

    def test_a_run_is_summed_up(self, sequence, tmp_path, capsys):
        (sequence / "frame_9.fits").write_bytes(b"SIMPLE")
        arguments = ["track", sequence, *METHOD, "--no-plots", "--output", tmp_path / "run"]
        facts = as_json(arguments, capsys)
        assert facts["status"] == 3
        assert (facts["state"], facts["frames"], facts["features"], facts["tracks"]) == ("whole", 5, 8, 2)
        assert facts["folder"] == str(tmp_path / "run")
        (skipped,) = facts["skipped"]
        assert (skipped["frame"], skipped["file"]) == (4, "frame_9.fits")
        assert skipped["reason"] == Run.read(tmp_path / "run").frames["skipped"][4]
        assert facts["events"] == dict.fromkeys(facts["events"], 0)

    def test_the_features_of_a_frame_are_summed_up(self, one_file, tmp_path, capsys):
        """The positive element has 21 pixels, the negative one 12."""
        facts = as_json(["segment", one_file, *METHOD, "--table", tmp_path / "one.ecsv"], capsys)
        assert (facts["features"], facts["positive"], facts["negative"]) == (2, 1, 1)
        assert facts["positive_flux"]["unit"] == "Mx"
        assert facts["written"] == [str(tmp_path / "one.ecsv")]

    def test_figures_are_drawn_in_the_colors_asked_for(self, one_file, tmp_path):
        for palette in PALETTES:
            plot = ["--plot", str(tmp_path / f"{palette}.png"), "--palette", palette]
            assert main(["segment", str(one_file), *METHOD, *plot]) == 0
        one, two = ((tmp_path / f"{palette}.png").read_bytes() for palette in PALETTES)
        assert one != two

    def test_figures_and_errors_are_told_as_json_too(self, sequence, tmp_path, capsys):
        run_of(tmp_path / "run", sequence)
        assert as_json(["draw", tmp_path / "run"], capsys)["figures"] == [f"frame_000{n}.png" for n in range(4)]
        facts = as_json(["draw", tmp_path / "nowhere"], capsys)
        assert (facts["status"], "no run is in this folder" in facts["error"]) == (1, True)

    def test_a_reader_that_stops_reading_is_no_error(self, one_file):
        command = f"{sys.executable} -m sunpy_solarunet.cli info {one_file} | true; echo ${{PIPESTATUS[0]}}"
        ended = subprocess.run(["bash", "-c", command], check=True, capture_output=True, text=True)
        assert (ended.stdout, ended.stderr) == ("141\n", "")

    def test_tensorflow_says_nothing(self, one_file):
        script = f"import sys; from sunpy_solarunet.cli import main; sys.exit(main(['segment', {str(one_file)!r}]))"
        environment = {"PATH": "", "PYTHONPATH": ":".join(sys.path), "HOME": str(one_file.parent)}
        ended = subprocess.run(
            [sys.executable, "-c", script], check=False, capture_output=True, text=True, env=environment
        )
        assert (ended.returncode, ended.stderr) == (0, "")


class TestInfo:
    def test_a_complete_file_is_described(self, one_file, capsys):
        facts = as_json(["info", one_file, *METHOD], capsys)
        assert (facts["rows"], facts["columns"], facts["unit"], facts["missing"]) == (24, 40, "G", {})
        assert facts["time"].startswith(TIME)
        assert facts["scale"]["value"] == pytest.approx(SCALE.value.tolist())
        assert facts["center"]["value"] == pytest.approx(CENTER.value.tolist())
        # A pixel is 0.447 arcsec wide, and 4 km/s are 240 km a minute.
        assert facts["largest_move"]["value"] == pytest.approx(240 / (0.447 * 725), rel=0.03)

    @pytest.mark.parametrize(
        ("given", "missing"),
        [
            ([], {"unit": "--unit", "time": "--time", "coordinates": "--scale and --center or --extent"}),
            (WHERE, {"time": "--time"}),
            (["--unit", "G", "--time", TIME], {"coordinates": "--scale and --center or --extent"}),
            ([*WHERE[2:], "--start", TIME, "--cadence", "60"], {"unit": "--unit"}),
        ],
    )
    def test_what_a_file_lacks_is_told_with_the_options_that_give_it(self, given, missing, bare_file, capsys):
        facts = as_json(["info", bare_file, *given], capsys)
        assert facts["status"] == 0
        assert facts["missing"] == missing
        assert (facts["unit"] is None) == ("unit" in missing)
        assert (facts["time"] is None) == ("time" in missing)
        assert ("scale" in facts) == ("coordinates" not in missing)
        assert (facts["largest_move"] is None) == bool({"time", "coordinates"} & set(missing))
        assert main(["info", str(bare_file), *given]) == 0
        told = capsys.readouterr().out
        for name, options in missing.items():
            assert f"missing      the {name}: give {options}\n" in told

    def test_an_image_lacks_what_its_levels_stand_for(self, tmp_path, capsys):
        from skimage.io import imsave

        path = tmp_path / "one.png"
        imsave(path, np.arange(24 * 40).reshape(24, 40).astype(np.uint8), check_contrast=False)
        missing = as_json(["info", path], capsys)["missing"]
        assert missing["field range"] == "--field-range"
        assert set(missing) == {"field range", "time", "coordinates"}

    def test_a_folder_of_files_is_summed_up(self, sequence, capsys):
        (sequence / "frame_9.fits").write_bytes(b"SIMPLE")
        facts = as_json(["info", sequence], capsys)
        assert (facts["files"], facts["shapes"]) == (5, {"24 x 40": 4})
        assert [row["file"] for row in facts["not_usable"]] == ["frame_9.fits"]
        assert (facts["first_time"][:16], facts["last_time"][:16]) == ("2017-07-13T20:10", "2017-07-13T20:15")
        assert (facts["cadence"]["value"], facts["longest_gap"]["value"]) == (60, 180)

    def test_files_without_times_say_how_to_give_them(self, tmp_path, capsys):
        for number in range(2):
            fits.PrimaryHDU(two_elements()).writeto(tmp_path / f"{number}.fits")
        facts = as_json(["info", tmp_path, *WHERE], capsys)
        assert facts["missing"] == {"time": "--times or --start and --cadence or --time-pattern"}
        assert "first_time" not in facts
        facts = as_json(["info", tmp_path, *WHERE, "--start", TIME, "--cadence", "90"], capsys)
        assert facts["cadence"] == {"value": 90, "unit": "s"}

    def test_a_run_is_summed_up(self, sequence, tmp_path, capsys):
        run = run_of(tmp_path / "run", sequence)
        facts = as_json(["info", run], capsys)
        assert (facts["state"], facts["frames"], facts["tracks"]) == ("whole", 4, 2)
        assert main(["info", str(run)]) == 0
        assert "4 frames, 8 features, 2 tracks" in capsys.readouterr().out

    @pytest.mark.parametrize("content", [b"", b"text", b"SIMPLE  =                    T"])
    def test_a_file_that_cannot_be_read_is_told_in_one_line(self, content, tmp_path, capsys):
        path = tmp_path / "one.fits"
        path.write_bytes(content)
        assert main(["info", str(path)]) == 1
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.startswith(f"solarunet: error: {path}: ")
        assert told.err.count("\n") == 1


class TestComparingRuns:
    def test_two_runs_are_compared_without_their_magnetograms(self, sequence, tmp_path, capsys):
        runs = [run_of(tmp_path / name, sequence, "--min-pixels", pixels) for name, pixels in (("a", "1"), ("b", "15"))]
        for path in sequence.iterdir():
            path.unlink()
        facts = as_json(["compare", *runs], capsys)
        assert [row["n_features"] for row in facts["rows"]] == [2, 1, 2, 1, 2, 1, 2, 1, 8, 4]
        assert {name: run["tracks"] for name, run in facts["lifetimes"]["runs"].items()} == dict(
            zip(map(str, runs), (2, 1), strict=True)
        )
        assert facts["lifetimes"]["runs"][str(runs[0])]["longest"] == 4

    def test_a_frame_that_one_of_them_skipped_is_left_out(self, sequence, tmp_path, capsys):
        one = run_of(tmp_path / "one", sequence)
        third = sorted(sequence.iterdir())[2]
        third.write_bytes(third.read_bytes()[:3000])
        times = [f"2017-07-13T20:1{minute}:00" for minute in (0, 1, 2, 5)]
        arguments = ["track", str(sequence), *METHOD, "--no-plots", "--quiet", "--times", *times]
        assert main([*arguments, "--output", str(tmp_path / "two")]) == 3
        capsys.readouterr()
        assert main(["compare", str(one), str(tmp_path / "two")]) == 0
        told = capsys.readouterr()
        assert "left out are frames that one of the runs skipped: 2" in told.err
        assert f"all frames: 6 features by {one}, 6 features by" in told.out

    def test_tables_are_compared_too(self, sequence, tmp_path, capsys):
        one, two = run_of(tmp_path / "one", sequence), run_of(tmp_path / "two", sequence, "--min-pixels", "15")
        facts = as_json(["compare", one / "features.ecsv", two / "features.ecsv"], capsys)
        assert [row["n_features"] for row in facts["rows"]][-2:] == [8, 4]
        assert facts["lifetimes"] == {}

    def test_tables_of_one_frame_are_compared_too(self, one_file, tmp_path, capsys):
        tables = [tmp_path / "one.ecsv", tmp_path / "two.ecsv"]
        for table, pixels in zip(tables, ("1", "15"), strict=True):
            options = ["--min-pixels", pixels, "--table", str(table), "--quiet"]
            assert main(["segment", str(one_file), *METHOD, *options]) == 0
        facts = as_json(["compare", *tables], capsys)
        assert [row["n_features"] for row in facts["rows"]] == [2, 1, 2, 1]
