"""
Whether a frame can be used: what is seen in it, beside what was seen in those before it.
"""

from collections import deque
from dataclasses import asdict, dataclass

import astropy.units as u
import numpy as np

from sunpy_solarunet.magnetograms import field_strength
from sunpy_solarunet.segmentation.noise import estimate_noise

__all__ = ["Judge", "Look", "look_at"]

#: A frame is beside this many frames before it, those that were not used among them.
MEMORY = 15

#: No frame is compared with fewer.
FEWEST = 3

#: A frame with more than this many of the median noise cannot be used.
NOISE = 3.0

#: Nor one that has data in less than this share of the pixels that usually have some.
DATA = 0.5

#: Nor one whose middle is farther from where it usually is than this share of a side.
SIDE = 0.5

#: Nor one that is turned or scaled by more than this, as a share of a pixel for each pixel.
TURN = 0.1


@dataclass(frozen=True)
class Look:
    """
    What is seen in a frame at first sight.

    Attributes
    ----------
    noise : `float`
        From pixel to pixel, in gauss.
    data : `float`
        Share of the pixels that have data.
    constant : `bool`
        Whether all pixels that have data are alike.
    center : tuple of `float`
        World coordinates of its middle, in degrees.
    axes : tuple of `float`
        Degrees along the two world coordinates of a step along x and of one along y, row by row.
    shape : tuple of `int`
    """

    noise: float
    data: float
    constant: bool
    center: tuple
    axes: tuple
    shape: tuple

    @property
    def fault(self):
        """Why it cannot be used, whatever the others are like; empty if it can."""
        if not self.data:
            return "no data"
        if self.constant:
            return "all pixels are alike"
        finite = np.all(np.isfinite([*self.center, *self.axes]))
        return "" if finite else "the coordinates of its middle are not finite"

    @property
    def plain(self):
        """As JSON can hold it."""
        return asdict(self)

    @classmethod
    def of(cls, plain):
        """From what JSON held."""
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()})


def look_at(frame):
    """
    Look at a frame.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`

    Returns
    -------
    Look
    """
    field = field_strength(frame)
    valid = field[~np.isnan(field)]
    rows, columns = field.shape
    wcs = frame.wcs
    degrees = [u.Unit(name).to(u.deg) for name in wcs.world_axis_units]
    center = np.array(wcs.pixel_to_world_values((columns - 1) / 2, (rows - 1) / 2)) * degrees
    axes = wcs.pixel_scale_matrix * np.array([u.Unit(unit).to(u.deg) for unit in wcs.wcs.cunit])[:, np.newaxis]
    return Look(
        noise=estimate_noise(field),
        data=valid.size / field.size,
        constant=bool(valid.size and valid.min() == valid.max()),
        center=tuple(center.tolist()),
        axes=tuple(axes.ravel().tolist()),
        shape=field.shape,
    )


class Judge:
    """
    Say why frames cannot be used, one after the other.

    What is unusual is told from the medians of the frames before. Those that were not used count, so that a
    lasting change, such as another field of view, is taken for what it is after some frames.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from sunpy_solarunet.runs.judging import Judge, Look
    >>> usual = Look(noise=10.0, data=1.0, constant=False, center=(0, 0), axes=(1e-3, 0, 0, 1e-3), shape=(40, 60))
    >>> judge = Judge()
    >>> [judge.fault(look) for look in (usual, usual, usual, replace(usual, noise=31.0), usual)]
    ['', '', '', 'noise of 31 G, where the frames before have 10 G', '']
    """

    def __init__(self):
        self._before = deque(maxlen=MEMORY)

    def fault(self, look):
        """
        Why the next frame cannot be used.

        Parameters
        ----------
        look : Look

        Returns
        -------
        `str`
            Empty if it can be used.
        """
        if look.fault:
            return look.fault
        fault = self._unusual(look) if len(self._before) >= FEWEST else ""
        self._before.append(look)
        return fault

    def _median(self, name):
        return np.median([getattr(look, name) for look in self._before], axis=0)

    def _unusual(self, look):
        noise, data = self._median("noise"), self._median("data")
        if look.noise > NOISE * noise > 0:
            return f"noise of {look.noise:.3g} G, where the frames before have {noise:.3g} G"
        if look.data < DATA * data:
            return f"data in {look.data:.0%} of its pixels, where the frames before have them in {data:.0%}"
        return self._astray(look)

    def _astray(self, look):
        """Why its pointing is not that of the frames before; empty if it is."""
        axes = self._median("axes").reshape(2, 2)
        scale = np.sqrt(abs(np.linalg.det(axes)))
        change = np.abs(np.reshape(look.axes, (2, 2)) - axes).max() / scale
        if change > TURN:
            return "turned or scaled against the frames before"
        steps = [_turned(np.subtract(other.center, look.center)) for other in self._before]
        offset = np.abs(np.linalg.solve(axes, np.median(steps, axis=0)))
        if np.any(offset > SIDE * np.array(look.shape[::-1])):
            return f"points {np.hypot(*offset):.0f} pixels away from where the frames before do"
        return ""


def _turned(angles):
    """Differences of angles in degrees, the short way round."""
    return (np.asarray(angles) + 180) % 360 - 180
