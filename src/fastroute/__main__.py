"""`python -m fastroute` is the command `fastroute`."""

from fastroute.cli.start import main

if __name__ == "__main__":
    main()
