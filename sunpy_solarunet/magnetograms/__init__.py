"""
Magnetograms: reading them, describing those that come without coordinates, their field and pixel areas.
"""

from sunpy_solarunet.magnetograms.describing import magnetogram
from sunpy_solarunet.magnetograms.field import field_from_levels, field_strength, valid_pixels
from sunpy_solarunet.magnetograms.grid import Grid, pointing_shift
from sunpy_solarunet.magnetograms.reading import is_image, read_array, read_field, read_levels
from sunpy_solarunet.magnetograms.sequences import MagnetogramSequence, list_magnetograms, read_magnetograms
from sunpy_solarunet.magnetograms.surface import AREAS, pixel_area, pixel_coordinates, pixel_length, surface_coordinates

__all__ = [
    "AREAS",
    "Grid",
    "MagnetogramSequence",
    "field_from_levels",
    "field_strength",
    "is_image",
    "list_magnetograms",
    "magnetogram",
    "pixel_area",
    "pixel_coordinates",
    "pixel_length",
    "pointing_shift",
    "read_array",
    "read_field",
    "read_levels",
    "read_magnetograms",
    "surface_coordinates",
    "valid_pixels",
]
