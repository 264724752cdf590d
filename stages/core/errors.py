"""The one exception for what a user can put right."""


class UserError(Exception):
    """A mistake that the user can mend; shown without a traceback.

    The message is one line that names file, column, row or field and what was expected;
    `details` are further lines, shown above it.
    """

    def __init__(self, message: str, *, details: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join((*details, message)))
        self.message = message
