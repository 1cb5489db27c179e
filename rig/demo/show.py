"""The trip in the terminal: the receipt as it grows, and at the end the table of all steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cart.contract.screen import LineView, Snapshot
from rig.probes import amount, money
from rig.shopper import Row


class LiveReceipt:
    """Draws the newest snapshot under the step that is being played."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=8, transient=True)
        self._step = "the shop opens"
        self._snapshot: Snapshot | None = None

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def step(self, name: str) -> None:
        """Say what the shopper does now."""
        self._step = name
        self._draw()

    def show(self, snapshot: Snapshot) -> None:
        """Draw what the cart says now."""
        self._snapshot = snapshot
        self._draw()

    def said(self, row: Row) -> None:
        """A step is over: its line stays above the receipt."""
        mark = Text("same ", "green") if row.same else Text("DIFFERS ", "bold red")
        self._live.console.print(mark + Text(f"{row.step}  ", "bold") + Text(row.said, "dim"))

    def _draw(self) -> None:
        if self._snapshot is not None:
            title = f"{self._snapshot.route} · {'online' if self._snapshot.online else 'offline'}"
            body = Group(Text(self._step, "bold"), receipt(self._snapshot))
            self._live.update(Panel(body, title=title, width=76))


def receipt(snapshot: Snapshot) -> Table:
    """The receipt as the screen has it."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", width=9)
    table.add_column(width=44)
    table.add_column(justify="right", width=9)
    for line in snapshot.lines:
        _add_line(table, line)
    table.add_row("", Text("saved", "green"), Text(money(snapshot.savings_minor), "green"))
    table.add_row("", "tax", money(snapshot.tax_minor))
    table.add_row("", Text("total", "bold"), Text(money(snapshot.total_minor), "bold"))
    return table


def _add_line(table: Table, line: LineView) -> None:
    style = "black on yellow" if line.state == "open" else "bold" if line.newest else ""
    name = "something: what is it?" if line.state == "open" else line.name
    table.add_row(amount(line), Text(name, style), money(line.price_minor))
    for saving in line.savings:
        table.add_row("", Text(f"  {saving.title}", "green"), money(saving.amount_minor))


def table_of(rows: Iterable[Row]) -> Table:
    """Step, what the cart should say, what it said, same or not."""
    table = Table(show_lines=True)
    for title, ratio in (("step", 3), ("expected", 6), ("said", 6), ("same", 1)):
        table.add_column(title, ratio=ratio, overflow="fold")
    for row in rows:
        verdict = Text("same", "green") if row.same else Text("NO", "bold red")
        table.add_row(row.step, row.expected, row.said, verdict)
    return table
