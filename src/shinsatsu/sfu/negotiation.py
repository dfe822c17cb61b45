"""Offer and answer of one peer connection of the SFU, without I/O (RFC 8829, as `calls-semantics` narrows it).

The client's offers are answered at once; our own offer waits for its answer, and nothing else is negotiated meanwhile.
Nothing changes when an error is raised.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from shinsatsu.rtc.parameters import DtlsRole, RtpReceiveParameters, RtpSendParameters
from shinsatsu.rtc.sdp import (
    SENDING,
    MediaDescription,
    SessionDescription,
    Setup,
    serialize_sdp,
)
from shinsatsu.sfu.capabilities import VIDEO_PREFERENCE, Numbers, find_codec
from shinsatsu.sfu.continuity import carried_on, check_answers, check_continues, taken
from shinsatsu.sfu.errors import InvalidDescription, ItemError
from shinsatsu.sfu.outcomes import Accepted, Answered, Offered
from shinsatsu.sfu.peer import Peer, read_peer
from shinsatsu.sfu.pulls import Source, offered_section, pulled_into, takes
from shinsatsu.sfu.sections import LocalTransport, Section, kept, kind_of, published, rejection, unused


@dataclass(slots=True)
class _Pending:
    sections: list[Section]
    added: list[str]
    numbers: Numbers
    cancelled: set[str] = field(default_factory=set)


class Negotiation:
    """The m-sections of one peer connection; `ssrcs` gives numbers that no other source of the SFU has."""

    def __init__(
        self,
        local: LocalTransport,
        *,
        session_id: int,
        ssrcs: Callable[[], int],
        video_preference: tuple[str, ...] = VIDEO_PREFERENCE,
        most_sections: int = 128,
    ) -> None:
        self._local = local
        self._session_id = session_id
        self._version = 0
        self._ssrcs = ssrcs
        self._video_preference = video_preference
        self._most_sections = most_sections
        self._sections: list[Section] = []
        self._numbers = Numbers()
        self._mids: set[str] = set()
        self._published: set[str] = set()
        self._pending: _Pending | None = None
        self.peer: Peer | None = None

    @property
    def role(self) -> DtlsRole:
        """Our DTLS role, kept for the life of the session; server until the client says otherwise."""
        return self.peer.our_role if self.peer else "server"

    @property
    def offer_pending(self) -> bool:
        """Whether an offer of ours awaits its answer; one whose every m-line was closed meanwhile holds up nobody."""
        return self._pending is not None and not self._pending.cancelled.issuperset(self._pending.added)

    def section(self, mid: str) -> Section | None:
        """The m-section of this mid as last agreed."""
        return next((section for section in self._sections if section.mid == mid), None)

    def rollback(self) -> None:
        """Drops our pending offer, if there is one; its mids are never used again."""
        self._pending = None

    def close(self, mid: str) -> None:
        """Ends the media of an m-section without the client; it is told in the next description."""
        self._sections = [section.closed() if section.mid == mid else section for section in self._sections]
        if self._pending is not None and mid in self._pending.added:
            self._pending.cancelled.add(mid)

    # The client's offer

    def answer(
        self,
        offer: SessionDescription,
        *,
        pushes: Collection[str] = (),
        pulls: Sequence[Source] = (),
        closing: Collection[str] = (),
    ) -> Answered:
        """Answers a client's offer: mids pushed come in, sources pulled go out on its receiving m-lines, others end.

        Raises InvalidDescription when the offer doesn't continue this session.
        """
        if self.offer_pending:
            raise InvalidDescription("an offer of this session still awaits its answer (PUT renegotiate)")
        peer = read_peer(offer, self.peer, offering=True)
        check_continues(self._sections, offer, self._mids, self._most_sections)
        numbers = self._numbers.learned(offer)
        targets, pulled = self._assign(offer, pulls, pushes, numbers)
        pushed: dict[str, RtpReceiveParameters | ItemError] = {
            mid: ItemError("invalid_session_description", f"mid {mid!r} is not in the offer") for mid in pushes
        }
        sections = [
            self._answer_section(index, media, pushed, targets, closing) for index, media in enumerate(offer.media)
        ]
        ended = self._ended(sections, closing)
        self._commit(sections, numbers, peer)
        self._mids |= {section.mid for section in sections}
        self._published |= {section.mid for section in sections if section.state == "receive"}
        sdp = self._describe(sections, "passive" if peer.our_role == "server" else "active", answering=offer)
        return Answered(sdp, pushed, pulled, ended)

    def discoverable(self, offer: SessionDescription) -> list[str]:
        """The mids of an offer that send and never were published (`autoDiscover`): what was closed stays closed."""
        return [
            media.mid
            for media in offer.media
            if media.mid is not None and media.mid not in self._published and _sends_media(media)
        ]

    def _answer_section(
        self,
        index: int,
        media: MediaDescription,
        pushed: dict[str, RtpReceiveParameters | ItemError],
        targets: Mapping[str, Section],
        closing: Collection[str],
    ) -> Section:
        mid = media.mid or ""
        known = self._sections[index] if index < len(self._sections) else None
        current = known if known is not None and known.mid == mid else None
        if mid in pushed:
            return self._push(media, current, pushed)
        if media.rejected:
            return rejection(media)
        if mid in targets:
            return targets[mid]
        if current is not None and current.state in ("receive", "send"):
            return current.closed() if mid in closing else self._keep(current, media)
        if current is not None and current.state == "closed":
            return current
        return unused(media, self._video_preference)

    def _push(
        self,
        media: MediaDescription,
        current: Section | None,
        pushed: dict[str, RtpReceiveParameters | ItemError],
    ) -> Section:
        mid = media.mid or ""
        if current is not None and current.state in ("receive", "send") and not media.rejected:
            pushed[mid] = ItemError("repeated_local_track_error", f"mid {mid!r} already carries a track")
            return self._keep(current, media)
        section = published(media, self._video_preference) if _sends_media(media) else None
        if section is None or section.receive is None:
            reason = "offers no codec forwarded here" if _sends_media(media) else "is not sending audio or video"
            pushed[mid] = ItemError("invalid_session_description", f"mid {mid!r} {reason}")
            return rejection(media) if media.rejected else unused(media, self._video_preference)
        pushed[mid] = section.receive
        return section

    def _keep(self, current: Section, media: MediaDescription) -> Section:
        carried = kept(current, media)
        if carried is None:
            raise InvalidDescription(f"mid {current.mid!r} no longer offers the codec it was agreed on")
        return carried

    def _assign(
        self, offer: SessionDescription, pulls: Sequence[Source], pushes: Collection[str], numbers: Numbers
    ) -> tuple[dict[str, Section], list[RtpSendParameters | ItemError]]:
        """Finds a receiving m-line of the client's offer for each source."""
        busy = {section.mid for section in self._sections if section.state in ("receive", "send", "closed")}
        busy |= set(pushes)
        targets: dict[str, Section] = {}
        results: list[RtpSendParameters | ItemError] = []
        for source in pulls:
            media = next((media for media in offer.media if takes(media, source, busy)), None)
            codec = find_codec(media, source.parameters.codec) if media is not None else None
            if media is None or codec is None:
                wanted = f"{source.parameters.kind} ({source.parameters.codec.mime_type})"
                results.append(ItemError("invalid_session_description", f"the offer has no free m-line for {wanted}"))
                continue
            mid = media.mid or ""
            busy.add(mid)
            section = pulled_into(media, source, codec, self._ssrcs)
            targets[mid] = section
            results.append(section.sent)
        return targets, results

    def _ended(self, sections: Sequence[Section], closing: Collection[str] = ()) -> list[str]:
        live = {section.mid for section in sections if section.state in ("receive", "send")}
        before = [section.mid for section in self._sections if section.state in ("receive", "send")]
        return [mid for mid in before if mid not in live and mid not in closing]

    # Our offer

    def offer(self, sources: Sequence[Source]) -> Offered:
        """Offers each source an m-line of its own, recycling rejected ones; InvalidDescription while one is pending."""
        if self.offer_pending:
            raise InvalidDescription("an offer of this session still awaits its answer (PUT renegotiate)")
        numbers = self._numbers.learned(SessionDescription(()))
        free = [index for index, section in enumerate(self._sections) if section.state == "rejected"]
        sections = self._without_closed()
        mids: list[str | ItemError] = []
        for source in sources:
            kind = source.parameters.kind
            index = next((index for index in free if sections[index].local.kind == kind), len(sections))
            if index == self._most_sections:
                mids.append(ItemError("invalid_params", f"more than {self._most_sections} m-lines in a session"))
                continue
            try:
                section = offered_section(source, self._new_mid(), numbers, self._ssrcs)
            except ValueError as error:
                mids.append(ItemError("invalid_params", str(error)))
                continue
            sections[index : index + 1] = [section]
            free = [other for other in free if other != index]
            mids.append(section.mid)
        added = [mid for mid in mids if isinstance(mid, str)]
        if not added:
            return Offered(None, mids)
        self._pending = _Pending(sections, added, numbers)
        return Offered(self._describe(sections, "actpass", answering=None), mids)

    def _without_closed(self) -> list[Section]:
        tag = next((section.mid for section in self._sections if section.state != "rejected"), None)
        # The first m-section of a BUNDLE group owns its transport: rejecting it is where browsers differ, so it stays.
        return [
            section.rejected() if section.state == "closed" and section.mid != tag else section
            for section in self._sections
        ]

    def _new_mid(self) -> str:
        number = len(self._mids)
        while str(number) in self._mids:
            number += 1
        self._mids.add(str(number))
        return str(number)

    def accept(self, answer: SessionDescription) -> Accepted:
        """Takes the client's answer to our pending offer: what may flow, what it refused and what it ended.

        Raises InvalidDescription when nothing is pending or the answer doesn't fit; the offer then stays pending.
        """
        pending = self._pending
        if pending is None:
            raise InvalidDescription("no offer of this session awaits an answer (dropped after 10 s, or never made)")
        peer = read_peer(answer, self.peer, offering=False)
        check_answers(pending.sections, answer)
        sections: list[Section] = []
        refused: dict[str, str] = {}
        live = {section.mid for section in self._sections if section.state in ("receive", "send")}
        for section, media in zip(pending.sections, answer.media, strict=True):
            if section.mid in pending.added:
                section_taken, reason = taken(section, media)
                sections.append(section_taken.closed() if section.mid in pending.cancelled else section_taken)
                if reason:
                    refused[section.mid] = reason
            elif section.state in ("receive", "send") and section.mid not in live:
                sections.append(section.closed())
            else:
                sections.append(carried_on(section, media))
        ended = self._ended(sections)
        self._commit(sections, pending.numbers.learned(answer), peer)
        sends = [section.send for section in sections if section.mid in pending.added and section.send]
        return Accepted(sends, refused, ended)

    def _commit(self, sections: list[Section], numbers: Numbers, peer: Peer) -> None:
        self._sections, self._numbers, self.peer = sections, numbers, peer
        self._pending = None

    def _describe(self, sections: Sequence[Section], setup: Setup, *, answering: SessionDescription | None) -> str:
        self._version += 1
        active = tuple(section.mid for section in sections if not section.local.rejected)
        bundle = active if answering is None else tuple(mid for mid in active if mid in answering.bundle)
        return serialize_sdp(
            SessionDescription(
                media=tuple(self._local.described(section.local, setup) for section in sections),
                session_id=self._session_id,
                version=self._version,
                bundle=bundle,
                ice_lite=True,
            )
        )


def _sends_media(media: MediaDescription) -> bool:
    return kind_of(media) is not None and not media.rejected and media.direction in SENDING
