"""The figures of the vision page."""

import functools

import torch

from snippets.kit import (
    Choice,
    Draw,
    Slider,
    Toggle,
    bars,
    figure,
    heatmap,
    image_grid,
    lines,
    load_weights,
    plain,
    results,
)
from snippets.kit.colours import ACCENT, INK
from snippets.vision.images import prepare, shift
from snippets.vision.model import (
    CLASSES,
    CNN,
    SIDE,
    CNNConfig,
    ResNet,
    ResNetConfig,
    ViT,
    ViTConfig,
    convolve,
    patchify,
    rollout,
)
from snippets.vision.samples import samples

DIGITS = [str(digit) for digit in range(CLASSES)]


@functools.cache
def cnn() -> CNN:
    return load_weights(lambda: CNN(CNNConfig()), "vision", prefix="cnn.")


@functools.cache
def resnet() -> ResNet:
    return load_weights(lambda: ResNet(ResNetConfig()), "vision", prefix="resnet.")


@functools.cache
def vit() -> ViT:
    return load_weights(lambda: ViT(ViTConfig()), "vision", prefix="vit.")


def drawing(digit: int) -> list[list[float]]:
    """A test image as the value a drawing opens with."""
    return [[round(cell, 2) for cell in row] for row in plain(samples()[digit, 0])]


def pad(digit: int, label: str = "Your digit") -> Draw:
    return Draw(label, rows=SIDE, columns=SIDE, value=drawing(digit), help="clear it and draw your own")


def image_of(cells: list[list[float]]) -> torch.Tensor:
    """A drawing as a batch of one, (1, 1, 28, 28)."""
    return torch.tensor(cells)[None, None]


def panels(pictures: list[dict], *, height: int, widths: list[float] | None = None) -> dict:
    """Pictures side by side, each with its own colours.

    A picture is `z`, `title`, and any of: `diverging`, `limits`, `square` (default true), `x`, `y` (tick
    labels), `x_title`, `y_title`, `z_title`, `left` (share of the width to leave for labels).
    """
    widths = widths or [1.0] * len(pictures)
    starts = [sum(widths[:index]) / sum(widths) for index in range(len(widths) + 1)]
    drawn = {"data": [], "layout": None}
    for index, picture in enumerate(pictures):
        labelled = "x" in picture or "x_title" in picture
        one = heatmap(
            picture["z"],
            x=picture.get("x"),
            y=picture.get("y"),
            x_title=picture.get("x_title", ""),
            y_title=picture.get("y_title", ""),
            z_title=picture.get("z_title", ""),
            diverging=picture.get("diverging", False),
            limits=picture.get("limits"),
            square=picture.get("square", True),
            colour_bar=False,
            height=height,
        )
        suffix = str(index + 1) if index else ""
        trace, layout = one["data"][0], one["layout"]
        trace |= {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
        if not labelled:
            trace |= {"xgap": 0, "ygap": 0, "hovertemplate": "%{z:.3g}<extra></extra>"}
        drawn["data"].append(trace)
        x_axis, y_axis = layout["xaxis"], layout["yaxis"]
        left, right = starts[index] + 0.015 + picture.get("left", 0.0), starts[index + 1] - 0.015
        x_axis |= {"domain": plain([left, right])}
        x_axis |= {"anchor": f"y{suffix}", "visible": labelled}
        y_axis |= {"anchor": f"x{suffix}", "visible": labelled}
        if picture.get("square", True):
            y_axis |= {"scaleanchor": f"x{suffix}"}
        if drawn["layout"] is None:
            drawn["layout"] = layout | {"annotations": [], "shapes": []}
        drawn["layout"] |= {f"xaxis{suffix}": x_axis, f"yaxis{suffix}": y_axis}
        across, first = len(trace["z"][0]), trace["y"][0]
        drawn["layout"]["annotations"].append(
            {
                "xref": f"x{suffix}",
                "yref": f"y{suffix}",
                "x": (across - 1) / 2,
                "y": first - 0.5,
                "text": picture["title"],
                "showarrow": False,
                "yanchor": "bottom",
                "font": {"size": 12, "color": INK},
            }
        )
    written = any("x_title" in picture for picture in pictures)
    drawn["layout"]["margin"] = {"l": 6, "r": 6, "t": 26, "b": 44 if written else 24}
    return drawn


# --- convolution -------------------------------------------------------------------------------------------

KERNELS = {
    "vertical": [[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]],
    "horizontal": [[1.0, 2.0, 1.0], [0.0, 0.0, 0.0], [-1.0, -2.0, -1.0]],
    "outline": [[-1.0, -1.0, -1.0], [-1.0, 8.0, -1.0], [-1.0, -1.0, -1.0]],
    "blur": [[0.04] * 5 for _ in range(5)],
    "end": [[-1.0, -1.0, -1.0], [-1.0, 2.0, -1.0], [-1.0, 2.0, -1.0]],
}


@figure(
    cells=pad(5),
    kernel=Choice(
        "Kernel",
        {
            "vertical": "vertical edges",
            "horizontal": "horizontal edges",
            "outline": "outline",
            "blur": "blur",
            "end": "line ends",
        }
        | {f"learned {number}": f"learned, no. {number}" for number in range(1, 9)},
        "vertical",
    ),
)
def kernel_playground(cells: list[list[float]], kernel: str) -> dict:
    """One kernel slides over your drawing and says at every pixel how well the window fits it.

    Colour is the response: one end of the scale where the window looks like the kernel, the other where it
    looks like its negative, and nothing over blank paper. The kernel for vertical edges answers with opposite
    signs at the left and the right side of a stroke and stays silent along a horizontal one. The learned
    kernels are those of the page's CNN; nobody chose them.
    """
    if kernel.startswith("learned"):
        weights = cnn().first.convolution.weight.detach()[int(kernel.split()[1]) - 1, 0]  # (5, 5)
    else:
        weights = torch.tensor(KERNELS[kernel])
    response = convolve(image_of(cells), weights[None, None], padding=len(weights) // 2)[0, 0]
    return panels(
        [
            {"z": cells, "title": "drawing", "limits": (0, 1)},
            {"z": weights, "title": f"kernel {len(weights)}×{len(weights)}", "diverging": True},
            {"z": response, "title": "response", "diverging": True},
        ],
        height=270,
        widths=[1, 0.6, 1],
    )


@figure(
    cells=pad(5),
    layer=Choice(
        "Maps after",
        {
            "convolution 1": "first convolution",
            "pool 1": "first pooling",
            "convolution 2": "second convolution",
            "pool 2": "second pooling",
        },
        "convolution 1",
    ),
)
def feature_maps(cells: list[list[float]], layer: str) -> dict:
    """What the trained CNN makes of your drawing, one small picture for each channel.

    The first maps still look like the digit, each with different strokes lit. Pooling halves their sides and
    keeps the strongest response in every 2×2 square. The second convolution combines all eight maps, and its
    own maps say where some larger piece of a digit was found. The last ones, sixteen maps of 4×4, are all
    that the dense layers get to see.
    """
    model = cnn()
    with torch.no_grad():
        first = torch.relu(model.first.convolution(image_of(cells)))  # (1, 8, 24, 24)
        pooled = model.first.pool(first)  # (1, 8, 12, 12)
        second = torch.relu(model.second.convolution(pooled))  # (1, 16, 8, 8)
        maps = {
            "convolution 1": first,
            "pool 1": pooled,
            "convolution 2": second,
            "pool 2": model.second.pool(second),  # (1, 16, 4, 4)
        }[layer][0]
    top = max(maps.max().item(), 1e-3)
    return image_grid(maps, columns=4 if len(maps) == 8 else 8, limits=(0, top), height=300)


@functools.cache
def plain_stack() -> torch.nn.ModuleList:
    torch.manual_seed(0)
    return torch.nn.ModuleList(torch.nn.Conv2d(1 if i == 0 else 4, 4, 3, padding=1) for i in range(4))


def centre_unit(network: str, depth: int, images: torch.Tensor) -> torch.Tensor:
    """What the unit in the middle holds after `depth` layers, (B, channels)."""
    if network == "vit":
        tokens = vit().embed(images)
        for block in vit().blocks[:depth]:
            tokens = block(tokens)[0]
        return tokens[:, 1 + 3 * 7 + 3]  # the fourth patch of the fourth row
    maps = images
    if network == "plain":
        for layer in plain_stack()[:depth]:
            maps = torch.relu(layer(maps))
    elif network == "cnn":
        stages = [cnn().first.convolution, cnn().first.pool, cnn().second.convolution, cnn().second.pool]
        for stage in stages[:depth]:
            maps = stage(maps)
            maps = torch.relu(maps)
    else:
        maps = torch.relu(resnet().stem_norm(resnet().stem(maps)))
        for block in resnet().blocks[: depth - 1]:
            maps = block(maps)
    return maps[:, :, maps.shape[2] // 2, maps.shape[3] // 2]


@figure(
    network=Choice(
        "Network",
        {
            "plain": "3×3 convolutions, untrained",
            "cnn": "the page's CNN",
            "resnet": "the page's ResNet",
            "vit": "the page's ViT",
        },
        "plain",
    ),
    depth=Slider("Depth", 1, 4, value=3, help="layers of the stack, stages of the CNN or ResNet, blocks of the ViT"),
)
def receptive_field(network: str, depth: int) -> dict:
    """The pixels that the unit in the middle listens to, by the size of its gradient, as it goes deeper.

    The field grows by two pixels with each layer of 3×3; a stride or a pooling step of 2 doubles what every
    later layer adds. Inside the outlined field the middle counts most, because more paths lead there.
    For the ViT there is no outline to draw: one block is enough for a patch to listen to the whole image.
    """
    model = {"plain": None, "cnn": cnn, "resnet": resnet, "vit": vit}[network]
    if model is not None:
        model()
    strength = torch.zeros(SIDE, SIDE)
    for digit in (3, 5, 8):
        with torch.no_grad():
            channels = centre_unit(network, depth, samples()[digit : digit + 1]).shape[1]
        images = samples()[digit : digit + 1].repeat(channels, 1, 1, 1).requires_grad_()  # one copy a channel
        unit = centre_unit(network, depth, images)  # (channels, channels)
        unit.diagonal().sum().backward()  # copy c is asked about channel c alone
        strength += (images.grad[:, 0] ** 2).sum(dim=0)
    size = strength.sqrt() / strength.max().sqrt()
    drawn = heatmap(size.sqrt(), z_title="root of the gradient's size", limits=(0, 1), square=True, height=380)
    drawn["data"][0] |= {"xgap": 0, "ygap": 0}
    drawn["layout"]["xaxis"] |= {"visible": False}
    drawn["layout"]["yaxis"] |= {"visible": False}
    drawn["layout"]["margin"] |= {"l": 12, "b": 12}
    if network != "vit":
        inside = (size > 0).nonzero()
        (top, left), (bottom, right) = inside.min(dim=0).values.tolist(), inside.max(dim=0).values.tolist()
        box = {"x0": left - 0.5, "x1": right + 0.5, "y0": top - 0.5, "y1": bottom + 0.5}
        drawn["layout"]["shapes"] = [{"type": "rect", **box, "line": {"color": ACCENT, "width": 2}}]
    return drawn


# --- patches and tokens ------------------------------------------------------------------------------------


@figure(cells=pad(2), side=Choice("Patch", {14: "14×14", 7: "7×7", 4: "4×4"}, 7))
def patches(cells: list[list[float]], side: int) -> dict:
    """Your drawing cut into patches, and the same patches as a sequence: one row for each.

    On the right nothing is left of the plane: the network gets a list of rows, and two rows that touched in
    the image are no nearer to each other than any other two. Smaller patches mean more tokens of fewer
    pixels each, 4 of 196, 16 of 49 or 49 of 16; the number of numbers stays the same.
    """
    tokens = patchify(image_of(cells), side)[0]  # (N, P²)
    across = SIDE // side
    wide = across * (side + 1) - 1
    apart = [[None] * wide for _ in range(wide)]
    for index, token in enumerate(plain(tokens)):
        top, left = (index // across) * (side + 1), (index % across) * (side + 1)
        for row in range(side):
            apart[top + row][left : left + side] = token[row * side : (row + 1) * side]
    count = len(tokens)
    drawn = panels(
        [
            {"z": [[0.0] * wide for _ in range(wide)], "title": "patches", "limits": (0, 1)},
            {
                "z": tokens,
                "title": f"{count} tokens",
                "limits": (0, 1),
                "square": False,
                "x_title": f"pixel of the patch (0–{side * side - 1})",
                "y_title": "patch",
                "left": 0.1,
            },
        ],
        height=320,
    )
    drawn["data"][0]["z"] = apart
    drawn["layout"]["xaxis2"] |= {"showticklabels": False}
    drawn["layout"]["yaxis2"] |= {"showticklabels": False}
    return drawn


@figure(state=Choice("Position embeddings", {"trained": "trained", "untrained": "before training"}, "trained"))
def position_similarity(state: str) -> dict:
    """Each small map compares the embedding of one position with those of all 49, by their cosine.

    The maps stand where their positions stand in the image. Before training they are noise with a single 1
    where a position meets itself. Afterwards that spot has grown: inner positions resemble the ones beside
    them, though the model was never told which these are. Along the border, where the digits leave the paper
    blank, all positions have become alike: the data gave no reason to tell them apart.
    """
    torch.manual_seed(0)
    model = vit() if state == "trained" else ViT(ViTConfig())
    vectors = model.positions.detach()[0, 1:]  # (49, D), without [CLS]
    vectors = vectors / vectors.norm(dim=1, keepdim=True)
    cosines = (vectors @ vectors.T).reshape(49, 7, 7)
    return image_grid(cosines, columns=7, diverging=True, limits=(-1, 1), height=420)


@figure(cells=pad(3), layers=Slider("Blocks", 1, 4, value=4))
def attention_rollout(cells: list[list[float]], layers: int) -> dict:
    """Where [CLS] looks in your drawing: in one block, and by rollout through all blocks up to it.

    The middle picture is the attention of [CLS] in the last block chosen, its four heads averaged. The right
    one multiplies the matrices of all blocks so far, half of each passing by along the residual path. With one
    block the two are the same picture. Deeper down the rollout spreads out, because by then every token holds
    something of many patches. It shows where information could come from, not what the answer rests on.
    """
    with torch.no_grad():
        _, attentions = vit().encode(image_of(cells))
    direct = attentions[layers - 1].mean(dim=1)[0, 0, 1:].reshape(7, 7)
    rolled = rollout(attentions[:layers])[0, 0, 1:].reshape(7, 7)
    return panels(
        [
            {"z": cells, "title": "drawing", "limits": (0, 1)},
            {"z": direct, "title": f"block {layers}", "limits": (0, direct.max().item())},
            {
                "z": rolled,
                "title": "block 1" if layers == 1 else f"rollout 1–{layers}",
                "limits": (0, rolled.max().item()),
            },
        ],
        height=260,
    )


# --- answers -----------------------------------------------------------------------------------------------


@torch.no_grad()
def answers(image: torch.Tensor) -> dict[str, torch.Tensor]:
    """The probabilities of the ten digits, by network."""
    models = {"CNN": cnn(), "ResNet": resnet(), "ViT": vit()}
    return {name: torch.softmax(model(image)[0], dim=0) for name, model in models.items()}


def verdict(image: torch.Tensor, title: str, said: dict[str, torch.Tensor], *, height: int = 240) -> dict:
    """The image that the networks get, and beside it what each of them says."""
    named = [f"{name}: {int(probabilities.argmax())}" for name, probabilities in said.items()]
    longest = max(map(len, named))
    return panels(
        [
            {"z": image[0, 0], "title": title, "limits": (0, 1)},
            {
                "z": torch.stack(list(said.values())),
                "title": "probability of each digit",
                "limits": (0, 1),
                "square": False,
                "x": DIGITS,
                "y": named,
                "x_title": "digit",
                "left": 0.02 + 0.016 * longest,
            },
        ],
        height=height,
        widths=[0.8, 1.4],
    )


@figure(cells=pad(4), prepared=Toggle("Centre and scale it as the data was", True))
def three_answers(cells: list[list[float]], prepared: bool) -> dict:
    """What the page's three networks say about your digit.

    Each row is one network; the name is followed by its answer. Draw a digit small in a corner, or as large as
    the canvas, and switch the preparation off and on: the networks have only ever seen digits 20 pixels high
    in the middle of the image. Draw something that is no digit, and they answer all the same.
    """
    image = image_of(cells)
    image = prepare(image) if prepared else image
    return verdict(image, "what they see", answers(image))


@figure(cells=pad(6), right=Slider("Right", -10, 10, value=5), down=Slider("Down", -10, 10, value=0))
def shifted_drawing(cells: list[list[float]], right: int, down: int) -> dict:
    """A pitfall: the same drawing a few pixels further on, and what each network says now.

    Convolution moves its response along with the image, so one might expect a CNN not to care. But its dense
    layer has a weight for every place of every map, and was trained on centred digits alone. The ResNet ends on
    a mean over all places, which does not know where anything was. The ViT learned each position by itself.
    """
    image = shift(image_of(cells), right, down)
    return verdict(image, f"{right:+d}, {down:+d} px", answers(image))


@figure(cells=pad(8), shuffle=Slider("Shuffle", 0, 12, value=1, help="0 leaves every patch in its place"))
def shuffled_patches(cells: list[list[float]], shuffle: int) -> dict:
    """Your drawing with its 49 patches in another order, and what the networks make of it.

    The last row is the trained ViT with its position embeddings set to zero. It was not trained that way, so
    its answer may be wrong, but it never moves with the slider: without positions a transformer sees a bag of
    patches, the same in every order. All other rows depend on the order.
    """
    tiles = patchify(image_of(cells), 4)  # (1, 49, 16)
    if shuffle:
        tiles = tiles[:, torch.randperm(49, generator=torch.Generator().manual_seed(shuffle))]
    image = tiles.reshape(1, 7, 7, 4, 4).permute(0, 1, 3, 2, 4).reshape(1, 1, SIDE, SIDE)
    said = answers(image)
    with torch.no_grad():
        kept = vit().positions.detach().clone()
        blind = ViT(ViTConfig())
        blind.load_state_dict(vit().state_dict() | {"positions": torch.zeros_like(kept)})
        said["no positions"] = torch.softmax(blind.eval()(image)[0], dim=0)
    return verdict(image, "patches shuffled" if shuffle else "in order", said, height=270)


# --- cost --------------------------------------------------------------------------------------------------

SIZES = {  # width, layers, from the ViT and DeiT papers
    "Ti": (192, 12),
    "S": (384, 12),
    "B": (768, 12),
    "L": (1024, 24),
    "H": (1280, 32),
}


def multiply_adds(width: int, layers: int, tokens: int) -> tuple[float, float]:
    """Of one image, in billions: the linear layers (12 N D² a block) and the attention (2 N² D a block)."""
    return layers * 12 * tokens * width**2 / 1e9, layers * 2 * tokens**2 * width / 1e9


@figure(
    size=Choice("Model", {name: f"ViT-{name}, width {D}, {L} blocks" for name, (D, L) in SIZES.items()}, "B"),
    pixels=Slider("Image side", values=[112, 224, 448, 896], value=224, unit=" px"),
)
def patch_cost(size: str, pixels: int) -> dict:
    """What a smaller patch costs: multiplications and additions of one image, in billions.

    Halving the patch makes four times as many tokens, so the linear layers cost four times as much and the
    attention matrix sixteen times. At the published sizes the linear layers dominate; attention takes over
    only when the tokens run into the thousands. Real models use patches of 16 or 14 pixels.
    """
    sides = [32, 16, 8, 4]
    counts = [(pixels // side) ** 2 for side in sides]
    width, layers = SIZES[size]
    parts = [multiply_adds(width, layers, count + 1) for count in counts]
    drawn = lines(
        {
            "linear": (counts, [linear for linear, _ in parts]),
            "attention": (counts, [attention for _, attention in parts]),
        },
        x_title="patches (of 32, 16, 8 and 4 px, from the left)",
        y_title="billions a picture",
        x_log=True,
        y_log=True,
        markers=True,
        rules=[(counts[1], "16×16"), (counts[2], "8×8")],
        height=320,
    )
    drawn["layout"]["xaxis"] |= {"tickangle": 0}
    return drawn


# --- measured ----------------------------------------------------------------------------------------------


@figure(measured=True)
def training_curves() -> dict:
    """The training runs behind this page: accuracy on 1,000 images held out, every hundred steps.

    The two convolutional networks pass 90% within two hundred steps. The ViT has more than twice their
    parameters and takes several times as long to get there: what a convolution is given, it has to find.
    """
    training = results("vision")["training"]
    curves = training["curves"]
    return lines(
        {
            f"{label}, {training[name]['parameters']:,} parameters": (
                curves[f"{name}_step"],
                curves[f"{name}_accuracy"],
            )
            for name, label in (("cnn", "CNN"), ("resnet", "ResNet"), ("vit", "ViT"))
        },
        x_title="training step (64 images each)",
        y_title="accuracy on held-out images",
        height=320,
    )


def by_size(entries: dict) -> tuple[list[int], list[dict]]:
    """Training-set sizes and the accuracies measured at each."""
    sizes = {int(name.removeprefix("images_")): entry["accuracy"] for name, entry in entries.items()}
    return sorted(sizes), [sizes[size] for size in sorted(sizes)]


@figure(measured=True)
def data_hunger() -> dict:
    """Accuracy against the number of training images, CNN beside ViT: mean and range of three runs.

    Both get the same number of steps at every size. The fewer images there are, the wider the gap: locality and
    weight sharing, which the CNN has from the start, stand in for examples that are not there.
    """
    found = results("vision")
    series, bands = {}, {}
    for label, entries in (
        ("CNN", found["size"]["cnn"]),
        ("ViT", found["size"]["vit"]),
    ):
        sizes, accuracy = by_size(entries)
        series[label] = (sizes, [entry["mean"] for entry in accuracy])
        bands[label] = ([entry["lowest"] for entry in accuracy], [entry["highest"] for entry in accuracy])
    drawn = lines(
        series,
        x_title="training images",
        y_title="accuracy on held-out images",
        x_log=True,
        bands=bands,
        markers=True,
        height=360,
    )
    drawn["layout"]["margin"]["r"] += 8  # two labels in capitals are wider than most
    return drawn


@figure(measured=True)
def wiring() -> dict:
    """What the built-in structure is worth, with all 8,000 images: accuracy, mean and range of three runs.

    Shuffled pixels keep every pixel and destroy every neighbourhood: the CNN falls below the ViT, which loses
    little, because it had assumed little. The ViT without position embeddings keeps every patch and loses where
    it was.
    """
    found = results("vision")
    entries = {
        "CNN": found["size"]["cnn"]["images_8000"],
        "CNN, shuffled pixels": found["shuffled"]["cnn"],
        "ViT": found["size"]["vit"]["images_8000"],
        "ViT, shuffled pixels": found["shuffled"]["vit"],
        "ViT, no positions": found["positions"]["without"],
    }
    accuracy = [entry["accuracy"] for entry in entries.values()]
    return bars(
        [entry["mean"] for entry in accuracy],
        list(entries),
        x_title="accuracy on held-out images",
        horizontal=True,
        highlight=[0, 2],
        spread=([entry["lowest"] for entry in accuracy], [entry["highest"] for entry in accuracy]),
        text=[f"\u2002{entry['mean']:.1%}" for entry in accuracy],
        limits=(0, 1.15),
        height=260,
    )


@figure(measured=True, show=Choice("Show", {"accuracy": "accuracy by depth", "loss": "loss of 56 layers"}, "accuracy"))
def skips(show: str) -> dict:
    """Deeper networks with and without skip connections, after 150 steps: mean and range of three runs.

    The two networks of a depth differ in nothing but the additions. With them 56 layers train as well as 8.
    Without them the accuracy falls with depth, and it is not overfitting: the loss on the *training* images
    is what stays high.
    """
    found = results("vision")["skips"]
    named = {
        label: sorted(found[key].values(), key=lambda entry: entry["depth"])
        for label, key in (("with skips", "with"), ("without", "without"))
    }
    if show == "loss":
        curves = {label: entries[-1]["loss"] for label, entries in named.items()}
        return lines(
            {label: curve["mean"] for label, curve in curves.items()},
            curves["without"]["step"],
            x_title="training step",
            y_title="training loss (nats)",
            bands={label: (curve["lowest"], curve["highest"]) for label, curve in curves.items()},
            height=320,
        )
    return lines(
        {label: [entry["accuracy"]["mean"] for entry in entries] for label, entries in named.items()},
        [entry["depth"] for entry in named["without"]],
        x_title="layers",
        y_title="accuracy on held-out images",
        y_range=(0, 1.02),
        bands={
            label: (
                [entry["accuracy"]["lowest"] for entry in entries],
                [entry["accuracy"]["highest"] for entry in entries],
            )
            for label, entries in named.items()
        },
        markers=True,
        levels=[(0.1, "guessing")],
        height=320,
    )


@figure(
    measured=True,
    show=Choice("Show", {"networks": "the three networks", "training": "the CNN, trained on moved digits"}, "networks"),
)
def translation(show: str) -> dict:
    """Accuracy on held-out digits that are moved sideways.

    A convolutional layer follows a shift exactly; a network need not. The CNN and the ViT fall off within a few
    pixels, the ResNet with its final mean holds out longer. Far out, part of the digit leaves the image, so no
    network can stay at the top. A CNN trained on digits moved by up to four pixels, mean and range of three
    runs, is safe where it was trained and falls off beyond.
    """
    found = results("vision")
    pixels = list(range(-8, 9))
    if show == "networks":
        training = found["training"]
        series = {
            label: training[name]["shifted"] for name, label in (("cnn", "CNN"), ("resnet", "ResNet"), ("vit", "ViT"))
        }
        bands = {}
    else:
        curves = {
            "moved": found["jitter"]["cnn"]["shifted"],
            "centred": found["size"]["cnn"]["images_8000"]["shifted"],
        }
        series = {label: curve["mean"] for label, curve in curves.items()}
        bands = {label: (curve["lowest"], curve["highest"]) for label, curve in curves.items()}
    return lines(
        series,
        pixels,
        x_title="moved to the right (pixels)",
        y_title="accuracy on held-out images",
        y_range=(0, 1.02),
        bands=bands,
        levels=[(0.1, "guessing")],
        height=340,
    )
