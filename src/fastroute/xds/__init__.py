"""Following a control plane: the xDS client."""
