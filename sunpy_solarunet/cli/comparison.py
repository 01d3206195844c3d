"""
A comparison in words and for programs.
"""

import numpy as np

from sunpy_solarunet.analysis import ALL_FRAMES, QUANTITIES, STATISTICS, epps_singleton

__all__ = ["comparison_facts", "comparison_text", "lifetimes_of"]


def lifetimes_of(tracks):
    """
    How long the features of two runs live (Figure 12).

    Parameters
    ----------
    tracks : `dict` of `~astropy.table.QTable`
        By the names of the runs; empty if there are none.

    Returns
    -------
    `dict`
        For each run the number of tracks, of those in one frame alone, the median and the longest lifetime in
        frames; and for two runs the test of whether the lifetimes are of one distribution.
    """
    lifetimes = {name: np.asarray(table["lifetime"]) for name, table in tracks.items()}
    found = {
        name: {
            "tracks": len(frames),
            "of_one_frame": int((frames == 1).sum()),
            "median": float(np.median(frames)) if len(frames) else np.nan,
            "longest": int(frames.max(initial=0)),
        }
        for name, frames in lifetimes.items()
    }
    if len(found) < 2:
        return {"runs": found} if found else {}
    statistic, p_value = epps_singleton(*lifetimes.values())
    return {"runs": found, "statistic": statistic, "p_value": p_value}


def comparison_text(table, lifetimes):
    """
    As Table 2 stands in the paper, with the tests, for each frame and for all frames, if there are several.

    Parameters
    ----------
    table : `~astropy.table.QTable`
        As `~sunpy_solarunet.analysis.compare_features` gives it.
    lifetimes : `dict`
        As `lifetimes_of` gives them.

    Returns
    -------
    `str`
    """
    names = [str(frame) for frame in table["frame"][::2]]
    lines = []
    for frame in names[:1] if len(names) == 2 else names:
        lines += _frame_lines(table[table["frame"] == frame], frame)
    return "\n".join(lines + _lifetime_lines(lifetimes))


def _frame_lines(rows, frame):
    width = max(map(len, rows["method"]))
    title = f"frame {frame}, {rows['time'][0]}" if frame != ALL_FRAMES else "all frames"
    lines = [f"{title}: " + ", ".join(f"{row['n_features']} features by {row['method']}" for row in rows)]
    heads = "".join(f"{name.replace('standard_deviation', 'SD'):>12}" for name in STATISTICS)
    lines.append(f"{'':{width + 13}}{heads}")
    for quantity, unit in QUANTITIES.items():
        for row in rows:
            values = "".join(f"{row[f'{quantity}_{name}'].value:12.4g}" for name in STATISTICS)
            lines.append(f"  {f'{quantity} ({unit})':11}{row['method']:{width}}{values}")
        lines.append(f"  {'':11}" + _test_text(*(rows[f"{quantity}_{name}"][0] for name in ("statistic", "p_value"))))
    return lines


def _lifetime_lines(lifetimes):
    lines = [
        f"lifetimes in {name}: {run['tracks']} tracks, {run['of_one_frame']} of them of one frame, "
        f"median {run['median']:.4g}, longest {run['longest']} frames"
        for name, run in lifetimes.get("runs", {}).items()
    ]
    if "p_value" in lifetimes:
        lines.append(f"  {'':11}" + _test_text(lifetimes["statistic"], lifetimes["p_value"]))
    return lines


def _test_text(statistic, p_value):
    return f"Epps-Singleton statistic {statistic:.4g}, p = {p_value:.3g}"


def comparison_facts(table, lifetimes, written):
    """
    The same for programs.

    Parameters
    ----------
    table, lifetimes
        As for `comparison_text`.
    written : list of `pathlib.Path`

    Returns
    -------
    `dict`
    """
    rows = [{name: row[name] for name in table.colnames} for row in table]
    return {"rows": rows, "lifetimes": lifetimes, "written": [str(path) for path in written]}
