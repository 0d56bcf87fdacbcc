"""What the explorer of the forward pass shows: see `snippets.explorer.trace`."""

from snippets.explorer import trace
from snippets.gpt.model import Config
from snippets.gpt.sentence import MOST, SENTENCE
from snippets.kit import Choice, Slider, Text, view

TYPED = Text("Sentence", value=SENTENCE, max_length=MOST, min_length=0)
ADDED = Text("Tokens appended", value="", max_length=2000, min_length=0, alphabet="0123456789 ")
LAYER = Slider("Block", 0, Config().layers - 1)


@view(text=TYPED, added=ADDED, layer=LAYER)
def block(text: str, added: str, layer: int) -> dict:
    """Every tensor of one decoder block."""
    return trace.block(text, added, layer)


@view(text=TYPED, added=ADDED)
def readout(text: str, added: str) -> dict:
    """From the last block to the scores of the next token."""
    return trace.readout(text, added)


@view(layer=LAYER, name=Choice("Matrix", list(trace.MATRICES)))
def matrix(layer: int, name: str) -> dict:
    """The weights of one matrix of a block."""
    return trace.matrix(layer, name)
