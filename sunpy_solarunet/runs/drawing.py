"""
The figures of a run: its frames and its events, and its movie.
"""

from contextlib import closing
from functools import partial

from tqdm.auto import tqdm

from sunpy_solarunet.atomic import written_whole
from sunpy_solarunet.runs.crew import in_order
from sunpy_solarunet.runs.finding import Catalogs
from sunpy_solarunet.runs.layout import Layout

__all__ = ["Drawable", "draw_events", "draw_frames"]


class Drawable:
    """What shows a run: figures of a frame and of all of them, and a movie."""

    def plot(self, frame, *, axes=None, **kwargs):
        """
        Plot a frame with its events.

        Parameters
        ----------
        frame : `int`
            Its number.
        axes : `~astropy.visualization.wcsaxes.WCSAxes`, optional
        **kwargs
            For `~sunpy_solarunet.plotting.plot_catalog`.

        Returns
        -------
        `~astropy.visualization.wcsaxes.WCSAxes`
        """
        from sunpy_solarunet import plotting

        return plotting.plot_catalog(self.catalog(frame), self.events, axes=axes, **kwargs)

    def movie(self, path=None, **kwargs):
        """
        Write a movie of the frames with their events.

        Parameters
        ----------
        path : path-like, optional
            ``movie`` in the run's folder, if not given.
        **kwargs
            For `~sunpy_solarunet.plotting.movie`.

        Returns
        -------
        `pathlib.Path`
        """
        from sunpy_solarunet import plotting

        path = self.folder / "movie.mp4" if path is None else path
        return plotting.movie(Catalogs(self), self.events, path, **kwargs)

    def draw(self, *, events=False, workers=1, progress=False, palette="default"):
        """
        Draw each frame with its events into the run's folder, as ``frame_0000.png`` and so on.

        Parameters
        ----------
        events : `bool`
            Draw each event, too, in the two frames around it: ``event_00_merging.png`` and so on.
        workers : `int`
            Number of processes.
        progress : `bool`
            Show a bar.
        palette : {"default", "paper"}
            Of the colors.

        Returns
        -------
        list of `pathlib.Path`
        """
        look = {"palette": palette, "workers": workers, "progress": progress}
        return draw_frames(self, **look) + (draw_events(self, **look) if events else [])


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
