// The reader's choices, stored by the browser for all tabs, and the state of this tab, stored for its next load. A browser
// may store nothing, for example in a frame of another site: then they last as long as the page.

export const chosen = (name) => read(() => localStorage, name)
export const choose = (name, value) => write(() => localStorage, name, value)

export const kept = (name) => read(() => sessionStorage, name)
/** Stores value; null deletes it. */
export const keep = (name, value) => write(() => sessionStorage, name, value)

// If storage is disabled, even naming it throws.

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
