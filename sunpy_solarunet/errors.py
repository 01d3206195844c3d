"""
The errors and warnings of the package.
"""

import astropy.units as u
from sunpy.util.exceptions import SunpyUserWarning

from sunpy_solarunet.names import suggestion, unknown_name

__all__ = [
    "DescriptionMissing",
    "MagnetogramError",
    "ModelError",
    "SequenceError",
    "SolarUnetError",
    "SolarUnetWarning",
    "name_choice",
    "require_number",
    "require_quantity",
    "require_whole",
    "suggestion",
]


class SolarUnetError(ValueError):
    """Base of the package's errors: the input cannot be used as it is, and the message says what to do."""


class MagnetogramError(SolarUnetError):
    """A file or an array is not a magnetogram that the package can use."""


#: What a magnetogram must be known by: its name in messages, and the arguments that give it.
DESCRIPTION = {
    "unit": ("the unit of the field", "unit="),
    "time": ("the time of observation", "time="),
    "coordinates": ("the coordinates", "scale= with center=, or extent="),
}


class DescriptionMissing(MagnetogramError):
    """
    A file or an array does not say itself all that must be known of a magnetogram, and neither does the user.

    Parameters
    ----------
    file : `str`
        Name of the file.
    missing : list of `str`
        All that is missing, of "unit", "time" and "coordinates".
    unreadable : list of `str`, optional
        What the file has in place of a time.

    Examples
    --------
    >>> from sunpy_solarunet.errors import DescriptionMissing
    >>> print(DescriptionMissing("frame.fits", ["unit", "coordinates"]))
    frame.fits: the unit of the field and the coordinates are missing; give unit= and scale= with center=, or extent=
    """

    def __init__(self, file, missing, unreadable=()):
        #: Name of the file.
        self.file = file
        #: All that is missing: a tuple of "unit", "time" and "coordinates".
        self.missing = tuple(name for name in DESCRIPTION if name in missing)
        #: What the file has in place of a time.
        self.unreadable = tuple(unreadable)
        super().__init__(self.sentence(self._advice()))

    def __reduce__(self):
        return type(self), (self.file, self.missing, self.unreadable)

    def sentence(self, advice):
        """
        What is missing, and what to give.

        Parameters
        ----------
        advice : `str`
            Arguments or options that give it.

        Returns
        -------
        `str`
        """
        names = _enumerated([DESCRIPTION[name][0] for name in self.missing])
        verb = "is" if len(self.missing) == 1 and "coordinates" not in self.missing else "are"
        reason = f" or cannot be read ({', '.join(self.unreadable)})" if self.unreadable else ""
        return f"{self.file}: {names} {verb} missing{reason}; give {advice}"

    def _advice(self):
        if self.missing == ("unit",):
            return "it, for example unit=u.G"
        if self.missing == ("time",):
            return "it as time="
        if self.missing == ("coordinates",):
            return "scale= and center=, or extent="
        return _enumerated([DESCRIPTION[name][1] for name in self.missing])


def _enumerated(names):
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


class SequenceError(SolarUnetError):
    """The frames of a sequence do not fit together: times, shapes or pointing."""


class ModelError(SolarUnetError):
    """A model is unknown, damaged, or of another kind."""


class SolarUnetWarning(SunpyUserWarning):
    """The result stands, but the user should know something about it."""


def require_quantity(value, unit, argument, *, positive=False):
    """
    Turn a physical argument into a plain number in a given unit.

    Parameters
    ----------
    value : `~astropy.units.Quantity`
        The argument as the user gave it.
    unit : unit-like
        Unit of the returned number.
    argument : `str`
        Name of the argument, for the message.
    positive : `bool`
        Refuse negative numbers.

    Returns
    -------
    `float` or `numpy.ndarray`
        The value in ``unit``, without it.

    Raises
    ------
    TypeError
        If ``value`` has no unit.
    `~astropy.units.UnitConversionError`
        If its unit cannot be converted.
    SolarUnetError
        If it is not finite, or negative where it must not be.

    Examples
    --------
    >>> import astropy.units as u
    >>> from sunpy_solarunet.errors import require_quantity
    >>> require_quantity(0.015 * u.T, u.G, "threshold")
    150.0
    """
    import numpy as np

    unit = u.Unit(unit)
    if not isinstance(value, u.Quantity):
        raise TypeError(f"{argument} needs a unit: give it as a Quantity, for example {argument}={value} * u.{unit}")
    try:
        number = value.to_value(unit)
    except u.UnitConversionError:
        message = f"{argument} is in {value.unit}, which cannot be converted to {unit}"
        raise u.UnitConversionError(message) from None
    if not np.all(np.isfinite(number)):
        raise SolarUnetError(f"{argument} must be finite, got {value}")
    if positive and np.any(number < 0):
        raise SolarUnetError(f"{argument} must not be negative, got {value}")
    return number.item() if np.ndim(number) == 0 else number


def name_choice(name, choices, what):
    """
    Check a name against those that exist.

    Parameters
    ----------
    name : `str`
        The name as the user gave it.
    choices : iterable of `str`
        The names that exist.
    what : `str`
        What is being chosen, for the message.

    Returns
    -------
    `str`
        The name.

    Raises
    ------
    SolarUnetError
        If there is no such name; the message suggests the nearest and lists those that exist.

    Examples
    --------
    >>> from sunpy_solarunet.errors import name_choice
    >>> name_choice("treshold", ["network", "threshold"], "method")
    Traceback (most recent call last):
    ...
    sunpy_solarunet.errors.SolarUnetError: unknown method 'treshold'; did you mean 'threshold'? choose one of ...
    """
    choices = list(choices)
    if isinstance(name, str) and name in choices:
        return name
    raise SolarUnetError(unknown_name(name, choices, what))


def require_number(value, argument, lowest, highest=float("inf"), *, whole=False):
    """
    Turn an argument that has no unit into a plain number within limits.

    Parameters
    ----------
    value : number
        The argument as the user gave it, a scalar of any type.
    argument : `str`
        Name of the argument, for the message.
    lowest, highest : `float`
        The limits, which it may reach.
    whole : `bool`
        Refuse numbers that are not whole.

    Returns
    -------
    `float` or `int`
        The latter if it is to be whole.

    Raises
    ------
    SolarUnetError
        If it is not a number, not finite, not whole where it must be, or beyond the limits.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.errors import require_number
    >>> require_number(np.float32(3), "min_pixels", 1, whole=True)
    3
    """
    kind = "a whole number" if whole else "a number"
    limits = f"of at least {lowest}" if highest == float("inf") else f"from {lowest} to {highest}"
    problem = SolarUnetError(f"{argument} must be {kind} {limits}, got {value!r}")
    if isinstance(value, bool | str | u.Quantity):
        raise problem
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise problem from None
    if not (lowest <= number <= highest and number < float("inf")) or (whole and not number.is_integer()):
        raise problem
    return int(value) if whole else number


def require_whole(values, argument):
    """
    Turn an array of whole numbers of any type, such as a mask or labels, into one of integers.

    Parameters
    ----------
    values : array-like
        Integers, booleans, or floating-point numbers that are whole.
    argument : `str`
        Name of the argument, for the message.

    Returns
    -------
    `numpy.ndarray` of `int`

    Raises
    ------
    SolarUnetError
        If there are numbers that are not whole, or no numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.errors import require_whole
    >>> require_whole(np.array([0.0, 2.0], np.float32), "labels")
    array([0, 2])
    """
    import numpy as np

    values = np.asarray(values)
    if values.dtype.kind not in "biuf":
        raise SolarUnetError(f"{argument} must be whole numbers, these are {values.dtype}")
    if np.can_cast(values.dtype, np.int64):
        return values.astype(np.int64, copy=False)
    with np.errstate(invalid="ignore"):
        whole = values.astype(np.int64)
    if values.dtype.kind == "u" and np.any(values > np.iinfo(np.int64).max):
        raise SolarUnetError(f"{argument} must be whole numbers of less than 2**63, the largest is {values.max()}")
    wrong = whole != values
    if np.any(wrong):
        raise SolarUnetError(f"{argument} must be whole numbers, these hold {values[wrong][0]}")
    return whole
