"""Turning tensors and arrays into the plain numbers that JSON can hold."""

import math

DIGITS = 5


class NotFiniteError(ValueError):
    """A value meant for a figure is infinite or not a number."""


def plain(value: object, *, gaps: bool = False) -> object:
    """Return `value` as nested lists, strings, ints and floats, floats rounded to five significant digits.

    Takes tensors, arrays, their scalars, mappings and any nesting of lists and tuples. With `gaps`, a value
    that is infinite or not a number becomes ``None``, which a plot leaves empty; without it such a value
    raises `NotFiniteError`, because a figure that quietly drops an overflow tells its reader nothing.

    Raises:
        NotFiniteError: a value is infinite or not a number and `gaps` is false.
        TypeError: a value has no plain form.
    """
    result = _plain(value)
    if gaps:
        return _with_gaps(result)
    bad = _count_not_finite(result)
    if bad:
        noun = "value is" if bad == 1 else "values are"
        raise NotFiniteError(f"{bad} {noun} infinite or not a number: the computation overflowed")
    return result


def _plain(value: object) -> object:
    if hasattr(value, "tolist"):  # tensors and arrays of either library, and their scalars
        value = value.tolist()
    kind = type(value)
    if kind is float:
        return float(f"{value:.{DIGITS}g}")
    if value is None or kind in (bool, int, str):
        return value
    if isinstance(value, dict):
        return {_key(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, range)):
        return [_plain(entry) for entry in value]
    if isinstance(value, (bool, int, float, str)):  # subclasses, such as an enumeration's members
        return _plain(next(base for base in (bool, int, float, str) if isinstance(value, base))(value))
    raise TypeError(f"a figure holds numbers, text, lists and dicts; it cannot hold a {kind.__name__}")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the keys of a figure's dicts are text, not {type(key).__name__}")
    return key


def _count_not_finite(value: object) -> int:
    if type(value) is float:
        return 0 if math.isfinite(value) else 1
    if type(value) is list:
        return sum(map(_count_not_finite, value))
    if type(value) is dict:
        return sum(map(_count_not_finite, value.values()))
    return 0


def _with_gaps(value: object) -> object:
    if type(value) is float:
        return value if math.isfinite(value) else None
    if type(value) is list:
        return [_with_gaps(entry) for entry in value]
    if type(value) is dict:
        return {key: _with_gaps(entry) for key, entry in value.items()}
    return value
