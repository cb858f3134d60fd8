"""The ablations of the paper as choices of parts, so that no variant is a copy of the network."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parts:
    """Which parts a variant is built from.

    Args:
        subnet: The second stage is there.
        background: The decoder's fusion has its background half (eq. 1).
        foreground: The decoder's fusion has its foreground half (eqs. 2, 3).
        refinement: The second stage fuses by edge-based refinement modules, else by plain concatenation.
        self_edge: Those modules take the features' own edges (eq. 5).
        edge_map: Those modules take the predicted edge map.
    """

    subnet: bool = True
    background: bool = True
    foreground: bool = True
    refinement: bool = True
    self_edge: bool = True
    edge_map: bool = True

    @property
    def concatenation(self) -> bool:
        """The decoder fuses by plain concatenation: neither half is there."""
        return not (self.background or self.foreground)

    @property
    def encoder_stages_read(self) -> frozenset[int]:
        """The stages 1…6 whose features something reads.

        Without the background half the decoder never looks at the encoder, so that only the edge module (2, 6) and the
        bridge (6) do; refining the others would leave parameters that no gradient reaches.
        """
        everything = self.background or self.concatenation
        return frozenset(range(1, 7)) if everything else frozenset({2, 6})


PARTS: dict[str, Parts] = {
    "full": Parts(),
    "no_subnet": Parts(subnet=False),
    "no_efbi": Parts(background=False, foreground=False),
    "no_erm": Parts(refinement=False),
    "no_fig": Parts(foreground=False),
    "no_big": Parts(background=False),
    "no_self_edge": Parts(self_edge=False),
    "no_s_edge": Parts(edge_map=False),
}
"""Tables II and III of the paper; their Fig. 8 is not at hand, so the last four follow its text literally."""

VARIANTS: tuple[str, ...] = tuple(PARTS)
"""The names of all variants, the whole network first, then in the paper's order."""


def parts_of(variant: str) -> Parts:
    """Look a variant up.

    Raises:
        ValueError: If there is none of that name; the message lists them.
    """
    if variant not in PARTS:
        raise ValueError(f"variant must be one of {', '.join(VARIANTS)}, got {variant!r}")
    return PARTS[variant]
