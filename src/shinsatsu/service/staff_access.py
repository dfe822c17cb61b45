"""Everything about staff logging in, put together over one set of logins."""

from dataclasses import dataclass

from shinsatsu.service.accounts import Accounts
from shinsatsu.service.commands import Commands
from shinsatsu.service.enrollment import Enrollment
from shinsatsu.service.factors import Factors
from shinsatsu.service.login_attempts import LoginAttempts
from shinsatsu.service.logins import Logins
from shinsatsu.service.own_account import OwnAccount
from shinsatsu.service.passkeys import Passkeys
from shinsatsu.service.password_login import PasswordLogin
from shinsatsu.service.passwords import Passwords
from shinsatsu.service.people import People
from shinsatsu.service.second_factor import SecondFactor
from shinsatsu.service.signing_keys import SigningKeys


@dataclass(frozen=True, slots=True)
class StaffAccess:
    """The use cases; they share the hasher's queue and the count of wrong answers."""

    logins: Logins
    password_login: PasswordLogin
    second_factor: SecondFactor
    enrollment: Enrollment
    own_account: OwnAccount
    people: People
    accounts: Accounts


def staff_access(commands: Commands, logins: Logins, keys: SigningKeys, origin: str, name: str) -> StaffAccess:
    """Puts them together; `origin` is that of the pages, to which passkeys are bound, `name` the clinic's."""
    factors = Factors(keys, Passkeys(origin, name), commands.ids, name)
    attempts, passwords = LoginAttempts(keys), Passwords()
    return StaffAccess(
        logins,
        PasswordLogin(commands, logins, passwords, factors, attempts),
        SecondFactor(commands, logins, factors, attempts),
        Enrollment(commands, logins, factors, attempts),
        OwnAccount(commands, logins, passwords, factors, attempts),
        People(commands, logins, attempts),
        Accounts(commands, logins),
    )
