"""Strip-steel images out of a formula: the demo's data and the tests'."""
