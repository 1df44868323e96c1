"""Questions about a configuration."""
