from shinsatsu.rtc import stun
from shinsatsu.rtc.ice import IceControllingAgent, IceLiteAgent, generate_parameters
from shinsatsu.rtc.parameters import IceParameters

HOME, AWAY = ("192.0.2.1", 1000), ("198.51.100.9", 2000)
SFU = ("203.0.113.1", 3478)


def a_pair() -> tuple[IceLiteAgent, IceControllingAgent]:
    local, remote = generate_parameters(), generate_parameters()
    return IceLiteAgent(local), IceControllingAgent(remote, local)


def a_check(lite: IceLiteAgent, *, nominate: bool, password: str = "") -> stun.StunMessage:
    name = f"{lite.local.username_fragment}:them"
    secret = password or lite.local.password
    return stun.parse(stun.binding_request(name, secret, tie_breaker=1, priority=1, use_candidate=nominate))


def test_a_check_and_its_answer_connect_both_sides() -> None:
    lite, controlling = a_pair()

    reply = lite.handle_request(stun.parse(controlling.request()), HOME, 1.0)
    controlling.handle(stun.parse(reply.data), SFU, 1.1)

    assert (reply.code, lite.selected, lite.consent_at) == (200, HOME, 1.0)
    assert (controlling.connected, controlling.mapped, controlling.consent_at) == (True, HOME, 1.1)


def test_an_answer_without_the_password_connects_nobody() -> None:
    lite, controlling = a_pair()
    request = stun.parse(controlling.request())

    controlling.handle(stun.parse(stun.binding_success(request, HOME, "not the password")), SFU, 1.0)
    controlling.handle(stun.parse(stun.binding_success(a_check(lite, nominate=True), HOME, "")), SFU, 1.0)

    assert not controlling.connected


def test_the_wrong_password_validates_nothing() -> None:
    lite, _ = a_pair()

    reply = lite.handle_request(a_check(lite, nominate=True, password="guessed"), HOME, 1.0)

    assert reply.code == stun.parse(reply.data).error_code == 401
    assert not lite.is_validated(HOME)
    assert lite.selected is None


def test_a_request_without_integrity_is_a_bad_request() -> None:
    lite, _ = a_pair()
    unsigned = stun.parse(stun.build(stun.BINDING_REQUEST, bytes(12), []))

    assert lite.handle_request(unsigned, HOME, 1.0).code == 400


def test_a_controlled_peer_is_told_to_switch() -> None:
    lite, _ = a_pair()
    name = f"{lite.local.username_fragment}:them".encode()
    attributes = [(stun.USERNAME, name), (stun.ICE_CONTROLLED, bytes(8))]
    request = stun.parse(stun.build(stun.BINDING_REQUEST, bytes(12), attributes, lite.local.password))

    assert lite.handle_request(request, HOME, 1.0).code == 487


def test_the_address_follows_the_nomination() -> None:
    lite, _ = a_pair()

    lite.handle_request(a_check(lite, nominate=True), HOME, 1.0)
    lite.handle_request(a_check(lite, nominate=False), AWAY, 1.1)
    assert lite.selected == HOME

    lite.handle_request(a_check(lite, nominate=True), AWAY, 1.2)
    assert lite.selected == AWAY


def test_a_rebound_peer_is_followed_once_its_old_address_is_silent() -> None:
    lite, _ = a_pair()
    lite.handle_request(a_check(lite, nominate=True), HOME, 1.0)

    lite.handle_request(a_check(lite, nominate=False), AWAY, 5.0)

    assert lite.selected == AWAY


def test_consent_lasts_thirty_seconds() -> None:
    lite, _ = a_pair()
    assert not lite.consent_expired(100.0)

    lite.handle_request(a_check(lite, nominate=True), HOME, 100.0)

    assert not lite.consent_expired(130.0)
    assert lite.consent_expired(130.1)


def test_remembered_addresses_are_bounded() -> None:
    lite, _ = a_pair()

    for port in range(1000):
        lite.handle_request(a_check(lite, nominate=False), ("192.0.2.1", port), 1.0)

    assert len(lite.validated) == 16


def test_credentials_are_long_enough_and_fresh() -> None:
    one, other = generate_parameters(), generate_parameters()

    assert one != other
    assert len(one.username_fragment) >= 4
    assert len(one.password) >= 22
    assert isinstance(one, IceParameters)
