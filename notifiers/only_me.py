"""*Text only me*: for the first day with a real provider everything goes to one number and one mailbox."""

from notifiers.message import OnlyTo
from runtime.log import logger
from runtime.process import ConfigurationMistake
from runtime.settings import Settings


def only_me(settings: Settings) -> OnlyTo | None:
    """Where everything goes in this mode; None where it is not on.

    Raises:
        ConfigurationMistake: it covers one channel, and the other has a provider too: people would be reached by it.
    """
    number, mailbox = settings.notifier.only_to, settings.notifier.only_to_email
    if number is None and mailbox is None:
        return None
    uncovered = {
        "ONLY_TO": number is None and bool(settings.twilio.account_sid or settings.smpp.host),
        "ONLY_TO_EMAIL": mailbox is None and bool(settings.smtp.host or settings.smtp2.host),
    }
    missing = [f"BORDERLANDS_NOTIFIER__{name}" for name, lacks in uncovered.items() if lacks]
    if missing:
        raise ConfigurationMistake(
            f"text only me is set for one channel, and the other reaches everybody: set {', '.join(missing)} as well, "
            "or leave that channel without a provider"
        )
    only_to = OnlyTo(number, mailbox)
    logger().warning("text_only_me", mode=only_to.line)
    return only_to
