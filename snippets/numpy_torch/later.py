"""Ops whose files are imported on first use: the file and the names it publishes (torch.x, Tensor.x or both)."""

from importlib import import_module

FILES = {
    "ops_algebra": "addmv addr atleast_3d block_diag cholesky column_stack corrcoef cov cross deg2rad det dsplit "
                   "dstack fliplr flipud heaviside hsplit inner inverse isreal kron logdet matrix_power nanmean "
                   "pinverse rad2deg rot90 slogdet trapezoid trapz vdot vsplit",
    "ops_complex": "angle complex conj conj_physical imag polar real resolve_conj resolve_neg sgn sgn_ view_as_complex "
                   "view_as_real",
    "ops_more": "cdist diff fill_diagonal_ logcumsumexp masked_scatter masked_scatter_ positive scatter_reduce "
                "scatter_reduce_ t_ transpose_",
    "ops_order": "cartesian_prod combinations cummax cummin histc kthvalue median mode nanmedian nanquantile quantile "
                 "unique_consecutive",
    "ops_special": "digamma digamma_ erfc erfc_ erfinv erfinv_ lgamma lgamma_ logit logit_ polygamma sinc sinc_",
    "ops_windows": "bartlett_window blackman_window hamming_window hann_window stft",
}
OPS = {name: file for file, names in FILES.items() for name in names.split()}


def published(name: str):
    """torch.<name>, loaded if need be, or None."""
    from .primitive import FUNCTIONS, as_function

    load(name)
    return as_function(FUNCTIONS[name]) if name in FUNCTIONS else None


def load(name: str) -> bool:
    """Import the file that publishes `name`, if one of FILES does."""
    file = OPS.get(name)
    if file is not None:
        import_module(f"{__package__}.{file}")
    return file is not None
