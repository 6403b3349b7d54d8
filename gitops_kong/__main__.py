"""Entry point of the console script and of `python -m gitops_kong`."""

from gitops_kong.cli.main import main

if __name__ == "__main__":
    main()
