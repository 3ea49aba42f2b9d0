/**
 * Undoes things when the process ends before it has undone them itself.
 *
 * @module
 */

import process from "node:process";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const undos = new Set<() => void>();

function undoAll(): void {
  for (const undo of undos) undo();
  undos.clear();
}

function endBy(signal: NodeJS.Signals): void {
  undoAll();
  unlisten();
  process.kill(process.pid, signal); // Without a listener the signal has its default effect.
}

function listen(): void {
  process.on("exit", undoAll);
  for (const signal of SIGNALS) process.on(signal, endBy);
}

function unlisten(): void {
  process.off("exit", undoAll);
  for (const signal of SIGNALS) process.off(signal, endBy);
}

/**
 * Registers `undo`, which must be synchronous, for when the process exits or a signal ends it.
 *
 * @returns a function that takes the registration back.
 */
export function onAbruptEnd(undo: () => void): () => void {
  if (undos.size === 0) listen();
  undos.add(undo);
  return () => {
    undos.delete(undo);
    if (undos.size === 0) unlisten();
  };
}
