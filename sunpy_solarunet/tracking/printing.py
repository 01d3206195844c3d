"""
How the tables print: at the digits that mean something, whatever is in them and in files.
"""

import bisect

import astropy.table
import astropy.units as u
import numpy as np
from astropy.table.pprint import TableFormatter
from astropy.time import Time

from sunpy_solarunet.tracking.schemas import ALL_SCHEMAS
from sunpy_solarunet.tracking.text import is_known

__all__ = ["QTable"]

#: Formats of numbers by their unit.
DIGITS = {
    u.Mx: ".2e",
    u.G: ".1f",
    u.Mm: ".2f",
    u.Mm**2: ".3f",
    u.km / u.s: ".2f",
    u.s: ".1f",
    u.pix: ".1f",
    u.arcsec: ".1f",
    u.deg: ".2f",
    u.AU: ".4f",
    float: ".2f",
}

#: Length of a time in ISO 8601 that ends with the second.
TO_THE_SECOND = len("2017-07-13T20:17:41")


#: Stand for the columns that there is no room for.
DOTS = " ..."


class _Formatter(TableFormatter):
    """Astropy's, but for the digits of columns without a format, and for which columns give way: the last."""

    def _pformat_table(self, table, max_lines=None, max_width=None, **options):
        shown = _with_formats(table)
        _, width = self._get_pprint_size(max_lines, max_width)

        def lines(number):
            columns = list(shown.columns.values())[:number]
            part = astropy.table.QTable(columns, meta=shown.meta, copy=False)
            return super(_Formatter, self)._pformat_table(part, max_lines, -1, **options)

        def is_too_wide(number):
            dots = 0 if number == len(names) else len(DOTS)
            return len(lines(number)[0][0]) + dots > width

        names = shown.colnames
        if options.get("html") or not names or isinstance(options.get("align"), list | tuple):
            return super()._pformat_table(shown, max_lines, max_width, **options)
        if not is_too_wide(len(names)):
            return lines(len(names))
        number = max(1, bisect.bisect(range(1, len(names)), False, key=is_too_wide))
        fitting, outs = lines(number)
        return [line + DOTS for line in fitting], outs


class QTable(astropy.table.QTable):
    """
    A `~astropy.table.QTable` that prints the package's columns at the digits that mean something.

    Where there is no room for all columns, the last are left out.

    Its columns have no formats: those would change what astropy's own writers put into text files. A column
    that is given one, as in ``table["flux"].info.format = ".5e"``, prints so.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.time import Time
    >>> from sunpy_solarunet.tracking.printing import QTable
    >>> events = QTable({
    ...     "time": Time(["2017-07-13T20:17:41.123456789"], precision=9),
    ...     "flux_exchanged": [1.23456789e18] * u.Mx,
    ... }, meta={"table": "events"})
    >>> print(events)
            time        flux_exchanged
                              Mx
    ------------------- --------------
    2017-07-13T20:17:41       1.23e+18
    >>> events["flux_exchanged"][0]
    <Quantity 1.23456789e+18 Mx>
    """

    TableFormatter = _Formatter


def _with_formats(table):
    schema = ALL_SCHEMAS.get(table.meta.get("table"), {})
    shown = astropy.table.QTable(table, copy=False)
    for name, column in shown.columns.items():
        if name in schema and column.info.format is None:
            column.info.format = _format(column, schema[name][0])
    return shown


def _format(column, kind):
    if isinstance(column, Time):
        return _time_format(column)
    unit = getattr(column, "unit", None)
    return DIGITS.get(unit) if unit is not None else DIGITS.get(kind)


def _time_format(times):
    """To the second, or to as many digits as tell times apart."""
    known = times.unmasked[is_known(times)]
    end = TO_THE_SECOND
    if len(known) > 1:
        seconds = (known - known[0]).to_value(u.s)
        steps = np.diff(np.unique(seconds.round(9))).round(9)
        if len(steps) and steps.min() < 1:
            end += 1 + int(np.ceil(-np.log10(steps.min())))
    return lambda time: _shown(time)[:end]


def _shown(time):
    return Time(time, format="isot", precision=9).value if is_known(time) else ""
