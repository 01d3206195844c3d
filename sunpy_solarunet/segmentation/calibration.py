"""
What is fitted to a trained network's probabilities: their temperature, and the cut.
"""

import numpy as np
from scipy.optimize import minimize_scalar

__all__ = ["expected_best_cut", "fit_temperature", "temper"]

#: Probabilities closer to 0 or 1 than this are taken for this far away.
CLOSEST = 1e-6

#: Temperatures that are looked at.
COLDEST, HOTTEST = 0.2, 5.0

#: Ranges of probability that are counted, and the cuts among their limits that may be chosen.
CUT_STEPS = np.round(np.linspace(0, 1, 101), 2)
LOWEST_CUT, HIGHEST_CUT = 0.35, 0.5


def temper(classes, temperature):
    """
    Class probabilities at another temperature.

    Parameters
    ----------
    classes : `numpy.ndarray`
        Probabilities, the classes along the last axis.
    temperature : `float`
        What the logits are divided by: more than one makes them less certain.

    Returns
    -------
    `numpy.ndarray`
        Of the same shape.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.segmentation.calibration import temper
    >>> temper(np.array([0.1, 0.9]), 2).round(2)
    array([0.25, 0.75])
    """
    if temperature == 1:
        return classes
    powers = np.maximum(classes, CLOSEST) ** (1 / temperature)
    return powers / powers.sum(axis=-1, keepdims=True)


def fit_temperature(classes, truth):
    """
    The temperature that makes the truth most likely.

    Parameters
    ----------
    classes : `numpy.ndarray`
        Probabilities of shape (..., classes).
    truth : `numpy.ndarray` of `int`
        True classes, shape (...).

    Returns
    -------
    `float`
        From 0.2 to 5.

    Examples
    --------
    Someone who is right three times in four should not be sure to 99 %:

    >>> import numpy as np
    >>> from sunpy_solarunet.segmentation.calibration import fit_temperature, temper
    >>> sure = np.tile([0.01, 0.99], (4, 1))
    >>> print(f"{temper(sure, fit_temperature(sure, np.array([1, 1, 0, 1])))[0, 1]:.2f}")
    0.75
    """
    logarithm = np.log(np.clip(classes.reshape(-1, classes.shape[-1]), CLOSEST, 1))
    chosen = np.take_along_axis(logarithm, np.ravel(truth)[:, np.newaxis].astype(int), axis=1)[:, 0]

    def surprise(temperature):
        return np.mean(np.log(np.exp(logarithm / temperature).sum(axis=1)) - chosen / temperature)

    return float(minimize_scalar(surprise, bounds=(COLDEST, HOTTEST), method="bounded").x)


def expected_best_cut(probability):
    """
    The cut at which a frame's mask is expected to overlap best with the truth, which nobody needs to know.

    If the probabilities are right, the pixels above a cut hold as many significant ones as their
    probabilities add up to, and the others miss as many as theirs. The cut with the largest
    expected intersection over union is a half where all is certain and less where much is not.

    Parameters
    ----------
    probability : `numpy.ndarray`
        Of significant flux, not-a-number where there are no data.

    Returns
    -------
    `float`
        From 0.35 to 0.5; 0.5 where nothing is likely.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.segmentation.calibration import expected_best_cut
    >>> expected_best_cut(np.array([0.01, 0.02, 0.99])), expected_best_cut(np.array([0.1, 0.4, 0.45, 0.6]))
    (0.5, 0.4)
    """
    probability = probability[np.isfinite(probability)]
    number, _ = np.histogram(probability, CUT_STEPS)
    mass, _ = np.histogram(probability, CUT_STEPS, weights=probability)
    above, found = (np.cumsum(counts[::-1])[::-1] for counts in (number, mass))
    choice = (CUT_STEPS[:-1] > LOWEST_CUT - 1e-9) & (CUT_STEPS[:-1] < HIGHEST_CUT + 1e-9)
    overlap = (found / np.maximum(above + mass.sum() - found, 1e-9))[choice]
    # Of equal ones the highest.
    return float(CUT_STEPS[:-1][choice][len(overlap) - 1 - np.argmax(overlap[::-1])])
