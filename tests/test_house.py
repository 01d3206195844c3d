"""How the house stands: rooms that are small, imports that run downward, and who pays for TensorFlow."""

import ast
import graphlib
from pathlib import Path

import sunpy_solarunet

PACKAGE = Path(sunpy_solarunet.__file__).parent

#: Every room may touch these.
GROUND = {"atomic", "claiming", "display", "errors", "geometry", "names"}

#: What else each room may touch; what it may not touch stands above it.
ROOMS = {room: set() for room in GROUND} | {
    "magnetograms": set(),
    "features": {"magnetograms"},
    "tracking": {"magnetograms", "features"},
    "synthetic": {"magnetograms", "features", "tracking"},
    "segmentation": {"magnetograms", "features", "synthetic"},
    "scoring": {"tracking", "segmentation"},
    "analysis": {"features", "tracking"},
    "lineage": {"tracking"},
    "plotting": {"magnetograms", "features", "tracking", "lineage"},
    "runs": {"magnetograms", "features", "tracking", "segmentation", "plotting"},
    "exports": {"features", "tracking", "runs"},
}

#: Rooms above all others, which may touch any of them.
ROOFS = {"sunpy_solarunet", "cli", "demo"}

#: What shows itself, on demand.
REACHING_UP = {(name, "plotting") for name in ("features.catalog", "features.feature", "lineage")}

#: Modules that cannot be read without Keras.
NETWORK = {f"segmentation.{name}" for name in ("examples", "folding", "inference", "network", "training")}

#: Others that import Keras when they are called, one of them to silence it.
CALLING = {"segmentation.engines", "segmentation.segmenter", "segmentation.silence", "segmentation.weights"}


def name_of(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "sunpy_solarunet"


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "_version.py"}


def imports(module):
    """Full name of everything that a module imports, and whether it does so when it is read."""
    tree = ast.parse(MODULES[module].read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in tree.body) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node in tree.body) for alias in node.names)


def own_imports(module):
    """Modules of the package that a module imports, and whether it does so when it is read."""
    for full, at_once in imports(module):
        name = full.removeprefix("sunpy_solarunet.")
        if name != full and name not in ("__version__", "_version.version"):
            while name and name not in MODULES:
                name = name.rpartition(".")[0]
            yield name or "sunpy_solarunet", at_once


def room_of(module):
    return module.partition(".")[0]


def test_no_module_is_over_400_lines():
    lengths = {name: len(path.read_text().splitlines()) for name, path in MODULES.items()}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_every_module_stands_in_a_room_and_says_what_it_hands_out():
    assert {room_of(name) for name in MODULES} == ROOMS.keys() | ROOFS
    assert [name for name, path in MODULES.items() if "__all__ = " not in path.read_text()] == []


def test_imports_run_downward():
    wrong = set()
    for module in MODULES:
        room = room_of(module)
        if room not in ROOFS:
            allowed = ROOMS[room] | GROUND | {room}
            wrong |= {(module, name) for name, _ in own_imports(module) if room_of(name) not in allowed}
    assert wrong == REACHING_UP


def test_the_rooms_stand_on_each_other():
    below = list(graphlib.TopologicalSorter(ROOMS).static_order())
    assert below.index("features") < below.index("plotting") < below.index("runs")


def test_what_reaches_up_does_so_when_it_is_called():
    for module, above in REACHING_UP:
        assert [at_once for name, at_once in own_imports(module) if name == above] == [False]


def test_no_module_imports_what_imports_it():
    at_once = {module: {name for name, now in own_imports(module) if now} - {module} for module in MODULES}
    graphlib.TopologicalSorter(at_once).prepare()


def test_what_a_folder_hands_out_is_all_that_it_does():
    for name, path in MODULES.items():
        if path.name == "__init__.py" and room_of(name) not in ROOFS:
            kinds = {type(node) for node in ast.parse(path.read_text()).body}
            assert kinds <= {ast.Expr, ast.ImportFrom, ast.Assign}, name


def test_tensorflow_is_imported_by_the_network_alone():
    at_once, when_called = set(), set()
    for module in MODULES:
        for name, now in imports(module):
            if name.partition(".")[0] in ("keras", "tensorflow"):
                (at_once if now else when_called).add(module)
    assert at_once <= NETWORK
    assert when_called <= NETWORK | CALLING


def test_the_network_is_imported_when_it_is_called():
    others = MODULES.keys() - NETWORK
    assert {module: name for module in others for name, now in own_imports(module) if now and name in NETWORK} == {}
