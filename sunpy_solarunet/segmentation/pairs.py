"""
Training pairs: magnetograms and the masks that belong to them.
"""

from pathlib import Path

import astropy.units as u
import numpy as np
from tqdm.auto import tqdm

from sunpy_solarunet.errors import MagnetogramError, SolarUnetError, name_choice, require_whole
from sunpy_solarunet.magnetograms import is_image, list_magnetograms, read_array, read_field, read_levels
from sunpy_solarunet.magnetograms.reading import FITS_SUFFIXES, IMAGE_SUFFIXES
from sunpy_solarunet.segmentation.segmenter import METHODS, Segmenter

__all__ = ["classical_labeler", "find_pairs", "read_mask", "read_pairs", "require_both_classes"]

#: What the names of magnetograms and masks end with.
SUFFIXES = (*FITS_SUFFIXES, *IMAGE_SUFFIXES)

#: Levels from here on are white in an 8-bit mask.
WHITE = 192


def read_mask(path):
    """
    Significant pixels of a mask (steps 1 and 2 of section 3.1).

    Parameters
    ----------
    path : path-like
        FITS file with features in it, 0 where there is none, as SWAMIS writes them; or 8-bit image,
        in which black is significant, and white too if there is gray besides: the three classes
        negative, nonsignificant and positive.

    Returns
    -------
    `numpy.ndarray` of `bool`
        Row 0 south.

    Raises
    ------
    MagnetogramError
        If the file is not two-dimensional or cannot be read.
    SolarUnetError
        If its pixels are not whole numbers, as those of a magnetogram.
    """
    path = Path(path)
    if not is_image(path):
        values = read_array(path)
        return require_whole(np.where(np.isfinite(values), values, 0), f"{path}: a mask's pixels") != 0
    levels = np.flipud(read_levels(path))
    black, white = levels < 256 - WHITE, levels >= WHITE
    return black if np.all(black | white) else black | white


def read_pairs(images, masks=None, *, labeler=None, field_range=300 * u.G, progress=False):
    """
    Training pairs: magnetograms and their masks, read or made.

    Parameters
    ----------
    images : path-like
        Folder of magnetograms. FITS files without a unit are in gauss.
    masks : path-like, optional
        Folder of masks. A mask has the name of its magnetogram, up to the suffix.
    labeler : callable, optional
        Makes the mask of a field in gauss, with not-a-number where there are no data, for the
        magnetograms that have none, see `classical_labeler`.
    field_range : `~astropy.units.Quantity`
        Field of the last level of 8-bit magnetograms.
    progress : `bool`
        Show a bar.

    Returns
    -------
    list of tuple
        Fields in gauss and masks, in the order of the names.

    Raises
    ------
    FileNotFoundError
        If a folder does not exist, or a magnetogram has no mask and there is no labeler.
    MagnetogramError
        If a magnetogram or a mask cannot be read or has no data, or they differ in shape.
    """
    pairs = []
    found = find_pairs(list_magnetograms(images), masks, labeler)
    for path, mask_path in tqdm(found, desc="reading", unit="pair", disable=not progress):
        field = read_field(path, field_range)
        if not np.isfinite(field).any():
            raise MagnetogramError(f"{path}: no pixel has data; take the file out of the folder")
        pairs.append((np.nan_to_num(field), _mask(path, field, mask_path, labeler)))
    return pairs


def find_pairs(paths, masks=None, labeler=None):
    """
    The files of training pairs.

    Parameters
    ----------
    paths : list of `pathlib.Path`
        Magnetograms.
    masks : path-like, optional
        Folder of masks, see `read_pairs`.
    labeler : callable, optional
        Makes the masks that are not there.

    Returns
    -------
    list of tuple
        Path of the magnetogram, and that of its mask or `None`.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or a magnetogram has no mask and there is no labeler.
    SolarUnetError
        If two magnetograms or two masks have the same name.
    """
    by_name = {} if masks is None else _by_name(list_magnetograms(masks))
    found = [(path, by_name.get(name)) for name, path in _by_name(paths).items()]
    bare = [path for path, mask in found if mask is None]
    if bare and labeler is None:
        message = f"no mask for {bare[0].name}; a labeler (--label-method) can make one"
        raise FileNotFoundError(f"{masks or bare[0].parent}: {message}")
    return found


def _mask(path, field, mask_path, labeler):
    mask = require_whole(labeler(field), "a labeler's mask") != 0 if mask_path is None else read_mask(mask_path)
    if field.shape != mask.shape:
        raise MagnetogramError(f"{path.name} has shape {field.shape}, its mask {mask.shape}")
    return mask


def classical_labeler(method, threshold=None, low=None, *, min_pixels=1):
    """
    A labeler that takes the significant pixels of a classical method.

    Parameters
    ----------
    method : {"threshold", "hysteresis", "downhill"}
        The pixels of "downhill" are those of "hysteresis"; what it divides is one to the network.
    threshold, low : `~astropy.units.Quantity`, optional
        See `~sunpy_solarunet.Segmenter`.
    min_pixels : `int`
        Smaller features are noise.

    Returns
    -------
    callable
        From a field in gauss, with not-a-number where there are no data, to a mask.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet.segmentation.pairs import classical_labeler
    >>> classical_labeler("hysteresis", 300 * u.G, 100 * u.G)(np.array([[150.0, 350.0, -150.0]]))
    array([[ True,  True, False]])
    """
    name_choice(method, [name for name in METHODS if name != "network"], "method")
    segmenter = Segmenter(method, threshold=threshold, low=low, min_pixels=min_pixels)
    return lambda field: segmenter.labels(field) != 0


def _by_name(paths):
    """Files by their names up to the suffix."""
    found = {}
    for path in paths:
        suffix = max((known for known in SUFFIXES if path.name.lower().endswith(known)), key=len)
        name = path.name[: -len(suffix)]
        if name in found:
            raise SolarUnetError(f"{path} and {found[name].name} have the same name: which is meant?")
        found[name] = path
    return found


def require_both_classes(pairs):
    """
    Refuse masks from which nothing can be learned.

    Parameters
    ----------
    pairs : list of tuple
        Fields and masks; there may be none.

    Raises
    ------
    SolarUnetError
        If all pixels of all masks are significant, or none is.
    """
    if not pairs:
        return
    if not any(np.any(mask) for _, mask in pairs):
        raise SolarUnetError("no pixel of any mask is significant: in masks of 8 bits, black is, in FITS what is not 0")
    if all(np.all(mask) for _, mask in pairs):
        raise SolarUnetError(
            "all pixels of all masks are significant: in masks of 8 bits, black (0) is, and white (255) is not"
        )
