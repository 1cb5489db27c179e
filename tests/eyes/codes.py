"""Frames and recordings with real barcodes for tests of the eyes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import zxingcpp

from cart.eyes.frames import Pixels


def frame_with_code(digits: str, width: int = 640, height: int = 360) -> Pixels:
    """An RGB frame, HxWx3 uint8, grey, with an EAN-13 in its middle."""
    barcode = zxingcpp.create_barcode(digits, zxingcpp.BarcodeFormat.EAN13)
    symbol = np.asarray(zxingcpp.write_barcode_to_image(barcode, scale=3))
    frame = np.full((height, width, 3), 230, np.uint8)
    rows, columns = symbol.shape[:2]
    top, left = (height - rows) // 2, (width - columns) // 2
    frame[top : top + rows, left : left + columns] = symbol.reshape(rows, columns, 1)
    return frame


def write_video(path: Path, pictures: list[Pixels]) -> None:
    """A recording."""
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (width, height))
    assert writer.isOpened()
    for picture in pictures:
        writer.write(np.ascontiguousarray(picture))
    writer.release()
