"""
Small planted scenes whose answers are known, shared by the tests.

Rows and columns, north and south, x and y are never alike in them, so that no two can be exchanged.
"""

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits

from sunpy_solarunet import magnetogram
from sunpy_solarunet.cli import main

TIME = "2017-07-13T20:17:41"

#: Arcsec a pixel along x and y, and the middle of the frame.
SCALE = (0.5, 0.4) * u.arcsec
CENTER = (120, -80) * u.arcsec


def frame_of(field, *, unit=u.G, time=TIME, scale=SCALE, center=CENTER, **description):
    """A map of a field."""
    return magnetogram(np.asarray(field), unit=unit, time=time, scale=scale, center=center, **description)


def planted_field(shape, *patches, background=1.0):
    """A field that is weak but for patches, each given as its rows, columns and gauss."""
    field = np.full(shape, background)
    for rows, columns, gauss in patches:
        field[rows, columns] = gauss
    return field


def two_elements():
    """
    A positive element of 3 rows and 7 columns in the south-west, a negative L of 12 pixels in the north-east.

    West is to the right on the Sun, so "south-west" is row 2, columns 25 to 31 of 24 rows and 40 columns.
    """
    return planted_field(
        (24, 40),
        (slice(2, 5), slice(25, 32), 200.0),
        (3, 30, 520.0),
        (slice(14, 20), slice(4, 5), -300.0),
        (slice(14, 16), slice(5, 8), -180.0),
    )


def write_fits(path, data, **header):
    """Write an image as a FITS file and give back the path."""
    cards = fits.Header({name.replace("_", "-"): value for name, value in header.items()})
    fits.PrimaryHDU(data, cards).writeto(path)
    return path


def canonical_ring(points):
    """A closed ring as a sequence of points that does not depend on where it starts."""
    points = [tuple(point) for point in np.round(np.asarray(points)[:-1], 6)]
    first = points.index(min(points))
    return tuple(points[first:] + points[:first])


def refused(arguments, capsys):
    """What is said of a command line that is not taken."""
    with pytest.raises(SystemExit) as end:
        main(list(map(str, arguments)))
    assert end.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    return told.err
