"""
``solarunet info``: what the package sees in files, and what it would do.
"""

from argparse import Namespace

from sunpy_solarunet.cli.building import description_of, reading_of, segmenter_of, tracker_of
from sunpy_solarunet.cli.options import add_command, add_reading, add_segmentation, add_times, add_tracking
from sunpy_solarunet.cli.outcome import Outcome
from sunpy_solarunet.cli.values import time

__all__ = ["add", "run"]


def add(commands):
    command = add_command(
        commands,
        "info",
        run,
        "tell what is seen in files, and what would be done with them",
        "Where a file lacks a description it says what is missing, and which options give it. The options are those of "
        "segment and track. A folder that track has written is summed up.",
    )
    command.add_argument(
        "files", nargs="+", metavar="FILE", help="FITS files, images, folders or patterns, or the folder of a run"
    )
    add_reading(command)
    command.add_argument("--time", type=time, help="time of observation of one file, where it does not hold it")
    add_times(command)
    add_segmentation(command)
    add_tracking(command)


def run(options):
    from sunpy_solarunet.cli.stored import is_run

    segmenter, tracker = segmenter_of(options), tracker_of(options)
    if all(map(is_run, options.files)):
        facts = [_of_run(folder) for folder in options.files]
    else:
        facts = [_of_files(options, segmenter, tracker)]
    told = {"runs": facts} if len(facts) > 1 else facts[0]
    return Outcome("\n\n".join(map(_text, facts)), told, asked_for=True)


def _of_run(folder):
    from sunpy_solarunet import Run
    from sunpy_solarunet.cli.summary import run_facts

    return run_facts(Run.read(folder))


def _of_files(options, segmenter, tracker):
    """What is seen in magnetograms, and what would be done with them."""
    from sunpy_solarunet.cli.seeing import seen_in_file, seen_in_sequence, would_be_done
    from sunpy_solarunet.cli.words import ways
    from sunpy_solarunet.runs.files import find_files

    paths, known = find_files(options.files), vars(options)
    if len(paths) == 1:
        known = {name: value for name, value in known.items() if name not in ("times", "start", "time_pattern")}
        given = {"time": options.time} if options.time else _time_of(paths[0], options)
        facts, frame = seen_in_file(paths[0], given | description_of(options))
    else:
        known = {name: value for name, value in known.items() if name != "time"}
        facts, frame = seen_in_sequence(paths, reading_of(options))
    facts["missing"] = {name: ways(name, Namespace(**known)) for name in facts["missing"]}
    return facts | would_be_done(frame, facts, segmenter, tracker)


def _time_of(path, options):
    """The time that the options of a sequence give to a single file."""
    from sunpy_solarunet.magnetograms.sequences import given_times

    reading = reading_of(options)
    found = given_times([path], *(reading[name] for name in ("times", "start", "cadence", "time_pattern")))
    return {} if found[0] is None else {"time": found[0]}


def _text(facts):
    """A line for each thing that is known, and one for each that is missing, with the options that give it."""
    lines = _run_lines(facts) if "state" in facts else [f"{name:12} {text}" for name, text in _files_lines(facts)]
    return "\n".join(lines)


def _run_lines(facts):
    from sunpy_solarunet.cli.summary import run_text

    times = f", {facts['first_time']} to {facts['last_time']} UTC" if facts["frames"] else ""
    skipped = [f"  skipped {row['frame']:5}  {row['file']}: {row['reason']}" for row in facts["skipped"]]
    return [f"{facts['folder']}: {facts['state']}{times}", run_text(facts), *skipped]


def _files_lines(facts):
    yield from _times_lines(facts)
    pixels = f"{facts['rows']} rows, {facts['columns']} columns"
    if "scale" in facts:
        pixels += f", of {_two(facts['scale'])}"
    if "pixel_length" in facts:
        pixels += f", {facts['pixel_length']:.4g} on the Sun"
    yield "pixels", pixels
    unit = f", in {facts['unit']}" if facts["unit"] else ""
    values = f", from {facts['lowest']:.4g} to {facts['highest']:.4g}" if "lowest" in facts else ""
    yield "data", f"in {facts['data_share']:.1%} of the pixels{unit}{values}"
    if "noise" in facts:
        yield "noise", f"{facts['noise']:.3g} from pixel to pixel"
    if "center" in facts:
        yield "center", f"{_two(facts['center'])} ({facts['coordinates']})"
    if "observer" in facts:
        yield "observer", ", ".join(f"{value:.4g}" for value in facts["observer"].values())
    for name, options in facts["missing"].items():
        yield "missing", f"the {name}: give {options}"
    yield from _done_lines(facts)


def _times_lines(facts):
    if "files" not in facts:
        yield "file", facts["file"]
        if facts["time"]:
            yield "time", f"{facts['time']} UTC"
        return
    yield "files", f"{facts['files']}, {len(facts['not_usable'])} of which cannot be used"
    for row in facts["not_usable"]:
        yield "", f"{row['file']}: {row['reason']}"
    if facts["shapes"]:
        yield "shapes", ", ".join(f"{number} of {shape}" for shape, number in facts["shapes"].items())
    if "first_time" in facts:
        yield "times", f"{facts['first_time']} to {facts['last_time']} UTC"
    if facts.get("cadence") is not None:
        yield "cadence", f"{facts['cadence']:.4g} (median), longest gap {facts['longest_gap']:.4g}"


def _done_lines(facts):
    yield "segment", ", ".join(f"{name} {value}" for name, value in facts["segmenter"].items())
    speed = facts["tracker"]["max_speed"]
    pace = facts["largest_move"]
    moves = "" if pace is None else f", features move by {pace.value:.2g} pixels a minute at most ({speed})"
    yield "track", facts["tracker"]["association"] + moves


def _two(values):
    return f"{values[0].value:.6g}, {values[1].value:.6g} {values.unit}"
