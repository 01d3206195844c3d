"""
Packages of other projects, which come with an extra.
"""

import importlib

from sunpy_solarunet.errors import SolarUnetError

__all__ = ["needed"]


def needed(name, extra, what):
    """
    Import a package that is not there for everyone.

    Parameters
    ----------
    name : `str`
        Of the package.
    extra : `str`
        The extra that brings it.
    what : `str`
        What it is needed for.

    Returns
    -------
    module

    Raises
    ------
    SolarUnetError
        If it is not installed, saying how to install it.

    Examples
    --------
    >>> from sunpy_solarunet.exports.packages import needed
    >>> needed("nopackage", "graphs", "graphs")
    Traceback (most recent call last):
    ...
    sunpy_solarunet.errors.SolarUnetError: graphs need nopackage: pip install "sunpy_solarunet[graphs]"
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as problem:
        raise SolarUnetError(f'{what} need {problem.name}: pip install "sunpy_solarunet[{extra}]"') from problem
