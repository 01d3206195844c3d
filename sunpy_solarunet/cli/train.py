"""
``solarunet train``: a model from magnetograms and masks.
"""

import argparse

from sunpy_solarunet.cli.options import add_choice, add_command, add_flag
from sunpy_solarunet.cli.outcome import Outcome
from sunpy_solarunet.cli.values import model, recipe, value_in
from sunpy_solarunet.names import METHODS, TRAINING_PRECISIONS, bundled_models, bundled_recipes, suggestion

__all__ = ["add", "run"]


def add(commands):
    command = add_command(
        commands,
        "train",
        run,
        "train the network on magnetograms and masks",
        "Writes a checkpoint every few minutes, which --resume goes on from, and a model that "
        "--model of the other commands takes. Magnetograms without a mask get one from --label-method, if it is "
        "given. The recipe holds all numbers of the training and is kept with the model.",
    )
    command.add_argument(
        "--images", metavar="FOLDER", help="magnetograms: FITS, in gauss if without unit, or 8-bit images"
    )
    command.add_argument("--labels", metavar="FOLDER", help="masks of the same names, two or three classes")
    add_choice(command, "--label-method", [name for name in METHODS if name != "network"], help="of masks to be made")
    command.add_argument("--label-threshold", type=value_in("G"), metavar="GAUSS", help="of the label method")
    command.add_argument("--label-low", type=value_in("G"), metavar="GAUSS", help="its low threshold")
    command.add_argument("--output", "-o", required=True, metavar="FOLDER", help="for checkpoint and model")
    command.add_argument(
        "--recipe",
        type=recipe,
        metavar="RECIPE",
        help=f"{', '.join(bundled_recipes())}, or a recipe's file or a model's folder (solarunet)",
    )
    command.add_argument(
        "--initial",
        type=model,
        metavar="MODEL",
        help=f"model to start from, fine-tuning: {' or '.join(bundled_models())}, or a model's folder",
    )
    command.add_argument("--name", help="of the model; the folder's name if not given")
    command.add_argument("--description", default="", metavar="TEXT", help="what the model is")
    command.add_argument("--training-data", default="", metavar="TEXT", help="what it was trained on")
    command.add_argument("--pixel-scale", type=value_in("arcsec"), metavar="ARCSEC", help="angle per pixel")
    add_flag(command, "--resume", help="go on from the checkpoint in the folder")
    add_flag(command, "--overwrite", help="replace the training in the folder, once the new one is whole")
    command.add_argument("--logs", metavar="FOLDER", help="write TensorBoard's logs there")
    command.add_argument(
        "--field-range", type=value_in("G"), default="300", metavar="GAUSS", help="of 8-bit images (%(default)s)"
    )
    command.add_argument(
        "--validation", type=int, default=16, metavar="PAIRS", help="last pairs, never trained on (16)"
    )
    group = command.add_argument_group("entries of the recipe to change")
    group.add_argument(
        "--classes", type=int, choices=(2, 3), help="2, or 3 for negative flux apart from positive (recipe paper)"
    )
    group.add_argument("--steps", type=int, help="training steps")
    group.add_argument("--crop", type=int, metavar="PIXELS", help="sides of the random crops")
    group.add_argument("--batch", type=int, metavar="CROPS", help="crops a step")
    group.add_argument("--learning-rate", type=float, help="of Adam")
    add_choice(group, "--precision", TRAINING_PRECISIONS, help="of the computation")
    group.add_argument("--seed", type=int, help="of everything random")
    group.add_argument("--checkpoint-every", type=int, metavar="STEPS", help="steps between two checkpoints")
    group.add_argument(
        "--set", nargs="+", default=[], type=_entry, metavar="NAME=NUMBER", help="any other entries of the recipe"
    )


#: Entries of a recipe that have an option of their own.
RECIPE_OPTIONS = ("classes", "steps", "crop", "batch", "learning_rate", "precision", "seed", "checkpoint_every")


def _entry(text):
    """Type of an option: the name of a recipe's entry and its value, as in TOML."""
    import tomllib

    from sunpy_solarunet.segmentation.recipes import ENTRIES

    name, _, value = text.partition("=")
    if name not in ENTRIES:
        message = f"{name!r} is no entry of a recipe;{suggestion(name, ENTRIES)}".rstrip(";")
        raise argparse.ArgumentTypeError(message)
    try:
        return name, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError as problem:
        raise argparse.ArgumentTypeError(f"{text!r} is not an entry such as dropout=0.2 ({problem})") from problem


def run(options):
    from sunpy_solarunet.errors import SolarUnetError
    from sunpy_solarunet.segmentation.pairs import classical_labeler
    from sunpy_solarunet.segmentation.plans import plan_training
    from sunpy_solarunet.segmentation.silence import import_tensorflow

    if options.images is not None and options.labels is None and options.label_method is None:
        raise SolarUnetError("magnetograms need masks: give --labels, or --label-method to make them, or both")
    labeler = None
    if options.label_method is not None:
        labeler = classical_labeler(options.label_method, options.label_threshold, options.label_low)
    elif options.label_threshold is not None or options.label_low is not None:
        raise SolarUnetError("--label-threshold and --label-low belong to --label-method")
    changes = {name: getattr(options, name) for name in RECIPE_OPTIONS} | dict(options.set)
    asked = {
        "images": options.images,
        "masks": options.labels,
        "labeler": labeler,
        "recipe": options.recipe,
        "initial": options.initial,
        "validation": options.validation,
        "resume": options.resume,
        "overwrite": options.overwrite,
        "logs": options.logs,
        **{name: value for name, value in changes.items() if value is not None},
    }
    plan_training(options.output, **asked)
    import_tensorflow()
    from sunpy_solarunet.segmentation.training import train_model

    folder, history = train_model(
        options.output,
        **asked,
        name=options.name,
        description=options.description,
        training_data=options.training_data,
        pixel_scale=options.pixel_scale,
        field_range=options.field_range,
        progress=not options.quiet,
    )
    last = history[-1]
    scores = f"accuracy {last['accuracy']:.4f} and IoU {last['iou']:.4f} on the validation pairs as they are"
    facts = {"folder": str(folder), "accuracy": last["accuracy"], "iou": last["iou"]}
    return Outcome(f"{scores}\nmodel in {folder}", facts)
