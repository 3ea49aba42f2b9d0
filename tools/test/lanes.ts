/**
 * Doing things side by side on a machine with two processors.
 *
 * @module
 */

/**
 * Does `work` for each thing of each lane: one after another within a lane, the lanes side by side. Resolves
 * to all results, lane by lane.
 */
export async function inLanes<T, R>(
  lanes: readonly (readonly T[])[],
  work: (each: T) => Promise<R>,
): Promise<R[]> {
  const results = await Promise.all(lanes.map(async (lane) => {
    const done: R[] = [];
    for (const each of lane) done.push(await work(each));
    return done;
  }));
  return results.flat();
}
