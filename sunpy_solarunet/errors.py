"""
The errors and warnings of the package.
"""

from sunpy.util.exceptions import SunpyUserWarning

__all__ = [
    "DescriptionMissing",
    "MagnetogramError",
    "ModelError",
    "SequenceError",
    "SolarUnetError",
    "SolarUnetWarning",
    "name_choice",
    "require_quantity",
]

import astropy.units as u


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
        super().__init__(self._message())

    def __reduce__(self):
        return type(self), (self.file, self.missing, self.unreadable)

    def _message(self):
        names = _enumerated([DESCRIPTION[name][0] for name in self.missing])
        verb = "is" if len(self.missing) == 1 and "coordinates" not in self.missing else "are"
        reason = f" or cannot be read ({', '.join(self.unreadable)})" if self.unreadable else ""
        return f"{self.file}: {names} {verb} missing{reason}; give {self._advice()}"

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
        If there is no such name; the message lists those that exist.
    """
    choices = list(choices)
    if name not in choices:
        raise SolarUnetError(f"unknown {what} {name!r}; choose one of {', '.join(map(repr, choices))}")
    return name
