/**
 * A line for people about a service: where it is and which version, or why it is not there.
 *
 * @param {string} name
 * @param {import('./types.d.mts').Unavailable | import('./types.d.mts').Available<any>} found
 */
export function lineOf(name, found) {
  return `${name.padEnd(10)}  ${found.available ? `${placeOf(found)}, ${found.version}` : `not available: ${found.reason}`}`
}

/** @param {any} details */
function placeOf({ host, port, implicitPort, interactivePort, endpoint, mounts }) {
  if (endpoint !== undefined) return endpoint
  if (mounts !== undefined) return Object.values(mounts).slice(0, 2).join(' ')
  const others = [
    ...(implicitPort === undefined ? [] : [`implicit TLS ${implicitPort}`]),
    ...(interactivePort === undefined ? [] : [`keyboard-interactive ${interactivePort}`]),
  ]
  return [`${host}:${port}`, ...others].join(', ')
}
