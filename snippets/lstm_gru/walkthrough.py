"""Short experiments with the trained networks, each of them a cell of the page.

Every cell ends on the value it shows. They run from top to bottom, and later cells use names of earlier ones.
"""

# --8<-- [start:one_step]
import torch

from snippets.kit import load_weights
from snippets.lstm_gru.model import Config, GatedModel
from snippets.rnn.model import encode

model = load_weights(GatedModel(Config("lstm")), "lstm-gru", prefix="lstm.")
cell = model.layers[0].cell

x = model.one_hot(encode("a"))[:, -1]  # the letter a: (B, V) with B = 1
hidden, memory = cell.start(1)  # both empty: (B, D)
hidden, memory = cell(x, (hidden, memory))

x.shape, hidden.shape, memory.shape, hidden.abs().max().item(), memory.abs().max().item()
# --8<-- [end:one_step]

# --8<-- [start:longest]
name = "mississippi"
logits, [(hiddens, cells)] = model(encode(name))  # (1, T, V), and two times (1, T, D)

hiddens.abs().max().item(), cells.abs().max().item()
# --8<-- [end:longest]

# --8<-- [start:library]
gru = load_weights(GatedModel(Config("gru")), "lstm-gru", prefix="gru.")
ours = gru.layers[0].cell
gates = [ours.reset_gate, ours.update_gate, ours.candidate]  # torch's order: r, z, n

theirs = torch.nn.GRU(27, 64, batch_first=True)
none = torch.zeros(64)  # r and z need one bias; torch gives each of them two
with torch.no_grad():
    theirs.weight_ih_l0.copy_(torch.cat([gate.input_weights.weight for gate in gates]))
    theirs.weight_hh_l0.copy_(torch.cat([gate.recurrent_weights.weight for gate in gates]))
    theirs.bias_ih_l0.copy_(torch.cat([none, none, ours.candidate.input_weights.bias]))
    theirs.bias_hh_l0.copy_(torch.cat([gate.recurrent_weights.bias for gate in gates]))

x = gru.one_hot(encode("mississippi"))  # (1, T, V)
(theirs(x)[0] - gru(encode("mississippi"))[1][0][0]).abs().max().item()
# --8<-- [end:library]
