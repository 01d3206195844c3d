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


def draw_frames(run, *, palette="default", workers=1, progress=False):
    """
    Draw each frame with its events into a run's folder.

    Parameters
    ----------
    run : `~sunpy_solarunet.Run`
    palette : {"default", "paper"}
        Of the colors.
    workers : `int`
        Number of processes.
    progress : `bool`
        Show a bar.

    Returns
    -------
    list of `pathlib.Path`
    """
    return _drawn(partial(_draw_frame, palette), run, run.used_frames(), workers, progress)


def draw_events(run, *, palette="default", workers=1, progress=False):
    """
    Draw each event, in the two frames around it, into a run's folder.

    Parameters
    ----------
    run : `~sunpy_solarunet.Run`
    palette : {"default", "paper"}
        Of the colors.
    workers : `int`
        Number of processes.
    progress : `bool`
        Show a bar.

    Returns
    -------
    list of `pathlib.Path`
    """
    return _drawn(partial(_draw_event, palette), run, run.events["event_id"].tolist(), workers, progress)


def _drawn(draw, run, numbers, workers, progress):
    with closing(in_order(draw, run, numbers, workers)) as drawn:
        return list(tqdm(drawn, total=len(numbers), unit="figure", disable=not progress))


def _draw_frame(palette, run, number):
    from sunpy_solarunet.plotting import save_frame

    path = Layout(run.folder).figure(number)
    with written_whole(path) as temporary:
        save_frame(temporary, run.catalog(number), run.events, palette=palette)
    return path


def _draw_event(palette, run, number):
    from matplotlib.figure import Figure

    from sunpy_solarunet.plotting.pairs import FIGURE_SIZE

    event = run.event(number)
    path = run.folder / f"event_{number:02d}_{event.row['kind']}.png"
    figure = Figure(figsize=FIGURE_SIZE)
    event.plot(figure=figure, palette=palette)
    with written_whole(path) as temporary:
        figure.savefig(temporary, dpi=120)
    return path
