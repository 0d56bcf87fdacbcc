"""safetensors files read and written in pure NumPy; torch.save and torch.load refused with the way to do it here."""

import json
import struct
from pathlib import Path

import numpy as np

from .absent import refuse
from .tensor import Tensor, wrap

KINDS = {"BOOL": "bool", "U8": "uint8", "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64",
         "F16": "float16", "F32": "float32", "F64": "float64", "C64": "complex64"}
NAMES = {v: k for k, v in KINDS.items()}


def load_bytes(data: bytes) -> dict[str, Tensor]:
    """Tensors by name from the bytes of a safetensors file. Raises ValueError if the file is damaged."""
    if len(data) < 8:
        raise ValueError("not a safetensors file: shorter than its header")
    (length,) = struct.unpack("<Q", data[:8])
    if length > len(data) - 8:
        raise ValueError("not a safetensors file, or truncated: the header is longer than the file")
    header = json.loads(data[8:8 + length])
    body = memoryview(data)[8 + length:]
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, stop = entry["data_offsets"]
        if stop > len(body):
            raise ValueError(f"truncated safetensors file: tensor {name!r} ends beyond the data")
        if entry["dtype"] == "BF16":
            words = np.frombuffer(body[start:stop], "<u2").astype(np.uint32) << np.uint32(16)
            tensors[name] = wrap(words.view(np.float32).reshape(entry["shape"]))
            continue
        if entry["dtype"] not in KINDS:
            raise refuse(f"safetensors dtype {entry['dtype']} (tensor {name!r})", "save it as F32")
        kind = np.dtype(KINDS[entry["dtype"]])
        tensors[name] = wrap(np.frombuffer(body[start:stop], kind).reshape(entry["shape"]).copy())
    return tensors


def load_file(filename, device="cpu") -> dict[str, Tensor]:
    """`safetensors.torch.load_file`."""
    from .dtypes import check_device

    check_device(device)
    return load_bytes(Path(filename).read_bytes())


def save_bytes(tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """The bytes of a safetensors file: largest element types first, then by name, as the format's writers do."""
    ordered = sorted(tensors.items(), key=lambda item: (-item[1]._array.itemsize, item[0]))
    header: dict = {} if metadata is None else {"__metadata__": metadata}
    chunks, start = [], 0
    for name, tensor in ordered:
        raw = np.ascontiguousarray(tensor._array).tobytes()
        header[name] = {"dtype": NAMES[tensor._array.dtype.name], "shape": list(tensor._array.shape),
                        "data_offsets": [start, start + len(raw)]}
        start += len(raw)
        chunks.append(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(chunks)


def save_file(tensors: dict[str, Tensor], filename, metadata: dict[str, str] | None = None) -> None:
    """`safetensors.torch.save_file`."""
    Path(filename).write_bytes(save_bytes(tensors, metadata))


def save(*args, **kwargs):
    raise refuse("torch.save", "pickles are unsafe to share: use safetensors.torch.save_file(model.state_dict(), path)")


def load(*args, **kwargs):
    raise refuse("torch.load", "pickles are unsafe to share: use safetensors.torch.load_file(path)")


def compile(model=None, **kwargs):
    raise refuse("torch.compile", "call the model as it is")
