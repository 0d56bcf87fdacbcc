"""Cells of the page on PyTorch in the browser: each gives the same under PyTorch and in the page.

`results.json` and `names.json` beside this file are written by `python -m tests.numpy_torch.write_proof`.
"""
# ruff: noqa: B018 - a cell's last expression is what it shows

# --8<-- [start:first_numbers]
import torch
from torch import nn

torch.manual_seed(0)

torch.randn(3), torch.rand(2), torch.randperm(6)
# --8<-- [end:first_numbers]

# --8<-- [start:train]
torch.manual_seed(0)
x = torch.randn(256, 2)  # points in the plane
y = (x[:, 0] * x[:, 1] > 0).long()  # 1 where both coordinates have the same sign

model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)

for step in range(101):
    loss = nn.functional.cross_entropy(model(x), y)
    if step % 25 == 0:
        right = (model(x).argmax(1) == y).float().mean()
        print(f"step {step:3}  loss {loss.item():.4f}  right {right.item():.1%}")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

model
# --8<-- [end:train]

# --8<-- [start:errors]
try:
    torch.ones(2, 3) @ torch.ones(2, 3)
except RuntimeError as error:
    print(error)

try:
    print(torch.linalg.eig(torch.eye(2)))
except NotImplementedError as error:  # only in the page: at home this line computes
    print(error)
# --8<-- [end:errors]

# --8<-- [start:history]
weight = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
out = torch.zeros(2, 3)
for row in range(2):
    out[row] = weight * (row + 1)  # written in place, and the gradient still finds its way
out.pow(2).sum().backward()

out, weight.grad
# --8<-- [end:history]
