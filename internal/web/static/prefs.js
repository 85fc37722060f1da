// What a reader has chosen, kept by the browser for all tabs. A browser that keeps nothing, as in a frame of another
// site, is no error: the choice then lasts as long as the page.

export function chosen(name) {
  try {
    return localStorage.getItem(`chatme-${name}`)
  } catch {
    return null
  }
}

export function choose(name, value) {
  try {
    localStorage.setItem(`chatme-${name}`, value)
  } catch {}
}
