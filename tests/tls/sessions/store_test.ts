/** How long sessions live, whoever keeps them (RFC 8446, section 4.6.1). */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  FileSessionStore,
  MemorySessionStore,
  type SessionStore,
  type StoredSession,
} from "../../../mod.ts";
import { Resumption } from "../../../tls/client/resumption.ts";
import type { SessionTicket } from "../../../tls/engine/contract.ts";
import type { TlsWarning } from "../../../tls/warnings.ts";
import { withClock } from "../../fixtures/clock.ts";
import { temporaryFolder } from "../../peers/folder.ts";

const DAY = 24 * 3_600_000;
const WEEK = 7 * DAY;

const session = Uint8Array.of(1, 2, 3);

/** A ticket whose server promises to know it for so long. */
const ticketFor = (lifetime: number): SessionTicket => ({ session, lifetime, group: undefined });

/** A store of somebody's own, which believes all that it is told. */
class CredulousStore implements SessionStore {
  readonly kept: StoredSession[] = [];

  take(): StoredSession | undefined {
    return this.kept.pop();
  }

  put(_key: string, stored: StoredSession): void {
    this.kept.push(stored);
  }
}

test("neither store hands out after a week what was to be kept for longer", () => {
  using folder = temporaryFolder();
  for (const store of [new MemorySessionStore(), new FileSessionStore(folder.path("sessions"))]) {
    for (const expires of [Infinity, Date.now() + 30 * DAY]) {
      withClock((pass) => {
        store.put("key", { session, expires });
        store.put("key", { session, expires });
        pass(WEEK - 1);
        assert.deepEqual(store.take("key")?.session, session);
        pass(1);
        assert.equal(store.take("key"), undefined);
        store.put("key", { session, expires });
        pass(8 * DAY);
        assert.equal(store.take("key"), undefined);
      });
    }
  }
});

test("a server's promise of more than a week is one of a week to every store", () => {
  for (const [promised, kept] of [[DAY, DAY], [WEEK, WEEK], [8 * DAY, WEEK], [Infinity, WEEK]]) {
    withClock((pass) => {
      const store = new CredulousStore();
      const warnings: TlsWarning[] = [];
      const resumption = new Resumption(store, "key", (warning) => warnings.push(warning));
      const { signal } = new AbortController();
      resumption.keep(ticketFor(promised!));
      resumption.keep(ticketFor(promised!));
      assert.equal(store.kept[0]?.expires, Date.now() + kept!);
      pass(kept! - 1);
      assert.deepEqual((resumption.take(signal) as StoredSession).session, session);
      pass(1);
      assert.equal(resumption.take(signal), undefined);
      assert.deepEqual(warnings.map(({ code }) => code), ["SESSION_UNUSABLE"]);
    });
  }
});

test("a ticket that is promised no time at all is not kept", () => {
  const store = new CredulousStore();
  const resumption = new Resumption(store, "key", () => {});
  for (const lifetime of [0, -1, -Infinity]) resumption.keep(ticketFor(lifetime));
  assert.deepEqual(store.kept, []);
});
