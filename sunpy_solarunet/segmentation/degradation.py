"""
Frames made worse, as a smaller telescope, worse seeing and a poorer camera would have delivered them.
"""

from dataclasses import asdict, dataclass

import numpy as np
from scipy import ndimage

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.synthetic.instrument import correlated_noise

__all__ = ["Degradation", "degrade", "draw_degradation", "rebin", "rebin_labels"]


@dataclass(frozen=True)
class Degradation:
    """
    What is done to a frame, in this order.

    Attributes
    ----------
    gain : `float`
        Standard deviation of the gain error from pixel to pixel, as a share.
    seeing : `float`
        Standard deviation of the blur in pixels of the frame as it was.
    coarser : `int`
        So many pixels along each side become one.
    noise : `float`
        Standard deviation of the added noise in gauss.
    correlation : `float`
        Standard deviation, in the pixels delivered, of the Gaussian that the noise was smoothed with.
    fringes, fringe_length : `float`
        Amplitude in gauss and length in pixels of a wave over the frame.
    bad_pixels : `float`
        Share of the pixels that show a field of up to a kilogauss that is not there.

    Raises
    ------
    SolarUnetError
        If a number is negative, or a frame would become finer.
    """

    gain: float = 0.0
    seeing: float = 0.0
    coarser: int = 1
    noise: float = 0.0
    correlation: float = 0.7
    fringes: float = 0.0
    fringe_length: float = 20.0
    bad_pixels: float = 0.0

    def __post_init__(self):
        for name, value in asdict(self).items():
            if not np.isfinite(value) or value < 0:
                raise SolarUnetError(f"{name} must not be negative, got {value}")
        if int(self.coarser) != self.coarser or self.coarser < 1 or self.fringe_length == 0:
            raise SolarUnetError(f"coarser must be a whole number of at least 1, got {self.coarser}")


def degrade(field, degradation, rng):
    """
    Make a frame worse.

    Parameters
    ----------
    field : `numpy.ndarray`
        Gauss, shape (rows, columns). Rows and columns that do not fill a coarser pixel are cut off.
    degradation : Degradation
    rng : `numpy.random.Generator`

    Returns
    -------
    `numpy.ndarray`
        Gauss.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.segmentation.degradation import Degradation, degrade
    >>> worse = degrade(np.zeros((300, 400)), Degradation(coarser=2, noise=60), np.random.default_rng(0))
    >>> worse.shape, bool(abs(worse.std() - 60) < 2)
    ((150, 200), True)
    """
    if degradation.gain > 0:
        field = field * (1 + degradation.gain * rng.standard_normal(field.shape))
    if degradation.seeing > 0:
        field = ndimage.gaussian_filter(field, degradation.seeing)
    field = rebin(field, degradation.coarser)
    if degradation.noise > 0:
        field = field + degradation.noise * correlated_noise(rng, field.shape, degradation.correlation)
    if degradation.fringes > 0:
        field = field + degradation.fringes * _wave(field.shape, degradation.fringe_length, rng)
    if degradation.bad_pixels > 0:
        bad = rng.random(field.shape) < degradation.bad_pixels
        field = np.where(bad, rng.uniform(-1000, 1000, field.shape), field)
    return field


def _wave(shape, length, rng):
    """A plane wave of random direction and phase."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    direction, phase = rng.uniform(0, 2 * np.pi, 2)
    return np.sin(2 * np.pi * (np.sin(direction) * rows + np.cos(direction) * columns) / length + phase)


def _blocks(array, factor):
    """The array as blocks that become one pixel each, shape (rows, columns, factor ** 2)."""
    rows, columns = (side // factor for side in array.shape)
    if rows == 0 or columns == 0:
        raise SolarUnetError(f"a frame of shape {array.shape} cannot become {factor} times coarser")
    cut = array[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor)
    return cut.transpose(0, 2, 1, 3).reshape(rows, columns, factor**2)


def rebin(field, factor):
    """
    Mean field of blocks of pixels.

    Parameters
    ----------
    field : `numpy.ndarray`
        Shape (rows, columns).
    factor : `int`
        Sides of a block in pixels.

    Returns
    -------
    `numpy.ndarray`

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.segmentation.degradation import rebin
    >>> rebin(np.array([[1.0, 3.0, 0.0, 0.0], [1.0, 3.0, 0.0, 8.0]]), 2)
    array([[2., 2.]])
    """
    return field if factor == 1 else _blocks(field, factor).mean(axis=2)


def rebin_labels(labels, factor):
    """
    Labels of blocks of pixels: that of most labeled pixels where at least half of them are labeled, else 0.

    Parameters
    ----------
    labels : `numpy.ndarray` of `int` or `bool`
        Shape (rows, columns).
    factor : `int`
        Sides of a block in pixels.

    Returns
    -------
    `numpy.ndarray`
        Of the same type.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.segmentation.degradation import rebin_labels
    >>> rebin_labels(np.array([[5, 7, 0, 0, 5, 0], [7, 0, 5, 0, 5, 0]]), 2)
    array([[7, 0, 5]])
    """
    if factor == 1:
        return labels
    blocks = np.sort(_blocks(labels, factor), axis=2)
    covered = np.count_nonzero(blocks, axis=2) * 2 >= factor**2
    if labels.dtype == bool:
        return covered
    # How many pixels of the block have each pixel's label; those without a label do not count.
    votes = (blocks[..., :, np.newaxis] == blocks[..., np.newaxis, :]).sum(axis=3) * (blocks != 0)
    most = np.take_along_axis(blocks, votes.argmax(axis=2)[..., np.newaxis], axis=2)[..., 0]
    return np.where(covered, most, 0).astype(labels.dtype)


def draw_degradation(rng, level, settings):
    """
    Draw what is done to a training crop.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    level : `float`
        Gauss; noise and fringes are drawn in its units.
    settings : `dict`
        The section ``degradation`` of a recipe: ``untouched``, the share of crops that stay as they
        are; ``most_noise`` and ``most_fringes`` in units of the level, ``most_correlation`` and
        ``most_seeing`` in pixels, ``most_gain``, ``most_bad_pixels`` as shares; ``coarser``, the
        factors to choose from; and under ``shares`` that of the crops which each is done to.

    Returns
    -------
    Degradation
    """
    if rng.random() < settings["untouched"]:
        return Degradation()
    done = {name: rng.random() < share for name, share in settings["shares"].items()}
    values = {
        "gain": rng.uniform(0, settings["most_gain"]),
        "seeing": rng.uniform(0.3, settings["most_seeing"]),
        "coarser": int(rng.choice(settings["coarser"])),
        "noise": level * rng.uniform(0, settings["most_noise"]),
        "correlation": rng.uniform(0, settings["most_correlation"]),
        "fringes": level * rng.uniform(0, settings["most_fringes"]),
        "fringe_length": rng.uniform(5, 60),
        "bad_pixels": rng.uniform(0, settings["most_bad_pixels"]),
    }
    chosen = {name: value for name, value in values.items() if done.get(name, name in ("correlation", "fringe_length"))}
    # A camera is never without noise: blur and rebinning would leave none.
    chosen["noise"] = np.hypot(chosen.get("noise", 0.0), level * settings["least_noise"] * rng.uniform(0.3, 2))
    return Degradation(**chosen)
