/**
 * C's `long`, the one type here whose width depends on the platform. In JavaScript it is always a
 * bigint.
 *
 * @module
 */

import {
  type NativeFunction,
  type NativeSignature,
  type NativeType,
  runtime,
} from "../runtimes/mod.ts";
import { platform } from "./platform.ts";

/** {@linkcode NativeType}, `long` and `unsigned long`. */
export type CType = NativeType | "long" | "ulong";

/** One C function. */
export interface CSignature {
  readonly parameters: readonly CType[];
  readonly result: CType;
}

/** C functions by symbol name. */
export type CTable = Readonly<Record<string, CSignature>>;

type Wide<T extends CType> = T extends "long" ? "i64" : T extends "ulong" ? "u64" : T;
type EachWide<P extends readonly CType[]> = { readonly [I in keyof P]: Wide<P[I]> };

/** The typed function that calls a C function of signature `S`. */
type CFunction<S extends CSignature> = NativeFunction<
  { readonly parameters: EachWide<S["parameters"]>; readonly result: Wide<S["result"]> }
>;

/** Typed functions for each symbol of a table. */
export type CFunctions<T extends CTable> = { readonly [K in keyof T]: CFunction<T[K]> };

const natives = platform.long === 4
  ? { long: "i32", ulong: "u32" } as const
  : { long: "i64", ulong: "u64" } as const;

const isLong = (type: CType | undefined) => type === "long" || type === "ulong";
const nativeOf = (type: CType): NativeType =>
  type === "long" || type === "ulong" ? natives[type] : type;

/** Binds a table as the runtime's `dlopen` does. */
export function dlopen<T extends CTable>(path: string | null, table: T): CFunctions<T> {
  const symbols = mapValues(table, ({ parameters, result }): NativeSignature => ({
    parameters: parameters.map(nativeOf),
    result: nativeOf(result),
  }));
  const functions: Readonly<Record<string, unknown>> = runtime.dlopen(path, symbols);
  if (platform.long === 8) return functions as CFunctions<T>;
  return mapValues(table, (signature, name) => {
    return widen(signature, functions[name] as AnyFunction);
  }) as unknown as CFunctions<T>;
}

type AnyFunction = (...args: unknown[]) => unknown;

/** Wraps `call`, whose longs are numbers, in a function whose longs are bigints. */
function widen({ parameters, result }: CSignature, call: AnyFunction): AnyFunction {
  if (![...parameters, result].some(isLong)) return call;
  return (...args) => {
    const returned = call(
      ...args.map((arg, index) => isLong(parameters[index]) ? Number(arg) : arg),
    );
    return isLong(result) ? BigInt(returned as number) : returned;
  };
}

function mapValues<V, W>(
  record: Readonly<Record<string, V>>,
  map: (value: V, name: string) => W,
): Record<string, W> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, map(value, name)]),
  );
}
