"""
From elements to a field and to the true labels.
"""

import numpy as np

__all__ = ["number_labels", "render", "window_around"]

#: Beyond its footprint the field of an element falls off over this many pixels: were it to fall off as slowly as
#: within, those of two like elements would join above the threshold, and one feature be seen for two.
SKIRT = 0.5

#: Pixels beyond the footprint at which nothing is left.
REACH = 2.0


def render(elements, x, y, angle, shape, threshold):
    """
    Field of all elements, and to which one each pixel belongs.

    Parameters
    ----------
    elements : `numpy.ndarray` of `~sunpy_solarunet.synthetic.elements.ELEMENT`
        Shape (n,).
    x, y : `numpy.ndarray`
        Pixels of their centers in the image, shape (n,).
    angle : `float`
        Radians that the image is rotated by.
    shape : tuple of `int`
        Rows and columns.
    threshold : `float`
        Gauss.

    Returns
    -------
    field : `numpy.ndarray`
        Gauss, of this shape.
    owner : `numpy.ndarray` of `int`
        Index of the element whose footprint a pixel belongs to, or -1.
    """
    field, strongest = np.zeros(shape), np.zeros(shape)
    owner = np.full(shape, -1)
    for index, element in enumerate(elements):
        window = window_around(x[index], y[index], element["major"] + REACH, shape)
        if window is None:
            continue
        part = _profile(element, x[index], y[index], element["angle"] + angle, window, threshold)
        field[window] += np.sign(element["flux"]) * part
        stronger = part > strongest[window]
        strongest[window][stronger] = part[stronger]
        owner[window][stronger] = index
    signs = np.append(np.sign(elements["flux"]), 0.0)  # the last is that of pixels without an owner
    owner[(np.abs(field) <= threshold) | (np.sign(field) != signs[owner])] = -1
    return field, owner


def window_around(x, y, reach, shape):
    """
    The part of a frame that an element reaches.

    Parameters
    ----------
    x, y : `float`
        Pixel of its center.
    reach : `float`
        How far it reaches, in pixels.
    shape : tuple of `int`
        Rows and columns of the frame.

    Returns
    -------
    tuple of `slice` or `None`
        Rows and columns; `None` where it does not reach the frame.

    Examples
    --------
    >>> from sunpy_solarunet.synthetic.rendering import window_around
    >>> window_around(3, 11, 2, (12, 30))
    (slice(9, 12, None), slice(1, 6, None))
    """
    left, right = max(int(np.floor(x - reach)), 0), min(int(np.ceil(x + reach)) + 1, shape[1])
    lower, upper = max(int(np.floor(y - reach)), 0), min(int(np.ceil(y + reach)) + 1, shape[0])
    return (slice(lower, upper), slice(left, right)) if left < right and lower < upper else None


def _profile(element, x, y, angle, window, threshold):
    """Strength of an element's field in its window."""
    dx = np.arange(window[1].start, window[1].stop) - x
    dy = (np.arange(window[0].start, window[0].stop) - y)[:, np.newaxis]
    along = (np.cos(angle) * dx + np.sin(angle) * dy) / element["major"]
    across = (np.cos(angle) * dy - np.sin(angle) * dx) / element["minor"]
    radius = np.hypot(along, across)  # 1 at the footprint's edge
    beyond = np.maximum(radius, 1)
    distance = np.hypot(dx, dy) * (1 - 1 / beyond)
    inner = element["peak"] * np.exp(-((np.minimum(radius, 1) * element["edge"]) ** (2 * element["power"])) / 2)
    # On the edge itself the field is the threshold; rounding must not decide whether a pixel beyond it exceeds it.
    outer = threshold * np.exp(-((distance / SKIRT) ** 2))
    return np.where(radius < 1, inner, np.where(distance < REACH, outer, 0.0))


def number_labels(owner, mask, number, min_pixels):
    """
    Labels of the elements that a frame shows, without gaps.

    Parameters
    ----------
    owner : `numpy.ndarray` of `int`
        From `render`.
    mask : `numpy.ndarray` of `bool`
        Where the frame has data.
    number : `int`
        Number of elements.
    min_pixels : `int`
        A footprint of fewer pixels is no feature.

    Returns
    -------
    labels : `numpy.ndarray` of `numpy.int32`
    shown : `numpy.ndarray` of `int`
        The element that each label is, in the order of the labels.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.synthetic.rendering import number_labels
    >>> number_labels(np.array([[0, -1, 1, 1, 2, 2]]), np.ones((1, 6), bool), 3, 2)
    (array([[0, 0, 1, 1, 2, 2]], dtype=int32), array([1, 2]))
    """
    counts = np.bincount(owner[mask & (owner >= 0)], minlength=number)
    shown = np.flatnonzero(counts >= min_pixels)
    label = np.zeros(number + 1, np.int32)
    label[shown] = np.arange(1, len(shown) + 1)
    return np.where(mask, label[owner], 0).astype(np.int32), shown
