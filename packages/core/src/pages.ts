/** Items per page where core makes pages itself: enough to hide the cost of an asynchronous step. */
export const pageSize = 1024

/** One by one or in pages, as pages. Single items are gathered, so that what follows pays one asynchronous step per page. */
export async function* toPages<T extends object>(items: AsyncIterable<T | readonly T[]>): AsyncGenerator<readonly T[], void, undefined> {
  let gathered: T[] = []
  for await (const item of items) {
    if (isPage(item)) {
      if (gathered.length > 0) {
        yield gathered
        gathered = []
      }
      if (item.length > 0) yield item
    } else {
      gathered.push(item)
      if (gathered.length >= pageSize) {
        yield gathered
        gathered = []
      }
    }
  }
  if (gathered.length > 0) yield gathered
}

function isPage<T extends object>(item: T | readonly T[]): item is readonly T[] {
  return Array.isArray(item)
}
