"""Messages to core tables. What the core cannot express is refused here, never ignored."""
