/**
 * Undoing things when the process ends before it has undone them itself.
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
  process.kill(process.pid, signal); // Without a listener the signal does what it always does.
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
 * Has `undo`, which must be synchronous, called if the process exits or is ended by a signal.
 *
 * @returns takes it back.
 */
export function onAbruptEnd(undo: () => void): () => void {
  if (undos.size === 0) listen();
  undos.add(undo);
  return () => {
    undos.delete(undo);
    if (undos.size === 0) unlisten();
  };
}
