// A small set of emoji for keyboards without them.

const FACES = '😀 😂 🤣 😊 😍 😘 😎 🤔 😅 😉 🙃 😴 😮 😢 😭 😡 😱 🥳 🤗 🙄 👍 👎 👋 👏 🙏 💪 🤝 ❤️ 💔 🔥 ✨ 🎉 ☕ 🍕 🎵 🌞'

/** Fills panel, which button opens, with emoji; pick is called with the chosen one. */
export function emojiPanel({ panel, button, pick }) {
  if (!('popover' in panel)) {
    panel.hidden = button.hidden = true // the browser could not close it again
    return
  }
  for (const face of FACES.split(' ')) {
    const choice = document.createElement('button')
    choice.type = 'button'
    choice.textContent = face
    choice.addEventListener('click', () => {
      panel.hidePopover()
      pick(face)
    })
    panel.append(choice)
  }
}

/** Reports whether the panel is open at this moment; its toggle event comes later, behind the keys of a fast user. */
export function isOpen(panel) {
  return 'popover' in panel && panel.matches(':popover-open')
}
