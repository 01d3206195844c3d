"""
Whether a frame can be used: what is seen in it, beside what was seen in those before it.
"""

import warnings
from collections import deque
from dataclasses import asdict, dataclass

import astropy.units as u
import numpy as np
from scipy import ndimage

from sunpy_solarunet.errors import SolarUnetWarning
from sunpy_solarunet.magnetograms import field_strength
from sunpy_solarunet.segmentation.noise import estimate_noise

__all__ = ["Judge", "Look", "look_at", "warn_of_skipped_frames"]

#: A frame is beside this many frames before it, those that were not used among them.
MEMORY = 15

#: No frame is compared with fewer.
FEWEST = 3

#: A frame with more than this many of the median noise cannot be used.
NOISE = 3.0

#: Nor one that has data in less than this share of the pixels that usually have some.
DATA = 0.5

#: Nor one whose field is not exactly zero in less than this share of the pixels in which it usually is not: the rest
#: is dark. Where most pixels usually are zero, weak fields have been taken away, and nothing is told.
LIGHT = 0.5

#: Nor one with less than this share of the median noise: what counts photons has some.
LEAST_NOISE = 0.1

#: Nor one with less than this share of the area of the elements that are usually there, if these are at least so
#: many, since as many do not end at once.
AREA, MANY = 0.1, 5

#: That is not asked where more than this many of the median noise hides elements, or where the pointing has changed
#: by more than this share of a side, so that others may be seen.
HIDING, MOVED = 1.5, 0.1

#: An element at first sight: at least so many pixels that touch, above so many of the noise.
PIXELS, SIGNIFICANT = 4, 5.0

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
    signal : `float`
        Share of the pixels whose field is known and not exactly zero.
    elements : `int`
        Number of the patches of field well above the noise.
    area : `float`
        Share of the pixels that lie in these.
    """

    noise: float
    data: float
    constant: bool
    center: tuple
    axes: tuple
    shape: tuple
    signal: float = 1.0
    elements: int = 0
    area: float = 0.0

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
    noise = estimate_noise(field)
    elements, area = _elements(field, noise)
    return Look(
        noise=noise,
        data=valid.size / field.size,
        constant=bool(valid.size and valid.min() == valid.max()),
        center=tuple(center.tolist()),
        axes=tuple(axes.ravel().tolist()),
        shape=field.shape,
        signal=np.count_nonzero(valid) / field.size,
        elements=elements,
        area=area,
    )


def _elements(field, noise):
    """Number of the patches well above the noise, and their share of the pixels; none where there is no noise."""
    if not noise:
        return 0, 0.0
    sizes = np.bincount(ndimage.label(np.abs(field) > SIGNIFICANT * noise)[0].ravel())[1:]
    large = sizes[sizes >= PIXELS]
    return int(large.size), float(large.sum() / field.size)


class Judge:
    """
    Say why frames cannot be used, one after the other.

    What is unusual is told from the medians of the frames before. Those that were not used count, so that a
    lasting change, such as another field of view, is taken for what it is after some frames.

    An eclipse, by the Earth or the Moon, or a shutter that stayed closed, is a frame most of which has suddenly lost
    its signal. A field of view that is smaller, quiet or close to the limb is none: a frame is only beside its own
    sequence.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from sunpy_solarunet.runs.judging import Judge, Look
    >>> usual = Look(noise=10.0, data=1.0, constant=False, center=(0, 0), axes=(1e-3, 0, 0, 1e-3), shape=(40, 60))
    >>> judge = Judge()
    >>> for look in (usual, usual, usual, replace(usual, noise=31.0)):
    ...     fault = judge.fault(look)
    ...     judge.remember(look)
    >>> fault
    'noise of 31 G, where the frames before have 10 G'
    """

    def __init__(self):
        self._before = deque(maxlen=MEMORY)

    def remember(self, look):
        """
        Let the next frames be beside this one, whether it was used or not.

        Parameters
        ----------
        look : Look
        """
        if not look.fault:
            self._before.append(look)

    def fault(self, look):
        """
        Why a frame cannot be used that comes after those that are remembered.

        Parameters
        ----------
        look : Look

        Returns
        -------
        `str`
            Empty if it can be used.
        """
        return look.fault or (self._unusual(look) if len(self._before) >= FEWEST else "")

    def _median(self, name):
        return np.median([getattr(look, name) for look in self._before], axis=0)

    def _unusual(self, look):
        noise, data = self._median("noise"), self._median("data")
        if look.noise > NOISE * noise > 0:
            return f"noise of {look.noise:.3g} G, where the frames before have {noise:.3g} G"
        if look.data < DATA * data:
            return f"data in {look.data:.0%} of its pixels, where the frames before have them in {data:.0%}"
        return self._astray(look) or self._lost_signal(look)

    def _astray(self, look):
        """Why its pointing is not that of the frames before; empty if it is."""
        axes = self._median("axes").reshape(2, 2)
        scale = np.sqrt(abs(np.linalg.det(axes)))
        change = np.abs(np.reshape(look.axes, (2, 2)) - axes).max() / scale
        if change > TURN:
            return "turned or scaled against the frames before"
        if self._is_off(look, SIDE):
            return f"points {np.hypot(*self._offset(look)):.0f} pixels away from where the frames before do"
        return ""

    def _offset(self, look):
        """Pixels along x and y between its middle and where that usually is."""
        steps = [_turned(np.subtract(other.center, look.center)) for other in self._before]
        return np.abs(np.linalg.solve(self._median("axes").reshape(2, 2), np.median(steps, axis=0)))

    def _is_off(self, look, share):
        return bool(np.any(self._offset(look) > share * np.array(look.shape[::-1])))

    def _lost_signal(self, look):
        """Why it seems to be taken during an eclipse; empty if it does not."""
        lost = self._dark(look) or self._flat(look) or self._empty(look)
        return f"no signal, as in an eclipse: {lost}" if lost else ""

    def _dark(self, look):
        usual = self._median("signal")
        if usual > LIGHT and look.signal < LIGHT * usual:
            return f"a field of 0 G in all but {look.signal:.0%} of its pixels, before in all but {usual:.0%}"
        return ""

    def _flat(self, look):
        usual = self._median("noise")
        if look.noise < LEAST_NOISE * usual:
            return f"noise of {look.noise:.3g} G, where the frames before have {usual:.3g} G"
        return ""

    def _empty(self, look):
        usual, hidden = self._median("area"), look.noise > HIDING * self._median("noise")
        if self._median("elements") < MANY or look.area >= AREA * usual or hidden or self._is_off(look, MOVED):
            return ""
        return f"elements in {look.area:.2%} of its pixels, where the frames before have them in {usual:.2%}"


def _turned(angles):
    """Differences of angles in degrees, the short way round."""
    return (np.asarray(angles) + 180) % 360 - 180


def warn_of_skipped_frames(frames):
    """
    Tell who has called a function that some frames could not be used.

    Parameters
    ----------
    frames : `~astropy.table.QTable`
        The table of frames.
    """
    skipped = frames[frames["skipped"] != ""]
    if len(skipped):
        warnings.warn(
            f"{len(skipped)} of {len(frames)} frames could not be used and were skipped, such as "
            f"{skipped['file'][0]}: {skipped['skipped'][0]}; the table of frames says why",
            SolarUnetWarning,
            stacklevel=3,
        )
