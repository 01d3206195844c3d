"""
The frames that segmentation is scored on: real ones and synthetic scenes, as they are and made worse.
"""

from dataclasses import dataclass, replace

import numpy as np

from sunpy_solarunet.scoring import signed_elements
from sunpy_solarunet.segmentation.classical import polarity_mask
from sunpy_solarunet.segmentation.degradation import Degradation, degrade, rebin, rebin_labels
from sunpy_solarunet.synthetic.stills import draw_still

#: Gauss: where the masks of the real frames and the elements of the scenes end.
LEVEL = 90.0

#: What is done to the frames, by the headings of the tables. A camera, whose noise comes after the blur, has 10 G.
CAMERA = 10.0
NOISY = {f"noise {noise} G": Degradation(noise=noise) for noise in (30, 60, 90, 120)}
COLUMNS = {
    "noise 0 G": Degradation(),
    **NOISY,
    **{f"seeing {width} px": Degradation(seeing=width, noise=CAMERA) for width in (1, 2, 3)},
    **{f"{factor} times coarser": Degradation(coarser=factor) for factor in (2, 4)},
}

#: Families of seeds: of the frames that are scored, and of those that the cut is compared on. Trainings have others.
SCORED, COMPARED = 20261125, 20261126


@dataclass(frozen=True)
class Frame:
    """A frame: the field before anything was done to it and as it is seen, and its true elements."""

    clean: np.ndarray
    seen: np.ndarray
    true: np.ndarray


def real_frames(pairs, name):
    """Frames of the Sun, whose truth is the mask that was released with each."""
    degradation = COLUMNS[name]
    for number, (field, mask) in enumerate(pairs):
        clean = rebin(field, degradation.coarser)
        true = polarity_mask(clean, rebin_labels(mask, degradation.coarser), 0.0)
        rng = np.random.default_rng([SCORED, number, list(COLUMNS).index(name)])
        yield Frame(clean, degrade(field, degradation, rng), signed_elements(true))


def scene_frames(n_scenes, name, family=SCORED, side=256):
    """Scenes with the elements that they were made of, all seen by a camera with noise."""
    degradation = COLUMNS[name]
    if not degradation.seeing:
        degradation = replace(degradation, noise=np.hypot(degradation.noise, CAMERA))
    for number in range(n_scenes):
        rng = np.random.default_rng([family, number])
        still = draw_still((side * degradation.coarser,) * 2, rng)
        field = LEVEL * still.field
        polarity = np.concatenate([[0], np.sign(still.elements["peak"])]).astype(int)
        true = polarity[rebin_labels(still.labels, degradation.coarser)]
        yield Frame(rebin(field, degradation.coarser), degrade(field, degradation, rng), signed_elements(true))
