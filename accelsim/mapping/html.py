"""A mapping in a notebook: its loop nests once it has numbers, its YAML before."""

from accelsim.base.notebook import heading, text_block
from accelsim.mapping.binding import BoundMapping
from accelsim.mapping.mapping import Mapping
from accelsim.mapping.render import render
from accelsim.mapping.save import mapping_text


def html(mapping: Mapping | BoundMapping) -> str:
    if isinstance(mapping, BoundMapping):
        return heading(f"How {mapping.cascade.name} is mapped") + text_block(render(mapping))
    return heading("A mapping", mapping.about) + text_block(mapping_text(mapping))
