"""
The figures of a run: its frames, its events, and one track against time.
"""

from contextlib import closing

import astropy.units as u
from tqdm.auto import tqdm

from sunpy_solarunet.runs.atomic import written_whole
from sunpy_solarunet.runs.crew import in_order
from sunpy_solarunet.runs.layout import Layout

__all__ = ["draw_events", "draw_frames", "plot_track"]


def draw_frames(run, *, workers=1, progress=False):
    """
    Draw each frame with its events into a run's folder.

    Parameters
    ----------
    run : `~sunpy_solarunet.Run`
    workers : `int`
        Number of processes.
    progress : `bool`
        Show a bar.

    Returns
    -------
    list of `pathlib.Path`
    """
    return _drawn(_draw_frame, run, run.used_frames(), workers, progress)


def draw_events(run, *, workers=1, progress=False):
    """
    Draw each event, in the two frames around it, into a run's folder.

    Parameters
    ----------
    run : `~sunpy_solarunet.Run`
    workers : `int`
        Number of processes.
    progress : `bool`
        Show a bar.

    Returns
    -------
    list of `pathlib.Path`
    """
    return _drawn(_draw_event, run, run.events["event_id"].tolist(), workers, progress)


def _drawn(draw, run, numbers, workers, progress):
    with closing(in_order(draw, run, numbers, workers)) as drawn:
        return list(tqdm(drawn, total=len(numbers), unit="figure", disable=not progress))


def _draw_frame(run, number):
    from sunpy_solarunet.plotting import save_frame

    path = Layout(run.folder).figure(number)
    with written_whole(path) as temporary:
        save_frame(temporary, run.catalog(number), run.events)
    return path


def _draw_event(run, number):
    from matplotlib.figure import Figure

    from sunpy_solarunet.plotting.pairs import FIGURE_SIZE

    event = run.event(number)
    path = run.folder / f"event_{number:02d}_{event.row['kind']}.png"
    figure = Figure(figsize=FIGURE_SIZE)
    event.plot(figure=figure)
    with written_whole(path) as temporary:
        figure.savefig(temporary, dpi=120)
    return path


def plot_track(track, *, figure=None):
    """
    Plot the flux and the area of a track against time, with its events.

    Parameters
    ----------
    track : `~sunpy_solarunet.runs.views.RunTrack`
    figure : `~matplotlib.figure.Figure`, optional
        A new one, if not given.

    Returns
    -------
    `~matplotlib.figure.Figure`
    """
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(7, 5), layout="constrained") if figure is None else figure
    upper, lower = figure.subplots(2, sharex=True)
    features = track.features
    times = features["time"].to_datetime()
    upper.plot(
        times, features["flux"].to_value(u.Mx), "o-", color="tab:red" if track.row["polarity"] > 0 else "tab:blue"
    )
    lower.plot(times, features["area"].to_value(u.Mm**2), "o-", color="0.3")
    upper.set_ylabel("flux (Mx)")
    lower.set_ylabel(r"area (Mm$^2$)")
    lower.set_xlabel(f"time (UT) on {features['time'][0].isot[:10]}")
    for event in track.events:
        for axes in (upper, lower):
            axes.axvline(event["time"].to_datetime(), color="0.6", linestyle=":", zorder=0)
        upper.annotate(
            str(event["kind"]), (event["time"].to_datetime(), 1), xycoords=("data", "axes fraction"), rotation=90,
            xytext=(-3, -3), textcoords="offset points", ha="right", va="top", fontsize="small", color="0.4",
        )  # fmt: skip
    upper.set_title(f"track {track.track_id}")
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator()
    lower.xaxis.set_major_locator(locator)
    lower.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    return figure
