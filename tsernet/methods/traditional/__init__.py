"""Methods of Table I that learn nothing: a grey image in, its saliency map out.

One module a method, written from its paper; what they share (superpixels, the graph of them, clusters) lies beside them. NumPy and SciPy
are all that they need.
"""

from tsernet.methods.traditional.maps import LARGEST, TRADITIONAL, TraditionalMaps, saliency_map

__all__ = ["LARGEST", "TRADITIONAL", "TraditionalMaps", "saliency_map"]
