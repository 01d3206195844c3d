"""
The figures of a run: its frames and its events.
"""

from contextlib import closing
from functools import partial

from tqdm.auto import tqdm

from sunpy_solarunet.runs.atomic import written_whole
from sunpy_solarunet.runs.crew import in_order
from sunpy_solarunet.runs.layout import Layout

__all__ = ["draw_events", "draw_frames"]


def draw_frames(run, *, workers=1, palette="default", progress=False):
    """
    Draw each frame with its events into a run's folder.

    Parameters
    ----------
    run : `~sunpy_solarunet.Run`
    workers : `int`
        Number of processes.
    palette : `str`
        One of `~sunpy_solarunet.plotting.palettes.PALETTES`.
    progress : `bool`
        Show a bar.

    Returns
    -------
    list of `pathlib.Path`
    """
    return _drawn(partial(_draw_frame, palette=palette), run, run.used_frames(), workers, progress)


def draw_events(run, *, workers=1, palette="default", progress=False):
    """
    Draw each event, in the two frames around it, into a run's folder.

    Parameters
    ----------
    run : `~sunpy_solarunet.Run`
    workers : `int`
        Number of processes.
    palette : `str`
        One of `~sunpy_solarunet.plotting.palettes.PALETTES`.
    progress : `bool`
        Show a bar.

    Returns
    -------
    list of `pathlib.Path`
    """
    return _drawn(partial(_draw_event, palette=palette), run, run.events["event_id"].tolist(), workers, progress)


def _drawn(draw, run, numbers, workers, progress):
    with closing(in_order(draw, run, numbers, workers)) as drawn:
        return list(tqdm(drawn, total=len(numbers), unit="figure", disable=not progress))


def _draw_frame(run, number, palette):
    from sunpy_solarunet.plotting import save_frame

    path = Layout(run.folder).figure(number)
    with written_whole(path) as temporary:
        save_frame(temporary, run.catalog(number), run.events, palette=palette)
    return path


def _draw_event(run, number, palette):
    from matplotlib.figure import Figure

    from sunpy_solarunet.plotting.pairs import FIGURE_SIZE

    event = run.event(number)
    path = run.folder / f"event_{number:02d}_{event.row['kind']}.png"
    figure = Figure(figsize=FIGURE_SIZE)
    event.plot(figure=figure, palette=palette)
    with written_whole(path) as temporary:
        figure.savefig(temporary, dpi=120)
    return path
