"""What test_op_db.py does not compare, and why."""

# no two runs agree, or PyTorch itself leaves the values open
NOT_COMPARABLE = {
    "empty": "unset memory",
    "empty_like": "unset memory",
    "new_empty": "unset memory",
    "linalg.svd": "the signs of singular vectors depend on the LAPACK build; test_linalg.py compares products",
    "linalg.eigh": "the signs of eigenvectors depend on the LAPACK build; test_linalg.py compares products",
}
# single samples whose result PyTorch leaves open: (op, dtype) → reason
OPEN_RESULT = {
    ("topk", "int64"): "which of several equal elements are returned depends on the C++ library's nth_element",
    ("kthvalue", "int64"): "which of several equal elements is returned depends on the C++ library's nth_element",
    ("mode", "int64"): "which of several equal elements is returned depends on the C++ library's sort",
    ("mode", "bool"): "which of several equal elements is returned depends on the C++ library's sort",
    ("sort", "bool"): "the order of equal elements without stable=True depends on the machine's vector unit",
    ("argsort", "bool"): "the order of equal elements without stable=True depends on the machine's vector unit",
}
# some samples use an option that raises NotImplementedError
REFUSED = {
    "scatter": "reduce='add' and 'multiply' (deprecated in PyTorch; scatter_reduce)",
    "searchsorted": "sorter=",
    "linalg.eigvals": "gradient",
    "linalg.pinv.hermitian": "hermitian=True",
    "linalg.qr": "gradient of mode='complete' and of wide matrices",
}
# PyTorch reaches the same values and gradients by another last step, so grad_fn prints another name
OTHER_NAME = {
    "einsum": "contracted in another order of permutations",
    "tensordot": "written with einsum",
    "quantile": "written with sort, gather and lerp",
    "nanquantile": "written with sort, gather and lerp",
    "linalg.multi_dot": "multiplied from left to right",
}
# (rtol, atol) where float32 rounding differs more than usual
TOLERANCES: dict[str, tuple[float, float]] = {
    # scores of up to ±100 saturate the softmax; what is left of its gradient is rounding
    "nn.functional.scaled_dot_product_attention": (1.3e-5, 5e-5),
    # probabilities e^(α + β) of paths whose logarithms lie in the hundreds: each keeps four digits in float32
    "nn.functional.ctc_loss": (1.3e-5, 1e-4),
    # beside a pole PyTorch's float32 kernel is itself off by this much; test_ops_more.py compares in float64
    "digamma": (3e-5, 1e-5),
    "polygamma.polygamma_n_0": (3e-5, 1e-5),
    "polygamma.polygamma_n_1": (3e-5, 1e-5),
    "polygamma.polygamma_n_2": (3e-5, 1e-5),
    "polygamma.polygamma_n_3": (3e-5, 1e-5),
    "polygamma.polygamma_n_4": (3e-5, 1e-5),
    "special.polygamma.special_polygamma_n_0": (3e-5, 1e-5),
    # PyTorch solves by QR, the page by the pseudo-inverse
    "linalg.lstsq": (5e-5, 5e-5),
    "linalg.lstsq.grad_oriented": (5e-5, 5e-5),
    # the gradient of two weights is a difference of equal numbers
    "cov": (1.3e-5, 1e-4),
    # one sample holds ±10,000, of which float32 keeps three decimals; test_ops_more.py has usual numbers
    "logcumsumexp": (1e-2, 1e-2),
}
