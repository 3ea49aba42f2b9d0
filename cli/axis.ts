/**
 * A time axis. It maps milliseconds to columns, and has ticks to count round trips by.
 *
 * @module
 */

/** One tick. */
export interface Tick {
  readonly column: number;
  readonly label: string;
}

/** Times laid out over columns. */
export interface Axis {
  /** The number of columns. */
  readonly width: number;
  readonly ticks: readonly Tick[];
  /** The unit that the ticks count. */
  readonly unit: "RTT" | "ms";
  /** The column of a time, not rounded. */
  position(at: number): number;
}

/** Columns a tick needs so that its label can be read. */
const TICK_ROOM = 6;

/** The smallest of 1, 2, 5, 10, 20, 50, … units that gives each tick its room. */
function stepFor(columnsPerUnit: number): number {
  const least = TICK_ROOM / columnsPerUnit;
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((factor) => factor * power >= least) ?? 10);
}

/**
 * An axis from `from` to `to` milliseconds. `from` is at most 0, `to` is at least 0. Ticks count
 * from 0, in round trips where `rtt` is known.
 */
export function makeAxis(from: number, to: number, rtt: number, width: number): Axis {
  const unit = rtt > 0 ? "RTT" : "ms";
  const unitLength = rtt > 0 ? rtt : 1;
  const perMs = (width - 1) / (to > from ? to - from : unitLength);
  const position = (at: number) => (at - from) * perMs;
  const step = stepFor(perMs * unitLength);
  // Ticks may count parts of a millisecond, but not parts of a round trip.
  const whole = unit === "RTT" ? Math.max(1, step) : step;
  const ticks: Tick[] = [];
  for (let count = 0; count * whole * unitLength <= to * 1.0001; count++) {
    const value = count * whole;
    const column = Math.min(width - 1, Math.round(position(value * unitLength)));
    ticks.push({ column, label: String(Number(value.toPrecision(6))) });
  }
  return { width, ticks, unit, position };
}
