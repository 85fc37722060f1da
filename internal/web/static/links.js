// Links in a stranger's messages. A link shows its target, opens in a tab without access to this page, and is never
// followed by the page itself.

// Excludes bidirectional controls and invisible characters, which could disguise the address.
const ADDRESS = /\bhttps?:\/\/[^\s<>"'`\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/gi
const LONGEST = 2000
const MOST = 100 // per message; a text full of addresses would keep the page busy
const TAIL = '.,;:!?*_)]}' // belongs to the sentence, not to the address at its end

/** Returns text as nodes, with its addresses as links. */
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

/** Returns a link to a web address, or null if it is not one or is made to look like another. */
export function linkTo(address, label) {
  const url = address.length <= LONGEST ? parsed(address) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) return null
  const a = document.createElement('a')
  a.href = url.href
  a.textContent = label?.(url) ?? url.href // as the browser parses it, so that a host in foreign letters is recognizable
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
