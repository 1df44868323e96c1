"""The messages of the Envoy 1.40 API, in a descriptor pool of their own.

The descriptors are read out of the Envoy binary by `tools/extract_api.py`. The pool is private: no
other package's copy of the Envoy API can collide with it, and nothing is added to the default pool.
"""

from __future__ import annotations

import functools
import zlib
from importlib import resources

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

FILE = "envoy_1_40.binpb.z"


@functools.cache
def pool() -> descriptor_pool.DescriptorPool:
    """The pool with every file of the Envoy API; loaded at first use (about 20 ms)."""
    data = zlib.decompress((resources.files("fastroute.api") / FILE).read_bytes())
    loaded = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        loaded.Add(file)
    return loaded


@functools.cache
def message_class(full_name: str) -> type[Message]:
    """The class of the message `full_name` (`envoy.config.route.v3.Route`); KeyError when there is none."""
    descriptor: Descriptor = pool().FindMessageTypeByName(full_name)
    return message_factory.GetMessageClass(descriptor)


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
