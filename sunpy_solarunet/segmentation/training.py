"""
Training of the network: pairs of magnetograms and masks, augmentation, the loop, checkpoints.
"""

import json
from pathlib import Path

import astropy.units as u
import keras
import numpy as np
from scipy import ndimage
from tqdm.auto import tqdm

from sunpy_solarunet.errors import MagnetogramError, SolarUnetError, require_quantity
from sunpy_solarunet.magnetograms import is_image, list_magnetograms, read_array, read_levels
from sunpy_solarunet.segmentation.inference import predict_classes, scale_field
from sunpy_solarunet.segmentation.network import build_network
from sunpy_solarunet.segmentation.weights import save_model

__all__ = ["augmented_crop", "mask_scores", "read_mask", "read_pairs", "train_model", "train_network"]

#: The recipe that a training follows where nothing else is said, see `train_network`.
RECIPE = {
    "steps": 10_000,
    "crop": 192,
    "batch": 1,
    "learning_rate": 1e-4,
    "cooldown": 0.3,
    "dropout": 0.1,
    "seed": 0,
    "checkpoint_every": 500,
}

#: Levels from here on are white in an 8-bit mask.
WHITE = 192


def read_mask(path):
    """
    Significant pixels of a mask (steps 1 and 2 of section 3.1).

    Parameters
    ----------
    path : path-like
        FITS file with features in it, 0 where there is none, as SWAMIS writes them; or 8-bit image,
        in which black is significant, and white too if there is gray besides: the three classes
        negative, nonsignificant and positive.

    Returns
    -------
    `numpy.ndarray` of `bool`
        Row 0 south.

    Raises
    ------
    MagnetogramError
        If the file is no mask.
    """
    path = Path(path)
    if not is_image(path):
        values = read_array(path)
        return np.isfinite(values) & (values != 0)
    levels = np.flipud(read_levels(path))
    black, white = levels < 256 - WHITE, levels >= WHITE
    return black if np.all(black | white) else black | white


def read_pairs(images, masks, *, field_range=300 * u.G, progress=False):
    """
    Training pairs: magnetograms and the masks of the same names.

    Parameters
    ----------
    images, masks : path-like
        Folders. A mask has the name of its magnetogram, up to the suffix.
    field_range : `~astropy.units.Quantity`
        Field of the last level of 8-bit magnetograms. FITS files are in gauss.
    progress : `bool`
        Show a bar.

    Returns
    -------
    list of tuple
        Fields in gauss and masks, in the order of the names.

    Raises
    ------
    FileNotFoundError
        If a folder does not exist, or a magnetogram has no mask.
    MagnetogramError
        If magnetogram and mask differ in shape.
    """
    by_name = {_stem(path): path for path in list_magnetograms(masks)}
    pairs = []
    for path in tqdm(list_magnetograms(images), desc="reading", unit="pair", disable=not progress):
        if _stem(path) not in by_name:
            raise FileNotFoundError(f"{masks}: no mask for {path.name}")
        field = np.nan_to_num(read_array(path, field_range)).astype(np.float32)
        mask = read_mask(by_name[_stem(path)])
        if field.shape != mask.shape:
            raise MagnetogramError(f"{path.name} has shape {field.shape}, its mask {mask.shape}")
        pairs.append((field, mask))
    return pairs


def _stem(path):
    return path.name.split(".")[0]


def _random_grid_transform(rng):
    """One of the eight quarter turns and mirrorings, as a 2x2 matrix."""
    matrix = np.linalg.matrix_power(np.array([[0.0, -1.0], [1.0, 0.0]]), rng.integers(4))
    return matrix @ np.diag([1.0, rng.choice([-1.0, 1.0])])


def _random_free_transform(rng, zoom):
    """A rotation by any angle, a mirroring and a zoom, as a 2x2 matrix."""
    angle = rng.uniform(0, 2 * np.pi)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return rotation @ np.diag([1.0, rng.choice([-1.0, 1.0])]) / rng.uniform(1 / zoom, zoom)


def augmented_crop(field, mask, size, rng, *, zoom=1.2, grid_share=0.5):
    """
    Cut a randomly shifted, rotated, flipped and zoomed square out of a training pair.

    The field is interpolated linearly, the mask takes its nearest pixel (section 3.1, step 3).
    Interpolation smooths the field's noise, which the mask was made with; a share of the crops is
    therefore turned by quarter turns and mirrored only, which moves pixels without mixing them.

    Parameters
    ----------
    field, mask : `numpy.ndarray`
        Two-dimensional, of one shape.
    size : `int`
        Sides of the crop in pixels.
    rng : `numpy.random.Generator`
    zoom : `float`
        Largest magnification; its inverse is the smallest.
    grid_share : `float`
        Share of the crops without interpolation.

    Returns
    -------
    tuple of `numpy.ndarray`
        Field and mask of shape ``(size, size)``.

    Examples
    --------
    >>> import numpy as np
    >>> field = np.arange(900.0).reshape(30, 30)
    >>> crop, mask = augmented_crop(field, field > 450, 16, np.random.default_rng(1))  # doctest: +SKIP
    """
    on_grid = rng.random() < grid_share
    matrix = _random_grid_transform(rng) if on_grid else _random_free_transform(rng, zoom)
    middle = (size - 1) / 2
    reach = np.abs(matrix).sum(axis=1) * middle
    sides = np.array(field.shape)
    first = np.ceil(reach)
    last = np.maximum(np.floor(sides - 1 - reach), first)
    center = rng.integers(first.astype(int), last.astype(int) + 1) + ((size + 1) % 2) / 2
    offset = center - matrix @ np.full(2, middle)
    shape = (size, size)
    crop = ndimage.affine_transform(field, matrix, offset, output_shape=shape, order=1, mode="reflect")
    labels = ndimage.affine_transform(mask, matrix, offset, output_shape=shape, order=0, mode="reflect")
    return crop, labels


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


def _validate(model, pairs, scale):
    """Accuracy and intersection over union on whole frames."""
    found = np.stack([predict_classes(model, scale_field(field, scale))[..., 1] > 0.5 for field, _ in pairs])
    return mask_scores(found, np.stack([mask for _, mask in pairs]))


def _save_checkpoint(path, model, step, history):
    """Everything that the next step depends on, in one file that is never half written."""
    variables = [*model.variables, *model.optimizer.variables]
    arrays = {f"variable_{index}": np.asarray(variable) for index, variable in enumerate(variables)}
    unfinished = path.with_suffix(".unfinished.npz")
    np.savez(unfinished, step=step, history=json.dumps(history), **arrays)
    unfinished.replace(path)


def _load_checkpoint(path, model):
    if not path.is_file():
        raise SolarUnetError(f"{path}: no checkpoint to resume from")
    with np.load(path, allow_pickle=False) as stored:
        for index, variable in enumerate([*model.variables, *model.optimizer.variables]):
            variable.assign(stored[f"variable_{index}"])
        return int(stored["step"]), json.loads(str(stored["history"]))


def train_network(
    pairs,
    output,
    *,
    validation_pairs=(),
    scale=300.0,
    threshold=90.0,
    steps=RECIPE["steps"],
    crop=RECIPE["crop"],
    batch=RECIPE["batch"],
    learning_rate=RECIPE["learning_rate"],
    cooldown=RECIPE["cooldown"],
    dropout=RECIPE["dropout"],
    seed=RECIPE["seed"],
    checkpoint_every=RECIPE["checkpoint_every"],
    resume=False,
    progress=False,
):
    """
    Train the network of section 3.2 and keep checkpoints that a killed training goes on from.

    Each step draws its own random numbers from the seed and its own number, so that a resumed
    training sees the crops that an unbroken one would have seen.

    Parameters
    ----------
    pairs : sequence of tuple
        Fields in gauss and masks (true where significant).
    output : path-like
        Folder for the checkpoint, made if need be.
    validation_pairs : sequence of tuple
        Pairs that are never trained on; scored at every checkpoint.
    scale : `float`
        Field in gauss that is clipped to plus and minus one (the paper's 300 G).
    threshold : `float`
        Plain threshold in gauss whose scores stand beside the network's.
    steps, crop, batch, learning_rate, cooldown, dropout, seed
        The recipe: number of steps, sides of a crop in pixels, crops a step, Adam's learning rate,
        the last share of the steps in which it falls to zero, dropout rate, seed of everything random.
    checkpoint_every : `int`
        Steps between two checkpoints.
    resume : `bool`
        Go on from the checkpoint in ``output``.
    progress : `bool`
        Show a bar with loss, validation scores and the plain threshold's.

    Returns
    -------
    tuple
        The trained `keras.Model` and its history: a list with one `dict` a checkpoint.
    """
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    checkpoint = output / "checkpoint.npz"
    model = build_network(dropout=dropout, seed=seed)
    model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss="sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    first, history = _load_checkpoint(checkpoint, model) if resume else (0, [])

    masks = [mask for _, mask in validation_pairs]
    plain = mask_scores([np.abs(field) > threshold for field, _ in validation_pairs], masks) if masks else (np.nan,) * 2
    bar = tqdm(total=steps, initial=first, unit="step", disable=not progress)
    losses = []
    for step in range(first, steps):
        rng = np.random.default_rng([seed, step])
        crops = [augmented_crop(*pairs[rng.integers(len(pairs))], crop, rng) for _ in range(batch)]
        fields = np.stack([scale_field(field, scale) for field, _ in crops])[..., np.newaxis]
        labels = np.stack([mask for _, mask in crops]).astype(np.int32)
        model.optimizer.learning_rate.assign(learning_rate * min(1.0, (steps - step) / max(1.0, cooldown * steps)))
        model.reset_metrics()  # older releases of Keras return the mean loss of all steps so far
        losses.append(float(model.train_on_batch(fields, labels)))
        bar.update()
        done = step + 1
        if done % checkpoint_every == 0 or done == steps:
            accuracy, overlap = _validate(model, validation_pairs, scale) if masks else (np.nan,) * 2
            scores = {"accuracy": accuracy, "iou": overlap, "threshold_accuracy": plain[0], "threshold_iou": plain[1]}
            history.append({"step": done, "loss": float(np.mean(losses))} | scores)
            losses.clear()
            _save_checkpoint(checkpoint, model, done, history)
            bar.set_postfix_str(
                f"loss {history[-1]['loss']:.3f}, accuracy {accuracy:.4f} (threshold {plain[0]:.4f}), "
                f"IoU {overlap:.4f} (threshold {plain[1]:.4f})"
            )
    bar.close()
    return model, history


def train_model(
    images,
    masks,
    output,
    *,
    name=None,
    description="",
    field_range=300 * u.G,
    scale=300 * u.G,
    threshold=90 * u.G,
    validation=16,
    resume=False,
    progress=False,
    **recipe,
):
    """
    Train the network on folders of magnetograms and masks, and save it as a model.

    Parameters
    ----------
    images, masks, field_range
        See `read_pairs`.
    output : path-like
        Folder for the checkpoint and the model.
    name : `str`, optional
        Name of the model; the folder's if not given.
    description : `str`
        What it was trained on, for those who use it.
    scale, threshold : `~astropy.units.Quantity`
        Field that is clipped to one in the network's input, and plain threshold to compare with.
    validation : `int`
        That many pairs, the last ones, are held back.
    resume, progress, **recipe
        See `train_network`.

    Returns
    -------
    tuple
        The model's folder and the history of the training.

    Raises
    ------
    SolarUnetError
        If no pairs are left to train on, or there is no checkpoint to resume from.
    """
    pairs = read_pairs(images, masks, field_range=field_range, progress=progress)
    if not 0 <= validation < len(pairs):
        raise SolarUnetError(f"{len(pairs)} pairs with {validation} held back leave none to train on")
    first = len(pairs) - validation
    scale_gauss = require_quantity(scale, u.G, "scale", positive=True)
    network, history = train_network(
        pairs[:first],
        output,
        validation_pairs=pairs[first:],
        scale=scale_gauss,
        threshold=require_quantity(threshold, u.G, "threshold", positive=True),
        resume=resume,
        progress=progress,
        **recipe,
    )
    specification = {
        "name": name or Path(output).resolve().name,
        "description": description,
        "scale_gauss": scale_gauss,
        "training_pairs": first,
        "validation_pairs": validation,
        "recipe": RECIPE | recipe,
        "validation": history[-1],
    }
    return save_model(network, output, specification), history
