"""What is chosen on the validation split: the calibration, and the threshold from which on something is a defect."""

from tsernet.operating.calibrate import fit_calibration
from tsernet.operating.choose import choose
from tsernet.operating.curve import Curve, ImageCurve, curve_of, image_figures, measure_image, place_of

__all__ = ["Curve", "ImageCurve", "choose", "curve_of", "fit_calibration", "image_figures", "measure_image", "place_of"]
