/** Whether a text matches a pattern of OpenSSH: `*` any characters, `?` one. Without regard to case, as host names are. */
export function matchesPattern(text: string, pattern: string): boolean {
  return matchFrom(text.toLowerCase(), pattern.toLowerCase())
}

/** Two positions to go back to, instead of recursion: a pattern of many stars takes no exponential time. */
function matchFrom(text: string, pattern: string): boolean {
  let [at, next] = [0, 0]
  let [star, starAt] = [-1, 0]
  while (at < text.length) {
    const unit = pattern[next]
    if (unit === '*') {
      star = next++
      starAt = at
    } else if (unit === '?' || unit === text[at]) {
      next++
      at++
    } else if (star >= 0) {
      next = star + 1
      at = ++starAt
    } else return false
  }
  while (pattern[next] === '*') next++
  return next === pattern.length
}

/** Whether one pattern of a list matches and none that begins with `!` does. */
export function matchesList(text: string, patterns: readonly string[]): boolean {
  let matches = false
  for (const pattern of patterns) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(text, pattern.slice(1))) return false
    } else if (matchesPattern(text, pattern)) matches = true
  }
  return matches
}
