// The oldest supported browsers, Safari 15, Chrome 100 and Firefox 100: features of current browsers that one of them does
// not have, from the tables of MDN. Safari 15 is 15.0.

/** Missing features, by the object that has them now. */
export const MISSING = {
  globalThis: [
    'structuredClone', 'reportError', 'BroadcastChannel', 'SharedWorker', 'OffscreenCanvas', 'OffscreenCanvasRenderingContext2D', 'ImageDecoder',
    'VideoDecoder', 'CompressionStream', 'DecompressionStream', 'HTMLDialogElement', 'CloseWatcher', 'ToggleEvent', 'Highlight', 'EditContext',
    'navigation', 'scheduler', 'TaskController', 'Iterator', 'EyeDropper', 'showOpenFilePicker', 'showSaveFilePicker', 'trustedTypes',
    'WebTransport', 'WebSocketStream', 'ViewTransition', 'requestIdleCallback', 'cancelIdleCallback', 'PushManager', 'Notification', 'Sanitizer',
    'URLPattern', 'AsyncDisposableStack', 'DisposableStack', 'SuppressedError', 'Float16Array', 'CookieStore', 'cookieStore',
  ],
  URL: ['canParse', 'parse'],
  Object: ['hasOwn', 'groupBy'],
  Map: ['groupBy'],
  Array: ['fromAsync'],
  Promise: ['withResolvers', 'try'],
  AbortSignal: ['timeout', 'any'],
  'AbortSignal.prototype': ['throwIfAborted', 'reason'],
  'Array.prototype': ['at', 'findLast', 'findLastIndex', 'toSorted', 'toReversed', 'toSpliced', 'with'],
  'Uint8Array.prototype.__proto__': ['at', 'findLast', 'findLastIndex', 'toSorted', 'toReversed', 'with'],
  'Uint8Array.prototype': ['toBase64', 'toHex', 'setFromBase64', 'setFromHex'],
  Uint8Array: ['fromBase64', 'fromHex'],
  'String.prototype': ['at', 'isWellFormed', 'toWellFormed'],
  'Set.prototype': ['union', 'intersection', 'difference', 'symmetricDifference', 'isSubsetOf', 'isSupersetOf', 'isDisjointFrom'],
  'ArrayBuffer.prototype': ['transfer', 'transferToFixedLength', 'resize', 'resizable', 'maxByteLength', 'detached'],
  RegExp: ['escape'],
  Math: ['sumPrecise', 'f16round'],
  Error: ['isError'],
  JSON: ['rawJSON', 'isRawJSON'],
  Intl: ['Segmenter', 'supportedValuesOf', 'DurationFormat'],
  'Crypto.prototype': ['randomUUID'],
  'Navigator.prototype': ['locks', 'userAgentData', 'userActivation', 'virtualKeyboard', 'vibrate', 'wakeLock', 'setAppBadge', 'permissions', 'connection', 'scheduling'],
  'Document.prototype': ['startViewTransition', 'prerendering', 'caretPositionFromPoint', 'adoptedStyleSheets'],
  'CSSStyleSheet.prototype': ['replaceSync'],
  'Element.prototype': ['checkVisibility', 'setHTMLUnsafe', 'getHTML', 'computedStyleMap', 'scrollIntoViewIfNeeded', 'attributeStyleMap', 'moveBefore', 'currentCSSZoom', 'setHTML'],
  'HTMLElement.prototype': ['popover', 'showPopover', 'hidePopover', 'togglePopover', 'inert', 'editContext', 'writingSuggestions', 'virtualKeyboardPolicy'],
  'HTMLButtonElement.prototype': ['popoverTargetElement', 'popoverTargetAction', 'commandForElement'],
  'HTMLInputElement.prototype': ['showPicker', 'popoverTargetElement', 'popoverTargetAction'],
  'HTMLImageElement.prototype': ['fetchPriority', 'loading'],
  'HTMLFormElement.prototype': ['requestSubmit'],
  'CanvasRenderingContext2D.prototype': ['roundRect', 'reset', 'isContextLost', 'createConicGradient', 'letterSpacing', 'wordSpacing'],
  'Blob.prototype': ['bytes'],
}

/** Runs in the page before its scripts: deletes the missing features. globalThis.deleted is the number deleted. */
export function makeOld(missing) {
  globalThis.deleted = 0
  for (const [where, names] of Object.entries(missing)) {
    const holder = where.split('.').reduce((object, name) => (name === 'globalThis' ? globalThis : object?.[name]), globalThis)
    if (!holder) continue
    for (const name of names) {
      if (!(name in holder)) continue
      delete holder[name]
      if (!(name in holder)) globalThis.deleted++
    }
  }
  // Features that are only partly supported.
  const { supports } = CSS
  CSS.supports = (...what) => !/dvh|svh|lvh|field-sizing|:has|color-mix|text-wrap|anywhere|popover|inset|container/.test(what.join()) && supports.apply(CSS, what)
  const { toDataURL } = HTMLCanvasElement.prototype
  HTMLCanvasElement.prototype.toDataURL = function (type, ...more) {
    return toDataURL.call(this, type === 'image/webp' || type === 'image/avif' ? 'image/png' : type, ...more)
  }
  const { createImageBitmap } = globalThis
  globalThis.createImageBitmap = (source, ...more) => (more.length > 0 ? Promise.reject(new TypeError('no options')) : createImageBitmap(source))
}

// ---- syntax

/** Syntax errors in one of them, each of which breaks a whole script. */
export const SYNTAX = {
  'a lookbehind': /\(\?<[=!]/,
  'a static block': /\bstatic\s*\{/,
  'a set in a pattern (flag v)': /\/[dgimsuy]*v[dgimsuy]*(?=\s*[.,;)\]]|$)/,
  'flags in a pattern': /\(\?[ims]*-?[ims]+:/,
  'import with attributes': /\b(?:import|export)\b.*\b(?:with|assert)\s*\{/,
  'using': /^\s*(?:await\s+)?using\s+\w/,
  'a decorator': /^\s*@\w/,
  'an accessor': /^\s*(?:static\s+)?accessor\s/,
  'an error with a cause': /\bnew \w*Error\([^)]*\{\s*cause\b/,
  'a hashbang': /^#!/,
  'import.meta.resolve': /import\.meta\.resolve/,
}
