"""The one exception for mistakes that a user can mend."""

from __future__ import annotations


class UserError(Exception):
    """A mistake of the user's: what was given and what was expected, in one line.

    The command line prints it on stderr without a traceback and ends with exit code 2.
    """


class CheckError(Exception):
    """A check that does not hold, in one line; the command line ends with exit code 1."""


class StoppedError(KeyboardInterrupt):
    """A process was told to stop by a signal and has put its work in order first.

    A KeyboardInterrupt, so that nothing that handles ordinary errors swallows it.

    Args:
        number: The signal; the exit code is 128 above it.
        message: One line: where it stopped and how to go on.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = 128 + number
