// What a page needs to publish and receive through the Calls API; every negotiation goes over `calls`.
const settings = { base: '', secret: '' };
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

async function calls(method, path, body) {
  const response = await fetch(settings.base + path, {
    method,
    headers: { Authorization: `Bearer ${settings.secret}` },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: response.status, ...(await response.json()) };
}

const newSession = async () => (await calls('POST', '/sessions/new')).sessionId;

class Publisher {
  async open() {
    this.session = await newSession();
    this.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    return this;
  }
  // tracks: {name: [MediaStreamTrack, init]}; init.codecs are those preferred.
  async publish(tracks) {
    const added = Object.entries(tracks).map(([name, [track, init]]) => [name, this.pc.addTransceiver(track, { direction: 'sendonly', ...init })]);
    for (const [name, transceiver] of added) {
      const codecs = tracks[name][1]?.codecs;
      if (codecs) transceiver.setCodecPreferences(codecs);
    }
    await this.pc.setLocalDescription();
    const reply = await calls('POST', `/sessions/${this.session}/tracks/new`, {
      sessionDescription: { type: 'offer', sdp: this.pc.localDescription.sdp },
      tracks: added.map(([trackName, t]) => ({ location: 'local', mid: t.mid, trackName })),
    });
    if (reply.sessionDescription) await this.pc.setRemoteDescription(reply.sessionDescription);
    return reply;
  }
  close(mids, force) {
    return calls('PUT', `/sessions/${this.session}/tracks/close`, { tracks: mids.map((mid) => ({ mid })), force });
  }
}

class Receiver {
  async open() {
    this.session = await newSession();
    this.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    this.announced = [];
    this.pc.ontrack = (event) => {
      this.announced.push(event.transceiver.mid);
      const sink = document.createElement(event.track.kind);
      sink.srcObject = new MediaStream([event.track]);
      sink.muted = event.track.kind === 'video';
      document.body.append(sink);
      sink.play().catch(() => {});
    };
    return this;
  }
  async pull(session, names, simulcast) {
    const reply = await calls('POST', `/sessions/${this.session}/tracks/new`, {
      tracks: names.map((trackName) => ({ location: 'remote', sessionId: session, trackName, simulcast })),
    });
    if (reply.requiresImmediateRenegotiation) reply.renegotiated = await this.accept(reply.sessionDescription);
    return reply;
  }
  async accept(offer) {
    await this.pc.setRemoteDescription(offer);
    await this.pc.setLocalDescription();
    return calls('PUT', `/sessions/${this.session}/renegotiate`, {
      sessionDescription: { type: 'answer', sdp: this.pc.localDescription.sdp },
    });
  }
  close(mids, force = true) {
    return calls('PUT', `/sessions/${this.session}/tracks/close`, { tracks: mids.map((mid) => ({ mid })), force });
  }
  async inbound(mid) {
    const report = await this.pc.getStats();
    const found = [...report.values()].find((s) => s.type === 'inbound-rtp' && s.mid === mid);
    return found ?? { framesDecoded: 0, packetsReceived: 0, totalAudioEnergy: 0 };
  }
  async codec(mid) {
    const report = await this.pc.getStats();
    return report.get((await this.inbound(mid)).codecId);
  }
  // Waits until `field` of the mid has passed `above`; its value, or null after `ms`.
  async until(mid, field, above, ms = 10000) {
    for (const end = performance.now() + ms; performance.now() < end; await wait(50)) {
      const value = (await this.inbound(mid))[field] ?? 0;
      if (value > above) return value;
    }
    return null;
  }
  // How much `field` grows in `ms`.
  async growth(mid, field, ms) {
    const before = (await this.inbound(mid))[field] ?? 0;
    await wait(ms);
    return ((await this.inbound(mid))[field] ?? 0) - before;
  }
}

const media = async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 1280, height: 720 } });
  const group = { streams: [stream] };
  return { mic: [stream.getAudioTracks()[0], group], cam: [stream.getVideoTracks()[0], group] };
};
Object.assign(window, { settings, calls, newSession, Publisher, Receiver, media, wait });
