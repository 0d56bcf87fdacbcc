"""Image patches projected into a frozen decoder's embedding space, answers scored only on the answer
tokens.
"""

import torch
import torch.nn.functional as F
from torch import nn

IMAGE = 19  # the id whose places the image tokens take


class VisionEncoder(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, 4)
        self.norm = nn.LayerNorm(width)

    def forward(self, images):
        return self.norm(self.patches(images).flatten(2).mT)


class CrossAttention(nn.Module):
    """Flamingo's gated layer: starts at zero, so the language model is undisturbed at first."""

    def __init__(self, width):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, 2, kdim=12, vdim=12, batch_first=True)
        self.gate = nn.Parameter(torch.tensor([0.0]))

    def forward(self, x, image):
        return x + torch.tanh(self.gate) * self.attention(x, image, image, need_weights=False)[0]


class VisionLanguageModel(nn.Module):
    def __init__(self, vocabulary=20, width=16):
        super().__init__()
        self.vision = VisionEncoder()
        self.projector = nn.Sequential(nn.Linear(12, width), nn.GELU(), nn.Linear(width, width))
        self.embedding = nn.Embedding(vocabulary, width)
        self.cross = CrossAttention(width)
        self.block = nn.TransformerEncoderLayer(width, 2, 32, dropout=0.0, batch_first=True, norm_first=True)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.vision.requires_grad_(False)
        for name, parameter in self.named_parameters():
            if name.startswith("embedding"):
                parameter.requires_grad = False

    def forward(self, images, tokens):
        image = self.vision(images)
        x = self.embedding(tokens)
        places = (tokens == IMAGE).unsqueeze(-1).expand_as(x)
        x = x.masked_scatter(places, self.projector(image).to(x.dtype))
        x = self.cross(x, image)
        T = tokens.shape[1]
        mask = torch.ones(T, T, dtype=torch.bool).tril().logical_not()
        return self.head(self.block(x, src_mask=mask))


def build(seed):
    torch.manual_seed(seed)
    model = VisionLanguageModel()
    images = torch.rand(3, 3, 8, 8)
    text = torch.randint(0, 19, (3, 6))
    tokens = torch.cat([torch.full((3, 4), IMAGE), text], dim=1)
    labels = tokens.clone()
    labels[:, :7] = -100
    return model, {"images": images, "tokens": tokens, "labels": labels}


def loss(model, batch):
    logits = model(batch["images"], batch["tokens"])
    shift_logits = logits[..., :-1, :].contiguous()
    shift_labels = batch["labels"][..., 1:].contiguous()
    return F.cross_entropy(shift_logits.view(-1, shift_logits.size(-1)), shift_labels.view(-1))


def outputs(model, batch):
    model.eval()
    with torch.no_grad():
        _, weights = model.cross.attention(
            model.embedding(batch["tokens"]), *[model.vision(batch["images"])] * 2, average_attn_weights=False
        )
        trainable = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
        return model(batch["images"], batch["tokens"]), weights, trainable
