"""From a trained network to files for a cart: float ONNX, and int8 by static quantisation.

The ranges of the activations are set on photos the network was trained on. It must never change a
weight but by rounding it.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from models.recogniser import prepare
from models.train.network import Network

RANGE_PHOTOS = 160
OPSET = 17
INPUT_NAME = "picture"


class _Photos(CalibrationDataReader):  # type: ignore[misc]  # its base has no types
    """Feeds prepared photos one at a time to the quantisation."""

    def __init__(self, pixels: NDArray[np.uint8], side: int) -> None:
        self._photos = iter(pixels)
        self._side = side

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        photo = next(self._photos, None)
        return None if photo is None else {INPUT_NAME: prepare(photo, self._side)}


def write_float(network: Network, side: int, out: Path) -> None:
    """The network as float ONNX: (1, 3, side, side) to a unit vector (1, 256)."""
    with warnings.catch_warnings():
        # The older exporter is deprecated; the newer needs another package.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            (torch.zeros(1, 3, side, side),),
            str(out),
            input_names=[INPUT_NAME],
            output_names=["embedding"],
            opset_version=OPSET,
            dynamo=False,
        )


def write_int8(whole: Path, pixels: NDArray[np.uint8], out: Path) -> None:
    """The same network in int8; the projection at its end stays float: it is small and decides."""
    side = int(onnxruntime.InferenceSession(str(whole)).get_inputs()[0].shape[2])
    chosen = pixels[:: max(1, len(pixels) // RANGE_PHOTOS)]
    with tempfile.TemporaryDirectory() as scratch:
        ready = Path(scratch) / "ready.onnx"
        quant_pre_process(str(whole), str(ready), skip_symbolic_shape=True)
        quantize_static(
            str(ready),
            str(out),
            _Photos(chosen, side),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
            op_types_to_quantize=["Conv", "Clip", "Add", "Pad"],
        )
