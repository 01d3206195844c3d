"""
Catalogs and features as small tables in notebooks.
"""

from sunpy_solarunet.display import html_table
from sunpy_solarunet.features.flags import flag_names

__all__ = ["catalog_html", "feature_html"]

#: Most features of a catalog that are shown.
MOST_ROWS = 10

#: The columns of a catalog, and how their numbers are written.
COLUMNS = {
    "label": "d",
    "polarity": "+d",
    "n_pixels": "d",
    "area": ".2f",
    "flux": ".3g",
    "flux_error": ".1g",
    "peak_field": ".0f",
    "Tx": ".1f",
    "Ty": ".1f",
    "lon": ".2f",
    "lat": ".2f",
    "radius": ".2f",
}

#: What is told of one feature besides.
MORE = {"mean_field": ".0f", "elongation": ".2f", "orientation": ".0f", "probability": ".2f"}


def catalog_html(catalog):
    """
    A catalog's first features as an HTML table.

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`

    Returns
    -------
    `str`
    """
    columns = {name: getattr(catalog, name) for name in COLUMNS}
    head = [f"{name}{_unit(values)}" for name, values in columns.items()]
    shown = min(len(catalog), MOST_ROWS)
    rows = [[_number(columns[name][row], style) for name, style in COLUMNS.items()] for row in range(shown)]
    rest = f"<p>... and {len(catalog) - shown} more</p>" if len(catalog) > shown else ""
    file = catalog.map.meta.get("filename")
    caption = repr(catalog).strip("<>") + (f", {file}" if file else "")
    return html_table(rows, caption=caption, head=head) + rest


def feature_html(feature):
    """
    The measurements of a feature as an HTML table.

    Parameters
    ----------
    feature : `~sunpy_solarunet.Feature`

    Returns
    -------
    `str`
    """
    styles = COLUMNS | MORE
    values = {name: getattr(feature, name) for name in styles}
    rows = [(name, _number(value, styles[name]) + _unit(value, " {}")) for name, value in values.items()]
    rows.append(("flags", ", ".join(flag_names(feature.flags)) or "none"))
    return html_table(rows, caption=f"Feature {feature.label} of {feature.catalog.time.iso}", names=True)


def _number(value, style):
    return format(getattr(value, "value", value), style)


def _unit(values, style=" ({})"):
    unit = str(getattr(values, "unit", "") or "")
    return style.format(unit) if unit else ""
