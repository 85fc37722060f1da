// What a reader has chosen, kept by the browser for all tabs, and what this tab was at, kept for its next load. A browser
// that keeps nothing, as in a frame of another site, is no error: it then lasts as long as the page.

export const chosen = (name) => read(() => localStorage, name)
export const choose = (name, value) => write(() => localStorage, name, value)

export const kept = (name) => read(() => sessionStorage, name)
/** null forgets it. */
export const keep = (name, value) => write(() => sessionStorage, name, value)

// Even to name a storage that is switched off throws.

function read(storage, name) {
  try {
    return storage().getItem(`chatme-${name}`)
  } catch {
    return null
  }
}

function write(storage, name, value) {
  try {
    if (value === null) storage().removeItem(`chatme-${name}`)
    else storage().setItem(`chatme-${name}`, value)
  } catch {}
}
