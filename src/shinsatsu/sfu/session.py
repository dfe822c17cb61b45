"""One peer connection of the SFU and its life: asks negotiation, then the media plane; `now` comes in as an argument.

Nothing here waits: each call is one step on the event loop, so that a session has one negotiation at a time.
"""

import secrets
from collections import deque
from collections.abc import Iterable, Sequence
from functools import partial

from shinsatsu.rtc.parameters import RtpReceiveParameters, RtpSendParameters
from shinsatsu.rtc.sdp import SessionDescription
from shinsatsu.sfu.errors import InvalidDescription, ItemError, SessionGone, TooManyRequests, closed_already
from shinsatsu.sfu.negotiation import Negotiation
from shinsatsu.sfu.plane import Connection
from shinsatsu.sfu.pulls import Source
from shinsatsu.sfu.requests import TrackRequest, parsed
from shinsatsu.sfu.tracks import Item, Limits, Pull, Track, chosen_rid, error_fields


class Session:
    """A peer connection known by its id; methods raise CallsError, and give one Item for each track asked for."""

    def __init__(self, id_: str, connection: Connection, negotiation: Negotiation, limits: Limits, now: float) -> None:
        self.id = id_
        self.connection = connection
        self.tracks: dict[str, Track] = {}
        self.pulls: dict[str, Pull] = {}
        self.closed = False
        self._negotiation = negotiation
        self._limits = limits
        self._streams: dict[str, str] = {}
        self._used_at = now
        self._offered_at = 0.0
        self._disconnected_at: float | None = None
        self._requests: deque[float] = deque(maxlen=limits.requests_per_second)

    def admit(self, now: float) -> None:
        """Counts a request against the session's rate; TooManyRequests beyond it."""
        recent = self._requests
        if len(recent) == recent.maxlen and now - recent[0] < 1.0:
            raise TooManyRequests(f"more than {recent.maxlen} requests a second on this session")
        recent.append(now)

    # Negotiations

    def check_free(self, now: float) -> None:
        """Raises SessionGone or InvalidDescription at once when a negotiation cannot begin now."""
        self._begin(now)
        if self._negotiation.offer_pending:
            raise InvalidDescription("an offer of this session still awaits its answer (PUT renegotiate)")

    def connect(self, sdp: str, now: float) -> str:
        """Answers a client's first offer without taking anything from it."""
        return self._answer(parsed(sdp), now)

    def publish(
        self, sdp: str, requests: Sequence[TrackRequest], now: float, *, auto_discover: bool = False
    ) -> tuple[str, list[Item]]:
        """Answers a client's offer and publishes its mids under the names asked for."""
        offer = parsed(sdp)
        if auto_discover:
            listed = {request.mid for request in requests}
            found = [mid for mid in self._negotiation.discoverable(offer) if mid not in listed]
            requests = [*requests, *(TrackRequest("", mid, secrets.token_hex(16)) for mid in found)]
        errors = self._repeated(requests)
        mids = [request.mid or "" for request in requests if request not in errors]
        self._begin(now)
        answered = self._negotiation.answer(offer, pushes=mids)
        self._start()
        self._drop(answered.ended)
        items: list[Item] = []
        for request in requests:
            mid, name = request.mid or "", request.track_name or ""
            outcome = errors.get(request) or answered.pushed[mid]
            if isinstance(outcome, RtpReceiveParameters):
                self._add_track(name, outcome, offer, now)
                items.append({"trackName": name, "mid": mid})
            else:
                items.append({"trackName": name, "mid": mid} | error_fields(outcome, request.path))
        return answered.sdp, items

    def _repeated(self, requests: Iterable[TrackRequest]) -> dict[TrackRequest, ItemError]:
        names, mids, errors = set(self.tracks), set[str | None](), dict[TrackRequest, ItemError]()
        for request in requests:
            if request.track_name in names or request.mid in mids:
                what = f"trackName {request.track_name!r} or mid {request.mid!r}"
                errors[request] = ItemError("repeated_local_track_error", f"{what} is published already")
                continue
            names.add(request.track_name or "")
            mids.add(request.mid)
        return errors

    def _add_track(self, name: str, parameters: RtpReceiveParameters, offer: SessionDescription, now: float) -> None:
        media = next(media for media in offer.media if media.mid == parameters.mid)
        group = media.msid.stream if media.msid is not None and media.msid.stream != "-" else "-"
        stream = self._streams.setdefault(group, secrets.token_hex(8))
        publication = self.connection.receive(parameters)
        self.tracks[name] = Track(name, parameters.mid, self.id, stream, publication, now)

    def offer(
        self, wanted: Sequence[tuple[Track, TrackRequest]], now: float
    ) -> tuple[str | None, list[str | ItemError]]:
        """Offers the tracks on m-lines of their own; the client's answer opens them. None when nothing was added."""
        self._begin(now)
        offered = self._negotiation.offer([Source(track.publication.parameters, track.stream) for track, _ in wanted])
        if offered.sdp is not None:
            self._offered_at = now
            self._forget_unanswered()
        for (track, request), mid in zip(wanted, offered.mids, strict=True):
            if isinstance(mid, str):
                self._add_pull(mid, track, request)
        return offered.sdp, list(offered.mids)

    def answer_pull(
        self, sdp: str, wanted: Sequence[tuple[Track, TrackRequest]], now: float
    ) -> tuple[str, list[str | ItemError]]:
        """Answers a client's own offer with the tracks on its receiving m-lines."""
        self._begin(now)
        sources = [Source(track.publication.parameters, track.stream, request.mid) for track, request in wanted]
        answered = self._negotiation.answer(parsed(sdp), pulls=sources)
        self._start()
        self._drop(answered.ended)
        mids: list[str | ItemError] = []
        for (track, request), outcome in zip(wanted, answered.pulled, strict=True):
            if isinstance(outcome, ItemError):
                mids.append(outcome)
                continue
            self._add_pull(outcome.mid, track, request)
            self._open(outcome)
            mids.append(outcome.mid)
        return answered.sdp, mids

    def accept(self, sdp: str, now: float) -> list[Item]:
        """Takes the client's answer to our offer; the items are the m-lines that cannot be used, and why."""
        self._begin(now)
        accepted = self._negotiation.accept(parsed(sdp))
        self._start()
        self._drop(accepted.ended)
        for parameters in accepted.sends:
            self._open(parameters)
        for mid in accepted.refused:
            self._drop([mid])
        return [
            {"mid": mid} | error_fields(ItemError("invalid_session_description", f"mid {mid!r}: {reason}"))
            for mid, reason in accepted.refused.items()
        ]

    def close_negotiated(self, sdp: str, mids: Sequence[str], now: float) -> tuple[str, list[Item]]:
        """Ends the mids with the client's offer; its answer holds even when items failed."""
        self._begin(now)
        answered = self._negotiation.answer(parsed(sdp), closing=mids)
        self._start()
        items = self.close_forced(mids)
        self._drop(answered.ended)
        return answered.sdp, items

    # Without negotiation: these never wait for anything

    def close_forced(self, mids: Iterable[str]) -> list[Item]:
        """Ends the mids' media now; one that is not there was closed already."""
        items: list[Item] = []
        for mid in mids:
            if self._drop([mid]):
                items.append({"mid": mid})
            else:
                items.append({"mid": mid} | error_fields(closed_already()))
        return items

    def pause(self, wanted: Iterable[tuple[str, bool]]) -> list[Item]:
        """Shuts or opens the gate of received tracks."""
        items: list[Item] = []
        for mid, paused in wanted:
            pull = self.pulls.get(mid)
            if pull is None:
                items.append({"mid": mid, "paused": paused} | error_fields(closed_already()))
                continue
            pull.paused = paused
            if pull.edge is not None:
                pull.edge.set_paused(paused)
            items.append({"mid": mid, "paused": paused})
        return items

    def update(self, requests: Iterable[TrackRequest]) -> list[Item]:
        """Changes the preferred layer of received simulcast tracks."""
        return [self._update(request) for request in requests]

    def _update(self, request: TrackRequest) -> Item:
        pull = self.pulls.get(request.mid or "")
        if pull is None:
            missing = ItemError("not_found_track_error", f"mid {request.mid!r} receives no track")
            return {"mid": request.mid} | error_fields(missing, request.path)
        item: Item = {"mid": request.mid, "sessionId": pull.track.session_id, "trackName": pull.track.name}
        try:
            pull.prefer(request)
        except ItemError as error:
            return item | error_fields(error, request.path)
        return item

    def close(self) -> None:
        """Ends the session and all it publishes and receives. Idempotent."""
        if self.closed:
            return
        self.closed = True
        self._drop([*(track.mid for track in self.tracks.values()), *self.pulls])
        self.connection.close()

    # Looking on

    def describe(self) -> list[Item]:
        """The tracks as `GET session` shows them."""
        published = [track.described() for track in self.tracks.values()]
        return published + [pull.described() for pull in self.pulls.values()]

    def sweep(self, now: float) -> None:
        """Drops what is overdue: an unanswered offer, silent tracks, and the session itself when it isn't connected."""
        self._expire_offer(now)
        for track in list(self.tracks.values()):
            silent = track.publication.seconds_silent(now)
            if (now - track.published_at if silent is None else silent) > self._limits.silent_track:
                self._drop([track.mid])
        state = self.connection.state
        if state != "disconnected":
            self._disconnected_at = None
        elif self._disconnected_at is None:
            self._disconnected_at = now
        lost = self._disconnected_at is not None and now - self._disconnected_at >= self._limits.disconnected
        unused = state in ("new", "connecting") and now - self._used_at >= self._limits.unconnected
        if state == "closed" or lost or unused:
            self.close()

    # Inside

    def _begin(self, now: float) -> None:
        if self.closed:
            raise SessionGone("this session has ended: make a new one")
        self._used_at = now
        self._expire_offer(now)

    def _expire_offer(self, now: float) -> None:
        if self._negotiation.offer_pending and now - self._offered_at >= self._limits.offer_answered:
            self._negotiation.rollback()
            self._forget_unanswered()

    def _forget_unanswered(self) -> None:
        for mid in [mid for mid, pull in self.pulls.items() if pull.edge is None]:
            self._drop([mid])

    def _answer(self, offer: SessionDescription, now: float) -> str:
        self._begin(now)
        answered = self._negotiation.answer(offer)
        self._start()
        return answered.sdp

    def _start(self) -> None:
        peer = self._negotiation.peer
        if peer is not None:
            self.connection.start(peer.fingerprint, peer.our_role)

    def _add_pull(self, mid: str, track: Track, request: TrackRequest) -> None:
        rids = track.publication.rids
        pull = Pull(track, mid, chosen_rid(rids, request) if rids else None)
        self.pulls[mid] = pull
        pull.on_close = partial(self.close_forced, [mid])
        track.pulls.append(pull)

    def _open(self, parameters: RtpSendParameters) -> None:
        pull = self.pulls[parameters.mid]
        pull.opened(self.connection.send(pull.track.publication, parameters))

    def _drop(self, mids: Iterable[str]) -> bool:
        """Ends what these mids carry, in both directions; False when they carry nothing."""
        found = False
        for mid in list(mids):
            pull = self.pulls.pop(mid, None)
            track = next((track for track in self.tracks.values() if track.mid == mid), None)
            self._negotiation.close(mid)
            if pull is not None:
                pull.track.pulls.remove(pull)
                if pull.edge is not None:
                    pull.edge.close()
            if track is not None:
                self._unpublish(track)
            found = found or pull is not None or track is not None
        return found

    def _unpublish(self, track: Track) -> None:
        track.closed = True
        del self.tracks[track.name]
        track.publication.close()
        for pull in list(track.pulls):
            pull.on_close()
