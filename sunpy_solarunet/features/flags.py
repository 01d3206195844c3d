"""
Flags of features, and what their bits mean.
"""

__all__ = ["FLAGS", "flag_names"]

#: What the bits of a feature's flags mean.
FLAGS = {
    "edge": (1, "touches the frame's edge or pixels without data: part of it may be missing"),
    "off_disk": (2, "its center is not on the solar disk: no longitude and latitude"),
    "no_area": (
        4,
        "some of its pixels have no area, such as those beyond the limb: area and flux leave them out",
    ),
}


def flag_names(flags):
    """
    Names of the flags that are set.

    Parameters
    ----------
    flags : `int`
        As in the column ``flags`` of a table.

    Returns
    -------
    `list` of `str`

    Examples
    --------
    >>> from sunpy_solarunet.features import flag_names
    >>> flag_names(3)
    ['edge', 'off_disk']
    """
    return [name for name, (bit, _) in FLAGS.items() if flags & bit]
