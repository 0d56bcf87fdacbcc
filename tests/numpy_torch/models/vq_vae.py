"""VQ-VAE: nearest codes, straight-through gradients, commitment, a codebook moved by averages; FSQ beside
it.
"""

import torch
import torch.nn.functional as F
from torch import nn


class Quantizer(nn.Module):
    def __init__(self, codes, width, decay=0.9, eps=1e-5):
        super().__init__()
        self.decay, self.eps = decay, eps
        codebook = torch.randn(codes, width)
        self.register_buffer("codebook", codebook)
        self.register_buffer("count", torch.ones(codes))
        self.register_buffer("total", codebook.clone())

    def forward(self, z):
        flat = z.reshape(-1, z.shape[-1])
        distance = flat.pow(2).sum(1, keepdim=True) - 2 * flat @ self.codebook.T + self.codebook.pow(2).sum(1)
        index = distance.argmin(dim=1)
        quantized = F.embedding(index, self.codebook).view_as(z)
        if self.training:
            with torch.no_grad():
                chosen = F.one_hot(index, len(self.codebook)).type(flat.dtype)
                self.count.mul_(self.decay).add_(chosen.sum(0), alpha=1 - self.decay)
                self.total.mul_(self.decay).add_(chosen.t() @ flat, alpha=1 - self.decay)
                size = self.count.sum()
                smooth = (self.count + self.eps) / (size + len(self.count) * self.eps) * size
                self.codebook.copy_(self.total / smooth.unsqueeze(1))
        commitment = F.mse_loss(z, quantized.detach())
        return z + (quantized - z).detach(), commitment, index.view(z.shape[:-1])


class RoundSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, grad):
        return grad


def finite_scalar(z, levels):
    """FSQ: each coordinate rounded to one of `levels` values in [-1, 1]."""
    half = (levels - 1) / 2
    return RoundSTE.apply(torch.tanh(z) * half) / half


class VQVAE(nn.Module):
    def __init__(self, width=4, codes=12):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv1d(1, 8, 4, stride=2, padding=1), nn.ReLU(), nn.Conv1d(8, width, 4, stride=2, padding=1)
        )
        self.quantizer = Quantizer(codes, width)
        self.decoder = nn.Sequential(
            nn.ConvTranspose1d(2 * width, 8, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose1d(8, 1, 4, stride=2, padding=1),
        )

    def forward(self, x):
        z = self.encoder(x).transpose(1, 2)
        quantized, commitment, index = self.quantizer(z)
        both = torch.cat([quantized, finite_scalar(z, 5)], dim=-1).transpose(1, 2)
        return self.decoder(both), commitment, index


def build(seed):
    torch.manual_seed(seed)
    model = VQVAE()
    phase = torch.rand(6, 1, 1) * 2 * torch.pi
    return model, torch.sin(torch.arange(24) * 0.7 + phase)


def loss(model, x):
    reconstruction, commitment, _ = model(x)
    return F.l1_loss(reconstruction, x) + 0.25 * commitment


@torch.no_grad()
def outputs(model, x):
    model.eval()
    reconstruction, _, index = model(x)
    used = torch.bincount(index.flatten(), minlength=12).float()
    p = used / used.sum()
    perplexity = torch.exp(-torch.sum(p * torch.log(p + 1e-10)))
    return reconstruction, index, perplexity, torch.unique(index), model.quantizer.codebook
