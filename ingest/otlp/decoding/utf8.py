"""Protobuf whose strings are no UTF-8: the parser refuses the whole message for one of them, and with it everybody else's spans.

The same messages are declared a second time, with bytes wherever there is a string: those take any bytes. What they read is mended, string
by string, and given to the real parser. Costs nothing as long as all strings are sound.
"""

import functools
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor, FileDescriptor
from google.protobuf.message import Message


def sound_utf8(body: bytes, kind: type[Message]) -> bytes:
    """The message `body` of that kind with U+FFFD for what is no UTF-8 in its strings. Raises DecodeError when it is no such message."""
    message = _with_bytes(kind.DESCRIPTOR.full_name, kind.DESCRIPTOR.file).FromString(body)
    _mend(message, kind.DESCRIPTOR)
    return bytes(message.SerializeToString())


@functools.cache
def _with_bytes(name: str, file: FileDescriptor) -> type[Message]:
    pool = descriptor_pool.DescriptorPool()
    _declare(file, pool, set())
    found: type[Message] = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    return found


def _declare(file: FileDescriptor, pool: descriptor_pool.DescriptorPool, known: set[str]) -> None:
    if file.name in known:
        return
    known.add(file.name)
    for needed in file.dependencies:
        _declare(needed, pool, known)
    declared = descriptor_pb2.FileDescriptorProto()
    file.CopyToProto(declared)
    for message in declared.message_type:
        _strings_to_bytes(message)
    pool.Add(declared)


def _strings_to_bytes(message: descriptor_pb2.DescriptorProto) -> None:
    for field in message.field:
        if field.type == FieldDescriptor.TYPE_STRING:
            field.type = FieldDescriptor.TYPE_BYTES
    for inner in message.nested_type:
        _strings_to_bytes(inner)


def _mend(message: Any, real: Any) -> None:
    """`message` is of the declaration with bytes, `real` the descriptor that says which of them are strings."""
    for field, value in message.ListFields():
        declared = real.fields_by_name[field.name]
        repeated = not isinstance(value, bytes) and hasattr(value, "append") or hasattr(value, "add")
        if declared.type == FieldDescriptor.TYPE_STRING:
            if repeated:
                value[:] = [_sound(item) for item in value]
            else:
                setattr(message, field.name, _sound(value))
        elif declared.type == FieldDescriptor.TYPE_MESSAGE:
            for item in value if repeated else (value,):
                _mend(item, declared.message_type)


def _sound(value: bytes) -> bytes:
    return value.decode(errors="replace").encode()
