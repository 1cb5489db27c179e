"""`python -m firmware_bridge serve`: moves bytes between a till's port and a lane.

It must never answer from a scale that is gone.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import closing
from pathlib import Path

from firmware_bridge.metrology.calibration import NOMINAL, CalibrationError, load
from firmware_bridge.port import Port, PortLost
from firmware_bridge.scales import COUNTING, DRIVERS, open_driver
from firmware_bridge.serve import PROTOCOLS
from firmware_bridge.serve.display import Display
from firmware_bridge.serve.readings import JsonLines, ScalePort

USAGE_ERROR = 2
MAX_G = range(1, 100_000)  # what two digits before the point can say in kilograms
STANDARD_INPUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--protocol", required=True, choices=sorted(PROTOCOLS))
    parser.add_argument("--port", required=True, help="the serial port towards the till")
    parser.add_argument("--baud", type=int, default=9_600)
    parser.add_argument("--framing", choices=("8N1", "7E1", "7O1"), help="the protocol's own")
    parser.add_argument(
        "--source",
        default=STANDARD_INPUT,
        help='the port of a scale, or - (as without it): at least one line {"mass_mg": 0, '
        '"stable": true} in two seconds',
    )
    parser.add_argument("--driver", choices=sorted(DRIVERS), default="chip", help="of the source")
    parser.add_argument("--calibration", type=Path, help="TOML with a [calibration] table")
    parser.add_argument("--max-g", type=int, default=30_000, help="Max of the scale")
    parser.add_argument("--step-g", type=int, default=5, help="its interval e")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted; 1 when the till's port goes, 2 when it can't start."""
    try:
        if args.max_g not in MAX_G or not 1 <= args.step_g <= args.max_g:
            raise ValueError("--max-g is 1 to 99999, --step-g at most as much")
        source = _source(args)
        protocol = PROTOCOLS[args.protocol]
        port = Port(args.port, args.baud, args.framing or protocol.framing)
    except (CalibrationError, PortLost, ValueError) as error:
        sys.stderr.write(f"serve: {error}\n")
        return USAGE_ERROR
    display = Display(args.max_g * 1000, args.step_g * 1000)
    lane = protocol.make(display)
    with port, closing(source):
        try:
            while True:
                now_ms = round(time.monotonic() * 1000)
                for event in source.turn(now_ms):
                    display.take(event)
                port.write(lane.receive(port.read(), now_ms))
        except PortLost as error:
            sys.stderr.write(f"serve: {error}\n")
            return 1
        except KeyboardInterrupt:
            return 0


def _source(args: argparse.Namespace) -> JsonLines | ScalePort:
    if args.source == STANDARD_INPUT:
        return JsonLines(sys.stdin.fileno())
    calibration = load(args.calibration) if args.calibration else NOMINAL
    if args.driver in COUNTING and not args.calibration:
        sys.stderr.write("serve: no --calibration: masses are nominal, no till is given one\n")
    scale = open_driver(args.driver, calibration=calibration)
    return ScalePort(args.driver, args.source, scale)
