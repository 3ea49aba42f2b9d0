/**
 * `tls.connect`, and what stands on it: `node:https`, `node:http2`, and most libraries.
 *
 * @module
 */

import { isOwnCall } from "../base/own_call.ts";
import { readArguments } from "./arguments.ts";
import { builtin, runtimeName } from "./builtins.ts";
import { earlyDataFor } from "./early_data.ts";
import type { Flag } from "./flag.ts";
import { IdentityReader } from "./identity.ts";
import { patchInstanceOf } from "./instance_of.ts";
import { watchPolicy } from "./policy.ts";
import { Remembered } from "./remembered.ts";

/** Bun tells nobody of its sockets. */
const isPublished = runtimeName !== "bun";

/** Replaces `tls.connect`, `tls.createSecureContext`, and what `instanceof tls.TLSSocket` asks. */
export function patchTls(flag: Flag): void {
  const tls = builtin("tls");
  const { connect, createSecureContext } = tls;
  const remembered = new Remembered();
  const identities = new IdentityReader();

  tls.createSecureContext = function (this: unknown, ...args) {
    const context = Reflect.apply(createSecureContext, this, args);
    remembered.context(context, args[0]);
    return context;
  };

  const policy = watchPolicy(); // From here on the program's doing counts.
  const opened = builtin("diagnostics_channel").channel("net.client.socket");

  tls.connect = function (this: unknown, ...args: unknown[]) {
    const { options, listener } = readArguments(args);
    if (isOwnCall(options)) return Reflect.apply(connect, this, args);
    const reason = policy() ?? (identities.canRead(options) ? undefined : "option key");
    const understood = reason ? { reason } : remembered.understand(options);
    const socket = flag.take("tls.connect", understood, (options) => {
      return flag.library.load().tlsSocket({ ...options, ...earlyDataFor(flag, options) });
    });
    if (!socket) return Reflect.apply(connect, this, args);
    remembered.sessionsOf(socket);
    flag.account.watch("tls.connect", socket);
    if (isPublished && opened.hasSubscribers) opened.publish({ socket });
    if (listener) socket.once("secureConnect", listener);
    return socket;
  } as typeof connect;

  patchInstanceOf(tls.TLSSocket, () => flag.library.loaded?.TlsSocket);
  flag.patched.push("tls.connect");
}
