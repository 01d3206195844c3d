"""
What the text behind an option stands for: a type for each kind of value.

Astropy is imported when a value is read, not when an option is declared, so that help costs nothing.
"""

import argparse
from pathlib import Path

from sunpy_solarunet.names import bundled_models, bundled_recipes, unknown_model, unknown_name, unknown_recipe

__all__ = ["field_unit", "model", "name_of", "numeric", "recipe", "time", "value_in"]


def numeric(convert):
    """Mark a type of options whose values may be numbers in a file of options."""
    convert.takes_numbers = True
    return convert


def value_in(unit):
    """Type of an option: a number in this unit, or a number with a unit of its own."""

    @numeric
    def parse(text):
        import astropy.units as u

        try:
            return float(text) * u.Unit(unit)
        except ValueError:
            pass
        try:
            return u.Quantity(text).to(unit)
        except (TypeError, ValueError) as problem:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number or a value in {unit}") from problem

    return parse


def name_of(what, choices):
    """Type of an option: one of several names."""

    def parse(text):
        if text not in choices:
            raise argparse.ArgumentTypeError(unknown_name(text, choices, what))
        return text

    return parse


def model(text):
    """Type of an option: a bundled model, or the folder or file of another."""
    if text not in bundled_models() and not (text and Path(text).exists()):
        raise argparse.ArgumentTypeError(unknown_model(text))
    return text


def recipe(text):
    """Type of an option: a bundled recipe, or a file or a model's folder."""
    if text not in bundled_recipes() and not (text and Path(text).exists()):
        raise argparse.ArgumentTypeError(unknown_recipe(text))
    return text


def field_unit(text):
    """Type of an option: a unit of a magnetic field."""
    import astropy.units as u

    try:
        unit = u.Unit(text)
    except (TypeError, ValueError) as problem:
        raise argparse.ArgumentTypeError(f"{text!r} is not a unit; write it like G, T or Mx/cm2") from problem
    if not unit.is_equivalent(u.G):
        raise argparse.ArgumentTypeError(f"{text!r} is not a unit of a magnetic field; write it like G, T or Mx/cm2")
    return text


def time(text):
    """Type of an option: a time."""
    from astropy.time import Time

    try:
        Time(text, scale="utc")
    except ValueError as problem:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; write it like 2017-07-13T20:17:41") from problem
    return text
