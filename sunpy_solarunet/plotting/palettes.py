"""
Colors and line styles of features and events, the same in all figures.
"""

from sunpy_solarunet.errors import name_choice

__all__ = ["COLORS", "DEATHS", "PALETTES", "SIGNS", "colors_of", "line_style"]

#: Names of the features that take part in no event.
SIGNS = ("positive", "negative")

#: Events in which features end; the others, in which they begin.
DEATHS = ("disappearance", "merging", "cancellation")

#: Features by their sign and members of events by its kind, each death before the birth that is its reverse.
#: The hues are near those of the paper; any two are told apart by people who lack one kind of cones, too.
COLORS = {
    "positive": "#fff361",
    "negative": "#6dc286",
    "disappearance": "#c29eff",
    "appearance": "#3d6df3",
    "merging": "#ff860c",
    "splitting": "#61ffff",
    "cancellation": "#aa5592",
    "emergence": "#e70024",
}

#: The palettes by name; that of the paper is told in section 3.3 and footnote 9 of Jiang et al. (2020).
PALETTES = {
    "default": COLORS,
    "paper": {
        "positive": "#ffe100",
        "negative": "#12c52b",
        "disappearance": "#b04dff",
        "appearance": "#3a70ff",
        "merging": "#ff8c00",
        "splitting": "#00f0f0",
        "cancellation": "#ff8ad2",
        "emergence": "#f00a1e",
    },
}

#: Dash and gap of a border that has one color, and dash of one that has several; in line widths.
DASHED = (4, 1.5)
DASH = 4


def colors_of(palette):
    """
    The colors of a palette.

    Parameters
    ----------
    palette : {"default", "paper"}

    Returns
    -------
    `dict`
        Colors of signs and kinds of events by name.

    Raises
    ------
    SolarUnetError
        If there is no such palette.

    Examples
    --------
    >>> from sunpy_solarunet.plotting.palettes import colors_of
    >>> colors_of("paper")["merging"]
    '#ff8c00'
    """
    return PALETTES[name_choice(palette, PALETTES, "palette")]


def line_style(names):
    """
    How the border of a feature is drawn, once in each of its colors.

    Parameters
    ----------
    names : list of `str`
        Its sign, or the kinds of its events.

    Returns
    -------
    list
        Line styles of matplotlib: dashed for a death, solid else, and in turn for several kinds.
    """
    if len(names) > 1:
        return [(turn * DASH, (DASH, DASH * (len(names) - 1))) for turn in range(len(names))]
    return [(0, DASHED) if names[0] in DEATHS else "solid"]
