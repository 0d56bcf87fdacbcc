"""What one encoder layer costs for a sequence of n places of width d: arithmetic, and numbers to keep."""


# --8<-- [start:operations]
def operations(n: int, d: int) -> dict[str, int]:
    """Additions and multiplications of one layer, forward: a product (a, b) × (b, c) takes 2·a·b·c of them."""
    return {
        "projections": 4 * (2 * n * d * d),  # queries, keys, values, output
        "attention": 2 * (2 * n * n * d),  # the scores, and the mixtures of values
        "feed-forward": 2 * (2 * n * d * 4 * d),  # widen and narrow
    }


# --8<-- [end:operations]


def numbers_kept(n: int, d: int, heads: int) -> dict[str, int]:
    """Numbers in memory: parameters, the vectors of every place, and the weights of attention if they are stored.

    Of each place the layer keeps its input, query, key, value, mixture, the stream between the two steps, the 4 d
    inside the feed-forward part, and its output: 11 vectors of width d. Biases and norms are left out.
    """
    return {"parameters": 12 * d * d, "vectors": 11 * n * d, "attention weights": heads * n * n}


def dependent_products(n: int, layers: int, kind: str, writing: bool) -> int:
    """Matrix products that have to wait for one another, for n symbols read and n written.

    A recurrent layer takes one a symbol, and the layers of a stack work at the same time, each one step behind the
    layer below. A transformer takes six an encoder layer (queries, scores, mixtures, output, widen, narrow) and ten a
    decoder layer, however long the sequence, unless every symbol has to be written before the next can be read.
    """
    if kind == "recurrent":
        return 2 * (n + layers - 1)
    return 6 * layers + 10 * layers * (n if writing else 1)
