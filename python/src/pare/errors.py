"""The exceptions of this package."""


class ModelError(ValueError):
    """A file of a model, or a value given for one, that is not usable; one line that says where and why."""


class UnsupportedError(ModelError):
    """A module that pare has no layers for; one line with the module, the operator and its shapes."""
