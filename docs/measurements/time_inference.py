"""
Time the networks beside a plain prediction by Keras, in the same run.

Usage: python time_inference.py [MODEL ...] [--output FOLDER] [--side 720] [--repetitions 7], and one of [--engines],
[--data DATA] and [--tiles], with names or folders of models (the bundled ones, if none is given). Shows how long each
takes and writes it to speed.csv in the folder, if there is one. Nothing else should run meanwhile.

--engines shows instead, beside that plain prediction and in CPU seconds, how long what can compute the network takes on
one core and on two, and writes it to engines.csv; OpenVINO, and ONNX Runtime with tf2onnx, are there if they are
installed.

--data, with the folder of the observations, shows instead what half precision changes in real frames, and writes it to
precision.csv. --tiles shows instead how a map of 4096 x 4096 pixels in tiles differs from the whole one, which takes
10 GB, and the peak of the memory that the tiles take.
"""

import argparse
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from astropy.table import Table
from segmentation_frames import real_frames

from sunpy_solarunet import available_models
from sunpy_solarunet.segmentation.engines import ENGINES, compiled
from sunpy_solarunet.segmentation.folding import fold_network
from sunpy_solarunet.segmentation.inference import Predictor, noise_aware_input, scale_field
from sunpy_solarunet.segmentation.noise import estimate_noise
from sunpy_solarunet.segmentation.pairs import read_pairs
from sunpy_solarunet.segmentation.weights import load_model, read_specification

#: Numbers of frames that the network is given at once.
BATCHES = {"CPU": (1, 2, 4), "GPU": (1, 4, 16, 64)}

PRECISIONS = ("float32", "bfloat16")

#: Frames that no network was trained with, and what is done to them.
HELD_BACK, COLUMNS = slice(160, None, 4), ("noise 0 G", "noise 60 G")

#: Sides of the large map, in pixels.
LARGE = 4096


def planted(side, seed=0):
    """Noise of 40 G, and blobs of up to 500 G of either sign."""
    rng = np.random.default_rng(seed)
    field = rng.normal(0, 40, (side, side))
    y, x = np.mgrid[-16:17, -16:17]
    for _ in range(side * side // 4000):
        row, column = rng.integers(0, side - 33, 2)
        blob = rng.uniform(-500, 500) * np.exp(-(x**2 + y**2) / (2 * rng.uniform(1, 6) ** 2))
        field[row : row + 33, column : column + 33] += blob
    return field


def plain_input(field, inputs):
    """What the network is given, made beforehand: the plain prediction is not timed with it."""
    if "level_gauss" in inputs:
        return noise_aware_input(field, inputs["level_gauss"], estimate_noise(field))[np.newaxis]
    return scale_field(field, inputs["scale_gauss"])[np.newaxis, ..., np.newaxis]


def seconds(ways, repetitions, chosen=statistics.median, clock=time.perf_counter):
    """Median time of each way, all of them in turn, after a round that is not counted."""
    spent = {name: [] for name in ways}
    for number in range(repetitions + 1):
        for name, way in ways.items():
            start = clock()
            way()
            if number:
                spent[name].append(clock() - start)
    return {name: chosen(values) for name, values in spent.items()}


def time_model(source, side, repetitions):
    """A row for each way and number of frames at once."""
    specification = read_specification(source)
    network, inputs = load_model(source), specification["input"]
    field = planted(side)
    given = plain_input(field, inputs)
    plain = 1 - network.predict(given, verbose=0)[0, ..., 0]
    predictors = {precision: Predictor(network, inputs, precision=precision) for precision in PRECISIONS}
    ways = {("model.predict", 1): lambda: network.predict(given, verbose=0)}
    for precision, predictor in predictors.items():
        for batch in BATCHES[processor()]:
            ways[precision, batch] = lambda predictor=predictor, batch=batch: list(
                predictor.classes_of_many([field] * batch, batch=batch)
            )
    spent = seconds(ways, repetitions)
    rows = []
    for (way, batch), each in spent.items():
        probability = 1 - predictors[way].classes(field)[..., 0] if way in predictors else plain
        rows.append(
            {
                "model": specification["name"],
                "way": way,
                "frames at once": batch,
                "s a frame": round(each / batch, 3),
                "frames a s": round(batch / each, 2),
                "times faster": round(spent["model.predict", 1] / each * batch, 2),
                "largest difference": f"{np.abs(probability - plain).max():.1g}",
                "IoU with plain": f"{overlap(probability, plain):.5f}",
            }
        )
    return rows


def overlap(one, other):
    """Intersection over union of what is significant."""
    one, other = np.asarray(one) > 0.5, np.asarray(other) > 0.5
    return np.count_nonzero(one & other) / max(1, np.count_nonzero(one | other))


def processor():
    """What the network runs on."""
    return "GPU" if any("gpu" in device.lower() for device in keras.distribution.list_devices()) else "CPU"


def matrix_peak(precision, side=None, repetitions=10):
    """Measured peak of the product of two square matrices, in units of 10^12 operations a second."""
    side = side or {"CPU": 2048, "GPU": 8192}[processor()]
    matrix = keras.ops.ones((side, side), dtype=precision)

    def multiply():
        # One element is fetched, so that the product must be there.
        keras.ops.convert_to_numpy(keras.ops.cast(keras.ops.matmul(matrix, matrix)[0, 0], "float32"))

    best = seconds({"product": multiply}, repetitions, chosen=min)["product"]
    return 2 * side**3 / best / 1e12


def compare_precisions(source, pairs):
    """A row for the frames as they are and for those with noise."""
    specification = read_specification(source)
    network = load_model(source)
    predictors = [Predictor(network, specification["input"], precision=precision) for precision in PRECISIONS]
    for column in COLUMNS:
        frames = list(real_frames(pairs, column))
        full, half = ([1 - use.classes(frame.seen)[..., 0] for frame in frames] for use in predictors)
        true = [frame.true != 0 for frame in frames]
        difference = np.abs(np.subtract(full, half))
        yield {
            "model": specification["name"],
            "frames": column,
            "largest difference": f"{difference.max():.3f}",
            "mean difference": f"{difference.mean():.5f}",
            "IoU of both": f"{overlap(full, half):.5f}",
            "IoU with the masks, float32": f"{overlap(full, true):.5f}",
            "bfloat16": f"{overlap(half, true):.5f}",
        }


def engine_ways(network, inputs, field, cores):
    """What can compute a network, the network alone: each way gives the classes of one frame."""
    given = plain_input(field, inputs)
    ways = {"model.predict": lambda: network.predict(given, verbose=0)}
    for engine in ENGINES:
        if engine == "keras" or importlib.util.find_spec(engine):
            run = compiled(fold_network(network), engine)
            ways[engine] = lambda run=run: run(given)
    if importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("tf2onnx"):
        ways["ONNX Runtime"] = onnx_way(fold_network(network), given, cores)
    return ways


def onnx_way(network, given, cores):
    """The network by ONNX Runtime."""
    import onnxruntime
    import tensorflow as tf
    import tf2onnx

    sizes = [tf.TensorSpec((None, *network.input_shape[1:]), tf.float32, name="frames")]
    graph = tf.function(lambda frames: network(frames, training=False), input_signature=sizes)
    model, _ = tf2onnx.convert.from_function(graph, input_signature=sizes, opset=17)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = cores
    session = onnxruntime.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"frames": given})[0]


def compare_engines(source, side, repetitions, cores):
    """A row for each way on so many cores of this process, in CPU seconds, the others being taken by whatever runs."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    specification = read_specification(source)
    field, network = planted(side), load_model(source)
    ways = engine_ways(network, specification["input"], field, cores)
    plain = ways["model.predict"]()
    largest = {way: np.abs(run() - plain).max() for way, run in ways.items()}
    spent = seconds(ways, repetitions, clock=time.process_time)
    for way, each in spent.items():
        yield {
            "model": specification["name"],
            "cores": cores,
            "way": way,
            "CPU s a frame": round(each, 3),
            "times faster": round(spent["model.predict"] / each, 2),
            "largest difference": f"{largest[way]:.1g}",
        }


def engine_rows(options, cores):
    """The rows of a process of its own: TensorFlow asks but once how many cores there are."""
    command = [sys.executable, __file__, *options.models, "--side", str(options.side), "--cores", str(cores)]
    command += ["--repetitions", str(options.repetitions)]
    measured = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(measured.stdout.splitlines()[-1])


def compare_tiles(source):
    """The peak memory of a process that takes a large map in tiles, and the difference from the whole map."""
    measured = subprocess.run([sys.executable, __file__, source, "--peak"], capture_output=True, text=True, check=True)
    specification = read_specification(source)
    network, inputs = load_model(source), specification["input"]
    field = planted(LARGE)
    tiled = Predictor(network, inputs).classes(field)
    whole = Predictor(network, inputs, largest_tile=LARGE).classes(field)
    difference = np.abs(tiled - whole).max()
    print(f"{specification['name']}, {LARGE} x {LARGE} pixels: tiled and whole differ by {difference:.1g} at most,")
    print(f"peak memory in tiles {float(measured.stdout.split()[-1]):.2f} GB")


def show_peak(source):
    """Segment a large map in tiles and print the peak of the memory, in GB."""
    Predictor(load_model(source), read_specification(source)["input"]).classes(planted(LARGE))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9)


def main():
    """Measure, show and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=list(available_models()))
    parser.add_argument("--output", type=Path)
    parser.add_argument("--side", type=int, default=720)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--tiles", action="store_true")
    parser.add_argument("--engines", action="store_true")
    parser.add_argument("--cores", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--peak", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        show_peak(options.models[0])
    elif options.cores:
        each = (compare_engines(source, options.side, options.repetitions, options.cores) for source in options.models)
        print(json.dumps([row for rows in each for row in rows]))
    elif options.engines:
        show([row for cores in (1, 2) for row in engine_rows(options, cores)], options.output, "engines")
    elif options.tiles:
        for source in options.models:
            compare_tiles(source)
    elif options.data is not None:
        folder = options.data / "gst-2018-06-07"
        pairs = read_pairs(folder / "image", folder / "label")[HELD_BACK]
        show(
            [row for source in options.models for row in compare_precisions(source, pairs)], options.output, "precision"
        )
    else:
        for precision in PRECISIONS:
            print(f"{processor()}: product of matrices in {precision}, {matrix_peak(precision):.2f} Top/s")
        rows = [row for source in options.models for row in time_model(source, options.side, options.repetitions)]
        show(rows, options.output, "speed")


def show(rows, folder, name):
    """Show a table, and write it if there is a folder."""
    table = Table(rows)
    table.pprint_all()
    if folder is not None:
        table.write(folder / f"{name}.csv", format="ascii.csv", overwrite=True)


if __name__ == "__main__":
    main()
