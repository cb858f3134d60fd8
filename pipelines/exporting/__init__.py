"""Networks as files for other runtimes, kept only if they give the maps that PyTorch gives."""

from pipelines.exporting.write import FORMATS, PRECISIONS, Export, write_export

__all__ = ["FORMATS", "PRECISIONS", "Export", "write_export"]
