"""The exceptions of this package."""


class ModelError(ValueError):
    """A file of a model, or a value given for one, that is not usable; one line that says where and why.

    Names of files are part of it, so commands to a terminal are escaped and it ends after ``LENGTH`` characters.
    """

    LENGTH = 1500

    def __init__(self, message: str) -> None:
        line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in message[: self.LENGTH])
        super().__init__(line + ("…" if len(message) > self.LENGTH else ""))


class UnsupportedError(ModelError):
    """A module that pare has no layers for; one line with the module, the operator and its shapes."""
