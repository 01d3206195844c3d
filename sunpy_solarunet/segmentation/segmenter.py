"""
`Segmenter`: a magnetogram in, a catalog of its features out.
"""

import contextlib
import warnings

import numpy as np
from astropy.utils import lazyproperty
from scipy import ndimage

from sunpy_solarunet.display import settings_html, settings_text
from sunpy_solarunet.errors import ModelError, SolarUnetError, SolarUnetWarning
from sunpy_solarunet.features import FeatureCatalog
from sunpy_solarunet.magnetograms import field_strength
from sunpy_solarunet.names import DEFAULT_MODEL, METHODS
from sunpy_solarunet.segmentation import classical, weights
from sunpy_solarunet.segmentation.calibration import expected_best_cut
from sunpy_solarunet.segmentation.noise import estimate_noise
from sunpy_solarunet.segmentation.parameters import Parameters
from sunpy_solarunet.segmentation.prefetch import prefetched
from sunpy_solarunet.segmentation.processes import require_own_process

__all__ = ["DEFAULT_MODEL", "METHODS", "Segmenter"]

#: Where the noise is as large as the threshold, the sign of the field is that of its mean over so many pixels.
SIGN_SMOOTHING = 3.0


def _parameter(name, summary):
    return property(lambda segmenter: getattr(segmenter.parameters, name), doc=summary)


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
        `~sunpy_solarunet.available_models` lists the bundled ones.
    threshold : `~astropy.units.Quantity`, optional
        Field of the classical methods, the high one where there are two: 150 G for "threshold",
        300 G, as SWAMIS has it, for "hysteresis" and "downhill". A network that is told the noise
        says where the field, were it without noise and blur, would be stronger than this; "solarunet"
        takes 90 G, the threshold of the masks that it was trained with. It works with any other, such
        as 20 G for SDO/HMI, since it sees the field in units of the threshold and of the noise.
    low : `~astropy.units.Quantity`, optional
        Low threshold of "hysteresis" and "downhill". 100 G, or the high one if that is lower.
    polarity_threshold : `~astropy.units.Quantity`, optional
        Significant pixels of a weaker field belong to no feature (section 3.1, step 5). 150 G for
        the network "solarunet-paper", as in the paper, and 0 G for "solarunet" and the classical methods.
    min_pixels : `int`
        Features of fewer pixels are noise (section 3.3).
    probability : `float`, optional
        Pixels are significant where the network's probability exceeds this. If it is not given, the
        cut is the model's: 0.5 for "solarunet-paper", and for "solarunet" that with the best overlap to
        be expected in the frame, see `~sunpy_solarunet.segmentation.calibration.expected_best_cut`.
    flips : `bool`
        Average the network's answer over the mirror images and quarter turns of the magnetogram: it
        takes eight times as long and is then the same for all of them.
    precision : {"float32", "bfloat16", "auto"}
        Of the network's convolutions, see `~sunpy_solarunet.segmentation.inference.Predictor`: with
        "auto" they are several times faster on processors that have instructions for "bfloat16", and
        probabilities differ by up to some hundredths from those of others.
    engine : {"keras", "openvino"}
        What computes the network. OpenVINO, an optional extra (``pip install "sunpy_solarunet[openvino]"``), is
        faster on many processors; probabilities differ by some millionths.
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

    method = _parameter("method", "How significant pixels are found.")
    model = _parameter("model", "The network; `None` with a classical method.")
    threshold = _parameter("threshold", "Field above which flux is significant; `None` where the method has none.")
    low = _parameter("low", "Low threshold; `None` where the method has none.")
    polarity_threshold = _parameter("polarity_threshold", "Pixels of a weaker field belong to no feature.")
    min_pixels = _parameter("min_pixels", "Features of fewer pixels are noise.")
    probability = _parameter(
        "probability",
        "Probability above which a pixel is significant; `None` where each frame has its own, or the method has none.",
    )
    flips = _parameter("flips", "Whether the network's answer is averaged over mirror images and quarter turns.")
    precision = _parameter("precision", 'Of the network\'s convolutions: what "auto" stands for on this computer.')
    engine = _parameter("engine", "What computes the network.")
    area = _parameter("area", "How pixel areas are counted.")
    device = _parameter("device", "Where the network runs; `None` where Keras chooses.")

    def __init__(
        self,
        method="network",
        *,
        model=DEFAULT_MODEL,
        threshold=None,
        low=None,
        polarity_threshold=None,
        min_pixels=10,
        probability=None,
        flips=False,
        precision="float32",
        engine="keras",
        area="sky",
        device=None,
    ):
        #: All parameters, those of the method or model in place of those that were not given.
        self.parameters = Parameters(
            method=method,
            model=model,
            threshold=threshold,
            low=low,
            polarity_threshold=polarity_threshold,
            min_pixels=min_pixels,
            probability=probability,
            flips=flips,
            precision=precision,
            engine=engine,
            area=area,
            device=device,
        )

    def __repr__(self):
        return f"Segmenter({settings_text(self.parameters.changed)})"

    def _repr_html_(self):
        return settings_html("Segmenter", self.parameters.settings)

    def __eq__(self, other):
        return self.parameters == other.parameters if isinstance(other, Segmenter) else NotImplemented

    def __hash__(self):
        return hash(self.parameters)

    @property
    def meta(self):
        """The parameters, as they go into the tables."""
        return self.parameters.meta

    @lazyproperty
    def _predictor(self):
        from sunpy_solarunet.segmentation.inference import Predictor

        specification = self.parameters.specification
        settings = specification["input"]
        if self.threshold is not None:
            settings = settings | {"level_gauss": self.threshold.value}
        network = weights.load_model(self.model)
        choices = {"precision": self.precision, "engine": self.engine}
        return Predictor(network, settings, temperature=specification["temperature"], **choices)

    def __getstate__(self):
        """All but the network, which is loaded anew where it is needed."""
        return {name: value for name, value in self.__dict__.items() if name != "_predictor"}

    def _on_device(self):
        require_own_process()
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
        labels, probability = self._labels(field)
        return FeatureCatalog(magnetogram, labels, probability=probability, area=self.area, meta=self.meta)

    def _labels(self, field):
        mask, probability = self._three_classes(field)
        if self.method == "downhill":
            return classical.downhill_labels(field, mask, self.min_pixels), probability
        return classical.signed_labels(mask, self.min_pixels), probability

    def labels(self, field):
        """
        The features of a plain array, without coordinates.

        Parameters
        ----------
        field : `numpy.ndarray`
            Gauss, shape (rows, columns); not-a-number where there are no data.

        Returns
        -------
        `numpy.ndarray` of `int`
            0 where there is no feature, else the feature's number.
        """
        return self._labels(field)[0]

    def catalogs(self, magnetograms):
        """
        Find the features of many magnetograms, the next ones being read meanwhile.

        Parameters
        ----------
        magnetograms : iterable of `~sunpy.map.GenericMap`
            Such as `~sunpy_solarunet.read_magnetograms` gives; taken one by one.

        Yields
        ------
        FeatureCatalog
            In the order of the magnetograms.
        """
        for magnetogram in prefetched(magnetograms):
            yield self(magnetogram)

    @staticmethod
    def _warn_if_nothing_to_see(field, magnetogram):
        name = magnetogram.meta.get("filename", "the map")
        if np.isnan(field).all():
            message = f"{name} has no data: all pixels are not-a-number, masked or padding; its catalog is empty"
        elif field.size > 1 and field.min() == field.max():
            message = f"{name} is constant: {field[0, 0]:g} G everywhere"
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
        return _derived_map(magnetogram, self._three_classes(field_strength(magnetogram))[0], "three-class mask")

    def probabilities(self, magnetogram):
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
        field = field_strength(magnetogram)
        probability = self._significance(self._classes(field, self._noise(field)))
        return _derived_map(magnetogram, probability, "probability of significant flux")

    def _noise(self, field):
        """The noise of a frame in gauss, where the network is told it."""
        return None if self.threshold is None else estimate_noise(field)

    def _classes(self, field, noise):
        """The network's class probabilities, not-a-number where there are no data."""
        with self._on_device():
            predictor = self._predictor
            views = VIEWS if self.flips else VIEWS[:1]
            classes = sum(back(predictor.classes(there(field), noise)) for there, back in views) / len(views)
        return np.where(np.isnan(field)[..., np.newaxis], np.float32(np.nan), classes)

    @staticmethod
    def _significance(classes):
        return 1 - classes[..., 0]

    def _three_classes(self, field):
        """Steps 4 and 5 of section 3.1: a binary mask, then the field's sign; and the network's probability."""
        if self.method == "network":
            return self._network_mask(field)
        if self.method == "threshold":
            significant = classical.threshold_mask(field, self.threshold.value)
        else:
            significant = classical.hysteresis_mask(field, self.threshold.value, self.low.value)
        return classical.polarity_mask(field, significant, self.polarity_threshold.value), None

    def _network_mask(self, field):
        noise = self._noise(field)
        classes = self._classes(field, noise)
        probability = self._significance(classes)
        significant = probability > (expected_best_cut(probability) if self.probability is None else self.probability)
        if classes.shape[-1] == 3:
            return np.where(significant, np.where(classes[..., 1] > classes[..., 2], 1, -1), 0), probability
        signed = field if noise is None else self._steadied(field, noise)
        return classical.polarity_mask(signed, significant, self.polarity_threshold.value), probability

    def _steadied(self, field, noise):
        """The field smoothed as its noise asks, so that the noise does not decide on the sign of a pixel."""
        width = SIGN_SMOOTHING * noise / self.threshold.value
        return ndimage.gaussian_filter(np.nan_to_num(field), min(width, SIGN_SMOOTHING))


def _turned(quarters, mirrored):
    """A view of a frame, and the way back for an array with the frame's rows and columns first."""

    def there(field):
        return np.rot90(field[:, ::-1] if mirrored else field, quarters)

    def back(classes):
        upright = np.rot90(classes, -quarters)
        return upright[:, ::-1] if mirrored else upright

    return there, back


#: A frame as it is, then its other quarter turns and mirror images.
VIEWS = [_turned(quarters, mirrored) for mirrored in (False, True) for quarters in range(4)]


def _derived_map(magnetogram, data, content):
    """A map of another quantity with the coordinates and time of a magnetogram."""
    meta = magnetogram.meta.copy()
    for key in ("bunit", "blank", "bzero", "bscale", "datamin", "datamax"):
        meta.pop(key, None)
    meta["content"] = content
    return type(magnetogram)(data, meta)
