"""Worlds to report on: a small made-up one, and the real test images where they are at hand."""

import pytest
from PIL import Image
from report_world import World, evaluate, inputs_of, make_world


@pytest.fixture
def made_up(tmp_path):
    """Twelve images of 48×40; four variants of the eight, two seeds of `full`."""
    return make_world(tmp_path)


@pytest.fixture(scope="session")
def real_report(tmp_path_factory, shared):
    """The report on the 360 official test images, the authors' maps in the place of our full model's."""
    data = shared / "data"
    root = tmp_path_factory.mktemp("real")
    maps = sorted((data / "published-maps/TSERNet").iterdir())
    names = {path.stem: {"In": "inclusion", "Pa": "patch", "Sc": "scratch"}[path.stem[:2]] for path in maps}
    for folder in ("prepared/images", "prepared/masks", "evaluate/full/0"):
        (root / folder).mkdir(parents=True)
    for name in names:
        Image.open(data / f"SD-saliency-900/Source Images/{name}.bmp").convert("L").save(root / f"prepared/images/{name}.png")
        (root / f"prepared/masks/{name}.png").symlink_to(data / f"SD-saliency-900/Ground truth/{name}.png")
    (root / "evaluate/full/0/maps").symlink_to(data / "published-maps/TSERNet")
    evaluate(root, "full", 0, names)
    world = World(root, inputs_of(root, sorted(names), [0], 1000, "SD-saliency-900", comparable=True))
    return world.build(root / "report", published={"TSERNet": data / "published-maps/TSERNet", "BC": data / "published-maps/BC"})
