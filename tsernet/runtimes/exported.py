"""A network as one ONNX file that says how it is used: written by `tsernet export`, read wherever a model runs.

The file of a network holds nothing but its weights that could not be written down from them: reading one takes the weights and the
metadata, builds the graph anew and holds it against the file, byte by byte. What a runtime is given is therefore this project's own graph.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tsernet.errors import UserError
from tsernet.model_files import GRAPH, KEYS, checked_metadata, require_file
from tsernet.protocol import Protocol, protocol_of
from tsernet.runtimes.onnx_format import OPSET
from tsernet.runtimes.onnx_graph import build_observed, build_onnx
from tsernet.runtimes.onnx_read import parse_onnx
from tsernet.runtimes.quantize import Observed, quantize
from tsernet.runtimes.resize import resize_bilinear
from tsernet.runtimes.session import Array, Session

SUFFIX = ".onnx"
EXPORT_KEYS = ("protocol", "precision", "runtime", "weights_sha256", "licence", "input", "output", "content_sha256")
"""What an exported file's metadata say besides a model file's."""
INPUT_FORM = (
    "float32 (B, 3, H, W), H and W multiples of 32: RGB, or grey three times, brought to [0, 1] as `scaling` says,"
    " minus ImageNet's mean, divided by its deviation"
)
_UNSEALED = "0" * 64


Ranges = Callable[[bytes, Mapping[str, str]], Mapping[str, Observed]]


def exported_onnx(path: Path, tensors: Mapping[str, Array], metadata: Mapping[str, str], observe: Ranges | None = None) -> bytes:
    """Write a network and how it is used as an ONNX model that ends in saliency.

    Args:
        path: The model file that the tensors are of, for messages.
        tensors: As `tsernet.model_files.read_tensors` gives them.
        metadata: Of the model file, with `protocol`, `runtime`, `weights_sha256` and `licence`.
        observe: For eight bits: runs a network that gives out what goes into its convolutions, and says what that is, by the convolution's
            name; see `build_observed`.
    Raises:
        UserError: If the tensors are not those of a network of this project, or the metadata say too little.
    """
    protocol = protocol_of(metadata)
    graph = {key: metadata[key] for key in (GRAPH,) if key in metadata}
    weights = parse_onnx(build_onnx(path, tensors, graph)).tensors
    if observe is not None:
        weights = quantize(weights, observe(*build_observed(weights, graph)))
    known = {key: value for key, value in metadata.items() if key not in EXPORT_KEYS} | protocol.metadata()
    known |= {key: metadata[key] for key in ("runtime", "weights_sha256", "licence")}
    known |= {
        "precision": "f32" if observe is None else "int8",
        "input": INPUT_FORM,
        "output": f"saliency in [0, 1] of the protocol {protocol.name}, float32 (B, 1, H, W)",
    }
    unsealed = build_onnx(path, weights, known | {"content_sha256": _UNSEALED}, protocol, folded=True)
    return build_onnx(path, weights, known | {"content_sha256": hashlib.sha256(unsealed).hexdigest()}, protocol, folded=True)


def read_exported(path: Path) -> tuple[bytes, dict[str, str]]:
    """Read an exported file, if it is one and nothing else.

    Returns:
        The ONNX model, built anew from the file's weights, and its metadata.
    Raises:
        UserError: If it is no ONNX file, was not written by `tsernet export`, is of another opset, was changed, or its graph is not the
            network's.
    """
    require_file(path)
    data = path.read_bytes()
    try:
        found = parse_onnx(data)
    except ValueError as error:
        raise UserError(f"{path}: not an ONNX model ({error})") from None
    missing = [key for key in ("format", *KEYS, *EXPORT_KEYS) if key not in found.metadata]
    if missing:
        raise UserError(f"{path}: its metadata lacks {', '.join(missing)}; expected a file that 'tsernet export' has written")
    metadata = checked_metadata(path, found.metadata)
    if found.opsets.get("") != OPSET:
        raise UserError(f"{path}: asks for opset {found.opsets.get('', 'none')}, expected {OPSET}; export the model again")
    sealed = metadata["content_sha256"]
    if len(sealed) != len(_UNSEALED):
        raise UserError(f"{path}: content_sha256 is {sealed[:80]!r}, expected 64 digits; export the model again")
    digest = hashlib.sha256(data.replace(sealed.encode(), _UNSEALED.encode())).hexdigest()
    if digest != sealed:
        raise UserError(f"{path}: was changed after its export: sha256 {digest}, expected {sealed}; export the model again")
    if found.oddities or set(found.opsets) != {""}:
        odd = [*found.oddities, *(f"operators of {domain}" for domain in found.opsets if domain)]
        raise UserError(f"{path}: holds {odd[0]}, which the network does not; nothing of it was run")
    try:
        protocol = protocol_of(metadata)
    except ValueError as error:
        raise UserError(f"{path}: its metadata are not what 'tsernet export' writes ({error}); export the model again") from None
    if build_onnx(path, found.tensors, metadata, protocol, folded=True) != data:
        raise UserError(f"{path}: its graph is not the network's, as this version writes it; export the model again")
    return data, metadata


class ExportedSession:
    """A network that ends in saliency: the protocol is part of it.

    Args:
        session: Runs the network, whose answer is saliency in place of logits.
        protocol: Of its file.
    """

    def __init__(self, session: Session, protocol: Protocol) -> None:
        self.saliency, self.protocol, self.callers = session.logits, protocol, session.callers

    def require(self, protocol: Protocol) -> None:
        """Refuse another protocol than the file's, or other flips.

        Raises:
            UserError: If it is another.
        """
        if protocol.flips != self.protocol.flips:
            raise UserError(
                f"this file was exported with flips {self.protocol.flips!r}, not {protocol.flips!r};"
                f" 'tsernet export --flips {protocol.flips}' writes one that has them"
            )
        if protocol.name != self.protocol.name:
            raise UserError(
                f"this file was exported for the protocol {self.protocol.name!r}, not {protocol.name!r};"
                f" 'tsernet export --protocol {protocol.name}' writes one that is, where the model can"
            )

    def maps(self, inputs: Array, sizes: Sequence[tuple[int, int]], stretch: bool) -> list[Array]:
        """As `Session.maps`; the file says whether they are stretched."""
        return [resize_bilinear(one, size).clip(0.0, 1.0) for one, size in zip(self.saliency(inputs)[:, 0], sizes, strict=True)]
