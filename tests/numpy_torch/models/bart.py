"""BART's noising menu (deletion, infilling, permutation, rotation) feeding a denoising encoder-decoder."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

PAD, START, MASK, FIRST = 0, 1, 2, 3


class Noised(Dataset):
    """Every sentence once per kind of noise."""

    def __init__(self, sentences, generator):
        self.pairs = []
        for sentence in sentences:
            length = len(sentence)
            kept = sentence[torch.rand(length, generator=generator) > 0.2]
            start = int(torch.randint(0, length - 2, (1,), generator=generator))
            filled = torch.cat([sentence[:start], sentence.new_tensor([MASK]), sentence[start + 2 :]])
            halves = torch.tensor_split(sentence, 2)
            permuted = torch.cat([halves[i] for i in torch.randperm(2, generator=generator).tolist()])
            rotated = sentence.roll(-start)
            self.pairs += [(noisy, sentence) for noisy in (kept, filled, permuted, rotated)]

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, index):
        return self.pairs[index]


def collate(pairs):
    width = max(len(source) for source, _ in pairs)
    source = torch.stack(
        [nn.functional.pad(source, (0, width - len(source)), value=PAD) for source, _ in pairs]
    )
    return source, torch.stack([target for _, target in pairs])


class Denoiser(nn.Module):
    def __init__(self, vocabulary=20, width=16):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width, padding_idx=PAD)
        self.place = nn.Embedding(16, width)
        self.transformer = nn.Transformer(width, 2, 1, 1, 32, dropout=0.0, batch_first=True)
        self.head = nn.Linear(width, vocabulary)

    def lift(self, tokens):
        return self.embed(tokens) + self.place(torch.arange(tokens.size(1)))

    def forward(self, source, target):
        hidden = source.eq(PAD)
        causal = self.transformer.generate_square_subsequent_mask(target.size(1))
        x = self.transformer(
            self.lift(source),
            self.lift(target),
            tgt_mask=causal,
            src_key_padding_mask=hidden,
            memory_key_padding_mask=hidden,
            tgt_is_causal=True,
        )
        return self.head(x)


def build(seed):
    torch.manual_seed(seed)
    model = Denoiser()
    generator = torch.Generator()
    generator.manual_seed(seed)
    data = Noised(torch.randint(FIRST, 20, (3, 9), generator=generator), generator)
    loader = DataLoader(
        data, batch_size=4, shuffle=True, drop_last=True, collate_fn=collate, generator=generator
    )
    return model, list(loader)


def loss(model, batches):
    values = []
    for source, target in batches:
        shifted = torch.hstack([torch.full((len(target), 1), START), target[:, :-1]])
        logits = model(source, shifted)
        values.append(nn.functional.cross_entropy(logits.permute(0, -1, 1), target))
    return torch.stack(values).mean()


def outputs(model, batches):
    model.eval()
    with torch.no_grad():
        return [model(source, target) for source, target in batches], [source for source, _ in batches]
