const NOTES_HZ = [659.25, 880]
const NOTE_SECONDS = 0.45

/** Two soft notes: to test the speaker, and to say that somebody has come. */
export async function chime(): Promise<void> {
  const context = new AudioContext()
  await context.resume()
  ring(context)
  await new Promise((resolve) => setTimeout(resolve, 1000 * (NOTE_SECONDS + 0.3)))
  await context.close()
}

/** The same in a context that is kept. */
export function ring(context: AudioContext): void {
  NOTES_HZ.forEach((frequency, index) => {
    const start = context.currentTime + index * 0.22
    const gain = context.createGain()
    gain.gain.setValueAtTime(0, start)
    gain.gain.linearRampToValueAtTime(0.22, start + 0.03)
    gain.gain.exponentialRampToValueAtTime(0.001, start + NOTE_SECONDS)
    const note = context.createOscillator()
    note.frequency.value = frequency
    note.connect(gain).connect(context.destination)
    note.start(start)
    note.stop(start + NOTE_SECONDS)
  })
}
