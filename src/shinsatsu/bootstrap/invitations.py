"""Puts the use cases of invitations together, as `bootstrap` does the rest: which check, and who delivers codes."""

from functools import partial

from shinsatsu.domain.invitations import InvitationCheck
from shinsatsu.service.commands import Commands
from shinsatsu.service.invitation_door import InvitationDoor
from shinsatsu.service.invitations import Invitations
from shinsatsu.service.links import Links
from shinsatsu.service.ports import CodeDelivery
from shinsatsu.service.sending import Sender
from shinsatsu.service.signing_keys import SigningKeys
from shinsatsu.service.standard_webhooks import signed
from shinsatsu.settings import Settings
from shinsatsu.webhooks.code_delivery import HttpCodeDelivery


def invitation_cases(
    settings: Settings, commands: Commands, keys: SigningKeys, links: Links, sender: Sender
) -> tuple[Invitations, InvitationDoor]:
    """The staff's side and the holder's."""
    delivery = _code_delivery(settings, commands, sender)
    check = InvitationCheck(settings.invitation_check)
    staff = Invitations(commands, keys, check, codes_are_sent=delivery is not None)
    return staff, InvitationDoor(commands, links, keys, delivery)


def _code_delivery(settings: Settings, commands: Commands, sender: Sender) -> CodeDelivery | None:
    secret = settings.delivery_secret
    if not settings.delivery_url or secret is None:
        return None
    sign = partial(signed, known=[secret.get_secret_value()])
    return HttpCodeDelivery(sender, settings.delivery_url, sign, commands.clock, commands.ids, settings.clinic_name)
