"""
Observations that the tests share.

They are not part of the package. A test that asks for them is skipped where they are not at hand.
"""

import os
from pathlib import Path

import astropy.units as u
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from skimage.io import imread

from sunpy_solarunet import magnetogram, read_magnetograms

mpl.use("agg")

#: Environment variable with the folder of the observations, without which they are looked for beside the checkout.
VARIABLE = "SUNPY_SOLARUNET_DATA"
BESIDE = "*/data/gst-2017-07-13"

#: Times of the three frames of AR 12665 on 2017-07-13, and the field of view, which are not in the files.
GST_TIMES = ("2017-07-13T20:17:41", "2017-07-13T20:18:38", "2017-07-13T20:19:34")
GST_EXTENT = (413, 473, -204, -144) * u.arcsec


@pytest.fixture(autouse=True)
def _close_figures():
    """No test draws into the figure of another."""
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def data_folder():
    """Folder with the observations."""
    if VARIABLE in os.environ:
        return Path(os.environ[VARIABLE])
    for folder in Path(__file__).parents[2].glob(BESIDE):
        return folder.parent
    pytest.skip(f"no observations: set {VARIABLE} to the folder that holds them")


@pytest.fixture(scope="session")
def gst_frames(data_folder):
    """Three GST/NIRIS magnetograms of AR 12665 in gauss, 720 x 720 pixels, 57 and 56 s apart."""
    folder = data_folder / "gst-2017-07-13"
    return [
        magnetogram(
            folder / f"frame_{number}.fits", unit=u.G, time=time, extent=GST_EXTENT, observer="earth", padding=True
        )
        for number, time in enumerate(GST_TIMES, start=1)
    ]


@pytest.fixture(scope="session")
def gst_three_class_masks(data_folder):
    """The published three-class masks of `gst_frames`: 1 positive, -1 negative, 0 neither; row 0 south."""
    folder = data_folder / "gst-2017-07-13"
    images = [imread(folder / f"frame_{number}_three_class_mask.png") for number in (1, 2, 3)]
    return [np.flipud((image == 255).astype(np.int8) - (image == 0).astype(np.int8)) for image in images]


@pytest.fixture(scope="session")
def hmi_frames(data_folder):
    """Four SDO/HMI line-of-sight magnetograms, 45 s apart, 75 x 78 pixels, with complete coordinates."""
    return list(read_magnetograms(data_folder / "hmi-2022-04-17" / "*.fits"))


@pytest.fixture(scope="session")
def sharp_map(data_folder):
    """Radial field of a SHARP of 2011-02-15 in Mx / cm2, 377 x 744 pixels, cylindrical equal-area."""
    return magnetogram(data_folder / "hmi-sharp" / "hmi.sharp_cea_720s.377.20110215_020000_TAI.Br.fits")
