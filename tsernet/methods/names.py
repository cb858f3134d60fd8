"""The names by which params.yaml asks for a network; known without PyTorch."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint, entry_points

from tsernet.errors import UserError

GROUP = "tsernet.methods"
"""The entry points by which other packages add methods: a name, and the module's attribute that holds a `Method`."""

TSERNET = ("full", "no_subnet", "no_efbi", "no_erm", "no_fig", "no_big", "no_self_edge", "no_s_edge")
"""TSERNet and its ablations, as `tsernet.models.VARIANTS`."""

METHODS = {
    "unet": "U-Net",
    "samnet": "SAMNet",
    "cpd": "CPD",
    "poolnet": "PoolNet",
    "basnet": "BASNet",
    "egnet": "EGNet",
    "gcpanet": "GCPANet",
    "minet": "MINet",
    "edrnet": "EDRNet",
    "dacnet": "DACNet",
    "eminet": "EMINet",
    "minet2024": "MINet 2024",
}
"""The other methods that are here, each a module of this package, and what they are called; as in Table I where they stand there."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


def network_names() -> tuple[str, ...]:
    """List all names: TSERNet's variants, the other methods here, then those of other packages.

    Raises:
        UserError: As `added_methods`.
    """
    return (*TSERNET, *METHODS, *added_methods())


def require_name(name: str) -> str:
    """Give the name back if it is a network's.

    Raises:
        ValueError: If there is none of that name; the message lists them.
        UserError: As `added_methods`.
    """
    # What is here is known without a look at every installed package.
    if name in TSERNET or name in METHODS or name in added_methods():
        return name
    raise ValueError(f"expected one of {', '.join(network_names())}, got {name!r}; another package's needs that package installed")


def network_label(name: str) -> str:
    """Say what a method is called: as in Table I where it stands there, else its name."""
    return METHODS.get(name, name)


def added_methods() -> dict[str, EntryPoint]:
    """Find the methods that other packages add, by name.

    Raises:
        UserError: If a name is taken, given twice, or no name: it becomes part of paths and of DVC's stage names.
    """
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        if not _NAME.fullmatch(point.name) or point.name in TSERNET or point.name in METHODS or point.name in found:
            owner = point.dist.name if point.dist else "a package"
            raise UserError(
                f"{owner}: the entry point {point.name!r} of {GROUP} must be a name of its own, of a-z, 0-9 and _, at most 32;"
                f" rename it there"
            )
        found[point.name] = point
    return dict(sorted(found.items()))
