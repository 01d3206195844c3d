"""
How exactly the network's convolutions are computed.
"""

from pathlib import Path

from sunpy_solarunet.errors import name_choice
from sunpy_solarunet.names import PRECISIONS

__all__ = ["PRECISIONS", "choose_precision"]

#: Where Linux describes the processor, and what it calls the instructions that multiply numbers in bfloat16.
PROCESSOR, INSTRUCTIONS = Path("/proc/cpuinfo"), {"amx_bf16", "avx512_bf16"}


def choose_precision(precision, *, engine="keras"):
    """
    The precision that a name stands for on this computer.

    Parameters
    ----------
    precision : {"float32", "bfloat16", "auto"}
        "auto" stands for "bfloat16" on processors with instructions for it, and for "float32" on others,
        where nothing is known of them, and with other engines than Keras.
    engine : {"keras", "openvino"}
        What computes them.

    Returns
    -------
    `str`
        "float32" or "bfloat16".

    Raises
    ------
    SolarUnetError
        If the name is unknown.

    Examples
    --------
    >>> from sunpy_solarunet.segmentation.precision import choose_precision
    >>> choose_precision("float32")
    'float32'
    """
    if name_choice(precision, PRECISIONS, "precision") != "auto":
        return precision
    if engine != "keras":
        return "float32"
    known = set(PROCESSOR.read_text().split()) if PROCESSOR.is_file() else set()
    return "bfloat16" if known & INSTRUCTIONS else "float32"
