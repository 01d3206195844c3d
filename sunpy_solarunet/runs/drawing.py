"""
The figures of a run: its frames and its events.
"""

from tqdm.auto import tqdm

from sunpy_solarunet.runs.atomic import written_whole
from sunpy_solarunet.runs.layout import Layout

__all__ = ["draw_events", "draw_frames"]


def draw_frames(run, *, progress=False):
    """
    Draw each frame with its events into a run's folder.

    Parameters
    ----------
    run : `~sunpy_solarunet.Run`
    progress : `bool`
        Show a bar.

    Returns
    -------
    list of `pathlib.Path`
    """
    from sunpy_solarunet.plotting import save_frame

    written, layout = [], Layout(run.folder)
    for number in tqdm(run.used_frames(), unit="figure", disable=not progress):
        with written_whole(layout.figure(number)) as temporary:
            save_frame(temporary, run.catalog(number), run.events)
        written.append(layout.figure(number))
    return written


def draw_events(run, *, progress=False):
    """
    Draw each event, in the two frames around it, into a run's folder.

    Parameters
    ----------
    run : `~sunpy_solarunet.Run`
    progress : `bool`
        Show a bar.

    Returns
    -------
    list of `pathlib.Path`
    """
    from matplotlib.figure import Figure

    from sunpy_solarunet.plotting.pairs import FIGURE_SIZE

    written = []
    for row in tqdm(run.events, unit="figure", disable=not progress):
        path = run.folder / f"event_{row['event_id']:02d}_{row['kind']}.png"
        figure = Figure(figsize=FIGURE_SIZE)
        run.event(row["event_id"]).plot(figure=figure)
        with written_whole(path) as temporary:
            figure.savefig(temporary, dpi=120)
        written.append(path)
    return written
