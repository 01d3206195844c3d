"""
A sequence and its events as a movie.
"""

import operator
import warnings
from pathlib import Path

import astropy.units as u
import numpy as np
from matplotlib import animation
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image
from tqdm.auto import tqdm

from sunpy_solarunet.errors import SequenceError, SolarUnetError, SolarUnetWarning
from sunpy_solarunet.plotting.events import EVENT_COLUMNS
from sunpy_solarunet.plotting.field import full_field
from sunpy_solarunet.plotting.frames import fill_figure
from sunpy_solarunet.plotting.layout import figure_size
from sunpy_solarunet.plotting.palettes import colors_of
from sunpy_solarunet.tracking.tables import require_columns

__all__ = ["movie"]


def movie(catalogs, events, path, *, frames_per_second=4, dpi=120, vmax=None, palette="default", progress=False):
    """
    Write a movie of a sequence with its events, frame by frame as `plot_catalog` plots them.

    Scale, layout and legend are the same for all frames.

    Parameters
    ----------
    catalogs : iterable of `~sunpy_solarunet.FeatureCatalog`
        One is held at a time.
    events : `~astropy.table.QTable` or `None`
        As `~sunpy_solarunet.Tracker` returns it.
    path : path-like
        With the suffix .mp4 or .gif; without one, .mp4 where ffmpeg is installed and .gif elsewhere.
    frames_per_second : `float`
    dpi : `float`
        Pixels per inch; the figure is 8 inches wide.
    vmax : `~astropy.units.Quantity`, optional
        Field shown white; as in `plot_catalog`, from the first frame.
    palette : {"default", "paper"}
        As in `draw_borders`.
    progress : `bool`
        Show a progress bar.

    Returns
    -------
    `pathlib.Path`
        The file that was written. Without ffmpeg it ends in .gif, with a warning if .mp4 was asked for.

    Raises
    ------
    SequenceError
        If there are no catalogs.
    SolarUnetError
        If the suffix or the palette is another one, or ``frames_per_second`` or ``dpi`` is not positive.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import Segmenter, magnetogram
    >>> from sunpy_solarunet.plotting import movie
    >>> field = np.full((12, 12), 5.0) * u.G
    >>> field[2:6, 3:6] = 200 * u.G
    >>> frames = [magnetogram(field, time=f"2017-07-13 20:0{minute}:00", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
    ...           for minute in range(2)]
    >>> segmenter = Segmenter(method="threshold")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     movie((segmenter(frame) for frame in frames), None, Path(folder) / "sequence.gif").name
    'sequence.gif'
    """
    colors = colors_of(palette)
    path = _path_that_can_be_written(Path(path))
    if events is not None:
        require_columns(events, EVENT_COLUMNS, "events")
    if not (frames_per_second > 0 and dpi > 0):
        raise SolarUnetError(f"frames_per_second and dpi must be positive, got {frames_per_second} and {dpi}")
    bar = tqdm(total=operator.length_hint(catalogs) or None, disable=not progress, unit="frame")
    catalogs = iter(catalogs)
    first = next(catalogs, None)
    if first is None:
        raise SequenceError("there are no frames to make a movie of")
    figure = Figure(figsize=figure_size(first.map))
    FigureCanvasAgg(figure)
    look = {"vmax": full_field(first.map, vmax) * u.G, "palette": palette}
    drawn = _drawn(figure, first, catalogs, events, look, bar)
    del first
    if path.suffix.lower() == ".mp4":
        _write_mp4(figure, drawn, path, frames_per_second, dpi)
    else:
        _write_gif(figure, drawn, path, frames_per_second, dpi, colors)
    return path


def _path_that_can_be_written(path):
    """The path with a suffix that can be written here."""
    suffix = path.suffix.lower()
    if suffix and suffix not in (".mp4", ".gif"):
        raise SolarUnetError(f"{path}: unknown suffix {path.suffix!r}; choose one of .mp4, .gif")
    if suffix == ".gif":
        return path
    if animation.writers.is_available("ffmpeg"):
        return path.with_suffix(".mp4")
    replacement = path.with_suffix(".gif")
    if suffix:
        message = f"{path.name} needs ffmpeg, which is not installed: {replacement.name} is written in its place"
        warnings.warn(message, SolarUnetWarning, stacklevel=3)
    return replacement


def _drawn(figure, catalog, following, events, look, bar):
    """Draw frame after frame, each in place of the last; a catalog is let go before the next is made."""
    with bar:
        while catalog is not None:
            figure.clear()
            fill_figure(figure, catalog, events, **look)
            yield
            bar.update()
            catalog = None
            catalog = next(following, None)


def _write_mp4(figure, drawn, path, frames_per_second, dpi):
    writer = animation.writers["ffmpeg"](fps=frames_per_second)
    with writer.saving(figure, path, dpi):
        for _ in drawn:
            writer.grab_frame()


def _write_gif(figure, drawn, path, frames_per_second, dpi, colors):
    """A GIF of one palette; Pillow takes the frames one by one, each with a byte a pixel."""
    figure.set_dpi(dpi)
    palette = _palette(colors)
    images = (_image(figure, palette) for _ in drawn)
    first = next(images)
    first.save(path, save_all=True, append_images=images, duration=1000 / frames_per_second, loop=0, optimize=False)


def _image(figure, palette):
    figure.canvas.draw()
    image = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


def _palette(colors):
    """Grays, and the colors of borders pure and mixed with black, gray and white."""
    colors = 255 * np.array([to_rgb(color) for color in colors.values()])
    mixed = [share * colors + (1 - share) * gray for share in (1 / 3, 2 / 3) for gray in (0, 128, 255)]
    grays = np.repeat(np.append(np.arange(0, 248, 4), 255), 3).reshape(-1, 3)
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.concatenate([grays, colors, *mixed]).round().astype(np.uint8).tobytes())
    return palette
