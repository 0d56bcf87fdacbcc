"""What test_op_db.py does not compare, and why."""

# no two runs agree, or PyTorch itself leaves the values open
NOT_COMPARABLE = {
    "empty": "unset memory",
    "empty_like": "unset memory",
    "new_empty": "unset memory",
}
# some samples use an option that raises NotImplementedError
REFUSED: dict[str, str] = {}
# the option appears in the method or error samples only
NOT_REFUSED: set[str] = set()
# PyTorch reaches the same values and gradients by another last step, so grad_fn prints another name
OTHER_NAME: dict[str, str] = {}
# (rtol, atol) where float32 rounding differs more than usual
TOLERANCES: dict[str, tuple[float, float]] = {}
