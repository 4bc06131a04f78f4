"""What mails about accounts say, in the language of whoever reads them."""

from web.desk.outbox import Letter
from web.desk.settings import Settings
from web.http.language import gettext, spoken_language


def invitation_letter(wanted: Settings, link: str, days: int) -> Letter:
    """Invite somebody by a link."""
    name = _name(wanted)
    return Letter(
        gettext("Invitation to %(name)s") % {"name": name},
        _text(
            gettext("You are invited to search medical literature at %(name)s.") % {"name": name},
            gettext("Choose your name and password here, within %(n)s days:") % {"n": days},
            link,
            gettext("If this tells you nothing, ignore this mail: nothing happens then."),
        ),
    )


def reset_letter(wanted: Settings, user: str, link: str) -> Letter:
    """Give a link to a new password."""
    name = _name(wanted)
    return Letter(
        gettext("A new password for %(name)s") % {"name": name},
        _text(
            gettext("Somebody has said that the password of “%(user)s” at %(name)s is forgotten.")
            % {"user": user, "name": name},
            gettext("If it was you, set a new one here within an hour:"),
            link,
            gettext("If it was not you, ignore this mail: the password stays as it is."),
        ),
    )


def confirmation_letter(wanted: Settings, user: str, link: str) -> Letter:
    """Ask whether this address is theirs."""
    name = _name(wanted)
    return Letter(
        gettext("Is this your address? (%(name)s)") % {"name": name},
        _text(
            gettext("“%(user)s” at %(name)s has given this address.")
            % {"user": user, "name": name},
            gettext("If that is you, confirm it here within two days:"),
            link,
            gettext("If it is not, ignore this mail: nothing else is sent to you then."),
        ),
    )


def trial_letter(wanted: Settings) -> Letter:
    """Say that mail works."""
    name = _name(wanted)
    return Letter(
        gettext("A trial mail of %(name)s") % {"name": name},
        _text(gettext("Mail is set up: this one has arrived."), wanted.address),
    )


def _name(wanted: Settings) -> str:
    return wanted.name(spoken_language()) or "jmedsearch"


def _text(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs) + "\n"
