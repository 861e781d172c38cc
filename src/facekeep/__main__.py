"""`python -m facekeep` is the `facekeep` command."""

from facekeep.cli.main import main

if __name__ == "__main__":
    main()
