"""`python -m facekeep` is the `facekeep` command."""

from facekeep.cli.main import main

if __name__ == "__main__":
    try:
        main()
    finally:
        # Under `-m` Python ends itself by SIGINT when a Ctrl-C came in the middle of exec(), such as the
        # making of a dataclass, though it was answered with an exit status. Another exec() forgets it.
        exec("")
