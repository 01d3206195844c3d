"""
``solarunet info``: what the package sees in a file, and what it would do.
"""

from pathlib import Path

import astropy.units as u

from sunpy_solarunet.cli.options import (
    add_command,
    add_reading,
    add_segmentation,
    add_tracking,
    description_of,
    segmenter_of,
    tracker_of,
)

__all__ = ["add", "run"]


def add(commands):
    command = add_command(
        commands,
        "info",
        run,
        "tell what is seen in a file, and what would be done with it",
        "The options are those of segment and track. A folder that track has written is summed up.",
    )
    command.add_argument("file", help="FITS file or image, or the folder of a run")
    add_reading(command)
    command.add_argument("--time", help="time of observation, where the file does not hold it")
    add_segmentation(command)
    add_tracking(command)


def run(options):
    if Path(options.file).is_dir():
        from sunpy_solarunet import Run

        print(Run.read(options.file))
        return
    from sunpy_solarunet import magnetogram

    frame = magnetogram(options.file, time=options.time, **description_of(options))
    for name, text in {**_seen(frame), **_done(frame, options)}.items():
        print(f"{name:12} {text}")


def _seen(frame):
    """What the file holds."""
    import numpy as np

    from sunpy_solarunet.magnetograms import field_strength, pixel_length
    from sunpy_solarunet.segmentation.noise import estimate_noise

    field = field_strength(frame)
    rows, columns = field.shape
    center, observer = frame.center, frame.observer_coordinate
    valid = field[~np.isnan(field)]
    strength = f", from {valid.min():.4g} to {valid.max():.4g} G" if valid.size else ""
    return {
        "file": frame.meta["filename"],
        "time": f"{frame.date.utc.isot} UTC",
        "pixels": f"{rows} rows, {columns} columns, of {pixel_length(frame).to(u.Mm):.4g} on the Sun",
        "data": f"in {valid.size / field.size:.1%} of the pixels, in {frame.unit}{strength}",
        "noise": f"{estimate_noise(field):.3g} G from pixel to pixel",
        "center": f"{center.spherical.lon.wrap_at(180 * u.deg):.2f}, {center.spherical.lat:.2f} ({center.name})",
        "observer": f"{observer.lon:.3f}, {observer.lat:.3f}, {observer.radius.to(u.AU):.4f}",
    }


def _done(frame, options):
    """What would be done."""
    from sunpy_solarunet.magnetograms import pixel_length

    segmenter, tracker = segmenter_of(options), tracker_of(options)
    settings = ", ".join(f"{name} {value}" for name, value in segmenter.meta.items() if name != "model_sha256")
    pace = (tracker.max_speed * u.min / pixel_length(frame)).to_value(u.one)
    return {
        "segment": settings,
        "track": f"{tracker.association}, features move by {pace:.2g} pixels a minute at most ({tracker.max_speed})",
    }
