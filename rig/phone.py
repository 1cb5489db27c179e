"""The shopper's phone: reads the QR code off a picture of the screen and claims the cart.

It talks to the store's broker directly, never over the cart's network.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import zxingcpp
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from PIL import Image

from cart import mqtt
from cart.contract.store import PairClaim, app_of, packet

SCHEME = "dashcart:pair?"
PUBLISH_S = 5.0


class PhoneError(RuntimeError):
    """The phone could not read the code; the text says what it saw instead."""


def read_qr(picture: Path) -> str:
    """The text of the pairing code on a picture of the welcome screen."""
    with Image.open(picture) as image:
        pixels = np.asarray(image.convert("L"))
    texts = [read.text for read in zxingcpp.read_barcodes(pixels)]
    for text in texts:
        if text.startswith(SCHEME):
            return text
    raise PhoneError(f"{picture}: no pairing code to be read, only {texts}")


def claim(pairing: str, shopper: str, *, broker: tuple[str, int], tenant: str, store: str) -> None:
    """Tell the store: I stand at this cart and saw this code."""
    asked = {name: values[0] for name, values in parse_qs(pairing.removeprefix(SCHEME)).items()}
    message = PairClaim(asked["cart"], asked["nonce"], shopper)
    sent = packet("pair_claim", message, tenant, store, app=app_of(shopper))
    mqtt.Endpoint(*broker)  # raises ValueError: plain text is for loopback
    client = paho.Client(CallbackAPIVersion.VERSION2, app_of(shopper), protocol=paho.MQTTv5)
    client.connect(*broker)
    client.loop_start()
    try:
        client.publish(sent.topic, sent.payload, qos=1).wait_for_publish(PUBLISH_S)
    finally:
        client.disconnect()
        client.loop_stop()
