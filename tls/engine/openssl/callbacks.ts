/**
 * OpenSSL's callbacks. Each is one C function pointer for the whole process, made at first use and
 * kept. It finds the connection by its `SSL *`.
 *
 * There are as few callbacks as possible: Node 26.10 aborts when a worker is terminated while C
 * calls back. Node's own tests cover that case, so a later Node will end only the worker:
 * https://github.com/nodejs/node/blob/main/test/ffi/test-ffi-callback-worker-termination.js
 *
 * @module
 */

import { readMemory, readString, slotOf, writeMemory } from "../../../ffi/memory.ts";
import { OPENSSL } from "../../../ffi/openssl.ts";
import { type NativeCallback, runtime } from "../../../runtimes/mod.ts";

/**
 * The hooks of one connection. OpenSSL is inside a call when it runs them. So a hook must not run
 * code of the user, which might close the connection that OpenSSL is working on. A hook passes data
 * to the user in a microtask, after the call has returned.
 */
export interface Hooks {
  keyLog?(line: string): void;
  /** Picks from the client's protocols; `undefined` where none suits. */
  selectAlpn?(offered: readonly string[]): string | undefined;
}

/** The hooks of each connection, by its `SSL *`. */
export const hooksOf: Map<bigint, Hooks> = new Map();

/** Keeps an exception from unwinding through C. It is reported as an uncaught one afterwards. */
function runGuarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** Makes the callback at first use and keeps it: C would call it even after it was collected. */
function makeOnce(make: () => NativeCallback): () => bigint {
  let callback: NativeCallback | undefined;
  return () => (callback ??= make()).pointer;
}

/** `void keylog_cb(const SSL *ssl, const char *line);` */
export const keyLogCallback: () => bigint = makeOnce(() =>
  runtime.callback(
    { parameters: ["pointer", "pointer"], result: "void" } as const,
    (ssl, line) => runGuarded(() => hooksOf.get(ssl)?.keyLog?.(readString(line) ?? "")),
  )
);

/**
 * `int alpn_select_cb(SSL *ssl, const unsigned char **out, unsigned char *outlen,
 * const unsigned char *in, unsigned int inlen, void *arg);`
 */
export const alpnSelectCallback: () => bigint = makeOnce(() =>
  runtime.callback(
    {
      parameters: ["pointer", "pointer", "pointer", "pointer", "u32", "pointer"],
      result: "i32",
    } as const,
    (ssl, out, outLength, input, length) => {
      let verdict: number = OPENSSL.SSL_TLSEXT_ERR_NOACK;
      runGuarded(() => {
        const select = hooksOf.get(ssl)?.selectAlpn;
        if (!select) return;
        const wire = readMemory(input, length);
        const offered = decodeProtocols(wire);
        const chosen = select(offered.map(({ name }) => name));
        const match = offered.find(({ name }) => name === chosen);
        // RFC 7301, section 3.2: no common protocol is fatal, with alert no_application_protocol.
        verdict = OPENSSL.SSL_TLSEXT_ERR_ALERT_FATAL;
        if (!match) return;
        // OpenSSL copies the answer, which may therefore point into the client's own list.
        writeMemory(out, slotOf(input + BigInt(match.offset)));
        writeMemory(outLength, Uint8Array.of(match.length));
        verdict = OPENSSL.SSL_TLSEXT_ERR_OK;
      });
      return verdict;
    },
  )
);

/** Protocol names as RFC 7301, section 3.1 puts them on the wire: each after its length. */
export function encodeProtocols(names: readonly string[]): Uint8Array {
  const encoded = names.map((name) => new TextEncoder().encode(name));
  return Uint8Array.from(encoded.flatMap((name) => [name.length, ...name]));
}

function decodeProtocols(wire: Uint8Array): { name: string; offset: number; length: number }[] {
  const protocols = [];
  for (let offset = 1; offset <= wire.length;) {
    const length = wire[offset - 1] ?? 0;
    const name = new TextDecoder().decode(wire.subarray(offset, offset + length));
    protocols.push({ name, offset, length });
    offset += length + 1;
  }
  return protocols;
}
