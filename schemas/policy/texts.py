"""The words of one language, as data: what ``notifiers.texts`` renders messages from."""

from schemas.base import Lang, Model


class Texts(Model):
    """All user-facing words of messages in one language."""

    language: Lang
