"""Text and bytes to messages: what is this file, and which resources does it hold?"""

from fastroute.config.load import Source, read
from fastroute.config.resources import Positions, Resource, Resources

__all__ = ["Positions", "Resource", "Resources", "Source", "read"]
