const BLACK_FPS = 1

/**
 * A black picture at one frame a second: a track without packets for 30 s would be dropped by the media plane, so
 * a camera that is off still sends something.
 */
export function blackTrack(): MediaStreamTrack {
  const canvas = document.createElement('canvas')
  canvas.width = 320
  canvas.height = 180
  const context = canvas.getContext('2d', { alpha: false })!
  const stream = canvas.captureStream(BLACK_FPS)
  const track = stream.getVideoTracks()[0]!
  let even = false
  const paint = () => {
    // A canvas that does not change gives no frame: two blacks take turns.
    even = !even
    context.fillStyle = even ? '#000000' : '#010101'
    context.fillRect(0, 0, canvas.width, canvas.height)
    if (track.readyState === 'ended') clearInterval(timer)
  }
  const timer = setInterval(paint, 1000 / BLACK_FPS)
  paint()
  return track
}

/** Silence, for a person without a microphone: both tracks are part of every join. */
export function silentTrack(): MediaStreamTrack {
  const context = new AudioContext()
  const track = context.createMediaStreamDestination().stream.getAudioTracks()[0]!
  track.enabled = false
  return track
}
