"""Bridges to other libraries, each importing only its own."""
