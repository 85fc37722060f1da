// A small choice of emoji for whoever has no keyboard for them.

const FACES = '😀 😂 🤣 😊 😍 😘 😎 🤔 😅 😉 🙃 😴 😮 😢 😭 😡 😱 🥳 🤗 🙄 👍 👎 👋 👏 🙏 💪 🤝 ❤️ 💔 🔥 ✨ 🎉 ☕ 🍕 🎵 🌞'

/** Fills panel, which button opens, with what pick is called with. */
export function emojiPanel({ panel, button, pick }) {
  if (!('popover' in panel)) {
    panel.hidden = button.hidden = true // a browser that could not close it again
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
