"""
The instrument: when frames are taken, where they point, and what seeing and noise make of the field.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

__all__ = [
    "Numbers",
    "Pointing",
    "correlated_noise",
    "data_mask",
    "frame_times",
    "image_quality",
    "observe",
    "plain_numbers",
    "point",
]

#: Field, in gauss, of a pixel with data that nothing reaches: exact zeros are taken for padding.
FAINT = 1e-6


class Numbers:
    """
    The parameters of a Sun as plain numbers in pixels, seconds, gauss and radians.

    Fluxes are gauss pixels and speeds pixels per second. Made by `plain_numbers`.

    Parameters
    ----------
    **values
        One attribute each.
    """

    def __init__(self, **values):
        self.__dict__.update(values)


def plain_numbers(sun, pixel_length):
    """
    Strip the units of a Sun's parameters.

    Parameters
    ----------
    sun : Sun
    pixel_length : `~astropy.units.Quantity`
        Length of a pixel's side on the Sun.

    Returns
    -------
    Numbers

    Examples
    --------
    >>> import astropy.units as u
    >>> from sunpy_solarunet.synthetic import Sun
    >>> from sunpy_solarunet.synthetic.instrument import plain_numbers
    >>> float(plain_numbers(Sun(max_speed=2 * u.km / u.s), 50 * u.km).max_speed)
    0.04
    """
    side = pixel_length.to_value("km")
    flux = 1 / (side * 1e5) ** 2
    values = {name: getattr(sun, name) for name in ("threshold", "peak_field", "noise")}
    numbers = {name: value.to_value("G") for name, value in values.items()}
    numbers |= {name: getattr(sun, name).to_value("Mx") * flux for name in ("flux_min", "flux_max")}
    numbers |= {name: getattr(sun, name).to_value("km/s") / side for name in ("speed", "flow_speed", "max_speed")}
    numbers |= {name: getattr(sun, name).to_value("s") for name in ("cadence", "correlation_time")}
    numbers["drift"] = sun.drift.to_value("km/s") / side
    numbers["rotation"] = sun.rotation.to_value("rad/s")
    numbers["cell_size"] = sun.cell_size.to_value("km") / side
    numbers["density"] = sun.density.to_value("km-2") * side**2
    named = ("cadence_jitter", "flux_index", "elongation", "flat_topped", "flux_scatter", "min_pixels", "separation")
    named += ("rates", "balanced", "three_members", "imbalance", "lead", "noise_correlation", "seeing")
    named += ("seeing_scatter", "jitter", "dropped", "bad", "bad_noise", "padding")
    return Numbers(**numbers, **{name: getattr(sun, name) for name in named})


def frame_times(numbers, n_frames, rng):
    """
    Times of the frames that are delivered.

    Parameters
    ----------
    numbers : Numbers
    n_frames : `int`
        Frames delivered; those that are dropped come on top.
    rng : `numpy.random.Generator`

    Returns
    -------
    `numpy.ndarray`
        Seconds since the first frame, shape (n_frames,).
    """
    # Each delivered frame comes after as many tries as a geometric distribution has.
    taken = rng.geometric(1 - numbers.dropped, n_frames - 1)
    steps = numbers.cadence * (1 + numbers.cadence_jitter * rng.uniform(-1, 1, int(taken.sum())))
    delivered = np.concatenate([[0], np.cumsum(taken)])
    return np.concatenate([[0.0], np.cumsum(steps)])[delivered]


@dataclass(frozen=True)
class Pointing:
    """
    Where places on the Sun lie in each image.

    Attributes
    ----------
    shift_x, shift_y : `numpy.ndarray`
        Pixels by drift and jitter, shape (n_frames,).
    angle : `numpy.ndarray`
        Radians, counterclockwise, shape (n_frames,).
    middle : tuple of `float`
        Pixel in x and y that rotation leaves in its place.
    """

    shift_x: np.ndarray
    shift_y: np.ndarray
    angle: np.ndarray
    middle: tuple

    def to_image(self, x, y, frame):
        """Pixels in a frame of places on the Sun."""
        cosine, sine = np.cos(self.angle[frame]), np.sin(self.angle[frame])
        dx, dy = x - self.middle[0], y - self.middle[1]
        column = self.middle[0] + cosine * dx - sine * dy + self.shift_x[frame]
        return column, self.middle[1] + sine * dx + cosine * dy + self.shift_y[frame]

    def to_sun(self, x, y, frame):
        """Places on the Sun of pixels in a frame."""
        cosine, sine = np.cos(self.angle[frame]), np.sin(self.angle[frame])
        dx, dy = x - self.shift_x[frame] - self.middle[0], y - self.shift_y[frame] - self.middle[1]
        return self.middle[0] + cosine * dx + sine * dy, self.middle[1] - sine * dx + cosine * dy

    def field_of_view(self, shape):
        """Least and largest x, then y, that any frame of this shape shows."""
        corners = np.array([(0, 0), (0, shape[0]), (shape[1], 0), shape[::-1]]) - 0.5
        seen = [self.to_sun(*corners.T, frame) for frame in range(len(self.angle))]
        x, y = np.array(seen).transpose(1, 0, 2)
        return x.min(), x.max(), y.min(), y.max()


def point(numbers, seconds, shape, rng):
    """
    The pointing of all frames: drift, rotation and jitter.

    Parameters
    ----------
    numbers : Numbers
    seconds : `numpy.ndarray`
        Times of the frames.
    shape : tuple of `int`
        Rows and columns.
    rng : `numpy.random.Generator`

    Returns
    -------
    Pointing
    """
    jitter = numbers.jitter * rng.standard_normal((2, len(seconds)))
    shift = np.outer(numbers.drift, seconds) + jitter
    return Pointing(*shift, numbers.rotation * seconds, ((shape[1] - 1) / 2, (shape[0] - 1) / 2))


def data_mask(shape, padding):
    """
    Where a frame has data: not in its corners, which the rotation of the field of view has cut off.

    Parameters
    ----------
    shape : tuple of `int`
        Rows and columns.
    padding : `float`
        Share of the frame that the corners take, up to a half.

    Returns
    -------
    `numpy.ndarray` of `bool`

    Examples
    --------
    >>> from sunpy_solarunet.synthetic.instrument import data_mask
    >>> print(f"{1 - data_mask((300, 400), 0.07).mean():.2f}")
    0.07
    """
    # A rotated rectangle touches each side of the frame at this share of its length: 2 s (1 - s) = padding.
    share = (1 - np.sqrt(1 - 2 * padding)) / 2
    rows, columns = np.indices(shape)
    y, x = (rows + 0.5) / shape[0], (columns + 0.5) / shape[1]
    if share == 0:
        return np.ones(shape, bool)
    across, along = share, 1 - share
    inside = (x / across + y / along > 1) & ((1 - x) / across + (1 - y) / along > 1)
    return inside & (x / along + (1 - y) / across > 1) & ((1 - x) / along + y / across > 1)


def image_quality(numbers, n_frames, rng):
    """
    Blur and noise of each frame.

    Parameters
    ----------
    numbers : Numbers
    n_frames : `int`
    rng : `numpy.random.Generator`

    Returns
    -------
    blur, noise : `numpy.ndarray`
        Standard deviations in pixels and in gauss, shape (n_frames,).
    """
    blur = numbers.seeing * np.maximum(1 + numbers.seeing_scatter * rng.standard_normal(n_frames), 0)
    return blur, numbers.noise * np.where(rng.random(n_frames) < numbers.bad, numbers.bad_noise, 1.0)


def observe(field, blur, noise, correlation, mask, rng):
    """
    What the instrument makes of a field.

    Parameters
    ----------
    field : `numpy.ndarray`
        Gauss, shape (rows, columns).
    blur, noise : `float`
        Of the frame, from `image_quality`.
    correlation : `float`
        Standard deviation, in pixels, of the Gaussian that smoothed the noise.
    mask : `numpy.ndarray` of `bool`
        Where there are data.
    rng : `numpy.random.Generator`

    Returns
    -------
    `numpy.ndarray`
        Gauss, exactly zero where there are no data and nowhere else.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.synthetic.instrument import observe
    >>> field = observe(np.zeros((200, 300)), 0, 20, 1.0, np.ones((200, 300), bool), np.random.default_rng(1))
    >>> bool(abs(field.std() - 20) < 0.5)
    True
    """
    seen = ndimage.gaussian_filter(field, blur) if blur > 0 else field
    if noise > 0:
        seen = seen + noise * correlated_noise(rng, field.shape, correlation)
    return np.where(mask, np.where(seen == 0, FAINT, seen), 0.0)


def correlated_noise(rng, shape, correlation):
    """
    Noise smoothed with a Gaussian, as interpolation and compression smooth that of real magnetograms.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    shape : tuple of `int`
        Rows and columns.
    correlation : `float`
        Standard deviation of the Gaussian in pixels; 0 leaves the pixels independent of each other.

    Returns
    -------
    `numpy.ndarray`
        With a standard deviation of one.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.synthetic.instrument import correlated_noise
    >>> noise = correlated_noise(np.random.default_rng(1), (300, 200), 0.7)
    >>> print(f"{noise.std():.1f}, {(noise[1:] * noise[:-1]).mean():.1f} from row to row")
    1.0, 0.6 from row to row
    """
    white = rng.standard_normal(shape)
    if correlation == 0:
        return white
    point_source = np.zeros(2 * int(6 * correlation + 2) + 1)
    point_source[len(point_source) // 2] = 1
    weights = ndimage.gaussian_filter1d(point_source, correlation)
    return ndimage.gaussian_filter(white, correlation, mode="wrap") / np.sum(weights**2)
