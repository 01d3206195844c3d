"""
Training of the networks: the loop, its checkpoints, and the model that comes of it.
"""

import datetime
import json
import shutil
from pathlib import Path

import astropy.units as u
import keras
import numpy as np
from tqdm.auto import tqdm

from sunpy_solarunet.atomic import clear_temporaries, written_whole
from sunpy_solarunet.claiming import claimed
from sunpy_solarunet.errors import SolarUnetError, require_quantity
from sunpy_solarunet.segmentation.calibration import fit_temperature
from sunpy_solarunet.segmentation.checkpoints import diverged, load_checkpoint, save_checkpoint
from sunpy_solarunet.segmentation.examples import EXAMPLES
from sunpy_solarunet.segmentation.inference import predict_field
from sunpy_solarunet.segmentation.network import ARCHITECTURES
from sunpy_solarunet.segmentation.noise import estimate_noise
from sunpy_solarunet.segmentation.pairs import read_pairs, require_both_classes
from sunpy_solarunet.segmentation.places import CHECKPOINT_FILE, finish_replacing, place_of_training, put_in_place
from sunpy_solarunet.segmentation.plans import plan_training, require_tensorboard
from sunpy_solarunet.segmentation.prefetch import prefetched
from sunpy_solarunet.segmentation.processes import require_own_process
from sunpy_solarunet.segmentation.recipes import RECIPE_FILE, change_recipe, later_changes
from sunpy_solarunet.segmentation.specifications import checked_specification
from sunpy_solarunet.segmentation.weights import load_model, save_model

__all__ = ["mask_scores", "train_model", "train_network"]

#: Crops that the temperature of a model is fitted on.
CALIBRATION_CROPS = 200

#: How a model of an architecture decides: the cut of its probability, or none where each frame has its own, and the
#: field below which no pixel belongs to a feature (section 3.1, step 5).
DECISIONS = {
    "paper": {"probability": 0.5, "polarity_threshold_gauss": 150.0},
    "polarity_blind": {"probability": None, "polarity_threshold_gauss": 0.0},
}


def mask_scores(found, true):
    """
    Pixel accuracy and intersection over union of the significant class.

    Parameters
    ----------
    found, true : array-like of `bool`
        Significant pixels, of one shape.

    Returns
    -------
    tuple of `float`
        Accuracy and intersection over union; the latter is 1 where both masks are empty.
    """
    found, true = np.asarray(found, bool), np.asarray(true, bool)
    union = np.count_nonzero(found | true)
    return float(np.mean(found == true)), float(np.count_nonzero(found & true) / union) if union else 1.0


def _build(recipe):
    """The untrained network of a recipe."""
    require_own_process()
    network = dict(recipe["network"])
    build = ARCHITECTURES[network.pop("architecture")]
    training = recipe["training"]
    return build(**network, precision=training["precision"], seed=training["seed"])


def _start_from(model, initial):
    """Give a network the weights of another one."""
    try:
        model.set_weights(initial.get_weights())
    except ValueError as problem:
        message = "the initial model is of another network than the recipe's, whose section [network] must be the same"
        raise SolarUnetError(message) from problem


def _validate(model, pairs, inputs):
    """Accuracy and intersection over union on whole frames as they are."""
    if not len(pairs):
        return {"accuracy": np.nan, "iou": np.nan}
    found = np.stack([predict_field(model, field, inputs)[..., 0] < 0.5 for field, _ in pairs])
    accuracy, overlap = mask_scores(found, np.stack([mask != 0 for _, mask in pairs]))
    return {"accuracy": accuracy, "iou": overlap}


def _learning_rate(step, training):
    """Rises over the warm-up, stays, and falls to zero over the cool-down."""
    steps = training["steps"]
    falling = (steps - step) / max(1.0, training["cooldown"] * steps)
    rising = (step + 1) / max(1, training["warmup"])
    return training["learning_rate"] * min(1.0, falling, rising)


def _examples(pairs, recipe, step):
    """Where the examples of a step come from: those of the recipe, or of what takes their place later."""
    if "later" in recipe and step >= recipe["later"]["from"] * recipe["training"]["steps"]:
        recipe = change_recipe(recipe, **later_changes(recipe))
    return EXAMPLES[recipe["network"]["architecture"]](pairs, recipe)


def _batch(pairs, recipe, step):
    """Inputs and classes of a step, drawn from the seed and the step's number alone."""
    training = recipe["training"]
    examples = _examples(pairs, recipe, step)
    rng = np.random.default_rng([training["seed"], step])
    inputs, classes = zip(*(examples(rng) for _ in range(training["batch"])), strict=True)
    return np.stack(inputs), np.stack(classes).astype(np.int32)


def _use_all_devices():
    """Share each batch among several GPUs, which Keras does with JAX."""
    if keras.backend.backend() == "jax" and len(keras.distribution.list_devices()) > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel())


def train_network(pairs, output, recipe, *, validation_pairs=(), initial=None, resume=False, logs=None, progress=False):
    """
    Train a network and keep checkpoints that a killed training goes on from.

    Each step draws its own random numbers from the seed and its own number, so that a resumed
    training sees the examples that an unbroken one would have seen. Several GPUs share each batch
    where Keras runs on JAX.

    Parameters
    ----------
    pairs : sequence of tuple
        Fields in gauss and masks: whole numbers of any type, 0 where no flux is significant.
    output : path-like
        Folder for the checkpoint and the recipe, made if need be.
    recipe : `dict`
        See `~sunpy_solarunet.segmentation.recipes.read_recipe`.
    validation_pairs : sequence of tuple
        Pairs that are never trained on; scored at every checkpoint.
    initial : `keras.Model`, optional
        Trained network of the same architecture to start from.
    resume : `bool`
        Go on from the checkpoint in ``output``.
    logs : path-like, optional
        Folder for TensorBoard: loss, learning rate and scores at every checkpoint.
    progress : `bool`
        Show a bar with loss and validation scores.

    Returns
    -------
    tuple
        The trained `keras.Model` and its history: a list with one `dict` a checkpoint.

    Raises
    ------
    SolarUnetError
        If there is no checkpoint to resume from, it is damaged or of another network, or one is there
        that is not to be resumed; if TensorBoard is needed and not installed; or if the training
        diverges: the last checkpoint stays.
    """
    require_tensorboard(logs)
    output = Path(output)
    checkpoint = output / CHECKPOINT_FILE
    if checkpoint.exists() and not resume:
        raise SolarUnetError(f"{checkpoint} exists: resume from it (--resume), or choose another folder")
    training = recipe["training"]
    _use_all_devices()
    model = _build(recipe)
    if initial is not None:
        _start_from(model, initial)
    optimizer = keras.optimizers.Adam(training["learning_rate"], global_clipnorm=training.get("largest_gradient"))
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    first, history = load_checkpoint(checkpoint, model) if resume else (0, [])

    output.mkdir(parents=True, exist_ok=True)
    batches = prefetched(_batch(pairs, recipe, step) for step in range(first, training["steps"]))
    bar = tqdm(batches, total=training["steps"], initial=first, unit="step", disable=not progress)
    losses = []
    for done, (inputs, classes) in enumerate(bar, start=first + 1):
        rate = _learning_rate(done - 1, training)
        model.optimizer.learning_rate.assign(rate)
        model.reset_metrics()  # older releases of Keras return the mean loss of all steps so far
        losses.append(float(model.train_on_batch(inputs, classes)))
        if not np.isfinite(losses[-1]):
            raise diverged(checkpoint, f"the loss of step {done} is {losses[-1]}")
        if done % training["checkpoint_every"] == 0 or done == training["steps"]:
            entry = {"step": done, "loss": float(np.mean(losses))}
            history.append(entry | _validate(model, validation_pairs, recipe["input"]))
            losses.clear()
            save_checkpoint(checkpoint, model, done, history)
            _keep_recipe(output, recipe)
            _log(logs, history[-1] | {"learning_rate": rate})
            bar.set_postfix_str(", ".join(f"{name} {history[-1][name]:.4f}" for name in ("loss", "accuracy", "iou")))
    return model, history


def _keep_recipe(output, recipe):
    """The recipe comes after the first checkpoint: a training that failed before leaves nothing."""
    if not (output / RECIPE_FILE).is_file():
        with written_whole(output / RECIPE_FILE) as unfinished:
            unfinished.write_text(json.dumps(recipe, indent=2) + "\n", encoding="utf-8")


def _log(folder, entry):
    """Write the numbers of a checkpoint for TensorBoard."""
    if folder is None:
        return
    import tensorflow as tf

    with tf.summary.create_file_writer(str(folder)).as_default(step=entry["step"]):
        for name, value in entry.items():
            if name != "step":
                tf.summary.scalar(name, value)


def _fitted_temperature(model, pairs, recipe):
    """The temperature that suits examples which the network was not trained with."""
    examples = _examples(pairs, recipe, recipe["training"]["steps"])
    seed = recipe["training"]["seed"]
    drawn = [examples(np.random.default_rng([seed, number, 1])) for number in range(CALIBRATION_CROPS)]
    classes = np.stack([np.asarray(model.predict_on_batch(inputs[np.newaxis]))[0] for inputs, _ in drawn])
    return fit_temperature(classes, np.stack([truth for _, truth in drawn]))


def train_model(
    output,
    *,
    images=None,
    masks=None,
    labeler=None,
    recipe=None,
    initial=None,
    name=None,
    description="",
    training_data="",
    pixel_scale=None,
    field_range=300 * u.G,
    validation=16,
    resume=False,
    overwrite=False,
    logs=None,
    progress=False,
    **changes,
):
    """
    Train a network on magnetograms and masks, and save it as a model.

    Everything that is asked for is checked, and all files are read, before anything is written.

    Parameters
    ----------
    output : path-like
        Folder for the checkpoint and the model.
    images, masks, labeler, field_range
        See `~sunpy_solarunet.segmentation.pairs.read_pairs`. Without images the recipe must take
        all its examples from scenes.
    recipe : `str` or path-like, optional
        See `~sunpy_solarunet.segmentation.recipes.read_recipe`. Where it is not given, that of the
        training that is resumed, that of the initial model, or "solarunet". It is kept in ``output``.
    initial : `str` or path-like, optional
        Model to start from, by its name or folder: fine-tuning.
    name : `str`, optional
        Name of the model; the folder's if not given.
    description, training_data : `str`
        What it is and what it was trained on, for those who use it.
    pixel_scale : `~astropy.units.Quantity`, optional
        Angle per pixel of the magnetograms, for those who use it.
    validation : `int`
        That many pairs, the last ones, are held back.
    resume, logs, progress
        See `train_network`.
    overwrite : `bool`
        Replace the training that is in the folder, once the new one is whole.
    **changes
        Other numbers for entries of the recipe, such as ``steps=2000``.

    Returns
    -------
    tuple
        The model's folder and the history of the training.

    Raises
    ------
    SolarUnetError
        If no pairs are left to train on, the recipe is not one, there is a training that is not to be
        replaced or no checkpoint to resume from, the initial model is of another architecture, or the
        training diverges.
    MagnetogramError
        If a magnetogram or a mask cannot be used.
    """
    output = Path(output)
    asked = {"images": images, "masks": masks, "labeler": labeler, "recipe": recipe, "initial": initial}
    options = {"resume": resume, "overwrite": overwrite, "logs": logs}
    recipe = plan_training(output, **asked, **options, validation=validation, **changes)
    told = _told(name or output.resolve().name, description, training_data, field_range, pixel_scale)
    pairs = (
        [] if images is None else read_pairs(images, masks, labeler=labeler, field_range=field_range, progress=progress)
    )
    first = max(len(pairs) - int(validation), 0)
    require_both_classes(pairs[:first])
    # A checkpoint takes the initial model's place.
    start = None if initial is None or resume else load_model(initial)
    with claimed(output, "training"):
        clear_temporaries(output)
        finish_replacing(output)
        place = place_of_training(output, resume=resume, overwrite=overwrite)
        if place != output and not resume:
            shutil.rmtree(place, ignore_errors=True)
        network, history = train_network(
            pairs[:first],
            place,
            recipe,
            validation_pairs=pairs[first:],
            initial=start,
            resume=resume,
            logs=logs,
            progress=progress,
        )
        specification = told | {
            "noise_range_gauss": _noise_range(pairs[:first], recipe),
            "network": recipe["network"],
            "input": recipe["input"],
            "temperature": _fitted_temperature(network, pairs[first:] or pairs, recipe),
            **DECISIONS[recipe["network"]["architecture"]],
            "validation": {"frames": len(pairs) - first} | history[-1],
        }
        save_model(network, place, specification)
        if place != output:
            put_in_place(output)
    return output, history


def _told(name, description, training_data, field_range, pixel_scale):
    """What those who use a model are told of it, checked."""
    limit = require_quantity(field_range, u.G, "field_range", positive=True)
    arcsec = None if pixel_scale is None else require_quantity(pixel_scale, u.arcsec, "pixel_scale", positive=True)
    told = {
        "name": name,
        "description": description,
        "training_data": training_data,
        "arcsec_per_pixel": arcsec,
        "field_range_gauss": [-limit, limit],
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    return checked_specification(told, "the model")


def _noise_range(pairs, recipe):
    """Least and most noise of the training examples in gauss, from pixel to pixel."""
    noise = [estimate_noise(field) for field, _ in pairs[:: max(len(pairs) // 16, 1)]]
    if "degradation" in recipe:
        noise.append(recipe["degradation"]["most_noise"] * recipe["input"]["level_gauss"])
    return [float(np.round(value, 1)) for value in (min(noise, default=np.nan), max(noise, default=np.nan))]
