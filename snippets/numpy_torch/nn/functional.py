"""torch.nn.functional. Every name lives in one of the f_*.py files and is imported on first use."""

from ..absent import module_attribute

# file below nn/ → the names it holds; a file that is not there yet means its names are not in the page
FILES = {
    "f_basic": "bilinear cosine_similarity dropout embedding linear normalize one_hot pairwise_distance",
    "f_activation": "celu elu gelu glu hardsigmoid hardswish hardtanh leaky_relu log_softmax logsigmoid mish prelu "
                    "relu relu6 selu sigmoid silu softmax softmin softplus softsign tanh tanhshrink",
    "f_activation_more": "elu_ hardshrink hardtanh_ leaky_relu_ relu_ rrelu rrelu_ selu_ celu_ softshrink threshold "
                         "threshold_",
    "f_gumbel": "gumbel_softmax",
    "ctc": "ctc_loss",
    "f_loss": "binary_cross_entropy binary_cross_entropy_with_logits cross_entropy huber_loss kl_div l1_loss mse_loss "
              "nll_loss smooth_l1_loss",
    "f_loss_more": "cosine_embedding_loss gaussian_nll_loss hinge_embedding_loss margin_ranking_loss "
                   "multilabel_soft_margin_loss poisson_nll_loss soft_margin_loss triplet_margin_loss "
                   "triplet_margin_with_distance_loss",
    "f_conv": "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d fold unfold",
    "f_pooling": "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d "
                 "avg_pool1d avg_pool2d avg_pool3d max_pool1d max_pool2d max_pool3d",
    "f_norm": "batch_norm group_norm instance_norm layer_norm local_response_norm rms_norm",
    "f_attention": "multi_head_attention_forward scaled_dot_product_attention",
    "f_vision": "channel_shuffle interpolate pad pixel_shuffle pixel_unshuffle upsample",
    "f_dropout": "alpha_dropout dropout1d dropout2d dropout3d feature_alpha_dropout",
}
LAZY = {name: f"nn.{file}:" for file, names in FILES.items() for name in names.split()}


def __getattr__(name: str):
    return module_attribute(__name__, name, LAZY)


def __dir__():
    return sorted(LAZY)
