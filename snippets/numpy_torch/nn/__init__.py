"""torch.nn. Every class lives in a file of its family and is imported on first use."""

from ..absent import module_attribute
from .module import Module
from .parameter import Buffer, Parameter

__all__ = ["Buffer", "Module", "Parameter"]

# file below nn/ → the classes it holds; a file that is not there yet means its classes are not in the page
FILES = {
    "parameter": "UninitializedParameter",
    "containers": "ModuleDict ModuleList ParameterDict ParameterList Sequential",
    "linear": "Bilinear Flatten Identity Linear Unflatten",
    "sparse": "Embedding",
    "activation": "CELU ELU GELU GLU Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish PReLU ReLU "
                  "ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin Softplus Softsign Tanh Tanhshrink",
    "activation_more": "Hardshrink RReLU Softshrink Threshold",
    "dropout": "Dropout",
    "dropout_more": "AlphaDropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout",
    "loss": "BCELoss BCEWithLogitsLoss CrossEntropyLoss HuberLoss KLDivLoss L1Loss MSELoss NLLLoss SmoothL1Loss",
    "ctc": "CTCLoss",
    "loss_more": "CosineEmbeddingLoss CosineSimilarity GaussianNLLLoss HingeEmbeddingLoss MarginRankingLoss "
                 "MultiLabelSoftMarginLoss PairwiseDistance PoissonNLLLoss SoftMarginLoss TripletMarginLoss "
                 "TripletMarginWithDistanceLoss",
    "recurrent": "GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell",
    "conv": "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d Fold Unfold",
    "pooling": "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d AvgPool1d "
               "AvgPool2d AvgPool3d MaxPool1d MaxPool2d MaxPool3d",
    "norm": "BatchNorm1d BatchNorm2d BatchNorm3d GroupNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d LayerNorm "
            "LocalResponseNorm RMSNorm",
    "attention": "MultiheadAttention",
    "transformer": "Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer",
    "vision": "ChannelShuffle PixelShuffle PixelUnshuffle Upsample UpsamplingBilinear2d UpsamplingNearest2d",
    "padding": " ".join([f"{kind}Pad{n}d" for kind in ("Circular", "Constant", "Reflection", "Replication", "Zero")
                         for n in (1, 2, 3)]),
}
LAZY = {
    **{name: f"nn.{file}:" for file, names in FILES.items() for name in names.split()},
    **{name: f"nn.{name}" for name in ("functional", "init", "modules", "parameter", "utils")},
}


def __getattr__(name: str):
    return module_attribute(__name__, name, LAZY)


def __dir__():
    return sorted({*LAZY, *__all__})
