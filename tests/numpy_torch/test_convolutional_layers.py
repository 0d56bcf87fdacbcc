"""Convolution, pooling, norm, padding and resizing layers equal PyTorch's: weights, outputs, gradients, repr."""

import pytest

from tests.numpy_torch.compare import both

SERIES, IMAGES, VOLUMES = (2, 4, 9), (2, 4, 7, 6), (2, 4, 4, 5, 3)

LAYERS = {
    "Conv1d": (lambda nn: nn.Conv1d(4, 6, 3), SERIES),
    "Conv1d strided": (lambda nn: nn.Conv1d(4, 6, 3, 2, 1, 2, 2, False), SERIES),
    "Conv1d depthwise": (lambda nn: nn.Conv1d(4, 4, 4, padding=3, groups=4), SERIES),
    "Conv1d same": (lambda nn: nn.Conv1d(4, 2, 4, padding="same"), SERIES),
    "Conv1d valid": (lambda nn: nn.Conv1d(4, 2, 4, padding="valid"), SERIES),
    "Conv1d unbatched": (lambda nn: nn.Conv1d(4, 2, 3), (4, 9)),
    "Conv2d": (lambda nn: nn.Conv2d(4, 6, 3, padding=1), IMAGES),
    "Conv2d pointwise": (lambda nn: nn.Conv2d(4, 6, 1), IMAGES),
    "Conv2d uneven": (lambda nn: nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 2), groups=2), IMAGES),
    "Conv2d depthwise": (lambda nn: nn.Conv2d(4, 4, 3, 2, 1, groups=4, bias=False), IMAGES),
    "Conv2d depthwise and wider": (lambda nn: nn.Conv2d(4, 8, 3, groups=4), IMAGES),
    "Conv2d circular": (lambda nn: nn.Conv2d(4, 3, 3, padding=1, padding_mode="circular"), IMAGES),
    "Conv2d reflect": (lambda nn: nn.Conv2d(4, 3, (3, 5), padding="same", padding_mode="reflect"), IMAGES),
    "Conv2d replicate": (lambda nn: nn.Conv2d(4, 3, 3, padding=(2, 1), padding_mode="replicate"), IMAGES),
    "Conv3d": (lambda nn: nn.Conv3d(4, 2, (2, 3, 2)), VOLUMES),
    "ConvTranspose1d": (lambda nn: nn.ConvTranspose1d(4, 6, 4, 2, 1), SERIES),
    "ConvTranspose2d": (lambda nn: nn.ConvTranspose2d(4, 6, 4, 2, 1, bias=False), IMAGES),
    "ConvTranspose2d with everything": (
        lambda nn: nn.ConvTranspose2d(4, 6, 3, (3, 2), (1, 2), (2, 1), 2, True, 2), IMAGES),
    "ConvTranspose2d depthwise": (lambda nn: nn.ConvTranspose2d(4, 4, 3, 2, groups=4), IMAGES),
    "ConvTranspose2d unbatched": (lambda nn: nn.ConvTranspose2d(4, 3, 2), (4, 5, 5)),
    "ConvTranspose3d": (lambda nn: nn.ConvTranspose3d(4, 2, 2, 2), VOLUMES),
    "Unfold": (lambda nn: nn.Unfold(3, padding=1, stride=2), IMAGES),
    "Fold": (lambda nn: nn.Fold((4, 5), (2, 2)), (2, 12, 12)),
    "LayerNorm": (lambda nn: nn.LayerNorm(6), IMAGES),
    "LayerNorm of several": (lambda nn: nn.LayerNorm([7, 6], eps=1e-3, bias=False), IMAGES),
    "LayerNorm plain": (lambda nn: nn.LayerNorm(6, elementwise_affine=False), IMAGES),
    "RMSNorm": (lambda nn: nn.RMSNorm(6), IMAGES),
    "RMSNorm plain": (lambda nn: nn.RMSNorm((7, 6), 1e-3, elementwise_affine=False), IMAGES),
    "GroupNorm": (lambda nn: nn.GroupNorm(2, 4), IMAGES),
    "GroupNorm plain": (lambda nn: nn.GroupNorm(4, 4, affine=False), SERIES),
    "BatchNorm1d": (lambda nn: nn.BatchNorm1d(4), (5, 4)),
    "BatchNorm1d of series": (lambda nn: nn.BatchNorm1d(4, 1e-3, 0.3), SERIES),
    "BatchNorm2d": (lambda nn: nn.BatchNorm2d(4), IMAGES),
    "BatchNorm2d averaging": (lambda nn: nn.BatchNorm2d(4, momentum=None), IMAGES),
    "BatchNorm2d without weights": (lambda nn: nn.BatchNorm2d(4, affine=False), IMAGES),
    "BatchNorm2d without statistics": (lambda nn: nn.BatchNorm2d(4, track_running_stats=False), IMAGES),
    "BatchNorm3d": (lambda nn: nn.BatchNorm3d(4), VOLUMES),
    "InstanceNorm1d": (lambda nn: nn.InstanceNorm1d(4), SERIES),
    "InstanceNorm2d": (lambda nn: nn.InstanceNorm2d(4, affine=True), IMAGES),
    "InstanceNorm2d with statistics": (lambda nn: nn.InstanceNorm2d(4, track_running_stats=True), IMAGES),
    "InstanceNorm2d unbatched": (lambda nn: nn.InstanceNorm2d(4, affine=True), (4, 5, 5)),
    "LocalResponseNorm": (lambda nn: nn.LocalResponseNorm(3), IMAGES),
    "MaxPool1d": (lambda nn: nn.MaxPool1d(2), SERIES),
    "MaxPool2d": (lambda nn: nn.MaxPool2d(2), IMAGES),
    "MaxPool2d with everything": (lambda nn: nn.MaxPool2d((3, 2), (2, 1), (1, 0), (1, 2), ceil_mode=True), IMAGES),
    "MaxPool2d unbatched": (lambda nn: nn.MaxPool2d(3, 2, 1), (4, 7, 6)),
    "MaxPool3d": (lambda nn: nn.MaxPool3d(2), VOLUMES),
    "AvgPool1d": (lambda nn: nn.AvgPool1d(3, 2, 1), SERIES),
    "AvgPool2d": (lambda nn: nn.AvgPool2d(2), (2, 4, 6, 8)),
    "AvgPool2d with everything": (lambda nn: nn.AvgPool2d(3, 2, 1, True, False), IMAGES),
    "AvgPool3d": (lambda nn: nn.AvgPool3d(2, 1), VOLUMES),
    "AdaptiveAvgPool1d": (lambda nn: nn.AdaptiveAvgPool1d(4), SERIES),
    "AdaptiveAvgPool2d": (lambda nn: nn.AdaptiveAvgPool2d(1), IMAGES),
    "AdaptiveAvgPool2d uneven": (lambda nn: nn.AdaptiveAvgPool2d((3, None)), IMAGES),
    "AdaptiveAvgPool2d larger": (lambda nn: nn.AdaptiveAvgPool2d((9, 4)), IMAGES),
    "AdaptiveMaxPool1d": (lambda nn: nn.AdaptiveMaxPool1d(3), SERIES),
    "AdaptiveMaxPool2d": (lambda nn: nn.AdaptiveMaxPool2d((3, 4)), IMAGES),
    "Upsample": (lambda nn: nn.Upsample(scale_factor=2), IMAGES),
    "Upsample down": (lambda nn: nn.Upsample(size=(3, 4)), IMAGES),
    "Upsample bilinear": (lambda nn: nn.Upsample(scale_factor=(1.5, 2.3), mode="bilinear"), IMAGES),
    "Upsample bicubic": (lambda nn: nn.Upsample(size=10, mode="bicubic", align_corners=True), IMAGES),
    "Upsample linear": (lambda nn: nn.Upsample(scale_factor=2, mode="linear", align_corners=False), SERIES),
    "UpsamplingNearest2d": (lambda nn: nn.UpsamplingNearest2d(scale_factor=3), IMAGES),
    "UpsamplingBilinear2d": (lambda nn: nn.UpsamplingBilinear2d((9, 9)), IMAGES),
    "PixelShuffle": (lambda nn: nn.PixelShuffle(2), IMAGES),
    "PixelUnshuffle": (lambda nn: nn.PixelUnshuffle(2), (2, 3, 4, 6)),
    "ChannelShuffle": (lambda nn: nn.ChannelShuffle(2), IMAGES),
    "ConstantPad1d": (lambda nn: nn.ConstantPad1d((1, -2), 3.5), SERIES),
    "ZeroPad2d": (lambda nn: nn.ZeroPad2d((1, 2, 0, 1)), IMAGES),
    "ReflectionPad2d": (lambda nn: nn.ReflectionPad2d(2), IMAGES),
    "ReplicationPad1d": (lambda nn: nn.ReplicationPad1d((3, 1)), SERIES),
    "CircularPad2d": (lambda nn: nn.CircularPad2d((1, 2, 3, 0)), IMAGES),
    "Dropout1d": (lambda nn: nn.Dropout1d(0.4), SERIES),
    "Dropout2d": (lambda nn: nn.Dropout2d(0.4), IMAGES),
    "Dropout3d": (lambda nn: nn.Dropout3d(0.4), VOLUMES),
    "AlphaDropout": (lambda nn: nn.AlphaDropout(0.3), IMAGES),
    "FeatureAlphaDropout": (lambda nn: nn.FeatureAlphaDropout(0.3), IMAGES),
    "Unflatten": (lambda nn: nn.Unflatten(1, (2, 2)), SERIES),
    "Flatten": (lambda nn: nn.Flatten(), IMAGES),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_equals_torch_in_training_and_in_evaluation(name):
    build, shape = LAYERS[name]

    def run(T):
        layer, seen = build(T.nn), []
        start = {key: value.clone() for key, value in layer.state_dict().items()}
        for _ in range(2):
            x = T.randn(*shape, requires_grad=True)
            out = layer(x)
            (out * T.randn(*out.shape)).sum().backward()
            seen += [out, out.shape, out.stride(), x.grad]
        gradients = {key: p.grad for key, p in layer.named_parameters()}
        state = {key: value.clone() for key, value in layer.state_dict().items()}
        layer.eval()
        x = T.randn(*shape, requires_grad=True)
        out = layer(x)
        out.pow(2).sum().backward()
        return (repr(layer), start, seen, gradients, state, out, x.grad,
                {key: p.grad for key, p in layer.named_parameters()})

    both(run, tolerance=(3e-5, 3e-5))


@pytest.mark.parametrize("name", [
    "Conv1d", "Conv2d", "Conv2d uneven", "Conv2d depthwise", "Conv2d circular", "ConvTranspose2d", "LayerNorm",
    "RMSNorm", "GroupNorm", "BatchNorm2d", "InstanceNorm2d", "MaxPool2d", "AvgPool2d with everything",
    "AdaptiveAvgPool2d", "AdaptiveMaxPool2d", "Upsample bilinear", "Upsample", "PixelShuffle", "Unfold",
    "ReflectionPad2d", "ZeroPad2d"])
def test_gradients_of_gradients_equal_torch(name):
    build, shape = LAYERS[name]

    def run(T):
        layer = build(T.nn)
        x = T.randn(*shape, requires_grad=True)
        (first,) = T.autograd.grad(layer(x).tanh().sum(), x, create_graph=True)
        (first.norm() - 1).pow(2).backward()
        return first.detach(), x.grad, {key: p.grad for key, p in layer.named_parameters() if p.grad is not None}

    both(run, tolerance=(1e-4, 1e-4))


@pytest.mark.parametrize("arguments", [(2,), (3, 2, 1), (2, 2, 0, 1, True)])
def test_indices_of_maxima_equal_torch(arguments):
    def run(T):
        F, x = T.nn.functional, T.randint(0, 4, (2, 3, 7, 7)).float()
        x[0, 0, 2, 2] = float("nan")
        kernel, *rest = arguments
        stride, padding, dilation, ceil = [*rest, *[None, 0, 1, False][len(rest):]]
        return [F.max_pool2d(x, kernel, stride, padding, dilation, ceil, return_indices=True),
                F.max_pool1d(x[0], kernel, stride, padding, dilation, ceil, return_indices=True),
                F.adaptive_max_pool2d(x, 3, return_indices=True), T.nn.MaxPool2d(2, return_indices=True)(x)]

    both(run)


def test_the_gradient_of_equal_maxima_and_of_nan_goes_where_torch_sends_it():
    def run(T):
        x = T.tensor([[[1.0, 1.0, float("nan"), 2.0, float("nan"), float("nan"), 0.0, 0.0]]], requires_grad=True)
        T.nn.functional.max_pool1d(x, 4).sum().backward()
        return x.grad

    both(run)


def test_a_transposed_convolution_takes_an_output_size():
    def run(T):
        layer = T.nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1)
        x = T.randn(1, 2, 5, 5)
        return layer(x).shape, layer(x, output_size=(10, 9)), layer(x, output_size=T.Size([1, 3, 10, 10]))

    both(run)


def test_statistics_may_be_kept_by_the_caller():
    def run(T):
        F, x = T.nn.functional, T.randn(4, 3, 5)
        mean, variance = T.zeros(3), T.ones(3)
        out = F.batch_norm(x, mean, variance, training=True, momentum=0.2)
        return out, mean, variance, F.batch_norm(x, mean, variance), F.instance_norm(x, mean, variance), mean, variance

    both(run)


def test_a_state_without_a_count_of_batches_loads():
    def run(T):
        layer = T.nn.Sequential(T.nn.BatchNorm1d(3))
        state = dict(layer.state_dict())
        del state["0.num_batches_tracked"]
        return repr(layer.load_state_dict(state)), list(state)

    both(run)


def test_dirac_weights_pass_channels_on():
    both(lambda T: [T.nn.init.dirac_(T.empty(*shape), groups) for shape, groups in
                    (((4, 3, 5), 1), ((4, 2, 3, 3), 2), ((2, 4, 1, 2, 3), 1))])


MISTAKES = {
    "channels": lambda T: T.nn.Conv2d(3, 4, 3)(T.ones(1, 2, 5, 5)),
    "channels of a series": lambda T: T.nn.Conv1d(3, 4, 3)(T.ones(2, 5)),
    "channels of a transposed convolution": lambda T: T.nn.ConvTranspose2d(3, 4, 3)(T.ones(1, 2, 5, 5)),
    "dimensions": lambda T: T.nn.Conv2d(3, 4, 3)(T.ones(5, 5)),
    "kernel larger than the input": lambda T: T.nn.Conv2d(1, 1, 5)(T.ones(1, 1, 3, 3)),
    "groups": lambda T: T.nn.Conv2d(3, 4, 3, groups=2),
    "groups of outputs": lambda T: T.nn.Conv2d(4, 3, 3, groups=2),
    "same and stride": lambda T: T.nn.Conv2d(3, 4, 3, stride=2, padding="same"),
    "F same and stride": lambda T: T.nn.functional.conv1d(T.ones(1, 1, 4), T.ones(1, 1, 3), stride=2, padding="same"),
    "padding mode of a transposed convolution": lambda T: T.nn.ConvTranspose2d(3, 4, 3, padding_mode="reflect"),
    "double": lambda T: T.nn.Conv2d(1, 1, 3)(T.ones(1, 1, 3, 3, dtype=T.float64)),
    "output padding": lambda T: T.nn.ConvTranspose2d(1, 1, 3, output_padding=1)(T.ones(1, 1, 3, 3)),
    "output size": lambda T: T.nn.ConvTranspose2d(1, 1, 3, 2)(T.ones(1, 1, 3, 3), output_size=(20, 20)),
    "normalized shape": lambda T: T.nn.LayerNorm(4)(T.ones(2, 3)),
    "normalized shape of RMSNorm": lambda T: T.nn.RMSNorm(4)(T.ones(2, 3)),
    "groups of a norm": lambda T: T.nn.GroupNorm(3, 4),
    "channels of a norm": lambda T: T.nn.BatchNorm2d(3)(T.ones(2, 4, 5, 5)),
    "dimensions of a norm": lambda T: T.nn.BatchNorm2d(3)(T.ones(2, 3)),
    "dimensions of BatchNorm1d": lambda T: T.nn.BatchNorm1d(3)(T.ones(2, 3, 4, 5)),
    "a batch of one": lambda T: T.nn.BatchNorm1d(3)(T.ones(1, 3)),
    "one position": lambda T: T.nn.InstanceNorm1d(3)(T.ones(2, 3, 1)),
    "one value in a group": lambda T: T.nn.GroupNorm(3, 3)(T.ones(1, 3)),
    "features of InstanceNorm": lambda T: T.nn.InstanceNorm1d(3, affine=True)(T.ones(2, 4, 5)),
    "pooling too much": lambda T: T.nn.MaxPool2d(4)(T.ones(1, 1, 3, 3)),
    "pooling padding": lambda T: T.nn.MaxPool2d(2, padding=2)(T.ones(1, 1, 3, 3)),
    "pooling dimensions": lambda T: T.nn.AvgPool2d(2)(T.ones(3, 3)),
    "reflecting too far": lambda T: T.nn.functional.pad(T.ones(1, 1, 3), (3, 0), "reflect"),
    "circling too far": lambda T: T.nn.functional.pad(T.ones(1, 1, 3), (4, 0), "circular"),
    "odd padding": lambda T: T.nn.functional.pad(T.ones(3), (1,)),
    "long padding": lambda T: T.nn.functional.pad(T.ones(3), (1, 1, 1, 1)),
    "unknown padding": lambda T: T.nn.functional.pad(T.ones(1, 1, 3), (1, 1), "mirror"),
    "value of a reflection": lambda T: T.nn.functional.pad(T.ones(1, 1, 3), (1, 1), "reflect", 2.0),
    "negative size": lambda T: T.nn.functional.pad(T.ones(3), (-2, -2)),
    "size and scale": lambda T: T.nn.functional.interpolate(T.ones(1, 1, 3), 3, 2.0),
    "neither size nor scale": lambda T: T.nn.functional.interpolate(T.ones(1, 1, 3)),
    "corners of nearest": lambda T: T.nn.functional.interpolate(T.ones(1, 1, 3), 3, align_corners=True),
    "sizes": lambda T: T.nn.functional.interpolate(T.ones(1, 1, 3), (3, 3)),
    "bilinear series": lambda T: T.nn.functional.interpolate(T.ones(1, 1, 3), 3, mode="bilinear"),
    "pixel shuffle": lambda T: T.nn.functional.pixel_shuffle(T.ones(1, 3, 2, 2), 2),
    "pixel unshuffle": lambda T: T.nn.functional.pixel_unshuffle(T.ones(1, 3, 3, 2), 2),
    "channel shuffle": lambda T: T.nn.functional.channel_shuffle(T.ones(1, 3, 3, 2), 2),
    "fold": lambda T: T.nn.functional.fold(T.ones(1, 4, 5), (4, 4), 2),
    "fold channels": lambda T: T.nn.functional.fold(T.ones(1, 5, 9), (4, 4), 2),
    "unfold": lambda T: T.nn.functional.unfold(T.ones(1, 1, 2, 2), 3),
    "dropout": lambda T: T.nn.Dropout2d(1.5),
    "dropout1d of images": lambda T: T.nn.Dropout1d()(T.ones(1, 2, 3, 4)),
    "dirac": lambda T: T.nn.init.dirac_(T.ones(2, 2)),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_raise_torch_s_errors(name):
    both(MISTAKES[name])


def test_an_input_written_to_before_backward_is_noticed():
    def run(T):
        x = T.randn(1, 2, 6, 6, requires_grad=True)
        y = x * 1
        out = T.nn.functional.max_pool2d(y, 2)
        y.add_(1)
        out.sum().backward()

    both(run, messages=False)
