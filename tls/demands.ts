/**
 * What options ask of an engine.
 *
 * @module
 */

import type { EngineFeatures } from "./features.ts";
import type { TlsClientOptions } from "./options.ts";

/** Options that not every engine can do. */
export type Demanding = TlsClientOptions & { readonly earlyData?: unknown };

/** One thing that is asked for. */
export interface Demand {
  readonly feature: keyof EngineFeatures;
  readonly option: keyof Demanding;
  readonly words: string;
  /** What is merely asked for costs time where it is not had, and nothing else. */
  readonly weight: "by default" | "asked for" | "must be met";
}

/** All that options ask for. */
export function demandsOf({ earlyData, sessions, keyLog, groups }: Demanding): Demand[] {
  const demands: Demand[] = [];
  const demand = (
    option: Demand["option"],
    feature: Demand["feature"],
    words: string,
    weight: Demand["weight"] = "asked for",
  ) => demands.push({ option, feature, words, weight });
  if (earlyData !== undefined) demand("earlyData", "earlyData", "early data");
  if (sessions === undefined) demand("sessions", "resumption", "resumption", "by default");
  else if (sessions !== false) demand("sessions", "resumption", "resumption");
  if (keyLog !== undefined) demand("keyLog", "keyLog", "a key log");
  if (Array.isArray(groups)) demand("groups", "groups", "its groups", "must be met");
  return demands;
}
