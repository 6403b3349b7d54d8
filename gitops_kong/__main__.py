"""Entry point of the console script and of `python -m gitops_kong`."""

import gc

from gitops_kong.cli.main import main as run


def main() -> None:
    """Run the command line.

    A command makes hundreds of thousands of values that live until it ends and hardly a cycle among them: looking for
    garbage as often as Python does by default takes a fifth of the time of a check.
    """
    gc.set_threshold(100_000, 50, 1000)
    run()


if __name__ == "__main__":
    main()
