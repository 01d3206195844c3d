"""
How objects show themselves: small HTML tables in notebooks, and settings in a line.
"""

from html import escape

import astropy.units as u
from astropy.time import Time

__all__ = ["html_table", "settings_html", "settings_text", "value_text"]


def html_table(rows, *, caption="", head=(), names=False):
    """
    Texts as an HTML table.

    Parameters
    ----------
    rows : iterable of sequence
        The cells of each row; anything that is no text is written as `str` writes it.
    caption : `str`, optional
    head : sequence, optional
        The names of the columns.
    names : `bool`
        Whether the first cell of each row is the row's name.

    Returns
    -------
    `str`
        Whatever the texts hold, none of it is taken for tags.

    Examples
    --------
    >>> from sunpy_solarunet.display import html_table
    >>> html_table([["flux", "<1e18 Mx"]], names=True)
    '<table><tbody><tr><th>flux</th><td>&lt;1e18 Mx</td></tr></tbody></table>'
    """
    parts = [f"<caption>{escape(str(caption))}</caption>"] if caption else []
    parts += [f"<thead>{_row(head, len(head))}</thead>"] if len(head) else []
    parts += ["<tbody>", *(_row(cells, int(names)) for cells in rows), "</tbody>"]
    return f"<table>{''.join(parts)}</table>"


def _row(cells, number_of_names):
    kinds = ("th" if position < number_of_names else "td" for position in range(len(cells)))
    written = (f"<{kind}>{escape(str(cell))}</{kind}>" for kind, cell in zip(kinds, cells, strict=True))
    return f"<tr>{''.join(written)}</tr>"


def settings_html(caption, settings):
    """
    Named values, such as the parameters of an object, as an HTML table.

    Parameters
    ----------
    caption : `str`
        What the object is.
    settings : `dict`
        Values by name; those that are `None` are left out.

    Returns
    -------
    `str`

    Examples
    --------
    >>> import astropy.units as u
    >>> from sunpy_solarunet.display import settings_html
    >>> settings_html("Tracker", {"max_speed": 4 * u.km / u.s, "max_gap": None})
    '<table><caption>Tracker</caption><tbody><tr><th>max_speed</th><td>4 km / s</td></tr></tbody></table>'
    """
    rows = [(name, value_text(value)) for name, value in settings.items() if value is not None]
    return html_table(rows, caption=caption, names=True)


def settings_text(settings, defaults=None):
    """
    Named values in a line, those alone that differ from the defaults.

    Parameters
    ----------
    settings : `dict`
        Values by name.
    defaults : `dict`, optional
        What is not worth telling, by name; `None` for other names.

    Returns
    -------
    `str`

    Examples
    --------
    >>> import astropy.units as u
    >>> from sunpy_solarunet.display import settings_text
    >>> settings_text({"method": "threshold", "threshold": 100 * u.G, "flips": 1}, {"flips": 1})
    "method='threshold', threshold=100 G"
    """
    defaults = defaults or {}
    return ", ".join(
        f"{name}={repr(value) if isinstance(value, str) else value_text(value)}"
        for name, value in settings.items()
        if value != defaults.get(name)
    )


def value_text(value):
    """
    A value as it is read best: a number without digits that say nothing, with its unit; a time to the second.

    Parameters
    ----------
    value
        Anything.

    Returns
    -------
    `str`

    Examples
    --------
    >>> import astropy.units as u
    >>> from sunpy_solarunet.display import value_text
    >>> value_text(4.0 * u.km / u.s), value_text(0.33), value_text("likelihood")
    ('4 km / s', '0.33', 'likelihood')
    """
    if isinstance(value, Time):
        return Time(value, format="iso", precision=0).value
    if isinstance(value, u.Quantity):
        return f"{value:.6g}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
