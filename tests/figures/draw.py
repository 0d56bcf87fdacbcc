"""Draw figures in a process of their own, with PyTorch or with the page's torch, and print them as JSON.

Reads ``{"torch": "torch" | "numpy_torch", "draw": [[slug, name, values], …]}`` from standard input; answers
one figure, or ``{"error": …}``, for each.
"""

import json
import sys


def main() -> None:
    request = json.load(sys.stdin)
    if request["torch"] == "numpy_torch":
        import snippets.numpy_torch as numpy_torch

        numpy_torch.install()
    else:
        import torch

        torch.set_num_threads(1)
    from snippets.kit.figures import load

    drawn = []
    for slug, name, values in request["draw"]:
        try:
            drawn.append(load(slug)[name].draw(**values))
        except Exception as error:  # both must fail alike
            drawn.append({"error": f"{type(error).__name__}: {error}"})
    real = sys.modules["torch"].__name__
    json.dump({"torch": real, "drawn": drawn}, sys.stdout)


if __name__ == "__main__":
    main()
