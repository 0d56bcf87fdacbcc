"""DCGAN in small: transposed convolutions, spectral norm in the discriminator, two optimizers taking
turns.
"""

import torch
import torch.nn as nn
from torch.nn.utils.parametrizations import spectral_norm


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Conv") != -1 and hasattr(m, "weight") and isinstance(m.weight, nn.Parameter):
        nn.init.normal_(m.weight.data, 0.0, 0.05)
    elif classname.find("BatchNorm") != -1:
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)


class GAN(nn.Module):
    def __init__(self, latent=6):
        super().__init__()
        self.latent = latent
        self.generator = nn.Sequential(
            nn.ConvTranspose2d(latent, 12, 3, 1, 0, bias=False),
            nn.BatchNorm2d(12),
            nn.ReLU(True),
            nn.ConvTranspose2d(12, 6, 4, 2, 1, bias=False),
            nn.BatchNorm2d(6),
            nn.ReLU(True),
            nn.ConvTranspose2d(6, 1, 4, 2, 1, bias=False),
            nn.Tanh(),
        )
        self.discriminator = nn.Sequential(
            spectral_norm(nn.Conv2d(1, 6, 4, 2, 1)),
            nn.LeakyReLU(0.2, inplace=True),
            spectral_norm(nn.Conv2d(6, 12, 4, 2, 1)),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Flatten(),
            spectral_norm(nn.Linear(12 * 3 * 3, 1)),
        )
        self.generator.apply(weights_init)

    def noise(self, count, seed):
        return torch.randn(count, self.latent, 1, 1, generator=torch.Generator().manual_seed(seed))


def build(seed):
    torch.manual_seed(seed)
    return GAN(), torch.rand(8, 1, 12, 12) * 2 - 1


def discriminator_loss(model, real, fake):
    criterion = nn.BCEWithLogitsLoss()
    on_real, on_fake = model.discriminator(real), model.discriminator(fake.detach())
    return criterion(on_real, torch.ones_like(on_real)) + criterion(on_fake, torch.zeros_like(on_fake))


def generator_loss(model, fake):
    return nn.functional.softplus(-model.discriminator(fake)).mean()


def loss(model, real):
    fake = model.generator(model.noise(len(real), 1))
    return discriminator_loss(model, real, fake) + generator_loss(model, fake)


def train(model, real, optimizer, steps):
    kind = type(optimizer)
    of_generator = kind(model.generator.parameters(), lr=2e-3, betas=(0.5, 0.999))
    of_discriminator = kind(model.discriminator.parameters(), lr=2e-3, betas=(0.5, 0.999))
    losses = []
    for step in range(steps):
        fake = model.generator(model.noise(len(real), step))
        of_discriminator.zero_grad()
        judged = discriminator_loss(model, real, fake)
        judged.backward()
        of_discriminator.step()
        of_generator.zero_grad()
        fooled = generator_loss(model, fake)
        fooled.backward()
        of_generator.step()
        losses += [judged.item(), fooled.item()]
    return losses


@torch.no_grad()
def outputs(model, real):
    model.eval()
    first, last = model.noise(2, 8)
    walk = torch.stack([torch.lerp(first, last, weight) for weight in torch.linspace(0, 1, 5).tolist()])
    singular = torch.linalg.svdvals(model.discriminator[5].weight)
    return model.generator(walk), model.discriminator(real), singular
