"""The copy task: see one symbol, read a stretch of blanks, then say which symbol it was.

Nothing but the gap makes it hard, so accuracy against gap measures how far back a model can learn to look.
The task goes back to Hochreiter and Schmidhuber (1997), where recurrent networks fail at long time lags.
"""

import torch

SYMBOLS = 8
BLANK = SYMBOLS
ASK = SYMBOLS + 1
VOCABULARY = SYMBOLS + 2


def batch(size: int, gap: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs (size, gap + 2): a symbol, `gap` blanks, the question. Targets (size,): the symbol.

    A guess is right one time in `SYMBOLS`.
    """
    targets = torch.randint(SYMBOLS, (size,), generator=generator)
    inputs = torch.full((size, gap + 2), BLANK)
    inputs[:, 0] = targets
    inputs[:, -1] = ASK
    return inputs, targets
