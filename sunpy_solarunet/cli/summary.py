"""
The summary of a run, in words and for programs.
"""

from sunpy_solarunet.tracking.tables import EVENT_KINDS

__all__ = ["run_facts", "run_text"]

#: Reasons for skipping frames that are told one by one.
REASONS = 30


def run_facts(run):
    """
    What there is in a run's folder.

    Parameters
    ----------
    run : `~sunpy_solarunet.Run`

    Returns
    -------
    `dict`
    """
    frames, events = run.frames, run.events
    skipped = frames[frames["skipped"] != ""]
    times = frames["time"]
    return {
        "folder": str(run.folder),
        "state": run.state,
        "frames": len(frames),
        "first_time": times[0].utc.isot if len(frames) else None,
        "last_time": times[-1].utc.isot if len(frames) else None,
        "skipped": [
            {"frame": int(row["frame"]), "file": str(row["file"]), "reason": str(row["skipped"])} for row in skipped
        ],
        "features": len(run.features),
        "tracks": len(run.tracks),
        "events": {kind: int((events["kind"] == kind).sum()) for kind in EVENT_KINDS},
    }


def run_text(facts):
    """
    The counts of a run's summary, a line for each kind of event and for each reason why frames were skipped.

    Parameters
    ----------
    facts : `dict`
        As `run_facts` gives them.

    Returns
    -------
    `str`
    """
    skipped = f", {len(facts['skipped'])} of them skipped" if facts["skipped"] else ""
    lines = [f"{facts['frames']} frames{skipped}, {facts['features']} features, {facts['tracks']} tracks"]
    lines += [f"  {kind:15} {number:6}" for kind, number in facts["events"].items()]
    return "\n".join(lines + _reasons(facts["skipped"]))


def _reasons(skipped):
    """A line for each reason for which frames were skipped, the most frequent first."""
    files = {}
    for one in skipped:
        files.setdefault(one["reason"], []).append(one["file"])
    by_number = sorted(files.items(), key=lambda item: -len(item[1]))
    lines = [
        f"  skipped {names[0]}{f' and {len(names) - 1} more' if names[1:] else ''}: {reason}"
        for reason, names in by_number[:REASONS]
    ]
    more = len(by_number) - REASONS
    return lines + ([f"  and {more} more reasons, which the table of frames tells"] if more > 0 else [])
