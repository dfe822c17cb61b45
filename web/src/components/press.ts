/** A press that acts once: what the second click of a double click would meet may be something else by then. */
export function once(act: () => void) {
  return (event: MouseEvent) => {
    if (event.detail < 2) act()
  }
}
