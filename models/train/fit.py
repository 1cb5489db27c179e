"""The gradient part: from generic weights to an embedding that tells the listed labels apart.

The classifier is cosine: one unit vector a label, so that the trained vectors are a gallery like
any other. Every epoch draws its dice from (seed, epoch) and ends in a checkpoint; an interrupted
run goes on and gives the same weights. It must never see a photo that was not listed.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import get_ema_multi_avg_fn

from models.recogniser import central_square
from models.train.augment import view
from models.train.fisher import fisher_projection
from models.train.network import Network, scaled
from models.train.recipe import Recipe

Pixels = NDArray[np.uint8]
Batch = tuple[torch.Tensor, torch.Tensor]
GENERIC_SIDE = 224
AHEAD = {"cpu": 1, "cuda": 4}
"""Batches made ahead, each by a thread."""


def device() -> torch.device:
    """Where to compute: a GPU when there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Classifier(nn.Module):  # type: ignore[misc]  # its base has no types
    """The network with one unit vector a label: scaled cosines."""

    def __init__(self, labels: int, recipe: Recipe) -> None:
        super().__init__()
        self.network = Network(recipe.frozen_blocks)
        self.vectors = nn.Parameter(torch.zeros(labels, self.network.projection.out_features))
        self.scale = nn.Parameter(torch.tensor(math.log(recipe.scale)))

    def logits(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Scaled cosines between embeddings and labels' vectors."""
        return self.scale.exp() * embeddings @ functional.normalize(self.vectors, dim=1).T

    def forward(self, pictures: torch.Tensor, dropped: float = 0.0) -> torch.Tensor:
        return self.logits(self.network.embed(self.network.features(pictures, dropped)))


@dataclass(frozen=True, slots=True)
class Material:
    """What is learned from: files of decoded photos and their generic features, and the targets.

    Files and not arrays, since several processes map the same ones.
    """

    pixels_file: Path
    features_file: Path
    targets: NDArray[np.int64]

    @classmethod
    def prepared(cls, pixels_file: Path, targets: NDArray[np.int64]) -> Material:
        """With the features beside the pixels, computed once."""
        features_file = pixels_file.with_suffix(".generic.npy")
        if not features_file.is_file():
            features = features_of(
                Network(0).to(device()), np.load(pixels_file, mmap_mode="r"), GENERIC_SIDE
            )
            unfinished = features_file.with_suffix(".unfinished.npy")
            np.save(unfinished, features)
            unfinished.replace(features_file)
        return cls(pixels_file, features_file, targets)

    def pixels(self) -> Pixels:
        """The decoded photos, mapped."""
        mapped: Pixels = np.load(self.pixels_file, mmap_mode="r")
        return mapped

    def features(self) -> NDArray[np.float32]:
        """The generic network's features."""
        return np.asarray(np.load(self.features_file), np.float32)


def fit(
    material: Material,
    recipe: Recipe,
    checkpoint: Path,
    told: Callable[[int, int, float], None],
) -> Classifier:
    """The averaged classifier after all epochs; each step, `told(done, steps in all, loss)`."""
    pixels, targets = material.pixels(), material.targets
    torch.manual_seed(recipe.seed)
    model = Classifier(int(targets.max()) + 1, recipe)
    model.to(device())
    averaged = Classifier(int(targets.max()) + 1, recipe)
    averaged.to(device())
    optimiser = torch.optim.AdamW(_groups(model, recipe), weight_decay=recipe.weight_decay)
    steps = math.ceil(len(pixels) / recipe.batch)
    total = steps * len(recipe.sides)
    begun = 0
    if checkpoint.is_file():
        saved = torch.load(checkpoint, weights_only=True, map_location=device())
        model.load_state_dict(saved["model"])
        averaged.load_state_dict(saved["averaged"])
        optimiser.load_state_dict(saved["optimiser"])
        begun = saved["epochs"]
    else:
        _begin(model, material.features(), targets)
        averaged.load_state_dict(model.state_dict())
    for epoch in range(begun, len(recipe.sides)):
        torch.manual_seed(recipe.seed * 1000 + epoch)
        model.train()
        for step, (pictures, wanted) in enumerate(_batches(pixels, targets, recipe, epoch)):
            done = epoch * steps + step
            _set_rates(optimiser, _warmth(done, total))
            loss = _loss(model, pictures, wanted, recipe)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimiser.step()
            _average(averaged, model, min(recipe.averaging, (1 + done) / (10 + done)))
            told(done + 1, total, float(loss.detach()))
        _save(checkpoint, model, averaged, optimiser, epoch + 1)
    averaged.to("cpu")
    averaged.eval()
    return averaged


def _save(
    checkpoint: Path,
    model: Classifier,
    averaged: Classifier,
    optimiser: torch.optim.Optimizer,
    epochs: int,
) -> None:
    """Write the checkpoint whole or not at all."""
    parts = {"model": model, "averaged": averaged, "optimiser": optimiser}
    unfinished = checkpoint.with_suffix(".unfinished")
    torch.save(
        {name: part.state_dict() for name, part in parts.items()} | {"epochs": epochs}, unfinished
    )
    unfinished.replace(checkpoint)


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not looked into
def features_of(network: Network, pixels: Pixels, side: int) -> NDArray[np.float32]:
    """The pooled features (n, 1280) of decoded photos seen whole at `side` pixels."""
    network.eval()
    rows = []
    for start in range(0, len(pixels), 32):
        batch = np.stack([central_square(one, side) for one in pixels[start : start + 32]])
        rows.append(network.features(scaled(batch, network.mean.device)).cpu().numpy())
    return np.concatenate(rows)


def _begin(model: Classifier, features: NDArray[np.float32], targets: NDArray[np.int64]) -> None:
    """Start from the closed-form embedding of the generic features, not from dice."""
    mean, projection = fisher_projection(features.astype(np.float64), targets)
    model.network.mean.copy_(torch.from_numpy(mean))
    # Only its direction counts; a usual size of weights suits the usual learning rates.
    matrix = torch.from_numpy(projection.T).float()
    model.network.projection.weight.data.copy_(matrix / matrix.std() / math.sqrt(len(mean)))
    with torch.no_grad():
        embeddings = model.network.embed(torch.from_numpy(features).to(model.vectors.device)).cpu()
    for label in range(len(model.vectors)):
        model.vectors.data[label] = functional.normalize(
            embeddings[torch.from_numpy(targets == label)].mean(0), dim=0
        )


def _groups(model: Classifier, recipe: Recipe) -> list[dict[str, object]]:
    blocks = list(model.network.blocks)[recipe.frozen_blocks :]
    groups: list[dict[str, object]] = [
        {"params": list(block.parameters()), "peak": recipe.rate * recipe.rate_decay**depth}
        for depth, block in enumerate(reversed(blocks), 1)
    ]
    groups.append({"params": list(model.network.top.parameters()), "peak": recipe.rate})
    head = [*model.network.projection.parameters(), model.vectors]
    groups.append({"params": head, "peak": recipe.head_rate})
    groups.append({"params": [model.scale], "peak": recipe.head_rate, "weight_decay": 0.0})
    return groups


def _warmth(done: int, total: int) -> float:
    """The share of the peak learning rate: a short rise, then half a cosine."""
    fall = 0.5 * (1 + math.cos(math.pi * done / total))
    return min(1.0, (done + 1) / (0.06 * total)) * (0.98 * fall + 0.02)


def _set_rates(optimiser: torch.optim.Optimizer, warmth: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * warmth


def _batches(
    pixels: Pixels, targets: NDArray[np.int64], recipe: Recipe, epoch: int
) -> Iterator[Batch]:
    """The augmented batches of one epoch; the next ones are made while one is learned from."""
    order = np.random.default_rng([recipe.seed, epoch]).permutation(len(pixels))
    chosen = np.array_split(order, math.ceil(len(order) / recipe.batch))
    side = recipe.sides[epoch]
    where = device()

    def made(number: int) -> Batch:
        dice = np.random.default_rng([recipe.seed, epoch, number])
        views = [view(pixels[one], side, recipe.views, dice) for one in chosen[number]]
        return scaled(np.stack(views), where), torch.from_numpy(targets[chosen[number]]).to(where)

    # A GPU learns faster than one thread makes views.
    ahead = AHEAD[where.type]
    with ThreadPoolExecutor(ahead) as makers:
        waiting: deque[Future[Batch]] = deque()
        for number in range(len(chosen)):
            waiting.append(makers.submit(made, number))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _loss(
    model: Classifier, pictures: torch.Tensor, wanted: torch.Tensor, recipe: Recipe
) -> torch.Tensor:
    """Cross-entropy with smoothed labels, some batches mixed with themselves."""
    labels = len(model.vectors)
    aims = functional.one_hot(wanted, labels).float()
    aims = aims * (1 - recipe.smoothing) + recipe.smoothing / labels
    if torch.rand(()) < recipe.mixed:
        pictures, aims = _mixed(pictures, aims)
    chances = functional.log_softmax(model(pictures, recipe.dropped), dim=1)
    return -(aims * chances).sum(1).mean()


def _mixed(pictures: torch.Tensor, aims: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Half the time a blend of two photos (mixup), half the time a patch in another (CutMix)."""
    others = torch.randperm(len(pictures), device=pictures.device)
    if torch.rand(()) < 0.5:
        share = float(torch.distributions.Beta(0.4, 0.4).sample())
        mixed = share * pictures + (1 - share) * pictures[others]
    else:
        side = pictures.shape[-1]
        length = int(side * math.sqrt(float(torch.rand(()))))
        top, left = (int(torch.randint(0, side - length + 1, ())) for _ in range(2))
        mixed = pictures.clone(memory_format=torch.preserve_format)
        patch = (..., slice(top, top + length), slice(left, left + length))
        mixed[patch] = pictures[others][patch]
        share = 1 - length**2 / side**2
    return mixed, share * aims + (1 - share) * aims[others]


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not looked into
def _average(averaged: Classifier, model: Classifier, kept: float) -> None:
    pairs = zip(averaged.parameters(), model.parameters(), strict=True)
    olds, news = zip(*(pair for pair in pairs if pair[1].requires_grad), strict=True)
    get_ema_multi_avg_fn(kept)(list(olds), list(news), 1)
    averaged.network.mean.copy_(model.network.mean)
