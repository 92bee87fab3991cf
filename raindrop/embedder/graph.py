"""A few ONNX nodes in protobuf's wire format, enough to add outputs to a model without the onnx package.

A model that is read from two concatenated messages is their merger (protobuf, "Last one wins": embedded messages are merged, repeated fields
appended), so that bytes made here go behind the bytes of a model's file, which stays as it is.
"""

import numpy as np
import numpy.typing as npt

# TensorProto.DataType
FLOAT, INT8, INT64 = 1, 3, 7
INT_ATTRIBUTE = 2


def addition(*parts: bytes) -> bytes:
    """What to append to a model, of tensors, nodes and outputs."""
    return _field(7, b"".join(parts))


def tensor(name: str, values: npt.NDArray[np.float32 | np.int8 | np.int64]) -> bytes:
    kind = {np.dtype(np.float32): FLOAT, np.dtype(np.int8): INT8, np.dtype(np.int64): INT64}[values.dtype]
    shape = b"".join(_integer(1, size) for size in values.shape)
    return _field(5, shape + _integer(2, kind) + _field(8, name.encode()) + _field(9, values.tobytes()))


def node(kind: str, inputs: list[str], outputs: list[str], **attributes: int) -> bytes:
    """Attributes are integers only, and not negative."""
    return _field(
        1,
        b"".join(_field(1, name.encode()) for name in inputs)
        + b"".join(_field(2, name.encode()) for name in outputs)
        + _field(3, outputs[0].encode())
        + _field(4, kind.encode())
        + b"".join(
            _field(5, _field(1, name.encode()) + _integer(3, value) + _integer(20, INT_ATTRIBUTE))
            for name, value in attributes.items()
        ),
    )


def output(name: str) -> bytes:
    return _field(12, _field(1, name.encode()))


def _field(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _integer(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])
