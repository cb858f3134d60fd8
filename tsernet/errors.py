"""The one exception for mistakes that a user can mend."""

from __future__ import annotations


class UserError(Exception):
    """A mistake of the user's: what was given and what was expected, in one line.

    The command line prints it on stderr without a traceback and ends with exit code 2.
    """


class CheckError(Exception):
    """A check that does not hold, in one line; the command line ends with exit code 1."""
