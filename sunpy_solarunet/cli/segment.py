"""
``solarunet segment``: the features of one magnetogram.
"""

from sunpy_solarunet.cli.building import description_of, segmenter_of
from sunpy_solarunet.cli.options import add_command, add_flag, add_palette, add_reading, add_segmentation
from sunpy_solarunet.cli.outcome import Outcome
from sunpy_solarunet.cli.values import time
from sunpy_solarunet.names import SUFFIXES

__all__ = ["add", "run"]


def add(commands):
    command = add_command(
        commands,
        "segment",
        run,
        "find the features of one magnetogram",
        "Prints how many there are and writes what is asked for.",
    )
    command.add_argument("file", metavar="FILE", help="FITS file or image")
    command.add_argument("--plot", metavar="FILE", help="draw the magnetogram with the features' borders")
    command.add_argument("--table", metavar="FILE", help=f"write the features: {', '.join(SUFFIXES.values())}")
    command.add_argument("--mask", metavar="FILE", help="write the three-class mask as FITS")
    add_palette(command)
    add_flag(command, "--overwrite", help="replace files that exist")
    add_reading(command)
    command.add_argument("--time", type=time, help="time of observation, where the file does not hold it")
    add_segmentation(command)


def run(options):
    from sunpy_solarunet import magnetogram
    from sunpy_solarunet.cli.outputs import check_figure, check_map, check_table, checked_files
    from sunpy_solarunet.segmentation.silence import import_tensorflow_for
    from sunpy_solarunet.tracking.tables import write_table

    asked_for = {check_figure: options.plot, check_table: options.table, check_map: options.mask}
    written = checked_files(asked_for, overwrite=options.overwrite)
    segmenter = segmenter_of(options)
    frame = magnetogram(options.file, time=options.time, **description_of(options))
    import_tensorflow_for(segmenter)
    catalog = segmenter(frame)
    if options.plot:
        from sunpy_solarunet.plotting import save_frame

        save_frame(options.plot, catalog, palette=options.palette)
    if options.table:
        write_table(catalog.to_table(), options.table, overwrite=options.overwrite)
    if options.mask:
        segmenter.mask(frame).save(options.mask, overwrite=options.overwrite)
    return _outcome(catalog, written)


def _outcome(catalog, written):
    positive, negative = (catalog.flux[catalog.polarity == sign].sum() for sign in (1, -1))
    found = f"{len(catalog)} features, {positive:.3g} of positive and {negative:.3g} of negative flux"
    facts = {
        "file": catalog.map.meta.get("filename"),
        "time": catalog.time.utc.isot,
        "features": len(catalog),
        "positive": int((catalog.polarity > 0).sum()),
        "negative": int((catalog.polarity < 0).sum()),
        "positive_flux": positive,
        "negative_flux": negative,
        "written": [str(path) for path in written],
    }
    return Outcome("\n".join([found, *(f"wrote {path}" for path in written)]), facts)
