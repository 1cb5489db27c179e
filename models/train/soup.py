"""Several runs side by side, one a core, and the mean of their weights.

Runs that start from the same generic weights end in the same valley; their mean is better than
each, and two single-threaded runs use two cores better than one run with two threads.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from concurrent.futures import Future, ProcessPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import cv2
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from models.train.fit import Classifier, Material, fit
from models.train.recipe import Recipe

POLL_S = 0.5


def averaged_runs(material: Material, recipe: Recipe) -> Classifier:
    """The mean of the recipe's runs; each goes on from its checkpoint beside the material."""
    key = hashlib.sha256(material.targets.tobytes()).hexdigest()[:12]
    context = multiprocessing.get_context("spawn")
    recipes = [replace(recipe, seed=recipe.seed + run) for run in range(recipe.runs)]
    with context.Manager() as manager, ProcessPoolExecutor(recipe.runs, context) as pool:
        steps: Queue[tuple[int, int, int, float]] = manager.Queue()
        futures = [
            pool.submit(_run, material, one, _checkpoint(material, key, one), steps)
            for one in recipes
        ]
        _show(futures, steps)
        states = [future.result() for future in futures]
    classifier = Classifier(int(material.targets.max()) + 1, recipe)
    classifier.load_state_dict(mean_of(states))
    classifier.eval()
    return classifier


def _checkpoint(material: Material, key: str, recipe: Recipe) -> Path:
    recipe_key = hashlib.sha256(repr(recipe).encode()).hexdigest()[:12]
    return material.pixels_file.with_suffix(f".{key}.{recipe_key}.pt")


def mean_of(states: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The mean of each tensor."""
    return {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}


def _run(
    material: Material,
    recipe: Recipe,
    checkpoint: Path,
    steps: Queue[tuple[int, int, int, float]],
) -> dict[str, torch.Tensor]:
    """One run in a process of its own, on one thread."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)

    def told(done: int, total: int, loss: float) -> None:
        steps.put((recipe.seed, done, total, loss))

    state: dict[str, torch.Tensor] = fit(material, recipe, checkpoint, told).state_dict()
    return state


def _show(futures: list[Future[Any]], steps: Queue[tuple[int, int, int, float]]) -> None:
    """Progress bars until all runs have ended."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bars: dict[int, Any] = {}
        while not all(future.done() for future in futures):
            try:
                seed, done, total, loss = steps.get(timeout=POLL_S)
            except Empty:
                continue
            if seed not in bars:
                bars[seed] = progress.add_task("", total=total)
            words = f"seed {seed}: step {done} of {total}, loss {loss:.2f}"
            progress.update(bars[seed], completed=done, description=words)
    wait(futures)
