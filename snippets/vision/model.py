"""Three networks that read an image: a convolutional network, a residual network and a vision transformer.

Sources: Y. LeCun et al., "Gradient-Based Learning Applied to Document Recognition", Proceedings of the IEEE,
1998, section II (`CNN`); K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 3
(`ResNet`); A. Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021, section 3.1 (`ViT`).

    papers                          here
    feature map                     `maps`                                      (B, C, rows, columns)
    x_p, an image's patches         `patchify(images, P)`                       (B, N, P²)
    E, patch projection             `PatchEmbedding.projection`                 P² -> D
    x_class, the [CLS] token        `ViT.class_token`                           (1, 1, D)
    E_pos, position embeddings      `ViT.positions`                             (1, N + 1, D)
    MSA, MLP, LN                    `SelfAttention`, `FeedForward`, `nn.LayerNorm`
    F(x) + x                        `ResidualBlock`

    B images in a batch, C channels, K side of a kernel, P side of a patch, N patches, D width, H heads,
    L layers.

Where we differ. LeNet-5 squashed with a scaled tanh, averaged where we take the largest, connected its second
convolution to some maps only and ended on radial basis functions; ours has ReLU, max pooling, full connections
and a softmax. Our ResNet is the paper's for small images with fewer channels, a first convolution of stride 2,
and 1×1 projections where the size changes. Our ViT is the paper's without dropout.
"""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

SIDE = 28  # pixels along one edge of an image
CLASSES = 10


@dataclass(frozen=True)
class CNNConfig:
    """`channels` of the two convolutions, side of their `kernel`, `hidden` units before the readout."""

    channels: tuple[int, int] = (8, 16)
    kernel: int = 5
    hidden: int = 64


@dataclass(frozen=True)
class ResNetConfig:
    """`channels` of each stage and residual `blocks` in each; without `skips` the plain network is left."""

    channels: tuple[int, ...] = (8, 16, 32)
    blocks: int = 1
    skips: bool = True

    @property
    def depth(self) -> int:
        """Layers with weights on the way from the image to the answer."""
        return 2 * self.blocks * len(self.channels) + 2


@dataclass(frozen=True)
class ViTConfig:
    """Patch side P, width D, H heads, L layers; the feed-forward layer is `expansion` times as wide."""

    patch: int = 4
    width: int = 32
    heads: int = 4
    layers: int = 4
    expansion: int = 4
    positions: bool = True

    @property
    def patches(self) -> int:
        """N, the number of patches in an image."""
        return (SIDE // self.patch) ** 2


# --- convolution -------------------------------------------------------------------------------------------


# --8<-- [start:convolve]
def convolve(
    images: torch.Tensor,
    kernels: torch.Tensor,
    stride: int = 1,
    padding: int = 0,
) -> torch.Tensor:
    """Every window against every kernel: (B, C, R, S) and (O, C, K, K) to (B, O, R', S')."""
    K = kernels.shape[-1]
    padded = F.pad(images, (padding, padding, padding, padding))
    windows = padded.unfold(2, K, stride).unfold(3, K, stride)  # (B, C, R', S', K, K)
    return torch.einsum("bcrsij,ocij->bors", windows, kernels)  # (B, O, R', S')


# --8<-- [end:convolve]


class ConvolutionStage(nn.Module):
    """Convolution, ReLU, and the largest of every 2×2 responses."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel)  # `convolve` plus a bias, in optimised code
        self.pool = nn.MaxPool2d(2)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        maps = torch.relu(self.convolution(maps))  # (B, C, R, R) -> (B, O, R-K+1, R-K+1)
        return self.pool(maps)  # half the rows, half the columns


# --8<-- [start:cnn]
class CNN(nn.Module):
    """Two convolution stages, then two dense layers: the shape of LeNet-5."""

    def __init__(self, config: CNNConfig) -> None:
        super().__init__()
        first, second = config.channels
        self.first = ConvolutionStage(1, first, config.kernel)
        self.second = ConvolutionStage(first, second, config.kernel)
        side = ((SIDE - config.kernel + 1) // 2 - config.kernel + 1) // 2
        self.dense = nn.Linear(second * side * side, config.hidden)
        self.readout = nn.Linear(config.hidden, CLASSES)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.first(images)  # (B, 1, 28, 28) -> (B, 8, 12, 12)
        maps = self.second(maps)  # (B, 8, 12, 12) -> (B, 16, 4, 4)
        features = torch.relu(self.dense(maps.flatten(1)))  # (B, 256) -> (B, 64)
        return self.readout(features)  # (B, 64) -> (B, 10)


# --8<-- [end:cnn]


# --- residual network --------------------------------------------------------------------------------------


# --8<-- [start:residual]
class ResidualBlock(nn.Module):
    """Two convolutions that learn what to add to their input."""

    def __init__(self, inputs: int, outputs: int, stride: int, skip: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.skip = None
        if skip:
            same = inputs == outputs and stride == 1
            self.skip = (
                nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        # the first convolution: (B, C, R, R) -> (B, O, R/stride, R/stride)
        change = torch.relu(self.first_norm(self.first(maps)))
        change = self.second_norm(self.second(change))
        if self.skip is not None:
            change = change + self.skip(maps)
        return torch.relu(change)


# --8<-- [end:residual]


class ResNet(nn.Module):
    """A first convolution, stages of residual blocks, the mean over the image, a readout."""

    def __init__(self, config: ResNetConfig) -> None:
        super().__init__()
        width = config.channels[0]
        self.stem = nn.Conv2d(1, width, 3, stride=2, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(width)
        blocks = []
        for stage, channels in enumerate(config.channels):
            for index in range(config.blocks):
                stride = 2 if stage and not index else 1  # each stage after the first halves the image
                blocks.append(ResidualBlock(width, channels, stride, config.skips))
                width = channels
        self.blocks = nn.ModuleList(blocks)
        self.readout = nn.Linear(width, CLASSES)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = torch.relu(self.stem_norm(self.stem(images)))  # (B, 1, 28, 28) -> (B, 8, 14, 14)
        for block in self.blocks:
            maps = block(maps)  # -> (B, 8, 14, 14) -> (B, 16, 7, 7) -> (B, 32, 4, 4)
        features = maps.mean(dim=(2, 3))  # (B, 32, 4, 4) -> (B, 32), wherever in the image they were
        return self.readout(features)  # (B, 32) -> (B, 10)


# --- vision transformer ------------------------------------------------------------------------------------


# --8<-- [start:patchify]
def patchify(images: torch.Tensor, side: int) -> torch.Tensor:
    """Cut images (B, 1, R, R) into squares of P = `side` pixels: (B, N, P²)."""
    B, _, R, _ = images.shape
    grid = images.reshape(B, R // side, side, R // side, side)  # (B, R/P, P, R/P, P)
    grid = grid.permute(0, 1, 3, 2, 4)  # (B, R/P, R/P, P, P): which patch, then which pixel
    return grid.reshape(B, -1, side * side)  # (B, N, P²)


# --8<-- [end:patchify]


class PatchEmbedding(nn.Module):
    """Each patch, flattened, through one linear map: a token."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.patch = config.patch
        self.projection = nn.Linear(config.patch**2, config.width)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.projection(patchify(images, self.patch))  # (B, 1, 28, 28) -> (B, N, P²) -> (B, N, D)


class SelfAttention(nn.Module):
    """Every token looks at every token; nothing is masked."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.queries = nn.Linear(config.width, config.width)
        self.keys = nn.Linear(config.width, config.width)
        self.values = nn.Linear(config.width, config.width)
        self.output = nn.Linear(config.width, config.width)

    def split(self, tokens: torch.Tensor) -> torch.Tensor:
        B, N, D = tokens.shape
        return tokens.reshape(B, N, self.heads, D // self.heads).transpose(1, 2)  # (B, N, D) -> (B, H, N, D/H)

    def forward(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens (B, N, D) to what each gathered, (B, N, D), and the attention weights (B, H, N, N)."""
        queries, keys = self.split(self.queries(tokens)), self.split(self.keys(tokens))
        values = self.split(self.values(tokens))  # (B, H, N, D/H)
        scores = queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1])  # (B, H, N, N)
        attention = torch.softmax(scores, dim=-1)
        gathered = (attention @ values).transpose(1, 2)  # (B, H, N, D/H) -> (B, N, H, D/H)
        return self.output(gathered.reshape(tokens.shape)), attention  # (B, N, D), (B, H, N, N)


class FeedForward(nn.Module):
    """Two linear layers with a GELU between them, applied to each token by itself."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.expand = nn.Linear(config.width, config.expansion * config.width)
        self.contract = nn.Linear(config.expansion * config.width, config.width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.contract(F.gelu(self.expand(tokens)))  # (B, N, D) -> (B, N, 4D) -> (B, N, D)


class EncoderBlock(nn.Module):
    """Pre-norm: normalise, transform, add to what came in."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.width, eps=1e-6)
        self.attention = SelfAttention(config)
        self.feed_forward_norm = nn.LayerNorm(config.width, eps=1e-6)
        self.feed_forward = FeedForward(config)

    def forward(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        gathered, attention = self.attention(self.attention_norm(tokens))
        tokens = tokens + gathered
        return tokens + self.feed_forward(self.feed_forward_norm(tokens)), attention


# --8<-- [start:vit]
class ViT(nn.Module):
    """Patches as tokens, [CLS] in front, learned positions, blocks, a readout of [CLS]."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.patches = PatchEmbedding(config)
        self.class_token = nn.Parameter(0.02 * torch.randn(1, 1, config.width))
        self.positions = None
        if config.positions:
            self.positions = nn.Parameter(
                0.02 * torch.randn(1, config.patches + 1, config.width)
            )
        self.blocks = nn.ModuleList(EncoderBlock(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width, eps=1e-6)
        self.readout = nn.Linear(config.width, CLASSES)

    def embed(self, images: torch.Tensor) -> torch.Tensor:
        patches = self.patches(images)  # (B, 1, 28, 28) -> (B, N, D)
        first = self.class_token.expand(len(images), -1, -1)  # (1, 1, D) -> (B, 1, D)
        tokens = torch.cat([first, patches], dim=1)  # (B, N+1, D)
        return tokens if self.positions is None else tokens + self.positions

    def encode(
        self, images: torch.Tensor
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The last tokens (B, N+1, D), and each block's attention (B, H, N+1, N+1)."""
        tokens, attentions = self.embed(images), []
        for block in self.blocks:
            tokens, attention = block(tokens)
            attentions.append(attention)
        return self.norm(tokens), attentions

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        tokens, _ = self.encode(images)
        return self.readout(tokens[:, 0])  # [CLS]: (B, N+1, D) -> (B, D) -> (B, 10)


# --8<-- [end:vit]


# --8<-- [start:rollout]
def rollout(attentions: list[torch.Tensor]) -> torch.Tensor:
    """How much of each input token reached each output token, (B, N+1, N+1)."""
    size = attentions[0].shape[-1]
    total = torch.eye(size)[None]  # (1, N+1, N+1)
    for attention in attentions:
        weights = attention.mean(dim=1)  # heads averaged: (B, H, N+1, N+1) -> (B, N+1, N+1)
        through = 0.5 * weights + 0.5 * torch.eye(size)  # half passes by, on the residual path
        total = through @ total
    return total


# --8<-- [end:rollout]
