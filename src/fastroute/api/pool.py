"""The messages of the Envoy 1.40 API, in a descriptor pool of their own.

The descriptors are read out of the Envoy binary by `tools/extract_api.py`. The pool is private: no
other package's copy of the Envoy API can collide with it, and nothing is added to the default pool.
"""

from __future__ import annotations

import functools

from fastroute.api import protobuf
from fastroute.api.files import Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message import Message


@functools.cache
def _files() -> Files:
    return Files()


@functools.cache
def pool() -> DescriptorPool:
    """The pool of the Envoy API; its files are added as they are needed."""
    made: DescriptorPool = protobuf.descriptor_pool(_files())
    return made


def add(file: FileDescriptorProto) -> None:
    """Let the pool have one more file, of a name and with messages that it has not been asked for."""
    _files().add(file)


def declared_options(file: str) -> memoryview | None:
    """The options that a file of the API declares, as a serialized file; None of any other file."""
    return _files().options(file)


@functools.cache
def message_class(full_name: str) -> type[Message]:
    """The class of the message `full_name` (`envoy.config.route.v3.Route`); KeyError when there is none."""
    return protobuf.message_class(pool().FindMessageTypeByName(full_name))


def new(full_name: str) -> Message:
    """An empty message of the type `full_name`."""
    return message_class(full_name)()


def type_name(type_url: str) -> str:
    """The message name in a type URL: what follows the last slash."""
    return type_url.rpartition("/")[2]


def is_known(type_url: str) -> bool:
    """Whether Envoy 1.40 has the message that `type_url` names."""
    try:
        pool().FindMessageTypeByName(type_name(type_url))
    except KeyError:
        return False
    return True
