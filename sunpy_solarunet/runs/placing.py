"""
Which track is at a place.
"""

import astropy.units as u

from sunpy_solarunet.errors import SequenceError
from sunpy_solarunet.runs.frames import read_labels

__all__ = ["nearest_frame", "track_at"]


def track_at(run, layout, coordinate, time):
    """
    The track of the element at a place.

    Parameters
    ----------
    run : `~sunpy_solarunet.Run`
    layout : `~sunpy_solarunet.runs.layout.Layout`
        Of its folder.
    coordinate : `~astropy.coordinates.SkyCoord`
    time : `~astropy.time.Time`

    Returns
    -------
    `int` or `None`
        Its number, if an element is there.
    """
    number = nearest_frame(run.frames, time)
    labels = read_labels(layout.frame(number))
    x, y = (float(pixel.value) for pixel in labels.world_to_pixel(coordinate))
    height, width = labels.data.shape
    if not (-0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5):
        return None
    label = labels.data[round(y), round(x)]
    features = run.features[run.features["frame"] == number]
    return int(features["track_id"][features["label"] == label][0]) if label else None


def nearest_frame(frames, time):
    """
    Number of the frame that could be used and is nearest to a time.

    Parameters
    ----------
    frames : `~astropy.table.QTable`
    time : `~astropy.time.Time`

    Returns
    -------
    `int`

    Raises
    ------
    SequenceError
        If the time lies farther from the first or the last frame than two frames ever do.
    """
    frames = frames[frames["skipped"] == ""]
    steps = abs((frames["time"] - time).to_value(u.s))
    between = (frames["time"][1:] - frames["time"][:-1]).to_value(u.s)
    nearest = int(steps.argmin())
    if steps[nearest] > between.max(initial=0):
        first, last = frames["time"][[0, -1]].iso
        raise SequenceError(f"{time.iso} is not within the run, which lasts from {first} to {last}")
    return int(frames["frame"][nearest])
