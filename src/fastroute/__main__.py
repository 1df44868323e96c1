"""`python -m fastroute` is the command `fastroute`."""

from fastroute.cli.start import command

if __name__ == "__main__":
    command()
