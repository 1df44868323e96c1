"""Text and bytes to messages: what is this file, and which resources does it hold?"""
