"""
What the networks are shown in training: real crops as in the paper, or made worse, and scenes with known truth.
"""

import numpy as np

from sunpy_solarunet.segmentation.augmentation import augmented_crop
from sunpy_solarunet.segmentation.degradation import degrade, draw_degradation, rebin_labels
from sunpy_solarunet.segmentation.inference import noise_aware_input, scale_field
from sunpy_solarunet.segmentation.noise import estimate_noise
from sunpy_solarunet.synthetic.stills import draw_still

__all__ = ["EXAMPLES", "DegradedExamples", "PaperExamples"]

#: Pixels around a crop that blur and correlated noise may draw upon, in pixels of the crop.
MARGIN = 8


class PaperExamples:
    """
    Crops of real frames and of their masks (section 3.1, step 3).

    Parameters
    ----------
    pairs : sequence of tuple
        Fields in gauss and masks.
    recipe : `dict`
        See `~sunpy_solarunet.segmentation.recipes.read_recipe`.
    """

    def __init__(self, pairs, recipe):
        self._pairs = pairs
        self._scale = recipe["input"]["scale_gauss"]
        self._crop = recipe["training"]["crop"]
        self._grid_share = 1 - recipe["examples"]["turned"]
        self._three_classes = recipe["network"]["classes"] == 3

    def __call__(self, rng):
        """
        Draw an example.

        Parameters
        ----------
        rng : `numpy.random.Generator`

        Returns
        -------
        tuple of `numpy.ndarray`
            Input of the network, shape (rows, columns, 1), and classes, shape (rows, columns): 1 where
            flux is significant, and with three classes 2 where it is negative.
        """
        pair = self._pairs[rng.integers(len(self._pairs))]
        field, mask = augmented_crop(*pair, self._crop, rng, grid_share=self._grid_share)
        significant = mask != 0
        classes = significant * np.where(field < 0, 2, 1) if self._three_classes else significant
        return scale_field(field, self._scale)[..., np.newaxis], classes


class DegradedExamples:
    """
    Crops made worse with what the better frame showed, and scenes with their exact truth.

    Parameters
    ----------
    pairs : sequence of tuple
        Fields in gauss and masks; may be empty if all examples are scenes.
    recipe : `dict`
        See `~sunpy_solarunet.segmentation.recipes.read_recipe`.
    """

    def __init__(self, pairs, recipe):
        self._pairs = pairs
        self._level = recipe["input"]["level_gauss"]
        self._crop = recipe["training"]["crop"]
        self._shares = recipe["examples"]
        self._degradation = recipe["degradation"]

    def __call__(self, rng):
        """
        Draw an example.

        Parameters
        ----------
        rng : `numpy.random.Generator`

        Returns
        -------
        tuple of `numpy.ndarray`
            Input of the network, shape (rows, columns, 3), and mask, shape (rows, columns).
        """
        is_scene = rng.random() < self._shares["scenes"]
        level = self._level
        if not is_scene and rng.random() < self._shares["other_level"]:
            level *= self._shares["level_range"] ** rng.uniform(-1, 1)
        # Scenes are never without noise.
        settings = self._degradation | {"untouched": 0.0} if is_scene else self._degradation
        degradation = draw_degradation(rng, level, settings)
        side = (self._crop + 2 * MARGIN) * degradation.coarser
        field, mask = self._scene(side, level, rng) if is_scene else self._real(side, level, rng)
        worse = degrade(field, degradation, rng)
        inner = (slice(MARGIN, -MARGIN),) * 2
        noise = estimate_noise(worse)
        return noise_aware_input(worse[inner], level, noise), rebin_labels(mask, degradation.coarser)[inner]

    def _real(self, side, level, rng):
        field, mask = self._pairs[rng.integers(len(self._pairs))]
        crop, mask = augmented_crop(field, mask, side, rng, grid_share=1 - self._shares["turned"])
        return crop, mask != 0 if level == self._level else np.abs(crop) > level

    def _scene(self, side, level, rng):
        if rng.random() < self._shares["empty"]:
            return np.zeros((side, side)), np.zeros((side, side), bool)
        still = draw_still((side, side), rng)
        return still.field * level, still.owner >= 0


#: Where the examples of an architecture come from.
EXAMPLES = {"paper": PaperExamples, "polarity_blind": DegradedExamples}
