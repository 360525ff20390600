"""Runs the command line as ``python -m kickbuild``."""

from kickbuild.cli.main import main

if __name__ == "__main__":
    main()
