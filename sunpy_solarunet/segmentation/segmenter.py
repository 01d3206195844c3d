"""
`Segmenter`: a magnetogram in, a catalog of its features out.
"""

import contextlib
import warnings

import astropy.units as u
import numpy as np
from astropy.utils import lazyproperty
from sunpy.map import Map

from sunpy_solarunet.errors import ModelError, SolarUnetError, SolarUnetWarning, name_choice, require_quantity
from sunpy_solarunet.features import FeatureCatalog
from sunpy_solarunet.magnetograms import AREAS, field_strength
from sunpy_solarunet.segmentation import classical, weights

__all__ = ["METHODS", "Segmenter"]

#: The methods and their default thresholds in gauss: threshold, low and polarity threshold.
METHODS = {
    "network": (None, None, 150.0),
    "threshold": (150.0, None, 0.0),
    "hysteresis": (300.0, 100.0, 0.0),
    "downhill": (300.0, 100.0, 0.0),
}


class Segmenter:
    """
    Find the magnetic features of magnetograms.

    Parameters
    ----------
    method : {"network", "threshold", "hysteresis", "downhill"}
        How significant pixels are found: by the U-shaped network of section 3.2; where the field
        exceeds a threshold; in regions above a low threshold that exceed a high one somewhere
        (SWAMIS's discrimination). "downhill" takes the pixels of "hysteresis" and gives each local
        maximum of the field strength a feature of its own (SWAMIS's downhill identification); the
        others make a feature of each connected region of one sign, by edges and corners.
    model : `str` or path-like
        The network: a bundled model's name, a model's folder, or a ``.weights.h5`` or ``.keras`` file.
    threshold : `~astropy.units.Quantity`, optional
        Field of the classical methods, the high one where there are two. 150 G for "threshold",
        300 G, as SWAMIS has it, for "hysteresis" and "downhill".
    low : `~astropy.units.Quantity`, optional
        Low threshold of "hysteresis" and "downhill". 100 G, or the high one if that is lower.
    polarity_threshold : `~astropy.units.Quantity`, optional
        Significant pixels of a weaker field belong to no feature (section 3.1, step 5). 150 G for
        the network, as in the paper, and 0 G for the classical methods.
    min_pixels : `int`
        Features of fewer pixels are noise (section 3.3).
    probability : `float`
        Pixels are significant where the network's probability exceeds this.
    area : {"sky", "surface"}
        How pixel areas are counted, see `~sunpy_solarunet.magnetograms.pixel_area`.
    device : `str`, optional
        Where the network runs, for example "cpu:0" or "gpu:0". A GPU, if there is one.

    Raises
    ------
    SolarUnetError
        If a name is unknown or a number out of its range.
    TypeError
        If a threshold has no unit.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import Segmenter, magnetogram
    >>> field = np.zeros((12, 12)) * u.G
    >>> field[2:6, 3:6] = -200 * u.G
    >>> frame = magnetogram(field, time="2017-07-13", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
    >>> segmenter = Segmenter(method="threshold", threshold=100 * u.G)
    >>> segmenter(frame)
    <FeatureCatalog: 1 features (0 positive, 1 negative), 12 x 12 pixels, 2017-07-13 00:00:00.000>
    """

    def __init__(
        self,
        method="network",
        *,
        model="solarunet",
        threshold=None,
        low=None,
        polarity_threshold=None,
        min_pixels=10,
        probability=0.5,
        area="sky",
        device=None,
    ):
        #: How significant pixels are found.
        self.method = name_choice(method, METHODS, "method")
        self.area = name_choice(area, AREAS, "area")
        self._threshold, self._low, self._polarity_threshold = self._thresholds(threshold, low, polarity_threshold)
        if int(min_pixels) != min_pixels or min_pixels < 1:
            raise SolarUnetError(f"min_pixels must be a whole number of at least 1, got {min_pixels}")
        self.min_pixels = int(min_pixels)
        if not 0 < probability < 1:
            raise SolarUnetError(f"probability must lie between 0 and 1, got {probability}")
        self.cut = float(probability)
        self.device = device
        #: Specification of the network, or `None` with a classical method.
        self.model = weights.read_specification(model) if method == "network" else None
        self._model_source = model

    def _thresholds(self, threshold, low, polarity_threshold):
        """The three thresholds in gauss: those given, and the method's own in place of the others."""
        given = {"threshold": threshold, "low": low, "polarity_threshold": polarity_threshold}
        for (name, value), default in zip(given.items(), METHODS[self.method], strict=True):
            if value is not None and default is None:
                raise SolarUnetError(f"the method {self.method!r} has no {name}")
            given[name] = default if value is None else require_quantity(value, u.G, name, positive=True)
        if low is None and given["low"] is not None:
            given["low"] = min(given["low"], given["threshold"])
        if given["low"] is not None and given["low"] > given["threshold"]:
            raise SolarUnetError(f"low is {low}, which is above the threshold of {given['threshold']} G")
        return tuple(given.values())

    def __repr__(self):
        settings = ", ".join(f"{name}={value}" for name, value in self.meta.items())
        return f"<Segmenter: {settings}>"

    @property
    def meta(self):
        """The parameters, as they go into the tables."""
        meta = {"method": self.method, "min_pixels": self.min_pixels}
        gauss = {"threshold": self._threshold, "low": self._low, "polarity_threshold": self._polarity_threshold}
        meta |= {name: f"{value:g} G" for name, value in gauss.items() if value is not None}
        if self.model is not None:
            meta |= {"probability": self.cut, "model": self.model["name"], "model_sha256": self.model["sha256"]}
        return meta

    @lazyproperty
    def _network(self):
        with self._on_device():
            return weights.load_model(self._model_source)

    def _on_device(self):
        if self.device is None:
            return contextlib.nullcontext()
        import keras

        known = [name.lower() for name in keras.distribution.list_devices()]
        if str(self.device).lower() not in known:
            raise ModelError(f"there is no device {self.device!r} here; choose one of {', '.join(known)}")
        return keras.device(self.device)

    def __call__(self, magnetogram):
        """
        Find the features of one magnetogram.

        Parameters
        ----------
        magnetogram : `~sunpy.map.GenericMap`

        Returns
        -------
        FeatureCatalog
            Empty, with a warning, if the map has no data at all or does not vary.
        """
        field = field_strength(magnetogram)
        self._warn_if_nothing_to_see(field, magnetogram)
        mask = self._three_classes(field)
        labels = classical.downhill_labels(field, mask) if self.method == "downhill" else classical.signed_labels(mask)
        labels = classical.keep_large(labels, self.min_pixels)
        return FeatureCatalog(magnetogram, labels, area=self.area, meta=self.meta)

    @staticmethod
    def _warn_if_nothing_to_see(field, magnetogram):
        valid = field[~np.isnan(field)]
        name = magnetogram.meta.get("filename", "the map")
        if valid.size == 0:
            message = f"{name} has no data: all pixels are not-a-number, masked or padding; its catalog is empty"
        elif valid.size == field.size > 1 and valid.min() == valid.max():
            message = f"{name} is constant: {valid[0]:g} G everywhere"
        else:
            return
        warnings.warn(message, SolarUnetWarning, stacklevel=3)

    def mask(self, magnetogram):
        """
        The three-class mask of section 3.1, before small features are removed.

        Parameters
        ----------
        magnetogram : `~sunpy.map.GenericMap`

        Returns
        -------
        `~sunpy.map.GenericMap`
            1 positive, -1 negative, 0 nonsignificant.
        """
        return _derived_map(magnetogram, self._three_classes(field_strength(magnetogram)), "three-class mask")

    def probability(self, magnetogram):
        """
        The network's probability that a pixel is significant.

        Parameters
        ----------
        magnetogram : `~sunpy.map.GenericMap`

        Returns
        -------
        `~sunpy.map.GenericMap`
            From 0 to 1; not-a-number where the magnetogram has no data.

        Raises
        ------
        SolarUnetError
            If the method is not "network".
        """
        if self.method != "network":
            raise SolarUnetError(f"the method {self.method!r} has no probability: use method='network'")
        probability = self._probability(field_strength(magnetogram))
        return _derived_map(magnetogram, probability, "probability of significant flux")

    def _probability(self, field):
        from sunpy_solarunet.segmentation.inference import predict_classes, scale_field

        network = self._network
        with self._on_device():
            classes = predict_classes(network, scale_field(field, self.model["scale_gauss"]))
        return np.where(np.isnan(field), np.float32(np.nan), 1 - classes[..., 0])

    def _three_classes(self, field):
        """Steps 4 and 5 of section 3.1: a binary mask, then the field's sign."""
        if self.method == "network":
            significant = self._probability(field) > self.cut
        elif self.method == "threshold":
            significant = classical.threshold_mask(field, self._threshold)
        else:
            significant = classical.hysteresis_mask(field, self._threshold, self._low)
        return classical.polarity_mask(field, significant, self._polarity_threshold)


def _derived_map(magnetogram, data, content):
    """A map of another quantity with the coordinates and time of a magnetogram."""
    meta = magnetogram.meta.copy()
    for key in ("bunit", "blank", "bzero", "bscale", "datamin", "datamax"):
        meta.pop(key, None)
    meta["content"] = content
    return Map(data, meta)
