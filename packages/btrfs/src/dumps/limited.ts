/** Runs `work` over the items, at most `limit` at a time, and gives what came out in their order. The first failure ends it after those that run. */
export async function mapLimited<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = []
  let next = 0
  let failure: { readonly error: unknown } | undefined
  const worker = async (): Promise<void> => {
    while (failure === undefined && next < items.length) {
      const at = next++
      try {
        results[at] = await work(items[at] as T)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
  // Set in a callback, which the compiler cannot see.
  const failed = failure as { readonly error: unknown } | undefined
  if (failed !== undefined) throw failed.error
  return results
}
