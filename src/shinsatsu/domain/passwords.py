"""Which passwords are taken: 12 to 128 characters of any kind, none that everybody tries first (NIST SP 800-63B)."""

import unicodedata

from shinsatsu.domain.login_errors import PasswordTooWeak

LENGTH = range(12, 129)
FEWEST_DIFFERENT = 5
COMMON = frozenset(
    [
        "000000000000",
        "012345678910",
        "111111111111",
        "112233445566",
        "121212121212",
        "123123123123",
        "1234567890123",
        "123456789012",
        "12345678910111",
        "1234567891011",
        "1234567891234",
        "123456789123",
        "123456789abc",
        "1234abcd1234",
        "123456qwerty",
        "12345qwert12345",
        "1q2w3e4r5t6y",
        "1q2w3e4r5t6y7u",
        "1qaz2wsx3edc",
        "1qaz2wsx3edc4rfv",
        "1qazxsw23edc",
        "666666666666",
        "987654321012",
        "987654321098",
        "aaaaaaaaaaaa",
        "abc123abc123",
        "abcd1234abcd",
        "abcdefghijkl",
        "abcdefghijklm",
        "abcdefgh1234",
        "admin1234567",
        "admin123456789",
        "adminadminadmin",
        "administrator",
        "administrator1",
        "asdfasdfasdf",
        "asdfghjkl123",
        "asdfghjkl1234",
        "changeme1234",
        "changemechangeme",
        "changethispassword",
        "clinic123456",
        "clinicclinic",
        "correcthorsebatterystaple",
        "default12345",
        "defaultpassword",
        "doctor123456",
        "doctordoctor",
        "football1234",
        "guestguestguest",
        "hospital1234",
        "hospitalhospital",
        "iloveyou1234",
        "iloveyouiloveyou",
        "letmein12345",
        "letmeinletmein",
        "loginloginlogin",
        "medical12345",
        "mypassword12",
        "mypassword123",
        "mypassword1234",
        "newpassword1",
        "newpassword12",
        "newpassword123",
        "nopassword123",
        "p@ssw0rd1234",
        "p@ssw0rd12345",
        "p@ssword1234",
        "pa$$word1234",
        "pass12345678",
        "passpasspass",
        "passw0rd1234",
        "passw0rd12345",
        "password0000",
        "password1111",
        "password123!",
        "password1234",
        "password12345",
        "password123456",
        "password1234567",
        "password12345678",
        "password123456789",
        "password2024",
        "password2025",
        "password2026",
        "passwordpassword",
        "princess1234",
        "qazwsxedcrfv",
        "qazwsxedc123",
        "qwer1234qwer",
        "qwerasdfzxcv",
        "qwerty123456",
        "qwerty1234567",
        "qwerty12345678",
        "qwerty123456789",
        "qwertyqwerty",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiop[]",
        "qwertyuiopasdf",
        "secret123456",
        "secretpassword",
        "shinsatsu123",
        "shinsatsu1234",
        "sunshine1234",
        "superman1234",
        "test12345678",
        "testpassword",
        "testtesttest",
        "thisismypassword",
        "trustno1trustno1",
        "useruseruser",
        "welcome12345",
        "welcome123456",
        "welcomewelcome",
        "yourpassword",
        "zaq12wsxcde3",
        "zxcvbnm12345",
        "zxcvbnmasdfgh",
        "zxcvbnmzxcvbnm",
    ]
)


def normal(password: str) -> str:
    """The form in which a password is hashed (NFKC), so that another keyboard's way of writing it fits too."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, login_name: str) -> None:
    """Raises PasswordTooWeak; `password` is in its normal form."""
    folded = password.casefold()
    name = unicodedata.normalize("NFKC", login_name).casefold()
    if len(password) not in LENGTH:
        raise PasswordTooWeak("password: 12 to 128 characters.")
    if folded in COMMON or len(set(folded)) < FEWEST_DIFFERENT:
        raise PasswordTooWeak("password: this one is among the first that anybody tries.")
    if len(name) > 2 and name in folded:
        raise PasswordTooWeak("password: the login name must not be in it.")
