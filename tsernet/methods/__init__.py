"""The networks that params.yaml can name: TSERNet's variants, other methods of Table I, and what other packages add.

A method is one file or folder that ends in `METHOD`: the network and what is its own in the objective, nothing else. All else (data,
training, checkpoints, evaluation, report, export) is the same for all.
"""

from tsernet.methods.names import GROUP, METHODS, TSERNET, network_label, network_names, require_name

__all__ = ["GROUP", "METHODS", "TSERNET", "network_label", "network_names", "require_name"]
