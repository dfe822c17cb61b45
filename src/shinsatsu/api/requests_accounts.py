"""Request bodies about logins and accounts."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from shinsatsu.api.requests import Body, DisplayName, Identifier, Text, UserId

# What people type is judged by the rules; here only its size, so that nobody has us hash a book.
LoginName = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200)]
Password = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1024)]
TotpCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{6}$")]
RecoveryCode = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)]
Token = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=256)]
Credential = Annotated[dict[str, Any], Field(max_length=16, description="As the browser's toJSON() gives it")]
Role = Literal["doctor", "operator", "admin"]
LicenceYear = Annotated[int, Field(strict=True, ge=1900, le=2200)]


class PasswordLoginBody(Body):
    """Who somebody says they are."""

    login_name: LoginName
    password: Password


class SetupBody(Body):
    """A setup link's token and the password to be."""

    token: Token
    password: Password


class ChallengeBody(Body):
    """Which step this is."""

    challenge_id: Identifier


class SecondFactorBody(ChallengeBody):
    """One answer of three."""

    totp: TotpCode | None = None
    recovery_code: RecoveryCode | None = None
    passkey: Credential | None = None

    @model_validator(mode="after")
    def _one_answer(self) -> "SecondFactorBody":
        if sum(answer is not None for answer in (self.totp, self.recovery_code, self.passkey)) != 1:
            raise ValueError("one of totp, recoveryCode and passkey is needed, and only one")
        return self


class EnrollTotpBody(ChallengeBody):
    """The app's first code."""

    code: TotpCode


class EnrollPasskeyBody(ChallengeBody):
    """What the browser made, and what its owner calls it."""

    name: DisplayName
    credential: Credential


class CurrentBody(Body):
    """The present password."""

    current: Password


class NewPasswordBody(CurrentBody):
    """The present password and the next."""

    new: Password


class TotpBody(Body):
    """The app's first code."""

    code: TotpCode


class PasskeyBody(Body):
    """What the browser made, and what its owner calls it."""

    name: DisplayName
    credential: Credential


class NewUserBody(Body):
    """A worker to be; without a login name they are known and cannot log in here."""

    display_name: DisplayName
    role: Role
    login_name: LoginName | None = None
    licence_year: LicenceYear | None = None
    specialty: Text | None = None
    user_id: UserId | None = None


class ChangedUserBody(Body):
    """What is to change of a worker."""

    display_name: DisplayName | None = None
    role: Role | None = None
    login_name: LoginName | None = None
    licence_year: LicenceYear | None = None
    specialty: Text | None = None
