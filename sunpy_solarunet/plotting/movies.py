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
from sunpy_solarunet.plotting.borders import ABOVE, add_legend
from sunpy_solarunet.plotting.events import EVENT_COLUMNS
from sunpy_solarunet.plotting.field import field_label, full_field
from sunpy_solarunet.plotting.frames import plot_catalog
from sunpy_solarunet.plotting.palettes import COLORS
from sunpy_solarunet.tracking.tables import require_columns

__all__ = ["movie"]


def movie(catalogs, events, path, *, frames_per_second=4, dpi=120, vmax=None, progress=False):
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
        If the suffix is another one, or ``frames_per_second`` or ``dpi`` is not positive.

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
    path = _movie_path(Path(path))
    if events is not None:
        require_columns(events, EVENT_COLUMNS, "events")
    if not (frames_per_second > 0 and dpi > 0):
        raise SolarUnetError(f"frames_per_second and dpi must be positive, got {frames_per_second} and {dpi}")
    bar = tqdm(total=operator.length_hint(catalogs) or None, disable=not progress, unit="frame")
    catalogs = iter(catalogs)
    first = next(catalogs, None)
    if first is None:
        raise SequenceError("there are no frames to make a movie of")
    figure, box = _movie_figure(first.labels.shape)
    names = ["positive", "negative", *([] if events is None else map(str, events["kind"]))]
    limit = full_field(first.map, vmax) * u.G
    drawn = _movie_frames(figure, box, first, catalogs, events, limit, names, bar)
    del first
    if path.suffix.lower() == ".mp4":
        _write_mp4(figure, drawn, path, frames_per_second, dpi)
    else:
        _write_gif(figure, drawn, path, frames_per_second, dpi)
    return path


def _movie_path(path):
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


def _movie_figure(shape):
    """A figure that fits frames of a shape, and the place of its axes."""
    left, right, lower, upper, width = 0.9, 1.1, 0.6, 0.6, 6.0
    height = width * np.clip(shape[0] / shape[1], 0.3, 2)
    size = (left + width + right, lower + height + upper)
    box = (left / size[0], lower / size[1], width / size[0], height / size[1])
    figure = Figure(figsize=size)
    FigureCanvasAgg(figure)
    return figure, box


def _movie_frames(figure, box, catalog, following, events, limit, names, bar):
    """Draw frame after frame, each in place of the last; a catalog is let go before the next is made."""
    with bar:
        while catalog is not None:
            figure.clear()
            axes = figure.add_axes(box, projection=catalog.map)
            plot_catalog(catalog, events, axes=axes, vmax=limit, legend=False)
            add_legend(axes, names, ABOVE)
            beside = figure.add_axes((box[0] + 1.02 * box[2], box[1], 0.025 * box[2], box[3]))
            figure.colorbar(axes.images[0], cax=beside, label=field_label(catalog.map), extend="both")
            yield
            bar.update()
            catalog = None
            catalog = next(following, None)


def _write_mp4(figure, drawn, path, frames_per_second, dpi):
    writer = animation.writers["ffmpeg"](fps=frames_per_second)
    with writer.saving(figure, path, dpi):
        for _ in drawn:
            writer.grab_frame()


def _write_gif(figure, drawn, path, frames_per_second, dpi):
    """A GIF of one palette; Pillow takes the frames one by one, each with a byte a pixel."""
    figure.set_dpi(dpi)
    palette = _palette()
    images = (_image(figure, palette) for _ in drawn)
    first = next(images)
    first.save(path, save_all=True, append_images=images, duration=1000 / frames_per_second, loop=0, optimize=False)


def _image(figure, palette):
    figure.canvas.draw()
    image = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


def _palette():
    """Grays, and the colors of borders pure and mixed with black, gray and white."""
    colors = 255 * np.array([to_rgb(color) for color in COLORS.values()])
    mixed = [share * colors + (1 - share) * gray for share in (1 / 3, 2 / 3) for gray in (0, 128, 255)]
    grays = np.repeat(np.append(np.arange(0, 248, 4), 255), 3).reshape(-1, 3)
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.concatenate([grays, colors, *mixed]).round().astype(np.uint8).tobytes())
    return palette
