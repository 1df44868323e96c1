"""Home of the extension modules. Their documentation is in the stubs beside this file."""
