"""Headers of real magnetographs, as they come with sunpy, for planted maps and files."""

from pathlib import Path

import numpy as np
import sunpy.data.test
from astropy.io import fits

FOLDER = Path(sunpy.data.test.__path__[0])

GONG = "gong_magnetogram"
GONG_SYNOPTIC = "gong_synoptic"
HMI_SYNOPTIC = "hmi_synoptic"
SHARP = "hmi_sharp_magnetogram"
SHARP_CEA = "hmi_cea_sharp_magnetogram"
MDI = "mdi.fd_M_96m_lev182.20101015_191200_TAI.data"
MDI_SYNOPTIC = "mdi_synoptic"
ALL = (GONG, GONG_SYNOPTIC, HMI_SYNOPTIC, SHARP, SHARP_CEA, MDI, MDI_SYNOPTIC)

#: Cards that belong to the data of the original file.
OF_DATA = ("SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "EXTEND", "BSCALE", "BZERO", "BLANK")
OF_DATA += ("CHECKSUM", "DATASUM", "COMMENT", "HISTORY", "")


def real_header(name):
    """Keywords and values of an instrument's header."""
    cards = fits.Header.fromtextfile(FOLDER / f"{name}.header").cards
    return {card.keyword: card.value for card in cards if card.keyword not in OF_DATA}


def planted(shape=(20, 30)):
    """A weak field with one strong element."""
    field = np.random.default_rng(0).normal(5, 3, shape).astype(np.float32)
    field[4:8, 9:15] = 300
    return field


def write_real(path, header, field=None):
    """Write a file with a header, which may be no valid one, and give back the path."""
    image = fits.PrimaryHDU(planted() if field is None else field)
    for keyword, value in header.items():
        image.header[keyword] = value
    image.writeto(path, output_verify="ignore", overwrite=True)
    return path
