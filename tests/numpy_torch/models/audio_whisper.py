"""From waveform to text: framed FFT, mel filters, one stride-2 convolution, CTC written as a recursion in
logs.
"""

import torch
import torch.nn.functional as F
from torch import nn

RATE, WINDOW, HOP, MELS = 400, 32, 16, 10


def mel_filters(bins, mels, rate):
    def to_mel(f):
        return 2595.0 * torch.log10(1.0 + f / 700.0)

    edges = 700.0 * (
        10.0 ** (torch.linspace(0, to_mel(torch.tensor(rate / 2.0)).item(), mels + 2) / 2595.0) - 1
    )
    frequencies = torch.linspace(0, rate / 2, bins)
    slopes = edges[None, :] - frequencies[:, None]
    rising = -slopes[:, :-2] / (edges[1:-1] - edges[:-2])
    falling = slopes[:, 2:] / (edges[2:] - edges[1:-1])
    return torch.maximum(torch.zeros(1), torch.minimum(rising, falling))


def log_mel(waves, filters):
    padded = F.pad(waves.unsqueeze(1), (WINDOW // 2, WINDOW // 2), mode="reflect").squeeze(1)
    frames = padded.unfold(-1, WINDOW, HOP) * torch.hann_window(WINDOW)
    power = torch.fft.rfft(frames, dim=-1).abs() ** 2
    mel = torch.clamp(power @ filters, min=1e-10).log10()
    mel = torch.maximum(mel, mel.amax(dim=(-2, -1), keepdim=True) - 8.0)
    return ((mel + 4.0) / 4.0).transpose(-1, -2)


class Recogniser(nn.Module):
    def __init__(self, width=16, letters=5):
        super().__init__()
        self.register_buffer("filters", mel_filters(WINDOW // 2 + 1, MELS, RATE))
        self.conv1 = nn.Conv1d(MELS, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, letters)

    def forward(self, waves):
        x = F.gelu(self.conv2(F.gelu(self.conv1(log_mel(waves, self.filters))))).mT
        length, width = x.shape[-2:]
        scale = torch.logspace(0, -3, width // 2)
        angle = torch.arange(length)[:, None] * scale
        x = x + torch.cat([angle.sin(), angle.cos()], dim=-1)
        y = self.norm(x)
        return self.out(x + self.attention(y, y, y)[0])


def ctc(log_probabilities, labels):
    """Negative log probability of `labels` over all alignments, blank = 0, for one sequence (T, V)."""
    extended = torch.zeros(2 * len(labels) + 1, dtype=torch.long)
    extended[1::2] = labels
    can_skip = torch.zeros(len(extended), dtype=torch.bool)
    can_skip[2:] = (extended[2:] != 0) & (extended[2:] != extended[:-2])
    low = torch.tensor(-1e30)
    alpha = torch.full((len(extended),), -1e30)
    alpha = torch.cat([log_probabilities[0, extended[:2]], alpha[2:]])
    for step in log_probabilities[1:]:
        stay = alpha
        one = torch.cat([low[None], alpha[:-1]])
        two = torch.where(can_skip, torch.cat([low.expand(2), alpha[:-2]]), low)
        alpha = torch.logsumexp(torch.stack([stay, one, two]), dim=0) + step[extended]
    return -torch.logaddexp(alpha[-1], alpha[-2])


def build(seed):
    torch.manual_seed(seed)
    t = torch.arange(320) / RATE
    pitch = torch.rand(3, 1) * 100 + 30
    waves = torch.sin(2 * torch.pi * pitch * t) + 0.1 * torch.randn(3, 320)
    return Recogniser(), (waves, torch.tensor([[1, 2, 2], [3, 1, 4], [2, 4, 1]]))


def loss(model, batch):
    waves, labels = batch
    log_probabilities = model(waves).log_softmax(-1)
    return torch.stack([ctc(row, label) for row, label in zip(log_probabilities, labels, strict=True)]).mean()


@torch.no_grad()
def outputs(model, batch):
    best = model(batch[0]).argmax(-1)
    collapsed = [torch.unique_consecutive(row) for row in best]
    return log_mel(batch[0], model.filters), best, [row[row != 0].tolist() for row in collapsed]
