"""
Options from a file.
"""

import pytest
from helpers import refused

from sunpy_solarunet.cli.command import make_parser
from sunpy_solarunet.cli.config import with_config


@pytest.fixture
def config(tmp_path):
    """Writes a file of options."""

    def write(text):
        path = tmp_path / "options.toml"
        path.write_text(text)
        return str(path)

    return write


def options_of(command, *arguments):
    """The options that a command would run with."""
    given = [command, *arguments]
    return with_config(make_parser(), given).parse_args(given)


def test_options_have_their_names_and_the_values_of_the_command_line(config):
    path = config(
        """
        method = "hysteresis"
        threshold = 250          # gauss
        low = "0.009 T"
        min-pixels = 4
        flux_tolerance = 0.5
        extent = [413, 473, "-204 arcsec", -144]
        start = 2017-07-13T20:17:41
        times = [2017-07-13T22:17:41+02:00, "2017-07-13T20:18:38"]
        strict = true
        no-plots = true
        """
    )
    options = options_of("track", "one.fits", "--config", path)
    assert (options.method, options.min_pixels, options.flux_tolerance) == ("hysteresis", 4, 0.5)
    assert (options.threshold.to_value("G"), options.low.to_value("G")) == pytest.approx((250, 90))
    assert [edge.to_value("arcsec") for edge in options.extent] == [413, 473, -204, -144]
    assert options.start == "2017-07-13T20:17:41"
    assert options.times == ["2017-07-13T20:17:41", "2017-07-13T20:18:38"]
    assert (options.strict, options.plots, options.movie) == (True, False, False)


def test_the_command_line_counts_more(config):
    path = config('method = "hysteresis"\nstrict = true\nplots = false\nscale = [0.5, 0.4]\nfiles = ["a", "b"]')
    given = ["--method", "downhill", "--no-strict", "--plots", "--scale", "2", "--config", path, "c.fits"]
    options = options_of("track", *given)
    assert (options.method, options.strict, options.plots, options.files) == ("downhill", False, True, ["c.fits"])
    assert [scale.to_value("arcsec") for scale in options.scale] == [2]


def test_files_and_what_must_be_given_may_stand_in_it(config):
    assert options_of("track", "--config", config('files = ["a", "b"]')).files == ["a", "b"]
    assert options_of("segment", "--config=" + config('file = "a.fits"')).file == "a.fits"
    assert options_of("train", "--config", config('output = "model"\nclasses = 3')).classes == 3


def test_a_table_belongs_to_a_command_and_counts_more_than_the_top(config):
    path = config('min-pixels = 3\n[track]\nmin_pixels = 5\nmemory = 1\n[segment]\nplot = "one.png"')
    track, segment = (
        options_of("track", "a", "--config", path),
        options_of("segment", "a", "--config", path),
    )
    assert (track.min_pixels, track.memory) == (5, 1)
    assert (segment.min_pixels, segment.plot) == (3, "one.png")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("min-pixel = 3", "options.toml: unknown option 'min-pixel'; did you mean 'min-pixels'?"),
        ("[trak]\nmemory = 3", "options.toml: there is no command 'trak'; did you mean 'track'?"),
        ("[track]\nmemry = 3", "unknown option 'memry'; did you mean 'memory'?"),
        ("min-pixels = 3\nmin_pixels = 4", "min_pixels and min-pixels say the same"),
        ("plots = true\nno-plots = true", "no-plots and plots say the same"),
        ("min-pixels = 3.5", "min-pixels must be a whole number, not 3.5"),
        ("min-pixels = true", "min-pixels must be a number, or text with a unit, not true"),
        ("min-pixels = [3]", "min-pixels must be a number"),
        ("strict = 1", "strict must be true or false, not 1"),
        ('strict = "yes"', "strict must be true or false, not 'yes'"),
        ("method = 3", "method must be text in quotes, not 3"),
        ('method = "treshold"', "method: unknown method 'treshold'; did you mean 'threshold'?"),
        ('threshold = "90 km"', "threshold: '90 km' is not a number or a value in G"),
        ("extent = [1, 2]", "extent must be a list of 4, not [1, 2]"),
        ("times = []", "times must be a list of at least one"),
        ('center = [1, "x"]', "center: 'x' is not a number"),
        ("config = 'other.toml'", "unknown option 'config'"),
        ("method = ", "options.toml: not TOML (Invalid value"),
        ("a = " + "[" * 5000, "not TOML"),
    ],
)
def test_what_it_cannot_hold_is_told_with_file_and_key(text, message, config, capsys):
    assert message in refused(["track", "one.fits", "--config", config(text)], capsys)


def test_a_file_that_is_none_is_told(tmp_path, capsys):
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    (tmp_path / "large").write_bytes(b"#" * 2_000_000)
    for name, message in {
        "nowhere": "No such file",
        "binary": "not TOML",
        "large": "not a file of options",
        ".": "not a file of options",
    }.items():
        assert message in refused(["track", "one.fits", "--config", tmp_path / name], capsys)
    assert "--config: expected one argument" in refused(["track", "one.fits", "--config"], capsys)
