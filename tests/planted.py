"""Small planted scenes: rectangles of even field on a frame whose rows and columns are not exchangeable."""

import astropy.units as u
import numpy as np
from astropy.time import Time, TimeDelta

from sunpy_solarunet import FeatureCatalog, magnetogram

SHAPE = (40, 60)
START = Time("2017-07-13T20:17:41")
#: With this scale, seen from Earth on that day, 4 km/s for 60 s is 3.26 pixels.
SCALE = 0.1 * u.arcsec


def frame(rectangles, *, minute=0.0, shape=SHAPE, center=(30, -50) * u.arcsec):
    """A map with a rectangle (row, column, height, width, gauss) for each feature, and its labels."""
    field = np.full(shape, 1.0)
    labels = np.zeros(shape, int)
    for number, (row, column, height, width, gauss) in enumerate(rectangles, start=1):
        field[row : row + height, column : column + width] = gauss
        labels[row : row + height, column : column + width] = number
    time = START + TimeDelta(60 * minute, format="sec")
    return magnetogram(field * u.G, time=time, scale=SCALE, center=center), labels


def catalog(rectangles, **options):
    """The rectangles as features, labelled in the order in which they are given."""
    return FeatureCatalog(*frame(rectangles, **options))


def sequence(*frames, **options):
    """Catalogs one minute apart."""
    return [catalog(rectangles, minute=minute, **options) for minute, rectangles in enumerate(frames)]


def random_sequence(seed, frames=4, number=14, shape=SHAPE):
    """Frames of random rectangles that mostly move a little, and now and then vanish, appear, grow or touch."""
    rng = np.random.default_rng(seed)
    rectangles = []
    result = []
    for minute in range(frames):
        rectangles = [_moved(rectangle, rng, shape) for rectangle in rectangles if rng.random() > 0.2]
        while len(rectangles) < number:
            height, width = rng.integers(2, 6, 2)
            row, column = rng.integers(0, shape[0] - height), rng.integers(0, shape[1] - width)
            rectangles.append((row, column, height, width, rng.choice([-1, 1]) * rng.uniform(100, 900)))
        result.append(_visible(rectangles, minute, shape))
    return result


def _moved(rectangle, rng, shape):
    row, column, height, width, gauss = rectangle
    height, width = np.clip([height + rng.integers(-1, 2), width + rng.integers(-1, 2)], 2, 7)
    row = np.clip(row + rng.integers(-2, 3), 0, shape[0] - height)
    column = np.clip(column + rng.integers(-2, 3), 0, shape[1] - width)
    return row, column, height, width, gauss * rng.uniform(0.8, 1.25)


def _visible(rectangles, minute, shape):
    """Later rectangles hide earlier ones; what is left of each sign is labelled anew."""
    from sunpy_solarunet.segmentation.classical import signed_labels

    scene, _ = frame(rectangles, minute=minute, shape=shape)
    return FeatureCatalog(scene, signed_labels(np.where(np.abs(scene.data) > 50, np.sign(scene.data), 0).astype(int)))
