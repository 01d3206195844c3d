"""
Track a folder in which one file in five is broken, in 25 ways, with one command, and see that it says so.

    python docs/measurements/broken_files.py --files 300 --broken 60
"""

import argparse
import contextlib
import gzip
import io
import os
import sys
import tempfile
import time
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.io import fits
from astropy.time import Time

from sunpy_solarunet.cli import main as solarunet
from sunpy_solarunet.synthetic import simulate
from sunpy_solarunet.tracking.tables import read_table

SHAPE = (48, 64)
COORDINATES = {
    "CTYPE1": "HPLN-TAN", "CTYPE2": "HPLT-TAN", "CUNIT1": "arcsec", "CUNIT2": "arcsec", "CDELT1": 0.5, "CDELT2": 0.5,
    "CRPIX1": 32.5, "CRPIX2": 24.5, "CRVAL1": 100.0, "CRVAL2": -50.0, "BUNIT": "G",
    "HGLN_OBS": 0.0, "HGLT_OBS": 3.0, "DSUN_OBS": 1.5e11, "RSUN_REF": 6.957e8,
}  # fmt: skip


def rewritten(path, change=lambda data, header: None):
    """Write a file anew after a function has changed its data or header, or has given other data."""
    data, header = fits.getdata(path).copy(), fits.getheader(path)
    changed = change(data, header)
    fits.PrimaryHDU(data if changed is None else changed, header).writeto(
        path, overwrite=True, output_verify="silentfix"
    )


def with_keywords(**keywords):
    """A way to break a file: other values in its header."""
    values = {name.replace("_", "-"): value for name, value in keywords.items()}
    return lambda path: rewritten(path, lambda data, header: header.update(values))


def with_data(other):
    """A way to break a file: other data."""
    return lambda path: rewritten(path, lambda data, header: other(data))


def cut_in_header(path):
    path.write_bytes(path.read_bytes()[:1500])


def cut_in_data(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path):
    path.write_bytes(b"")


def text(path):
    path.write_text("The observations of this day are lost.\n")


def folder(path):
    path.unlink()
    path.mkdir()


def dangling_link(path):
    path.unlink()
    path.symlink_to(path.with_name("gone"))


def named_pipe(path):
    path.unlink()
    os.mkfifo(path)


def link_to_device(path):
    path.unlink()
    path.symlink_to("/dev/zero")


def compressed_and_cut(path):
    packed = gzip.compress(path.read_bytes())
    path.unlink()
    path.with_suffix(".fits.gz").write_bytes(packed[: len(packed) // 2])


def tiles_damaged(path):
    data, header = fits.getdata(path), fits.getheader(path)
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(data, header)]).writeto(path, overwrite=True, checksum=True)
    content = bytearray(path.read_bytes())
    middle = len(content) - 3000
    content[middle : middle + 40] = bytes(40)
    path.write_bytes(content)


def table_alone(path):
    columns = [fits.Column("flux", "E", array=np.arange(5.0))]
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)]).writeto(path, overwrite=True)


def header_alone(path):
    fits.PrimaryHDU(header=fits.getheader(path)).writeto(path, overwrite=True, output_verify="silentfix")


def time_of_the_one_before(path):
    number = int(path.stem.split("_")[1])
    rewritten(path, lambda data, header: header.update({"DATE-OBS": time_of(number - 1)}))


def header_swapped(path):
    """The pairs of bytes of its header are exchanged."""
    content = bytearray(path.read_bytes())
    content[:2880:2], content[1:2880:2] = content[1:2880:2], content[:2880:2]
    path.write_bytes(content)


def unreadable(path):
    path.chmod(0)


def far_too_noisy(data):
    return data + np.random.default_rng(1).normal(0, 300, data.shape).astype(data.dtype)


def infinite_half(data):
    data[:, : data.shape[1] * 3 // 5] = np.inf
    return data


#: What may be wrong with a file.
WAYS = {
    "cut in the header": cut_in_header,
    "cut in the data": cut_in_data,
    "empty": empty,
    "a text": text,
    "a folder": folder,
    "a link to nothing": dangling_link,
    "a named pipe": named_pipe,
    "a device": link_to_device,
    "compressed and cut": compressed_and_cut,
    "tiles damaged": tiles_damaged,
    "a table alone": table_alone,
    "a header alone": header_alone,
    "header swapped": header_swapped,
    "all NaN": with_data(lambda data: np.full_like(data, np.nan)),
    "all zeros": with_data(np.zeros_like),
    "wrong shape": with_data(lambda data: data[:-5, :-9].copy()),
    "three axes": with_data(lambda data: np.stack([data, data, data])),
    "far too noisy": with_data(far_too_noisy),
    "three fifths infinite": with_data(infinite_half),
    "wrong pointing": with_keywords(CRVAL1=-700.0),
    "scale of zero": with_keywords(CDELT1=0.0),
    "another scale": with_keywords(CDELT1=2.5, CDELT2=2.5),
    "a unit that is none": with_keywords(BUNIT="parsec"),
    "a time that is none": with_keywords(DATE_OBS="2021-13-45T99:99:99"),
    "time of the one before": time_of_the_one_before,
}

#: Nobody is kept from reading by a permission who may read all.
if hasattr(os, "geteuid") and os.geteuid() != 0:
    WAYS["no permission"] = unreadable


def time_of(number):
    return (Time("2021-03-04T05:06:07") + number * 45 * u.s).isot


def write_files(place, files, broken):
    """Write frames, break some of them, and give back the way of each that is broken by its number."""
    simulation = simulate("quiet_sun_hmi", n_frames=files, shape=SHAPE)
    for number, magnetogram in enumerate(simulation.maps):
        header = fits.Header(COORDINATES | {"DATE-OBS": time_of(number)})
        fits.PrimaryHDU(magnetogram.data.astype(np.float32), header).writeto(place / f"frame_{number:04d}.fits")
    numbers = np.linspace(4, files - 2, broken).astype(int)
    ways = {int(number): list(WAYS)[rank % len(WAYS)] for rank, number in enumerate(numbers)}
    for number, way in ways.items():
        WAYS[way](place / f"frame_{number:04d}.fits")
    return ways


def track(place, output, *options):
    """Exit status and output of one command."""
    told = io.StringIO()
    arguments = ["track", str(place), "--method", "threshold", "--threshold", "30", "--output", str(output)]
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        status = solarunet([*arguments, "--no-plots", *options])
    return status, told.getvalue()


def skipped_frames(frames):
    """Why frames were skipped, by the numbers of their files."""
    return {int(name.split(".")[0].split("_")[1]): why for name, why in frames["file", "skipped"] if why}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--broken", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place, output = Path(scratch) / "frames", Path(scratch) / "run"
        place.mkdir()
        ways = write_files(place, options.files, options.broken)
        begun = time.perf_counter()
        status, told = track(place, output)
        seconds = time.perf_counter() - begun
        frames = read_table(output / "frames.ecsv")
    skipped = skipped_frames(frames)
    for number, way in ways.items():
        print(f"{number:5} {way:24} {skipped.get(number, 'NOT SKIPPED')}")
    print(told)
    print(f"exit status {status} after {seconds:.0f} s")
    sys.exit(0 if status == 3 and set(skipped) == set(ways) and len(frames) == options.files else 1)


if __name__ == "__main__":
    main()
