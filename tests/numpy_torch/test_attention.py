"""Attention and the Transformer modules equal PyTorch: training, inference, masks, gradients, weights, errors."""

import warnings

import pytest

from tests.numpy_torch.compare import both


def attention_of(T, *shapes, transposed: bool = False, kind=None):
    tensors = [T.randn(*shape, dtype=kind) for shape in shapes]
    return [(t.transpose(1, 2).contiguous().transpose(1, 2) if transposed else t).requires_grad_() for t in tensors]


DOT_PRODUCTS = {
    "four dimensions": (((2, 3, 4, 8), (2, 3, 5, 8), (2, 3, 5, 8)), lambda T: {}),
    "three dimensions": (((3, 4, 8), (3, 5, 8), (3, 5, 6)), lambda T: {}),
    "two dimensions": (((4, 8), (5, 8), (5, 8)), lambda T: {}),
    "five dimensions": (((2, 1, 2, 4, 8), (2, 1, 2, 5, 8), (2, 1, 2, 5, 8)), lambda T: {}),
    "causal": (((2, 3, 5, 8),) * 3, lambda T: {"is_causal": True}),
    "causal, more keys": (((2, 3, 4, 8), (2, 3, 6, 8), (2, 3, 6, 8)), lambda T: {"is_causal": True}),
    "causal, three dimensions": (((2, 5, 8),) * 3, lambda T: {"is_causal": True}),
    "scale": (((2, 3, 4, 8), (2, 3, 5, 8), (2, 3, 5, 8)), lambda T: {"scale": 0.7}),
    "truth mask": (((2, 3, 4, 8), (2, 3, 5, 8), (2, 3, 5, 8)), lambda T: {"attn_mask": T.rand(4, 5) > 0.4}),
    "mask of the batch": (((2, 3, 4, 8), (2, 3, 5, 8), (2, 3, 5, 8)),
                          lambda T: {"attn_mask": T.rand(2, 1, 1, 5) > 0.4}),
    "mask of three dimensions": (((2, 3, 4, 8), (2, 3, 5, 8), (2, 3, 5, 8)),
                                 lambda T: {"attn_mask": T.rand(3, 4, 5) > 0.4}),
    "float mask": (((2, 3, 4, 8), (2, 3, 5, 8), (2, 3, 5, 8)), lambda T: {"attn_mask": T.randn(2, 3, 4, 5)}),
    "nothing to see": (((2, 3, 4, 8), (2, 3, 5, 8), (2, 3, 5, 8)),
                       lambda T: {"attn_mask": T.arange(4).view(4, 1) > T.arange(5)}),
    "nothing to see, three dimensions": (((3, 4, 8), (3, 5, 8), (3, 5, 8)),
                                         lambda T: {"attn_mask": T.arange(4).view(4, 1) > T.arange(5)}),
    "mask and causal": (((2, 3, 5, 8),) * 3, lambda T: {"attn_mask": T.rand(5, 5) > 0.3, "is_causal": True}),
    "shared keys": (((2, 6, 4, 8), (2, 2, 5, 8), (2, 2, 5, 8)), lambda T: {"enable_gqa": True}),
    "shared keys, three dimensions": (((6, 4, 8), (2, 5, 8), (3, 5, 8)), lambda T: {"enable_gqa": True}),
    "one key head": (((2, 6, 4, 8), (2, 1, 5, 8), (2, 1, 5, 8)), lambda T: {"is_causal": True, "enable_gqa": True}),
    "broadcast": (((2, 3, 4, 8), (1, 3, 5, 8), (5, 8)), lambda T: {}),
    "dropout": (((2, 3, 4, 8), (2, 3, 5, 8), (2, 3, 5, 8)), lambda T: {"dropout_p": 0.3}),
    "dropout, masked": (((3, 4, 8),) * 3, lambda T: {"dropout_p": 0.5, "is_causal": True}),
    "dropout of all": (((3, 4, 8),) * 3, lambda T: {"dropout_p": 1.0}),
    "no queries": (((2, 3, 0, 8), (2, 3, 5, 8), (2, 3, 5, 8)), lambda T: {}),
    "no keys": (((2, 3, 4, 8), (2, 3, 0, 8), (2, 3, 0, 8)), lambda T: {}),
}


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("name", DOT_PRODUCTS)
def test_dot_product_attention_equals_torch(name, transposed):
    def run(T):
        shapes, options = DOT_PRODUCTS[name]
        turned = transposed and min(len(s) for s in shapes) > 2
        q, k, v = attention_of(T, *shapes, transposed=turned)
        out = T.nn.functional.scaled_dot_product_attention(q, k, v, **options(T))
        (out * T.randn(*out.shape)).sum().backward()
        strides = out.stride() if out.numel() else ()
        return out.detach(), q.grad, k.grad, v.grad, list(strides), T.rand(2)

    both(run)


def test_a_learned_bias_on_the_scores_gets_its_gradient():
    def run(T):
        q, k, v = attention_of(T, (2, 3, 4, 8), (2, 3, 5, 8), (2, 3, 5, 8))
        bias = T.randn(3, 4, 5, requires_grad=True)
        T.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias).pow(2).sum().backward()
        return bias.grad, q.grad

    both(run)


def test_attention_in_double_precision():
    def run(T):
        q, k, v = attention_of(T, (2, 3, 4, 8), (2, 3, 5, 8), (2, 3, 5, 8), kind=T.float64)
        out = T.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=T.zeros(4, 5))
        out.sum().backward()
        return out, q.grad

    both(run)


def test_the_name_of_the_node_tells_the_kernel():
    def run(T):
        q, k, v = attention_of(T, (2, 3, 4, 8), (2, 3, 5, 8), (2, 3, 5, 8))
        attend = T.nn.functional.scaled_dot_product_attention
        results = [attend(q, k, v), attend(q[0], k[0], v[0]), attend(q[0, 0], k[0, 0], v[0, 0]),
                   attend(q, k, v, dropout_p=0.1), attend(q, k, v[..., :4]), attend(q, k, v, T.ones(3, 4, 5) > 0)]
        return [r.grad_fn.name() for r in results]

    both(run)


def attend(T, *shapes, **options):
    return T.nn.functional.scaled_dot_product_attention(*[T.ones(*s) for s in shapes], **options)


HEADS = ((2, 3, 4, 8), (2, 3, 5, 8), (2, 3, 5, 8))
MISTAKES = {
    "one dimension": lambda T: attend(T, (4,), (4,), (4,)),
    "types differ": lambda T: T.nn.functional.scaled_dot_product_attention(
        T.ones(2, 2), T.ones(2, 2).double(), T.ones(2, 2)),
    "whole numbers": lambda T: T.nn.functional.scaled_dot_product_attention(*[T.ones(2, 2).long()] * 3),
    "mask of whole numbers": lambda T: attend(T, *HEADS, attn_mask=T.ones(4, 5).long()),
    "mask of doubles": lambda T: attend(T, *HEADS, attn_mask=T.ones(4, 5).double()),
    "mask of one dimension": lambda T: attend(T, *HEADS, attn_mask=T.ones(5)),
    "mask of another size": lambda T: attend(T, *HEADS, attn_mask=T.ones(4, 4)),
    "mask of five dimensions": lambda T: attend(T, *HEADS, attn_mask=T.ones(1, 1, 1, 4, 5)),
    "mask and causal": lambda T: attend(T, (4, 8), (5, 8), (5, 8), attn_mask=T.ones(4, 5), is_causal=True),
    "width of keys": lambda T: attend(T, (2, 3, 4, 8), (2, 3, 5, 7), (2, 3, 5, 8)),
    "width of keys in a matrix": lambda T: attend(T, (4, 8), (5, 7), (5, 8)),
    "number of values": lambda T: attend(T, (3, 4, 8), (3, 5, 8), (3, 6, 8)),
    "number of values in a matrix": lambda T: attend(T, (4, 8), (5, 8), (6, 8)),
    "whole numbers in a batch": lambda T: T.nn.functional.scaled_dot_product_attention(*[T.ones(2, 2, 2).long()] * 3),
    "heads": lambda T: attend(T, (2, 4, 4, 8), (2, 3, 5, 8), (2, 3, 5, 8)),
    "heads do not divide": lambda T: attend(T, (2, 4, 4, 8), (2, 3, 5, 8), (2, 3, 5, 8), enable_gqa=True),
    "no heads to share": lambda T: attend(T, (4, 8), (5, 8), (5, 8), enable_gqa=True),
    "dropout beyond 1": lambda T: attend(T, *HEADS, dropout_p=1.5),
    "heads of a module": lambda T: T.nn.MultiheadAttention(8, 3),
    "no width": lambda T: T.nn.MultiheadAttention(0, 1),
    "wrong width": lambda T: T.nn.MultiheadAttention(8, 2)(*[T.ones(3, 2, 6)] * 3),
    "dimensions of a query": lambda T: T.nn.MultiheadAttention(8, 2)(*[T.ones(8)] * 3),
    "dimensions of a key": lambda T: T.nn.MultiheadAttention(8, 2)(T.ones(3, 2, 8), T.ones(3, 8), T.ones(3, 8)),
    "key and value": lambda T: T.nn.MultiheadAttention(8, 2)(T.ones(3, 2, 8), T.ones(3, 2, 8), T.ones(4, 2, 8)),
    "padding of one dimension": lambda T: T.nn.MultiheadAttention(8, 2)(
        *[T.ones(3, 2, 8)] * 3, key_padding_mask=T.ones(3) > 0),
    "padding of another batch": lambda T: T.nn.MultiheadAttention(8, 2)(
        *[T.ones(3, 2, 8)] * 3, key_padding_mask=T.ones(3, 3) > 0),
    "padding of whole numbers": lambda T: T.nn.MultiheadAttention(8, 2)(
        *[T.ones(3, 2, 8)] * 3, key_padding_mask=T.ones(2, 3).long()),
    "2-D mask": lambda T: T.nn.MultiheadAttention(8, 2)(*[T.ones(3, 2, 8)] * 3, attn_mask=T.ones(3, 4)),
    "3-D mask": lambda T: T.nn.MultiheadAttention(8, 2)(*[T.ones(3, 2, 8)] * 3, attn_mask=T.ones(2, 3, 3)),
    "4-D mask": lambda T: T.nn.MultiheadAttention(8, 2)(*[T.ones(3, 2, 8)] * 3, attn_mask=T.ones(1, 2, 3, 3)),
    "3-D mask without a batch": lambda T: T.nn.MultiheadAttention(8, 2)(
        *[T.ones(3, 8)] * 3, attn_mask=T.ones(3, 3, 3)),
    "causal without a mask": lambda T: T.nn.MultiheadAttention(8, 2)(*[T.ones(3, 2, 8)] * 3, is_causal=True),
    "unknown activation": lambda T: T.nn.TransformerEncoderLayer(8, 2, activation="tanh"),
    "batches differ": lambda T: T.nn.Transformer(8, 2, 1, 1, 8)(T.ones(3, 2, 8), T.ones(3, 1, 8)),
    "widths differ": lambda T: T.nn.Transformer(8, 2, 1, 1, 8)(T.ones(3, 2, 6), T.ones(3, 2, 6)),
}


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_raise_torch_s_errors(name):
    both(MISTAKES[name])


MODULES = {
    "usual": {},
    "batch first": {"batch_first": True},
    "no bias": {"bias": False},
    "dropout": {"dropout": 0.4, "batch_first": True},
    "learned key": {"add_bias_kv": True},
    "zero key": {"add_zero_attn": True, "batch_first": True},
    "both": {"add_bias_kv": True, "add_zero_attn": True},
    "other widths": {"kdim": 3, "vdim": 5},
}
CALLS = {
    "plain": lambda T: {},
    "no weights": lambda T: {"need_weights": False},
    "weights of each head": lambda T: {"average_attn_weights": False},
    "padding": lambda T: {"key_padding_mask": T.tensor([[False] * 4, [False, False, True, True]])},
    "causal": lambda T: {"attn_mask": T.ones(4, 4).triu(1).bool(), "is_causal": True, "need_weights": False},
    "mask of each head": lambda T: {"attn_mask": T.randn(4, 4, 4)},
    "padding and causal": lambda T: {"key_padding_mask": T.tensor([[False, False, False, True]] * 2),
                                     "attn_mask": T.ones(4, 4).triu(1).bool(), "need_weights": False},
    "nothing to see": lambda T: {"key_padding_mask": T.tensor([[True] * 4, [False] * 4])},
    "nothing to see, no weights": lambda T: {"key_padding_mask": T.tensor([[True] * 4, [False] * 4]),
                                             "need_weights": False},
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", MODULES)
def test_multi_head_attention_equals_torch(name, call, training):
    def run(T):
        options = MODULES[name]
        module = T.nn.MultiheadAttention(8, 2, **options).train(training)
        shape = (2, 4) if options.get("batch_first") else (4, 2)
        x = T.randn(*shape, 8, requires_grad=True)
        key, value = (x, x) if "kdim" not in options else (T.randn(*shape, 3), T.randn(*shape, 5))
        keywords = CALLS[call](T)
        with T.no_grad():
            quiet, quiet_weights = module(x, key, value, **keywords)
        out, weights = module(x, key, value, **keywords)
        (out * T.randn(*out.shape)).sum().backward()
        return (repr(module), dict(module.state_dict()), quiet, quiet_weights, list(quiet.stride()), out, weights,
                list(out.stride()), x.grad, {k: p.grad for k, p in module.named_parameters()}, T.rand(2))

    both(run, tolerance=(2e-5, 2e-5))


def test_attention_without_a_batch_and_between_sequences():
    def run(T):
        module = T.nn.MultiheadAttention(8, 4, batch_first=True)
        x, memory = T.randn(3, 8, requires_grad=True), T.randn(5, 8, requires_grad=True)
        single, weights = module(x, memory, memory, key_padding_mask=T.tensor([False, True, False, False, True]),
                                 attn_mask=T.rand(4, 3, 5) > 0.8)
        wide, _ = module(x.expand(2, 3, 8), memory.expand(2, 5, 8), memory.expand(2, 5, 8) * 2, need_weights=False)
        (single.sum() + wide.pow(2).sum()).backward()
        return single, weights, wide, x.grad, memory.grad

    both(run, tolerance=(2e-5, 2e-5))


LAYERS = {
    "post-norm": {},
    "pre-norm": {"norm_first": True, "batch_first": True},
    "batch first": {"batch_first": True, "activation": "gelu"},
    "no bias": {"bias": False, "dropout": 0.0, "layer_norm_eps": 1e-3},
    "odd heads": {"batch_first": True, "nhead": 1},
    "an activation of one's own": {"batch_first": True, "activation": None},
}
PADDINGS = {
    "none": lambda T: None,
    "at the end": lambda T: T.tensor([[False] * 4, [False, False, True, True]]),
    "at the start": lambda T: T.tensor([[True, False, False, False], [False] * 4]),
    "of all": lambda T: T.tensor([[False] * 4, [True] * 4]),
    "numbers": lambda T: T.tensor([[0.0] * 4, [0.0, 0.0, 0.0, -T.inf]]),
}


def layer(T, kind: str, name: str):
    options = {"dropout": 0.2, **LAYERS[name]}
    if "activation" in options and options["activation"] is None:
        options["activation"] = T.nn.SiLU()
    return getattr(T.nn, kind)(8, options.pop("nhead", 2), 16, **options)


def shape(name: str, *sizes: int) -> tuple:
    batch, length, width = sizes
    return (batch, length, width) if LAYERS[name].get("batch_first") else (length, batch, width)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("name", LAYERS)
def test_encoders_equal_torch(name, padding, masked, training):
    def run(T):
        one = layer(T, "TransformerEncoderLayer", name)
        whole = T.nn.TransformerEncoder(one, 2, T.nn.LayerNorm(8)).train(training)
        one.train(training)
        x = T.randn(*shape(name, 2, 4, 8), requires_grad=True)
        mask = T.nn.Transformer.generate_square_subsequent_mask(4) if masked else None
        if masked and padding != "numbers":
            mask = mask != 0
        hidden = PADDINGS[padding](T)
        with T.no_grad():
            quiet = [one(x, mask, hidden), whole(x, mask, hidden)]
        out = whole(x, mask=mask, src_key_padding_mask=hidden)
        out.pow(2).sum().backward()
        one_out = one(x.detach(), src_mask=mask, src_key_padding_mask=hidden)
        return (repr(whole), dict(whole.state_dict()), quiet, [list(q.stride()) for q in quiet], out, one_out, x.grad,
                {k: p.grad for k, p in whole.named_parameters()}, T.rand(2))

    both(run, tolerance=(1e-4, 5e-5), names=False)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_decoders_equal_torch(name, training):
    def run(T):
        one = layer(T, "TransformerDecoderLayer", name)
        whole = T.nn.TransformerDecoder(one, 2).train(training)
        x = T.randn(*shape(name, 2, 4, 8), requires_grad=True)
        memory = T.randn(*shape(name, 2, 3, 8), requires_grad=True)
        causal = T.nn.Transformer.generate_square_subsequent_mask(4)
        options = {"tgt_mask": causal, "memory_key_padding_mask": T.tensor([[0.0, 0.0, -T.inf], [0.0, 0.0, 0.0]])}
        with T.no_grad():
            quiet = whole(x, memory, **options)
        out = whole(x, memory, **options)
        out.pow(2).sum().backward()
        return (repr(whole), dict(whole.state_dict()), quiet, list(quiet.stride()), out, x.grad, memory.grad,
                {k: p.grad for k, p in whole.named_parameters()}, T.rand(2))

    both(run, tolerance=(1e-4, 5e-5), names=False)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("options", [{}, {"batch_first": True, "norm_first": True, "activation": "gelu"},
                                     {"bias": False, "batch_first": True}])
def test_the_whole_transformer_equals_torch(options):
    def run(T):
        model = T.nn.Transformer(8, 2, 2, 1, 16, dropout=0.1, **options)
        first = options.get("batch_first")
        source, target = (T.randn(*((2, n, 8) if first else (n, 2, 8)), requires_grad=True) for n in (5, 4))
        causal = model.generate_square_subsequent_mask(4)
        padding = T.tensor([[False] * 5, [False] * 3 + [True] * 2])
        keywords = {"tgt_mask": causal, "src_key_padding_mask": padding, "memory_key_padding_mask": padding}
        out = model(source, target, **keywords, tgt_is_causal=True)
        out.pow(2).sum().backward()
        with T.no_grad():
            quiet = model.eval()(source, target, **keywords)
            single = model(source[0] if first else source[:, 0], target[0] if first else target[:, 0])
        return (repr(model), dict(model.state_dict()), causal, out, quiet, single, source.grad, target.grad,
                {k: p.grad for k, p in model.named_parameters()})

    both(run, tolerance=(1e-4, 5e-5), names=False)


def test_a_hook_turns_the_inference_path_off():
    def run(T):
        one = T.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
        x, hidden = T.randn(2, 3, 8), T.tensor([[True] * 3, [False] * 3])
        with T.no_grad():
            fast = one(x, src_key_padding_mask=hidden)
            one.linear1.register_forward_hook(lambda module, args, out: None)
            return fast, one(x, src_key_padding_mask=hidden)

    both(run, tolerance=(2e-5, 2e-5))


def test_warnings_equal_torch():
    def run(T):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for options in ({}, {"batch_first": True, "norm_first": True}, {"batch_first": True, "bias": False},
                            {"batch_first": True, "activation": T.tanh}, {"batch_first": True}):
                T.nn.TransformerEncoder(T.nn.TransformerEncoderLayer(8, 2, 16, **options), 1)
            T.nn.TransformerEncoder(T.nn.TransformerEncoderLayer(9, 3, 16, batch_first=True), 1)
            T.nn.TransformerEncoder(T.nn.TransformerDecoderLayer(8, 2, 16), 1)
            T.nn.MultiheadAttention(8, 2)(*[T.ones(3, 2, 8)] * 3, key_padding_mask=T.zeros(2, 3).bool(),
                                          attn_mask=T.zeros(3, 3))
        return [str(w.message) for w in caught]

    both(run)
