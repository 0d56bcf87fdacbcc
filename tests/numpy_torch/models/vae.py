"""A convolutional VAE: reparameterisation, closed-form KL, beta, decoding a grid of latents."""

import torch
from torch import nn
from torch.nn import functional as F


class VAE(nn.Module):
    def __init__(self, latent=2):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 6, 3, stride=2, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(6, 12, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(12),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Flatten(),
        )
        self.mean = nn.Linear(12 * 3 * 3, latent)
        self.log_variance = nn.Linear(12 * 3 * 3, latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, 12 * 3 * 3),
            nn.Unflatten(1, (12, 3, 3)),
            nn.ReLU(),
            nn.ConvTranspose2d(12, 6, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(6, 1, 4, stride=2, padding=1),
        )

    def encode(self, x):
        h = self.encoder(x)
        return self.mean(h), self.log_variance(h)

    def reparameterise(self, mean, log_variance):
        if not self.training:
            return mean
        std = torch.exp(0.5 * log_variance)
        eps = torch.randn_like(std)
        return eps.mul(std).add_(mean)

    def forward(self, x):
        mean, log_variance = self.encode(x)
        return self.decoder(self.reparameterise(mean, log_variance)), mean, log_variance


def build(seed):
    torch.manual_seed(seed)
    model = VAE()
    return model, (torch.rand(8, 1, 12, 12) > 0.6).float()


def loss(model, x, beta=0.5):
    torch.manual_seed(77)
    logits, mean, log_variance = model(x)
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    divergence = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
    return (reconstruction + beta * divergence) / len(x)


@torch.no_grad()
def outputs(model, x):
    model.eval()
    logits, mean, log_variance = model(x)
    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    divergence = torch.distributions.kl_divergence(posterior, prior).sum(-1)
    axis = torch.linspace(-2, 2, 3)
    grid = torch.cartesian_prod(axis, axis)
    return logits, divergence, posterior.rsample((3,)), model.decoder(grid).sigmoid()
