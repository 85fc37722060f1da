// Addresses that a stranger sends. A link shows where it goes, opens in a tab that knows nothing of this page, and is
// never followed by the page itself.

// Not in an address: what turns the direction of a text or cannot be seen, because it would show another one.
const ADDRESS = /\bhttps?:\/\/[^\s<>"'`\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/gi
const LONGEST = 2000
const MOST = 100 // in one message; a text of nothing but addresses would keep the page busy
const TAIL = '.,;:!?*_)]}' // of a sentence rather than of the address at its end

/** text as nodes, its addresses as links. */
export function withLinks(text) {
  const nodes = []
  let links = 0
  let end = 0
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    if (links >= MOST) break
    const address = found.length <= LONGEST ? withoutTail(found) : ''
    const link = address && linkTo(address)
    if (!link) continue
    links++
    nodes.push(text.slice(end, index), link)
    end = index + address.length
  }
  return [...nodes, text.slice(end)].filter((node) => node !== '')
}

function withoutTail(found) {
  let end = found.length
  while (TAIL.includes(found[end - 1])) end--
  return found.slice(0, found[end] === ')' && found.includes('(') ? end + 1 : end)
}

/** A link to an address of the web, or null if it is none, or made to look like another. */
export function linkTo(address, label) {
  const url = address.length <= LONGEST ? parsed(address) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) return null
  const a = document.createElement('a')
  a.href = url.href
  a.textContent = label?.(url) ?? url.href // as the browser reads it: a host in foreign letters is seen to be one
  a.target = '_blank'
  a.rel = 'noopener noreferrer nofollow'
  return a
}

function parsed(address) {
  try {
    return new URL(address)
  } catch {
    return null
  }
}
