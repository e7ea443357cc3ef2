"""What an hour of a machine costs, and who says so: the shipped systems, or the user.

A price that a system assumes is no source, and is not taken; nor is that of a machine which the
system changes.
"""

from functools import lru_cache
from typing import NamedTuple

from accelsim.base.catalogue import find, names
from accelsim.base.units import quantity
from accelsim.base.yamlfile import Node, read_yaml
from accelsim.report.page.state import MachineState

OWN = "your own number"


class Price(NamedTuple):
    usd_per_hour: float
    source: str


def price_of(machine: MachineState) -> Price | None:
    """The user's number, or else the first that a shipped system has a source for."""
    if machine.price is not None:
        return Price(machine.price, OWN) if machine.price else None
    return sourced().get(machine.name)


@lru_cache(maxsize=1)
def sourced() -> dict[str, Price]:
    """By machine, systems in the order of their names."""
    found: dict[str, Price] = {}
    for system in names("systems"):
        for device in read_yaml(find(system, "systems"))["devices"].elements():
            price = _price(device)
            if price is not None:
                found.setdefault(device["machine"].text, price)
    return found


def _price(device: Node) -> Price | None:
    if "price" not in device or "source" not in device or "set" in device:
        return None
    price, source = device["price"].text, device["source"].text
    return None if "assumed" in source else Price(float(quantity(price, "USD/h")), source)
