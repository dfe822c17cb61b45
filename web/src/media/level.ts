/** Root mean square of samples around 128, as a share of full scale on a gentle curve: 0 … 1. */
export function loudness(samples: Uint8Array): number {
  let sum = 0
  for (const sample of samples) sum += ((sample - 128) / 128) ** 2
  return Math.min(1, Math.sqrt(Math.sqrt(sum / Math.max(1, samples.length))) * 1.4)
}

/** Listens to a microphone and reports its loudness (0 … 1) ten times a second until stopped. */
export function watchLevel(track: MediaStreamTrack, report: (level: number) => void): () => void {
  const context = new AudioContext()
  const analyser = context.createAnalyser()
  analyser.fftSize = 1024
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser)
  const samples = new Uint8Array(analyser.fftSize)
  const timer = setInterval(() => {
    analyser.getByteTimeDomainData(samples)
    report(track.enabled ? loudness(samples) : 0)
  }, 100)
  void context.resume()
  return () => {
    clearInterval(timer)
    void context.close()
  }
}
