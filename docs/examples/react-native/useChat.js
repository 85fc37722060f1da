import { useEffect, useReducer, useState } from 'react'
import { AppState } from 'react-native'
import { ChatMe } from 'chatme-client'

export function useChat(url, apiKey, storage) {
  const [chat] = useState(() => new ChatMe({ url, apiKey, storage }))
  const [, changed] = useReducer((n) => n + 1, 0)

  useEffect(() => {
    const undo = chat.on('change', changed)
    const goOn = () => chat.state !== 'idle' && chat.connect()
    const app = AppState.addEventListener('change', (state) => {
      if (state === 'background') chat.sleep() // messages are held for ten minutes
      if (state === 'active') goOn()
    })
    goOn() // after the app was killed
    return () => {
      undo()
      app.remove()
      chat.close()
    }
  }, [chat])

  return {
    status: chat.state, // 'idle', 'searching', 'chatting'
    isConnected: chat.online,
    isTyping: chat.partner?.typing ?? false,
    isAway: chat.partner?.here === false,
    messages: chat.messages.map((m) => ({ ...m, status: m.mine ? chat.statusOf(m) : undefined })),
    findPartner: () => chat.search(), // also Next
    sendMessage: (text, imageUrl) => chat.send({ text, imageUrl }),
    sendTyping: (on) => chat.typing(on),
    endChat: () => chat.end(),
  }
}
