"""Commands around the wire: generate its files, watch a scale, record one."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from firmware_bridge import calibrate, diagnose, plot, software
from firmware_bridge.metrology.calibration import NOMINAL, CalibrationError, load
from firmware_bridge.metrology.reading import opc
from firmware_bridge.port import PortLost
from firmware_bridge.r76 import command as r76
from firmware_bridge.scales import DRIVERS, open_driver, open_stream
from firmware_bridge.scales.base import LoadLive, LoadPending, Scale, ScaleEvent, Weighed
from firmware_bridge.serve import command as serve
from firmware_bridge.streams import Stream

USAGE_ERROR = 2
TOOLS = {
    "diagnose": (diagnose, "is this scale well, and what is to be done if not"),
    "calibrate": (calibrate, "find what a count weighs, with known loads"),
    "plot": (plot, "draw what `record` kept, as PNG"),
    "software": (software, "which metrology this is: its files, checksum and event logger"),
    "r76": (r76, "test a scale on a bench as R76 asks, and write the report"),
}


def main(arguments: list[str] | None = None) -> int:
    """The command line; exit status."""
    parser = _parser()
    args = parser.parse_args(arguments)
    if args.command is None:
        parser.print_help(sys.stderr)
        return USAGE_ERROR
    status: int = args.run(args)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m firmware_bridge", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    generate = commands.add_parser("generate", help="write the files made from protocol.toml")
    generate.add_argument("--check", action="store_true", help="only tell whether one is stale")
    generate.set_defaults(run=_generate)
    watch = commands.add_parser("watch", help="show what a scale says, live")
    watch.add_argument(
        "--json", action="store_true", help="one JSON line an event, readings also as OPC 40200"
    )
    watch.set_defaults(run=_watch)
    record = commands.add_parser("record", help="keep the raw bytes of a scale, as JSON Lines")
    record.add_argument("file", type=Path, help="must not exist yet")
    record.set_defaults(run=_record)
    till = commands.add_parser("serve", help="let a till read the cart's scale")
    serve.add_arguments(till)
    for name, (tool, what) in TOOLS.items():
        parser_of_tool = commands.add_parser(name, help=what, description=tool.__doc__)
        tool.add_arguments(parser_of_tool)
        parser_of_tool.set_defaults(run=tool.run)
    for command in (watch, record):
        command.add_argument("--port", required=True, help="such as /dev/serial/by-id/...")
        command.add_argument("--baud", type=int, help="the driver's usual one")
        command.add_argument("--framing", choices=("8N1", "7E1", "7O1"), help="likewise")
        command.add_argument("--driver", choices=sorted(DRIVERS), default="chip")
        command.add_argument("--calibration", type=Path, help="TOML with a [calibration] table")
        command.add_argument("--seconds", type=float, help="end after so long")
    return parser


def _generate(args: argparse.Namespace) -> int:
    from firmware_bridge import dictionary, generate

    try:
        stale = list(generate.stale()) if args.check else generate.write()
    except (OSError, dictionary.DictionaryError) as error:
        print(f"generate: {error}", file=sys.stderr)
        return USAGE_ERROR
    for path in stale:
        print(f"{path.relative_to(generate.ROOT)}: {'stale' if args.check else 'written'}")
    if args.check and stale:
        print("run `python -m firmware_bridge generate`", file=sys.stderr)
        return 1
    return 0


def _watch(args: argparse.Namespace) -> int:
    show = _show_json if args.json else _show
    return _follow(args, lambda reading: [show(event) for event in reading.events])


def _record(args: argparse.Namespace) -> int:
    try:
        file = args.file.open("x", encoding="utf-8")
    except OSError as error:
        print(f"record: {args.file}: {error.strerror}", file=sys.stderr)
        return USAGE_ERROR
    with file:
        status = _follow(args, lambda reading: _keep(reading, file))
    if status == USAGE_ERROR:
        args.file.unlink()  # nothing was heard, so nothing is kept
    return status


@dataclass(frozen=True, slots=True)
class Reading:
    """One read of the port: when, what came, and what the driver made of it."""

    now_ms: int
    data: bytes
    events: list[ScaleEvent]


def _follow(args: argparse.Namespace, use: Callable[[Reading], object]) -> int:
    """Run the driver on the port until interrupted, the time is up, or the port goes."""
    try:
        calibration = load(args.calibration) if args.calibration else NOMINAL
        port = open_stream(args.driver, args.port, baud=args.baud, framing=args.framing)
    except (CalibrationError, PortLost) as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    if not args.calibration:
        print("no --calibration: masses are nominal", file=sys.stderr)
    scale = open_driver(args.driver, calibration=calibration)
    with port:
        try:
            for reading in _readings(port, scale):
                use(reading)
                if args.seconds is not None and reading.now_ms >= args.seconds * 1000:
                    break
        except PortLost as error:
            use(Reading(0, b"", scale.lost(0)))
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 0
    return 0


def _readings(port: Stream, scale: Scale) -> Iterator[Reading]:
    began_s = time.monotonic()
    while True:
        port.write(scale.to_send(round((time.monotonic() - began_s) * 1000)))
        data = port.read()
        now_ms = round((time.monotonic() - began_s) * 1000)
        yield Reading(now_ms, data, scale.receive(data, now_ms))


def _show(event: ScaleEvent) -> None:
    if isinstance(event, LoadLive):
        state = "stable" if event.stable else "moving"
        print(f"\r{event.mass_mg / 1000:12.1f} g  {state} ", end="", flush=True)
    elif not isinstance(event, Weighed | LoadPending):
        print(f"\r{event}", flush=True)


def _show_json(event: ScaleEvent) -> None:
    fields = {"event": type(event).__name__, **asdict(event)}
    if isinstance(event, Weighed):
        fields["opc"] = opc(event.reading)
    print(json.dumps(fields), flush=True)


def _keep(reading: Reading, file: TextIO) -> None:
    if reading.data:
        print(json.dumps({"t_ms": reading.now_ms, "read": reading.data.hex()}), file=file)


if __name__ == "__main__":
    sys.exit(main())
