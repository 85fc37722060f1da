import { useEffect, useReducer, useState } from 'react'
import { ChatMe } from 'chatme-client'

export function useChat(url, apiKey, options) {
  const [chat] = useState(() => new ChatMe({ url, apiKey, ...options }))
  const [, changed] = useReducer((n) => n + 1, 0)

  useEffect(() => {
    const undo = chat.on('change', changed)
    if (chat.state !== 'idle') chat.connect() // after a reload
    return () => {
      undo()
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
