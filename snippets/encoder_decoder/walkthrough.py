"""Short experiments with the trained model, each of them a cell of the page.

Every cell ends on the value it shows. They run from top to bottom, and later cells use names of earlier ones.
"""

# --8<-- [start:one_word]
import torch

from snippets.data import pronunciations
from snippets.encoder_decoder.decoding import greedy
from snippets.encoder_decoder.metrics import bleu, error_rate, exact_match
from snippets.encoder_decoder.model import Config, EncoderDecoder
from snippets.kit import load_weights

model = load_weights(EncoderDecoder(Config()), "encoder-decoder")

source = pronunciations.spell("psychology")  # (B, S) with B = 1
context = model.read(source)  # (B, C), all that the decoder gets
symbols, logits = greedy(model, source)  # (B, T), (B, T, V)

source.shape, context.shape, logits.shape, pronunciations.read_phonemes(symbols[0])
# --8<-- [end:one_word]

# --8<-- [start:forced]
pair = pronunciations.Pair("knight", ("N", "AY", "T"))
batch = pronunciations.batch([pair])

logits = model(batch.source, batch.inputs)  # reads "start N AY T"; (B, T, V)
surprise = torch.nn.functional.cross_entropy(logits[0], batch.targets[0], reduction="none")

surprise.detach()  # for N, AY, T and "end", in nats
# --8<-- [end:forced]

# --8<-- [start:score]
words = [pair for pair in pronunciations.split()["test"] if len(pair.word) <= 6][:150]

symbols, _ = greedy(model, pronunciations.batch(words).source)
written = [pronunciations.read_phonemes(row) for row in symbols]
wanted = [pair.phonemes for pair in words]

exact_match(written, wanted), error_rate(written, wanted), bleu(written, wanted).score
# --8<-- [end:score]
