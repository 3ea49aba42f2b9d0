/** How long OpenSSL's sessions are worth keeping. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { MemorySessionStore, type StoredSession } from "../../../../mod.ts";
import { eachCertificate } from "../../../../tls/engine/openssl/pem.ts";
import {
  freeSession,
  readSession,
  ticketOf,
} from "../../../../tls/engine/openssl/native_session.ts";
import { certificates } from "../../../peers/certificates.ts";
import { ask } from "../../../peers/exchange.ts";
import { startNginx } from "../../../peers/nginx.ts";
import { requirePeer } from "../../../peers/peer.ts";

const skip = requirePeer("nginx", "openssl");

/** A session that nginx, which promises an hour, has agreed to. */
async function agreed(protocols: string): Promise<Buffer> {
  await using nginx = await startNginx({ protocols });
  const sessions = new MemorySessionStore();
  const kept: StoredSession[] = [];
  sessions.put = (_key, session) => void kept.push(session);
  await ask({ port: nginx.port, sessions });
  return Buffer.from(kept[0]!.session);
}

/** `session` without the field of the promise (OpenSSL's SSL_SESSION_ASN1, tag 9). */
function withoutPromise(session: Buffer): Buffer {
  const promise = Buffer.of(0xa9, 4, 2, 2, 3600 >> 8, 3600 & 0xff);
  const at = session.indexOf(promise);
  assert.ok(at > 4 && session[1] === 0x82, "this is no session as it used to be");
  const rest = Buffer.concat([session.subarray(0, at), session.subarray(at + promise.length)]);
  rest.writeUInt16BE(rest.length - 4, 2);
  return rest;
}

/** Seconds that a session is kept if this is the certificate of its server. */
function lifetimeOf(session: Buffer, certificate: string): number {
  let lifetime = NaN;
  eachCertificate(certificate, "cert", (x509) => {
    const native = readSession(session);
    assert.notEqual(native, 0n);
    ({ lifetime } = ticketOf(native, x509, undefined));
    freeSession(native);
  });
  return lifetime / 1000;
}

for (const version of ["TLSv1.2", "TLSv1.3"]) {
  test(`${version}: as long as promised, and not beyond the certificate's end`, {
    skip,
  }, async () => {
    const session = await agreed(version);
    const { server, expiring, expired } = certificates();
    assert.equal(lifetimeOf(session, server.leaf), 3600);
    const left = lifetimeOf(session, expiring.leaf);
    assert.ok(left > 0 && left <= 120, `${left} s`);
    assert.ok(lifetimeOf(session, expired.leaf) <= 0);
  });
}

test("no promise leaves it open in TLS 1.2, and means no time at all in TLS 1.3", {
  skip,
}, async () => {
  const { leaf } = certificates().server;
  assert.ok(lifetimeOf(withoutPromise(await agreed("TLSv1.2")), leaf) > 0);
  assert.equal(lifetimeOf(withoutPromise(await agreed("TLSv1.3")), leaf), 0); // RFC 8446, 4.6.1
});
