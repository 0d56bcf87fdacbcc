"""The library's encoder and decoder layers, pre-norm, with a causal mask and padding masks."""

import torch
from torch import nn


class Translator(nn.Module):
    def __init__(self, vocabulary=15, width=16, heads=2, layers=2):
        super().__init__()
        self.source = nn.Embedding(vocabulary, width)
        self.target = nn.Embedding(vocabulary, width)
        self.position = nn.Parameter(torch.randn(1, 32, width) * 0.02)
        encoder = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        decoder = nn.TransformerDecoderLayer(width, heads, 4 * width, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(
            encoder, layers, norm=nn.LayerNorm(width), enable_nested_tensor=False
        )
        self.decoder = nn.TransformerDecoder(decoder, layers)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, source, target):
        padding = source == 0
        memory = self.encoder(
            self.source(source) + self.position[:, : source.shape[1]], src_key_padding_mask=padding
        )
        causal = torch.triu(torch.ones(target.shape[1], target.shape[1], dtype=torch.bool), diagonal=1)
        x = self.decoder(
            self.target(target) + self.position[:, : target.shape[1]],
            memory,
            tgt_mask=causal,
            memory_key_padding_mask=padding,
        )
        return self.head(x)


def build(seed):
    torch.manual_seed(seed)
    model = Translator()
    source = torch.randint(1, 15, (4, 7))
    source[2, 4:] = 0
    return model, (source, torch.randint(1, 15, (4, 6)))


def loss(model, batch):
    source, target = batch
    log_probabilities = model(source, target[:, :-1]).log_softmax(-1)
    return nn.NLLLoss()(log_probabilities.reshape(-1, 15), target[:, 1:].reshape(-1))


def outputs(model, batch):
    model.eval()
    causal = nn.Transformer.generate_square_subsequent_mask(5)
    with torch.no_grad():
        return model(*batch), causal
